"""`simpul catalogue`: what may be said, by whom, to whom, and whether a draft says it rightly."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer

from broker.cli.terminal import Exit, JsonOption, note, print_json, say, table, word
from broker.codes import registry
from broker.errors import MisconfiguredError
from schemas.catalogue import KINDS, EventKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from broker.errors import Fault
    from broker.publication.entries import Entry
    from broker.publication.rights import Right
    from broker.publication.words import Words
    from broker.validation.trial import Trial

app = typer.Typer(
    help="Katalog: apa yang dapat diberitahukan. / The catalogue: what may be said.", no_args_is_help=True
)

TypeArgument = Annotated[
    str, typer.Argument(help="Nomor atau nama: E07, alert.issued.v1. / A number or a name.", metavar="TYPE")
]


@app.command("list")
def list_(*, json: JsonOption = False) -> None:
    """Daftar jenis peristiwa. / List the types of events.

    Contoh / example: simpul catalogue list
    """
    if json:
        for kind in KINDS:
            print_json({"number": kind.number, "type": kind.type, "area": kind.area, "dataschema": kind.dataschema})
        return
    columns = (
        word("No.", "No."),
        word("Peristiwa", "Event"),
        word("Jenis", "Type"),
        word("Kompartemen", "Compartments"),
    )
    rows = [(kind.number, word(kind.title_id, kind.title_en), _short(kind), _compartments(kind)) for kind in KINDS]
    table(word("Katalog peristiwa", "The catalogue of events"), columns, rows, whole=columns[2])


@app.command("show")
def show(name: TypeArgument, *, json: JsonOption = False) -> None:
    """Tampilkan satu jenis: untuk apa, siapa, isian apa. / Show one type: what for, who, which fields.

    Contoh / example: simpul catalogue show E07
    """
    from broker.publication.entries import entry
    from broker.publication.rights import agreed

    kind = _find(name)
    document = agreed()
    told = entry(kind, document)
    if json:
        agreements = [
            row.model_dump(mode="json", exclude_unset=True) for row in document.agreement if row.type == kind.type
        ]
        print_json({"number": kind.number, "type": kind.type, "schema": told.schema, "agreements": agreements})
        return
    _heading(told)
    for right in told.rights:
        _right(right)
    if not told.rights:
        say(word("Belum ada kesepakatan: tidak seorang pun boleh mengirimnya.", "No agreement: nobody may send it."))
    _fields(told)
    if told.rules:
        say(word("Juga ditolak, dengan alasan:", "Also refused, for the reason:"))
    for rule in told.rules:
        say(f"• {_in(rule.text)} ({rule.code})")


@app.command("example")
def example(name: TypeArgument) -> None:
    """Tulis contoh draf yang sah. / Write an example draft that validates, ready for `simpul send`.

    Contoh / example: simpul catalogue example E07 > peringatan.json
    """
    from schemas.shipped import example as shipped

    typer.echo(shipped(_find(name).type).decode(), nl=False)


@app.command("validate")
def validate(
    files: Annotated[
        list[str] | None,
        typer.Argument(help="Draf; - masukan standar. / Drafts; - for stdin.", metavar="FILE..."),
    ] = None,
    *,
    json: JsonOption = False,
) -> None:
    """Periksa draf; tanpa berkas: semua contoh katalog. / Validate drafts; without any: all that ships.

    Without a file, every example must be accepted and every counterexample refused, with the code and path it names.
    Exit code 0: all is well; 1: an example or counterexample is not; 3: a draft is refused.

    Contoh / example: simpul catalogue validate peringatan.json
    """
    if files:
        held = [_validated(file, json=json) for file in files]
        if not all(held):
            raise typer.Exit(Exit.REFUSED)
    elif not _all_validated(json=json):
        raise typer.Exit(Exit.FAILED)


@app.command("diff")
def diff(
    old: Annotated[str, typer.Argument(help="Skema lama, atau jenis. / The old schema, or a type.", metavar="OLD")],
    new: Annotated[
        str | None,
        typer.Argument(
            help="Skema baru, atau jenis. / The new schema, or a type.", metavar="[NEW]", show_default=False
        ),
    ] = None,
    *,
    json: JsonOption = False,
) -> None:
    """Bandingkan dua skema terbitan. / Compare two published schemas: what changed, and whom it breaks.

    With a type alone: its last release with this catalogue. With a file alone: that file with this catalogue.
    Exit code 0: nothing breaks; 1: something does, and needs a new major version.

    Contoh / example: simpul catalogue diff E07
    """
    from schemas.compatibility import breaking, compare
    from schemas.releases import released_schema

    before = _schema(old) if new is not None or Path(old).is_file() else released_schema(_short(_find(old)))
    if before is None:
        note("Jenis ini belum pernah dirilis.", "This type was never released.")
        return
    changes = compare(before, _schema(before["x-simpul-type"] if new is None else new))
    for change in changes:
        breaks = sorted(one.value for one in change.breaks)
        if json:
            print_json({"path": change.path, "code": change.code, "breaks": breaks, "detail": change.detail})
            continue
        said = " ".join(part for part in (change.code, change.detail) if part)
        say(f"{'✗' if breaks else '·'} {change.path or '-'}: {said}", style="red" if breaks else "")
    if not changes and not json:
        say(word("Tidak ada perbedaan.", "There is no difference."))
    if breaking(changes):
        note("Perubahan ini memerlukan versi utama baru.", "These changes need a new major version.")
        raise typer.Exit(Exit.FAILED)


def _find(name: str) -> EventKind:
    wanted = name.casefold()
    for kind in KINDS:
        if wanted in {kind.number.casefold(), kind.type, _short(kind), _short(kind).rpartition(".")[0]}:
            return kind
    raise typer.BadParameter(word("Jenis ini tidak ada dalam katalog.", "The catalogue has no such type."))


def _short(kind: EventKind) -> str:
    return kind.data.fact.name


def _compartments(kind: EventKind) -> str:
    return ", ".join(name if name in kind.required else f"{name}?" for name in kind.compartments) or "–"


def _in(words: Words) -> str:
    return word(words.id, words.en)


# show


def _heading(told: Entry) -> None:
    say(f"{told.kind.number} {_in(told.title)}", style="bold")
    say(told.kind.type)
    say(_in(told.about))
    say(word(f"Kompartemen: {_compartments(told.kind)}", f"Compartments: {_compartments(told.kind)}"))


def _right(right: Right) -> None:
    from broker.publication.words import joined

    def given(conditions: Sequence[Words]) -> str:
        return f" [{_in(joined(conditions, 'and'))}]" if conditions else ""

    say()
    say(word(f"Kesepakatan {right.agreement}", f"Agreement {right.agreement}") + given(right.applies), style="bold")
    say(_in(right.text))
    for sender in right.senders:
        say(f"  {word('pengirim', 'senders')}: {', '.join(sender.roles)}{given(sender.conditions)}")
    for one in right.recipients:
        opens = ", ".join(one.compartments) or word("bagian terbuka saja", "the open part alone")
        way = word("topik", "topic") if one.on_topic else word("kotak surat", "mailbox")
        told = f"  → {', '.join(one.roles)} ({way}): {opens}{given(one.conditions)}"
        say(told)
    for law in right.laws:
        mark = word(" (belum diverifikasi)", " (unverified)") if law.unverified else ""
        say(f"  § {_in(law.text)}{mark}")


def _fields(told: Entry) -> None:
    from broker.publication.entries import form
    from broker.publication.words import words_of

    columns = (word("Isian", "Field"), word("Bentuk", "Form"), word("Asal", "Source"))
    for part in told.parts:
        rows = [
            (
                f"{row.name}{'?' if row.optional else ''}",
                ": ".join(one for one in (_in(form(row)), ", ".join((*row.code_lists, *row.codes))) if one),
                row.source,
            )
            for row in told.of_part(part)
        ]
        absent = "" if part == "open" or part in told.kind.required else word(" (boleh tidak ada)", " (may be absent)")
        say()
        table(f"{part}{absent} – {_in(words_of('compartments', part))}", columns, rows, whole=columns[0])


# validate


def _validated(file: str, *, json: bool) -> bool:
    from broker.validation.trial import tried

    faults = tried(_read(file))
    if json:
        print_json({"file": file, "ok": not faults, "faults": [{"code": one.code, "path": one.path} for one in faults]})
        return not faults
    if not faults:
        say(word(f"{file}: sah.", f"{file}: valid."))
        return True
    say(word(f"{file}: ditolak.", f"{file}: refused."), style="red")
    for fault in faults:
        _told(fault)
    return False


def _told(fault: Fault) -> None:
    text = registry()[fault.code]
    say(f"  {fault.code}, {fault.path or '-'}: {word(text.id, text.en)}")
    say(f"    {word(f'Yang dapat dilakukan: {text.do_id}', f'What to do: {text.do_en}')}")


def _all_validated(*, json: bool) -> bool:
    from broker.validation.trial import trial_of

    trials = [trial_of(kind) for kind in KINDS]
    if json:
        for one in trials:
            print_json(_trial(one))
        return all(one.holds for one in trials)
    columns = (
        word("No.", "No."),
        word("Jenis", "Type"),
        word("Contoh", "Example"),
        word("Ditolak", "Refused"),
        word("Keliru", "Wrong"),
    )
    rows = [
        (
            one.kind.number,
            _short(one.kind),
            word("sah", "valid") if not one.faults else word("DITOLAK", "REFUSED"),
            str(len(one.refused)),
            str(len(one.wrong)),
        )
        for one in trials
    ]
    table(word("Contoh dan contoh tandingan", "Examples and counterexamples"), columns, rows)
    for one in trials:
        for fault in one.faults:
            _told(fault)
        for wrong in one.wrong:
            expected = f"{wrong.counterexample.code} {wrong.counterexample.path}"
            found = ", ".join(f"{fault.code} {fault.path}" for fault in wrong.found) or word("diterima", "accepted")
            say(f"{one.kind.number} {wrong.counterexample.name}: {expected} ≠ {found}", style="red")
    counts = (len(trials), sum(len(one.refused) for one in trials), sum(len(one.wrong) for one in trials))
    told = word(
        "{} contoh, {} contoh tandingan ditolak, {} keliru.", "{} examples, {} counterexamples refused, {} wrong."
    )
    say(told.format(*counts))
    return all(one.holds for one in trials)


def _trial(one: Trial) -> dict[str, Any]:
    return {
        "type": one.kind.type,
        "ok": one.holds,
        "faults": [{"code": fault.code, "path": fault.path} for fault in one.faults],
        "refused": len(one.refused),
        "wrong": [wrong.counterexample.name for wrong in one.wrong],
    }


def _read(file: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise MisconfiguredError("config.no-file", file) from error


# diff


def _schema(name: str) -> dict[str, Any]:
    """Read a published schema: a file's, or that of a type of this catalogue."""
    from schemas.publish import schema_of

    if not Path(name).is_file():
        return schema_of(_find(name).data)
    try:
        found = orjson.loads(_read(name))
    except orjson.JSONDecodeError as error:
        raise MisconfiguredError("config.no-schema", name) from error
    if not isinstance(found, dict) or not {"properties", "x-simpul-type"} <= found.keys():
        raise MisconfiguredError("config.no-schema", name)
    return found
