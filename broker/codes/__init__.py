"""The one registry of codes: what each means, which station raises it, and what to tell a person.

The texts are data, one TOML file a room beside this module. A code is `<group>.<what>`; programs and tests name codes,
people read the sentences, in Indonesian first. A code that is raised and not registered fails a test.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeText:
    """What a code says to people: a sentence and what to do, in Indonesian and English."""

    code: str
    station: str
    id: str
    en: str
    do_id: str
    do_en: str


@cache
def registry() -> dict[str, CodeText]:
    """Return every registered code.

    Raises:
        ValueError: two files register the same code.
    """
    texts: dict[str, CodeText] = {}
    for file in sorted(resources.files(__package__).iterdir(), key=lambda entry: entry.name):
        if not file.name.endswith(".toml"):
            continue
        for code, row in tomllib.loads(file.read_text(encoding="utf-8")).items():
            if code in texts:
                msg = f"the code {code} is registered twice"
                raise ValueError(msg)
            texts[code] = CodeText(code=code, **row)
    return texts


def text_of(code: str) -> CodeText:
    """Return the text of a code.

    Raises:
        KeyError: the code is not registered.
    """
    return registry()[code]
