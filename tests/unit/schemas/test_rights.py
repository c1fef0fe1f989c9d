"""Duties name whom they are owed to and by when; a breach says what the law wants told."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.schemas.samples import CASE, GONE, changed, codes, cover, example, kind, refused

_BREACH: dict[str, Any] = example("E25")["data"]["narrative"]["breach"]
_NOBODY = {"data__narrative__personRef": GONE}
_DUTIES = ["rectify", "restrict", "erase", "destroy"]
_ERASE = {"data__open__duty": "erase", "data__narrative__breach": GONE}


@pytest.mark.parametrize(
    "changes",
    [
        *(pytest.param({**_ERASE, "data__open__duty": duty}, id=duty) for duty in _DUTIES),
        pytest.param({**_ERASE, **_NOBODY, "data__narrative__caseRef": CASE}, id="a case"),
        pytest.param({**_ERASE, "data__narrative__caseRef": CASE}, id="a person and a case"),
        pytest.param(_NOBODY, id="breach about nobody in particular"),
        pytest.param({"data__open__legalHold": True}, id="held for a legal case"),
    ],
)
def test_what_a_duty_may_say(changes: dict[str, Any]) -> None:
    """Good variants pass."""
    assert refused("E25", **changes) == set()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"data__open__duty": "forget"}, "enum", id="unknown duty"),
        pytest.param({"data__open__deadline": GONE}, "missing", id="no deadline"),
        pytest.param({"data__open__legalHold": GONE}, "missing", id="legal hold unsaid"),
        pytest.param({"data__open__personRef": "p-1"}, "extra_forbidden", id="person in the open part"),
        pytest.param({"data__narrative__caseRef": "LP/A/17"}, "string_pattern_mismatch", id="report number as case"),
        pytest.param({"data__narrative__scope": GONE}, "missing", id="no scope"),
    ],
)
def test_what_a_duty_may_not_say(changes: dict[str, Any], expected: str) -> None:
    """Each broken rule is found, and named by its code."""
    assert expected in refused("E25", **changes)


@given(duty=st.sampled_from([*_DUTIES, "breach"]), told=st.booleans(), person=st.booleans(), case=st.booleans())
def test_a_breach_has_its_details_and_any_other_duty_its_person_or_case(
    duty: str,
    told: bool,  # noqa: FBT001
    person: bool,  # noqa: FBT001
    case: bool,  # noqa: FBT001
) -> None:
    """Each combination of duty, details, person and case is taken or refused by these two rules alone."""
    changes: dict[str, Any] = {} if person else dict(_NOBODY)
    changes |= {"data__narrative__caseRef": CASE} if case else {}
    changes |= {} if told else {"data__narrative__breach": GONE}
    expected = set()
    if (duty == "breach") is not told:
        expected = {"breach_details"}
    elif duty != "breach" and not person and not case:
        expected = {"duty_on_nobody"}
    assert refused("E25", data__open__duty=duty, **changes) == expected


@pytest.mark.parametrize("name", sorted(_BREACH))
def test_a_breach_is_told_in_full(name: str) -> None:
    """Nothing that the law wants told may be missing."""
    assert "missing" in refused("E25", **{f"data__narrative__breach__{name}": GONE})


@pytest.mark.parametrize(
    ("exposed", "expected"),
    [
        pytest.param([], "too_short", id="nothing exposed"),
        pytest.param(["identity", "identity"], "repeats", id="one kind twice"),
        pytest.param(["SARI CONTOHDUA"], "literal_error", id="the data themselves"),
    ],
)
def test_a_breach_names_kinds_of_data(exposed: list[str], expected: str) -> None:
    """Kinds, each once, and never what was exposed."""
    assert expected in refused("E25", data__narrative__breach__dataExposed=exposed)


def test_a_breach_may_concern_no_one_person() -> None:
    """Then the case, or the event, is what is forgotten together."""
    document = changed(example("E25"), **_NOBODY)
    assert kind("E25").draft.validate_json(json.dumps(document).encode()).data.person_ref() is None


_TIME = datetime(2026, 8, 20, 2, 14, 59, tzinfo=UTC)
_ROUNDED = datetime(2026, 8, 20, 2, 0, tzinfo=UTC)
_TERM = timedelta(hours=72)
_QUARTER = timedelta(minutes=15)
_LEFT = st.timedeltas(timedelta(hours=-1), timedelta(hours=80))
_AT_A_MARK = st.integers(-4, 320).map(lambda quarters: _ROUNDED + quarters * _QUARTER - _TIME)
_NARROWED = {"data__open__change": "narrowed"}


def _judged(left: timedelta) -> set[str]:
    if left < timedelta(0):
        return {"deadline_past"}
    return {"deadline_late"} if left > _TERM else {"deadline_exact"} if (_TIME + left - _ROUNDED) % _QUARTER else set()


@pytest.mark.parametrize(("number", "changes"), [("E15", _NARROWED), ("E25", {}), ("E25", _ERASE)])
@given(left=_LEFT | _AT_A_MARK)
def test_a_deadline_lies_within_three_days(number: str, changes: dict[str, Any], left: timedelta) -> None:
    """UU 27/2022: 3x24 hours, and not before the event; and at a mark that does not tell the minute of the event."""
    said = {**changes, "data__open__deadline": (_TIME + left).isoformat()}
    assert refused(number, time=_TIME.isoformat(), **said) == _judged(left)


@pytest.mark.parametrize(("number", "changes"), [("E15", _NARROWED), ("E25", {})])
def test_rounding_does_not_break_a_deadline(number: str, changes: dict[str, Any]) -> None:
    """A recipient takes the whole of the term, counted from before the time was rounded, and not an hour more."""
    said = {**changes, "time": _ROUNDED.strftime("%Y-%m-%dT%H:%M:%SZ")}
    last = (_ROUNDED + _TERM + _QUARTER).isoformat()
    assert codes(kind(number).cover, cover(number, **said, data__open__deadline=last)) == set()
    later = (_TIME + _TERM + timedelta(hours=1)).isoformat()
    assert codes(kind(number).cover, cover(number, **said, data__open__deadline=later)) == {"deadline_late"}


@pytest.mark.parametrize("priority", ["P1", "P2", "P3"])
def test_nothing_comes_before_a_breach(priority: str) -> None:
    """Draft and cover of a breach have priority P0; other duties need not."""
    assert refused("E25", priority=priority) == {"priority_low"}
    assert codes(kind("E25").cover, cover("E25", priority=priority)) == {"priority_low"}
    assert refused("E25", priority=priority, **_ERASE) == set()
