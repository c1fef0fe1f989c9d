"""Draft to Checked."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest

from broker.errors import InvalidEventError
from broker.limits import MAX_CONTENT, MAX_VALUE_BYTES
from broker.names import AgencyId, PartName, derived_uuid
from broker.stages import Checked
from broker.validation import check
from broker.validation.limits import require_fitting, value_size
from schemas.catalogue import find
from tests.unit.validation.bodies import NUMBERS, SECRET, body, checked, draft

POLICE = AgencyId("polres-bengkulu-tengah")


def _check(event: dict[str, Any] | bytes) -> Checked:
    return check(draft(event), source=POLICE, secret=SECRET)


@pytest.mark.parametrize("number", NUMBERS)
def test_example_is_checked_and_its_cover_is_one_that_recipients_accept(number: str) -> None:
    """Every example passes, and attributes with an audience and the open part make a valid cover."""
    result = checked(number, POLICE)
    data = {"open": orjson.Fragment(result.open_json), "parts": list(result.compartments)}
    cover = orjson.dumps({**result.attributes, "audience": "bnpt", "data": data})
    assert result.kind.cover.validate_json(cover).id == result.event_id


def test_attributes_stand_in_one_order() -> None:
    """Two drafts of one type, written in different orders, have their attributes in the same order."""
    event = body("E16")
    backwards = dict(reversed(event.items()))
    assert list(_check(event).attributes) == list(_check(backwards).attributes)
    assert list(_check(event).attributes)[:4] == ["specversion", "id", "source", "type"]


def test_id_is_derived_from_origin_and_type() -> None:
    """The same record, revision and type give the same id, whatever the draft calls itself; a new revision another."""
    one = check(draft(body("E07", id="A")), source=POLICE, secret=SECRET)
    same = check(draft(body("E07", id="B", priority="P1")), source=POLICE, secret=SECRET)
    revised = check(draft(body("E07"), revision="2"), source=POLICE, secret=SECRET)
    other_type = check(draft(body("E11")), source=POLICE, secret=SECRET)
    assert one.event_id == same.event_id
    assert one.event_id == derived_uuid(SECRET, "simpul/event/v1", "case-app", "17", "1", one.kind.type)
    assert len({one.event_id, revised.event_id, other_type.event_id}) == 3
    assert one.attributes["id"] == one.event_id


def test_case_is_derived_from_the_agencys_reference_alone() -> None:
    """Two types and systems that name the same case get one subject; another node's secret gives another."""
    alert = checked("E07", POLICE, subject="LP/A/17")
    case = checked("E11", POLICE, subject="LP/A/17")
    elsewhere = check(draft(body("E07", subject="LP/A/17")), source=POLICE, secret=bytes(32))
    assert alert.attributes["subject"] == case.attributes["subject"]
    assert alert.attributes["subject"].startswith("urn:simpul:case:")
    assert elsewhere.attributes["subject"] != alert.attributes["subject"]
    assert b"LP/A/17" not in orjson.dumps(dict(alert.attributes))


def test_case_urn_is_kept() -> None:
    """An answer reuses the subject that it answers."""
    urn = "urn:simpul:case:5f1b1a0e-6f0e-8c56-9d39-0b2f6a3f0001"
    assert checked("E17", POLICE, subject=urn).attributes["subject"] == urn


@pytest.mark.parametrize(
    ("number", "changes", "unit"),
    [
        pytest.param("E16", {"data__identity__person__personRef": "P7"}, "{subject}|P7", id="a person in a case"),
        pytest.param("E07", {}, "{subject}", id="a case"),
        pytest.param("E07", {"subject": None}, "{id}", id="neither"),
        pytest.param("E16", {"subject": None}, "{id}", id="a person without a case is named by nothing else"),
    ],
)
def test_erasure_unit(number: str, changes: dict[str, Any], unit: str) -> None:
    """The unit is the person within the case, else the case, else the event."""
    result = checked(number, POLICE, **changes)
    assert result.erasure_unit == unit.format(subject=result.attributes.get("subject"), id=result.event_id)


@pytest.mark.parametrize(
    ("number", "time", "written"),
    [
        pytest.param("E07", "2026-08-06T08:20:13.9+07:00", "2026-08-06T01:20:13Z", id="an alert: whole seconds"),
        pytest.param("E16", "2026-08-06T08:29:59+07:00", "2026-08-06T01:15:00Z", id="a referral: a quarter of an hour"),
        pytest.param("E01", "2026-08-06T00:00:00Z", "2026-08-06T00:00:00Z", id="a tip: on the mark"),
        pytest.param("E15", "2026-08-06T05:10:00+05:45", "2026-08-05T23:15:00Z", id="consent: an odd time zone"),
        pytest.param("E03", "2026-08-06T08:29:59Z", "2026-08-06T08:29:59Z", id="the border is not the victim's side"),
        pytest.param("E07", "0312-01-01T00:00:00Z", "0312-01-01T00:00:00Z", id="a year below 1000 has four digits"),
    ],
)
def test_time(number: str, time: str, written: str) -> None:
    """Time is UTC, whole seconds, and on the victim's side rounded down to fifteen minutes."""
    assert checked(number, POLICE, time=time, expirytime=None).attributes["time"] == written


