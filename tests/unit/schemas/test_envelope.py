"""What an event says about itself, as a draft and as a cover."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from schemas.catalogue import KINDS
from tests.unit.schemas.samples import CASE, EVENT, GONE, changed, codes, cover, example, kind, refused

_LONG = "a" * 201


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({}, id="as shipped"),
        pytest.param(
            dict.fromkeys(("specversion", "id", "source", "subject", "area", "expirytime"), GONE),
            id="whatever the node can derive is absent",
        ),
        pytest.param({"subject": CASE}, id="case URN"),
        pytest.param({"subject": "09/PPA-BT/VIII/2026"}, id="native case reference"),
        pytest.param({"audience": "role:police"}, id="a role"),
        pytest.param({"area": "17"}, id="a province"),
        pytest.param({"time": "2026-08-06T01:20:00Z"}, id="UTC"),
        pytest.param({"time": "2026-08-06T01:20:00.123456-02:30"}, id="fraction and negative offset"),
        pytest.param({"correlationid": EVENT, "causationid": EVENT}, id="causes"),
        pytest.param({"datacontenttype": "application/json"}, id="content type"),
        pytest.param({"tlp": "amber+strict", "pap": "clear", "status": "Actual"}, id="other codes"),
    ],
)
def test_a_good_draft_is_accepted(changes: dict[str, Any]) -> None:
    """What the envelope allows passes."""
    assert refused("E07", **changes) == set()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"specversion": "0.3"}, "literal_error", id="other CloudEvents version"),
        pytest.param({"id": ""}, "string_too_short", id="empty id"),
        pytest.param({"id": _LONG}, "string_too_long", id="long id"),
        pytest.param({"id": "a\u202eb"}, "string_pattern_mismatch", id="direction override in id"),
        pytest.param({"source": "urn:simpul:agency:Polres"}, "string_pattern_mismatch", id="upper case source"),
        pytest.param({"source": "polres-bengkulu-tengah"}, "string_pattern_mismatch", id="bare source"),
        pytest.param({"type": "id.simpul.case.registered.v1"}, "literal_error", id="another type"),
        pytest.param({"time": GONE}, "missing", id="no time"),
        pytest.param({"time": "2026-08-06T08:20:00"}, "string_pattern_mismatch", id="no offset"),
        pytest.param({"time": "2026-08-06 08:20:00+07:00"}, "string_pattern_mismatch", id="space for T"),
        pytest.param({"time": "2026-08-06T08:20+07:00"}, "string_pattern_mismatch", id="no seconds"),
        pytest.param({"time": "2026-02-30T08:20:00+07:00"}, "datetime_from_date_parsing", id="30 February"),
        pytest.param({"time": "1785975600"}, "string_pattern_mismatch", id="seconds since 1970"),
        pytest.param({"time": 1785975600}, "string_type", id="a number for a time"),
        pytest.param({"time": "٢٠٢٦-08-06T08:20:00Z"}, "string_pattern_mismatch", id="digits of another script"),
        pytest.param({"subject": _LONG}, "string_too_long", id="long subject"),
        pytest.param(
            {"subject": CASE.upper().replace("URN:SIMPUL:CASE", "urn:simpul:case")}, "subject_case", id="upper UUID"
        ),
        pytest.param({"subject": "urn:simpul:case:17"}, "subject_case", id="case URN without UUID"),
        pytest.param({"datacontenttype": "text/plain"}, "literal_error", id="other content type"),
        pytest.param({"audience": ""}, "string_pattern_mismatch", id="nobody"),
        pytest.param({"audience": GONE}, "missing", id="no audience"),
        pytest.param({"audience": ["lpsk"]}, "string_type", id="audience as a list"),
        pytest.param({"audience": "lpsk  bnpt"}, "string_pattern_mismatch", id="two spaces"),
        pytest.param({"audience": "lpsk "}, "string_pattern_mismatch", id="trailing space"),
        pytest.param({"audience": "LPSK"}, "string_pattern_mismatch", id="upper case agency"),
        pytest.param({"audience": "role:"}, "string_pattern_mismatch", id="empty role"),
        pytest.param({"audience": "lpsk lpsk"}, "audience_repeats", id="named twice"),
        pytest.param({"audience": " ".join(f"agency-{n}" for n in range(300))}, "string_too_long", id="crowd"),
        pytest.param({"purpose": "curiosity"}, "enum", id="unknown purpose"),
        pytest.param({"basis": "pdp20-2-g"}, "enum", id="unknown basis"),
        pytest.param({"lawref": "uu1-1946"}, "literal_error", id="unknown law"),
        pytest.param({"tlp": "white"}, "enum", id="TLP 1"),
        pytest.param({"pap": "white"}, "enum", id="PAP 2"),
        pytest.param({"priority": "P4"}, "enum", id="unknown priority"),
        pytest.param({"status": "Draft"}, "enum", id="status that CAP has and we have not"),
        pytest.param({"area": "17.09.03"}, "string_too_long", id="finer than a regency"),
        pytest.param({"area": None}, "string_type", id="null"),
        pytest.param({"correlationid": EVENT.upper()}, "string_pattern_mismatch", id="upper case UUID"),
        pytest.param({"expirytime": "2026-08-06T08:20:00+07:00"}, "expires_before_time", id="expires at once"),
        pytest.param({"notice": "idsecret-1"}, "extra_forbidden", id="notice, which the node sets"),
        pytest.param(
            {"dataschema": "urn:simpul:schema:sha256:00"}, "extra_forbidden", id="schema, which the node sets"
        ),
        pytest.param({"nik": "1709015403100000"}, "extra_forbidden", id="unknown attribute"),
        pytest.param({"data": GONE}, "missing", id="no data"),
    ],
)
def test_a_bad_draft_is_refused(changes: dict[str, Any], expected: str) -> None:
    """Each fault is found, and named by its code."""
    assert expected in refused("E07", **changes)


def test_times_become_values() -> None:
    """A time is read with its offset."""
    draft = kind("E07").draft.validate_json(json.dumps(example("E07")).encode())
    assert draft.time == datetime(2026, 8, 6, 1, 20, tzinfo=UTC)


@pytest.mark.parametrize("number", ["E02", "E17"])
def test_an_answer_names_its_cause(number: str) -> None:
    """A triage and a response without causationid are refused, as draft and as cover."""
    assert refused(number, causationid=GONE) == {"answer_without_cause"}
    assert codes(kind(number).cover, cover(number, causationid=GONE)) == {"answer_without_cause"}


def test_an_acknowledgement_names_its_cause() -> None:
    """Of alerts only the Ack is an answer."""
    ack = changed(
        example("E07"),
        data__open__msgType="Ack",
        data__open__references=[EVENT],
        data__narrative={"ackBy": "immigration", "ackState": "acting"},
    )
    assert codes(kind("E07").draft, ack) == {"answer_without_cause"}
    assert codes(kind("E07").draft, changed(ack, causationid=EVENT)) == set()
    of_ack = cover("E07", data__open__msgType="Ack", data__open__references=[EVENT])
    assert codes(kind("E07").cover, of_ack) == {"answer_without_cause"}
    assert codes(kind("E07").cover, changed(of_ack, causationid=EVENT)) == set()


@pytest.mark.parametrize("number", [one.number for one in KINDS])
def test_a_good_cover_is_accepted(number: str) -> None:
    """Of each type a cover passes."""
    assert codes(kind(number).cover, cover(number)) == set()


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"subject": GONE}, id="no case"),
        pytest.param({"data__parts": [], "notice": GONE}, id="open part alone"),
        pytest.param(
            {"data__parts": ["narrative"], "data__withheld": {"identity": "agreement.deny"}, "notice": GONE},
            id="identity withheld",
        ),
        pytest.param({"data__parts": ["narrative"], "data__withheld": {"place": "a1"}}, id="notice without identity"),
        pytest.param({"area": "17.09", "expirytime": "2026-09-01T00:00:00Z", "correlationid": EVENT}, id="all else"),
        pytest.param({"audience": "lpsk"}, id="one reader"),
    ],
)
def test_a_good_cover_of_a_referral_is_accepted(changes: dict[str, Any]) -> None:
    """What may differ from copy to copy passes."""
    assert codes(kind("E16").cover, cover("E16", **changes)) == set()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        *(
            pytest.param({name: GONE}, "missing", id=f"no {name}")
            for name in ("specversion", "id", "source", "type", "time", "datacontenttype", "dataschema", "audience")
        ),
        *(
            pytest.param({name: GONE}, "missing", id=f"no {name}")
            for name in ("purpose", "basis", "lawref", "tlp", "pap", "priority", "status", "data")
        ),
        pytest.param({"id": "RUJUK-2026-0007"}, "string_pattern_mismatch", id="native id"),
        pytest.param({"id": EVENT.upper()}, "string_pattern_mismatch", id="upper case id"),
        pytest.param({"subject": "BKS-1"}, "string_pattern_mismatch", id="native case reference"),
        pytest.param({"type": "id.simpul.alert.issued.v1"}, "literal_error", id="another type"),
        pytest.param({"time": "2026-08-06T08:20:00+07:00"}, "string_too_long", id="time not in UTC"),
        pytest.param({"time": "2026-08-06T01:20:00.5Z"}, "string_too_long", id="fraction of a second"),
        pytest.param({"dataschema": "urn:simpul:schema:sha256:00"}, "string_pattern_mismatch", id="short digest"),
        pytest.param({"audience": "role:police"}, "string_pattern_mismatch", id="a role"),
        pytest.param({"audience": "lpsk bnpt"}, "audience_order", id="audience not sorted"),
        pytest.param({"audience": "lpsk lpsk"}, "audience_order", id="named twice"),
        pytest.param({"audience": ""}, "string_pattern_mismatch", id="nobody"),
        pytest.param({"notice": GONE}, "notice_missing", id="identity without notice"),
        pytest.param({"notice": "idsecret-2"}, "enum", id="unknown notice"),
        pytest.param({"expirytime": "2026-08-06T01:20:00Z"}, "expires_before_time", id="expires at once"),
        pytest.param({"data__parts": ["narrative", "identity"]}, "parts_order", id="parts out of order"),
        pytest.param({"data__parts": ["identity", "identity"]}, "parts_order", id="part twice"),
        pytest.param({"data__parts": ["health"]}, "literal_error", id="part that the type has not"),
        pytest.param({"data__parts": ["cover"]}, "literal_error", id="part that nothing has"),
        pytest.param({"data__parts": GONE}, "missing", id="no list of parts"),
        pytest.param({"data__withheld": {}}, "too_short", id="empty list of what is withheld"),
        pytest.param({"data__withheld": {"place": "denied"}}, "part_withheld", id="present and withheld"),
        pytest.param({"data__withheld": {"safe_contact": "denied"}}, "literal_error", id="safe contact mentioned"),
        pytest.param({"data__withheld": {"health": "denied"}}, "literal_error", id="health mentioned"),
        pytest.param({"data__withheld": {"network": "denied"}}, "literal_error", id="withheld what the type has not"),
        pytest.param(
            {"data__parts": ["narrative"], "data__withheld": {"place": "Too Open"}},
            "string_pattern_mismatch",
            id="code in words",
        ),
        pytest.param({"data__identity": {"person": {}}}, "extra_forbidden", id="a compartment in the cover"),
        pytest.param({"data__open__consentState": GONE}, "missing", id="bad open part"),
        pytest.param({"audit": 1}, "extra_forbidden", id="unknown attribute"),
    ],
)
def test_a_bad_cover_is_refused(changes: dict[str, Any], expected: str) -> None:
    """Each fault is found, and named by its code."""
    assert expected in codes(kind("E16").cover, cover("E16", **changes))


def test_a_cover_checks_its_open_part() -> None:
    """Rules that bind several fields of the open part hold for covers, too."""
    assert codes(kind("E07").cover, cover("E07", data__open__msgType="Update")) == {"references_missing"}
