"""Intelligence about networks, never about victims (area `intel`).

A bundle is STIX 2.1, kept as JSON: it is checked, not remodelled, so that what the source signed with its own
tools comes out as it went in. Refused: a bundle that may name an individual victim, and one without a TLP 2.0
marking.
"""

import json
from collections import Counter
from collections.abc import Iterator
from itertools import chain
from re import compile as pattern
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, Field, JsonValue, WithJsonSchema

from schemas.base import Compartment, EventData, Fact, OpenPart, Source, refuse
from schemas.vocabulary import Nexus, Tlp

BUNDLE_LIMIT = 28 * 1024
"""Bytes of a bundle as compact UTF-8 JSON, so that it fits a part of 32 KiB (DESIGN.md §4)."""

TLP_MARKINGS = {
    "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487": Tlp.CLEAR,
    "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb": Tlp.GREEN,
    "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421": Tlp.AMBER,
    "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003": Tlp.AMBER_STRICT,
    "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1": Tlp.RED,
}
"""The fixed ids of TLP 2.0 markings in STIX 2.1 (OASIS, common objects, tlp-2.0)."""

_TLP_EXTENSION = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"
_UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_BUNDLE_ID = pattern(rf"bundle--{_UUID}")
_OBJECT_ID = pattern(rf"([a-z0-9][a-z0-9-]{{1,248}}[a-z0-9])--{_UUID}")
_ALLOWED_CLASSES = frozenset({"individual", "group", "organization", "system", "class"})

Thing = dict[str, Any]


def _check_bundle(bundle: dict[str, JsonValue]) -> dict[str, JsonValue]:
    try:
        text = json.dumps(bundle, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except ValueError:
        refuse("stix_number", "A number in the bundle is no JSON number.")
    if len(text.encode()) > BUNDLE_LIMIT:
        refuse("stix_too_large", "The bundle is larger than 28 KiB.")
    objects = _objects(bundle)
    _check_marked(objects)
    _check_nobody_hidden(objects)
    _check_identities(objects)
    return bundle


def _objects(bundle: Thing) -> list[Thing]:
    objects = bundle.get("objects")
    named = bundle.get("type") == "bundle" and _matches(_BUNDLE_ID, bundle.get("id"))
    if not named or not bundle.keys() <= {"type", "id", "objects"} or not isinstance(objects, list) or not objects:
        refuse("stix_bundle", "A bundle has type, id and objects, as STIX 2.1 §8 says, and nothing else.")
    for thing in objects:
        if not isinstance(thing, dict) or not _named_by_type(thing):
            refuse("stix_object", "A STIX object has a type, and an id that begins with it (STIX 2.1 §2.9).")
    return objects


def _named_by_type(thing: Thing) -> bool:
    identifier = thing.get("id")
    found = _OBJECT_ID.fullmatch(identifier) if isinstance(identifier, str) else None
    return found is not None and found[1] == thing.get("type")


def _matches(wanted: Any, value: object) -> bool:  # noqa: ANN401 - a compiled pattern
    return isinstance(value, str) and wanted.fullmatch(value) is not None


def _check_marked(objects: list[Thing]) -> None:
    markings = [thing for thing in objects if thing["type"] == "marking-definition"]
    for marking in markings:
        if marking.get("definition_type") == "tlp" or _tlp_claimed(marking) != TLP_MARKINGS.get(marking["id"]):
            refuse("stix_tlp_id", "A TLP marking is one of TLP 2.0, under its fixed id and with its own level.")
    defined = TLP_MARKINGS.keys() & {marking["id"] for marking in markings}
    applied = set(chain.from_iterable(_marking_refs(thing) for thing in objects))
    if defined.isdisjoint(applied):
        refuse("stix_tlp_missing", "The bundle defines a TLP 2.0 marking, and an object of it is so marked.")


def _tlp_claimed(marking: Thing) -> object:
    extensions = marking.get("extensions")
    extension = extensions.get(_TLP_EXTENSION) if isinstance(extensions, dict) else None
    return extension.get("tlp_2_0") if isinstance(extension, dict) else None


def _marking_refs(thing: Thing) -> list[str]:
    refs = thing.get("object_marking_refs")
    return [ref for ref in refs if isinstance(ref, str)] if isinstance(refs, list) else []


def _check_nobody_hidden(objects: list[Thing]) -> None:
    # An identity tucked into another object's extension would pass a check of the list alone.
    for inner in _within(objects):
        if "identity_class" in inner or inner.get("type") == "identity":
            refuse(
                "stix_hidden_identity",
                "An identity stands in the bundle's list of objects, not within another.",
            )


def _within(objects: list[Thing]) -> Iterator[Thing]:
    waiting: list[object] = [value for thing in objects for value in thing.values()]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            yield value
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)


