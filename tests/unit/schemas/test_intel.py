"""What a bundle must have, and whom it may not name."""

import json
from typing import Any

import pytest

from schemas.intel import BUNDLE_LIMIT, TLP_MARKINGS
from tests.unit.schemas.samples import GONE, changed, codes, example, kind

_PERSON = "identity--0a6d6f1e-9999-4e7e-8a33-000000000009"
_TIE = {
    "type": "relationship",
    "id": "relationship--0a6d6f1e-9999-4e7e-8a33-000000000010",
    "relationship_type": "attributed-to",
    "source_ref": "threat-actor--0a6d6f1e-2222-4e7e-8a33-000000000002",
    "target_ref": _PERSON,
}
_RED = "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1"
_EXTENSION = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"


def _with(*more: dict[str, Any], **changes: Any) -> set[str]:
    document = changed(example("E13"), **{f"data__network__bundle__{path}": new for path, new in changes.items()})
    objects = document["data"]["network"]["bundle"].get("objects")
    if isinstance(objects, list):
        objects.extend(more)
        types = [thing["type"] for thing in objects if isinstance(thing, dict) and "type" in thing]
        document["data"]["open"]["stixTypes"] = {name: types.count(name) for name in types}
    return codes(kind("E13").draft, document)


def _individual(**fields: Any) -> dict[str, Any]:
    return {"type": "identity", "id": _PERSON, "name": "CONTOHEMPAT", "identity_class": "individual", **fields}


_NOTE = {"type": "note", "id": "note" + _PERSON[8:], "content": "x", "object_refs": [_TIE["source_ref"]]}
_TARGETED = {**_TIE, "id": "relationship--0a6d6f1e-9999-4e7e-8a33-000000000011", "relationship_type": "targets"}
_SIGHTED = {
    "type": "sighting",
    "id": "sighting--0a6d6f1e-9999-4e7e-8a33-000000000012",
    "sighting_of_ref": _TIE["source_ref"],
    "where_sighted_refs": [_PERSON],
}


def test_the_sample_bundle_is_accepted() -> None:
    """Organisations, actors, accounts and relations pass."""
    assert _with() == set()


def test_a_suspect_is_accepted() -> None:
    """An individual to whom a threat actor of the bundle is attributed may be named."""
    assert _with(_individual(), _TIE) == set()


@pytest.mark.parametrize(
    "more",
    [
        pytest.param([_individual(identity_class="class"), _TARGETED], id="a class of people who are a target"),
        pytest.param([{**_NOTE, "content": "d41d8cd98f00b204e9800998ecf8427e"}], id="an MD5 digest"),
        pytest.param([{**_NOTE, "content": "a" * 16 + "1234567890123456" * 3}], id="a digest with many digits"),
        pytest.param([{**_NOTE, "content": "351234567890123"}], id="fifteen digits, as a device has"),
        pytest.param(
            [{"type": "location", "id": "location" + _PERSON[8:], "latitude": -3.8004444444444446}], id="a latitude"
        ),
    ],
)
def test_what_is_nobody_passes(more: list[dict[str, Any]]) -> None:
    """Classes may be targets, and what only looks like a number is none."""
    assert _with(*more) == set()


@pytest.mark.parametrize("name", ["x-victim", "x-sari-contohdua", "victim", "bundle", "Identity", "process2"])
def test_types_are_those_of_the_standard(name: str) -> None:
    """A type of one's own is refused, in the bundle and in the counts, for its name alone may name somebody."""
    expected = "stix_object" if name == "Identity" else "stix_type"
    assert _with({"type": name, "id": name + _PERSON[8:]}) == {"literal_error", expected}


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        pytest.param([_individual()], "stix_individual", id="an individual"),
        pytest.param([_individual(roles=["victim"])], "stix_individual", id="a victim"),
        pytest.param([_individual(), {**_TIE, "relationship_type": "targets"}], "stix_individual", id="a target"),
        pytest.param(
            [_individual(), {**_TIE, "source_ref": "threat-actor--" + _PERSON[10:]}],
            "stix_individual",
            id="an actor not in the bundle",
        ),
        pytest.param(
            [_individual(), {**_TIE, "source_ref": "identity--0a6d6f1e-1111-4e7e-8a33-000000000001"}],
            "stix_individual",
            id="attributed by an organisation",
        ),
        pytest.param(
            [_individual(), {**_TIE, "source_ref": _TIE["target_ref"], "target_ref": _TIE["source_ref"]}],
            "stix_individual",
            id="the other way round",
        ),
        pytest.param([_individual(identity_class="Individual")], "stix_identity_class", id="upper case"),
        pytest.param([_individual(identity_class="unknown")], "stix_identity_class", id="unknown class"),
        pytest.param([{"type": "identity", "id": _PERSON, "name": "x"}], "stix_identity_class", id="no class"),
        pytest.param([_individual(identity_class=["individual"])], "stix_identity_class", id="class as a list"),
        pytest.param(
            [{"type": "note", "id": "note" + _PERSON[8:], "x_who": {"type": "identity", "name": "x"}}],
            "stix_hidden_identity",
            id="an identity within a note",
        ),
        pytest.param(
            [{"type": "note", "id": "note" + _PERSON[8:], "x_who": [{"identity_class": "individual"}]}],
            "stix_hidden_identity",
            id="a class within a note",
        ),
        pytest.param(
            [{"type": "campaign", "id": "campaign" + _PERSON[8:], "identity_class": "individual"}],
            "stix_hidden_identity",
            id="a class on another type",
        ),
        pytest.param([_individual(), _TIE, _TARGETED], "stix_target", id="a suspect who is a target"),
        pytest.param(
            [_individual(), _TIE, {**_TARGETED, "source_ref": "identity--0a6d6f1e-1111-4e7e-8a33-000000000001"}],
            "stix_target",
            id="a suspect who is an organisation's target",
        ),
        pytest.param(
            [_individual(), _TIE, {**_TARGETED, "relationship_type": "attributed-to", "source_ref": _PERSON}],
            "stix_target",
            id="attributed to themselves",
        ),
        pytest.param([_individual(), _TIE, _SIGHTED], "stix_target", id="a suspect with whom something was sighted"),
        pytest.param([{**_NOTE, "content": "NIK:1709015403100000."}], "stix_nik", id="a national number in a note"),
        pytest.param([{**_NOTE, "labels": ["1709015403100000"]}], "stix_nik", id="a national number in a list"),
        pytest.param([{**_NOTE, "x_1709015403100000": True}], "stix_nik", id="a national number as a name"),
        pytest.param([{**_NOTE, "x_who": 1709015403100000}], "stix_nik", id="a national number as a number"),
        pytest.param([{**_NOTE, "content": "1709015403100000" * 2}], "stix_nik", id="two national numbers"),
        pytest.param([{**_NOTE, "content": "a1709015403100000"}], "stix_nik", id="a national number behind a letter"),
    ],
)
def test_nobody_else_is_named(more: list[dict[str, Any]], expected: str) -> None:
    """Whatever may be a victim refuses the bundle."""
    assert _with(*more) == {expected}


