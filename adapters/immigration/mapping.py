"""Flagged crossings become `border.crossing-flagged` events; what is delivered becomes rows of `masuk.csv`.

Rules:

- exceptions only: a green crossing that was admitted is ordinary and never leaves (UU 6/2011 Art. 89(2)(a));
- the NIK never leaves: the register gives one bit, whether its birth date contradicts the passport's, and whatever
  looks like a NIK in an officer's words is blanked;
- a traveller's reference is the same at each reading and another for each crossing, so that immigration finds by it
  whom Article 86 protects (UU 6/2011); it is made of the transaction alone, and tells nobody else who that is;
- a flag is set only by words that can mean nothing else; a flagged crossing whose reason holds none is rejected, for
  its officer to say why, rather than published without a reason.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta, timezone
from typing import Any, Final

from adapters.contract import Mapped, Offer, Ordinary, Received, Reject, offer
from adapters.immigration import mrz
from adapters.immigration.countries import ALPHA_2, alpha_3
from adapters.immigration.native import Colour, Crossing, Decision, Delivered, Direction
from broker.names import length_prefixed
from broker.stages import Origin

SYSTEM: Final = "bcm-apk"
TYPE: Final = "id.simpul.border.crossing-flagged.v1"
PERSON_LABEL: Final = b"simpul/bcm-person/v1"
AGE_MISMATCH: Final = "AGE_DOCUMENT_MISMATCH"

_DIRECTIONS = {Direction.OUT: "departure", Direction.IN: "arrival"}
_DECISIONS = {
    Decision.ADMITTED: "admitted",
    Decision.DEFERRED: "deferred",
    Decision.REFUSED: "refused",
    Decision.SCREENED: "referred_screening",
}
_WEIGHTS = {
    "ESCORT_SHARED": "M",
    "TICKET_THIRD_PARTY": "M",
    "DEST_CHANGED": "M",
    "COACHED_ANSWERS": "S",
    AGE_MISMATCH: "S",
    "VISA_PURPOSE_MISMATCH": "M",
    "NO_FUNDS": "W",
    "FIRST_PASSPORT_RECENT": "W",
    "PRIOR_DEFERRAL": "M",
}
_GROUNDS = {
    "ESCORT_SHARED": r"(pengantar|penjemput|pendamping)\s+(yang|yg)\s+sama",
    "TICKET_THIRD_PARTY": r"tiket\s+(dibeli|dibayar|dipesan)\s+(oleh\s+)?(pihak\s+ketiga|orang\s+lain)",
    "DEST_CHANGED": r"tujuan\s+(ber|di)ubah|(ber|meng)ubah\s+tujuan",
    "COACHED_ANSWERS": r"jawaban\s+(terlatih|dihafal|diarahkan)",
    AGE_MISMATCH: r"(usia|umur)\s+(tidak|tdk)\s+sesuai",
    "VISA_PURPOSE_MISMATCH": r"visa\s+(tidak|tdk)\s+sesuai",
    "NO_FUNDS": r"tanpa\s+(bekal|uang)|tidak\s+(memiliki|punya|membawa)\s+(bekal|uang)",
    "FIRST_PASSPORT_RECENT": r"paspor\s+pertama\s+baru",
    "PRIOR_DEFERRAL": r"(pernah|sudah)\s+ditunda",
}
_FLAG_WORDS = {code: re.compile(rf"(?<!\w)(?:{words})(?!\w)", re.IGNORECASE) for code, words in _GROUNDS.items()}
_DENIAL = re.compile(r"(?<!\w)(tidak|tdk|bukan|belum|tanpa)\s+(\w+\s+)?$", re.IGNORECASE)
_OTHERS = re.compile(r"(?<!\w)([0-9]{1,2})\s+penumpang\s+lain(?!\w)", re.IGNORECASE)
# Sixteen digits or more, however they are grouped: a NIK, or something that hides one.
_NIK_LIKE = re.compile(r"\d(?:[\s.,/_-]?\d){15,}")
BLANKED: Final = "[…]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the agency's settings say about every event of this adapter."""

    status: str
    tlp: str
    pap: str
    area: str
    offset: timezone
    audience: tuple[str, ...]
    audience_held: tuple[str, ...]
    """Who is told beside them where the traveller was deferred or refused."""
    group_window: timedelta


