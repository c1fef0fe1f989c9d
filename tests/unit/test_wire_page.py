"""The tables of docs/wire.md say what the catalogue and the code say."""

from __future__ import annotations

import re
from pathlib import Path

from broker.codes import registry
from schemas.base import Model
from schemas.catalogue import KINDS, EventKind

PAGE = (Path(__file__).parents[2] / "docs" / "wire.md").read_text(encoding="utf-8")


def _fields(model: type[Model]) -> str:
    return ", ".join(f"`{field.alias or name}`" for name, field in model.model_fields.items())


def _rows(kind: EventKind) -> list[str]:
    parts = {"open": kind.open, **kind.compartments}
    return [f"| `{kind.type}` ({kind.number}) | `{name}` | {_fields(model)} |" for name, model in parts.items()]


def test_every_field_of_every_part_stands_on_the_page() -> None:
    """Section 5 lists, for each type, its parts in order and the fields of each."""
    expected = [row for kind in KINDS for row in _rows(kind)]
    listed = [line for line in PAGE.splitlines() if line.startswith("| `id.simpul.") and line.count("|") > 3]
    assert [row for row in listed if "sealed" not in row] == expected


def test_every_code_of_the_page_is_registered() -> None:
    """Section 11 names codes that a person can look up."""
    section = PAGE.partition("## 11. Codes")[2].partition("\n## ")[0]
    codes = re.findall(r"`((?:untrusted|invalid|stream)\.[a-z-]+)`", section)
    assert codes
    assert not [code for code in codes if code not in registry()]
