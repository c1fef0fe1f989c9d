"""What the AsyncAPI document says is what the catalogue, the agreements and the wire page say."""

import json
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # ships no types
import pytest
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT7

from broker.policy import default_agreements
from broker.policy.compilation import compile_agreements
from broker.publication.draft7 import as_draft7
from broker.sealing.headers import NAMES
from schemas.catalogue import KINDS, EventKind
from schemas.shipped import counterexamples

_DOCUMENT: dict[str, Any] = json.loads(
    (Path(__file__).resolve().parents[3] / "docs" / "catalogue" / "asyncapi.json").read_bytes()
)
_IDS = [kind.number for kind in KINDS]


def _name(kind: EventKind) -> str:
    return kind.data.fact.name


def _validator(name: str) -> Any:
    """A validator of a message's payload, in the dialect that AsyncAPI names."""
    registry = Registry().with_resource("urn:document", Resource.from_contents(_DOCUMENT, default_specification=DRAFT7))
    reference = {"$ref": f"urn:document#/components/messages/{name}/payload"}
    return jsonschema.Draft7Validator(reference, registry=registry)


def _operations(type_name: str, action: str) -> set[tuple[str, str, str]]:
    """Role, channel and agreement of each operation with a type."""
    return {
        (one["x-simpul-role"], one["channel"]["$ref"].rpartition("/")[2], right["agreement"])
        for one in _DOCUMENT["operations"].values()
        for right in one.get("x-simpul-rights", {}).get(type_name, ())
        if one["action"] == action
    }


@pytest.mark.parametrize("kind", KINDS, ids=_IDS)
def test_each_type_is_a_message(kind: EventKind) -> None:
    """Its example validates by the document alone, its name and schema are the catalogue's."""
    message = _DOCUMENT["components"]["messages"][_name(kind)]
    assert message["name"] == kind.type
    assert _DOCUMENT["components"]["schemas"][_name(kind)]["x-simpul-dataschema"] == kind.dataschema
    (example,) = message["examples"]
    _validator(_name(kind)).validate(example["payload"])


@pytest.mark.parametrize("kind", KINDS, ids=_IDS)
def test_a_message_refuses_what_was_drawn_from_its_schema(kind: EventKind) -> None:
    """The rewritten schema says no less than the published one."""
    (example,) = _DOCUMENT["components"]["messages"][_name(kind)]["examples"]
    drawn = [one for one in counterexamples(kind.type) if one.name.startswith(("null", "wrong-type", "unknown-code"))]
    assert drawn
    for one in drawn:
        assert not _validator(_name(kind)).is_valid(one.spoil(example["payload"])), one.name


@pytest.mark.parametrize("kind", KINDS, ids=_IDS)
def test_operations_are_those_of_the_agreements(kind: EventKind) -> None:
    """Whoever may send or have a type has an operation that names the agreement; nobody else has."""
    agreements = compile_agreements(default_agreements()).by_type.get(kind.type, ())
    senders, recipients = set(), set()
    for agreement in agreements:
        ways = (kind.area, "mail") if agreement.topic_roles else ("mail",)
        senders |= {(role, way, agreement.id) for one in agreement.senders for role in one.roles for way in ways}
        for one in agreement.recipients:
            ways = (kind.area, "mail") if one.on_topic else ("mail",)
            recipients |= {(role, way, agreement.id) for role in one.roles for way in ways}
    assert _operations(kind.type, "send") == senders
    assert _operations(kind.type, "receive") == recipients


def test_what_lies_on_kafka_is_the_sealed_record() -> None:
    """Each channel of events has it first of all; its headers are the nine, in their order."""
    for name, channel in _DOCUMENT["channels"].items():
        assert ("sealedRecord" in channel["messages"]) is (name != "keys")
    headers = _DOCUMENT["components"]["schemas"]["record.headers"]
    assert tuple(headers["required"]) == NAMES
    assert headers["properties"].keys() == set(NAMES)
    assert not headers["additionalProperties"]


def test_no_host_is_named() -> None:
    """Where Kafka is, is each federation's own affair."""
    assert "servers" not in _DOCUMENT
    assert "http" not in json.dumps({key: value for key, value in _DOCUMENT.items() if key != "components"})


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        pytest.param(
            {"$schema": "x", "$id": "y", "$ref": "#/$defs/A", "$defs": {"A": {"type": "string"}}},
            {"n": {"$ref": "#/components/schemas/n.A"}, "n.A": {"type": "string"}},
            id="definitions",
        ),
        pytest.param(
            {"prefixItems": [{"const": 1}], "minItems": 1},
            {"n": {"items": [{"const": 1}], "additionalItems": False, "minItems": 1}},
            id="tuple",
        ),
        pytest.param(
            {"properties": {"$ref": {"type": "string"}}},
            {"n": {"properties": {"$ref": {"type": "string"}}}},
            id="a field called as a keyword",
        ),
    ],
)
def test_a_schema_in_the_older_dialect(schema: dict[str, Any], expected: dict[str, Any]) -> None:
    """What the two dialects say differently is said in the older one."""
    assert as_draft7(schema, "n") == expected
