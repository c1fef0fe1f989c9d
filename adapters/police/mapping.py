"""Registered cases become `case.registered` events; what is delivered becomes rows of `terima.csv`.

Rules:

- no name leaves: suspects are numbered, the investigator and the victims are not read at all;
- a police report number travels in both forms, as written and as compared;
- only what the event says makes a revision: that a case moved on is not another registration.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from adapters.contract import Offer, Received, offer
from adapters.police import articles
from adapters.police.native import CaseRow, Delivered
from broker.names import length_prefixed
from broker.stages import Origin

SYSTEM: Final = "emp"
TYPE: Final = "id.simpul.case.registered.v1"
_REGENCY: Final = 5
"""`17.09`: the envelope's area stops at the regency."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the agency's settings say about every event of this adapter."""

    status: str
    tlp: str
    pap: str
    utc_offset: str
    audience: str
    nexus: str


def mapped(case: CaseRow, *, terms: Terms) -> Offer:
    """Map one case.

    Args:
        case: the row.
        terms: the agency's settings.
    """
    version, _ = articles.laws()
    women, girls, men, boys = case.counts
    data = {
        "open": {
            "reportModel": case.model,
            "unitCode": case.unit,
            "offenceGroup": articles.group_of(case.charges),
            "nexus": terms.nexus,
        },
        "narrative": {
            "lpNumber": {"canonical": case.lp.canonical, "original": case.lp.original},
            "articles": [{"law": one.law, "article": one.article, "version": version} for one in case.charges],
            "tkp": case.place,
            "occurredOn": case.occurred_on.isoformat(),
            "victimCounts": {"womenAdult": women, "womenChild": girls, "menAdult": men, "menChild": boys},
            "modus": list(case.modus),
            "suspectRefs": [f"TERLAPOR-{number}" for number in range(1, case.suspects + 1)],
        },
    }
    body = {
        "specversion": "1.0",
        "type": TYPE,
        "time": f"{case.registered_on.isoformat()}T00:00:00{terms.utc_offset}",
        "subject": case.lp.canonical,
        "datacontenttype": "application/json",
        "audience": terms.audience,
        "purpose": "investigation",
        "basis": "pdp20-2-e",
        "lawref": "uu21-2007-29",
        "tlp": terms.tlp,
        "pap": terms.pap,
        "priority": "P1",
        "status": terms.status,
        "area": case.place[:_REGENCY],
        "data": data,
    }
    return offer(case.row, _origin(case), body)


def _origin(case: CaseRow) -> Origin:
    said = (
        case.lp.original,
        case.registered_on.isoformat(),
        case.unit,
        case.model,
        *(f"{one.law} {one.article}" for one in case.charges),
        case.place,
        case.occurred_on.isoformat(),
        *map(str, case.counts),
        *case.modus,
        str(case.suspects),
    )
    digest = hashlib.sha256(length_prefixed(*(value.encode() for value in said))).hexdigest()
    return Origin(system=SYSTEM, record_id=case.lp.canonical, revision=digest)


def delivered(event: Received) -> Delivered:
    """Map a delivered event to a row of `terima.csv`."""
    said: Mapping[str, str] = event.attributes
    return Delivered(
        id_peristiwa=event.event_id,
        pengirim=event.source,
        jenis=event.type.removeprefix("id.simpul."),
        tgl_peristiwa=said["time"],
        ref_perkara=said.get("subject", ""),
        prioritas=said["priority"],
        status=said["status"],
        tlp=said["tlp"],
        kode_wilayah=said.get("area", ""),
        menjawab=said.get("causationid", ""),
        bagian_terbuka="+".join(event.parts),
        bagian_tertutup="+".join(event.closed),
        isi_json={name: dict(part) for name, part in event.parts.items()},
    )
