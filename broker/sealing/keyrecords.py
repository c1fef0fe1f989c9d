"""Key records: how a source gives its keys to one recipient, on the compacted topic of that pair.

A `wrap/…` record holds a wrapping key under HPKE; a `unit/…` record holds one data key in a Part under a wrapping key.
They need no order among themselves, are written once, and are afterwards only nulled (no node acts on a null).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from broker.errors import UntrustedError
from broker.names import AgencyId, KeyId, RecordId, derived_uuid, keys_topic, length_prefixed
from broker.ports import DataKey, ReceivingKey, WrappingKey
from broker.sealing.encoding import NONCE_BYTES, encode_wrap, parse_parts_unverified, parse_wrap_unverified
from broker.sealing.parts import KEY_BYTES, key_id_of, new_data_key, open_part, record_context, seal_part
from broker.sealing.private_keys import hpke_seal
from broker.stages import Unsealed

if TYPE_CHECKING:
    from collections.abc import Callable

    from broker.names import Topic
    from broker.ports import Randomness, Unwrapper
    from broker.stages import Verified

__all__ = [
    "KEY_PART",
    "RECORD_KEY",
    "is_wrap",
    "new_data_key",
    "new_wrapping_key",
    "open_unit",
    "open_wrap",
    "unit_record",
    "wrap_record",
]

KEY_PART: Final = "key"
RECORD_KEY: Final = re.compile(rb"wrap/[0-9a-f]{32}|unit/[0-9a-f]{32}/[1-9][0-9]{0,14}")


def new_wrapping_key(random: Randomness, *, source: AgencyId, receiving: ReceivingKey) -> WrappingKey:
    """Make a wrapping key and seal it to a recipient's receiving key.

    HPKE takes its own randomness from the system; `random` gives the key alone.
    """
    key = random(KEY_BYTES)
    key_id = key_id_of(key)
    info = _info(source, receiving.agency, receiving.key_id, key_id)
    return WrappingKey(
        key_id=key_id,
        key=key,
        recipient=receiving.agency,
        receiving_key_id=receiving.key_id,
        hpke=hpke_seal(receiving, key, info),
    )


def wrap_record(secret: bytes, wrapping: WrappingKey, *, source: AgencyId) -> Unsealed:
    """Return the record that carries a wrapping key to its recipient."""
    topic = keys_topic(source, wrapping.recipient)
    key = b"wrap/" + wrapping.key_id.hex().encode()
    return Unsealed(
        topic=topic,
        record_id=_record_id(secret, topic, key),
        key=key,
        value=encode_wrap(wrapping.receiving_key_id, wrapping.key_id, wrapping.hpke),
    )


def unit_record(
    secret: bytes,
    data_key: DataKey,
    wrapping: WrappingKey,
    *,
    source: AgencyId,
    pair_unit: bytes,
    number: int,
    random: Randomness,
) -> Unsealed:
    """Return the record that carries one data key to one recipient.

    Args:
        secret: the node's secret for record ids.
        data_key: the key.
        wrapping: the wrapping key of the recipient and the day.
        source: whose keys these are.
        pair_unit: 16 bytes that name the erasure unit between this pair alone.
        number: the key's number within `pair_unit`, from 1, never used again.
        random: where the nonce comes from.
    """
    topic = keys_topic(source, wrapping.recipient)
    key = b"unit/%b/%d" % (pair_unit.hex().encode(), number)
    record_id = _record_id(secret, topic, key)
    value = seal_part(
        AESGCM(wrapping.key),
        wrapping.key_id,
        nonce=random(NONCE_BYTES),
        context=record_context(topic, source, record_id),
        name=KEY_PART,
        content=data_key.key,
    )
    return Unsealed(topic=topic, record_id=record_id, key=key, value=value)


def is_wrap(verified: Verified) -> bool:
    """Say whether a verified key record carries a wrapping key; else it carries a data key."""
    return (verified.fetched.key or b"").startswith(b"wrap/")


def open_wrap(verified: Verified, *, reader: AgencyId, unwrapper: Unwrapper) -> tuple[KeyId, bytes]:
    """Return the wrapping key of a verified `wrap/…` record that is not null.

    Raises:
        UntrustedError: it does not open, or its key is not the one that its ids name.
        KeyServiceError: the home of the receiving key does not answer.
    """
    wrap = parse_wrap_unverified(verified.fetched.value or b"")
    info = _info(verified.source, reader, wrap.receiving_key_id, wrap.wrapping_key_id)
    key = unwrapper.unwrap(wrap.receiving_key_id, wrap.hpke, info)
    _require_key(key, wrap.wrapping_key_id)
    if verified.fetched.key != b"wrap/" + wrap.wrapping_key_id.hex().encode():
        raise UntrustedError("untrusted.key-record", "a wrapped key stands under another key's name")
    return wrap.wrapping_key_id, key


def open_unit(verified: Verified, wrapping: Callable[[AgencyId, KeyId], bytes | None]) -> DataKey | KeyId:
    """Return the data key of a verified `unit/…` record that is not null.

    Returns:
        The key; or the id of the wrapping key that is not held yet.

    Raises:
        UntrustedError: it does not open, or is not a key.
    """
    (part,) = parse_parts_unverified(verified.fetched.value or b"", most=1)
    wrapping_key = wrapping(verified.source, part.key_id)
    if wrapping_key is None:
        return part.key_id
    context = record_context(verified.fetched.topic, verified.source, verified.record_id)
    key = open_part(AESGCM(wrapping_key), part, context=context, name=KEY_PART)
    if len(key) != KEY_BYTES:
        raise UntrustedError("untrusted.key-record", "a key record holds something else than a key")
    return DataKey(key_id=key_id_of(key), key=key)


def _require_key(key: bytes, key_id: KeyId) -> None:
    if len(key) != KEY_BYTES or key_id_of(key) != key_id:
        raise UntrustedError("untrusted.key-record", "a key is not the one that its id names")


def _info(source: AgencyId, recipient: AgencyId, receiving_key_id: KeyId, wrapping_key_id: KeyId) -> bytes:
    return length_prefixed(b"simpul/wrap/v1", source.encode(), recipient.encode(), receiving_key_id, wrapping_key_id)


def _record_id(secret: bytes, topic: Topic, key: bytes) -> RecordId:
    return RecordId(derived_uuid(secret, "simpul/record/v1", topic, key.decode()))