def test_expiry_is_rounded_up() -> None:
    """What expires just after it happened still does once both times are rounded, as every cover must."""
    near = {"time": "2026-08-06T08:01:00Z", "expirytime": "2026-08-06T08:02:00Z"}
    assert checked("E16", POLICE, **near).attributes["expirytime"] == "2026-08-06T08:15:00Z"
    same_second = {"time": "2026-08-06T08:01:00.1Z", "expirytime": "2026-08-06T08:01:00.2Z"}
    assert checked("E07", POLICE, **same_second).attributes["expirytime"] == "2026-08-06T08:01:01Z"
    on_the_mark = {"time": "2026-08-06T08:01:00Z", "expirytime": "2026-08-06T08:15:00Z"}
    assert checked("E16", POLICE, **on_the_mark).attributes["expirytime"] == "2026-08-06T08:15:00Z"


def test_recipients_are_told_apart() -> None:
    """Agencies and roles of the audience come apart, in order."""
    result = checked("E07", POLICE, audience="bnpt role:police lpsk role:ngo")
    assert result.named == ("bnpt", "lpsk")
    assert result.roles == ("police", "ngo")


def test_notice_comes_with_an_identity() -> None:
    """The secrecy notice stands on an event with an identity part, and on no other."""
    assert checked("E03", POLICE).attributes["notice"] == "idsecret-1"
    assert "notice" not in checked("E07", POLICE).attributes


def test_compartments_are_json_in_the_order_of_the_catalogue() -> None:
    """Each compartment that is there is written once, names as in the catalogue, nothing null."""
    event = body("E16")
    event["data"] = dict(reversed(event["data"].items()))
    result = _check(event)
    assert list(result.compartments) == ["identity", "narrative", "place", "safe_contact"]
    assert orjson.loads(result.compartments[PartName("identity")])["person"]["personRef"]
    assert b"null" not in b"".join(result.compartments.values())


TRAPS = [
    pytest.param(b"", "invalid.json", id="nothing"),
    pytest.param(b"[]", "invalid.json", id="no object"),
    pytest.param(b'"id.simpul.alert.issued.v1"', "invalid.json", id="a string"),
    pytest.param(b"\xef\xbb\xbf%s", "invalid.json", id="a byte order mark"),
    pytest.param(b"%s%s", "invalid.json", id="two documents"),
    pytest.param(b'{"a":NaN}', "invalid.json", id="NaN"),
    pytest.param(b'{"a":Infinity}', "invalid.json", id="infinity"),
    pytest.param(b'{"a":1e999}', "invalid.json", id="a number that becomes infinite"),
    pytest.param(b'{"a":"\xff"}', "invalid.json", id="invalid UTF-8"),
    pytest.param(b'{"a":"\xed\xa0\x80"}', "invalid.json", id="a surrogate in UTF-8"),
    pytest.param(b'{"a":"\\ud800"}', "invalid.json", id="a lone surrogate"),
    pytest.param(b'{"a":' + b"[" * 300 + b"]" * 300 + b"}", "invalid.json", id="300 levels"),
    pytest.param(b'{"a":' + b"[" * 30000 + b"]" * 30000 + b"}", "invalid.json", id="30000 levels"),
    pytest.param(b'{"type":1,"type":2}', "invalid.key-twice", id="a name twice"),
    pytest.param(b'{"a":{"b":[{"c":1,"c":1}]}}', "invalid.key-twice", id="a name twice, within"),
    pytest.param(b'{"\\u0061":1,"a":2}', "invalid.key-twice", id="a name twice, once in disguise"),
    pytest.param(b" " * 65536 + b"{}", "invalid.too-large", id="more than 64 KiB"),
    pytest.param(b"{}", "invalid.missing", id="no type"),
    pytest.param(b'{"type":null}', "invalid.missing", id="type null"),
    pytest.param(b'{"type":["x"]}', "invalid.type", id="type no string"),
    pytest.param(b'{"type":"id.simpul.alert.issued.v2"}', "invalid.unknown-type", id="type unknown"),
]


@pytest.mark.parametrize(("raw", "code"), TRAPS)
def test_json_trap(raw: bytes, code: str) -> None:
    """What two readers could understand differently is refused before the catalogue is asked."""
    good = orjson.dumps(body("E07"))
    with pytest.raises(InvalidEventError) as caught:
        _check(raw.replace(b"%s", good))
    assert caught.value.code == code
    assert [fault.code for fault in caught.value.faults] == [code]


def test_spaces_and_escapes_are_no_trap() -> None:
    """A body as a person would write it, indented and escaped, gives the same as a compact one."""
    event = body("E07")
    event["data"]["narrative"]["headline"] = "Awas: é \u200b"
    spaced = json.dumps(event, indent=2, ensure_ascii=True).encode()
    assert _check(spaced).compartments == _check(event).compartments


