"""What police systems write and read; bytes become values here. docs/adapters.md has the formats.

Two tables with commas: case rows as the investigation system exports them (`*.csv`), and what the node delivers
(`terima.csv`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from adapters.contract import Faults, Records
from adapters.police import articles
from adapters.tables import Row, read_delivery, read_table, write_delivery
from schemas.case import UNIT, canonical_lp
from schemas.codelists import listing

DELIMITER: Final = ","
CASE_COLUMNS: Final = (
    "NO_LP",
    "TGL_LP",
    "SATKER",
    "JENIS_LP",
    "PASAL",
    "TKP_KODE",
    "TGL_KEJADIAN",
    "JML_KORBAN_DWS_P",
    "JML_KORBAN_ANAK_P",
    "JML_KORBAN_DWS_L",
    "JML_KORBAN_ANAK_L",
    "MODUS",
    "TERLAPOR",
    "TAHAP",
    "PENYIDIK_NRP",
    "NO_SPDP",
)
COUNT_COLUMNS: Final = CASE_COLUMNS[7:11]
DELIVERED_COLUMNS: Final = (
    "ID_PERISTIWA",
    "PENGIRIM",
    "JENIS",
    "TGL_PERISTIWA",
    "REF_PERKARA",
    "PRIORITAS",
    "STATUS",
    "TLP",
    "KODE_WILAYAH",
    "MENJAWAB",
    "BAGIAN_TERBUKA",
    "BAGIAN_TERTUTUP",
    "ISI_JSON",
)
DELIVERED_HEADER: Final = DELIMITER.join(DELIVERED_COLUMNS)

_ROMAN = "XII|XI|IX|X|IV|VIII|VII|VI|V|III|II|I"
_LP = re.compile(
    r"(?P<kind>LP|DUMAS)\s*/\s*(?:(?P<model>[A-C])\s*/\s*)?(?P<number>[0-9]{1,5})\s*/\s*"
    rf"(?P<month>{_ROMAN})\s*/\s*(?P<year>[0-9]{{4}})\s*/\s*SPKT[A-Z0-9_.\s]*/\s*[A-Z0-9][A-Z0-9/.\s-]*",
    re.IGNORECASE,
)
_LP_MAX = 200
_MODELS = {"A": "A", "B": "B", "DUMAS": "dumas"}
_PLACE = re.compile(r"[1-9][0-9](\.[0-9]{2}(\.[0-9]{2}(\.[0-9]{4})?)?)?")
_UNIT = re.compile(rf"(?=.{{1,60}}$){UNIT}")
_COUNT = re.compile(r"[0-9]{1,4}")
_STAGES = {"PENYELIDIKAN", "PENYIDIKAN", "P21", "TAHAP2", "PENUNTUTAN", "PUTUSAN", "SP3"}


@dataclass(frozen=True, slots=True, kw_only=True)
class LpNumber:
    """A police report number, tolerantly read."""

    canonical: str
    original: str
    model: str
    """`A`, `B` or `C` as the number has it; `DUMAS` for a complaint; empty where it has no letter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRow:
    """One registered case. Who investigates, and whom they suspect, is not read beyond the number of suspects."""

    row: int
    lp: LpNumber = field(repr=False)
    registered_on: date = field(repr=False)
    unit: str = field(repr=False)
    model: str = field(repr=False)
    charges: tuple[articles.Charge, ...] = field(repr=False)
    place: str = field(repr=False)
    occurred_on: date = field(repr=False)
    counts: tuple[int, int, int, int] = field(repr=False)
    """Women, girls, men, boys."""
    modus: tuple[str, ...] = field(repr=False)
    suspects: int = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """One row of `terima.csv`, all of it text; `ISI_JSON` holds the parts that are open here."""

    id_peristiwa: str
    pengirim: str
    jenis: str
    tgl_peristiwa: str = field(repr=False)
    ref_perkara: str = field(repr=False)
    prioritas: str
    status: str
    tlp: str
    kode_wilayah: str = field(repr=False)
    menjawab: str
    bagian_terbuka: str
    bagian_tertutup: str
    isi_json: dict[str, object] = field(repr=False)


