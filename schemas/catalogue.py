"""Finds the models for a type, and refuses the unknown.

The digests of the published schemas are read from `published/index.json`; nothing is generated at import.
Readers are built when a type is first used. Annotations stay text: to name a generic model is to build it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Literal, Protocol, TypeVar, cast

from pydantic import Field, create_model

from schemas.base import COMPARTMENTS, Compartment, EventData, Maybe, Model, OpenPart
from schemas.envelope import NEVER_MENTIONED, CoverData, CoverEvent, DraftEvent, ReasonCode
from schemas.events import EVENTS, compartments_of, open_part_of
from schemas.releases import released_digests
from schemas.tolerance import tolerant

_URN = "urn:simpul:schema:sha256:"
_VICTIM_SIDE = frozenset({"victim", "consent", "referral", "service", "tip"})

R_co = TypeVar("R_co", covariant=True)
DataModel = type[EventData]
OpenModel = type[OpenPart]
CompartmentModel = type[Compartment]
ModelClass = type[Model]


class UnknownTypeError(LookupError):
    """The catalogue has no such type. Says nothing of the name, which came from outside."""

    def __init__(self) -> None:
        super().__init__("the catalogue has no such event type")


class Reader(Protocol[R_co]):
    """What turns bytes into a value of one model."""

    def validate_json(self, data: bytes, /) -> R_co:
        """Validate JSON.

        Args:
            data: UTF-8.

        Returns:
            The value.

        Raises:
            pydantic.ValidationError: a rule of the schema is broken; say which with `schemas.base.faults`.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class EventKind:
    """One type of the catalogue.

    Args:
        type: CloudEvents `type` in full.
        number: the catalogue's number, `E07`.
        area: its area.
        title_id: title in Indonesian.
        title_en: title in English.
        data: model of a draft's `data`.
        open: model of the open part.
        compartments: models of the compartments that the type may have, in catalogue order.
        required: names of those that an event of the type must have.
        dataschema: `urn:simpul:schema:sha256:<hex>` of the published file.
        victim_side: whether the event's time is rounded to 15 minutes (DESIGN.md §4).
    """

    type: str
    number: str
    area: str
    title_id: str
    title_en: str
    data: DataModel
    open: OpenModel
    compartments: Mapping[str, CompartmentModel]
    required: frozenset[str]
    dataschema: str
    victim_side: bool

    def assembled(self, open_part: OpenPart, parts: Mapping[str, Compartment]) -> EventData | None:
        """Put the data of an event together from parts that were read one by one.

        Args:
            open_part: the open part.
            parts: compartments by name.

        Returns:
            The data, or None where a compartment that every event of the type has is not there.
        """
        if not self.required <= parts.keys():
            return None
        values: dict[str, Any] = {**dict.fromkeys(self.compartments), **parts}
        return self.data.model_construct(open=open_part, **values)

    @cached_property
    def draft(self) -> Reader[DraftEvent[Any]]:
        """Reads drafts of this type, and refuses those of any other."""
        return _reader(_event_model(self, DraftEvent, self.data, "Draft"))

    def reading(self, dataschema: object) -> Reading:
        """Say how to read an event of this type that names this schema: its own strictly, any other tolerantly.

        Whether the other one is listed for the type is for the agreements in force to say (`broker.policy.admit`).

        Args:
            dataschema: as the cover has it, unread; what is no text is left for the strict reader to refuse.
        """
        return self._strict if dataschema == self.dataschema or not isinstance(dataschema, str) else self._tolerant

    @cached_property
    def _strict(self) -> Reading:
        readers = {name: _reader(of) for name, of in self.compartments.items()}
        return Reading(cover=self.cover, compartments=readers)

    @cached_property
    def _tolerant(self) -> Reading:
        readers = {name: tolerant(of) for name, of in self.compartments.items()}
        return Reading(cover=tolerant(self._cover_model), compartments=readers)

    @cached_property
    def cover(self) -> Reader[CoverEvent[Any]]:
        """Reads covers of this type; refuses those of any other, and parts that the type does not have."""
        return _reader(self._cover_model)

    @cached_property
    def _cover_model(self) -> ModelClass:
        return _event_model(self, CoverEvent, self.open, "Cover", data=(_cover_data(self), ...))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What reads the parts of an event.

    Args:
        cover: reads its cover.
        compartments: reads each compartment that the type may have.
    """

    cover: Reader[CoverEvent[Any]]
    compartments: Mapping[str, Reader[Compartment]]


# Models made at run time are beyond the type checker; the two properties above say what they read.
_make: Any = create_model
_one_of: Any = Literal


def _event_model(kind: EventKind, generic: Any, of: Any, ending: str, **fields: Any) -> ModelClass:  # noqa: ANN401
    name = f"{kind.data.__name__}{ending}"
    model: ModelClass = _make(name, __base__=generic[of], type=(_one_of[kind.type], ...), **fields)
    return model


def _reader(model: ModelClass) -> Reader[Any]:
    model.model_rebuild()  # now, so that what is kept is the reader and not what stands in for one not yet built
    return cast("Reader[Any]", model.__pydantic_validator__)


def _cover_data(kind: EventKind) -> Any:  # noqa: ANN401
    generic: Any = CoverData
    tuple_of: Any = tuple
    map_of: Any = dict
    names = tuple(kind.compartments)
    mentioned = tuple(name for name in names if name not in NEVER_MENTIONED)
    # Where there is nothing to name, the length refuses every name: pydantic has no choice among none.
    part, withheld = _one_of[names or COMPARTMENTS], _one_of[mentioned or COMPARTMENTS]
    lengths = Field(default=None, min_length=1, max_length=len(mentioned))
    fields = {
        "parts": (tuple_of[part, ...], Field(max_length=len(names))),
        "withheld": (Maybe[map_of[withheld, ReasonCode]], lengths),  # type: ignore[misc]
    }
    return _make(f"{kind.data.__name__}CoverData", __base__=generic[kind.open], **fields)


def _kinds() -> tuple[EventKind, ...]:
    index: dict[str, dict[str, str]] = json.loads((files("schemas") / "published" / "index.json").read_bytes())
    return tuple(_kind(data, index[data.fact.type]["sha256"]) for data in EVENTS)


def _kind(data: type[EventData], digest: str) -> EventKind:
    fact = data.fact
    return EventKind(
        type=fact.type,
        number=fact.number,
        area=fact.area,
        title_id=fact.title_id,
        title_en=fact.title_en,
        data=data,
        open=open_part_of(data),
        compartments=MappingProxyType(compartments_of(data)),
        required=frozenset(name for name in compartments_of(data) if data.model_fields[name].is_required()),
        dataschema=f"{_URN}{digest}",
        victim_side=fact.area in _VICTIM_SIDE,
    )


KINDS: tuple[EventKind, ...] = _kinds()
_BY_TYPE = {kind.type: kind for kind in KINDS}


def find(type_name: str) -> EventKind:
    """Find a type.

    Args:
        type_name: CloudEvents `type` in full.

    Returns:
        Its kind.

    Raises:
        UnknownTypeError: the catalogue does not have it.
    """
    kind = _BY_TYPE.get(type_name)
    if kind is None:
        raise UnknownTypeError
    return kind


def listed_schemas() -> dict[str, list[str]]:
    """Say which schemas a federation lists in which every release shall be understood: all that there ever were.

    Returns:
        `dataschema` values by event type: those released (`schemas.releases`), and the one that this release writes.
    """
    released = released_digests()
    return {
        kind.type: list(dict.fromkeys([*(f"{_URN}{one}" for one in released.get(kind.type, ())), kind.dataschema]))
        for kind in KINDS
    }
