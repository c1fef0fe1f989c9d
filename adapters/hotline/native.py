"""What the tip line's systems write and read; bytes become values here. docs/adapters.md has the formats.

A tip is JSON as the reporting page posts it (`*.json`); deliveries are JSON lines (`masuk.jsonl`).

The format has no field for who reports, and is closed: a form that grows one is refused, not read over.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import orjson
from pydantic import Field, ValidationError
from pydantic.types import AwareDatetime

from adapters.contract import Faults, Records
from adapters.documents import NativeModel, faults_of, read_records
from broker.errors import InvalidEventError
from schemas.vocabulary import App

Channel = Literal["web", "aplikasi", "telepon", "whatsapp", "datang", "surat", "lapor"]
Sign = Literal[
    "dokumen_ditahan",
    "tidak_bebas_keluar",
    "jerat_utang",
    "ancaman",
    "kekerasan",
    "tidak_dibayar",
    "janji_kerja_ln",
    "diduga_anak",
    "eksploitasi_seksual",
    "organ_tubuh",
    "kapal_ikan",
    "pusat_penipuan",
    "lainnya",
]
_Time = Annotated[AwareDatetime, Field(strict=False)]
_Ticket = Annotated[str, Field(pattern=r"^[A-Z0-9]{2}(-[A-Z0-9]{4}){2,8}$", max_length=42)]
_PlaceCode = Annotated[str, Field(pattern=r"^[1-9][0-9](\.[0-9]{2}(\.[0-9]{2}(\.[0-9]{4})?)?)?$", max_length=13)]


class Attachment(NativeModel):
    """A file that came with a tip. Its name stays here: names of files tell of people."""

    nama: str | None = None
    ukuran: Annotated[int, Field(ge=0)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    penunjuk: Annotated[str, Field(pattern=r"^[a-z][a-z0-9+.-]{1,15}:[!-~]{1,180}$")] | None = None
    metadata_dihapus: bool = False


class Tip(NativeModel):
    """One report, as the page posts it."""

    tiket: _Ticket
    kanal: Channel
    bahasa: Annotated[str, Field(pattern=r"^(id|en|jv|su|ms|ar|zh|km|[a-z]{3})$")] | None = None
    diterima: _Time
    kapan: str | None = None
    lokasi_teks: str | None = None
    lokasi_kode: _PlaceCode | None = None
    siapa_korban: str | None = None
    jumlah_korban: Literal["1", "2-5", "6-10", ">10"] | None = None
    siapa_pelaku: str | None = None
    apa: Annotated[str, Field(min_length=1)]
    tanda: list[Sign] = Field(default_factory=list)
    rekrut_lewat: list[App] = Field(default_factory=list)
    bahaya_segera: Literal["ya", "tidak", "tidak_tahu"]
    lampiran: list[Attachment] = Field(default_factory=list)
    minta_kontak_balik: bool
    kontak_aman: str | None = None


class Delivered(NativeModel):
    """One line of `masuk.jsonl`."""

    id: str
    dari: str
    jenis: str
    waktu: str
    kasus: str | None
    prioritas: str
    status: str
    tlp: str
    wilayah: str | None
    menjawab: str | None
    terbuka: list[str]
    tertutup: list[str]
    isi: dict[str, dict[str, Any]]


def read_tips(content: bytes) -> Records[Tip]:
    """Read a file of tips.

    Raises:
        InvalidEventError: it is not JSON.
    """
    return read_records(content, lambda _, value: _tip(value))


def _tip(value: object) -> Tip | Faults:
    try:
        return Tip.model_validate_json(orjson.dumps(value))
    except ValidationError as error:
        return faults_of(error)


def write_delivered(row: Delivered) -> str:
    """Write one line of `masuk.jsonl`."""
    return orjson.dumps(row.model_dump()).decode()


def read_delivered(line: str) -> Delivered:
    """Read back one line of `masuk.jsonl`.

    Raises:
        InvalidEventError: it is not one.
    """
    try:
        return Delivered.model_validate_json(line)
    except ValidationError:
        pass
    raise InvalidEventError("adapter.row-broken")
