"""The catalogue finds what it has, and says so in full."""

import json
import subprocess
import sys
from typing import Any

import pytest
from pydantic import ValidationError

from schemas.base import COMPARTMENTS, PREFIX
from schemas.catalogue import KINDS, UnknownTypeError, find
from schemas.events import compartments_of
from tests.unit.schemas.samples import example, kind

_SIDES = {
    "E01": ("tip.received", ["narrative", "safe_contact"], ["narrative"], True),
    "E02": ("tip.triaged", ["narrative"], ["narrative"], True),
    "E03": ("border.crossing-flagged", ["identity", "narrative"], ["identity", "narrative"], False),
    "E04": ("traveldoc.status-reported", ["identity", "narrative"], ["identity", "narrative"], False),
    "E05": ("passport.application-deferred", ["identity", "narrative"], ["identity", "narrative"], False),
    "E06": ("watch.requested", ["identity", "narrative"], ["identity", "narrative"], False),
    "E07": ("alert.issued", ["narrative", "place"], ["narrative"], False),
    "E09": ("screening.completed", ["identity", "narrative"], ["identity", "narrative"], True),
    "E10": ("victim.status-determined", ["identity", "narrative"], ["identity", "narrative"], True),
    "E10T": ("victim.protection-notified", ["identity"], ["identity"], True),
    "E11": ("case.registered", ["narrative"], ["narrative"], False),
    "E12": ("case.progressed", ["narrative"], ["narrative"], False),
    "E13": ("intel.bundle-shared", ["network"], ["network"], False),
    "E14": ("linkage.detected", ["narrative"], ["narrative"], False),
    "E15": ("consent.changed", ["identity", "narrative"], ["identity", "narrative"], True),
    "E16": (
        "referral.requested",
        ["identity", "narrative", "place", "safe_contact"],
        ["identity", "narrative"],
        True,
    ),
    "E17": ("referral.responded", ["narrative"], [], True),
    "E18": ("service.progressed", ["narrative", "health"], ["narrative"], True),
    "E19": ("safety.risk-raised", ["narrative", "place"], ["narrative"], True),
    "E20": ("reintegration.followed-up", ["narrative"], ["narrative"], True),
    "E21": ("service.capacity-reported", [], [], True),
    "E25": ("data.duty-raised", ["narrative"], ["narrative"], False),
    "E08": ("participant.notice-served", [], [], False),
    "E22": ("outreach.published", [], [], False),
    "E23": ("feedback.received", ["narrative"], [], False),
    "E24": ("stats.published", [], [], False),
    "C01": ("control.receipt-given", [], [], False),
    "C02": ("control.heartbeat-sent", [], [], False),
    "C03": ("control.keys-changed", [], [], False),
    "C04": ("control.policy-changed", [], [], False),
    "C05": ("control.participant-changed", [], [], False),
}

_AREAS = {
    "traveldoc": "border",
    "passport": "border",
    "participant": "control",
    "screening": "victim",
    "linkage": "intel",
    "safety": "service",
    "reintegration": "service",
    "feedback": "outreach",
    "stats": "outreach",
    "data": "rights",
}
"""Where a type's name does not begin with its area."""


@pytest.mark.parametrize("number", sorted(_SIDES))
def test_each_type_has_its_compartments(number: str) -> None:
    """Type, compartments in order, those required, and the victim side are those of the agreements."""
    name, compartments, required, victim_side = _SIDES[number]
    found = find(f"{PREFIX}{name}.v1")
    assert found.number == number
    begins = name.partition(".")[0]
    assert found.area == _AREAS.get(begins, begins)
    assert list(found.compartments) == compartments
    assert sorted(found.required) == sorted(required)
    assert found.victim_side is victim_side


def test_there_is_nothing_else() -> None:
    """The table above is complete, and numbers, types and schemas are unique."""
    assert {one.number for one in KINDS} == _SIDES.keys()
    assert len({one.type for one in KINDS}) == len({one.dataschema for one in KINDS}) == len(KINDS)


