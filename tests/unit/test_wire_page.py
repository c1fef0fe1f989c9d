"""The tables of docs/wire.md say what the catalogue and the code say."""

from __future__ import annotations

import re
from pathlib import Path

from broker import limits
from broker.codes import registry
from broker.names import AGENCY_FORM
from schemas.base import Model
from schemas.catalogue import KINDS, EventKind
from schemas.scalars import AGENCY

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


def test_the_limits_of_the_page_are_those_of_the_code() -> None:
    """Section 12 and `broker.limits` are one list of numbers."""
    section = PAGE.partition("## 12. Limits")[2].partition("\n## ")[0]
    most = {
        row[0]: int(row[2].split()[0].replace(",", ""))
        for line in section.splitlines()
        if (row := [cell.strip() for cell in line.strip("|").split("|")]) and len(row) == 3 and row[2][:1].isdigit()
    }
    assert {
        "value": limits.MAX_VALUE_BYTES,
        "any header value": limits.MAX_HEADER_BYTES,
        "Parts in a value": limits.MAX_PARTS,
        "content of a Part": limits.MAX_CONTENT,
        "records in a batch": limits.MAX_BATCH,
        "path": limits.MAX_PATH_BYTES,
        "payload": limits.MAX_PAYLOAD_BYTES,
        "HPKE ciphertext": limits.MAX_HPKE_BYTES,
    }.items() <= most.items()


def test_an_agency_has_one_form() -> None:
    """The catalogue, which imports nothing of the broker, has the broker's form of an agency's id."""
    assert AGENCY == AGENCY_FORM
