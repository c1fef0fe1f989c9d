"""The rules of travel documents, deferrals and requests to watch."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from tests.unit.schemas.samples import GONE, changed, codes, cover, example, kind, refused

_MADE = datetime(2026, 8, 5, 7, 20, tzinfo=UTC)
_DEFERRAL = timedelta(days=180)


@pytest.mark.parametrize(
    ("number", "changes"),
    [
        pytest.param("E04", {"data__identity__holderRef": GONE}, id="document of nobody known"),
        pytest.param("E04", {"data__narrative__reportRef": GONE}, id="no police report"),
        pytest.param("E04", {"data__identity__doc": {"docType": "P", "number": "X1", "issuer": "IDN"}}, id="least doc"),
        pytest.param("E05", {"data__narrative__declaredDestination": GONE}, id="destination not said"),
        pytest.param("E06", {"data__identity__person": GONE}, id="vehicle alone"),
        pytest.param("E06", {"data__identity__vehicle": GONE}, id="person alone"),
        pytest.param(
            "E06", {"data__identity__person__aliases": ["SARI"], "data__identity__person__ageYears": 17}, id="in full"
        ),
        pytest.param(
            "E06", {"data__identity": {"doc": {"docType": "P", "number": "X1", "issuer": "IDN"}}}, id="document alone"
        ),
        pytest.param("E06", {"data__identity__vehicle__plate": GONE}, id="plate not read"),
        pytest.param("E06", {"expirytime": GONE}, id="watch that ends by its own field"),
    ],
)
def test_what_is_allowed(number: str, changes: dict[str, Any]) -> None:
    """Good variants pass."""
    assert refused(number, **changes) == set()


@pytest.mark.parametrize(
    ("number", "changes", "expected"),
    [
        # E04
        pytest.param("E04", {"data__open__statusCode": "expired"}, "enum", id="unknown status"),
        pytest.param("E04", {"data__narrative__notSltd": False}, "literal_error", id="claims to have told INTERPOL"),
        pytest.param("E04", {"data__narrative__notSltd": GONE}, "missing", id="does not say that INTERPOL is not told"),
        pytest.param("E04", {"data__identity__doc": GONE}, "missing", id="status of no document"),
        pytest.param(
            "E04", {"data__identity__doc__checks__birth": False}, "mrz_check_digit", id="check digit said to be wrong"
        ),
        pytest.param("E04", {"data__identity__holder": {"givenName": "x"}}, "extra_forbidden", id="holder by name"),
        pytest.param(
            "E04", {"data__identity__holderRef": "1709015403100000"}, "string_pattern_mismatch", id="holder by NIK"
        ),
        pytest.param("E04", {"data__open__number": "X0000017"}, "extra_forbidden", id="number in the open part"),
        pytest.param("E04", {"data__narrative__reportRef__original": "LP/A/18"}, "lp_canonical", id="two numbers"),
        pytest.param("E04", {"data__narrative__circumstance": GONE}, "missing", id="no circumstance"),
        # E05
        pytest.param("E05", {"expirytime": GONE}, "expiry_missing", id="deferral for ever"),
        pytest.param("E05", {"expirytime": "2027-02-01T14:20:01+07:00"}, "expiry_late", id="180 days and a second"),
        pytest.param("E05", {"expirytime": "2026-08-05T14:20:00+07:00"}, "expires_before_time", id="expires at once"),
        pytest.param("E05", {"data__open__reasonCode": "blacklisted"}, "enum", id="unknown reason"),
        pytest.param("E05", {"data__identity": GONE}, "missing", id="deferral of nobody"),
        pytest.param(
            "E05", {"data__identity__applicant__phones": ["+628000000001"]}, "extra_forbidden", id="more than the least"
        ),
        pytest.param("E05", {"data__narrative__contactTokens": []}, "extra_forbidden", id="token before its time"),
        pytest.param("E05", {"data__narrative__companions": -1}, "greater_than_equal", id="fewer than none"),
        pytest.param("E05", {"data__narrative__reviewDue": GONE}, "missing", id="never looked at again"),
        pytest.param("E05", {"data__narrative__declaredDestination": "SGP"}, "string_too_long", id="alpha-3"),
        # E06
        pytest.param("E06", {"data__identity": {}}, "watch_for_nothing", id="nothing to look for"),
        pytest.param("E06", {"data__open__validUntil": "2026-08-06T08:30:00+07:00"}, "watch_over", id="over at once"),
        pytest.param("E06", {"data__open__validUntil": GONE}, "missing", id="for ever"),
        pytest.param("E06", {"data__open__watchType": "cegah"}, "enum", id="travel ban"),
        pytest.param(
            "E06", {"data__open__approvalRef": "SPRIN/17"}, "string_pattern_mismatch", id="number of the order"
        ),
        pytest.param(
            "E06", {"data__open__approvalRef": "7" * 64}, "string_too_long", id="hash of the order, which can be undone"
        ),
        pytest.param("E06", {"data__identity__person__nik": "1709015403100000"}, "extra_forbidden", id="NIK"),
        pytest.param("E06", {"data__narrative__permittedAction__pap": GONE}, "missing", id="action without level"),
        pytest.param("E06", {"data__narrative__permittedAction__pap": "white"}, "enum", id="unknown level"),
        pytest.param("E06", {"data__narrative__contactDesk": GONE}, "missing", id="nobody to tell"),
        pytest.param("E06", {"data__identity__vehicle__plate": "bd 1"}, "string_pattern_mismatch", id="small letters"),
        pytest.param("E06", {"data__identity__vehicle__description": GONE}, "missing", id="vehicle without words"),
        pytest.param("E06", {"data__identity__tokens": []}, "extra_forbidden", id="token to look for"),
    ],
)
def test_what_is_refused(number: str, changes: dict[str, Any], expected: str) -> None:
    """Each broken rule is found, and named by its code."""
    assert expected in refused(number, **changes)


@given(days=some.timedeltas(timedelta(microseconds=1), timedelta(days=400)))
def test_a_deferral_is_forgotten_within_180_days(days: timedelta) -> None:
    """It is accepted exactly if it expires within them, to the microsecond."""
    found = refused("E05", time=_MADE.isoformat(), expirytime=(_MADE + days).isoformat())
    assert found == (set() if days <= _DEFERRAL else {"expiry_late"})


def test_a_recipient_holds_a_deferral_to_it_too() -> None:
    """A cover without expiry or with a late one is refused, also by who opens nothing else."""
    reader = kind("E05").cover
    assert codes(reader, cover("E05", expirytime=GONE)) == {"expiry_missing"}
    assert codes(reader, cover("E05", expirytime="2027-08-06T01:20:00Z")) == {"expiry_late"}


def test_a_recipient_refuses_a_watch_that_is_over() -> None:
    """The same rule holds for draft and cover."""
    over = cover("E06", time="2026-08-09T16:59:00Z", expirytime="2026-08-10T00:00:00Z")
    assert codes(kind("E06").cover, over) == {"watch_over"}


def test_rounding_does_not_break_a_deferral() -> None:
    """A node rounds the time down and the expiry up; what a draft may say, its cover may say too."""
    made, expires = _MADE + timedelta(microseconds=1), _MADE + timedelta(microseconds=1) + _DEFERRAL
    assert refused("E05", time=made.isoformat(), expirytime=expires.isoformat()) == set()
    up = (expires + timedelta(seconds=1)).replace(microsecond=0)
    rounded = cover("E05", time=_MADE.strftime("%Y-%m-%dT%H:%M:%SZ"), expirytime=up.strftime("%Y-%m-%dT%H:%M:%SZ"))
    assert codes(kind("E05").cover, rounded) == set()
    longer = (up + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert codes(kind("E05").cover, {**rounded, "expirytime": longer}) == {"expiry_late"}


def test_nobody_is_looked_for_where_a_vehicle_is() -> None:
    """A request about a vehicle concerns no one person."""
    document = changed(example("E06"), data__identity__person=GONE)
    data = kind("E06").data.model_validate_json(json.dumps(document["data"]))
    assert data.person_ref() is None