INVALID = [
    pytest.param("E07", {"data__open__urgency": None}, "invalid.missing", "data.open.urgency", id="missing"),
    pytest.param("E07", {"data__open__urgency": "now"}, "invalid.choice", "data.open.urgency", id="no such code"),
    pytest.param("E07", {"data__open__mayInvolveChild": "yes"}, "invalid.type", "data.open.mayInvolveChild", id="type"),
    pytest.param("E03", {"data__open__groupSize": 0}, "invalid.range", "data.open.groupSize", id="range"),
    pytest.param("E07", {"data__open__ketua": 1}, "invalid.unknown-field", "data.open.?", id="unknown field"),
    pytest.param(
        "E07", {"data__narrative__headline": "x" * 161}, "invalid.length", "data.narrative.headline", id="long"
    ),
    pytest.param("E07", {"time": "yesterday"}, "invalid.format", "time", id="time"),
    pytest.param("E07", {"time": "2026-08-06T08:20:00"}, "invalid.format", "time", id="time without an offset"),
    pytest.param("E07", {"time": "0001-01-01T00:00:00+07:00"}, "invalid.range", "time", id="before the calendar"),
    pytest.param(
        "E07", {"expirytime": "9999-12-31T23:59:59.5Z"}, "invalid.range", "expirytime", id="after the calendar"
    ),
    pytest.param("E07", {"audience": ""}, "invalid.format", "audience", id="no audience"),
    pytest.param("E07", {"audience": "bnpt bnpt"}, "invalid.audience-repeats", "", id="a recipient twice"),
    pytest.param("E17", {"causationid": None}, "invalid.answer-without-cause", "", id="an answer without its cause"),
    pytest.param("E16", {"data__open__consentState": None}, "invalid.missing", "data.open.consentState", id="consent"),
    pytest.param("E07", {"source": "urn:simpul:agency:bnpt"}, "invalid.source", "source", id="another's source"),
    pytest.param("E07", {"lawref": "uu0-0"}, "invalid.choice", "lawref", id="no such law"),
]


@pytest.mark.parametrize(("number", "changes", "code", "path"), INVALID)
def test_invalid(number: str, changes: dict[str, Any], code: str, path: str) -> None:
    """A fault has a code and the path of the field."""
    with pytest.raises(InvalidEventError) as caught:
        checked(number, POLICE, **changes)
    assert caught.value.code == code
    assert [(fault.code, fault.path) for fault in caught.value.faults] == [(code, path)]


def test_several_faults_are_told_together() -> None:
    """Whoever mends an event is told all of it at once."""
    with pytest.raises(InvalidEventError) as caught:
        checked("E07", POLICE, data__open__urgency=None, time="x")
    assert caught.value.code == "invalid.event"
    assert {fault.code for fault in caught.value.faults} == {"invalid.missing", "invalid.format"}


def test_no_value_in_the_error_or_behind_it() -> None:
    """Neither the error, nor anything chained to it, holds what was sent."""
    for event in (body("E07", data__open__urgency="RAHASIA"), b'{"type":"RAHASIA"}', b'{"RAHASIA":1,"RAHASIA":2}'):
        with pytest.raises(InvalidEventError) as caught:
            _check(event)
        seen: list[BaseException] = []
        error: BaseException | None = caught.value
        while error is not None:
            seen.append(error)
            error = error.__cause__ or error.__context__
        assert "RAHASIA" not in repr([(one, one.args, getattr(one, "__dict__", {})) for one in seen])
        assert not any(hasattr(one, "doc") or hasattr(one, "errors") for one in seen)


def test_too_large_names_the_part() -> None:
    """A part beyond 32 KiB, or parts that are together too much, are refused by name."""
    small = {"narrative": b"{}"}
    cases = [
        ("narrative", {"narrative": bytes(MAX_CONTENT + 1)}),
        ("place", {"narrative": bytes(20_000), "place": bytes(20_001)}),
        ("open", small),
    ]
    for name, parts in cases:
        with pytest.raises(InvalidEventError) as caught:
            require_fitting({}, bytes(31_000) if name == "open" else b"{}", parts)  # type: ignore[arg-type]
        assert caught.value.code == "invalid.too-large"
        assert caught.value.faults[0].path == f"data.{name}"
    require_fitting({}, b"{}", {"narrative": bytes(MAX_CONTENT)})  # type: ignore[dict-item]


@pytest.mark.parametrize(
    ("content", "size"),
    [(0, 256), (254, 256), (255, 512), (510, 512), (511, 1024), (32_766, 32_768)],
)
def test_value_size_counts_the_padding(content: int, size: int) -> None:
    """A part is its length, its content and zeros up to a power of two, and 46 bytes about it."""
    assert value_size([content]) == size + 46
    assert value_size([content, 0]) == size + 46 + 256 + 46
    assert value_size([32_766]) <= MAX_VALUE_BYTES


def test_unknown_type_and_known_type_are_found_in_the_catalogue() -> None:
    """The kind of a checked event is the catalogue's own."""
    assert checked("E07", POLICE).kind is find("id.simpul.alert.issued.v1")
