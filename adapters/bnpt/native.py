"""What BNPT's systems write and read; bytes become values here. docs/adapters.md has the formats.

A file is one STIX 2.1 bundle (`*.json`), kept as JSON: common STIX libraries mishandle the markings of TLP 2.0.
A delivery is one JSON file for each event, with the bundle in it as it came where the event carries one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from pydantic import ValidationError

from adapters.contract import Faults
from adapters.documents import NativeModel, read_json
from broker.errors import InvalidEventError

Thing = dict[str, Any]

TLP_LEVELS: Final = {
    "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487": "clear",
    "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb": "green",
    "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421": "amber",
    "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003": "amber+strict",
    "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1": "red",
}
"""The fixed ids of TLP 2.0 in STIX 2.1, from the loosest to the strictest."""

_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_BUNDLE_ID = re.compile(rf"bundle--{_UUID}")
_OBJECT_ID = re.compile(rf"([a-z0-9][a-z0-9-]{{1,248}}[a-z0-9])--{_UUID}")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z")
_CONFIDENCE_MAX = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """A bundle of intelligence on a network, and what its envelope needs to know of it."""

    id: str = field(repr=False)
    value: Thing = field(repr=False)
    """The bundle as it was read, in its own order."""
    tlp: str
    """The strictest TLP 2.0 level that marks any of its objects."""
    confidence: int | None
    """The least of the confidences that its objects state; None where none does."""
    changed: str = field(repr=False)
    """The latest time at which an object of it was made or modified, RFC 3339, UTC."""
    counts: dict[str, int]


class Delivered(NativeModel):
    """A delivered event, as its file holds it."""

    id: str
    source: str
    type: str
    time: str
    subject: str | None
    priority: str
    status: str
    tlp: str
    pap: str
    open: list[str]
    closed: list[str]
    parts: dict[str, dict[str, Any]]
    bundle: Thing | None
    """The STIX bundle, where the event carries one that opens here; it stands here and not in `parts`."""


def read_bundle(content: bytes) -> Bundle | Faults:
    """Read a file.

    Returns:
        The bundle; or everything that is wrong with it.

    Raises:
        InvalidEventError: it is not JSON.
    """
    value = read_json(content)
    faults = _shape(value)
    if faults:
        return faults
    objects: list[Thing] = value["objects"]
    applied = {reference for thing in objects for reference in _markings(thing)}
    levels = [level for marking, level in TLP_LEVELS.items() if marking in applied]
    if not levels:
        faults.append(("objects", "adapter.stix-marking"))
    faults += _named_individuals(objects)
    changed = max((time for thing in objects for time in _times(thing)), default="")
    if not changed:
        faults.append(("objects", "adapter.value-missing"))
    if faults:
        return faults
    counts: dict[str, int] = {}
    for thing in objects:
        counts[thing["type"]] = counts.get(thing["type"], 0) + 1
    stated = [thing["confidence"] for thing in objects if _is_confidence(thing.get("confidence"))]
    return Bundle(
        id=value["id"],
        value=value,
        tlp=levels[-1],
        confidence=min(stated, default=None),
        changed=changed,
        counts=counts,
    )


def write_delivered(row: Delivered) -> bytes:
    """Write a delivered event."""
    return orjson.dumps(row.model_dump(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def read_delivered(content: bytes) -> Delivered:
    """Read a delivered event back.

    Raises:
        InvalidEventError: it is not one.
    """
    try:
        return Delivered.model_validate_json(content)
    except ValidationError:
        pass
    raise InvalidEventError("adapter.row-broken")


def _shape(value: object) -> Faults:
    """Check that this is a bundle as STIX 2.1 §8 says, of objects as §2.9 and §3.1 say."""
    if not isinstance(value, dict) or value.get("type") != "bundle":
        return [("type", "adapter.record-shape")]
    if not isinstance(value.get("id"), str) or _BUNDLE_ID.fullmatch(value["id"]) is None:
        return [("id", "adapter.value-form")]
    if not value.keys() <= {"type", "id", "objects"}:
        return [("?", "adapter.field-unknown")]
    objects = value.get("objects")
    if not isinstance(objects, list) or not objects:
        return [("objects", "adapter.value-missing")]
    return [(f"objects[{place}]", "adapter.value-form") for place, thing in enumerate(objects) if not _is_object(thing)]


def _is_object(thing: object) -> bool:
    if not isinstance(thing, dict) or not isinstance(thing.get("id"), str):
        return False
    found = _OBJECT_ID.fullmatch(thing["id"])
    return found is not None and found[1] == thing.get("type")


def _named_individuals(objects: list[Thing]) -> Faults:
    """Find identities of individuals who are nobody's suspected face: they may be victims, and refuse the bundle.

    An individual may stand only where a threat actor of the bundle is attributed to them; a class that is absent or
    unknown may hide a person and is refused alike.
    """
    actors = {thing["id"] for thing in objects if thing["type"] == "threat-actor"}
    suspects = {
        thing.get("target_ref")
        for thing in objects
        if thing["type"] == "relationship"
        and thing.get("relationship_type") == "attributed-to"
        and thing.get("source_ref") in actors
    }
    return [
        (f"objects[{place}].identity_class", "adapter.stix-individual")
        for place, thing in enumerate(objects)
        if thing["type"] == "identity"
        and thing["id"] not in suspects
        and thing.get("identity_class") not in {"group", "organization", "system", "class"}
    ]


def _markings(thing: Thing) -> list[str]:
    references = thing.get("object_marking_refs")
    return [one for one in references if isinstance(one, str)] if isinstance(references, list) else []


def _times(thing: Thing) -> list[str]:
    if thing["type"] == "marking-definition":  # those of TLP are years old, and say nothing of the bundle
        return []
    said = (thing.get("created"), thing.get("modified"))
    return [time for time in said if isinstance(time, str) and _TIME.fullmatch(time)]


def _is_confidence(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _CONFIDENCE_MAX
