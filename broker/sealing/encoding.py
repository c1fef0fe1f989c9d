"""The structures on the wire, in the presentation language of TLS (RFC 8446 §3).

Strict by construction: a reader takes exactly what the structure says, and whatever does not end exactly is refused.
Nothing here verifies or decrypts; what is parsed is not yet believed.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from struct import Struct
from typing import Final

from broker.errors import UntrustedError
from broker.limits import MAX_HPKE_BYTES, MAX_PATH_BYTES, MAX_PAYLOAD_BYTES
from broker.names import KeyId
from broker.quick_init import quick_init

KEY_ID_BYTES: Final = 16
NONCE_BYTES: Final = 12
TAG_BYTES: Final = 16
SIGNATURE_BYTES: Final = 64
HASH_BYTES: Final = 32

_PART_HEAD: Final = Struct(f">{KEY_ID_BYTES}s{NONCE_BYTES}sH")
_SEAL_HEAD: Final = Struct(f">{KEY_ID_BYTES}s{SIGNATURE_BYTES}sHH")


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class UnverifiedPart:
    """`struct { opaque key_id[16]; opaque nonce[12]; opaque ciphertext<0..2^16-1>; } Part;`."""

    key_id: KeyId
    nonce: bytes
    ciphertext: bytes = field(repr=False)


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class UnverifiedSeal:
    """What `ce_seal` carries.

    `struct { opaque key_id[16]; opaque signature[64]; uint16 index; Hash path<0..2^9>; opaque payload<1..2^12>; }
    Seal;`
    """

    key_id: KeyId
    signature: bytes = field(repr=False)
    index: int
    path: bytes = field(repr=False)
    payload: bytes = field(repr=False)


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class UnverifiedWrap:
    """`struct { opaque receiving_key_id[16]; opaque wrapping_key_id[16]; opaque hpke<1..2^12>; } Wrap;`."""

    receiving_key_id: KeyId
    wrapping_key_id: KeyId
    hpke: bytes = field(repr=False)


def encode_part(key_id: KeyId, nonce: bytes, ciphertext: bytes) -> bytes:
    """Return the bytes of a Part."""
    return b"%b%b%b%b" % (key_id, nonce, len(ciphertext).to_bytes(2, "big"), ciphertext)


def parse_parts_unverified(value: bytes, *, most: int) -> list[UnverifiedPart]:
    """Read a record's value: one Part after the other, at least one.

    Raises:
        UntrustedError: `untrusted.value` where it does not end exactly, is empty, or holds more than `most` parts.
    """
    parts: list[UnverifiedPart] = []
    at, end = 0, len(value)
    while at < end:
        start = at + _PART_HEAD.size
        if start > end or len(parts) == most:
            raise UntrustedError("untrusted.value", "the value is not a list of parts")
        key_id, nonce, size = _PART_HEAD.unpack_from(value, at)
        at = start + size
        if at > end:
            raise UntrustedError("untrusted.value", "a part runs past the end of the value")
        parts.append(UnverifiedPart(key_id=key_id, nonce=nonce, ciphertext=value[start:at]))
    if not parts:
        raise UntrustedError("untrusted.value", "the value holds no part")
    return parts


def encode_seal(key_id: KeyId, signature: bytes, index: int, path: bytes, payload: bytes) -> bytes:
    """Return the value of `ce_seal`: the Seal in base64 (RFC 4648 §4), as CloudEvents writes binary attributes."""
    return base64.b64encode(
        b"%b%b%b%b%b%b%b"
        % (
            key_id,
            signature,
            index.to_bytes(2, "big"),
            len(path).to_bytes(2, "big"),
            path,
            len(payload).to_bytes(2, "big"),
            payload,
        )
    )


def parse_seal_unverified(text: bytes) -> UnverifiedSeal:
    """Read the value of `ce_seal`.

    Raises:
        UntrustedError: `untrusted.seal` where it is not canonical base64 of exactly one Seal.
    """
    try:
        raw = binascii.a2b_base64(text, strict_mode=True)
    except (binascii.Error, ValueError) as error:
        raise UntrustedError("untrusted.seal", "the seal is not base64") from error
    # The seal is outside the leaf: two texts for one seal would be two records for one leaf. Strict mode refuses what
    # is no base64; what is left are the unused bits of the last group.
    last = raw[-(len(raw) % 3 or 3) :]
    if binascii.b2a_base64(last, newline=False) != text[-4:] or len(raw) < _SEAL_HEAD.size:
        raise UntrustedError("untrusted.seal", "the seal is not canonical")
    key_id, signature, index, path_size = _SEAL_HEAD.unpack_from(raw)
    path_end = _SEAL_HEAD.size + path_size
    path, payload = raw[_SEAL_HEAD.size : path_end], raw[path_end + 2 :]
    exact = (
        len(raw) == path_end + 2 + int.from_bytes(raw[path_end : path_end + 2], "big")
        and path_size % HASH_BYTES == 0
        and path_size <= MAX_PATH_BYTES
        and 1 <= len(payload) <= MAX_PAYLOAD_BYTES
    )
    if not exact:
        raise UntrustedError("untrusted.seal", "the seal does not end exactly")
    return UnverifiedSeal(key_id=key_id, signature=signature, index=index, path=path, payload=payload)


def encode_wrap(receiving_key_id: KeyId, wrapping_key_id: KeyId, hpke: bytes) -> bytes:
    """Return the bytes of a Wrap."""
    return receiving_key_id + wrapping_key_id + len(hpke).to_bytes(2, "big") + hpke


def parse_wrap_unverified(value: bytes) -> UnverifiedWrap:
    """Read the value of a `wrap/…` record.

    Raises:
        UntrustedError: `untrusted.value` where it is not exactly one Wrap.
    """
    head = 2 * KEY_ID_BYTES + 2
    hpke = value[head:]
    if len(value) <= head or len(hpke) > MAX_HPKE_BYTES or len(hpke) != int.from_bytes(value[head - 2 : head], "big"):
        raise UntrustedError("untrusted.value", "the value is not a wrapped key")
    return UnverifiedWrap(
        receiving_key_id=KeyId(value[:KEY_ID_BYTES]),
        wrapping_key_id=KeyId(value[KEY_ID_BYTES : 2 * KEY_ID_BYTES]),
        hpke=hpke,
    )
