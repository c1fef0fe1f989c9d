"""What a recipient holds of a cleared copy, without the sealing between."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson

from broker.names import GENESIS, AgencyId, EventId, KeyId, Lane, PartName, RecordId, Topic
from broker.sealing.contents import read_compartment, read_cover
from broker.stages import Cleared, Copy, Fetched, Opened, OpenedPart, Verified

if TYPE_CHECKING:
    from collections.abc import Mapping

_NO_KEY = KeyId(bytes(16))


def copy_for(cleared: Cleared, reader: AgencyId) -> Copy:
    """Return the one copy that a reader gets."""
    (found,) = [copy for copy in cleared.copies if reader in copy.audience]
    return found


def cover_of(copy: Copy) -> dict[str, Any]:
    """Return the cover of a copy as a value."""
    loaded: dict[str, Any] = orjson.loads(copy.parts[0].content)
    return loaded


def opened(cleared: Cleared, reader: AgencyId) -> Opened:
    """Open the copy of a reader, with exactly the parts that are sealed for it."""
    copy = copy_for(cleared, reader)
    content = copy.parts[0].content
    kind, event, loaded = read_cover(content)
    del loaded["data"]
    parts = {
        part.name: OpenedPart(
            name=part.name,
            content=part.content,
            model=read_compartment(part.content, kind, part.name, loaded["dataschema"]),
        )
        for part in copy.parts[1:]
        if reader in part.readers
    }
    named = tuple(map(PartName, event.data.parts))
    return Opened(
        verified=_verified(copy.topic, cleared.source),
        event_id=EventId(loaded["id"]),
        kind=kind,
        source=cleared.source,
        audience=tuple(map(AgencyId, event.audience.split(" "))),
        attributes=loaded,
        cover=content,
        open=event.data.open,
        named=named,
        parts=parts,
        missing={name: _NO_KEY for name in named if name not in parts},
        withheld={PartName(name): code for name, code in (event.data.withheld or {}).items()},
    )


def moved(event: Opened, topic: Topic) -> Opened:
    """Let an event arrive on another topic."""
    return replace(event, verified=_verified(topic, event.source))


def with_open(event: Opened, **changes: object) -> Opened:
    """Let the open part say something else."""
    return replace(event, open=event.open.model_copy(update=changes))


def with_attributes(event: Opened, changes: Mapping[str, str]) -> Opened:
    """Let the cover say something else of the event."""
    return replace(event, attributes={**event.attributes, **changes})


def _verified(topic: Topic, source: AgencyId) -> Verified:
    fetched = Fetched(topic=topic, offset=0, timestamp_ms=0, key=None, value=b"", headers=())
    return Verified(
        fetched=fetched,
        source=source,
        record_id=RecordId("2d4aa591-6a58-8fee-b187-fd3117e2ea00"),
        lane=Lane(bytes(16)),
        sequence=1,
        previous=GENESIS,
        leaf=GENESIS,
        signing_key=_NO_KEY,
        federation=1,
    )
