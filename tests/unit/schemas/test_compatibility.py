"""What changed between two published schemas, and whom it breaks."""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from schemas import publish
from schemas.compatibility import Change, Direction, breaking, compare
from schemas.events import EVENTS

_BACKWARD, _FORWARD = Direction.BACKWARD, Direction.FORWARD
_PUBLISHED = Path(publish.__file__).parent / "published"


def _lists(*lists: str) -> list[dict[str, str]]:
    return [dict(zip(("name", "version"), one.split(" "), strict=True)) for one in lists]


OLD: dict[str, Any] = {
    "$defs": {
        "Colour": {"type": "string", "enum": ["red", "green"]},
        "Flag": {
            "type": "object",
            "properties": {"code": {"type": "string", "enum": ["A", "B"], "x-simpul-codes": _lists("flags 2026")}},
            "required": ["code"],
            "additionalProperties": False,
        },
        "Open": {
            "type": "object",
            "properties": {
                "colour": {"$ref": "#/$defs/Colour", "default": "red"},
                "count": {"type": "integer", "minimum": 1, "maximum": 9},
                "counts": {
                    "type": "object",
                    "additionalProperties": {"type": "integer", "minimum": 1},
                    "propertyNames": {"pattern": "^[a-z]+$", "maxLength": 9},
                },
                "kept": {"const": True, "type": "boolean"},
            },
            "required": ["count"],
            "additionalProperties": False,
        },
        "Narrative": {
            "type": "object",
            "properties": {
                "flags": {"type": "array", "items": {"$ref": "#/$defs/Flag"}, "maxItems": 3},
                "note": {"type": "string", "maxLength": 80, "pattern": "^x"},
                "on": {"type": "string", "format": "date"},
                "lines": {"type": "array", "prefixItems": [{"type": "string", "description": "one"}]},
            },
            "required": ["flags"],
            "additionalProperties": False,
        },
        "Place": {"type": "object", "properties": {"area": {"type": "string"}}, "additionalProperties": False},
    },
    "type": "object",
    "properties": {
        "open": {"$ref": "#/$defs/Open"},
        "narrative": {"$ref": "#/$defs/Narrative"},
        "place": {"$ref": "#/$defs/Place"},
    },
    "required": ["open", "narrative"],
    "x-simpul-rules": ["one_holds"],
    "x-simpul-area": "alert",
}
GONE = object()


def changed(path: str, value: object) -> dict[str, Any]:
    """Change a copy of the schema at a path of `/`; a list is replaced as a whole."""
    copy = deepcopy(OLD)
    *way, last = path.split("/")
    inner: Any = copy
    for step in way:
        inner = inner.setdefault(step, {})
    if value is GONE:
        del inner[last]
    else:
        inner[last] = value
    return copy


def _moved(name: str, source: str, target: str, *, keep: bool = False) -> dict[str, Any]:
    copy = deepcopy(OLD)
    definition = copy["$defs"][source]["properties"][name]
    if not keep:
        del copy["$defs"][source]["properties"][name]
    copy["$defs"][target].setdefault("properties", {})[name] = definition
    return copy


