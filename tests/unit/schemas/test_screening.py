"""A screening says what its indicators amount to, and nothing else."""

from typing import Any

import pytest

from tests.unit.schemas.samples import GONE, changed, codes, example, kind, refused

_CHILD = {
    "data__open__profile": "child_labour",
    "data__open__isMinorBand": True,
    "data__narrative__indicators": [
        {"framework": "ilo-delphi", "code": "d4.01", "weight": "S", "observedBy": "ngo"},
        {"framework": "ilo-delphi", "code": "d4.09", "weight": "M", "observedBy": "ngo"},
    ],
    "data__narrative__dimensions": {f"d{number}": number == 4 for number in range(1, 7)},
    "data__narrative__childSafeguards": ["companion_present"],
}
_NOTHING = {
    "data__open__result": "not_indicated",
    "data__narrative__indicators": [],
    "data__narrative__dimensions": {f"d{number}": False for number in range(1, 7)},
    "data__narrative__classification": "not_indicated",
}
_SEXUAL = {
    "data__open__profile": "adult_sexual",
    "data__open__result": "inconclusive",
    "data__narrative__classification": GONE,
}


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param(_CHILD, id="child, without any means"),
        pytest.param(_NOTHING, id="nothing observed"),
        pytest.param(_SEXUAL, id="no table, no classification"),
        pytest.param(
            {**_CHILD, **_SEXUAL, "data__open__profile": "child_sexual"}, id="child, no table, no classification"
        ),
        pytest.param(
            {
                "data__open__result": "inconclusive",
                "data__narrative__indicators__7": {
                    "framework": "national",
                    "code": "buku_hitam.3",
                    "weight": "S",
                    "observedBy": "ngo",
                },
                "data__narrative__indicators__8": {
                    "framework": "iom",
                    "code": "sif-4.2",
                    "weight": "S",
                    "observedBy": "ngo",
                },
                "data__narrative__dimensions__d5": False,
                "data__narrative__classification": "deception+exploitation",
            },
            id="signs of other frameworks",
        ),
    ],
)
def test_what_a_screening_may_say(changes: dict[str, Any]) -> None:
    """Good variants pass."""
    assert refused("E09", **changes) == set()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"data__narrative__dimensions__d3": True}, "dimensions_not_computed", id="one dimension more"),
        pytest.param({"data__narrative__dimensions__d5": False}, "dimensions_not_computed", id="one dimension fewer"),
        pytest.param({"data__narrative__dimensions__d6": GONE}, "missing", id="a dimension not told"),
        pytest.param({"data__narrative__dimensions__d7": True}, "extra_forbidden", id="a seventh dimension"),
        pytest.param(
            {"data__narrative__classification": "exploited"}, "classification_not_computed", id="milder than it is"
        ),
        pytest.param(
            {"data__narrative__classification": GONE}, "classification_not_computed", id="classification left out"
        ),
        pytest.param(
            {**_SEXUAL, "data__narrative__classification": "trafficking_indicated"},
            "classification_not_computed",
            id="classified without a table",
        ),
        pytest.param({"data__open__result": "not_indicated"}, "result_not_computed", id="indication denied"),
        pytest.param({**_NOTHING, "data__open__result": "indicated"}, "result_not_computed", id="indicated by nothing"),
        pytest.param(
            {**_SEXUAL, "data__open__result": "indicated"}, "result_not_computed", id="indicated without a table"
        ),
        pytest.param({"data__narrative__indicators__7__weight": "M"}, "indicator_weight", id="weight of one's own"),
        pytest.param({"data__narrative__indicators__0__code": "d1.11"}, "indicator_unknown", id="eleventh of ten"),
        pytest.param({"data__narrative__indicators__0__code": "d7.01"}, "indicator_code", id="dimension of its own"),
        pytest.param({"data__narrative__indicators__0__code": "d1"}, "indicator_code", id="no number"),
        pytest.param({"data__narrative__indicators__0__framework": "fbi"}, "enum", id="unknown framework"),
        pytest.param({"data__narrative__indicators__0__weight": "XL"}, "enum", id="unknown weight"),
        pytest.param(
            {"data__narrative__indicators__0__observedBy": "Ibu Contoh"}, "string_pattern_mismatch", id="by name"
        ),
        pytest.param(
            {"data__narrative__indicators__1": example("E09")["data"]["narrative"]["indicators"][0]},
            "repeats",
            id="one sign counted twice",
        ),
        pytest.param(
            {**_CHILD, "data__narrative__childSafeguards": []}, "child_unprotected", id="child without safeguard"
        ),
        pytest.param({**_CHILD, "data__open__isMinorBand": False}, "profile_age", id="adult screened as a child"),
        pytest.param({"data__open__isMinorBand": True}, "profile_age", id="child screened as an adult"),
        pytest.param({"data__open__profile": "adult"}, "enum", id="unknown profile"),
        pytest.param({"data__open__personRef": "p-1"}, "extra_forbidden", id="person in the open part"),
        pytest.param({"data__identity__person": {}}, "extra_forbidden", id="more than a reference"),
        pytest.param({"data__narrative__tokens": []}, "extra_forbidden", id="token before its time"),
    ],
)
def test_what_a_screening_may_not_say(changes: dict[str, Any], expected: str) -> None:
    """Each broken rule is found, and named by its code."""
    assert expected in refused("E09", **changes)


def test_a_recipient_computes_the_dimensions_too() -> None:
    """The narrative alone is held to its own indicators."""
    narrative = kind("E09").compartments["narrative"].__pydantic_validator__
    told = example("E09")["data"]["narrative"]
    assert codes(narrative, told) == set()
    assert codes(narrative, changed(told, dimensions__d1=False)) == {"dimensions_not_computed"}
