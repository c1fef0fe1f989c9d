"""What the broker needs from outside, as protocols, and the plain values that cross them.

A port says what is wanted, never how it is done. Each has a fake in memory for tests, and both pass one contract
suite. Nothing here is async but what waits for Kafka: the stores are called from a thread of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from broker.names import AgencyId, EventId, KeyId, Role, Topic
    from broker.stages import Fetched, Sealed, StreamHead, Verified

Randomness = Callable[[int], bytes]
"""`os.urandom`, or a fixed stream in tests: gives that many bytes."""


class Clock(Protocol):
    """The time, so that tests can hold it."""

    def now(self) -> datetime:
        """Return the time of day, aware, in UTC."""

    def monotonic(self) -> float:
        """Return seconds that never go back, for deadlines."""


class Station(StrEnum):
    """Where an event is durable or about to be; a crash at any of them loses nothing and doubles nothing."""

    ACCEPTED = "accepted"
    SEALED = "sealed"
    STORED = "stored"
    SENT = "sent"
    ACKNOWLEDGED = "acknowledged"
    MARKED = "marked"
    FETCHED = "fetched"
    OPENED = "opened"
    COMMITTED = "committed"
    DELIVERED = "delivered"


class Probe(Protocol):
    """Told of each station as the line passes it: counts, or in a test kills."""

    def passed(self, station: Station, count: int = 1) -> None:
        """Note that `count` events have just passed `station`."""


# --- the federation ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """An Ed25519 public key (RFC 8032, 32 bytes) that speaks for one agency while it is valid."""

    key_id: KeyId
    agency: AgencyId
    public: bytes
    not_before: datetime
    not_after: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivingKey:
    """A hybrid HPKE public key: ML-KEM-768 (FIPS 203, 1184 bytes) and X25519 (RFC 7748, 32 bytes)."""

    key_id: KeyId
    agency: AgencyId
    mlkem768: bytes = field(repr=False)
    x25519: bytes = field(repr=False)
    not_before: datetime
    not_after: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Agency:
    """One organisation on the exchange."""

    id: AgencyId
    role: Role
    name_id: str
    name_en: str
    signing: tuple[SigningKey, ...]
    receiving: tuple[ReceivingKey, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Federation:
    """The trust list in force, at one version."""

    version: int
    agencies: Mapping[AgencyId, Agency]
    signing_keys: Mapping[KeyId, SigningKey]
    agreements_toml: bytes = field(repr=False)
    dataschemas: Mapping[str, frozenset[str]]
    """Event type to the `dataschema` values in force for it."""


class FederationHome(Protocol):
    """Where the federation is read from."""

    def load(self) -> Federation:
        """Return the newest federation.

        Raises:
            MisconfiguredError: there is none, or it is not one.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """What this node knows of the event that another one answers, from its own outbox or inbox."""

    event_id: EventId
    type: str
    source: AgencyId
    subject: str | None
    audience: frozenset[AgencyId]
    """Every agency that it went to, as far as this node knows."""


# --- keys -------------------------------------------------------------------------------------------------------


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


# --- Kafka ------------------------------------------------------------------------------------------------------


class Publisher(Protocol):
    """Writes sealed records to Kafka: `acks=all`, idempotent, in the order given within each topic."""

    async def publish(self, records: Sequence[Sealed]) -> list[int]:
        """Write the records, and return the offset of each once every in-sync replica has it.

        After an error nothing is known of any of them: the caller publishes the very same records again.

        Raises:
            TransportError: not acknowledged within the deadline. The publisher has already replaced its producer.
        """

    async def close(self) -> None:
        """Stop, within a bounded time."""


class Subscription(Protocol):
    """Reads topics from given offsets: no consumer group, no commit to Kafka; the offsets live with the reader."""

    async def assign(self, offsets: Mapping[Topic, int]) -> None:
        """Read exactly these topics from now on, each from that offset; one that is absent yet is waited for."""

    async def fetch(self, *, wait_ms: int, limit: int) -> list[Fetched]:
        """Return what there is, in order within each topic, waiting at most `wait_ms` for the first.

        Raises:
            TransportError: Kafka cannot be reached. Nothing is lost: fetch again.
        """

    async def close(self) -> None:
        """Stop, within a bounded time."""


# --- the key store ----------------------------------------------------------------------------------------------


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

    def next_numbers(self, pair_units: Collection[bytes]) -> Mapping[bytes, int]:
        """Return for each unit and pair the number of its next data key.

        A number that `add` once saw is never given again, not even after this store was lost and begun anew.
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

    def waiting_units(self) -> list[Verified]:
        """Return key records whose wrapping key has not come yet."""

    def findings(self, *, after: int, limit: int) -> list[tuple[int, Finding]]:
        """Return the oldest findings of the key topics numbered above `after`, each with its number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKeys:
    """Keys that this node made for one batch of events."""

    batch: bytes
    source: AgencyId
    """This node's own agency."""
    data_keys: Sequence[tuple[bytes, bytes, DataKey]]
    """(unit tag, readers tag, key)."""
    wrapping_keys: Sequence[tuple[str, WrappingKey]]
    """(UTC day, key)."""
    numbers: Mapping[bytes, int]
    """Pair-unit tag to the highest number now used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedKeys:
    """What a read of the key topics brought."""

    data_keys: Sequence[tuple[AgencyId, DataKey]]
    wrapping_keys: Sequence[tuple[AgencyId, KeyId, bytes]]
    waiting: Sequence[Verified]
    """Unit records whose wrapping key is not here yet."""
    done_waiting: Sequence[Verified]
    """Of `waiting_units`, those that were opened or given up."""
    heads: Mapping[Topic, StreamHead]
    offsets: Mapping[Topic, tuple[int, int]]
    """Topic to (offset expected in the store, 0 at first; offset of the next record to read)."""
    findings: Sequence[Finding] = ()


# --- findings and quarantine ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that a person must look at: a fork, a gap, a key that did not come. Never holds event content."""

    code: str
    source: str
    topic: Topic
    offset: int
    at: datetime
    detail: str = ""
    evidence: tuple[bytes, ...] = field(default=(), repr=False)
    """Leaves or record ids that prove it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
    """A record that was not accepted, kept as it came, with its code."""

    fetched: Fetched = field(repr=False)
    source: str
    """What the record claims; not verified where the seal does not hold."""
    code: str
    station: str
    at: datetime
