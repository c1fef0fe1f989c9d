"""How values of the line become columns and blobs of the store, and back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import orjson

from broker.errors import StorageError
from broker.names import AgencyId, EventId, KeyId, Lane, Leaf, RecordId, Topic, length_prefixed
from broker.ports import Route
from broker.stages import Draft, Fetched, LeftOut, Origin, Verified

if TYPE_CHECKING:
    from broker.stages import Headers

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def to_micros(at: datetime) -> int:
    """Return microseconds since 1970 (UTC), exactly."""
    return (at - _EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """Return the aware datetime, in UTC, of microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=micros)


def unprefixed(blob: bytes) -> list[bytes]:
    """Split what `length_prefixed` joined.

    Raises:
        StorageError: it does not end where its last field ends.
    """
    fields = []
    start = 0
    while start < len(blob):
        end = start + 4 + int.from_bytes(blob[start : start + 4], "big")
        fields.append(blob[start + 4 : end])
        start = end
    if start != len(blob):
        raise StorageError("store.unreadable", "an entry has another length than it says")
    return fields


def draft_blob(event_id: EventId, draft: Draft) -> bytes:
    """Return a draft with its event's id as one blob."""
    origin = draft.origin
    return length_prefixed(
        event_id.encode(),
        origin.system.encode(),
        origin.record_id.encode(),
        origin.revision.encode(),
        draft.body,
    )


def read_draft(blob: bytes) -> tuple[EventId, Draft]:
    """Read what `draft_blob` wrote."""
    event_id, system, record_id, revision, body = unprefixed(blob)
    origin = Origin(system=system.decode(), record_id=record_id.decode(), revision=revision.decode())
    return EventId(event_id.decode()), Draft(origin=origin, body=body)


def route_blob(event_id: EventId, route: Route) -> bytes:
    """Return an event's route with its id as one blob."""
    left_out = [(row.agency, row.code, row.agreement, row.clause) for row in route.left_out]
    return orjson.dumps((event_id, route.type, route.subject, route.copies, left_out))


def read_route(blob: bytes) -> tuple[EventId, Route]:
    """Read what `route_blob` wrote."""
    event_id, kind, subject, copies, left_out = orjson.loads(blob)
    route = Route(
        type=kind,
        subject=subject,
        copies=tuple((Topic(topic), tuple(AgencyId(item) for item in audience)) for topic, audience in copies),
        left_out=tuple(
            LeftOut(agency=AgencyId(agency), code=code, agreement=agreement, clause=clause)
            for agency, code, agreement, clause in left_out
        ),
    )
    return EventId(event_id), route


def headers_blob(headers: Headers) -> bytes:
    """Return headers as one blob: their names, then their values, in order."""
    names, values = zip(*headers, strict=True)
    return _names_blob(names) + length_prefixed(*values)


def read_headers(blob: bytes) -> Headers:
    """Read what `headers_blob` wrote."""
    fields = unprefixed(blob)
    names = unprefixed(fields[0])
    return tuple((name.decode(), value) for name, value in zip(names, fields[1:], strict=True))


def verified_blob(record: Verified) -> bytes:
    """Return a verified record as one blob, as Kafka gave it and as its seal says."""
    fetched = record.fetched
    plain = orjson.dumps(
        (
            *(fetched.topic, fetched.offset, fetched.timestamp_ms, record.source, record.record_id),
            *(record.sequence, record.federation, fetched.key is not None, fetched.value is not None),
        )
    )
    names = (record.lane, record.previous, record.leaf, record.signing_key)
    headers = headers_blob(fetched.headers)
    return length_prefixed(plain, *names, headers, fetched.key or b"", fetched.value or b"")


def read_verified(blob: bytes) -> Verified:
    """Read what `verified_blob` wrote."""
    plain, lane, previous, leaf, signing_key, headers, key, value = unprefixed(blob)
    topic, offset, stamp, source, record_id, sequence, federation, has_key, has_value = orjson.loads(plain)
    return Verified(
        fetched=Fetched(
            topic=Topic(topic),
            offset=offset,
            timestamp_ms=stamp,
            key=key if has_key else None,
            value=value if has_value else None,
            headers=read_headers(headers),
        ),
        source=AgencyId(source),
        record_id=RecordId(record_id),
        lane=Lane(lane),
        sequence=sequence,
        previous=Leaf(previous),
        leaf=Leaf(leaf),
        signing_key=KeyId(signing_key),
        federation=federation,
    )


@lru_cache(maxsize=64)
def _names_blob(names: tuple[str, ...]) -> bytes:
    """The names are the same for every record of a kind."""
    return length_prefixed(length_prefixed(*(name.encode() for name in names)))
