"""Tips become `tip.received` events; what is delivered becomes lines of `masuk.jsonl`.

Rules:

- the reporter's code never leaves: an event carries its hash, and the node knows the tip by the same hash;
- nothing is guessed from words: how many, or whether a child, is said only where the form asked;
- a file is passed on only by pointer and hash and stripped of its metadata; others are counted, never named.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from adapters.contract import Offer, Received, offer
from adapters.hotline.native import Attachment, Delivered, Tip
from broker.stages import Origin

SYSTEM: Final = "hotline"
TYPE: Final = "id.simpul.tip.received.v1"
TRACKING_LABEL: Final = b"simpul/tracking/v1"
_TRACKING_COST: Final = 2**14
"""Of scrypt (RFC 7914), with r = 8 and p = 1: 16 MiB and some 50 ms for a ticket."""
CHILD_SIGN: Final = "diduga_anak"
_REGENCY: Final = 5
_WHAT_MAX: Final = 4000

CHANNELS: Final = {
    "web": "web",
    "aplikasi": "app",
    "telepon": "phone",
    "whatsapp": "whatsapp",
    "datang": "in_person",
    "surat": "letter",
    "lapor": "lapor",
}
SIGNS: Final = {
    "dokumen_ditahan": "documents_held",
    "tidak_bebas_keluar": "cannot_leave",
    "jerat_utang": "debt",
    "ancaman": "threats",
    "kekerasan": "violence",
    "tidak_dibayar": "no_pay",
    "janji_kerja_ln": "job_abroad_promise",
    CHILD_SIGN: "child_suspected",
    "eksploitasi_seksual": "sexual_exploitation",
    "organ_tubuh": "organ",
    "kapal_ikan": "fishing_vessel",
    "pusat_penipuan": "scam_compound",
    "lainnya": "other",
}
# ISO 639-1 to 639-3, for the languages that browsers here ask for; three letters pass as they are.
_LANGUAGES = {"id": "ind", "en": "eng", "jv": "jav", "su": "sun", "ms": "msa", "ar": "ara", "zh": "zho", "km": "khm"}
_TEXTS = {
    "whenText": "kapan",
    "placeText": "lokasi_teks",
    "placeCode": "lokasi_kode",
    "victimDescr": "siapa_korban",
    "victimCountBand": "jumlah_korban",
    "perpDescr": "siapa_pelaku",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the agency's settings say about every event of this adapter."""

    status: str
    tlp: str
    pap: str
    area: str
    audience: str


def tracking_hash(ticket: str) -> str:
    """Return what an event says instead of the reporter's code: 32 bytes of scrypt, hexadecimal.

    Slow on purpose: eight symbols have some 40 bits, which a fast hash would give away to whoever searches.
    """
    return hashlib.scrypt(ticket.encode(), salt=TRACKING_LABEL, n=_TRACKING_COST, r=8, p=1, dklen=32).hex()


def mapped(row: int, tip: Tip, *, terms: Terms) -> Offer:
    """Map one tip.

    Args:
        row: its place in the file.
        tip: the record.
        terms: the agency's settings.
    """
    danger = tip.bahaya_segera == "ya"
    known_as = tracking_hash(tip.tiket)
    data: dict[str, Any] = {
        "open": {
            "channel": CHANNELS[tip.kanal],
            "dangerNow": danger,
            "mayInvolveChild": CHILD_SIGN in tip.tanda,
        },
        "narrative": _narrative(tip, known_as),
    }
    if tip.kontak_aman:
        data["safe_contact"] = {"safeContact": tip.kontak_aman}
    area = tip.lokasi_kode[:_REGENCY] if tip.lokasi_kode else terms.area
    body = {
        "specversion": "1.0",
        "type": TYPE,
        "time": tip.diterima.isoformat(),
        "subject": known_as,
        "datacontenttype": "application/json",
        "audience": terms.audience,
        "purpose": "protection",
        "basis": "pdp20-2-e",
        "lawref": "permenpppa8-2021",
        "tlp": terms.tlp,
        "pap": terms.pap,
        "priority": "P0" if danger else "P1",
        "status": terms.status,
        **({"area": area} if area else {}),
        "data": data,
    }
    revision = hashlib.sha256(orjson.dumps(data, option=orjson.OPT_SORT_KEYS)).hexdigest()
    return offer(row, Origin(system=SYSTEM, record_id=known_as, revision=revision), body)


def _narrative(tip: Tip, known_as: str) -> dict[str, Any]:
    sendable = [one for one in (_attachment(file) for file in tip.lampiran) if one is not None]
    kept = len(tip.lampiran) - len(sendable)
    narrative: dict[str, Any] = {
        "trackingHash": known_as,
        "whatText": _what(tip.apa, kept),
        "signs": list(dict.fromkeys(SIGNS[sign] for sign in tip.tanda)),
        "recruitChannels": list(dict.fromkeys(tip.rekrut_lewat)),
        "attachments": sendable,
        "wantsReply": tip.minta_kontak_balik,
    }
    if tip.bahasa:
        narrative["language"] = _LANGUAGES.get(tip.bahasa, tip.bahasa)
    narrative.update((name, getattr(tip, own)) for name, own in _TEXTS.items() if getattr(tip, own))
    return narrative


def _what(text: str, kept: int) -> str:
    """Say how many files stayed here, in square brackets that the reporter did not write, where there is room."""
    note = f"\n[lampiran yang belum diserahkan: {kept}]"
    return text + note if kept and len(text) + len(note) <= _WHAT_MAX else text


def _attachment(file: Attachment) -> dict[str, Any] | None:
    if file.sha256 is None or file.penunjuk is None or not file.metadata_dihapus:
        return None
    return {"hash": file.sha256, "pointer": file.penunjuk, "strippedMetadata": True}


def delivered(event: Received) -> Delivered:
    """Map a delivered event to a line of `masuk.jsonl`."""
    said: Mapping[str, str] = event.attributes
    return Delivered(
        id=event.event_id,
        dari=event.source,
        jenis=event.type.removeprefix("id.simpul."),
        waktu=said["time"],
        kasus=said.get("subject"),
        prioritas=said["priority"],
        status=said["status"],
        tlp=said["tlp"],
        wilayah=said.get("area"),
        menjawab=said.get("causationid"),
        terbuka=list(event.parts),
        tertutup=list(event.closed),
        isi={name: dict(part) for name, part in event.parts.items()},
    )
