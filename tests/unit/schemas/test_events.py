"""The rules of each type, each with what it allows and what it refuses."""

from typing import Any

import pytest

from tests.unit.schemas.samples import CASE, EVENT, GONE, codes, kind, refused

_ACK = {
    "causationid": EVENT,
    "data__open__msgType": "Ack",
    "data__open__references": [EVENT],
    "data__narrative": {"ackBy": "immigration", "ackState": "received"},
}


@pytest.mark.parametrize(
    ("number", "changes"),
    [
        pytest.param("E01", {"data__safe_contact": GONE}, id="tip without safe contact"),
        pytest.param(
            "E01", {"data__narrative": {"trackingHash": "0" * 64, "whatText": "a", "wantsReply": False}}, id="least tip"
        ),
        pytest.param("E01", {"data__narrative__placeCode": "17.09.01.2001"}, id="village of a tip"),
        pytest.param("E02", {"data__open__routedTo": []}, id="tip routed to nobody"),
        pytest.param(
            "E02", {"data__open__outcome": "duplicate", "data__narrative__duplicateOf": EVENT}, id="duplicate tip"
        ),
        pytest.param("E03", {"data__identity__doc__mrz": GONE, "data__identity__doc__checks": GONE}, id="no MRZ"),
        pytest.param("E03", {"data__identity__person": {"personRef": "p1"}}, id="least person"),
        pytest.param("E03", {"data__open__nexus": "terror"}, id="nexus of a crossing"),
        pytest.param("E07", _ACK, id="acknowledgement"),
        pytest.param("E07", {"data__open__msgType": "Cancel", "data__open__references": [EVENT]}, id="cancellation"),
        pytest.param("E07", {"data__place": {"point": "-3.774031,102.382"}}, id="point"),
        pytest.param(
            "E07",
            {"data__place": GONE, "data__open__nexus": GONE, "data__open__mayInvolveChild": GONE},
            id="least alert",
        ),
        pytest.param("E11", {"data__open__nexus": "terror"}, id="nexus of a case"),
        pytest.param("E11", {"data__narrative__suspectRefs": GONE}, id="nobody suspected"),
        pytest.param(
            "E11",
            {
                "data__narrative__lpNumber": {
                    "original": "LP / B/ 2232/IX/2022/SPKT/Polres Contoh/Polda contoh",
                    "canonical": "LP/B/2232/IX/2022/SPKT/POLRESCONTOH/POLDACONTOH",
                }
            },
            id="report number in odd spacing",
        ),
        pytest.param(
            "E15",
            {
                "data__open__change": "withdrawn",
                "data__open__deadline": "2026-08-10T11:15:00+07:00",
                "data__narrative__evidence": GONE,
                "data__narrative__withheldFrom": GONE,
            },
            id="withdrawal",
        ),
        pytest.param(
            "E15",
            {
                "data__narrative__guardianConflict": True,
                "data__narrative__givenBy": "social_worker_child_best_interest",
            },
            id="best interest where the guardian is in conflict",
        ),
        pytest.param("E16", {"data__place": GONE, "data__safe_contact": GONE}, id="least referral"),
        pytest.param("E16", {"data__open__service": "restitution"}, id="another service"),
        pytest.param("E17", {"data__narrative": GONE}, id="bare answer"),
        pytest.param(
            "E17", {"data__open__state": "rejected", "data__narrative": {"reasonCode": "capacity"}}, id="rejection"
        ),
    ],
)
def test_what_a_type_allows(number: str, changes: dict[str, Any]) -> None:
    """Good variants pass."""
    assert refused(number, **changes) == set()


