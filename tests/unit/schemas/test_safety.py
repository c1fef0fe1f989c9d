"""Danger is told to those who protect, never to whoever is accused or must not know."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.schemas.samples import GONE, changed, codes, cover, example, kind, refused

_AGENCY = st.sampled_from(["imigrasi-bengkulu", "polres-bengkulu-tengah", "lpsk", "bnpt"])
_OTHERS = st.sampled_from([{"relation": "paman"}, {"personRef": "p-9"}, {"personRef": "p-9", "relation": "ayah"}])


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"data__place": GONE}, id="no place"),
        pytest.param({"data__narrative__whoMustNotKnow": GONE}, id="everybody may know"),
        pytest.param({"data__narrative__whoMustNotKnow": [{"personRef": "p-9"}]}, id="a person of the case"),
        pytest.param(
            {"data__narrative__riskType": "official_complicity", "data__narrative__accused": ["imigrasi-bengkulu"]},
            id="complicity",
        ),
        pytest.param({"data__narrative__accused": ["imigrasi-bengkulu"]}, id="accused of something else"),
    ],
)
def test_what_a_risk_may_say(changes: dict[str, Any]) -> None:
    """Good variants pass."""
    assert refused("E19", **changes) == set()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"data__open__riskLevel": "medium"}, "enum", id="lesser risk"),
        pytest.param({"data__open__riskType": "media"}, "extra_forbidden", id="kind of risk in the open part"),
        pytest.param({"data__narrative__riskType": "weather"}, "enum", id="unknown risk"),
        pytest.param({"data__narrative__riskType": "official_complicity"}, "accused_missing", id="nobody accused"),
        pytest.param(
            {"data__narrative__riskType": "official_complicity", "data__narrative__accused": []},
            "accused_missing",
            id="empty list of the accused",
        ),
        pytest.param({"data__narrative__accused": ["Kantor Imigrasi"]}, "string_pattern_mismatch", id="no agency"),
        pytest.param({"data__narrative__accused": ["role:police"]}, "string_pattern_mismatch", id="role accused"),
        pytest.param({"data__narrative__whoMustNotKnow": [{}]}, "must_not_know_nobody", id="nobody must not know"),
        pytest.param({"data__narrative__whoMustNotKnow": [{"name": "x"}]}, "extra_forbidden", id="somebody by name"),
        pytest.param({"data__narrative__about": GONE}, "missing", id="nobody in danger"),
        pytest.param({"data__narrative__about": "1709015403100000"}, "string_pattern_mismatch", id="NIK as reference"),
        pytest.param({"data__narrative__where": "x"}, "extra_forbidden", id="place in the narrative"),
        pytest.param({"data__place__where": GONE}, "missing", id="place that says nothing"),
    ],
)
def test_what_a_risk_may_not_say(changes: dict[str, Any], expected: str) -> None:
    """Each broken rule is found, and named by its code."""
    assert expected in refused("E19", **changes)


@pytest.mark.parametrize("priority", ["P1", "P2", "P3"])
def test_nothing_comes_before_danger(priority: str) -> None:
    """Draft and cover have priority P0."""
    assert refused("E19", priority=priority) == {"priority_low"}
    assert codes(kind("E19").cover, cover("E19", priority=priority)) == {"priority_low"}


@given(
    accused=st.lists(_AGENCY, max_size=3, unique=True),
    unaware=st.lists(_AGENCY, max_size=3, unique=True),
    others=st.lists(_OTHERS, max_size=3, unique_by=str),
)
def test_it_is_kept_from_the_accused_and_from_all_who_must_not_know(
    accused: list[str], unaware: list[str], others: list[dict[str, str]]
) -> None:
    """Every agency named on either list, and none besides."""
    document = changed(
        example("E19"),
        data__narrative__accused=accused,
        data__narrative__whoMustNotKnow=[*others, *({"agency": one} for one in unaware)],
    )
    data = kind("E19").draft.validate_json(json.dumps(document).encode()).data
    assert data.kept_from() == {*accused, *unaware}


def test_other_types_are_kept_from_nobody() -> None:
    """Only a safety risk and a consent name agencies that must not have them."""
    for number in ("E12", "E14", "E18", "E20", "E21", "E25"):
        data = kind(number).draft.validate_json(json.dumps(example(number)).encode()).data
        assert data.kept_from() == frozenset()


def test_consent_is_kept_from_whom_the_person_fears() -> None:
    """Every agency that it is withheld from, whatever the reason."""
    withheld = [{"who": "lpsk", "reason": "fear_of_harm"}, {"who": "dinsos", "reason": "will_tell_themselves"}]
    document = changed(example("E15"), data__narrative__withheldFrom=withheld)
    assert kind("E15").draft.validate_json(json.dumps(document).encode()).data.kept_from() == {"lpsk", "dinsos"}
