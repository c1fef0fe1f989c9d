"""How a fetched record, and what its seal proved, lies in a row of the inbox: the very bytes, nothing read into them.

Values and keys of records are ciphertext and opaque already; headers and facts are what Kafka shows anyway.
"""

from __future__ import annotations

import struct
from functools import lru_cache
from typing import Final

from broker.errors import StorageError
from broker.names import AgencyId, KeyId, Lane, Leaf, RecordId, Topic
from broker.stages import Fetched, FetchedHeaders, Verified

_FACTS: Final = struct.Struct(">16s32s32s16sQ")
_COUNT: Final = struct.Struct(">H")
_NULL: Final = 0xFFFFFFFF
"""The length of a value that is null: told apart from empty."""


def pack_headers(headers: FetchedHeaders) -> bytes:
    """Write headers as they are, in order: their number, the length of each name, the names, and so the values."""
    if not headers:
        return _COUNT.pack(0)
    names, values = zip(*headers, strict=True)
    sizes = [_NULL if value is None else len(value) for value in values]
    return b"".join((_pack_names(names), struct.pack(f">{len(sizes)}I", *sizes), *filter(None, values)))


@lru_cache(maxsize=64)
def _pack_names(names: tuple[str, ...]) -> bytes:
    """Write the names: every record of a node has the same nine."""
    encoded = [name.encode(errors="surrogateescape") for name in names]
    return b"".join((struct.pack(f">H{len(encoded)}I", len(encoded), *map(len, encoded)), *encoded))


def unpack_headers(blob: bytes) -> FetchedHeaders:
    """Read what `pack_headers` wrote.

    Raises:
        StorageError: it is cut short.
    """
    try:
        (count,) = _COUNT.unpack_from(blob)
        names, start = _pieces(blob, count, _COUNT.size)
        values, start = _pieces(blob, count, start)
    except struct.error as error:
        raise StorageError("store.corrupt", "headers of a record") from error
    if start != len(blob):
        raise StorageError("store.corrupt", "headers of a record")
    texts = [(name or b"").decode(errors="surrogateescape") for name in names]
    return tuple(zip(texts, values, strict=True))


def _pieces(blob: bytes, count: int, start: int) -> tuple[list[bytes | None], int]:
    """Read so many lengths and then as many pieces; also return where they end."""
    lengths = struct.unpack_from(f">{count}I", blob, start)
    start += 4 * count
    pieces: list[bytes | None] = []
    for length in lengths:
        if length == _NULL:
            pieces.append(None)
            continue
        pieces.append(blob[start : start + length])
        start += length
    return pieces, start


def size_of(fetched: Fetched) -> int:
    """Return how many bytes of others a record brings: key, values of headers, value."""
    headers = sum(len(value or b"") for _, value in fetched.headers)
    return headers + len(fetched.value or b"") + len(fetched.key or b"")


def pack_facts(verified: Verified) -> bytes:
    """Write what a seal proved, but for source, lane and sequence, which have columns of their own."""
    return _FACTS.pack(
        bytes.fromhex(verified.record_id.replace("-", "")),
        verified.previous,
        verified.leaf,
        verified.signing_key,
        verified.federation,
    )


def unpack_verified(facts: bytes, *, fetched: Fetched, source: AgencyId, lane: bytes, sequence: int) -> Verified:
    """Read what `pack_facts` wrote.

    Raises:
        StorageError: it has another length.
    """
    try:
        record_id, previous, leaf, signing_key, federation = _FACTS.unpack(facts)
    except struct.error as error:
        raise StorageError("store.corrupt", "facts of a record") from error
    text = record_id.hex()
    return Verified(
        fetched=fetched,
        source=source,
        record_id=RecordId(f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"),
        lane=Lane(lane),
        sequence=sequence,
        previous=Leaf(previous),
        leaf=Leaf(leaf),
        signing_key=KeyId(signing_key),
        federation=federation,
    )


def fetched_row(fetched: Fetched) -> tuple[str, int, int, bytes | None, bytes, bytes | None]:
    """Return topic, offset, timestamp, key, headers and value as columns."""
    return (
        fetched.topic,
        fetched.offset,
        fetched.timestamp_ms,
        fetched.key,
        pack_headers(fetched.headers),
        fetched.value,
    )


def fetched_of(
    topic: str, offset: int, timestamp_ms: int, key: bytes | None, headers: bytes, value: bytes | None
) -> Fetched:
    """Read those columns.

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
