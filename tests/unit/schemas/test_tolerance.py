"""What another release of the catalogue wrote is read by this one, and nothing more is let through than that."""

import json
from importlib.resources import files
from typing import Any

import pytest

from schemas import publish
from schemas.base import Model
from schemas.catalogue import KINDS
from schemas.codelists import listing
from tests.unit.schemas.samples import GONE, changed, codes, cover, example, kind

NEWER = "urn:simpul:schema:sha256:" + "ab" * 32
_NUMBERS = [one.number for one in KINDS]
_LISTS = sorted(path.name.removesuffix(".json") for path in (files("schemas") / "codes").iterdir())


def _cover(number: str, **changes: Any) -> dict[str, Any]:
    return cover(number, **{"dataschema": NEWER, **changes})


def _verdicts(number: str, **changes: Any) -> tuple[set[str], set[str]]:
    """Say which rules a cover breaks, read strictly and tolerantly."""
    of = kind(number)
    document = _cover(number, **changes)
    return codes(of.reading(of.dataschema).cover, document), codes(of.reading(NEWER).cover, document)


def _part(number: str, name: str, **changes: Any) -> tuple[set[str], set[str]]:
    """Say which rules a compartment breaks, read strictly and tolerantly."""
    of = kind(number)
    content = changed(example(number)["data"][name], **changes)
    strict, tolerant = of.reading(of.dataschema), of.reading(NEWER)
    return codes(strict.compartments[name], content), codes(tolerant.compartments[name], content)


def _with_more(root: dict[str, Any], schema: dict[str, Any], value: Any) -> Any:
    """Put a field that nobody knows into every object that is a model's; the names in a map are content."""
    named = "$ref" in schema
    schema = {**schema, **root["$defs"][schema["$ref"].rpartition("/")[2]]} if named else schema
    if isinstance(value, list):
        return [_with_more(root, schema.get("items", {}), one) for one in value]
    if not isinstance(value, dict) or not named:
        return value
    fields = {name: _with_more(root, schema["properties"][name], inner) for name, inner in value.items()}
    return {**fields, "zz-new": {"zz": ["\u202e", None]}}


@pytest.mark.parametrize("number", _NUMBERS)
def test_what_is_strictly_good_is_the_same_read_tolerantly(number: str) -> None:
    """Every part of every example gives an equal value of the same model."""
    of, draft = kind(number), example(number)
    strict, tolerant = of.reading(of.dataschema), of.reading(NEWER)
    text = json.dumps(cover(number)).encode()
    assert tolerant.cover.validate_json(text) == strict.cover.validate_json(text)
    for name in of.compartments.keys() & draft["data"].keys():
        content = json.dumps(draft["data"][name]).encode()
        assert tolerant.compartments[name].validate_json(content) == strict.compartments[name].validate_json(content)


@pytest.mark.parametrize("number", _NUMBERS)
def test_unknown_fields_are_dropped_everywhere(number: str) -> None:
    """In the open part, in compartments, and in whatever lies within them; what is known stays."""
    of, data = kind(number), example(number)["data"]
    schema = publish.schema_of(of.data)
    for name, known in data.items():
        more = _with_more(schema, schema["properties"][name], known)
        if name == "open":
            document = _cover(number, data__open=more)
            read: Model = of.reading(NEWER).cover.validate_json(json.dumps(document).encode()).data.open
            expected: type[Model] = of.open
        else:
            read = of.reading(NEWER).compartments[name].validate_json(json.dumps(more).encode())
            expected = of.compartments[name]
        assert read == expected.model_validate_json(json.dumps(known))
        assert type(read) is expected
        assert b"zz" not in read.to_json()


def test_the_strict_reader_stays_strict() -> None:
    """Making the tolerant one leaves the models as they are, drafts too."""
    of = kind("E03")
    assert of.reading(NEWER).compartments["narrative"] is not of.reading(of.dataschema).compartments["narrative"]
    assert _part("E03", "narrative", flags__0__more=1)[0] == {"extra_forbidden"}
    assert codes(of.draft, changed(example("E03"), data__narrative__flags__0__code="NEW")) == {"literal_error"}
    assert of.reading(NEWER) is of.reading(NEWER.replace("ab", "cd"))


