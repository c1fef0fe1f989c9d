"""What the adapters' tests share: the samples, a node that accepts, and delivered events made from the examples."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

import orjson
import pytest

from broker.errors import InvalidEventError, RejectedError
from broker.names import AgencyId, EventId, KeyId, Lane, Leaf, PartName, RecordId, Topic
from broker.ports import Delivery, EntryKind
from broker.stages import Admitted, Draft, Fetched, LeftOut, Opened, OpenedPart, Verified
from schemas import catalogue
from schemas.tolerance import tolerant

SAMPLES = Path(__file__).parents[2] / "samples"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a node says to a draft."""

    refused: RejectedError | None = None
    left_out: tuple[LeftOut, ...] = ()


@dataclass
class Node:
    """A node that accepts what the catalogue accepts, each origin once."""

    drafts: list[Draft] = field(default_factory=list)
    known: set[tuple[str, str, str]] = field(default_factory=set)
    down: Exception | None = None

    async def accept(self, drafts: Sequence[Draft]) -> list[Said]:
        """Take drafts."""
        await asyncio.sleep(0)
        if self.down is not None:
            raise self.down
        return [self._say(draft) for draft in drafts]

    def bodies(self) -> list[dict[str, Any]]:
        """The events that were taken, as JSON."""
        return [orjson.loads(draft.body) for draft in self.drafts]

    def _say(self, draft: Draft) -> Said:
        try:
            catalogue.find(orjson.loads(draft.body)["type"]).draft.validate_json(draft.body)
        except ValueError:
            return Said(refused=InvalidEventError("invalid.schema"))
        origin = (draft.origin.system, draft.origin.record_id, draft.origin.revision)
        if origin not in self.known:
            self.known.add(origin)
            self.drafts.append(draft)
        return Said()


@pytest.fixture
def node() -> Node:
    """A node that accepts."""
    return Node()


@pytest.fixture
def samples() -> Path:
    """The folder of synthetic samples."""
    return SAMPLES


@pytest.fixture
def deliver() -> Callable[..., Delivery]:
    """Make a delivered event of a type from the example of it in `schemas/examples`."""
    return delivery


def delivery(name: str, *, event_id: str = "00000000-0000-8000-8000-000000000001", **change: Any) -> Delivery:
    """Make one.

    Args:
        name: the type, without its prefix.
        event_id: the event's id.
        change: `parts`, the compartments that opened (all of them without it); `source`; `attributes` to set; `said`,
            fields to set in parts.
    """
    type_name = f"id.simpul.{name}"
    event = orjson.loads((files("schemas") / "examples" / f"{type_name}.json").read_bytes())
    kind = catalogue.find(type_name)
    said = {part: {**fields, **change.get("said", {}).get(part, {})} for part, fields in event["data"].items()}
    wanted = change.get("parts", tuple(part for part in said if part != "open"))
    attributes = {key: value for key, value in event.items() if key not in {"data", "audience"}}
    attributes.update({"dataschema": kind.dataschema, **change.get("attributes", {}), "id": event_id})
    cover = {**attributes, "data": {"open": said["open"], "parts": list(wanted)}}
    if attributes["dataschema"] == kind.dataschema:
        opened = kind.open.model_validate_json(orjson.dumps(said["open"]))
    else:
        opened = tolerant(kind.open).validate_json(orjson.dumps(said["open"]))
    parts = {PartName(part): opened_part(kind, part, said[part], attributes["dataschema"]) for part in wanted}
    return Delivery(
        entry=1,
        kind=EntryKind.NEW,
        event=Admitted(
            opened=Opened(
                verified=_verified(),
                event_id=EventId(event_id),
                kind=kind,
                source=AgencyId(change.get("source", "polres-bengkulu-tengah")),
                audience=(AgencyId("imigrasi-bengkulu"),),
                attributes=attributes,
                cover=orjson.dumps(cover),
                open=opened,
                named=tuple(parts),
                parts=parts,
                missing={},
                withheld={},
            )
        ),
    )


def opened_part(kind: catalogue.EventKind, name: str, value: dict[str, Any], dataschema: str) -> OpenedPart:
    """Open one compartment."""
    content = orjson.dumps(value)
    model = kind.reading(dataschema).compartments[name].validate_json(content)
    return OpenedPart(name=PartName(name), content=content, model=model)


def _verified() -> Verified:
    fetched = Fetched(topic=Topic("simpul.mail.a.b"), offset=0, timestamp_ms=0, key=None, value=b"", headers=())
    return Verified(
        fetched=fetched,
        source=AgencyId("a"),
        record_id=RecordId("00000000-0000-8000-8000-000000000002"),
        lane=Lane(bytes(16)),
        sequence=1,
        previous=Leaf(bytes(32)),
        leaf=Leaf(bytes(32)),
        signing_key=KeyId(bytes(16)),
        federation=1,
    )
