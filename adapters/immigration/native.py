"""What immigration's own systems write and read; bytes become values here. docs/adapters.md has the formats.

Three tables with semicolons: crossings as the border control system exports them (`*.csv`), the passport register
beside them (`*register.csv`), and what the node delivers (`masuk.csv`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from adapters.contract import Faults, Records
from adapters.immigration import mrz
from adapters.tables import Row, read_delivery, read_table, write_delivery

DELIMITER: Final = ";"
CROSSING_COLUMNS: Final = (
    "TRX_ID",
    "WAKTU_PERIKSA",
    "TPI",
    "ARAH",
    "JENIS_ANGKUT",
    "KODE_ANGKUT",
    "TUJUAN_TRANSIT",
    "MRZ1",
    "MRZ2",
    "STATUS_BCM",
    "CEKAL",
    "INTERPOL_SLTD",
    "KEPUTUSAN",
    "ALASAN",
    "PETUGAS_ID",
)
MAX_PASSPORTS: Final = 2_000_000
REGISTER_COLUMNS: Final = ("NO_PASPOR", "NIK", "NAMA", "TGL_TERBIT")
DELIVERED_COLUMNS: Final = (
    "ID",
    "SUMBER",
    "JENIS",
    "WAKTU",
    "KASUS",
    "PRIORITAS",
    "STATUS",
    "TLP",
    "WILAYAH",
    "SEBAB",
    "BAGIAN",
    "TERTUTUP",
    "ISI",
)
DELIVERED_HEADER: Final = DELIMITER.join(DELIVERED_COLUMNS)

_UNSAID = frozenset({"JENIS_ANGKUT", "CEKAL", "INTERPOL_SLTD", "PETUGAS_ID"})
_TRX_ID = re.compile(r"[A-Z0-9-]{1,64}")
_TPI = re.compile(r"[A-Z]{3}(-[A-Z]{2,8})?")
_CARRIER = re.compile(r"[A-Z0-9][A-Z0-9-]{1,11}")
_COUNTRIES = re.compile(r"[A-Z]{2}(>[A-Z]{2}){0,7}")
_NIK = re.compile(r"[0-9]{16}")
_PASSPORT = re.compile(r"[A-Z0-9]{1,9}")
_WOMAN_DAY = 40
_REASON_MAX = 1000


class Direction(StrEnum):
    """ARAH."""

    OUT = "KELUAR"
    IN = "MASUK"


class Colour(StrEnum):
    """STATUS_BCM: what border control management found at once."""

    GREEN = "GREEN"
    ORANGE = "ORANGE"
    RED = "RED"


class Decision(StrEnum):
    """KEPUTUSAN."""

    ADMITTED = "IZIN"
    DEFERRED = "TUNDA"
    REFUSED = "TOLAK"
    SCREENED = "RUJUK"


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """One check of one traveller at the border."""

    row: int
    trx_id: str = field(repr=False)
    checked_at: datetime = field(repr=False)
    """Local time, without an offset, as the system writes it."""
    tpi: str = field(repr=False)
    direction: Direction = field(repr=False)
    carrier: str = field(repr=False)
    itinerary: tuple[str, ...] = field(repr=False)
    """ISO 3166-1 alpha-2, in order."""
    passport: mrz.Passport = field(repr=False)
    colour: Colour = field(repr=False)
    decision: Decision = field(repr=False)
    reason: str = field(repr=False)
    cells: tuple[str, ...] = field(repr=False)
    """Everything that an event says, as it was written, for the revision."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterEntry:
    """What the passport register knows of a holder's birth. The NIK itself is not kept."""

    passport_number: str = field(repr=False)
    birth_digits: str = field(repr=False)
    """YYMMDD, the forty that women have on their day taken off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """One row of `masuk.csv`, all of it text; `ISI` is the JSON of the parts that are open here."""

    id: str
    sumber: str
    jenis: str
    waktu: str = field(repr=False)
    kasus: str = field(repr=False)
    prioritas: str
    status: str
    tlp: str
    wilayah: str = field(repr=False)
    sebab: str = field(repr=False)
    bagian: str
    tertutup: str
    isi: dict[str, object] = field(repr=False)


def read_crossings(content: bytes) -> Records[Crossing]:
    """Read an export.

    Raises:
        InvalidEventError: the file as a whole is not such an export.
    """
    return read_table(content, delimiter=DELIMITER, columns=CROSSING_COLUMNS, read=_crossing)


def _crossing(row: Row) -> Crossing | Faults:
    cells = row.cells
    checked_at = _local_time(cells["WAKTU_PERIKSA"])
    checks = {
        "TRX_ID": _TRX_ID.fullmatch(cells["TRX_ID"]) is not None,
        "WAKTU_PERIKSA": checked_at is not None,
        "TPI": _TPI.fullmatch(cells["TPI"]) is not None,
        "KODE_ANGKUT": _CARRIER.fullmatch(cells["KODE_ANGKUT"]) is not None,
        "TUJUAN_TRANSIT": not cells["TUJUAN_TRANSIT"] or _COUNTRIES.fullmatch(cells["TUJUAN_TRANSIT"]) is not None,
        "ALASAN": len(cells["ALASAN"]) <= _REASON_MAX,
    }
    words = {
        "ARAH": {*Direction},
        "STATUS_BCM": {*Colour},
        "KEPUTUSAN": {*Decision},
        "CEKAL": {"YA", "TIDAK"},
        "INTERPOL_SLTD": {"YA", "TIDAK"},
    }
    faults = [(name, "adapter.value-form") for name, right in checks.items() if not right]
    faults += [(name, "adapter.value-unknown") for name, known in words.items() if cells[name] not in known]
    passport, wrong = mrz.read(cells["MRZ1"], cells["MRZ2"], on=checked_at.date() if checked_at else date.max)
    faults += wrong
    if faults or passport is None or checked_at is None:
        return faults
    return Crossing(
        row=row.number,
        trx_id=cells["TRX_ID"],
        checked_at=checked_at,
        tpi=cells["TPI"],
        direction=Direction(cells["ARAH"]),
        carrier=cells["KODE_ANGKUT"],
        itinerary=tuple(part for part in cells["TUJUAN_TRANSIT"].split(">") if part),
        passport=passport,
        colour=Colour(cells["STATUS_BCM"]),
        decision=Decision(cells["KEPUTUSAN"]),
        reason=cells["ALASAN"],
        cells=tuple(cells[name] for name in CROSSING_COLUMNS if name not in _UNSAID),
    )


def read_register(content: bytes) -> Records[RegisterEntry]:
    """Read the passport register.

    Raises:
        InvalidEventError: the file as a whole is not such a register.
    """
    return read_table(content, delimiter=DELIMITER, columns=REGISTER_COLUMNS, read=_register_entry, most=MAX_PASSPORTS)


def _register_entry(row: Row) -> RegisterEntry | Faults:
    number, nik = row.cells["NO_PASPOR"], row.cells["NIK"]
    if _PASSPORT.fullmatch(number) is None:
        return [("NO_PASPOR", "adapter.value-form")]
    digits = birth_digits(nik)
    if digits is None:
        return [("NIK", "adapter.nik-form")]
    return RegisterEntry(passport_number=number, birth_digits=digits)


def birth_digits(nik: str) -> str | None:
    """Return the birth date within a NIK as YYMMDD: PPKKCC DDMMYY SSSS, a woman's day plus forty.

    Returns:
        Six digits, or None where this is no NIK or has no such day in any century.
    """
    if _NIK.fullmatch(nik) is None:
        return None
    day = int(nik[6:8])
    day -= _WOMAN_DAY if day > _WOMAN_DAY else 0
    digits = f"{nik[10:12]}{nik[8:10]}{day:02d}"
    # 2099 is later than any day that the two-digit year can mean: both centuries are tried.
    return digits if mrz.date_of_birth(digits, date(2099, 12, 31)) else None


def write_delivered(row: Delivered) -> str:
    """Write one row of `masuk.csv`, without its line break."""
    return write_delivery(row, delimiter=DELIMITER, columns=DELIVERED_COLUMNS)


def read_delivered(line: str) -> Delivered:
    """Read back one row of `masuk.csv`.

    Raises:
        InvalidEventError: it is not one.
    """
    return Delivered(**read_delivery(line, delimiter=DELIMITER, columns=DELIVERED_COLUMNS))


def _local_time(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007 - the export has local time; mapping adds the offset
    except ValueError:
        return None
