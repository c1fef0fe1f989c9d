"""BNPT: STIX bundles to events."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from adapters.bnpt import adapter, mapping, native
from adapters.contract import Mapped, Offer, Reject
from broker.errors import InvalidEventError, MisconfiguredError
from schemas import catalogue
from schemas.intel import TLP_MARKINGS

Read = Callable[..., list[Mapped]]
VICTIM = "identity--0a6d6f1e-9999-4e7e-8a33-000000000009"


@pytest.fixture
def bundle(samples: Path) -> dict[str, Any]:
    """The sample bundle."""
    value: dict[str, Any] = orjson.loads((samples / "03_stix.json").read_bytes())
    return value


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Map a bundle; give everything that comes of it."""

    def run(value: object, **settings: str) -> list[Mapped]:
        return list(adapter.source(tmp_path, settings).read("03_stix.json", orjson.dumps(value)).mapped)

    return run


def only(mapped: list[Mapped]) -> dict[str, Any]:
    """The one event that was offered, accepted by the catalogue."""
    (one,) = mapped
    assert isinstance(one, Offer)
    catalogue.find(mapping.TYPE).draft.validate_json(one.draft.body)
    body: dict[str, Any] = orjson.loads(one.draft.body)
    return body


def individual(**more: Any) -> dict[str, Any]:
    """An identity of one person."""
    return {
        "type": "identity",
        "spec_version": "2.1",
        "id": VICTIM,
        "created": "2026-08-05T02:00:00.000Z",
        "modified": "2026-08-05T02:00:00.000Z",
        "name": "SARI CONTOHDUA",
        "identity_class": "individual",
        **more,
    }


def test_the_sample_gives_an_event_that_the_catalogue_accepts(read: Read, bundle: dict[str, Any]) -> None:
    """The bundle travels as it is; TLP from its marking, nexus and PAP from the settings."""
    body = only(read(bundle, status="Exercise", nexus="document_fraud", pap="red"))
    assert (body["tlp"], body["pap"], body["status"]) == ("amber+strict", "red", "Exercise")
    assert body["time"] == "2026-08-05T02:00:00.000Z"
    assert body["data"]["open"]["nexus"] == "document_fraud"
    assert body["data"]["open"]["confidence"] == 60
    assert body["data"]["open"]["stixTypes"]["threat-actor"] == 1
    assert body["data"]["network"]["bundle"] == bundle


def test_the_envelope_takes_the_strictest_marking(read: Read, bundle: dict[str, Any]) -> None:
    """One object under red makes the event red."""
    red = "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1"
    bundle["objects"][2]["object_marking_refs"].append(red)
    (one,) = read(bundle)
    assert isinstance(one, Offer)
    assert orjson.loads(one.draft.body)["tlp"] == "red"


def test_the_levels_are_the_catalogues() -> None:
    """The same fixed ids."""
    assert {marking: str(level) for marking, level in TLP_MARKINGS.items()} == native.TLP_LEVELS
    assert list(native.TLP_LEVELS.values()) == ["clear", "green", "amber", "amber+strict", "red"]


@pytest.mark.parametrize(
    "thing",
    [
        pytest.param(individual(), id="an individual"),
        pytest.param(individual(identity_class="unknown"), id="a class that may hide one"),
        pytest.param({key: value for key, value in individual().items() if key != "identity_class"}, id="no class"),
    ],
)
def test_a_bundle_that_names_an_individual_victim_is_refused(
    read: Read, bundle: dict[str, Any], thing: dict[str, Any]
) -> None:
    """Nothing of it leaves, and the reject holds no name."""
    bundle["objects"].append(thing)
    found = read(bundle)
    field = "objects[6].identity_class"
    assert found == [Reject(file="03_stix.json", row=1, field=field, code="adapter.stix-individual")]
    assert "SARI" not in repr(found)


def test_a_suspect_may_be_named(read: Read, bundle: dict[str, Any]) -> None:
    """An individual to whom a threat actor of the bundle is attributed is no victim."""
    actor = bundle["objects"][2]["id"]
    link = {
        "type": "relationship",
        "spec_version": "2.1",
        "id": "relationship--0a6d6f1e-8888-4e7e-8a33-000000000008",
        "created": "2026-08-05T02:00:00.000Z",
        "modified": "2026-08-05T02:00:00.000Z",
        "relationship_type": "attributed-to",
        "source_ref": actor,
        "target_ref": VICTIM,
    }
    bundle["objects"] += [individual(), link]
    only(read(bundle))
    link["source_ref"] = bundle["objects"][1]["id"]
    assert [type(one) for one in read(bundle)] == [Reject]


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        pytest.param({"type": "report"}, "type", "adapter.record-shape", id="no bundle"),
        pytest.param({"id": "bundle--1"}, "id", "adapter.value-form", id="id"),
        pytest.param({"objects": []}, "objects", "adapter.value-missing", id="empty"),
        pytest.param({"note": "SARI"}, "?", "adapter.field-unknown", id="more fields"),
        pytest.param({"objects": [{"type": "tool"}]}, "objects[0]", "adapter.value-form", id="object without id"),
    ],
)
def test_what_is_no_bundle_is_rejected(
    read: Read, bundle: dict[str, Any], change: dict[str, Any], field: str, code: str
) -> None:
    """By path and code."""
    assert read({**bundle, **change}) == [Reject(file="03_stix.json", row=1, field=field, code=code)]


def test_a_bundle_without_a_tlp_2_marking_is_rejected(read: Read, bundle: dict[str, Any]) -> None:
    """An old marking, or a definition that marks nothing, is not enough."""
    for thing in bundle["objects"]:
        thing.pop("object_marking_refs", None)
    assert Reject(file="03_stix.json", row=1, field="objects", code="adapter.stix-marking") in read(bundle)
    bundle["objects"][2]["object_marking_refs"] = ["marking-definition--f88d31f6-486f-44da-b317-01333bde0b82"]
    assert Reject(file="03_stix.json", row=1, field="objects", code="adapter.stix-marking") in read(bundle)


def test_the_least_confidence_counts_and_settings_stand_in(read: Read, bundle: dict[str, Any]) -> None:
    """A bundle is as sure as its least sure object; where none says, the settings do."""
    bundle["objects"][5]["confidence"] = 15
    assert only(read(bundle))["data"]["open"]["confidence"] == 15
    for thing in bundle["objects"]:
        thing.pop("confidence", None)
    assert only(read(bundle, confidence="30"))["data"]["open"]["confidence"] == 30


def test_a_file_that_is_no_json_is_refused(tmp_path: Path) -> None:
    """As a whole, with its code."""
    with pytest.raises(InvalidEventError) as caught:
        adapter.source(tmp_path, {}).read("a.json", b"{")
    assert caught.value.code == "adapter.json-broken"


def test_unknown_settings_are_refused(tmp_path: Path) -> None:
    """A setting that is misspelt stops the start."""
    for settings in ({"tlp": "red"}, {"confidence": "101"}, {"priority": "P0"}):
        with pytest.raises(MisconfiguredError):
            adapter.source(tmp_path, settings)
