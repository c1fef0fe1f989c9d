"""Drafts of the two types that most end-to-end tests send."""

from typing import Any


def alert(name: str, *audience: str, **more: Any) -> dict[str, Any]:
    """Return the draft of an alert; its compartments are narrative and place."""
    return {
        "specversion": "1.0",
        "id": name,
        "type": "id.simpul.alert.issued.v1",
        "time": "2026-08-06T08:20:00+07:00",
        "subject": f"case-{name}",
        "audience": " ".join(audience),
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
                "eventCode": "DEPARTURE_IMMINENT",
                "urgency": "Immediate",
                "severity": "Severe",
                "certainty": "Likely",
                "responseType": "Monitor",
                "nexus": "none",
                "mayInvolveChild": True,
            },
            "narrative": {"headline": f"headline of {name}", "description": f"description of {name}"},
            "place": {"area": "Terminal", "placeCode": "17.71"},
        },
        **more,
    }


def referral(name: str, recipient: str, **more: Any) -> dict[str, Any]:
    """Return the draft of a referral of a new person in a new case, with every compartment."""
    return {
        "specversion": "1.0",
        "id": name,
        "type": "id.simpul.referral.requested.v1",
        "time": "2026-08-07T08:25:00+07:00",
        "subject": f"case-{name}",
        "audience": recipient,
        "purpose": "protection",
        "basis": "pdp20-2-d",
        "lawref": "uu6-2011-87",
        "tlp": "amber+strict",
        "pap": "amber",
        "priority": "P0",
        "status": "Exercise",
        "data": {
            "open": {"service": "shelter", "timeframe": "1_hour", "consentState": "vital_interest"},
            "identity": {"person": {"personRef": f"person-{name}", "givenName": "SARI", "familyName": "CONTOHDUA"}},
            "narrative": {"reason": "AdditionalServicesRequired", "details": f"details of {name}"},
            "place": {"handoverPlan": "Diserahkan kepada petugas perempuan."},
            "safe_contact": {
                "contactSafety": {
                    "safeToCall": False,
                    "safeHours": "08:00-16:00",
                    "codeword": "melati",
                    "doNotLeaveMessage": True,
                },
                "phones": ["+628000000001"],
            },
        },
        **more,
    }
