"""The two mixes of events that are measured: the ordinary alert, and the consent change that opens a new case.

Everybody is measured with the same ordinary event: an alert of about 1 KiB with two compartments, sent by social
services to an area topic of three readers, ten events to a case.
"""

from __future__ import annotations

from typing import Any, Final

import orjson

from broker.names import AgencyId, Role
from broker.stages import Draft, Origin

SENDER: Final = AgencyId("uptd-ppa-bengkulu-tengah")
READER: Final = AgencyId("polres-bengkulu-tengah")
AGENCIES: Final = {
    SENDER: Role("social-services"),
    READER: Role("police"),
    AgencyId("imigrasi-bengkulu"): Role("immigration"),
    AgencyId("bp3mi-bengkulu"): Role("migrant-workers"),
    AgencyId("yayasan-contoh"): Role("ngo"),
    AgencyId("lpsk"): Role("witness-protection"),
}
EVENTS_A_CASE: Final = 10


def alert(number: int) -> dict[str, Any]:
    """Return the ordinary event: an alert about a child, as a draft in CloudEvents JSON."""
    return {
        "specversion": "1.0",
        "type": "id.simpul.alert.issued.v1",
        "time": "2026-08-06T08:20:00+07:00",
        "subject": f"BENCH/{number // EVENTS_A_CASE}",
        "audience": "bp3mi-bengkulu imigrasi-bengkulu polres-bengkulu-tengah",
        "purpose": "protection",
        "basis": "pdp20-2-d",
        "lawref": "uu6-2011-89-2a",
        "tlp": "amber",
        "pap": "amber",
        "priority": "P0",
        "status": "Exercise",
        "area": "17.09",
        "data": {
            "open": {
                "msgType": "Alert",
                "category": "Rescue",
                "eventCode": "CHILD_AT_RISK",
                "urgency": "Immediate",
                "severity": "Severe",
                "certainty": "Likely",
                "responseType": "Monitor",
                "nexus": "none",
                "mayInvolveChild": True,
            },
            "narrative": {
                "headline": "Seorang anak diduga akan diberangkatkan Jumat pagi",
                "description": "Dijanjikan pekerjaan di luar negeri; ijazah dan KTP ditahan oleh perekrut. " * 3,
                "instruction": "Periksa keberangkatan tujuan transit; utamakan keselamatan anak.",
                "contact": "Piket UPTD PPA",
                "params": {"rute": "BKS-SIN-PNH", "nomor": str(number)},
            },
            "place": {"area": "Bandara dan terminal di sekitar Kota Bengkulu", "placeCode": "17.71"},
        },
    }


def consent(number: int) -> dict[str, Any]:
    """Return the hard event: a consent change copied to three mailboxes, of a person and a case never seen before."""
    from schemas.catalogue import find  # noqa: PLC0415 - the peers never load the catalogue

    kind = find("id.simpul.consent.changed.v1")
    event: dict[str, Any] = orjson.loads(EXAMPLES.joinpath(f"{kind.type}.json").read_bytes())
    event.pop("source", None)
    event.pop("id", None)
    event["subject"] = f"BENCH/{number}"
    event["audience"] = "bp3mi-bengkulu lpsk polres-bengkulu-tengah"
    return event


def _examples() -> Any:  # noqa: ANN401 - importlib's Traversable
    from importlib.resources import files  # noqa: PLC0415

    return files("schemas") / "examples"


EXAMPLES: Final = _examples()


def drafts(mix: str, count: int, first: int = 0) -> list[Draft]:
    """Return drafts of a mix, `ordinary` or `new_case`, numbered from `first`."""
    make = alert if mix == "ordinary" else consent
    return [
        Draft(origin=Origin(system="bench", record_id=f"{mix}-{number}"), body=orjson.dumps(make(number)))
        for number in range(first, first + count)
    ]
