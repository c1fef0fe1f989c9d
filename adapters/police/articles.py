"""Charge articles as police write them (`UU 21/2007 Ps 2 jo Ps 17; …`), read against a versioned list."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

_ARTICLE = re.compile(
    r"(?:ps|psl|pasal)\.?\s*([0-9]{1,4})([a-z])?"
    r"(?:\s*ayat\s*\(?([0-9]{1,2})\)?|\(([0-9]{1,2})\))?"
    r"(?:\s*huruf\s*([a-z])(?![a-z]))?",
    re.IGNORECASE,
)
_BETWEEN = re.compile(r"(?:jo\.?|juncto|dan|,|\s)*", re.IGNORECASE)
_REMARK = re.compile(r"\([^()]*\)\s*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Law:
    """A law of the list."""

    code: str
    names: tuple[str, ...]
    last: int
    group: str
    named_alone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """One article of one law."""

    law: str
    article: str


@cache
def laws() -> tuple[str, tuple[Law, ...]]:
    """Return the list's version, and its laws in order."""
    raw: dict[str, Any] = tomllib.loads((resources.files(__package__) / "articles.toml").read_text(encoding="utf-8"))
    return raw["version"], tuple(Law(**{**law, "names": tuple(law["names"])}) for law in raw["law"])


def charges(text: str) -> tuple[tuple[Charge, ...] | None, str]:
    """Read PASAL.

    Args:
        text: laws separated by `;`, each with its articles, joined by *jo*, *dan* or commas.

    Returns:
        The charges and an empty code; or None and the code of what is wrong.
    """
    found: list[Charge] = []
    for clause in filter(None, (part.strip() for part in text.split(";"))):
        law, rest = _law(clause)
        if law is None:
            return None, "adapter.value-unknown"
        articles, code = _articles(law, rest)
        if code:
            return None, code
        found += [charge for charge in articles if charge not in found]
    return (tuple(found), "") if found else (None, "adapter.value-missing")


def group_of(found: tuple[Charge, ...]) -> str:
    """Return the group of offences: that of the first law of the list under which there is a charge."""
    charged = {charge.law for charge in found}
    return next((law.group for law in laws()[1] if law.code in charged), "lain")


def _law(clause: str) -> tuple[Law | None, str]:
    squeezed = re.sub(r"\s*/\s*", "/", " ".join(clause.split()))
    for law in laws()[1]:
        for name in law.names:
            begins = re.match(rf"{re.escape(name)}(?![0-9])", squeezed, re.IGNORECASE)
            if begins is not None:
                return law, squeezed[begins.end() :].strip()
    return None, ""


def _articles(law: Law, rest: str) -> tuple[list[Charge], str]:
    if law.named_alone and not _REMARK.sub("", rest):
        return [], ""
    found, at = [], 0
    for match in _ARTICLE.finditer(rest):
        if _BETWEEN.fullmatch(rest, at, match.start()) is None:
            return [], "adapter.value-form"
        at = match.end()
        if not 1 <= int(match[1]) <= law.last:
            return [], "adapter.value-unknown"
        found.append(Charge(law=law.code, article=_written(match)))
    if not found or _BETWEEN.fullmatch(rest, at) is None:
        return [], "adapter.value-form"
    return found, ""


def _written(match: re.Match[str]) -> str:
    paragraph = match[3] or match[4]
    return (
        f"{int(match[1])}{(match[2] or '').upper()}"
        + (f"({int(paragraph)})" if paragraph else "")
        + (match[5] or "").lower()
    )
