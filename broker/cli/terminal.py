"""What all commands share with the person at the terminal: language, tables, errors and exit codes.

Sentences are in Indonesian, or in English where `SIMPUL_LANG=en`. Results go to standard output, everything else to
standard error.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import orjson
import typer
from rich.console import Console
from rich.table import Table

from broker.codes import registry
from broker.errors import ForbiddenError, InvalidEventError, MisconfiguredError, RejectedError, SimpulError
from broker.settings import environment

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

NodeOption = Annotated[
    Path | None, typer.Option("--node", help="Folder simpul, atau SIMPUL_NODE. / The node's folder, or SIMPUL_NODE.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Keluaran JSON untuk program. / JSON for programs.")]

_WIB = timezone(timedelta(hours=7))

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False)


class Exit(IntEnum):
    """What a command's exit code means."""

    OK = 0
    FAILED = 1
    """The answer is no: a demo that did not hold, nothing found."""
    USAGE = 2
    """The command line itself is wrong."""
    REFUSED = 3
    """The event or record is refused; trying again gives the same."""
    UNAVAILABLE = 4
    """Kafka, the store or a key home is away; try again."""
    MISCONFIGURED = 5
    """A setting is missing or unsafe."""


def word(indonesian: str, english: str) -> str:
    """Return the sentence in the language of the person at the terminal."""
    try:
        chosen = environment().lang
    except MisconfiguredError:  # it is this error that is about to be told
        chosen = "id"
    return english if chosen == "en" else indonesian


def shown(text: str, most: int = 100) -> str:
    """Return text that somebody else wrote so that it cannot steer the terminal: control characters gone, cut."""
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text[:most])


def local(time: str) -> str:
    """Return a cover's time as the clock of Bengkulu shows it."""
    return f"{datetime.fromisoformat(time).astimezone(_WIB):%Y-%m-%d %H.%M} WIB"


def note(indonesian: str, english: str) -> None:
    """Tell something beside the result."""
    err.print(word(indonesian, english))


def say(text: str = "", *, style: str = "") -> None:
    """Write a sentence: broken between words on a terminal, whole for whatever else reads it."""
    out.print(text, style=style, markup=False, soft_wrap=not out.is_terminal)


def print_json(value: object) -> None:
    """Write a result for programs: one line of JSON."""
    typer.echo(orjson.dumps(value).decode())


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]], *, whole: str = "") -> None:
    """Write a result for people; the values of the column `whole` are not broken where the terminal has room."""
    drawn = Table(title=title, title_justify="left", header_style="bold", show_lines=False)
    for column in columns:
        drawn.add_column(column, overflow="fold", no_wrap=column == whole)
    for row in rows:
        drawn.add_row(*row)
    out.print(drawn)


def explain(error: SimpulError) -> list[str]:
    """Return what a person needs to read: the sentence, the fields or setting, and what to do."""
    text = registry().get(error.code)
    lines = [f"{error.code}: {word(text.id, text.en)}" if text else error.code]
    if isinstance(error, InvalidEventError):
        told = [(fault.path or word("peristiwa", "event"), fault.code) for fault in error.faults]
        lines += [f"  {path}: {_fault_text(code)}" for path, code in told if code != error.code or path]
    if isinstance(error, ForbiddenError):
        lines += _agreed(error)
    if isinstance(error, MisconfiguredError) and error.detail:
        lines.append(f"  {error.detail}")
    if text:
        lines.append(word(f"Yang dapat dilakukan: {text.do_id}", f"What to do: {text.do_en}"))
    return lines


def _agreed(error: ForbiddenError) -> list[str]:
    """Return which agreement came closest, which of its clauses failed, and about whom."""
    told = (
        (word("kesepakatan", "agreement"), error.agreement),
        (word("syarat", "clause"), error.clause),
        (word("tentang", "about"), error.detail),
    )
    return [f"  {what}: {which}" for what, which in told if which]


def as_json(error: SimpulError) -> dict[str, object]:
    """Return an error for programs: its code and what it names, no sentence and no value."""
    told: dict[str, object] = {"code": error.code, "detail": error.detail}
    if isinstance(error, InvalidEventError):
        told["faults"] = [{"path": fault.path, "code": fault.code} for fault in error.faults]
    if isinstance(error, ForbiddenError):
        told |= {"agreement": error.agreement, "clause": error.clause}
    return told


def _fault_text(code: str) -> str:
    text = registry().get(code)
    return f"{code}: {word(text.id, text.en)}" if text else code


def exit_code(error: SimpulError) -> Exit:
    """Return the exit code that an error means."""
    if isinstance(error, MisconfiguredError):
        return Exit.MISCONFIGURED
    return Exit.REFUSED if isinstance(error, RejectedError) else Exit.UNAVAILABLE


def fail(error: SimpulError, *, json: bool = False) -> Exit:
    """Write an error, for people or for programs, and return its exit code."""
    if json:
        print_json(as_json(error))
        return exit_code(error)
    for line in explain(error):
        err.print(line, style="red" if line.startswith(error.code) else "", markup=False, soft_wrap=not err.is_terminal)
    return exit_code(error)
