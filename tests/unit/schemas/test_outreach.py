"""What goes to the public is clear, small enough and free of control characters; feedback names nobody."""

import json
from importlib.resources import files
from typing import Any

import pytest

from schemas.catalogue import find
from schemas.outreach import OPEN_LIMIT, FeedbackReceived
from tests.unit.schemas.samples import EVENT, GONE, changed, codes, cover, example, kind, refused

_SAMPLES = ["21_statistics.json", "22_outreach.json"]


@pytest.mark.parametrize(
    ("number", "changes"),
    [
        pytest.param(
            "E22",
            {"data__open__place": GONE, "data__open__reachBand": GONE, "data__open__sources": GONE},
            id="least bulletin",
        ),
        pytest.param("E22", {"data__open__place": "17.09"}, id="activity in a regency"),
        pytest.param("E22", {"data__open__bodyMarkdown": "x" * 16_000}, id="as long as it may be"),
        pytest.param("E22", {"data__open__bodyMarkdown": "<b>tebal</b>\n\ttab"}, id="text that looks like HTML"),
        pytest.param("E23", {"data__narrative": GONE}, id="a mark alone"),
        pytest.param("E23", {"data__open__score": 5}, id="best mark"),
    ],
)
def test_what_outreach_allows(number: str, changes: dict[str, Any]) -> None:
    """Good variants pass."""
    assert refused(number, **changes) == set()


@pytest.mark.parametrize(
    ("number", "changes", "expected"),
    [
        pytest.param("E22", {"tlp": "green"}, "tlp_not_clear", id="published and not clear"),
        pytest.param("E22", {"data__open__place": "17.09.01"}, "string_too_long", id="district"),
        pytest.param("E22", {"data__open__place": "17.09.01.2001"}, "string_too_long", id="village"),
        pytest.param("E22", {"data__open__bodyMarkdown": "x" * 16_001}, "string_too_long", id="too long"),
        pytest.param("E22", {"data__open__bodyMarkdown": "\u0967" * 12_000}, "outreach_too_large", id="too many bytes"),
        pytest.param(
            "E22", {"data__open__bodyMarkdown": '"' * 15_000}, "outreach_too_large", id="too many once escaped"
        ),
        pytest.param("E22", {"data__open__bodyMarkdown": "a\u0007"}, "string_pattern_mismatch", id="control character"),
        pytest.param(
            "E22", {"data__open__bodyMarkdown": "a\u202e"}, "string_pattern_mismatch", id="direction override"
        ),
        pytest.param("E22", {"data__open__title": "a\nb"}, "string_pattern_mismatch", id="title of two lines"),
        pytest.param("E22", {"data__open__kind": "rumour"}, "enum", id="unknown kind"),
        pytest.param("E22", {"data__open__reachBand": "57"}, "enum", id="exact reach"),
        pytest.param("E22", {"data__open__language": "id"}, "string_pattern_mismatch", id="two-letter language"),
        pytest.param("E22", {"data__narrative": {"text": "x"}}, "extra_forbidden", id="a compartment"),
        pytest.param("E23", {"data__open__score": 0}, "greater_than_equal", id="no mark"),
        pytest.param("E23", {"data__open__score": 6}, "less_than_equal", id="mark too good"),
        pytest.param("E23", {"data__open__about": "Bripka Contoh"}, "enum", id="about a person"),
        pytest.param("E23", {"data__open__text": "x"}, "extra_forbidden", id="words in the open part"),
        pytest.param("E23", {"data__identity": {}}, "extra_forbidden", id="identity of who says it"),
        pytest.param("E23", {"data__safe_contact": {"safeContact": "x"}}, "extra_forbidden", id="contact"),
        pytest.param("E23", {"data__narrative__phone": "+628000000001"}, "extra_forbidden", id="phone"),
        pytest.param("E23", {"data__narrative__name": "x"}, "extra_forbidden", id="name"),
        pytest.param("E23", {"data__narrative__trackingHash": "0" * 64}, "extra_forbidden", id="code to be told by"),
        pytest.param("E23", {"data__narrative__text": ""}, "string_too_short", id="nothing said"),
    ],
)
def test_what_outreach_refuses(number: str, changes: dict[str, Any], expected: str) -> None:
    """Each broken rule is found, and named by its code."""
    assert expected in refused(number, **changes)


@pytest.mark.parametrize("number", ["E22", "E24"])
def test_a_cover_of_what_is_public_is_clear(number: str) -> None:
    """A recipient refuses it too, where the sender's node did not."""
    assert codes(kind(number).cover, cover(number)) == set()
    assert codes(kind(number).cover, cover(number, tlp="amber")) == {"tlp_not_clear"}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"data__parts": ["narrative"]}, "too_long", id="a part"),
        pytest.param({"data__withheld": {"narrative": "denied"}}, "too_long", id="a part withheld"),
        pytest.param({"data__withheld": {}}, "too_short", id="nothing withheld"),
    ],
)
def test_a_type_without_compartments_names_no_part(changes: dict[str, Any], expected: str) -> None:
    """Its cover has an empty list of parts and can withhold nothing."""
    assert codes(kind("E22").cover, cover("E22", **changes)) == {expected}


def test_feedback_is_two_marks_and_two_words() -> None:
    """Whoever adds a field to feedback must answer here for what it could tell of the person."""
    schema = FeedbackReceived.model_json_schema()
    properties = {name for model in schema["$defs"].values() for name in model.get("properties", ())}
    assert properties == {"about", "score", "text", "wantsReply"}
    assert set(schema["properties"]) == {"open", "narrative"}
    answered = changed(example("E23"), causationid=EVENT, subject="BKS-1")
    assert codes(kind("E23").draft, answered) == set()
    assert kind("E23").draft.validate_json(json.dumps(answered).encode()).data.person_ref() is None


def test_the_limit_is_of_bytes_as_written() -> None:
    """One character more than fits is refused."""
    bare = kind("E22").draft.validate_json(json.dumps(_with_body("x")).encode()).data.open
    room = OPEN_LIMIT - len(bare.to_json()) + 1
    many = room - 16_000
    body = "x" * (16_000 - many) + '"' * many
    assert codes(kind("E22").draft, _with_body(body)) == set()
    assert codes(kind("E22").draft, _with_body(body[1:] + '"')) == {"outreach_too_large"}


def _with_body(body: str) -> dict[str, Any]:
    return changed(example("E22"), data__open__bodyMarkdown=body)


@pytest.mark.parametrize("name", _SAMPLES)
def test_the_officers_drafts_of_the_scenario_are_accepted(name: str) -> None:
    """Steps 21 and 22 validate, are exercises, and are clear."""
    draft = json.loads((files("adapters") / "demo" / "samples" / name).read_bytes())
    assert codes(find(draft["type"]).draft, draft) == set()
    assert (draft["status"], draft["tlp"]) == ("Exercise", "clear")


def test_all_local_cells_of_the_scenario_are_below_eleven() -> None:
    """In a regency no count shows."""
    draft = json.loads((files("adapters") / "demo" / "samples" / "21_statistics.json").read_bytes())
    assert draft["data"]["open"]["area"] == "17.09"
    assert {cell for line in draft["data"]["open"]["cells"] for cell in line} == {"<11"}