@pytest.mark.parametrize(
    ("more", "changes", "expected"),
    [
        pytest.param([], {"objects__0": _individual(identity_class="group")}, "stix_tlp_missing", id="no marking"),
        pytest.param([], {"objects__0__id": "marking-definition" + _PERSON[8:]}, "stix_tlp_id", id="own id"),
        pytest.param(
            [], {f"objects__0__extensions__{_EXTENSION}__tlp_2_0": "clear"}, "stix_tlp_id", id="level and id differ"
        ),
        pytest.param([], {"objects__0__extensions": GONE}, "stix_tlp_id", id="no extension"),
        pytest.param(
            [
                {
                    "type": "marking-definition",
                    "id": "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82",
                    "definition_type": "tlp",
                }
            ],
            {},
            "stix_tlp_id",
            id="TLP 1",
        ),
        pytest.param(
            [],
            {
                "objects__0": {
                    "type": "marking-definition",
                    "id": _RED,
                    "extensions": {_EXTENSION: {"extension_type": "property-extension", "tlp_2_0": "red"}},
                }
            },
            "stix_tlp_missing",
            id="a marking that marks nothing",
        ),
    ],
)
def test_a_bundle_is_marked(more: list[dict[str, Any]], changes: dict[str, Any], expected: str) -> None:
    """TLP 2.0, under the fixed ids, and applied."""
    assert _with(*more, **changes) == {expected}


def test_other_markings_may_stand_beside() -> None:
    """A PAP or statement marking is no TLP marking."""
    assert (
        _with({"type": "marking-definition", "id": "marking-definition" + _PERSON[8:], "definition_type": "statement"})
        == set()
    )


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"type": "report"}, "stix_bundle", id="no bundle"),
        pytest.param({"id": "bundle--1"}, "stix_bundle", id="bad id"),
        pytest.param({"id": GONE}, "stix_bundle", id="no id"),
        pytest.param({"objects": []}, "stix_bundle", id="empty"),
        pytest.param({"objects": GONE}, "stix_bundle", id="no objects"),
        pytest.param({"objects": {}}, "stix_bundle", id="objects as a map"),
        pytest.param({"spec_version": "2.0"}, "stix_bundle", id="STIX 2.0"),
        pytest.param({"objects__1": "identity"}, "stix_object", id="text for an object"),
        pytest.param({"objects__1__id": "campaign" + _PERSON[8:]}, "stix_object", id="id of another type"),
        pytest.param({"objects__1__type": 1}, "stix_object", id="type as a number"),
        pytest.param({"objects__1__id": GONE}, "stix_object", id="object without id"),
        pytest.param({"objects__1__description": "x" * BUNDLE_LIMIT}, "stix_too_large", id="too large"),
        pytest.param({"objects__1__x_number": float("nan")}, "stix_number", id="no number"),
    ],
)
def test_a_bundle_has_the_shape_of_stix(changes: dict[str, Any], expected: str) -> None:
    """Anything else than a bundle of typed objects is refused."""
    assert expected in _with(**changes)


def test_the_counts_are_those_of_the_bundle() -> None:
    """The open part cannot say something else than the bundle."""
    wrong = changed(example("E13"), data__open__stixTypes={"campaign": 1})
    assert codes(kind("E13").draft, wrong) == {"stix_types_count"}


def test_a_bundle_comes_back_whole() -> None:
    """Nothing within a bundle is dropped when it is written, null included."""
    network = kind("E13").compartments["network"]
    bundle = changed(example("E13")["data"]["network"], bundle__objects__1__x_note=None)
    assert b'"x_note":null' in network.model_validate_json(json.dumps(bundle)).to_json()


def test_there_are_five_levels() -> None:
    """TLP 2.0 has five levels, each with one id."""
    assert len(set(TLP_MARKINGS.values())) == len(TLP_MARKINGS) == 5
