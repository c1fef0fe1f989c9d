"""Who is in the vectors: made-up agencies, worthless keys derived from labels, a fixed clock, fixed randomness."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256
from typing import Final

from broker.names import AgencyId, KeyId, source_uri
from broker.ports import DataKey, Federation, ReceivingKey, SigningKey
from broker.sealing.parts import KEY_BYTES, key_id_of
from broker.sealing.private_keys import RECEIVING_BYTES, SIGNING_BYTES, Ed25519Signer, HybridReceiver

POLICE: Final = AgencyId("polres-bengkulu-tengah")
IMMIGRATION: Final = AgencyId("imigrasi-bengkulu")
MIGRANT_WORKERS: Final = AgencyId("bp3mi-bengkulu")
SOCIAL_SERVICES: Final = AgencyId("uptd-ppa-bengkulu-tengah")

SEALED_AT: Final = datetime(2026, 8, 7, 1, 25, tzinfo=UTC)
NOT_BEFORE: Final = datetime(2026, 1, 1, tzinfo=UTC)
NOT_AFTER: Final = datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)
FEDERATION: Final = 7


def derived(label: str, size: int = 32) -> bytes:
    """Return bytes that anybody can derive: worthless as a key, the same everywhere."""
    blocks = (sha256(f"simpul vector {label} {at}".encode()).digest() for at in range((size + 31) // 32))
    return b"".join(blocks)[:size]


class Draws:
    """A fixed stream of randomness, one for each vector."""

    def __init__(self, label: str) -> None:
        """Take the label from which the bytes follow."""
        self._label = label
        self._drawn = 0

    def __call__(self, size: int) -> bytes:
        """Return the next bytes."""
        self._drawn += 1
        return derived(f"randomness of {self._label} {self._drawn}", size)


def signer(agency: AgencyId, number: int = 1) -> Ed25519Signer:
    """Return an agency's signing key with that number."""
    return Ed25519Signer(derived(f"signing key {number} of {agency}", SIGNING_BYTES))


def receiver(agency: AgencyId) -> HybridReceiver:
    """Return an agency's receiving key."""
    return HybridReceiver(derived(f"receiving key of {agency}", RECEIVING_BYTES))


def receiving_seed(agency: AgencyId) -> bytes:
    """Return the private bytes of that receiving key."""
    return derived(f"receiving key of {agency}", RECEIVING_BYTES)


def receiving_key(agency: AgencyId) -> ReceivingKey:
    """Return the public half as the federation lists it."""
    pair = receiver(agency)
    return ReceivingKey(
        key_id=pair.key_id,
        agency=agency,
        mlkem768=pair.mlkem768,
        x25519=pair.x25519,
        not_before=NOT_BEFORE,
        not_after=NOT_AFTER,
    )


def key(label: str) -> DataKey:
    """Return an AES-256 key under its derived id."""
    secret = derived(f"key {label}", KEY_BYTES)
    return DataKey(key_id=key_id_of(secret), key=secret)


def signing_key(agency: AgencyId, number: int = 1) -> SigningKey:
    """Return the public half of a signing key as the federation lists it."""
    pair = signer(agency, number)
    return SigningKey(key_id=pair.key_id, agency=agency, public=pair.public, not_before=NOT_BEFORE, not_after=NOT_AFTER)


def federation(*keys: SigningKey, version: int = FEDERATION) -> Federation:
    """Return a trust list with those signing keys."""
    listed: dict[KeyId, SigningKey] = {each.key_id: each for each in keys}
    return Federation(version=version, agencies={}, signing_keys=listed, agreements_toml=b"", dataschemas={})


def label_of(source: AgencyId, what: str) -> str:
    """Return the label of a key of one source."""
    return f"{what} of {source_uri(source)}"
