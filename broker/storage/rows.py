"""How values of the line become columns and blobs of the store, and back."""

from __future__ import annotations

import struct
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import orjson

from broker.errors import StorageError
from broker.names import AgencyId, EventId, KeyId, Lane, Leaf, RecordId, Topic, length_prefixed
from broker.ports import Route, Submission
from broker.stages import Draft, Fetched, LeftOut, Origin, Verified
from broker.storage.records import pack_headers, unpack_headers

if TYPE_CHECKING:
    from broker.stages import Headers

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_TWO: Final = struct.Struct(">II")
_NAMES_REMEMBERED: Final = 16
_NAMES: Final[dict[tuple[str, ...], bytes]] = {}


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


def draft_blob(submission: Submission) -> bytes:
    """Return what is handed in as one blob: the route with the event's id, where the draft is from, its body."""
    origin, body = submission.draft.origin, submission.draft.body
    route = route_blob(submission.event_id, submission.route)
    place = orjson.dumps((origin.system, origin.record_id, origin.revision))
    return _TWO.pack(len(route), len(place)) + route + place + body


def draft_route(blob: bytes) -> bytes:
    """Return the route in what `draft_blob` wrote, as `route_blob` wrote it."""
    return blob[_TWO.size : _TWO.size + _TWO.unpack_from(blob)[0]]


def read_draft(blob: bytes) -> tuple[EventId, Draft]:
    """Read the event's id and the draft of what `draft_blob` wrote; the route stays unread."""
    route, place = _TWO.unpack_from(blob)
    at = _TWO.size + route
    # The id comes first in the route: an array of JSON whose first entry has 36 plain characters.
    event_id = blob[_TWO.size + 2 : _TWO.size + 38].decode()
    system, record_id, revision = orjson.loads(blob[at : at + place])
    origin = Origin(system=system, record_id=record_id, revision=revision)
    return EventId(event_id), Draft(origin=origin, body=blob[at + place :])


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
    """Return the headers of an own record as one blob: names, the length of each value, the values."""
    names, values = zip(*headers, strict=True)
    prefix = _NAMES.get(names)
    if prefix is None:
        # The names are the same for every record that this node writes.
        plain = orjson.dumps(names)
        prefix = struct.pack(">H", len(plain)) + plain
        if len(_NAMES) < _NAMES_REMEMBERED:
            _NAMES[names] = prefix
    return prefix + struct.pack(f">{len(values)}H", *map(len, values)) + b"".join(values)


def read_headers(blob: bytes) -> Headers:
    """Read what `headers_blob` wrote."""
    at = 2 + int.from_bytes(blob[:2], "big")
    names = orjson.loads(blob[2:at])
    lengths = struct.unpack_from(f">{len(names)}H", blob, at)
    at += 2 * len(names)
    headers = []
    for name, length in zip(names, lengths, strict=True):
        headers.append((name, blob[at : at + length]))
        at += length
    return tuple(headers)


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
    headers = pack_headers(fetched.headers)
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
            headers=unpack_headers(headers),
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
