"""`simpul findings`: what a person must look at, in the inbox and among the keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from broker.assembly import Store, open_store
from broker.cli.terminal import JsonOption, NodeOption, out, print_json, shown, word
from broker.codes import registry
from broker.settings import node_folder

if TYPE_CHECKING:
    from broker.ports import Finding, Inbox, KeyStore

_PAGE: Final = 1000


def findings(node: NodeOption = None, *, json: JsonOption = False) -> None:
    """Temuan yang perlu dilihat orang. / Findings that a person must look at, the oldest first.

    Contoh / example: simpul findings --node polres
    """
    with open_store(node_folder(node)) as store:
        found = _all(store)
    if json:
        for one in found:
            print_json(_json(one))
        return
    if not found:
        out.print(word("Tidak ada temuan.", "There are no findings."))
    for one in found:
        text = registry().get(one.code)
        said = word(text.id, text.en) if text else one.code
        out.print(f"{one.at:%Y-%m-%d %H:%M:%S}Z  {one.code}: {said}", markup=False)
        about = f"{one.topic} offset {one.offset}"
        out.print("  " + ", ".join(part for part in (about, one.source, shown(one.detail)) if part), markup=False)
        if text:
            out.print(word(f"  Yang dapat dilakukan: {text.do_id}", f"  What to do: {text.do_en}"), markup=False)


def _all(store: Store) -> list[Finding]:
    return sorted((*_of(store.inbox), *_of(store.keys)), key=lambda one: one.at)


def _of(home: Inbox | KeyStore) -> list[Finding]:
    found: list[Finding] = []
    after = 0
    while page := home.findings(after, _PAGE):
        found += [one for _, one in page]
        after = page[-1][0]
    return found


def _json(one: Finding) -> dict[str, Any]:
    return {
        "code": one.code,
        "source": one.source,
        "topic": one.topic,
        "offset": one.offset,
        "at": one.at.isoformat(),
        "detail": one.detail,
        "evidence": [item.hex() for item in one.evidence],
    }
