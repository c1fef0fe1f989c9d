"""What no type may have, whoever adds it: words or people in the open part, and a reporter anywhere in a tip."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from schemas.base import Model
from schemas.catalogue import KINDS, EventKind
from schemas.people import Guardian, Person, PersonMinimum, TravelDocument
from schemas.publish import schema_of
from schemas.scalars import LINE, TEXT

_PUBLIC_WORDS = {"E22"}
"""Outreach is written for everybody; no other open part holds words."""

_LABEL = 80
"""Characters up to which a free line is a label and no account of anything."""

_PEOPLE: tuple[type[Model], ...] = (Person, PersonMinimum, TravelDocument, Guardian)
_PEOPLE_FIELDS = {name for model in _PEOPLE for name in model.model_json_schema()["properties"]}
_ABOUT_NOBODY = {"number", "gender", "citizenship", "languages", "education", "ageBand", "ageYears"}
"""Names of a person's fields that could as well be said of a document, a service or a count."""

_FINEST = ["17", "17.09", "17.71"]
_FINER = ["17.09.01", "17.09.01.2001", "-3.774031,102.382"]

_REPORTER = {
    *("account", "address", "age", "birth", "caller", "contact", "device", "email", "gender", "handle", "identity"),
    *("ip", "ktp", "name", "nik", "passport", "person", "phone", "reporter", "sender", "sex", "whatsapp"),
}
_SAFE_CONTACT = ("safe_contact", "safeContact")
"""The one exception: how the reporter of a tip asked to be reached, in a compartment that opens for the tip line."""


def _fields(kind: EventKind, part: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every field of a part, at any depth, with its schema; `[]` stands for the items of a list, `{}` of a map."""
    root = schema_of(kind.data)
    yield from _within(root, root["properties"][part], part)


def _within(root: dict[str, Any], field: dict[str, Any], path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    if "$ref" in field:
        field = {**root["$defs"][field["$ref"].rpartition("/")[2]], **{k: v for k, v in field.items() if k != "$ref"}}
    yield path, field
    for name, inner in field.get("properties", {}).items():
        yield from _within(root, inner, f"{path}.{name}")
    for inner in (*field.get("prefixItems", ()), *_list(field.get("items")), *field.get("anyOf", ())):
        yield from _within(root, inner, f"{path}[]")
    for inner in (*_list(field.get("additionalProperties")), *_list(field.get("propertyNames"))):
        yield from _within(root, inner, f"{path}{{}}")


def _list(value: Any) -> list[dict[str, Any]]:
    return [value] if isinstance(value, dict) else []


def _is_words(field: dict[str, Any]) -> bool:
    if field.get("type") != "string" or {"enum", "const", "format"} & field.keys():
        return False
    return field.get("pattern") in {None, LINE, TEXT} and field.get("maxLength", _LABEL + 1) > _LABEL


def _takes(field: dict[str, Any], text: str) -> bool:
    """Whether a coded field takes a value; a free line is judged elsewhere."""
    pattern = field.get("pattern")
    if field.get("type") != "string" or pattern is None or _is_any_line(pattern):
        return False
    return re.search(pattern, text) is not None and len(text) <= field.get("maxLength", len(text))


def _is_any_line(pattern: str) -> bool:
    return pattern in {LINE, TEXT}


_ALL = [pytest.param(kind, id=kind.number) for kind in KINDS]


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, id=kind.number) for kind in KINDS if kind.number not in _PUBLIC_WORDS]
)
def test_no_words_stand_in_the_open_part(kind: EventKind) -> None:
    """Codes, ids, numbers and times alone, and labels of eighty characters."""
    assert [path for path, field in _fields(kind, "open") if _is_words(field)] == []


@pytest.mark.parametrize("kind", _ALL)
def test_every_open_field_is_bounded(kind: EventKind) -> None:
    """No text without a form, no object of somebody else's making."""
    for path, field in _fields(kind, "open"):
        if field.get("type") == "string":
            assert {"enum", "const", "format", "pattern"} & field.keys(), path
            assert {"enum", "const", "maxLength"} & field.keys(), path
        if field.get("type") == "object":
            assert field.get("additionalProperties") is not None, path
            assert "properties" in field or "propertyNames" in field, path
        assert field != {}, path


@pytest.mark.parametrize("kind", _ALL)
def test_no_person_stands_in_the_open_part(kind: EventKind) -> None:
    """No field of a person, a guardian or a travel document, and no reference to one."""
    names = {path.rpartition(".")[2].strip("[]{}") for path, _ in _fields(kind, "open")}
    assert names & (_PEOPLE_FIELDS - _ABOUT_NOBODY) == set()
    assert not {name for name in names if re.search("[Pp]erson|nik|[Pp]hone|[Aa]ddress|[Pp]assport", name)}


@pytest.mark.parametrize("kind", _ALL)
def test_no_open_place_is_finer_than_a_regency(kind: EventKind) -> None:
    """A coded field that takes a region takes none below a regency; and nothing open takes a point."""
    for path, field in _fields(kind, "open"):
        if any(_takes(field, place) for place in _FINEST) and not _takes(field, "AB"):  # a code of digits and dots
            assert not any(_takes(field, place) for place in _FINER), path
        assert not _takes(field, _FINER[-1]), path


def test_the_walk_finds_what_it_is_to_find() -> None:
    """In compartments, where it may stand, each of the above is found: the tests above can fail."""
    alert, crossing, tip = (next(kind for kind in KINDS if kind.number == number) for number in ("E07", "E03", "E01"))
    assert any(_is_words(field) for _, field in _fields(alert, "narrative"))
    assert any(_takes(field, "17.09.01.2001") for _, field in _fields(alert, "place"))
    assert any(_takes(field, _FINER[-1]) for _, field in _fields(alert, "place"))
    names = {path.rpartition(".")[2] for path, _ in _fields(crossing, "identity")}
    assert names & (_PEOPLE_FIELDS - _ABOUT_NOBODY)
    assert {"contact"} <= _words("safeContact") & _REPORTER
    assert "safe_contact.safeContact" in {path for path, _ in _fields(tip, "safe_contact")}


def _words(name: str) -> set[str]:
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+", name)}


_REPORTS = [kind for kind in KINDS if kind.type.split(".")[2] in {"tip", "feedback"}]


@pytest.mark.parametrize("kind", [pytest.param(kind, id=kind.number) for kind in _REPORTS])
def test_no_report_can_say_who_reports(kind: EventKind) -> None:
    """No field of a tip or of feedback is named for who reported, but for the safe contact of a tip."""
    found = {
        (part, name)
        for part in ("open", *kind.compartments)
        for path, _ in _fields(kind, part)
        for name in path.split(".")[1:]
        if _words(name) & _REPORTER
    }
    assert found == ({_SAFE_CONTACT} if kind.number == "E01" else set())
    assert set(kind.compartments) <= {"narrative", "safe_contact"}
    assert kind.number == "E01" or "safe_contact" not in kind.compartments


def test_all_reports_are_held_to_it() -> None:
    """Tips, their triage, feedback."""
    assert {kind.number for kind in _REPORTS} == {"E01", "E02", "E23"}
