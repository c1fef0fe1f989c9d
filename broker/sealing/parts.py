"""A part: the cover or one compartment under AES-256-GCM, padded, bound to its record and its name.

Its associated data is the length-prefixed tuple (`simpul/part/v1`, topic, ce_source, ce_id, part name, key id), so that
a part cannot be moved to another record, place or name. Its plaintext is `uint16 length`, the content, and zeros up to
the next power of two from 256 B to 32 KiB, so that its size says little.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from broker.errors import InvalidEventError, UntrustedError
from broker.limits import MAX_PLAINTEXT, padded_size
from broker.names import KeyId, length_prefixed, source_uri
from broker.ports import DataKey
from broker.sealing.encoding import KEY_ID_BYTES, NONCE_BYTES, encode_part

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    from broker.names import AgencyId, RecordId, Topic
    from broker.ports import Randomness
    from broker.sealing.encoding import UnverifiedPart

KEY_BYTES: Final = 32

_ZEROS: Final = bytes(MAX_PLAINTEXT)


def key_id_of(key: bytes) -> KeyId:
    """Derive the id of a data or wrapping key from the key itself (HKDF-SHA-256, RFC 5869, no salt).

    As the id is bound to the key, one ciphertext cannot be opened in two ways by two readers.
    """
    return KeyId(HKDF(algorithm=SHA256(), length=16, salt=None, info=b"simpul/key-id/v1").derive(key))


def new_data_key(random: Randomness) -> DataKey:
    """Make a data key: AES-256, 32 random bytes."""
    key = random(KEY_BYTES)
    return DataKey(key_id=key_id_of(key), key=key)


def record_context(topic: Topic, source: AgencyId, record_id: RecordId) -> bytes:
    """Return the associated data that all parts of one record share."""
    return _stream_context(topic, source) + length_prefixed(record_id.encode())


@lru_cache(maxsize=4096)
def _stream_context(topic: Topic, source: AgencyId) -> bytes:
    return length_prefixed(b"simpul/part/v1", topic.encode(), source_uri(source).encode())


def seal_part(cipher: AESGCM, key_id: KeyId, *, nonce: bytes, context: bytes, name: str, content: bytes) -> bytes:
    """Return the bytes of one Part.

    Args:
        cipher: the data key that belongs to `key_id`.
        key_id: the key's id, 16 bytes.
        nonce: 12 fresh random bytes.
        context: what `record_context` gave for the record.
        name: `cover`, `key` or the compartment's name.
        content: the plaintext, at most 32,766 bytes.

    Raises:
        InvalidEventError: `invalid.too-large`.
    """
    return encode_part(key_id, nonce, cipher.encrypt(nonce, pad(content), _associated(context, name, key_id)))


def open_part(cipher: AESGCM, part: UnverifiedPart, *, context: bytes, name: str) -> bytes:
    """Return the content of a part.

    Raises:
        UntrustedError: `untrusted.part` where it does not open under this key, record and name; `untrusted.padding`.
    """
    try:
        plaintext = cipher.decrypt(part.nonce, part.ciphertext, _associated(context, name, part.key_id))
    except (InvalidTag, ValueError) as error:
        raise UntrustedError("untrusted.part", "a part does not open under the key that it names") from error
    return unpad(plaintext)


def pad(content: bytes) -> bytes:
    """Return `uint16 length`, content and zeros up to the next power of two.

    Raises:
        InvalidEventError: `invalid.too-large`.
    """
    size = len(content) + 2
    if size > MAX_PLAINTEXT:
        raise InvalidEventError("invalid.too-large", "a part holds at most 32766 bytes")
    return (len(content).to_bytes(2, "big") + content).ljust(padded_size(size), b"\0")


def unpad(plaintext: bytes) -> bytes:
    """Return the content of a padded plaintext.

    Raises:
        UntrustedError: `untrusted.padding` where the size or a zero is not as `pad` writes it.
    """
    size = 2 + int.from_bytes(plaintext[:2], "big")
    padded = len(plaintext)
    if padded != padded_size(size) or padded > MAX_PLAINTEXT or not plaintext.endswith(_ZEROS[: padded - size]):
        raise UntrustedError("untrusted.padding", "a part is not padded with zeros as specified")
    return plaintext[2:size]


def _associated(context: bytes, name: str, key_id: KeyId) -> bytes:
    return b"%b%b%b" % (context, _before_key_id(name), key_id)


@lru_cache(maxsize=64)
def _before_key_id(name: str) -> bytes:
    return length_prefixed(name.encode()) + KEY_ID_BYTES.to_bytes(4, "big")


def nonces(random: Randomness, count: int) -> list[bytes]:
    """Return fresh nonces, drawn from the system in one call."""
    drawn = random(NONCE_BYTES * count)
    return [drawn[at : at + NONCE_BYTES] for at in range(0, len(drawn), NONCE_BYTES)]
