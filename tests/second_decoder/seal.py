"""Sections 6 and 7 of docs/wire.md: the leaf, the batch and its seal; steps 3 to 7."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tests.second_decoder.notation import SOURCE, TIME, Cursor, RefusedError, lp, opt, read_base64, read_time
from tests.second_decoder.record import Unverified

MOST_PATH = 2**9
MOST_PAYLOAD = 2**12
HASH = 32
MOST_IN_BATCH = 256
PAYLOAD_TYPE = b"application/vnd.simpul.batch.v1+json"
PAYLOAD = (
    f'{{"source":"(?P<source>{SOURCE})",'
    '"topic":"(?P<topic>[a-z0-9.-]+)",'
    '"lane":"(?P<lane>[0-9a-f]{32})",'
    '"size":(?P<size>[1-9][0-9]{0,2}),'
    '"root":"(?P<root>[0-9a-f]{64})",'
    f'"sealed_at":"(?P<sealed_at>{TIME})",'
    '"federation":(?P<federation>0|[1-9][0-9]*)}'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """A signing key as the federation lists it; both ends of its validity belong to it."""

    key_id: bytes
    source: str
    public: bytes
    not_before: datetime
    not_after: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """The structure Seal of section 7."""

    key_id: bytes
    signature: bytes
    index: int
    path: tuple[bytes, ...]
    payload: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """What the payload of a seal says."""

    source: str
    topic: str
    lane: str
    size: int
    root: bytes
    sealed_at: datetime
    federation: int


def read_seal(header: str) -> Seal:
    """Step 3: canonical base64 of exactly one Seal.

    Args:
        header: The value of `ce_seal`.

    Returns:
        The seal.

    Raises:
        RefusedError: `untrusted.seal`.
    """
    code = "untrusted.seal"
    cursor = Cursor(rest=read_base64(header.encode("ascii"), code), code=code)
    key_id = cursor.opaque(16)
    signature = cursor.opaque(64)
    index = cursor.uint16()
    path = cursor.vector(0, MOST_PATH)
    payload = cursor.vector(1, MOST_PAYLOAD)
    cursor.end()
    if len(path) % HASH:
        raise RefusedError(code)
    hashes = tuple(path[start : start + HASH] for start in range(0, len(path), HASH))
    return Seal(key_id=key_id, signature=signature, index=index, path=hashes, payload=payload)


def find_signing_key(seal: Seal, source: str, federation: Sequence[SigningKey]) -> SigningKey:
    """Step 4: the federation lists the signing key, for this source.

    Args:
        seal: The seal.
        source: The header `ce_source`.
        federation: The keys that it lists.

    Returns:
        The key, the id of which was derived from the public key anew.

    Raises:
        RefusedError: `untrusted.key`.
    """
    for key in federation:
        derived = hashlib.sha256(b"simpul/signing-key/v1" + key.public).digest()[:16]
        if derived == key.key_id == seal.key_id and key.source == source:
            return key
    raise RefusedError("untrusted.key")


def read_payload(seal: Seal, topic: str, headers: Mapping[str, str], key: SigningKey) -> Payload:
    """Step 5: the payload is of its form, speaks of this stream, and lies within the validity of the key.

    Args:
        seal: The seal.
        topic: The topic of the record.
        headers: The headers of the record.
        key: The signing key.

    Returns:
        The payload.

    Raises:
        RefusedError: `untrusted.payload`, or `untrusted.key` for a key that is not valid at `sealed_at`.
    """
    code = "untrusted.payload"
    form = re.fullmatch(PAYLOAD, seal.payload.decode("latin-1"), re.ASCII)
    if form is None or int(form["size"]) > MOST_IN_BATCH:
        raise RefusedError(code)
    payload = Payload(
        source=form["source"],
        topic=form["topic"],
        lane=form["lane"],
        size=int(form["size"]),
        root=bytes.fromhex(form["root"]),
        sealed_at=read_time(form["sealed_at"], code),
        federation=int(form["federation"]),
    )
    if (payload.source, payload.topic, payload.lane) != (headers["ce_source"], topic, headers["ce_lane"]):
        raise RefusedError(code)
    if not key.not_before <= payload.sealed_at <= key.not_after:
        raise RefusedError("untrusted.key")
    return payload


def hash_leaf(record: Unverified, headers: Mapping[str, str]) -> bytes:
    """Section 6: the leaf of a record.

    Args:
        record: The record.
        headers: Its headers, by name.

    Returns:
        32 bytes.
    """
    names = sorted(name for name in headers if name != "ce_seal")
    hashed = b"\x00" + b"simpul/leaf/v1" + lp(record.topic.encode()) + opt(record.key) + len(names).to_bytes(4, "big")
    for name in names:
        hashed += lp(name.encode("ascii"), headers[name].encode("ascii"))
    return hashlib.sha256(hashed + opt(record.value)).digest()


def check_path(leaf: bytes, seal: Seal, payload: Payload) -> None:
    """Step 6: the leaf is in the tree at `index` (RFC 9162, section 2.1.3.2, step by step).

    Args:
        leaf: The leaf.
        seal: The seal.
        payload: Its payload.

    Raises:
        RefusedError: `untrusted.path`.
    """
    refused = RefusedError("untrusted.path")
    if seal.index >= payload.size:
        raise refused
    fn, sn, r = seal.index, payload.size - 1, leaf
    for p in seal.path:
        if sn == 0:
            raise refused
        if fn & 1 or fn == sn:
            r = hashlib.sha256(b"\x01" + p + r).digest()
            while not fn & 1 and fn != 0:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = hashlib.sha256(b"\x01" + r + p).digest()
        fn, sn = fn >> 1, sn >> 1
    if sn != 0 or r != payload.root:
        raise refused


def check_signature(seal: Seal, key: SigningKey) -> None:
    """Step 7: Ed25519 over the pre-authentication encoding of DSSE v1.

    Args:
        seal: The seal.
        key: The signing key.

    Raises:
        RefusedError: `untrusted.signature`.
    """
    encoded = b"DSSEv1 %d %b %d %b" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE, len(seal.payload), seal.payload)
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(seal.signature, encoded)
    except InvalidSignature as error:
        raise RefusedError("untrusted.signature") from error