def mapped(crossing: Crossing, *, group_size: int, register_birth: str | None, terms: Terms) -> Mapped:
    """Map one crossing.

    Args:
        crossing: the row.
        group_size: how many seem to travel together, from `group_sizes`.
        register_birth: YYMMDD as the passport register has it, None where it does not know the passport.
        terms: the agency's settings.

    Returns:
        An offer, or that the row is ordinary, or what is missing.
    """
    if not is_exception(crossing):
        return Ordinary(row=crossing.row)
    mismatch = contradicts(crossing.passport, register_birth, on=crossing.checked_at.date())
    flags = flags_of(crossing.reason) | ({AGE_MISMATCH} if mismatch else set())
    if not flags:
        return Reject(file="", row=crossing.row, field="ALASAN", code="adapter.reason-uncoded")
    return _offer(crossing, group_size=group_size, flags=sorted(flags), terms=terms)


def is_exception(crossing: Crossing) -> bool:
    """Say whether a crossing is out of the ordinary: not green, or not admitted."""
    return crossing.colour is not Colour.GREEN or crossing.decision is not Decision.ADMITTED


def contradicts(passport: mrz.Passport, register_birth: str | None, *, on: date) -> bool:
    """Say whether the register's birth date is another than the passport's, both of the latest possible century."""
    if register_birth is None or passport.birth is None:
        return False
    return mrz.date_of_birth(register_birth, on) != passport.birth


def flags_of(reason: str) -> set[str]:
    """Return the flags that an officer's words carry; a denial right before the words takes them back."""
    return {
        code
        for code, words in _FLAG_WORDS.items()
        if any(_DENIAL.search(reason, 0, found.start()) is None for found in words.finditer(reason))
    }


def group_sizes(crossings: Sequence[Crossing], window: timedelta) -> dict[int, int]:
    """Estimate how many travel together.

    Flagged crossings of one file with the same direction, carrier and itinerary, each within the window of the one
    before it, are a group. An officer's "with n other passengers" counts where it says more.

    Args:
        crossings: the crossings of one file.
        window: the longest time between two members of a group.

    Returns:
        The size of its group for the row of each flagged crossing.
    """
    flights: dict[tuple[str, str, tuple[str, ...]], list[Crossing]] = {}
    for one in crossings:
        if is_exception(one):
            flights.setdefault((one.direction, one.carrier, one.itinerary), []).append(one)
    sizes: dict[int, int] = {}
    for flight in flights.values():
        group: list[Crossing] = []
        for one in sorted(flight, key=lambda crossing: crossing.checked_at):
            if group and one.checked_at - group[-1].checked_at > window:
                group = []
            group.append(one)
            size = max(len(group), *(1 + _others(member.reason) for member in group))
            sizes.update((member.row, size) for member in group)
    return sizes


def _others(reason: str) -> int:
    found = _OTHERS.search(reason)
    return int(found[1]) if found else 0


def without_nik(text: str) -> str:
    """Blank whatever may be a NIK."""
    return _NIK_LIKE.sub(BLANKED, text)