def test_a_code_to_come_is_taken_and_can_be_written() -> None:
    """A code list grows; what it will hold has the form of a code, and comes out as it came in."""
    assert _part("E03", "narrative", flags__0__code="NEW_FLAG") == ({"literal_error"}, set())
    content = changed(example("E03")["data"]["narrative"], flags__0__code="NEW_FLAG")
    read = kind("E03").reading(NEWER).compartments["narrative"].validate_json(json.dumps(content).encode())
    assert json.loads(read.to_json())["flags"][0]["code"] == "NEW_FLAG"
    assert _verdicts("E16", data__open__service="new_service") == ({"literal_error"}, set())


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("", id="empty"),
        pytest.param("a b", id="space"),
        pytest.param("a\u202eb", id="direction override"),
        pytest.param("a\n", id="line feed"),
        pytest.param("x" * 65, id="too long"),
        pytest.param(1, id="number"),
        pytest.param(None, id="null"),
    ],
)
def test_what_has_not_the_form_of_a_code_is_refused(code: object) -> None:
    """Tolerance is no door for free text."""
    strict, tolerant = _part("E03", "narrative", flags__0__code=code)
    assert strict
    assert tolerant


@pytest.mark.parametrize("name", _LISTS)
def test_every_code_has_the_form(name: str) -> None:
    """Each code there is would be taken by a release that does not know it yet."""
    reader = kind("E03").reading(NEWER).compartments["narrative"]
    base = example("E03")["data"]["narrative"]
    base["flags"] = base["flags"][:1]
    for entry in listing(name).codes:
        assert codes(reader, changed(base, flags__0__code=entry.code)) == set()


@pytest.mark.parametrize(
    ("number", "changes", "code"),
    [
        pytest.param("E07", {"data__open__msgType": "Rumour"}, "enum", id="value of a closed choice"),
        pytest.param("E07", {"data__open__msgType": GONE}, "missing", id="required field missing"),
        pytest.param("E07", {"data__open__mayInvolveChild": "true"}, "bool_type", id="text for truth"),
        pytest.param("E07", {"data__open__references": ["x"]}, "string_pattern_mismatch", id="pattern"),
        pytest.param("E03", {"data__open__groupSize": 501}, "less_than_equal", id="limit"),
        pytest.param("E07", {"data__open__msgType": "Cancel"}, "references_missing", id="rule across fields"),
        pytest.param("E17", {"causationid": GONE}, "answer_without_cause", id="rule of the cover"),
        pytest.param("E03", {"notice": GONE}, "notice_missing", id="secrecy notice"),
        pytest.param("E07", {"colour": "red"}, "extra_forbidden", id="unknown attribute"),
        pytest.param("E07", {"lawref": "uu99-2030-1"}, "literal_error", id="law reference that is no code of the list"),
        pytest.param("E07", {"data__more": 1}, "extra_forbidden", id="unknown member beside the open part"),
        pytest.param("E07", {"data__parts": ["narrative", "network"]}, "literal_error", id="part the type has not"),
        pytest.param("E07", {"data__withheld": {"docs": "x.y"}}, "literal_error", id="withheld part the type has not"),
        pytest.param("E07", {"type": "id.simpul.alert.issued.v2"}, "literal_error", id="another major version"),
        pytest.param("E07", {"dataschema": "urn:simpul:schema:sha256:00"}, "string_pattern_mismatch", id="no digest"),
    ],
)
def test_all_else_is_refused_as_ever(number: str, changes: dict[str, Any], code: str) -> None:
    """Closed choices, limits, rules, and the whole envelope, which no schema of a type speaks of."""
    strict, tolerant = _verdicts(number, **changes)
    assert code in strict
    assert tolerant == strict


def test_a_schema_that_is_no_text_is_left_to_the_strict_reader() -> None:
    """It may be anything that JSON has."""
    of = kind("E07")
    strict = of.reading(of.dataschema)
    assert all(of.reading(one) is strict for one in (None, 7, ["x"], {"x": 1}, of.dataschema))
