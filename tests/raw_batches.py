"""Batches of Kafka's record format as nobody of ours writes them, for hostile tests."""

import struct
from collections.abc import Sequence

from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.util import calc_crc32c

ATTRIBUTES = 21
LAST_DELTA = 23
MAGIC = 16
GZIP = 1


def batch(
    *values: bytes,
    base: int = 0,
    headers: Sequence[tuple[str, bytes | None]] = (("name", b"1"),),
    compression: int = 0,
    deltas: Sequence[int] | None = None,
) -> bytearray:
    """Return a proper batch of these values; with `deltas`, one whose records say that they lie there."""
    builder = DefaultRecordBatchBuilder(
        magic=2,
        compression_type=compression,
        is_transactional=0,
        producer_id=-1,
        producer_epoch=-1,
        base_sequence=-1,
        batch_size=1_000_000,
    )
    for offset, value in zip(deltas or range(len(values)), values, strict=True):
        builder.append(offset, timestamp=7, key=None, value=value, headers=list(headers))
    raw = bytearray(builder.build())
    struct.pack_into(">q", raw, 0, base)
    return raw


def signed(raw: bytearray) -> bytes:
    """Return the batch with the checksum of what is in it now."""
    struct.pack_into(">I", raw, ATTRIBUTES - 4, calc_crc32c(bytes(raw[ATTRIBUTES:])))
    return bytes(raw)


def with_broken_name(value: bytes) -> bytes:
    """Return a batch of one record whose header's name is no UTF-8; Kafka takes it."""
    raw = batch(value, headers=[("zzzz", b"1")])
    place = raw.index(b"zzzz")
    raw[place : place + 4] = b"\xff\xfe\xfd\xfc"
    return signed(raw)
