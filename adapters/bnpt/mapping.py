"""STIX bundles become `intel.bundle-shared` events; what is delivered becomes JSON files.

Rules:

- a bundle travels as it is; what it lacks, its nexus and its PAP, comes from the agency's settings;
- the envelope's TLP is the strictest that marks any object;
- no victim: that no individual is named who is not a suspect was seen in native.py, and is seen again by the catalogue.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from adapters.bnpt.native import Bundle, Delivered
from adapters.contract import Offer, Received, offer
from broker.stages import Origin

SYSTEM: Final = "stix"
TYPE: Final = "id.simpul.intel.bundle-shared.v1"
WHOLE: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the agency's settings say about every event of this adapter."""

    status: str
    pap: str
    audience: str
    nexus: str
    confidence: int
    """Where no object states one."""
    priority: str


def mapped(bundle: Bundle, *, terms: Terms) -> Offer:
    """Map one bundle.

    Args:
        bundle: what the file holds.
        terms: the agency's settings.
    """
    confidence = terms.confidence if bundle.confidence is None else bundle.confidence
    body = {
        "specversion": "1.0",
        "type": TYPE,
        "time": bundle.changed,
        "datacontenttype": "application/json",
        "audience": terms.audience,
        "purpose": "prevention",
        "basis": "pdp20-2-e",
        "lawref": "uu21-2007-58",
        "tlp": bundle.tlp,
        "pap": terms.pap,
        "priority": terms.priority,
        "status": terms.status,
        "data": {
            "open": {"stixTypes": bundle.counts, "confidence": confidence, "nexus": terms.nexus},
            "network": {"bundle": bundle.value},
        },
    }
    revision = hashlib.sha256(orjson.dumps(bundle.value, option=orjson.OPT_SORT_KEYS)).hexdigest()
    return offer(WHOLE, Origin(system=SYSTEM, record_id=bundle.id, revision=revision), body)


def delivered(event: Received) -> Delivered:
    """Map a delivered event to its file."""
    said: Mapping[str, str] = event.attributes
    parts: dict[str, dict[str, Any]] = {name: dict(part) for name, part in event.parts.items()}
    bundle = parts.get("network", {}).pop("bundle", None)
    return Delivered(
        id=event.event_id,
        source=event.source,
        type=event.type,
        time=said["time"],
        subject=said.get("subject"),
        priority=said["priority"],
        status=said["status"],
        tlp=said["tlp"],
        pap=said["pap"],
        open=list(event.parts),
        closed=list(event.closed),
        parts=parts,
        bundle=bundle,
    )
