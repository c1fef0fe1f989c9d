"""What ships beside the catalogue: every example is accepted, every way to spoil it is refused as it says."""

import json
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # ships no types
import jsonschema_rs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from broker.validation.faults import code_of
from broker.validation.trial import trial_of, tried
from schemas.catalogue import KINDS, EventKind, find
from schemas.publish import schema_of
from schemas.shipped import Counterexample, counterexamples, example, grouped
from tests.counterexamples import drawn
from tests.rule_codes import rules_of
from tests.schema_faults import Spoil, spoils, spoilt
from tests.unit.schemas.samples import codes

_IDS = [kind.number for kind in KINDS]
_UNSPEAKABLE = frozenset({"stix_number"})
"""Rules that no JSON can break: NaN is refused before."""


@pytest.mark.parametrize("kind", KINDS, ids=_IDS)
def test_all_that_ships_holds(kind: EventKind) -> None:
    """The example is accepted; each counterexample is refused with its code at its path, and with no other."""
    trial = trial_of(kind)
    assert trial.faults == ()
    assert [(one.counterexample.name, one.found) for one in trial.wrong] == []
    assert trial.refused == counterexamples(kind.type)


@pytest.mark.parametrize("kind", KINDS, ids=_IDS)
def test_there_are_five_named_faults_at_least(kind: EventKind) -> None:
    """Each has a name of its own."""
    names = [one.name for one in counterexamples(kind.type)]
    assert len(names) == len(set(names))
    assert len(names) >= 5


@pytest.mark.parametrize("kind", KINDS, ids=_IDS)
def test_every_rule_of_a_type_has_a_fault(kind: EventKind) -> None:
    """A rule that can refuse an event of the type is broken by a counterexample that a person wrote."""
    written = {one.code for one in grouped(kind.type)["written"]}
    assert {code_of(rule) for rule in rules_of(kind.data) - _UNSPEAKABLE} <= written


@pytest.mark.parametrize("kind", KINDS, ids=_IDS)
def test_a_type_states_its_rules(kind: EventKind) -> None:
    """What is published is what the source of the models refuses, and nothing else."""
    assert schema_of(kind.data)["x-simpul-rules"] == sorted(rules_of(kind.data))


def test_the_rules_of_a_type_are_found() -> None:
    """Those of its open part, of its data, of shared values and of the functions that these call."""
    found = rules_of(find("id.simpul.border.crossing-flagged.v1").data)
    assert {"mrz_number", "mrz_check_digit"} <= found
    assert "stix_individual" in rules_of(find("id.simpul.intel.bundle-shared.v1").data)
    assert rules_of(find("id.simpul.alert.issued.v1").data) == {
        "ack_incomplete", "ack_state", "alert_or_ack", "references_missing", "repeats",
    }  # fmt: skip


@pytest.mark.parametrize("kind", KINDS, ids=_IDS)
def test_other_validators_refuse_what_was_drawn(kind: EventKind) -> None:
    """Two implementations of JSON Schema accept the example and refuse each fault that its schema speaks of."""
    schema = schema_of(kind.data)
    jsonschema.Draft202012Validator.check_schema(schema)
    validators = (jsonschema.Draft202012Validator(schema), jsonschema_rs.validator_for(schema))
    good = json.loads(example(kind.type))
    assert all(validator.is_valid(good["data"]) for validator in validators)
    faults = grouped(kind.type)["drawn"]
    assert faults
    for one in faults:
        assert not any(validator.is_valid(one.spoil(good)["data"]) for validator in validators), one.name


@pytest.mark.parametrize("kind", KINDS, ids=_IDS)
@settings(suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_whatever_a_schema_forbids_is_refused(kind: EventKind, data: st.DataObject) -> None:
    """Spoilt anywhere, in any way that the schema speaks of: model, node and another validator all refuse."""
    _, one = data.draw(spoilt(kind.type))
    document = one.spoil(json.loads(example(kind.type)))
    assert codes(kind.draft, document) != set()
    assert tried(json.dumps(document).encode()) != ()
    assert not _validator(kind.type).is_valid(document["data"])


_validators: dict[str, Any] = {}


def _validator(type_name: str) -> Any:
    if type_name not in _validators:
        _validators[type_name] = jsonschema_rs.validator_for(schema_of(find(type_name).data))
    return _validators[type_name]


def test_every_place_of_an_example_is_spoilt() -> None:
    """The walk over the schema reaches each field of the example, however deep."""
    places = {spoil.at for spoil in spoils("id.simpul.border.crossing-flagged.v1")}
    assert {
        "/data/identity/doc/mrz/1",
        "/data/narrative/flags/0/code",
        "/data/open/groupSize",
        "/data/identity/person/personRef",
    } <= places
    kinds = {spoil.what for kind in KINDS for spoil in spoils(kind.type)}
    assert kinds == {
        "null", "wrong-type", "unknown-code", "unknown-field", "missing", "too-few", "too-many", "twice", "too-long",
        "too-short", "bad-pattern", "bad-name", "too-small", "too-large",
    }  # fmt: skip


def test_drawing_is_the_same_again() -> None:
    """The simplest fault of each kind is the same at every drawing."""
    kind = find("id.simpul.referral.responded.v1")
    assert drawn(kind) == drawn(kind) != []


def _fault(**fields: Any) -> Counterexample:
    return Counterexample(**{"name": "x", "do": "set", "code": "", "path": "", **fields})


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        pytest.param(_fault(at="/a/0", value=9), {"a": [9, 2], "b/c": {"~": 3}}, id="set"),
        pytest.param(_fault(at="/a", value=[1], times=3), {"a": [1, 1, 1], "b/c": {"~": 3}}, id="repeated"),
        pytest.param(_fault(at="/a/2", do="add", value=9), {"a": [1, 2, 9], "b/c": {"~": 3}}, id="add to a list"),
        pytest.param(_fault(at="/d", do="add"), {"a": [1, 2], "b/c": {"~": 3}, "d": None}, id="add null"),
        pytest.param(_fault(at="/b~1c/~0", do="remove"), {"a": [1, 2], "b/c": {}}, id="remove, escaped"),
    ],
)
def test_spoiling(fault: Counterexample, expected: Any) -> None:
    """One place is changed, in a copy."""
    document = {"a": [1, 2], "b/c": {"~": 3}}
    assert fault.spoil(document) == expected
    assert document == {"a": [1, 2], "b/c": {"~": 3}}


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(_fault(at="/c", value=1), id="nothing to set"),
        pytest.param(_fault(at="/a", do="add", value=1), id="there already"),
        pytest.param(_fault(at="/a/0/b", do="remove"), id="no such way"),
    ],
)
def test_a_counterexample_that_does_not_fit_says_so(fault: Counterexample) -> None:
    """One that spoils nothing would pass unnoticed."""
    with pytest.raises((LookupError, TypeError)):
        fault.spoil({"a": [1]})


def test_a_spoil_names_its_part() -> None:
    """By which counterexamples are spread over the parts of an event."""
    assert Spoil(what="x", at="/data/open/a/0", do="set", value=st.none()).part == "open"
    assert Spoil(what="x", at="/data", do="set", value=st.none()).part == ""
