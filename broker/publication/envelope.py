"""The envelope of an event, as a draft has it: every attribute, its form and codes, and what the node makes of it.

Taken from the model of drafts (`schemas.envelope.DraftEvent`), which all types share; `data` is each type's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from broker.publication.words import Words, known, words_of
from schemas.base import EventData
from schemas.envelope import DraftEvent
from schemas.fields import FieldRow, rows_of

if TYPE_CHECKING:
    from collections.abc import Iterable

PART: Final = "envelope"
_GROUPS: Final = {
    "purpose": "purposes",
    "basis": "bases",
    "tlp": "tlp",
    "pap": "pap",
    "priority": "priority",
    "status": "status",
}
"""Where the words of each closed choice stand."""
_ORDER: Final = (
    "specversion id source type time subject datacontenttype audience purpose basis lawref tlp pap priority status "
    "area correlationid causationid expirytime"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Coded:
    """A code with its words."""

    code: str
    words: Words


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """One attribute.

    Args:
        row: its name, form and limits.
        about: what it is for.
        derived: what the node makes of it, or None where it goes as it comes.
        codes: its values with their words, where they are few and closed.
    """

    row: FieldRow
    about: Words
    derived: Words | None
    codes: tuple[Coded, ...]


def attributes() -> tuple[Attribute, ...]:
    """Tell every attribute of a draft but `data`, in the order in which drafts are written.

    Raises:
        KeyError, ValueError: one has no words, or no place in this order; a test finds that before a reader does.
    """
    found = {row.name: row for row in rows_of(draft_schema(), PART)}
    order = _ORDER.split()
    return tuple(_attribute(found[name]) for name in sorted(found, key=order.index))


def coded(group: str, codes: Iterable[str]) -> tuple[Coded, ...]:
    """Put their words beside codes.

    Args:
        group: a table of `words.toml`.
        codes: names in it.
    """
    return tuple(Coded(code=code, words=words_of(group, code)) for code in codes)


@cache
def draft_schema() -> dict[str, Any]:
    """Generate the JSON Schema of a draft without its `data`."""
    schema = DraftEvent[EventData].model_json_schema(by_alias=True, mode="validation")
    del schema["properties"]["data"]
    schema["required"].remove("data")
    # Each type adds its `data`, so that this half cannot forbid what it does not know.
    del schema["additionalProperties"]
    for unused in ("EventData", "OpenPart"):
        schema["$defs"].pop(unused)
    return schema


def _attribute(row: FieldRow) -> Attribute:
    group = _GROUPS.get(row.name)
    return Attribute(
        row=row,
        about=words_of("attributes", row.name),
        derived=words_of("derived", row.name) if row.name in known("derived") else None,
        codes=() if group is None else coded(group, row.codes),
    )