_O, _N = "$defs/Open/", "$defs/Narrative/"
_HEAVY = {
    **OLD["$defs"]["Flag"],
    "properties": {**OLD["$defs"]["Flag"]["properties"], "weight": {"type": "string"}},
    "required": ["code", "weight"],
}
CASES = [
    pytest.param(OLD, [], id="nothing"),
    pytest.param(changed("$defs/Colour/description", "new"), [], id="words"),
    pytest.param(changed("$defs/Open/properties/count/x-simpul-source", "new"), [], id="the source of a field"),
    pytest.param(changed("$defs/Narrative/properties/lines/prefixItems", [{"type": "string"}]), [], id="words within"),
    pytest.param(changed(_O + "properties/title", {"type": "string"}), ["open.title field_added"], id="field added"),
    pytest.param(
        changed(_O + "required", ["count", "kept"]), ["open.kept became_required BACKWARD"], id="became required"
    ),
    pytest.param(changed(_O + "required", []), ["open.count became_optional FORWARD"], id="became optional"),
    pytest.param(changed(_N + "properties/note", GONE), ["narrative.note field_removed BACKWARD"], id="field removed"),
    pytest.param(
        changed(_N + "properties/flags", GONE),
        ["narrative.flags field_removed BACKWARD FORWARD"],
        id="required field removed",
    ),
    pytest.param(
        changed("$defs/Flag/properties/code", GONE),
        ["narrative.flags[].code field_removed BACKWARD FORWARD"],
        id="field of an item removed",
    ),
    pytest.param(
        changed("$defs/Flag", _HEAVY),
        ["narrative.flags[].weight required_field_added BACKWARD"],
        id="required field added",
    ),
    pytest.param(
        changed(_O + "properties/count/type", "string"), ["open.count type_changed BACKWARD FORWARD"], id="type"
    ),
    pytest.param(
        changed(_O + "properties/count/minimum", 2), ["open.count limit_narrowed BACKWARD"], id="least raised"
    ),
    pytest.param(changed(_O + "properties/count/minimum", 0), ["open.count limit_widened FORWARD"], id="least lowered"),
    pytest.param(changed(_O + "properties/count/maximum", 10), ["open.count limit_widened FORWARD"], id="most raised"),
    pytest.param(
        changed(_N + "properties/note/maxLength", 79), ["narrative.note limit_narrowed BACKWARD"], id="most lowered"
    ),
    pytest.param(
        changed(_N + "properties/flags/maxItems", GONE), ["narrative.flags limit_widened FORWARD"], id="most dropped"
    ),
    pytest.param(
        changed(_N + "properties/flags/minItems", 1), ["narrative.flags limit_narrowed BACKWARD"], id="least given"
    ),
    pytest.param(
        changed(_O + "properties/counts/additionalProperties/minimum", 2),
        ["open.counts{} limit_narrowed BACKWARD"],
        id="limit of a value in a map",
    ),
    pytest.param(
        changed(_O + "properties/counts/propertyNames/maxLength", 10),
        ["open.counts{name} limit_widened FORWARD"],
        id="limit of a name in a map",
    ),
    pytest.param(
        changed(_O + "properties/counts/propertyNames", GONE),
        ["open.counts constraint_changed FORWARD"],
        id="any name in a map",
    ),
    pytest.param(
        changed("$defs/Colour/enum", ["red", "green", "blue"]),
        ["open.colour enum_value_added FORWARD"],
        id="value added to a closed choice",
    ),
    pytest.param(
        changed("$defs/Colour/enum", ["red"]),
        ["open.colour enum_value_removed BACKWARD"],
        id="value removed from a closed choice",
    ),
    pytest.param(changed("$defs/Colour/enum", GONE), ["open.colour choice_opened FORWARD"], id="choice opened"),
    pytest.param(
        changed(_N + "properties/note/enum", ["x"]), ["narrative.note choice_closed BACKWARD"], id="choice closed"
    ),
    pytest.param(
        changed(_O + "properties/kept/const", 1),
        ["open.kept enum_value_added FORWARD", "open.kept enum_value_removed BACKWARD"],
        id="another constant, equal in Python",
    ),
    pytest.param(
        changed("$defs/Flag/properties/code/enum", ["A", "B", "C"]),
        ["narrative.flags[].code code_added"],
        id="code added to a list",
    ),
    pytest.param(
        changed("$defs/Flag/properties/code/enum", ["A"]),
        ["narrative.flags[].code code_removed BACKWARD"],
        id="code removed from a list",
    ),
    pytest.param(
        changed("$defs/Flag/properties/code/x-simpul-codes", _lists("flags 2027")), [], id="another version of a list"
    ),
    pytest.param(
        changed("$defs/Flag/properties/code/x-simpul-codes", _lists("signs 2026")),
        ["narrative.flags[].code code_list_changed BACKWARD FORWARD"],
        id="another list",
    ),
    pytest.param(
        changed("$defs/Flag/properties/code/x-simpul-codes", _lists("flags 2026", "signs 2026")),
        ["narrative.flags[].code code_list_changed BACKWARD FORWARD"],
        id="a second list beside the first",
    ),
    pytest.param(
        changed("$defs/Colour/x-simpul-codes", _lists("colours 2026")),
        ["open.colour code_list_changed BACKWARD FORWARD"],
        id="closed choice made a list, which older nodes know as closed",
    ),
    pytest.param(
        changed(_N + "properties/note/pattern", "^y"),
        ["narrative.note pattern_changed BACKWARD FORWARD"],
        id="pattern changed",
    ),
    pytest.param(
        changed(_N + "properties/note/pattern", GONE), ["narrative.note pattern_changed FORWARD"], id="pattern dropped"
    ),
    pytest.param(
        changed(_O + "properties/colour/pattern", "^r"), ["open.colour pattern_changed BACKWARD"], id="pattern given"
    ),
    pytest.param(
        changed(_N + "properties/on/format", "date-time"),
        ["narrative.on format_changed BACKWARD FORWARD"],
        id="format changed",
    ),
    pytest.param(
        changed(_N + "properties/flags/uniqueItems", True),  # noqa: FBT003 - a value of the schema
        ["narrative.flags constraint_changed BACKWARD"],
        id="items unique",
    ),
    pytest.param(
        changed(_N + "properties/lines/prefixItems", [{"type": "integer"}]),
        ["narrative.lines constraint_changed BACKWARD FORWARD"],
        id="another kind of first item",
    ),
    pytest.param(
        changed(_O + "properties/colour/default", "green"),
        ["open.colour default_changed BACKWARD FORWARD"],
        id="another default",
    ),
    pytest.param(
        changed("properties/place", GONE), ["place compartment_removed BACKWARD FORWARD"], id="compartment removed"
    ),
    pytest.param(
        changed("properties/health", {"type": "object"}),
        ["health compartment_added BACKWARD FORWARD"],
        id="compartment added",
    ),
    pytest.param(
        changed("required", ["open", "narrative", "place"]),
        ["place compartment_became_required BACKWARD"],
        id="compartment became required",
    ),
    pytest.param(
        changed("required", ["open"]),
        ["narrative compartment_became_optional FORWARD"],
        id="compartment became optional",
    ),
    pytest.param(
        _moved("note", "Narrative", "Open"),
        ["narrative.note field_removed BACKWARD", "open.note field_added", "open.note field_opened BACKWARD FORWARD"],
        id="field moved into the open part",
    ),
    pytest.param(
        _moved("note", "Narrative", "Open", keep=True),
        ["open.note field_added", "open.note field_opened BACKWARD FORWARD"],
        id="field repeated in the open part",
    ),
    pytest.param(
        _moved("code", "Flag", "Open", keep=True),
        ["open.code field_added", "open.code field_opened BACKWARD FORWARD"],
        id="field of an item repeated in the open part",
    ),
    pytest.param(
        _moved("note", "Narrative", "Place"),
        ["narrative.note field_removed BACKWARD", "place.note field_added", "place.note field_moved BACKWARD FORWARD"],
        id="field moved to another compartment",
    ),
    pytest.param(
        _moved("note", "Narrative", "Place", keep=True), ["place.note field_added"], id="name used in two compartments"
    ),
    pytest.param(changed("x-simpul-rules", ["one_holds", "another_holds"]), [" rule_added BACKWARD"], id="rule added"),
    pytest.param(
        changed("x-simpul-area", "victim"),
        [" constraint_changed BACKWARD FORWARD"],
        id="another area, so another topic",
    ),
    pytest.param(
        changed(_N + "properties/flags/x-simpul-unique", ["code"]),
        ["narrative.flags constraint_changed BACKWARD"],
        id="no two alike any more",
    ),
    pytest.param(changed("x-simpul-rules", []), [" rule_removed FORWARD"], id="rule removed"),
]


