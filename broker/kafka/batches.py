"""Reads the batches of Kafka's record format (KIP-98, magic 2) into `Fetched`, whatever somebody put into them.

A writer may not be who it seems, and Kafka looks into nothing: a header whose name is not UTF-8, a compressed batch
that grows a thousandfold, a record that ends too early. aiokafka's own consumer raises at such a record for ever and
gives nothing of what comes with or after it. Here nothing is unpacked that we would not write ourselves, and a batch
that cannot be read becomes one record that no verifier accepts, so that it is quarantined and what follows is read.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any, Final

from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import DefaultRecordBatch

from broker.names import Topic
from broker.stages import Fetched

UNREADABLE: Final = "simpul-unreadable"
"""The one header of a batch that cannot be read; sealing refuses it, as it is not listed."""

_FRAME: Final = struct.Struct(">qi")  # base offset, length of what follows
_HEADER: Final = struct.Struct(">qiibIhiqq")  # … leader epoch, magic, crc, attributes, last delta, two timestamps
_HEADER_BYTES: Final = 61
_MAGIC: Final = 2
_COMPRESSION: Final = 0x07
_CONTROL: Final = 0x20
_MOST_HEADERS: Final = 64
_MOST_NAME_BYTES: Final = 4_096
"""A record of ours has nine headers; what has many more is not kept name by name."""


class DamagedError(Exception):
    """The bytes are not what their checksum says, or hold no whole batch: to be fetched again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What one answer of Kafka's holds of one topic."""

    records: tuple[Fetched, ...]
    next_offset: int
    """From where to go on."""


def read_page(topic: Topic, raw: bytes, position: int) -> Page:
    """Read the batches of a fetch answer.

    Args:
        topic: where they come from.
        raw: the answer's records; its last batch may be cut off.
        position: the offset that was asked for. Kafka gives whole batches, so earlier records may come with it.

    Returns:
        The records from `position` on, and where to go on.

    Raises:
        DamagedError: a checksum is wrong, or nothing in it leads on.
    """
    records: list[Fetched] = []
    following = position
    start = 0
    while len(raw) - start >= _FRAME.size:
        _, length = _FRAME.unpack_from(raw, start)
        end = start + _FRAME.size + length
        if end > len(raw):
            break
        if end - start < _HEADER_BYTES:
            raise DamagedError
        frame = raw[start:end]
        last = _last_offset(frame)
        if last >= following:
            records += _read_batch(topic, frame, following, last)
            following = last + 1
        start = end
    if raw and following == position:
        raise DamagedError
    return Page(records=tuple(records), next_offset=following)


def _last_offset(frame: bytes) -> int:
    base, _, _, magic, _, _, delta, _, _ = _HEADER.unpack_from(frame)
    return int(base + (delta if magic == _MAGIC else 0))


def _read_batch(topic: Topic, frame: bytes, position: int, last: int) -> list[Fetched]:
    base, _, _, magic, _, attributes, _, _, latest = _HEADER.unpack_from(frame)
    if magic != _MAGIC:
        return [_unreadable(topic, frame, last, 0, b"magic")]
    batch = DefaultRecordBatch(frame)
    if not batch.validate_crc():
        raise DamagedError
    if attributes & _CONTROL:
        # Kafka's own marks of transactions, which no node uses; they hold nothing of anybody's.
        return []
    if attributes & _COMPRESSION:
        return [_unreadable(topic, frame, last, latest, b"compressed")]
    try:
        records = [_fetched(topic, record) for record in batch]
    except (CorruptRecordException, ValueError, IndexError, OverflowError, MemoryError):
        return [_unreadable(topic, frame, last, latest, b"structure")]
    # A writer gives each record's offset as a distance from the first; Kafka does not look whether they count upwards.
    offsets = [record.offset for record in records]
    if offsets and (offsets[0] < base or offsets[-1] > last or offsets != sorted(set(offsets))):
        return [_unreadable(topic, frame, last, latest, b"offsets")]
    return [record for record in records if record.offset >= position]


def _fetched(topic: Topic, record: Any) -> Fetched:  # noqa: ANN401 - aiokafka ships no types
    headers = tuple(record.headers)
    if len(headers) > _MOST_HEADERS or len("".join([name for name, _ in headers])) > _MOST_NAME_BYTES:
        headers = ((UNREADABLE, b"headers"),)
    return Fetched(
        topic=topic,
        offset=record.offset,
        timestamp_ms=record.timestamp,
        key=record.key,
        value=record.value,
        headers=headers,
    )


def _unreadable(topic: Topic, frame: bytes, offset: int, timestamp_ms: int, why: bytes) -> Fetched:
    return Fetched(
        topic=topic,
        offset=offset,
        timestamp_ms=timestamp_ms,
        key=None,
        value=frame,
        headers=((UNREADABLE, why),),
    )