@pytest.mark.parametrize("name", ["", "id.simpul.alert.issued.v2", "alert.issued.v1", "id.simpul.sealed.v1"])
def test_an_unknown_type_is_refused_without_repeating_it(name: str) -> None:
    """The name came from outside; the error does not carry it."""
    with pytest.raises(UnknownTypeError) as caught:
        find(name)
    assert isinstance(caught.value, LookupError)
    assert str(caught.value) == "the catalogue has no such event type"
    assert caught.value.args == ("the catalogue has no such event type",)


def test_compartments_stand_in_catalogue_order() -> None:
    """Every type lists its compartments in the one order."""
    for one in KINDS:
        places = [COMPARTMENTS.index(name) for name in one.compartments]
        assert places == sorted(places)


def test_json_names_of_compartments_are_their_names() -> None:
    """A compartment is called the same in Python, in JSON and in the list of parts."""
    for one in KINDS:
        for name in one.compartments:
            assert (one.data.model_fields[name].alias or name) == name


@pytest.mark.parametrize("number", sorted(_SIDES))
def test_the_example_is_accepted(number: str) -> None:
    """Each shipped example is a valid draft, an exercise, and its parts are valid alone and come back unchanged."""
    document = example(number)
    draft = kind(number).draft.validate_json(json.dumps(document).encode())
    assert document["status"] == "Exercise"
    assert _holds(json.loads(draft.data.to_json()), document["data"])
    for name, model in kind(number).compartments.items():
        if name in document["data"]:
            part = model.model_validate_json(json.dumps(document["data"][name]))
            assert part == getattr(draft.data, name)


def _holds(written: Any, given: Any) -> bool:
    """Whether everything given was written; what is written beside it are defaults."""
    if isinstance(given, dict):
        return all(_holds(written[name], value) for name, value in given.items())
    return bool(written == given)


@pytest.mark.parametrize("number", sorted(_SIDES))
def test_no_draft_passes_for_another_type(number: str) -> None:
    """A reader refuses every type but its own."""
    for other in _SIDES.keys() - {number}:
        with pytest.raises(ValidationError):
            kind(other).draft.validate_json(json.dumps(example(number)).encode())


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("E01", None),
        ("E03", "p-72907581a07529a9bb9a83badf516f10"),
        ("E04", "p-72907581a07529a9bb9a83badf516f10"),
        ("E05", "p-000118"),
        ("E06", "s-0001"),
        ("E09", "p-000232"),
        ("E10", "p-72907581a07529a9bb9a83badf516f10"),
        ("E10T", "p-72907581a07529a9bb9a83badf516f10"),
        ("E12", None),
        ("E13", None),
        ("E14", None),
        ("E15", "p-000232"),
        ("E16", "p-72907581a07529a9bb9a83badf516f10"),
        ("E17", None),
        ("E18", "p-000232"),
        ("E19", "p-72907581a07529a9bb9a83badf516f10"),
        ("E20", "p-000232"),
        ("E21", None),
        ("E25", "p-000232"),
    ],
)
def test_the_person_is_the_unit_of_erasure(number: str, expected: str | None) -> None:
    """An event about one person says which; any other says none."""
    draft = kind(number).draft.validate_json(json.dumps(example(number)).encode())
    assert draft.data.person_ref() == expected


def test_a_reader_is_made_once() -> None:
    """Asking again gives the same reader."""
    assert kind("E07").draft is kind("E07").draft
    assert kind("E07").cover is kind("E07").cover


def test_a_model_with_a_stray_field_is_no_event() -> None:
    """A field that is neither open nor a compartment is a mistake of ours, found at once."""
    odd = type("Odd", (kind("E17").data,), {"__annotations__": {"extra": int}, "__module__": __name__})
    with pytest.raises(TypeError, match="no compartment"):
        compartments_of(odd)


def test_importing_the_catalogue_generates_nothing() -> None:
    """The import reads digests; neither readers nor JSON Schemas are made, and no model is built."""
    code = (
        "import sys, schemas.catalogue as c;"
        "assert not any({'draft', 'cover'} & vars(kind).keys() for kind in c.KINDS);"
        "assert not any(model.__pydantic_complete__ for kind in c.KINDS for model in (kind.data, kind.open));"
        "assert 'schemas.publish' not in sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