def _written(change: Change) -> str:
    return " ".join([change.path, change.code, *sorted(one.name for one in change.breaks)])


@pytest.mark.parametrize(("new", "changes"), CASES)
def test_each_change_is_named(new: dict[str, Any], changes: list[str]) -> None:
    """Where, which, and whom it breaks; all of them, and no others."""
    assert [_written(change) for change in compare(OLD, new)] == changes


def test_only_what_breaks_somebody_is_breaking() -> None:
    """A new optional field and a new code need no new major version; a field that went does."""
    assert breaking(compare(OLD, changed(_O + "properties/title", {"type": "string"}))) == ()
    found = breaking(compare(OLD, changed(_N + "properties/note", GONE)))
    assert [(change.path, change.code) for change in found] == [("narrative.note", "field_removed")]


def test_a_limit_says_from_what_to_what() -> None:
    """Whoever reads the check's output sees what to put back."""
    (change,) = compare(OLD, changed(_N + "properties/flags/maxItems", GONE))
    assert change.detail == "maxItems 3 to none"


@pytest.mark.parametrize("name", [data.fact.name for data in EVENTS])
def test_a_schema_is_compatible_with_itself(name: str) -> None:
    """Every published schema is understood: nothing is found where nothing changed."""
    schema = json.loads((_PUBLISHED / f"{name}.json").read_bytes())
    assert compare(schema, schema) == ()
