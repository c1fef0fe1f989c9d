"""Stages of a case: codes from versioned lists, and no victim."""

from typing import Any

import pytest

from schemas.codelists import listing
from tests.unit.schemas.samples import GONE, refused


@pytest.mark.parametrize("stage", [entry.code for entry in listing("case-stages").codes])
def test_every_stage_of_the_list_is_taken(stage: str) -> None:
    """The stages are those of the list, whatever it comes to hold."""
    assert refused("E12", data__open__stage=stage) == set()


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"data__open__sp2hp": "A5"}, id="unverified code"),
        pytest.param({"data__open__sp2hp": GONE}, id="no notice yet"),
        pytest.param(
            {
                "data__narrative__spdpNo": GONE,
                "data__narrative__nextHearing": GONE,
                "data__narrative__victimSafeNote": GONE,
                "data__narrative__protectiveOrders": GONE,
            },
            id="least",
        ),
    ],
)
def test_what_progress_may_say(changes: dict[str, Any]) -> None:
    """Good variants pass; an unverified code is marked in the list, not refused."""
    assert refused("E12", **changes) == set()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"data__open__stage": "selesai"}, "literal_error", id="unknown stage"),
        pytest.param({"data__open__stage": GONE}, "missing", id="no stage"),
        pytest.param({"data__open__sp2hp": "A6"}, "literal_error", id="unknown notice"),
        pytest.param({"data__open__lpNumber": "LP"}, "extra_forbidden", id="report number in the open part"),
        pytest.param({"data__narrative__lpNumber__original": "LP/A/18"}, "lp_canonical", id="two report numbers"),
        pytest.param({"data__narrative__protectiveOrders": ["x"] * 11}, "too_long", id="eleven orders"),
        pytest.param({"data__narrative__victimRef": "p-1"}, "extra_forbidden", id="victim"),
        pytest.param({"data__identity": {"personRef": "p-1"}}, "extra_forbidden", id="identity of a victim"),
    ],
)
def test_what_progress_may_not_say(changes: dict[str, Any], expected: str) -> None:
    """Each broken rule is found, and named by its code."""
    assert expected in refused("E12", **changes)


_UNITS = (
    "SATRESKRIM POLRES BENGKULU TENGAH",
    "SAT RESKRIM POLRESTA BENGKULU",
    "SATGAS TPPO",
    "DITRESKRIMUM POLDA BENGKULU",
    "DITTIPIDPPA BARESKRIM",
    "SUBDIT RENAKTA",
    "UNIT PPA POLRES BENGKULU TENGAH",
    "POLSEK TALANG EMPAT",
    "SPKT POLDA BENGKULU",
)
_NO_UNITS = (
    "SARI CONTOHDUA",
    "SATRIA CONTOHDUA",
    "DITA CONTOHDUA",
    "1709015403100000",
    "POLRES 1709015403100000",
    "POLRES  BENGKULU",
    "POLRES ",
    "KORBAN POLRES BENGKULU",
    "POLRESCONTOH",
    "POLRES " + "A" * 54,
)


@pytest.mark.parametrize("unit", _UNITS)
def test_units_are_named_as_police_name_them(unit: str) -> None:
    """A kind of unit, then words."""
    assert refused("E11", data__open__unitCode=unit) == set()


@pytest.mark.parametrize("unit", _NO_UNITS)
def test_nothing_but_a_unit_stands_for_one(unit: str) -> None:
    """Neither a person nor a number: everybody who gets the event reads it."""
    assert refused("E11", data__open__unitCode=unit) & {"string_pattern_mismatch", "string_too_long"}
