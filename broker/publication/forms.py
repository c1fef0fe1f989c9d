"""Of what form a field is, in words: its kind, or the name of its pattern with a sample, and its limits.

The forms are data (`forms.toml`), found by the pattern that is published: one place for every field that has it. A
pattern without a name would be shown itself; a test finds it before a reader does.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

from broker.publication.words import Words, joined, known, words_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from schemas.fields import FieldRow

_SEVERAL: Final = {"minItems": "maxItems", "minProperties": "maxProperties"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A form of texts.

    Args:
        pattern: the regular expression, as the schemas have it.
        words: what it is called.
        sample: a text of this form, or empty where any would do.
        length: whether a reader has to be told how long the text may be.
    """

    pattern: str
    words: Words
    sample: str
    length: bool


def form(row: FieldRow) -> Words:
    """Say of what form a field is: what it is called with a sample, and its limits.

    Args:
        row: the field.
    """
    return joined([_called(row), *_names(row), *_limits(row)])


@cache
def forms() -> dict[str, Form]:
    """Return every form that has a name, by its pattern."""
    text = (resources.files("broker.publication") / "forms.toml").read_text(encoding="utf-8")
    return {row["pattern"]: _form(row) for row in tomllib.loads(text).values()}


def _form(row: dict[str, Any]) -> Form:
    words = Words(id=row["id"], en=row["en"])
    return Form(pattern=row["pattern"], words=words, sample=row.get("sample", ""), length=row.get("length", False))


def _called(row: FieldRow) -> Words:
    if row.codes or row.code_lists:
        return words_of("kinds", "choice")
    if row.patterns:
        return joined([_named(pattern) for pattern in row.patterns])
    several = row.kind.split(" or ")
    return joined([_kind(kind, alone=len(several) == 1) for kind in several], "or")


def _named(pattern: str) -> Words:
    found = forms().get(pattern)
    if found is None:
        return Words(id=pattern, en=pattern)
    if not found.sample:
        return found.words
    return words_of("kinds", "form").filled(form=found.words, sample=found.sample)


def _kind(kind: str, *, alone: bool) -> Words:
    name, _, constant = kind.partition(" ")
    if constant:
        value = Words(id=constant, en=constant)
        return words_of("kinds", "constant").filled(value=value) if alone else value
    return words_of("kinds", name) if name in known("kinds") else Words(id=kind, en=kind)


def _names(row: FieldRow) -> Iterator[Words]:
    if row.names:
        yield words_of("limits", "names").filled(form=_named(row.names))
    if row.name_lists:
        yield words_of("limits", "nameLists").filled(lists=", ".join(row.name_lists))


def _limits(row: FieldRow) -> Iterator[Words]:
    told = dict(row.limits)
    for least, most in _SEVERAL.items():
        if least in told and told[least] == told.get(most):
            yield _limit(f"exact{least.removeprefix('min')}", told.pop(least))
            del told[most]
    if any(pattern in forms() and not forms()[pattern].length for pattern in row.patterns):
        told.pop("maxLength", None)  # the form says it better: "at most 2" would be false of exactly two capitals
    for word, number in told.items():
        yield _limit(word, number)


def _limit(word: str, number: int) -> Words:
    one = f"{word}One"
    return words_of("limits", one if number == 1 and one in known("limits") else word).filled(number=f"{number}")
