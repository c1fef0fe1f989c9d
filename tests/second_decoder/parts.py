"""Section 4 of docs/wire.md: parts."""

from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tests.second_decoder.notation import Cursor, RefusedError, lp

MOST_PARTS = 8
LEAST_PADDED = 256
MOST_PADDED = 32_768


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The structure Part of section 4."""

    key_id: bytes
    nonce: bytes
    ciphertext: bytes


def read_parts(value: bytes) -> list[Part]:
    """Read one to eight Parts and nothing else.

    Args:
        value: The value of a record.

    Returns:
        The parts in their order.

    Raises:
        RefusedError: `untrusted.value`.
    """
    cursor = Cursor(rest=value, code="untrusted.value")
    parts = [read_part(cursor)]
    while cursor.rest:
        parts.append(read_part(cursor))
    if len(parts) > MOST_PARTS:
        raise RefusedError("untrusted.value")
    return parts


def read_part(cursor: Cursor) -> Part:
    """Read one Part at the cursor."""
    return Part(key_id=cursor.opaque(16), nonce=cursor.opaque(12), ciphertext=cursor.vector(0, 2**16 - 1))


def derive_key_id(key: bytes) -> bytes:
    """Derive the id of a data key or a wrapping key: HKDF-SHA-256 without salt, 16 bytes."""
    return HKDF(algorithm=SHA256(), length=16, salt=None, info=b"simpul/key-id/v1").derive(key)


def open_part(part: Part, key: bytes, place: tuple[str, str, str, str]) -> bytes:
    """Open a part and take its content out of the padding.

    Args:
        part: The part.
        key: The 32 bytes of the key that it names.
        place: The topic, `ce_source`, `ce_id` and the name of the part, to which it is bound.

    Returns:
        The content.

    Raises:
        RefusedError: `untrusted.part` if it does not open, `untrusted.padding` if the plaintext is not as it should be.
    """
    associated = lp(b"simpul/part/v1", *(text.encode() for text in place), part.key_id)
    if derive_key_id(key) != part.key_id:
        raise RefusedError("untrusted.part")
    try:
        plaintext = AESGCM(key).decrypt(part.nonce, part.ciphertext, associated)
    except InvalidTag as error:
        raise RefusedError("untrusted.part") from error
    return remove_padding(plaintext)


def remove_padding(plaintext: bytes) -> bytes:
    """Take the content out of the plaintext of a part.

    Args:
        plaintext: A length, as much content, and zeros up to a power of two.

    Returns:
        The content.

    Raises:
        RefusedError: `untrusted.padding` for any other size and any other filling.
    """
    code = "untrusted.padding"
    cursor = Cursor(rest=plaintext, code=code)
    content = cursor.vector(0, MOST_PADDED - 2)
    size = LEAST_PADDED
    while size < 2 + len(content):
        size *= 2
    if len(plaintext) != size or any(cursor.rest):
        raise RefusedError(code)
    return content