def _offer(crossing: Crossing, *, group_size: int, flags: Sequence[str], terms: Terms) -> Offer:
    note = without_nik(crossing.reason)
    narrative: dict[str, Any] = {
        "flags": [{"code": code, "weight": _WEIGHTS[code]} for code in flags],
        "itinerary": list(crossing.itinerary),
        "carrierCode": crossing.carrier,
    }
    if note:
        narrative["interviewNote"] = note
    body = {
        "specversion": "1.0",
        "type": TYPE,
        "time": crossing.checked_at.replace(tzinfo=terms.offset).isoformat(),
        "subject": crossing.trx_id,
        "datacontenttype": "application/json",
        "audience": " ".join(_audience(crossing.decision, terms)),
        "purpose": "prevention",
        "basis": "pdp20-2-e",
        "lawref": "uu6-2011-89-2a",
        "tlp": terms.tlp,
        "pap": terms.pap,
        "priority": _priority(crossing, flags),
        "status": terms.status,
        **({"area": terms.area} if terms.area else {}),
        "data": {
            "open": {
                "direction": _DIRECTIONS[crossing.direction],
                "tpi": crossing.tpi,
                "bcmStatus": crossing.colour.lower(),
                "decision": _DECISIONS[crossing.decision],
                "groupSize": group_size,
                "nexus": "none",
            },
            "identity": _identity(crossing, flags),
            "narrative": narrative,
        },
    }
    return offer(crossing.row, _origin(crossing, flags), body)


def _origin(crossing: Crossing, flags: Sequence[str]) -> Origin:
    """Know a crossing by its transaction; another reason, or another register, makes another revision."""
    content = length_prefixed(*(cell.encode() for cell in (*crossing.cells, *flags)))
    return Origin(system=SYSTEM, record_id=crossing.trx_id, revision=hashlib.sha256(content).hexdigest())


def person_ref(trx_id: str) -> str:
    """Name the traveller of a crossing; docs/adapters.md tells immigration's system how to do the same.

    Args:
        trx_id: the transaction's number, as the border control system writes it.

    Returns:
        `p-` and 32 hexadecimal digits.
    """
    return "p-" + hashlib.sha256(length_prefixed(PERSON_LABEL, trx_id.encode())).hexdigest()[:32]


def _audience(decision: Decision, terms: Terms) -> tuple[str, ...]:
    held = decision in {Decision.DEFERRED, Decision.REFUSED}
    return terms.audience + terms.audience_held if held else terms.audience


def _priority(crossing: Crossing, flags: Sequence[str]) -> str:
    """P0 where somebody is leaving all the same, or may be a child; else the same day (DOMAIN 4.2)."""
    leaving = crossing.direction is Direction.OUT and crossing.decision is Decision.ADMITTED
    return "P0" if leaving or AGE_MISMATCH in flags else "P1"


def _identity(crossing: Crossing, flags: Sequence[str]) -> dict[str, Any]:
    passport = crossing.passport
    person: dict[str, Any] = {
        "personRef": person_ref(crossing.trx_id),
        "familyName": passport.family_name,
        "documentSex": str(passport.sex),
        "citizenship": [ALPHA_2[code] for code in (alpha_3(passport.nationality),) if code in ALPHA_2],
    }
    if passport.given_name:
        person["givenName"] = passport.given_name
    doc: dict[str, Any] = {
        "docType": passport.document_type,
        "number": passport.number,
        "issuer": alpha_3(passport.issuer),
        "expiry": passport.expiry.isoformat(),
    }
    if passport.birth is not None:
        person["birthDate"] = passport.birth.isoformat()
        doc["mrz"] = list(passport.lines)
        doc["checks"] = {"number": True, "birth": True, "expiry": True, "composite": True}
        # Where the age is in doubt, saying "no minor" could undo the flag, and saying "minor" would tell of the NIK.
        if AGE_MISMATCH not in flags:
            person["isMinor"] = mrz.is_minor(passport.birth, on=crossing.checked_at.date())
    return {"person": person, "doc": doc}


def delivered(event: Received) -> Delivered:
    """Map a delivered event to a row of `masuk.csv`."""
    said: Mapping[str, str] = event.attributes
    return Delivered(
        id=event.event_id,
        sumber=event.source,
        jenis=event.type.removeprefix("id.simpul."),
        waktu=said["time"],
        kasus=said.get("subject", ""),
        prioritas=said["priority"],
        status=said["status"],
        tlp=said["tlp"],
        wilayah=said.get("area", ""),
        sebab=said.get("causationid", ""),
        bagian="+".join(event.parts),
        tertutup="+".join(event.closed),
        isi={name: dict(part) for name, part in event.parts.items()},
    )
