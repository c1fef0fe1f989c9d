"""`simpul catalogue`: what may be said, by whom, to whom, and whether a draft says it rightly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from broker.cli.naming import TypeArgument, compartment_names, kind_named, short_name
from broker.cli.reading import read_draft
from broker.cli.terminal import Exit, JsonOption, note, print_json, say, shown, table, word
from broker.codes import registry
from schemas.catalogue import KINDS
from schemas.codelists import listings

if TYPE_CHECKING:
    from broker.errors import Fault
    from broker.validation.trial import Trial

app = typer.Typer(
    help="Katalog: apa yang dapat diberitahukan. / The catalogue: what may be said.", no_args_is_help=True
)


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
    rows = [
        (kind.number, word(kind.title_id, kind.title_en), short_name(kind), compartment_names(kind)) for kind in KINDS
    ]
    table(word("Katalog peristiwa", "The catalogue of events"), columns, rows, whole=columns[2])
    say(word("? kompartemen yang boleh tidak ada", "? a compartment that may be absent"))


@app.command("show")
def show(name: TypeArgument, *, json: JsonOption = False) -> None:
    """Tampilkan satu jenis: untuk apa, siapa, isian apa. / Show one type: what for, who, which fields.

    Contoh / example: simpul catalogue show E07
    """
    from broker.cli.catalogue_show import tell_envelope, tell_type
    from broker.publication.entries import entry
    from broker.publication.envelope import draft_schema
    from broker.publication.rights import agreed

    kind = kind_named(name)
    document = agreed()
    told = entry(kind, document)
    if json:
        agreements = [
            row.model_dump(mode="json", exclude_unset=True) for row in document.agreement if row.type == kind.type
        ]
        facts = {"number": kind.number, "type": kind.type, "envelope": draft_schema(), "schema": told.schema}
        print_json({**facts, "agreements": agreements})
        return
    tell_type(told, document)
    tell_envelope(document)


@app.command("codes")
def codes(
    name: Annotated[
        str | None,
        typer.Argument(help="Misalnya services. / Such as services.", metavar="LIST", show_default=False),
    ] = None,
    *,
    json: JsonOption = False,
) -> None:
    """Tampilkan isi daftar kode; tanpa nama: semua daftar. / Show a code list; without a name: which there are.

    Contoh / example: simpul catalogue codes services
    """
    from broker.cli.catalogue_show import tell_list, tell_lists

    several = listings()
    if name is None:
        if not json:
            tell_lists(several)
            return
        for one in several:
            facts = {"source": one.source, "date": one.date, "version": one.version, "codes": len(one.codes)}
            print_json({"list": one.name, **facts})
        return
    told = next((one for one in several if one.name == name.casefold()), None)
    if told is None:
        raise typer.BadParameter(
            word(
                f"Tidak ada daftar kode “{shown(name)}”. Semua daftar: simpul catalogue codes",
                f"There is no code list “{shown(name)}”. All lists: simpul catalogue codes",
            )
        )
    if not json:
        tell_list(told)
        return
    for code in told.codes:
        print_json({"list": told.name, "code": code.code, "id": code.id, "en": code.en, "unverified": code.unverified})


@app.command("example")
def example(name: TypeArgument) -> None:
    """Tulis contoh draf yang sah. / Write an example draft that validates, ready for `simpul send`.

    Contoh / example: simpul catalogue example E07 > peringatan.json
    """
    from schemas.shipped import example as shipped

    typer.echo(shipped(kind_named(name).type).decode(), nl=False)


@app.command("validate")
def validate(
    files: Annotated[
        list[str] | None,
        typer.Argument(help="Draf; - masukan standar. / Drafts; - for stdin.", metavar="[FILE...]"),
    ] = None,
    *,
    json: JsonOption = False,
) -> None:
    """Periksa draf; tanpa berkas: semua contoh katalog. / Validate drafts; without any: all that ships.

    Yang diperiksa katalog saja; kesepakatan diperiksa saat dikirim. / Against the catalogue alone: whether an
    agreement allows a draft is checked when it is sent.

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
    Exit code 0: nothing breaks, or it was never released; 1: something does, and needs a new major version.

    Contoh / example: simpul catalogue diff E07
    """
    from broker.cli.catalogue_diff import changes_between, tell
    from schemas.compatibility import breaking

    changes = changes_between(old, new)
    if changes is None:
        if json:
            print_json({"type": kind_named(old).type, "released": False})
        note("Jenis ini belum pernah dirilis.", "This type was never released.")
        return
    tell(changes, json=json)
    if breaking(changes):
        note("Perubahan ini memerlukan versi utama baru.", "These changes need a new major version.")
        raise typer.Exit(Exit.FAILED)


# validate


def _validated(file: str, *, json: bool) -> bool:
    from broker.validation.trial import tried

    faults = tried(read_draft(file))
    if json:
        print_json({"file": file, "ok": not faults, "faults": [{"code": one.code, "path": one.path} for one in faults]})
        return not faults
    if not faults:
        say(
            word(
                f"{shown(file)}: sesuai katalog; kesepakatan diperiksa saat dikirim.",
                f"{shown(file)}: agrees with the catalogue; agreements are checked when it is sent.",
            )
        )
        return True
    say(word(f"{shown(file)}: ditolak.", f"{shown(file)}: refused."), style="red")
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
            short_name(one.kind),
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
