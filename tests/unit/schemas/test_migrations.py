"""From one major version to a later one, step by step."""

from copy import deepcopy
from typing import Any

import pytest

from schemas.catalogue import KINDS
from schemas.migrations import STEPS, NoWayError, Step, before, migrate

V1, V2, V3 = (f"id.simpul.fruit.picked.v{major}" for major in (1, 2, 3))


def _to_v2(data: dict[str, Any]) -> dict[str, Any]:
    """`colour` became a list."""
    open_part = {name: value for name, value in data["open"].items() if name != "colour"}
    return {**data, "open": {**open_part, "colours": [data["open"]["colour"]]}}


def _to_v3(data: dict[str, Any]) -> dict[str, Any]:
    """`place` moved into the narrative; either may be closed here."""
    moved = data.get("place", {})
    kept = {name: part for name, part in data.items() if name != "place"}
    return {**kept, "narrative": {**kept["narrative"], **moved}} if "narrative" in kept else kept


STEPS_OF_FRUIT: dict[str, tuple[str, Step]] = {V1: (V2, _to_v2), V2: (V3, _to_v3)}
DATA = {"open": {"colour": "red", "ripe": True}, "narrative": {"note": "x"}, "place": {"area": "17.09"}}
MADE = {
    V1: DATA,
    V2: {**DATA, "open": {"ripe": True, "colours": ["red"]}},
    V3: {"open": {"ripe": True, "colours": ["red"]}, "narrative": {"note": "x", "area": "17.09"}},
}


@pytest.mark.parametrize(("start", "end"), [(V1, V1), (V1, V2), (V2, V3), (V1, V3)])
def test_steps_are_chained(start: str, end: str) -> None:
    """As many as it takes, and what is given stays as it is."""
    given = deepcopy(MADE[start])
    assert migrate(given, start, end, steps=STEPS_OF_FRUIT) == MADE[end]
    assert given == MADE[start]


def test_what_is_closed_stays_away() -> None:
    """A step takes whatever opened."""
    data = {"open": DATA["open"]}
    assert migrate(data, V1, V3, steps=STEPS_OF_FRUIT) == {"open": MADE[V3]["open"]}


@pytest.mark.parametrize(
    ("start", "end"),
    [
        pytest.param(V3, V1, id="back"),
        pytest.param(V1, "id.simpul.fruit.picked.v4", id="a version that is not there"),
        pytest.param(V1, "id.simpul.fruit.eaten.v2", id="another type"),
        pytest.param("id.simpul.fruit.eaten.v1", V2, id="from another type"),
    ],
)
def test_where_no_steps_lead_it_says_so(start: str, end: str) -> None:
    """Without repeating a name that may have come from outside."""
    with pytest.raises(NoWayError) as caught:
        migrate(DATA, start, end, steps=STEPS_OF_FRUIT)
    assert "fruit" not in str(caught.value)


@pytest.mark.parametrize(("type_name", "name"), [(V1, None), (V2, V1), (V3.replace("3", "10"), V1.replace("v1", "v9"))])
def test_the_major_before(type_name: str, name: str | None) -> None:
    """By number, not by letter."""
    assert before(type_name) == name


def missing(types: list[str], steps: dict[str, tuple[str, Step]]) -> list[str]:
    """Types of which the major before has no step to them."""
    return [one for one in types if (first := before(one)) is not None and steps.get(first, ("",))[0] != one]


def test_every_later_major_has_a_step_to_it() -> None:
    """Whoever adds a v2 says what becomes of a v1."""
    assert missing([kind.type for kind in KINDS], dict(STEPS)) == []
    assert missing([V1, V2, V3], {V1: (V2, _to_v2)}) == [V3]
    assert missing([V1, V2, V3], STEPS_OF_FRUIT) == []