def _check_identities(objects: list[Thing]) -> None:
    suspects = _suspects(objects)
    for thing in objects:
        if thing["type"] != "identity":
            if "identity_class" in thing:
                refuse("stix_hidden_identity", "Only an identity has an identity class.")
            continue
        of_class = _text(thing, "identity_class")
        if of_class == "individual" and thing["id"] not in suspects:
            refuse("stix_individual", "An individual is named only if a threat actor is attributed to them.")
        if of_class not in _ALLOWED_CLASSES:
            refuse("stix_identity_class", "An identity says of which class it is; unknown may hide a person.")


def _suspects(objects: list[Thing]) -> set[str]:
    actors = {thing["id"] for thing in objects if thing["type"] == "threat-actor"}
    return {
        _text(thing, "target_ref")
        for thing in objects
        if thing["type"] == "relationship"
        and _text(thing, "relationship_type") == "attributed-to"
        and _text(thing, "source_ref") in actors
    }


def _text(thing: Thing, key: str) -> str:
    value = thing.get(key)
    return value if isinstance(value, str) else ""


Bundle = Annotated[
    dict[str, JsonValue],
    AfterValidator(_check_bundle),
    WithJsonSchema(
        {
            "type": "object",
            "additionalProperties": False,
            "required": ["type", "id", "objects"],
            "properties": {
                "type": {"const": "bundle"},
                "id": {"type": "string", "pattern": rf"^bundle--{_UUID}$"},
                "objects": {
                    "type": "array",
                    "minItems": 1,
                    "items": {"type": "object", "required": ["type", "id"]},
                    "contains": {"type": "object", "properties": {"id": {"enum": sorted(TLP_MARKINGS)}}},
                },
            },
        }
    ),
    Source("STIX 2.1 §8, with TLP 2.0 markings; at most 28 KiB; no individual but suspects"),
]

_StixType = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{1,248}[a-z0-9]$", max_length=250)]


class BundleSharedOpen(OpenPart):
    """What every recipient sees of a bundle: how many objects of which type, and how sure the source is."""

    stix_types: Annotated[
        dict[_StixType, Annotated[int, Field(ge=1, le=1000)]],
        Field(min_length=1, max_length=40),
        Source("STIX 2.1, objects of the bundle by type"),
    ]
    confidence: Annotated[int, Field(ge=0, le=100), Source("STIX 2.1 appendix A")]
    nexus: Nexus = Nexus.NONE


class BundleSharedNetwork(Compartment):
    """The bundle itself."""

    rules = (
        "stix_bundle",
        "stix_hidden_identity",
        "stix_identity_class",
        "stix_individual",
        "stix_number",
        "stix_object",
        "stix_tlp_id",
        "stix_tlp_missing",
        "stix_too_large",
    )

    bundle: Bundle


class BundleShared(EventData):
    """E13: intelligence on a network, as STIX 2.1."""

    rules = ("stix_types_count",)

    fact: ClassVar[Fact] = Fact(
        number="E13",
        area="intel",
        name="intel.bundle-shared.v1",
        title_id="Informasi jaringan dibagikan",
        title_en="Intelligence bundle shared",
        about_id="Berbagi intelijen tentang jaringan pelaku, tidak pernah tentang korban.",
        about_en="Shares intelligence about networks of offenders, never about victims.",
    )
    open: BundleSharedOpen
    network: BundleSharedNetwork

    def check(self) -> None:
        """The open part counts what the bundle holds."""
        objects: Any = self.network.bundle["objects"]
        if Counter(thing["type"] for thing in objects) != self.open.stix_types:
            refuse("stix_types_count", "The counts in the open part are those of the bundle.")
