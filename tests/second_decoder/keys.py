"""Section 9 of docs/wire.md: keys, how they come and how they are held."""

import hashlib
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from tests.second_decoder.hpke import open_single_shot
from tests.second_decoder.notation import Cursor, RefusedError, lp
from tests.second_decoder.parts import derive_key_id
from tests.second_decoder.record import Topic

MOST_HPKE = 2**12
KEY = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivingKey:
    """The two private halves of a receiving key.

    Attributes:
        mlkem: ML-KEM-768's.
        x25519: X25519's.
    """

    mlkem: MLKEM768PrivateKey
    x25519: X25519PrivateKey

    def derive_id(self) -> bytes:
        """Derive the key's id from the two public halves."""
        public = self.mlkem.public_key().public_bytes_raw() + self.x25519.public_key().public_bytes_raw()
        return hashlib.sha256(b"simpul/receiving-key/v1" + public).digest()[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrap:
    """The structure Wrap of section 9."""

    receiving_key_id: bytes
    wrapping_key_id: bytes
    hpke: bytes


@dataclass(kw_only=True)
class Keys:
    """The keys that a reader holds, by (source, key id)."""

    receiving: dict[bytes, ReceivingKey] = field(default_factory=dict, repr=False)
    wrapping: dict[tuple[str, bytes], bytes] = field(default_factory=dict, repr=False)
    data: dict[tuple[str, bytes], bytes] = field(default_factory=dict, repr=False)


def read_wrap(value: bytes) -> Wrap:
    """Read the value of a `wrap/` record.

    Args:
        value: Exactly one Wrap.

    Returns:
        The Wrap.

    Raises:
        RefusedError: `untrusted.value`.
    """
    cursor = Cursor(rest=value, code="untrusted.value")
    wrap = Wrap(
        receiving_key_id=cursor.opaque(16),
        wrapping_key_id=cursor.opaque(16),
        hpke=cursor.vector(1, MOST_HPKE),
    )
    cursor.end()
    return wrap


def open_wrap(wrap: Wrap, record_key: str, topic: Topic, keys: Keys) -> bytes:
    """Open a wrapping key.

    Args:
        wrap: The Wrap.
        record_key: The key of its record.
        topic: The key topic, which names source and recipient.
        keys: The keys that the reader holds.

    Returns:
        The 32 bytes of the wrapping key.

    Raises:
        RefusedError: `untrusted.key-record` if it is not the key that the record names, `untrusted.wrap` if it does
            not open.
    """
    if record_key != f"wrap/{wrap.wrapping_key_id.hex()}":
        raise RefusedError("untrusted.key-record")
    receiving = keys.receiving.get(wrap.receiving_key_id)
    if receiving is None:
        raise RefusedError("untrusted.wrap")
    pair = topic.source.encode(), topic.recipient.encode()
    info = lp(b"simpul/wrap/v1", *pair, wrap.receiving_key_id, wrap.wrapping_key_id)
    try:
        key = open_single_shot(wrap.hpke, receiving.mlkem, receiving.x25519, info)
    except (InvalidTag, ValueError) as error:
        raise RefusedError("untrusted.wrap") from error
    if len(key) != KEY or derive_key_id(key) != wrap.wrapping_key_id:
        raise RefusedError("untrusted.key-record")
    return key
