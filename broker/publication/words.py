"""Words for the codes that people meet in the catalogue, in Indonesian and English: data, read once."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The same in both languages."""

    id: str
    en: str

    def filled(self, **values: Words | str) -> Words:
        """Return the words with each `{name}` replaced, in each language by that language's value."""
        in_id = {name: value.id if isinstance(value, Words) else value for name, value in values.items()}
        in_en = {name: value.en if isinstance(value, Words) else value for name, value in values.items()}
        return Words(id=self.id.format(**in_id), en=self.en.format(**in_en))


def words_of(group: str, code: str) -> Words:
    """Look up a code.

    Args:
        group: a table of `words.toml`.
        code: a name in it.

    Returns:
        Its words.

    Raises:
        KeyError: it has none; a test finds that before a reader does.
    """
    return _groups()[group][code]


def known(group: str) -> frozenset[str]:
    """Say which codes of a group have words."""
    return frozenset(_groups()[group])


def joined(several: Sequence[Words], conjunction: str = "") -> Words:
    """Join words as a sentence does.

    Args:
        several: what is joined, at least one.
        conjunction: a word of `words.toml` that stands before the last one; a list without one if empty.
    """
    *first, last = several
    if not first:
        return last
    link = words_of("joining", conjunction) if conjunction else Words(id=",", en=",")
    return Words(
        id=", ".join(one.id for one in first) + f"{link.id} {last.id}",
        en=", ".join(one.en for one in first) + f"{link.en} {last.en}",
    )


@cache
def _groups() -> dict[str, dict[str, Words]]:
    text = (resources.files("broker.publication") / "words.toml").read_text(encoding="utf-8")
    return {
        group: {code: Words(id=row["id"], en=row["en"]) for code, row in rows.items()}
        for group, rows in tomllib.loads(text).items()
    }
