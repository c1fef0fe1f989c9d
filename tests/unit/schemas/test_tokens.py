"""A match token has a form, and no event has room for one."""

from typing import Any

import pytest

from schemas.catalogue import KINDS, EventKind
from schemas.people import MatchToken
from tests.unit.schemas.samples import GONE, changed, codes

_TOKEN = {"alg": "oprf-v1", "keyEpoch": 7, "field": "phone", "value": "A" * 43}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({}, set(), id="as it should be"),
        pytest.param({"value": "-" * 22}, set(), id="16 bytes"),
        pytest.param({"value": "_" * 86}, set(), id="64 bytes"),
        pytest.param({"value": "A" * 21}, {"string_pattern_mismatch"}, id="too short"),
        pytest.param({"value": "A" * 87}, {"string_too_long"}, id="too long"),
        pytest.param({"value": "A" * 43 + "="}, {"string_pattern_mismatch"}, id="padded"),
        pytest.param({"value": "+628000000001"}, {"string_pattern_mismatch"}, id="the number itself"),
        pytest.param({"alg": "sha256"}, {"literal_error"}, id="a hash"),
        pytest.param({"field": "birthDate"}, {"literal_error"}, id="birth date"),
        pytest.param({"keyEpoch": 0}, {"greater_than_equal"}, id="no epoch"),
        pytest.param({"keyEpoch": GONE}, {"missing"}, id="epoch not told"),
    ],
)
def test_the_form_of_a_token(changes: dict[str, Any], expected: set[str]) -> None:
    """A token is bounded, names its algorithm and epoch, and is made from a number of five kinds."""
    assert codes(MatchToken.__pydantic_validator__, changed(_TOKEN, **changes)) == expected


@pytest.mark.parametrize("kind", [pytest.param(kind, id=kind.number) for kind in KINDS])
def test_no_event_accepts_a_token(kind: EventKind) -> None:
    """Nothing that an event is made of is a match token, or a field named for one."""
    schema = kind.data.model_json_schema()
    models = {"": schema, **schema.get("$defs", {})}
    assert MatchToken.__name__ not in models
    fields = {field.lower() for model in models.values() for field in model.get("properties", {})}
    assert {field for field in fields if "token" in field} <= {"doctoken"}
    assert "oprf" not in str(schema)
