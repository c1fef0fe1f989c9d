"""`simpul tail`: what has come into the inbox, opened with this agency's keys."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from broker.assembly import Store, open_store
from broker.cli.terminal import JsonOption, NodeOption, local, out, print_json, shown, word
from broker.names import TYPE_PREFIX
from broker.pipeline.reading import Unreadable, closed, plain_parts
from broker.settings import node_folder
from schemas.catalogue import KINDS, EventKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from broker.ports import Delivery
    from broker.stages import Opened

_PAGE: Final = 500
_LOOK_SECONDS: Final = 0.2


def tail(
    node: NodeOption = None,
    *,
    wanted: Annotated[
        list[str] | None,
        typer.Option("--type", help="Jenis, mis. alert.issued; boleh diulang. / Type; may be given again."),
    ] = None,
    after: Annotated[int, typer.Option(min=0, help="Mulai sesudah nomor ini. / Begin after this number.")] = 0,
    limit: Annotated[
        int, typer.Option(min=0, help="Paling banyak sekian yang terbaru; 0 semua. / The newest N; 0 all.")
    ] = 0,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Tunggu yang baru. / Wait for new ones.")] = False,
    json: JsonOption = False,
) -> None:
    """Tampilkan kotak masuk. / Show the inbox, oldest first.

    Contoh / example: simpul tail --node polres --type alert.issued --follow
    """
    types = frozenset(_full(name) for name in wanted) if wanted else None
    with open_store(node_folder(node)) as store:
        found, after = _page(store, after, types)
        _show(store, found[-limit:] if limit else found, json=json)
        while follow:
            time.sleep(_LOOK_SECONDS)
            found, after = _page(store, after, types)
            _show(store, found, json=json)


def _full(name: str) -> str:
    matching = [kind.type for kind in KINDS if name in {kind.type, kind.number, _short(kind)}]
    if not matching:
        known = ", ".join(_short(kind) for kind in KINDS)
        raise typer.BadParameter(word(f"jenis dikenal: {known}", f"known types: {known}"), param_hint="--type")
    return matching[0]


def _short(kind: EventKind) -> str:
    return kind.type.removeprefix(TYPE_PREFIX).rpartition(".")[0]


def _page(store: Store, after: int, types: frozenset[str] | None) -> tuple[list[Delivery | Unreadable], int]:
    found: list[Delivery | Unreadable] = []
    while True:
        some, last = store.reader.entries(after, _PAGE, types=types)
        if last == after:
            return found, after
        found += some
        after = last


def _show(store: Store, found: Sequence[Delivery | Unreadable], *, json: bool) -> None:
    if json:
        for one in found:
            print_json(_unreadable(one) if isinstance(one, Unreadable) else as_json(one))
        return
    for one in found:
        for line in _lines(store, one):
            out.print(line, markup=False)


def _lines(store: Store, one: Delivery | Unreadable) -> list[str]:
    if isinstance(one, Unreadable):
        return [f"{one.entry:>4}  {one.code}"]
    opened = one.event.opened
    agency = store.trust.in_force().federation.agencies[opened.source]
    title, name = word(opened.kind.title_id, opened.kind.title_en), word(agency.name_id, agency.name_en)
    lines = [
        f"{one.entry:>4}  {opened.attributes['priority']}  {title} – {name}",
        f"      {local(opened.attributes['time'])}  {opened.event_id}",
        f"      {gist(opened)}",
        word("      terbuka: ", "      opens: ") + ", ".join(["open", *opened.parts]),
    ]
    shut = ", ".join(f"{part} ({code})" for part, code in closed(opened).items())
    return [*lines, word("      tertutup: ", "      closed: ") + shut] if shut else lines


def gist(opened: Opened) -> str:
    """Return an event in a line: the codes of its open part, and the headline if it has one that opens."""
    parts = plain_parts(opened)
    codes = [f"{name} {value}" for name, value in parts["open"].items() if isinstance(value, str | bool | int)]
    headline = parts.get("narrative", {}).get("headline")
    return shown(" · ".join([*([headline] if headline else []), *codes]), 160)


def as_json(one: Delivery) -> dict[str, Any]:
    """Return an event of the inbox as plain values: its attributes, the parts that opened, the others with a code."""
    opened = one.event.opened
    return {
        "entry": one.entry,
        "kind": one.kind.value,
        "topic": opened.verified.fetched.topic,
        **opened.attributes,
        "data": plain_parts(opened),
        "closed": closed(opened),
    }


def _unreadable(one: Unreadable) -> dict[str, Any]:
    return {"entry": one.entry, "code": one.code}
