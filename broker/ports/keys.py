"""Private keys wherever they live, data and wrapping keys, and the store that holds them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from broker.names import AgencyId, KeyId, Topic
    from broker.ports.findings import Finding
    from broker.stages import StreamHead, Verified


class Signer(Protocol):
    """An agency's private signing key, wherever it lives."""

    @property
    def key_id(self) -> KeyId:
        """The id under which the federation lists the public key."""

    def sign(self, message: bytes) -> bytes:
        """Return the 64 bytes of an Ed25519 signature (RFC 8032).

        Raises:
            KeyServiceError: the home of the key does not answer.
        """


class Unwrapper(Protocol):
    """An agency's private receiving keys, wherever they live."""

    def unwrap(self, receiving_key_id: KeyId, hpke: bytes, info: bytes) -> bytes:
        """Open an HPKE ciphertext (RFC 9180, base mode) made for one of this agency's receiving keys.

        Raises:
            UntrustedError: it does not open, or was made for a key that this agency does not have.
            KeyServiceError: the home of the key does not answer.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class DataKey:
    """An AES-256 key under which parts are sealed, known by (source, key id)."""

    key_id: KeyId
    key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class WrappingKey:
    """An AES-256 key for one (source, recipient, UTC day), and its HPKE ciphertext for the recipient."""

    key_id: KeyId
    key: bytes = field(repr=False)
    recipient: AgencyId
    receiving_key_id: KeyId
    hpke: bytes = field(repr=False)


class KeyStore(Protocol):
    """Data and wrapping keys, encrypted at rest, in a file of their own that is left out of backups.

    A key once held for (source, key id) is never replaced. Every method raises StorageError when the store
    cannot be read or written; then nothing of it happened.
    """

    def data_key(self, source: AgencyId, key_id: KeyId) -> bytes | None:
        """Return a data key that `source` gave (or made)."""

    def own_data_keys(self, units: Collection[bytes]) -> Mapping[tuple[bytes, bytes], DataKey]:
        """Return this node's data keys for erasure units, by (unit, exact readers), both as blinded tags."""

    def own_wrapping_key(self, recipient: AgencyId, receiving_key_id: KeyId, day: str) -> WrappingKey | None:
        """Return this node's wrapping key for a recipient's receiving key on a UTC day (`YYYY-MM-DD`)."""

    def used_numbers(self, pair_units: Collection[bytes]) -> Mapping[bytes, int]:
        """Return for each unit and pair the highest number that a data key of theirs may have; the next is one more.

        It never goes back below a number that `add` once saw, not even after this store was lost and begun anew.
        """

    def add(self, new: NewKeys) -> None:
        """Make new keys durable, not yet announced, in one transaction."""

    def announce(self, batch: bytes) -> None:
        """Note that the batch in whose records these keys travel is stored in the outbox."""

    def unannounced(self) -> list[bytes]:
        """Return the ids of batches whose keys are not announced, after a crash between the two stores."""

    def discard(self, batch: bytes) -> None:
        """Forget the keys of a batch that was never stored; their numbers stay used."""

    def wrapping_key(self, source: AgencyId, key_id: KeyId) -> bytes | None:
        """Return a wrapping key that `source` gave (or made)."""

    def heads(self) -> Mapping[Topic, StreamHead]:
        """Return the heads of the key topics that this node reads."""

    def offsets(self) -> Mapping[Topic, int]:
        """Return the offset of the next record to read of each key topic."""

    def commit(self, received: ReceivedKeys) -> None:
        """Take keys, heads and offsets of key topics in one transaction, by compare-and-set on the offsets.

        Raises:
            StorageError: `store.moved` where an offset is not the one expected; nothing was taken.
        """

    def waiting_units(self, wrapping: Collection[KeyId]) -> list[Verified]:
        """Return the key records that wait for one of these wrapping keys, in order."""

    def waiting_of(self, source: AgencyId) -> int:
        """Return how many key records of a source wait for a wrapping key."""

    def findings(self, after: int, limit: int) -> list[tuple[int, Finding]]:
        """Return the oldest findings of the key topics numbered above `after`, each with its number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKeys:
    """Keys that this node made for one batch of events."""

    batch: bytes
    source: AgencyId
    """This node's own agency."""
    data_keys: Sequence[tuple[bytes, bytes, DataKey]] = field(repr=False)
    """(unit tag, readers tag, key)."""
    wrapping_keys: Sequence[tuple[str, WrappingKey]] = field(repr=False)
    """(UTC day, key)."""
    numbers: Mapping[bytes, int]
    """Pair-unit tag to the highest number now used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedKeys:
    """What a read of the key topics brought."""

    data_keys: Sequence[tuple[AgencyId, DataKey]] = field(repr=False)
    wrapping_keys: Sequence[tuple[AgencyId, KeyId, bytes]] = field(repr=False)
    waiting: Sequence[tuple[KeyId, Verified]]
    """Unit records whose wrapping key is not here yet, each with that key's id."""
    done_waiting: Sequence[Verified]
    """Of `waiting_units`, those that were opened or given up."""
    heads: Mapping[Topic, StreamHead]
    offsets: Mapping[Topic, tuple[int, int]]
    """Topic to (offset expected in the store, 0 at first; offset of the next record to read)."""
    findings: Sequence[Finding] = ()
