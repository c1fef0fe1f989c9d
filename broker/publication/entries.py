"""What the catalogue tells people about one type: what it is for, who, what, on which law, and an example."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from broker.codes import text_of
from broker.publication.rights import Right, agreed, rights_on, role_words
from broker.publication.words import Words, joined, known, words_of
from broker.validation.faults import code_of
from schemas.catalogue import KINDS, EventKind
from schemas.fields import FieldRow, rows
from schemas.publish import schema_of
from schemas.shipped import counterexamples, example

if TYPE_CHECKING:
    from collections.abc import Iterable

    from broker.policy.document import Document


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule beyond the fields: its code, and what it says."""

    code: str
    text: Words


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One type.

    Args:
        kind: the type.
        title: what it is called.
        about: what it is for.
        schema: its published schema.
        fields: its fields, the open part first.
        rights: what the agreements say about it.
        rules: what holds beyond its schema.
        example: a draft that validates, as it ships.
        faults: how many ways to spoil it ship beside it.
    """

    kind: EventKind
    title: Words
    about: Words
    schema: dict[str, Any]
    fields: tuple[FieldRow, ...]
    rights: tuple[Right, ...]
    rules: tuple[Rule, ...]
    example: str
    faults: int

    @property
    def name(self) -> str:
        """Area, fact and major version."""
        return self.kind.data.fact.name

    def of_part(self, part: str) -> tuple[FieldRow, ...]:
        """Return the fields of one part."""
        return tuple(row for row in self.fields if row.part == part)

    @property
    def parts(self) -> tuple[str, ...]:
        """The open part and the compartments, in catalogue order."""
        return ("open", *self.kind.compartments)


def entries(document: Document | None = None) -> tuple[Entry, ...]:
    """Tell about every type of the catalogue.

    Args:
        document: the agreements; the default ones if none.

    Returns:
        An entry for each type, in the order of the catalogue.
    """
    agreements = agreed() if document is None else document
    return tuple(entry(kind, agreements) for kind in KINDS)


def entry(kind: EventKind, document: Document) -> Entry:
    """Tell about one type.

    Args:
        kind: the type.
        document: the agreements.
    """
    fact = kind.data.fact
    schema = schema_of(kind.data)
    shipped = counterexamples(kind.type)
    return Entry(
        kind=kind,
        title=Words(id=fact.title_id, en=fact.title_en),
        about=Words(id=fact.about_id, en=fact.about_en),
        schema=schema,
        fields=tuple(rows(schema)),
        rights=rights_on(kind.type, document),
        rules=_rules(schema["x-simpul-rules"]),
        example=example(kind.type).decode(),
        faults=len(shipped),
    )


def _rules(codes: Iterable[str]) -> tuple[Rule, ...]:
    """Tell the rules that a schema names but cannot say."""
    texts = map(text_of, map(code_of, codes))
    return tuple(Rule(code=text.code, text=Words(id=text.id, en=text.en)) for text in texts)


def form(row: FieldRow) -> Words:
    """Say of what form a field is: its type and its limits."""
    several = row.kind.split(" or ")
    kinds = [_kind(kind, alone=len(several) == 1) for kind in several]
    first = words_of("kinds", "choice") if row.codes or row.code_lists else joined(kinds, "or")
    return joined([first, *(words_of("limits", word).filled(number=str(number)) for word, number in row.limits)])


def _kind(kind: str, *, alone: bool) -> Words:
    name, _, constant = kind.partition(" ")
    if constant:
        value = Words(id=constant, en=constant)
        return words_of("kinds", "constant").filled(value=value) if alone else value
    return words_of("kinds", name) if name in known("kinds") else Words(id=kind, en=kind)


def roles(names: Iterable[str], document: Document) -> Words:
    """Name roles, as a list: some of their names have an "and" of their own."""
    return joined([role_words(name, document) for name in names])
