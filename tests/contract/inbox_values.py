"""Made-up records and steps for the tests of inboxes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256

from broker.names import GENESIS, AgencyId, EventId, KeyId, Lane, Leaf, RecordId, Topic, derived_uuid, source_uri
from broker.ports import (
    EntryKind,
    Finding,
    Keep,
    Quarantined,
    State,
    Stream,
    StreamChange,
    Taken,
)
from broker.stages import Fetched, StreamHead, Verified

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
POLICE = AgencyId("polres-contoh")
NGO = AgencyId("yayasan-contoh")
TOPIC = Topic("simpul.alert")
LANE, OTHER_LANE = Lane(b"l" * 16), Lane(b"m" * 16)
KEY = KeyId(b"k" * 16)


def event_id(name: str) -> EventId:
    """The id of an event called so."""
    return EventId(derived_uuid(bytes(32), name))


def leaf(sequence: int, source: AgencyId = POLICE) -> Leaf:
    """A made-up leaf for a place."""
    return Leaf(sha256(f"{source}/{sequence}".encode()).digest())


def record(sequence: int, *, source: AgencyId = POLICE, topic: Topic = TOPIC, lane: Lane = LANE) -> Verified:
    """A record that claims to be verified."""
    fetched = Fetched(
        topic=topic,
        offset=sequence - 1,
        timestamp_ms=1_764_000_000_000 + sequence,
        key=None,
        value=b"sealed %d" % sequence,
        headers=(("ce_source", source_uri(source).encode()), ("ce_seal", b""), ("x", None)),
    )
    return Verified(
        fetched=fetched,
        source=source,
        record_id=RecordId(derived_uuid(bytes(32), f"{source}/{sequence}")),
        lane=lane,
        sequence=sequence,
        previous=leaf(sequence - 1) if sequence > 1 else GENESIS,
        leaf=leaf(sequence, source),
        signing_key=KeyId(b"s" * 16),
        federation=7,
    )


def admitted(
    sequence: int, name: str | None = None, *, source: AgencyId = POLICE, missing: tuple[KeyId, ...] = ()
) -> Keep:
    """A new event that was let in."""
    return Keep(
        verified=record(sequence, source=source),
        state=State.ADMITTED,
        event_id=event_id(name or f"event {sequence}"),
        entry=EntryKind.NEW,
        missing=missing,
    )


def waiting(sequence: int) -> Keep:
    """A record whose cover's key is not here."""
    return Keep(verified=record(sequence), state=State.WAITING, missing=(KEY,))


def taken(*keep: Keep, **more: object) -> Taken:
    """One step of the reader."""
    return replace(Taken(at=NOW, keep=keep), **more)  # type: ignore[arg-type]


def quarantined(
    offset: int, *, code: str = "untrusted.headers", source: str = NGO, value: bytes = b"bad", proven: bool = True
) -> Quarantined:
    """A record that was not accepted."""
    fetched = Fetched(topic=TOPIC, offset=offset, timestamp_ms=0, key=b"\xff", value=value, headers=(("\udcff", b""),))
    return Quarantined(fetched=fetched, source=source, code=code, station="unseal", at=NOW, proven=proven)


def finding(offset: int = 3, code: str = "stream.fork") -> Finding:
    """Something that a person must look at."""
    return Finding(
        code=code, source=POLICE, topic=TOPIC, offset=offset, at=NOW, detail="sequence 4", evidence=(b"", leaf(4))
    )


def change(before: Stream, sequence: int, **more: object) -> StreamChange:
    """A stream that moved on to a place."""
    head = StreamHead(sequence=sequence, leaf=leaf(sequence))
    places = [(place, leaf(place)) for place in range(before.head.sequence + 1, sequence + 1)]
    after = replace(before, head=head, lane=LANE)
    return replace(StreamChange(before=before, after=after, places=places), **more)  # type: ignore[arg-type]
