"""The nine headers of a record, and the leaf by which it is known.

A record is a CloudEvent 1.0 in the binary mode of the Kafka protocol binding. Its headers say nothing but which agency
wrote it, and its place in that agency's stream on the topic.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, Final, cast

from broker.errors import UntrustedError
from broker.limits import MAX_HEADER_BYTES
from broker.names import AGENCY_FORM, AgencyId, Lane, Leaf, RecordId, length_prefixed, source_uri
from broker.quick_init import quick_init

if TYPE_CHECKING:
    from broker.names import Topic
    from broker.stages import FetchedHeaders, Headers

CONTENT_TYPE: Final = b"application/vnd.simpul.record"
RECORD_TYPE: Final = b"id.simpul.sealed.v1"
NAMES: Final = (
    "content-type",
    "ce_specversion",
    "ce_id",
    "ce_source",
    "ce_type",
    "ce_lane",
    "ce_sequence",
    "ce_previous",
    "ce_seal",
)

_UUID: Final = r"[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
_JOINED: Final = re.compile(
    r"application/vnd\.simpul\.record\n1\.0\n("
    + _UUID
    + rf")\nurn:simpul:agency:({AGENCY_FORM})\nid\.simpul\.sealed\.v1\n"
    r"([0-9a-f]{32})\n([0-9]{16})\n([0-9a-f]{64})"
)
_LEAF_LABEL: Final = b"\x00simpul/leaf/v1"


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class UnverifiedHeaders:
    """What the headers claim."""

    record_id: RecordId
    source: AgencyId
    lane: Lane
    sequence: int
    previous: Leaf
    seal: bytes
    all: Headers
    """The nine as they came, none without a value."""


def parse_headers_unverified(headers: FetchedHeaders) -> UnverifiedHeaders:
    """Read the headers: exactly the nine, in their order, each once, each of its one form.

    Raises:
        UntrustedError: `untrusted.headers`.
    """
    names, values = zip(*headers, strict=True) if headers else ((), ())
    if names != NAMES:
        raise UntrustedError("untrusted.headers", "the headers are not exactly those of a record")
    # Kafka can carry a header without a value. How long each of the first eight may be is told by its form.
    if None in values or len(values[-1]) > MAX_HEADER_BYTES:
        raise UntrustedError("untrusted.headers", "a header has no value, or is longer than any may be")
    # One match for all: no value can hold the line feed that stands between them.
    found = _JOINED.fullmatch(b"\n".join(values[:-1]).decode("latin-1"))
    if found is None:
        raise UntrustedError("untrusted.headers", "a header is not of its form")
    record_id, source, lane, sequence, previous = found.groups()
    if int(sequence) == 0:
        raise UntrustedError("untrusted.headers", "sequences count from 1")
    return UnverifiedHeaders(
        record_id=RecordId(record_id),
        source=AgencyId(source),
        lane=Lane(bytes.fromhex(lane)),
        sequence=int(sequence),
        previous=Leaf(bytes.fromhex(previous)),
        seal=values[-1],
        all=cast("Headers", headers),
    )


def encode_headers(*, record_id: RecordId, source: AgencyId, lane: Lane, sequence: int, previous: Leaf) -> Headers:
    """Return the first eight headers, in their order; the seal comes last, when the batch is signed."""
    return (
        ("content-type", CONTENT_TYPE),
        ("ce_specversion", b"1.0"),
        ("ce_id", record_id.encode()),
        ("ce_source", source_uri(source).encode()),
        ("ce_type", RECORD_TYPE),
        ("ce_lane", lane.hex().encode()),
        ("ce_sequence", b"%016d" % sequence),
        ("ce_previous", previous.hex().encode()),
    )


def leaf_of(topic: Topic, key: bytes | None, headers: Headers, value: bytes | None) -> Leaf:
    """Return the leaf of a record (`docs/wire.md` §6).

    Args:
        topic: the topic that the record is on.
        key: the record's key, or none.
        headers: at least the first eight of `NAMES`, in their order.
        value: the record's value, or none; a value that is empty gives another leaf than none.
    """
    _, _, record_id, source, _, lane, sequence, previous = [each for _, each in headers[:8]]
    changing = _CHANGING % (record_id, lane, previous, sequence)
    digest = sha256(b"%b%b%b%b" % (_before(topic), _optional(key), changing, _after(source)))
    digest.update(b"\x00" if value is None else b"\x01" + len(value).to_bytes(4, "big"))
    if value:
        digest.update(value)
    return Leaf(digest.digest())


# The headers sorted by name are ce_id, ce_lane, ce_previous, ce_sequence, ce_source, ce_specversion, ce_type,
# content-type. The first four change from record to record and have a fixed length.
_CHANGING: Final = b"".join(
    [
        (8).to_bytes(4, "big"),
        *(
            length_prefixed(name) + width.to_bytes(4, "big") + b"%b"
            for name, width in ((b"ce_id", 36), (b"ce_lane", 32), (b"ce_previous", 64), (b"ce_sequence", 16))
        ),
    ]
)


def _optional(item: bytes | None) -> bytes:
    return b"\x00" if item is None else b"\x01" + length_prefixed(item)


@lru_cache(maxsize=4096)
def _before(topic: Topic) -> bytes:
    return _LEAF_LABEL + length_prefixed(topic.encode())


@lru_cache(maxsize=4096)
def _after(source: bytes) -> bytes:
    return length_prefixed(
        b"ce_source",
        source,
        b"ce_specversion",
        b"1.0",
        b"ce_type",
        RECORD_TYPE,
        b"content-type",
        CONTENT_TYPE,
    )
