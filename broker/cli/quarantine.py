"""`simpul quarantine`: what was not accepted, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from broker.assembly import open_store
from broker.cli.event import exported
from broker.cli.terminal import Exit, JsonOption, NodeOption, note, out, print_json, shown, word
from broker.codes import registry
from broker.settings import node_folder

if TYPE_CHECKING:
    from broker.ports import QuarantineRow

app = typer.Typer(help="Yang tidak diterima, dan mengapa. / What was not accepted, and why.", no_args_is_help=True)

_PAGE: Final = 1000


@app.command("list")
def list_(
    node: NodeOption = None,
    *,
    after: Annotated[int, typer.Option(help="Mulai sesudah nomor ini. / Begin after this number.")] = 0,
    json: JsonOption = False,
) -> None:
    """Daftar karantina. / List the quarantine.

    Contoh / example: simpul quarantine list --node polres
    """
    with open_store(node_folder(node)) as store:
        rows = store.inbox.quarantined(after, _PAGE)
    if json:
        for row in rows:
            print_json(_json(row))
        return
    if not rows:
        out.print(word("Karantina kosong.", "The quarantine is empty."))
        return
    for row in rows:
        claim = word(f"mengaku dari {row.source or '?'}", f"claims to be from {row.source or '?'}")
        out.print(f"{row.number:>4}  {row.code}: {_text(row)}", markup=False)
        out.print(f"      {row.topic} offset {row.offset}, {claim}, {row.at:%Y-%m-%d %H:%M:%S}Z", markup=False)


@app.command("show")
def show(
    number: Annotated[int, typer.Argument(help="Nomor dari daftar. / The number in the list.")],
    node: NodeOption = None,
    *,
    json: JsonOption = False,
) -> None:
    """Tampilkan satu rekaman karantina. / Show one record of the quarantine as it came.

    Contoh / example: simpul quarantine show 1 --node polres
    """
    with open_store(node_folder(node)) as store:
        rows = store.inbox.quarantined_at([number])
    if not rows:
        note("Nomor itu tidak ada.", "There is no such number.")
        raise typer.Exit(Exit.FAILED)
    (row,) = rows
    if json:
        print_json({**_json(row), "record": _record(row)})
        return
    out.print(f"{row.code}: {_text(row)}", style="red", markup=False)
    text = registry().get(row.code)
    if text:
        out.print(word(f"Yang dapat dilakukan: {text.do_id}", f"What to do: {text.do_en}"), markup=False)
    out.print(f"{row.topic} offset {row.offset}, {row.station}, {row.at:%Y-%m-%d %H:%M:%S}Z", markup=False)
    out.print(word(f"mengaku dari: {row.source or '?'}", f"claims to be from: {row.source or '?'}"), markup=False)
    out.print(f"sha-256 {row.digest.hex()}", markup=False)
    if row.record is not None:
        for name, value in row.record.fetched.headers:
            out.print(f"  {shown(name)}: {shown((value or b'').decode('ascii', 'replace'))}", markup=False)
        size = len(row.record.fetched.value or b"")
        out.print(word(f"  isi: {size} byte", f"  value: {size} bytes"), markup=False)


def _text(row: QuarantineRow) -> str:
    text = registry().get(row.code)
    return word(text.id, text.en) if text else row.code


def _json(row: QuarantineRow) -> dict[str, Any]:
    return {
        "number": row.number,
        "topic": row.topic,
        "offset": row.offset,
        "source": row.source,
        "code": row.code,
        "station": row.station,
        "at": row.at.isoformat(),
        "digest": row.digest.hex(),
    }


def _record(row: QuarantineRow) -> dict[str, Any] | None:
    return None if row.record is None else exported(row.record.fetched)