def read_cases(content: bytes) -> Records[CaseRow]:
    """Read an export.

    Raises:
        InvalidEventError: the file as a whole is not such an export.
    """
    return read_table(content, delimiter=DELIMITER, columns=CASE_COLUMNS, read=_case_row)


def lp_number(text: str) -> LpNumber | None:
    """Read a police report number whatever its spacing and case; None where it is none.

    No specification was found: this follows patterns seen in practice (DOMAIN 3.6), so it is tolerant on purpose.
    """
    found = _LP.fullmatch(text)
    if found is None or len(text) > _LP_MAX:
        return None
    kind = found["kind"].upper()
    return LpNumber(
        canonical=canonical_lp(text), original=text, model=kind if kind == "DUMAS" else (found["model"] or "").upper()
    )


def _case_row(row: Row) -> CaseRow | Faults:
    cells = row.cells
    lp = lp_number(cells["NO_LP"])
    registered_on, occurred_on = _day(cells["TGL_LP"]), _day(cells["TGL_KEJADIAN"])
    model = _MODELS.get(cells["JENIS_LP"].upper())
    charges, charge_code = articles.charges(cells["PASAL"])
    modus = _modus(cells["MODUS"])
    wrong = {
        "NO_LP": "" if lp else "adapter.lp-form",
        "TGL_LP": "" if registered_on else "adapter.value-form",
        "SATKER": "" if _UNIT.fullmatch(cells["SATKER"].upper()) else "adapter.value-form",
        "JENIS_LP": "" if model else "adapter.value-unknown",
        "PASAL": charge_code,
        "TKP_KODE": "" if _PLACE.fullmatch(cells["TKP_KODE"]) else "adapter.value-form",
        "TGL_KEJADIAN": "" if occurred_on else "adapter.value-form",
        **{name: "" if _COUNT.fullmatch(cells[name]) else "adapter.value-form" for name in COUNT_COLUMNS},
        "MODUS": "" if modus else "adapter.value-unknown",
        "TAHAP": "" if cells["TAHAP"].upper() in _STAGES else "adapter.value-unknown",
    }
    if lp and model and lp.model and lp.model.upper() != model.upper():
        wrong["JENIS_LP"] = "adapter.lp-model"
    faults = [(name, code) for name, code in wrong.items() if code]
    if faults or not (lp and registered_on and occurred_on and model and charges and modus):
        return faults
    women, girls, men, boys = (int(cells[name]) for name in COUNT_COLUMNS)
    return CaseRow(
        row=row.number,
        lp=lp,
        registered_on=registered_on,
        unit=cells["SATKER"].upper(),
        model=model,
        charges=charges,
        place=cells["TKP_KODE"],
        occurred_on=occurred_on,
        counts=(women, girls, men, boys),
        modus=modus,
        suspects=len([part for part in cells["TERLAPOR"].split(";") if part.strip()]),
    )


def write_delivered(row: Delivered) -> str:
    """Write one row of `terima.csv`, without its line break."""
    return write_delivery(row, delimiter=DELIMITER, columns=DELIVERED_COLUMNS)


def read_delivered(line: str) -> Delivered:
    """Read back one row of `terima.csv`.

    Raises:
        InvalidEventError: it is not one.
    """
    return Delivered(**read_delivery(line, delimiter=DELIMITER, columns=DELIVERED_COLUMNS))


def _modus(text: str) -> tuple[str, ...] | None:
    """Read MODUS: codes of the list, separated by `;`, in any case."""
    known = {entry.code.lower(): entry.code for entry in listing("modus").codes}
    said = [part.strip().lower() for part in text.split(";") if part.strip()]
    found = tuple(dict.fromkeys(known[one] for one in said if one in known))
    return found if found and set(said) <= known.keys() else None


def _day(text: str) -> date | None:
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
