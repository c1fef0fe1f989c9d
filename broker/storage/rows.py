"""How values of the line lie in rows of the store: the very bytes of a record, nothing read into them, and back.

Values and keys of records are ciphertext and opaque already; their headers, and what their seals proved, are what
Kafka shows anyway. Drafts and routes are plain here: whoever writes them encrypts them first.
"""

from __future__ import annotations

import struct
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import orjson

from broker.errors import StorageError
from broker.names import AgencyId, EventId, KeyId, Lane, Leaf, RecordId, Topic
from broker.ports import Route
from broker.stages import Draft, Fetched, LeftOut, Origin, Verified

if TYPE_CHECKING:
    from collections.abc import Sequence

    from broker.ports import Submission
    from broker.stages import FetchedHeaders

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_TWO: Final = struct.Struct(">II")
_FACTS: Final = struct.Struct(">16s32s32s16sQ")
_NULL: Final = 0xFFFFFFFF
"""The length of a value that is null: told apart from empty."""


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


# --- drafts and routes ------------------------------------------------------------------------------------------


def pack_draft(submission: Submission) -> bytes:
    """Write what is handed in: the route with the event's id, where the draft is from, its body."""
    origin, body = submission.draft.origin, submission.draft.body
    route = pack_route(submission.event_id, submission.route)
    place = orjson.dumps((origin.system, origin.record_id, origin.revision))
    return _TWO.pack(len(route), len(place)) + route + place + body


def draft_route(blob: bytes) -> bytes:
    """Return the route in what `pack_draft` wrote, as `pack_route` wrote it."""
    return blob[_TWO.size : _TWO.size + _TWO.unpack_from(blob)[0]]


def unpack_draft(blob: bytes) -> tuple[EventId, Draft]:
    """Read the event's id and the draft of what `pack_draft` wrote; the rest of the route stays unread."""
    route, place = _TWO.unpack_from(blob)
    at = _TWO.size + route
    system, record_id, revision = orjson.loads(blob[at : at + place])
    origin = Origin(system=system, record_id=record_id, revision=revision)
    return event_of_route(blob[_TWO.size : at]), Draft(origin=origin, body=blob[at + place :])


def pack_route(event_id: EventId, route: Route) -> bytes:
    """Write an event's route with its id."""
    left_out = [(row.agency, row.code, row.agreement, row.clause) for row in route.left_out]
    return orjson.dumps((event_id, route.type, route.subject, route.copies, left_out))


def event_of_route(blob: bytes) -> EventId:
    """Read the event's id of what `pack_route` wrote: the first entry of an array, 36 plain characters."""
    return EventId(blob[2:38].decode())


def unpack_route(blob: bytes) -> tuple[EventId, Route]:
    """Read what `pack_route` wrote."""
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


# --- records ----------------------------------------------------------------------------------------------------


def pack_headers(headers: FetchedHeaders) -> bytes:
    """Write headers as they are, in order: their number, their names, the length of each value, the values."""
    names, values = zip(*headers, strict=True) if headers else ((), ())
    prefix, lengths = _packed_names(names)
    try:
        return prefix + lengths.pack(*map(len, values)) + b"".join(values)
    except TypeError:  # one has no value
        sizes = [_NULL if value is None else len(value) for value in values]
        return prefix + lengths.pack(*sizes) + b"".join(filter(None, values))


def unpack_headers(blob: bytes) -> FetchedHeaders:
    """Read what `pack_headers` wrote.

    Raises:
        StorageError: it is cut short or goes on behind its end.
    """
    try:
        count, size = _TWO.unpack_from(blob)
        start = _TWO.size + size
        names, sizes = _unpacked_names(count, blob[_TWO.size : start])
        lengths = sizes.unpack_from(blob, start)
    except (struct.error, ValueError) as error:
        raise StorageError("store.corrupt", "headers of a record") from error
    start += sizes.size
    headers: list[tuple[str, bytes | None]] = []
    for name, length in zip(names, lengths, strict=True):
        if length == _NULL:
            headers.append((name, None))
            continue
        headers.append((name, blob[start : start + length]))
        start += length
    if start != len(blob):
        raise StorageError("store.corrupt", "headers of a record")
    return tuple(headers)


@lru_cache(maxsize=64)
def _packed_names(names: tuple[str, ...]) -> tuple[bytes, struct.Struct]:
    """Write the number and the names (every record of a node has the same nine), and say how lengths are written."""
    encoded = [name.encode(errors="surrogateescape") for name in names]
    block = struct.pack(f">{len(names)}I", *map(len, encoded)) + b"".join(encoded)
    return _TWO.pack(len(names), len(block)) + block, struct.Struct(f">{len(names)}I")


@lru_cache(maxsize=64)
def _unpacked_names(count: int, block: bytes) -> tuple[tuple[str, ...], struct.Struct]:
    """Read the names, and say how so many lengths are read."""
    sizes = struct.Struct(f">{count}I")
    start = sizes.size
    names = []
    for length in sizes.unpack_from(block):
        names.append(block[start : start + length].decode(errors="surrogateescape"))
        start += length
    if start != len(block):
        raise StorageError("store.corrupt", "headers of a record")
    return tuple(names), sizes


def size_of(fetched: Fetched) -> int:
    """Return how many bytes of others a record brings: key, headers with their names, value."""
    return len(pack_headers(fetched.headers)) + len(fetched.value or b"") + len(fetched.key or b"")


def pack_fetched(fetched: Fetched) -> tuple[int, int, bytes | None, bytes, bytes | None]:
    """Return offset, timestamp, key, headers and value as columns; the topic stands elsewhere."""
    return fetched.offset, fetched.timestamp_ms, fetched.key, pack_headers(fetched.headers), fetched.value


def unpack_fetched(
    topic: str, offset: int, timestamp_ms: int, key: bytes | None, headers: bytes, value: bytes | None
) -> Fetched:
    """Read the columns that `pack_fetched` gave.

    Raises:
        StorageError: the headers are damaged.
    """
    return Fetched(
        topic=Topic(topic),
        offset=offset,
        timestamp_ms=timestamp_ms,
        key=key,
        headers=unpack_headers(headers),
        value=value,
    )


def pack_verified(verified: Verified) -> tuple[object, ...]:
    """Return the columns of `pack_fetched`, then sequence, lane and what else was proved; not the source."""
    facts = _FACTS.pack(
        bytes.fromhex(verified.record_id.replace("-", "")),
        verified.previous,
        verified.leaf,
        verified.signing_key,
        verified.federation,
    )
    return (*pack_fetched(verified.fetched), verified.sequence, verified.lane, facts)


def unpack_verified(topic: str, source: str, columns: Sequence[Any]) -> Verified:
    """Read the columns that `pack_verified` gave.

    Raises:
        StorageError: they are damaged.
    """
    *fetched, sequence, lane, facts = columns
    try:
        record_id, previous, leaf, signing_key, federation = _FACTS.unpack(facts)
    except struct.error as error:
        raise StorageError("store.corrupt", "facts of a record") from error
    text = record_id.hex()
    return Verified(
        fetched=unpack_fetched(topic, *fetched),
        source=AgencyId(source),
        record_id=RecordId(f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"),
        lane=Lane(lane),
        sequence=sequence,
        previous=Leaf(previous),
        leaf=Leaf(leaf),
        signing_key=KeyId(signing_key),
        federation=federation,
    )
