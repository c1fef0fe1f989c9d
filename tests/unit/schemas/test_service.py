"""Case work tells the case manager what is needed; capacity tells everybody nothing but room."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.schemas.samples import GONE, codes, cover, kind, refused


@pytest.mark.parametrize(
    ("number", "changes"),
    [
        pytest.param("E18", {"data__health": GONE}, id="service without health"),
        pytest.param("E18", {"data__narrative": {"personRef": "p-1"}}, id="least service"),
        pytest.param("E18", {"data__health": {"provider": "hospital"}}, id="least of health"),
        pytest.param("E18", {"data__narrative__costIdr": 0}, id="free of charge"),
        pytest.param(
            "E20", {"data__narrative": {"personRef": "p-1", "reTraffickingRisk": "low"}}, id="least follow-up"
        ),
        pytest.param("E20", {"data__narrative__schooling": "attending"}, id="schooling as a code"),
        pytest.param("E21", {"data__open__languages": GONE}, id="languages unsaid"),
        pytest.param("E21", {"data__open__slotsBand": ">5"}, id="much room"),
        pytest.param("E21", {"data__open__slotsBand": "0", "priority": "P1"}, id="no room"),
    ],
)
def test_what_a_type_allows(number: str, changes: dict[str, Any]) -> None:
    """Good variants pass."""
    assert refused(number, **changes) == set()


@pytest.mark.parametrize(
    ("number", "changes", "expected"),
    [
        pytest.param("E18", {"data__open__service": "detention"}, "literal_error", id="unknown service"),
        pytest.param("E18", {"data__open__serviceState": "paused"}, "enum", id="unknown state"),
        pytest.param("E18", {"data__open__sessions": 4}, "extra_forbidden", id="sessions in the open part"),
        pytest.param("E18", {"data__narrative__personRef": GONE}, "missing", id="service of nobody"),
        pytest.param("E18", {"data__narrative__findings": "x"}, "extra_forbidden", id="health in the narrative"),
        pytest.param("E18", {"data__narrative__planType": "Sport"}, "enum", id="unknown plan"),
        pytest.param("E18", {"data__narrative__costIdr": -1}, "greater_than_equal", id="negative cost"),
        pytest.param("E18", {"data__narrative__costIdr": 1.5}, "int_type", id="broken rupiah"),
        pytest.param("E18", {"data__health__provider": "RSUD Contoh"}, "enum", id="clinic by name"),
        pytest.param("E18", {"data__place": {"where": "x"}}, "extra_forbidden", id="place of a service"),
        pytest.param("E20", {"data__narrative__schooling": "SDN 1 Contoh"}, "enum", id="school by name"),
        pytest.param("E20", {"data__narrative__reTraffickingRisk": "medium"}, "enum", id="unknown risk"),
        pytest.param("E20", {"data__narrative__reTraffickingRisk": GONE}, "missing", id="risk unsaid"),
        pytest.param("E20", {"data__narrative__personRef": GONE}, "missing", id="follow-up of nobody"),
        pytest.param("E20", {"data__open__wishes": "x"}, "extra_forbidden", id="wishes in the open part"),
        pytest.param("E20", {"data__open__month": True}, "int_type", id="truth for a month"),
        pytest.param("E20", {"data__open__month": "3"}, "int_type", id="month as text"),
        pytest.param("E21", {"data__open__slotsBand": 4}, "enum", id="exact number of places"),
        pytest.param("E21", {"data__open__acceptsMen": GONE}, "missing", id="men passed over"),
        pytest.param("E21", {"data__open__languages": ["id"]}, "string_pattern_mismatch", id="two-letter language"),
        pytest.param("E21", {"data__open__address": "x"}, "extra_forbidden", id="address"),
        pytest.param("E21", {"data__open__placeCode": "17.09.01"}, "extra_forbidden", id="place"),
        pytest.param("E21", {"data__place": {"where": "x"}}, "extra_forbidden", id="compartment"),
    ],
)
def test_what_a_type_refuses(number: str, changes: dict[str, Any], expected: str) -> None:
    """Each broken rule is found, and named by its code."""
    assert expected in refused(number, **changes)


@given(month=st.integers(-1, 30))
def test_people_are_asked_at_five_times(month: int) -> None:
    """After 1, 3, 6, 12 and 24 months, and at no other time."""
    assert (refused("E20", data__open__month=month) == set()) is (month in {1, 3, 6, 12, 24})


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({}, set(), id="nothing but the open part"),
        pytest.param({"data__parts": ["narrative"]}, {"too_long"}, id="a part that the type has not"),
        pytest.param({"data__parts": GONE}, {"missing"}, id="no list of parts"),
        pytest.param({"data__withheld": {"narrative": "policy.role"}}, {"too_long"}, id="a part withheld"),
        pytest.param({"data__withheld": {}}, {"too_short"}, id="nothing withheld, said"),
    ],
)
def test_a_cover_without_any_other_part(changes: dict[str, Any], expected: set[str]) -> None:
    """A type without compartments has covers, and they name no part."""
    assert codes(kind("E21").cover, cover("E21", **changes)) == expected
