"""A source that writes what the specification forbids, and a broker that changes what it carries.

What is forged here is sealed with the source's own key, and whole but for the one fault: only that fault can refuse it.
The leaf is made from wire.md §6 word by word, since `broker.sealing` makes leaves of proper records alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from broker.names import Lane, length_prefixed
from broker.sealing.batch import Batch, encode_payload, pre_authentication_encoding
from broker.sealing.encoding import encode_seal, parse_seal_unverified
from broker.sealing.headers import parse_headers_unverified
from tests.vector_builder.vector import base64_of
from tests.vector_builder.world import FEDERATION, POLICE, SEALED_AT, signer

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from broker.sealing.encoding import UnverifiedSeal
    from broker.sealing.private_keys import Ed25519Signer
    from broker.stages import Fetched, FetchedHeaders

SEAL: Final = "ce_seal"


def unchanged(raw: bytes) -> bytes:
    """Change nothing."""
    return raw


@dataclass(frozen=True, slots=True, kw_only=True)
class Forger:
    """What is done to the statement, its signature and the seal of a batch of one."""

    by: Ed25519Signer | None = None
    sealed_at: datetime = SEALED_AT
    version: int = FEDERATION
    payload: Callable[[bytes], bytes] = unchanged
    """To the statement, before it is signed."""
    sign: Callable[[bytes], bytes] = pre_authentication_encoding
    """What is signed, of the statement."""
    signature: Callable[[bytes], bytes] = unchanged
    index: int = 0
    path: bytes = b""
    seal: Callable[[bytes], bytes] = unchanged
    """To the bytes of the Seal."""

    def forge(self, record: Fetched) -> Fetched:
        """Seal a record anew; its headers may be anything, and the value of `ce_seal` among them is replaced."""
        source, lane = claimed(record.headers)
        leaf = leaf_by_the_letter(record)
        by = self.by or signer(POLICE)
        statement = Batch(
            source=source,
            topic=record.topic,
            lane=lane,
            size=1,
            root=leaf,
            sealed_at=self.sealed_at,
            federation=self.version,
        )
        payload = self.payload(encode_payload(statement))
        signature = self.signature(by.sign(self.sign(payload)))
        seal = self.seal(seal_bytes(by.key_id, signature, self.index, self.path, payload))
        return with_seal_text(record, base64_of(seal).encode())


def forged(record: Fetched) -> Fetched:
    """Seal a record anew, properly."""
    return Forger().forge(record)


def seal_bytes(key_id: bytes, signature: bytes, index: int, path: bytes, payload: bytes) -> bytes:
    """Return the bytes of a Seal, of any length that its fields have."""
    return b"".join(
        (
            key_id,
            signature,
            index.to_bytes(2, "big"),
            len(path).to_bytes(2, "big"),
            path,
            len(payload).to_bytes(2, "big"),
            payload,
        )
    )


def seal_of(record: Fetched) -> UnverifiedSeal:
    """Read the Seal of a proper record."""
    return parse_seal_unverified(parse_headers_unverified(record.headers).seal)


def with_seal(
    record: Fetched, *, index: int | None = None, path: bytes | None = None, signature: bytes | None = None
) -> Fetched:
    """Change a field of the Seal on the way."""
    seal = seal_of(record)
    return with_seal_text(
        record,
        encode_seal(
            seal.key_id,
            seal.signature if signature is None else signature,
            seal.index if index is None else index,
            seal.path if path is None else path,
            seal.payload,
        ),
    )


def with_seal_text(record: Fetched, text: bytes) -> Fetched:
    """Put another text into each `ce_seal` that has one."""
    return replace(
        record,
        headers=tuple((name, text if name == SEAL and value is not None else value) for name, value in record.headers),
    )


def with_header(record: Fetched, name: str, value: bytes | None) -> Fetched:
    """Give one header another value."""
    return replace(record, headers=tuple((each, value if each == name else old) for each, old in record.headers))


def leaf_by_the_letter(record: Fetched) -> bytes:
    """Return the leaf of wire.md §6 of whatever headers there are; one without a value counts as empty."""
    headers = sorted((name.encode(), value or b"") for name, value in record.headers if name != SEAL)
    return sha256(
        b"\x00simpul/leaf/v1"
        + length_prefixed(record.topic.encode())
        + _optional(record.key)
        + (8).to_bytes(4, "big")
        + b"".join(length_prefixed(name, value) for name, value in headers)
        + _optional(record.value)
    ).digest()


def claimed(headers: FetchedHeaders) -> tuple[str, Lane]:
    """Return the source and lane that headers claim, or some, where they claim none that can be read."""
    values = dict(headers)
    source = (values.get("ce_source") or b"").decode("latin-1")
    lane = (values.get("ce_lane") or b"").decode("latin-1")
    try:
        return source, Lane(bytes.fromhex(lane))
    except ValueError:
        return source, Lane(bytes(16))


def _optional(item: bytes | None) -> bytes:
    return b"\x00" if item is None else b"\x01" + length_prefixed(item)
