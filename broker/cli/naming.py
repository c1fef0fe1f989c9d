"""How people name what the catalogue has: its types, and the parts of a type."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Final

import typer

from broker.cli.terminal import shown, word
from schemas.catalogue import KINDS

if TYPE_CHECKING:
    from schemas.catalogue import EventKind

TypeArgument = Annotated[
    str, typer.Argument(help="Nomor atau nama: E07, alert.issued.v1. / A number or a name.", metavar="TYPE")
]

_NUMBER: Final = re.compile(r"([ec]?)0?([0-9]{1,2})(t?)", re.ASCII)


def kind_named(name: str) -> EventKind:
    """Find a type by its number (E07, e7, 7) or its name, with or without prefix and version.

    Args:
        name: as a person wrote it.

    Raises:
        typer.BadParameter: there is none.
    """
    wanted = name.casefold()
    number = _NUMBER.fullmatch(wanted)
    if number is not None:
        wanted = f"{number[1] or 'e'}{number[2]:0>2}{number[3]}"
    for kind in KINDS:
        if wanted in {kind.number.casefold(), kind.type, short_name(kind), short_name(kind).rpartition(".")[0]}:
            return kind
    raise typer.BadParameter(
        word(
            f"Katalog tidak memuat jenis “{shown(name)}”. Semua jenis: simpul catalogue list",
            f"The catalogue has no type “{shown(name)}”. All types: simpul catalogue list",
        )
    )


def short_name(kind: EventKind) -> str:
    """Return area, fact and major version."""
    return kind.data.fact.name


def compartment_names(kind: EventKind) -> str:
    """List the compartments of a type, `?` marking those that may be absent."""
    return ", ".join(name if name in kind.required else f"{name}?" for name in kind.compartments) or "–"