@pytest.mark.parametrize(
    ("number", "changes", "expected"),
    [
        # E01
        pytest.param("E01", {"data__identity": {"person": {}}}, "extra_forbidden", id="reporter's identity in a tip"),
        pytest.param("E01", {"data__narrative__reporterName": "x"}, "extra_forbidden", id="reporter's name in a tip"),
        pytest.param("E01", {"data__narrative__nik": "x"}, "extra_forbidden", id="NIK in a tip"),
        pytest.param("E01", {"data__narrative__safeContact": "x"}, "extra_forbidden", id="contact in the narrative"),
        pytest.param("E01", {"data__narrative": GONE}, "missing", id="tip that says nothing"),
        pytest.param("E01", {"data__narrative__whatText": "x" * 4001}, "string_too_long", id="tip too long"),
        pytest.param("E01", {"data__narrative__whatText": ""}, "string_too_short", id="empty tip"),
        pytest.param(
            "E01", {"data__narrative__whatText": "a\u0000b"}, "string_pattern_mismatch", id="control character"
        ),
        pytest.param(
            "E01",
            {"data__narrative__trackingHash": "BT-7Q4K-M2XD"},
            "string_pattern_mismatch",
            id="code instead of its hash",
        ),
        pytest.param(
            "E01",
            {"data__narrative__attachments__0__strippedMetadata": False},
            "literal_error",
            id="photo with metadata",
        ),
        pytest.param("E01", {"data__narrative__signs__0": "feeling"}, "literal_error", id="unknown sign"),
        pytest.param("E01", {"data__narrative__recruitChannels__0": "MySpace"}, "enum", id="unknown app"),
        pytest.param("E01", {"data__open__channel": "fax"}, "enum", id="unknown channel"),
        pytest.param("E01", {"data__open__dangerNow": "ya"}, "bool_type", id="truth in words"),
        pytest.param(
            "E01", {"data__safeContact": {"safeContact": "x"}}, "extra_forbidden", id="compartment in camel case"
        ),
        # E02
        pytest.param("E02", {"data__open__routedTo": ["lpsk", "lpsk"]}, "repeats", id="routed twice"),
        pytest.param(
            "E02", {"data__open__routedTo": ["role:police"]}, "string_pattern_mismatch", id="routed to a role"
        ),
        pytest.param("E02", {"data__narrative__sourceReliability": "h"}, "enum", id="reliability h"),
        pytest.param("E02", {"data__narrative__infoCredibility": 7}, "less_than_equal", id="credibility 7"),
        pytest.param("E02", {"data__narrative__infoCredibility": "2"}, "int_type", id="credibility as text"),
        pytest.param("E02", {"data__narrative__reviewedBy": "sari-contohdua"}, "literal_error", id="reviewer by name"),
        pytest.param("E02", {"data__open__priorityAfter": GONE}, "missing", id="no priority"),
        # E03
        pytest.param("E03", {"data__open__tpi": "X0000017"}, "string_pattern_mismatch", id="passport for a checkpoint"),
        pytest.param("E03", {"data__open__tpi": "CONTOHDUA"}, "string_pattern_mismatch", id="name for a checkpoint"),
        pytest.param("E03", {"data__narrative__flags": []}, "too_short", id="ordinary movement"),
        pytest.param("E03", {"data__narrative__flags__0__code": "LOOKED_SAD"}, "literal_error", id="unknown flag"),
        pytest.param("E03", {"data__narrative__tokens": []}, "extra_forbidden", id="match token before its time"),
        pytest.param(
            "E03", {"data__identity__person__nik": "1709015403100000"}, "extra_forbidden", id="NIK of a traveller"
        ),
        pytest.param(
            "E03", {"data__identity__person__phones": ["+628000000001"]}, "extra_forbidden", id="more than the least"
        ),
        pytest.param(
            "E03",
            {"data__identity__person__personRef": "1709015403100000"},
            "string_pattern_mismatch",
            id="NIK as reference",
        ),
        pytest.param(
            "E03", {"data__identity__person__birthDate": "2007-02-30"}, "date_from_datetime_parsing", id="30 February"
        ),
        pytest.param("E03", {"data__identity": GONE}, "missing", id="crossing of nobody"),
        pytest.param("E03", {"data__open__groupSize": 0}, "greater_than_equal", id="empty group"),
        pytest.param("E03", {"data__open__decision": "detained"}, "enum", id="unknown decision"),
        # E07
        pytest.param("E07", {"data__open__msgType": "Update"}, "references_missing", id="update of nothing"),
        pytest.param("E07", {"data__open__references": [EVENT, EVENT]}, "repeats", id="reference twice"),
        pytest.param("E07", {"data__open__references": [CASE]}, "string_too_long", id="reference to a case"),
        pytest.param(
            "E07", {**_ACK, "data__narrative": {"headline": "x"}}, "ack_state", id="acknowledgement without state"
        ),
        pytest.param(
            "E07",
            {"data__narrative": {"ackBy": "police", "ackState": "acting"}},
            "ack_state",
            id="state without acknowledgement",
        ),
        pytest.param("E07", {"data__narrative": {}}, "alert_or_ack", id="alert that says nothing"),
        pytest.param("E07", {"data__narrative__ackState": "acting"}, "alert_or_ack", id="alert and acknowledgement"),
        pytest.param(
            "E07", {**_ACK, "data__narrative": {"ackState": "acting"}}, "ack_incomplete", id="acknowledged by nobody"
        ),
        pytest.param("E07", {"data__narrative__headline": "x" * 161}, "string_too_long", id="long headline"),
        pytest.param(
            "E07", {"data__narrative__headline": "a\nb"}, "string_pattern_mismatch", id="headline of two lines"
        ),
        pytest.param("E07", {"data__narrative__params": {"k": 1}}, "string_type", id="parameter that is no text"),
        pytest.param(
            "E07", {"data__narrative__params": {f"k{n}": "v" for n in range(17)}}, "too_long", id="many parameters"
        ),
        pytest.param("E07", {"data__place__point": "102,3"}, "string_pattern_mismatch", id="no point"),
        pytest.param("E07", {"data__open__category": "Met"}, "enum", id="weather"),
        pytest.param("E07", {"data__open__nexus": "politics"}, "enum", id="unknown nexus"),
        pytest.param("E07", {"data__open__headline": "x"}, "extra_forbidden", id="words in the open part"),
        # E11
        pytest.param("E11", {"data__narrative__victimNames": ["x"]}, "extra_forbidden", id="victims by name"),
        pytest.param("E11", {"data__narrative__victimCounts__menAdult": -1}, "greater_than_equal", id="negative count"),
        pytest.param("E11", {"data__narrative__articles": []}, "too_short", id="no charge"),
        pytest.param("E11", {"data__narrative__articles__0__version": GONE}, "missing", id="charge without version"),
        pytest.param("E11", {"data__narrative__modus": ["sihir"]}, "literal_error", id="unknown modus"),
        pytest.param(
            "E11", {"data__narrative__lpNumber__canonical": "LP/17"}, "string_pattern_mismatch", id="no report number"
        ),
        pytest.param(
            "E11",
            {"data__narrative__lpNumber__original": "LP/A/18/VIII/2026/SPKT/POLRES"},
            "lp_canonical",
            id="two report numbers",
        ),
        pytest.param("E11", {"data__open__lpNumber": "LP"}, "extra_forbidden", id="report number in the open part"),
        # E15
        pytest.param("E15", {"data__open__change": "withdrawn"}, "deadline_missing", id="withdrawal without deadline"),
        pytest.param(
            "E15",
            {"data__open__change": "narrowed", "data__open__deadline": "2026-08-10T11:20:43+07:00"},
            "deadline_exact",
            id="narrowing to the second",
        ),
        pytest.param("E15", {"data__narrative__evidence": GONE}, "consent_unproven", id="grant without proof"),
        pytest.param("E15", {"data__narrative__scopes": []}, "consent_unproven", id="grant of nothing"),
        pytest.param(
            "E15",
            {"data__narrative__guardianConflict": True, "data__narrative__givenBy": "guardian"},
            "guardian_conflict",
            id="guardian in conflict speaks",
        ),
        *[
            pytest.param(
                "E15",
                {"data__open__change": change, "data__open__deadline": "2026-08-10T11:22:00+07:00"},
                "withheld_on_withdrawal",
                id=f"{change}, and a holder is not to know",
            )
            for change in ("withdrawn", "expired")
        ],
        pytest.param("E15", {"data__identity": GONE}, "missing", id="consent of nobody"),
        pytest.param("E15", {"data__narrative__promptsCovered__0": "x"}, "enum", id="eighth prompt"),
        pytest.param(
            "E15", {"data__narrative__alternativeBasis": "pdp20-2-a"}, "literal_error", id="consent instead of consent"
        ),
        pytest.param(
            "E15",
            {"data__narrative__evidence__recordedAt": "2026-08-07"},
            "string_pattern_mismatch",
            id="proof without hour",
        ),
        pytest.param(
            "E15", {"data__narrative__scopes__0__dataClass": "all"}, "literal_error", id="consent to everything"
        ),
        # E16
        pytest.param("E16", {"data__open__consentState": GONE}, "missing", id="referral without consent state"),
        pytest.param("E16", {"data__open__consentState": "assumed"}, "enum", id="consent assumed"),
        pytest.param("E16", {"data__open__service": "detention"}, "literal_error", id="unknown service"),
        pytest.param("E16", {"data__open__timeframe": "2_days"}, "enum", id="unknown timeframe"),
        pytest.param(
            "E16", {"data__safe_contact__contactSafety": GONE}, "missing", id="number without rules for calling"
        ),
        pytest.param(
            "E16", {"data__safe_contact__phones": ["08000000001"]}, "string_pattern_mismatch", id="number not E.164"
        ),
        pytest.param("E16", {"data__narrative__handoverPlan": "x"}, "extra_forbidden", id="place in the narrative"),
        pytest.param("E16", {"data__health": {}}, "extra_forbidden", id="compartment that the type has not"),
        # E17
        pytest.param("E17", {"data__open__state": "rejected"}, "reason_missing", id="rejection without reason"),
        pytest.param(
            "E17",
            {"data__open__state": "rejected", "data__narrative": GONE},
            "reason_missing",
            id="rejection without narrative",
        ),
        pytest.param("E17", {"data__open__reasonCode": "unsafe"}, "extra_forbidden", id="reason in the open part"),
        pytest.param("E17", {"data__open__state": "in_progress"}, "enum", id="unknown state"),
        pytest.param("E17", {"data__open__note": "x"}, "extra_forbidden", id="note in the open part"),
    ],
)
def test_what_a_type_refuses(number: str, changes: dict[str, Any], expected: str) -> None:
    """Each broken rule is found, and named by its code."""
    assert expected in refused(number, **changes)


def test_a_compartment_is_checked_alone() -> None:
    """A recipient who opens one compartment is not at the mercy of what it cannot open."""
    narrative = kind("E07").compartments["narrative"].__pydantic_validator__
    assert codes(narrative, {"description": "x"}) == {"alert_or_ack"}
    assert codes(narrative, {"headline": "x"}) == set()
