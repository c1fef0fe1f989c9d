"""Seal: parts are encrypted, records chained, and all that leave together for one topic signed at once.

Cleared --seal_copy--> Unsealed --seal_batch--> Sealed
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from broker.errors import InvalidEventError
from broker.limits import MAX_BATCH, MAX_VALUE_BYTES
from broker.names import RecordId, derived_uuid, source_uri
from broker.sealing.batch import Batch, encode_payload, pre_authentication_encoding
from broker.sealing.encoding import encode_seal
from broker.sealing.headers import encode_headers, leaf_of
from broker.sealing.merkle import tree
from broker.sealing.parts import nonces, record_context, seal_part
from broker.stages import Sealed, StreamHead, Unsealed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from broker.names import AgencyId, EventId, Lane, Leaf, Topic
    from broker.ports import DataKey, Randomness, Signer
    from broker.sealing.keyring import Keyring
    from broker.stages import Cleared, Copy, Headers

__all__ = ["record_id", "seal_batch", "seal_copy"]


def record_id(secret: bytes, event_id: EventId, topic: Topic) -> RecordId:
    """Return the id of an event's copy on a topic; nobody else can tell which copies belong together."""
    return RecordId(derived_uuid(secret, "simpul/record/v1", topic, event_id))


def seal_copy(
    copy: Copy,
    *,
    cleared: Cleared,
    record_id: RecordId,
    keys: Mapping[frozenset[AgencyId], DataKey],
    ciphers: Keyring,
    random: Randomness,
) -> Unsealed:
    """Encrypt one copy of an event: each part under the data key of exactly those who may open it.

    Args:
        copy: the copy, its cover first.
        cleared: the event that it belongs to.
        record_id: the copy's own id.
        keys: for each set of readers in the copy, the data key of this event's erasure unit.
        ciphers: where the keys' ciphers are kept.
        random: where nonces come from.

    Raises:
        InvalidEventError: `invalid.too-large`.
    """
    context = record_context(copy.topic, cleared.source, record_id)
    sealed = []
    for part, nonce in zip(copy.parts, nonces(random, len(copy.parts)), strict=True):
        data_key = keys[part.readers]
        cipher = ciphers.put(cleared.source, data_key)
        sealed.append(
            seal_part(cipher, data_key.key_id, nonce=nonce, context=context, name=part.name, content=part.content)
        )
    value = b"".join(sealed)
    if len(value) > MAX_VALUE_BYTES:
        raise InvalidEventError("invalid.too-large", "a record holds at most 65536 bytes")
    return Unsealed(topic=copy.topic, record_id=record_id, key=None, value=value, event_id=cleared.event_id)


def seal_batch(
    records: Sequence[Unsealed],
    *,
    source: AgencyId,
    topic: Topic,
    lane: Lane,
    head: StreamHead,
    signer: Signer,
    sealed_at: datetime,
    federation: int,
) -> tuple[list[Sealed], StreamHead]:
    """Give records of one topic their places in the stream, and sign them together.

    Args:
        records: 1 to 256 of them, in the order in which they are to be published.
        source: whose stream it is.
        topic: the topic of all of them.
        lane: the lane of this relay's start.
        head: the stream's last sequence and leaf; 0 and 32 zero bytes at first.
        signer: the agency's signing key.
        sealed_at: the time, aware.
        federation: the federation version in force.

    Returns:
        The records as they are to be published, and the stream's new head.
    """
    headers, leaves = _chain(records, source=source, topic=topic, lane=lane, head=head)
    seals = _seals(leaves, (source, topic, lane), signer=signer, sealed_at=sealed_at, federation=federation)
    sealed = [
        Sealed(
            topic=topic,
            key=record.key,
            headers=(*headers[at], ("ce_seal", seals[at])),
            value=record.value,
            record_id=record.record_id,
            lane=lane,
            sequence=head.sequence + 1 + at,
            leaf=leaves[at],
            event_id=record.event_id,
        )
        for at, record in enumerate(records)
    ]
    return sealed, StreamHead(sequence=sealed[-1].sequence, leaf=leaves[-1])


def _chain(
    records: Sequence[Unsealed], *, source: AgencyId, topic: Topic, lane: Lane, head: StreamHead
) -> tuple[list[Headers], list[Leaf]]:
    """Return the first eight headers and the leaf of each record, each naming the leaf before it."""
    if not 0 < len(records) <= MAX_BATCH:
        msg = "a batch holds 1 to 256 records"
        raise ValueError(msg)
    if any(record.topic != topic for record in records):
        msg = "a batch is of one topic"
        raise ValueError(msg)
    headers, leaves = [], []
    leaf = head.leaf
    for sequence, record in enumerate(records, start=head.sequence + 1):
        eight = encode_headers(record_id=record.record_id, source=source, lane=lane, sequence=sequence, previous=leaf)
        leaf = leaf_of(topic, record.key, eight, record.value)
        headers.append(eight)
        leaves.append(leaf)
    return headers, leaves


def _seals(
    leaves: Sequence[Leaf],
    stream: tuple[AgencyId, Topic, Lane],
    *,
    signer: Signer,
    sealed_at: datetime,
    federation: int,
) -> list[bytes]:
    """Sign a batch, and return the value of `ce_seal` for each of its records."""
    source, topic, lane = stream
    root, paths = tree(leaves)
    payload = encode_payload(
        Batch(
            source=source_uri(source),
            topic=topic,
            lane=lane,
            size=len(leaves),
            root=root,
            sealed_at=sealed_at,
            federation=federation,
        )
    )
    key_id, signature = signer.key_id, signer.sign(pre_authentication_encoding(payload))
    return [encode_seal(key_id, signature, at, path, payload) for at, path in enumerate(paths)]
