"""A linkage is a lead: which rule, how strong, and whether a person has looked at it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.schemas.samples import EVENT, GONE, refused


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"data__open__events": []}, "too_short", id="no event"),
        pytest.param({"data__open__events": [EVENT, EVENT]}, "repeats", id="event twice"),
        pytest.param({"subject": "SATGAS-1"}, "linkage_reduced", id="case"),
        pytest.param({"causationid": EVENT}, "linkage_reduced", id="cause"),
        pytest.param({"correlationid": EVENT}, "linkage_reduced", id="correlation"),
        pytest.param({"data__open__events": ["x"]}, "string_pattern_mismatch", id="no id of an event"),
        pytest.param({"data__open__rule__version": GONE}, "missing", id="rule without version"),
        pytest.param({"data__open__rule__id": "Phone Token"}, "string_pattern_mismatch", id="rule in words"),
        pytest.param({"data__open__strength": "X"}, "enum", id="unknown strength"),
        pytest.param({"data__open__explanation": "x"}, "extra_forbidden", id="words in the open part"),
        pytest.param({"data__narrative__tokens": []}, "extra_forbidden", id="tokens"),
        pytest.param({"data__narrative__personRef": "p-1"}, "extra_forbidden", id="person"),
        pytest.param({"data__narrative__humanReviewed": GONE}, "missing", id="review unsaid"),
        pytest.param({"data__narrative__reviewerRole": "sari-contohdua"}, "literal_error", id="reviewer by name"),
    ],
)
def test_what_a_linkage_may_not_say(changes: dict[str, Any], expected: str) -> None:
    """Each broken rule is found, and named by its code."""
    assert expected in refused("E14", **changes)


@given(reviewed=st.booleans(), role=st.none() | st.sampled_from(["police", "task-force"]))
def test_a_reviewed_lead_and_no_other_names_the_role_of_its_reviewer(reviewed: bool, role: str | None) -> None:  # noqa: FBT001
    """Review and reviewer go together."""
    found = refused(
        "E14", data__narrative__humanReviewed=reviewed, data__narrative__reviewerRole=GONE if role is None else role
    )
    assert found == (set() if reviewed is (role is not None) else {"reviewer_role"})


@given(ids=st.lists(st.uuids().map(str), min_size=1, max_size=5))
def test_each_event_is_named_once(ids: list[str]) -> None:
    """Ids pass if, and only if, none repeats."""
    assert refused("E14", data__open__events=ids) == (set() if len(set(ids)) == len(ids) else {"repeats"})
    assert refused("E14", data__open__events=[*ids, ids[0]]) == {"repeats"}
