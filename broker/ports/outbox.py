"""The outbox as the pipeline needs it, with the plain values that cross the port."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from broker.names import AgencyId, EventId, Leaf, RecordId, Topic
    from broker.stages import Draft, LeftOut, Sealed, StreamHead


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """What this node knows of the event that another one answers, from its own outbox or inbox."""

    event_id: EventId
    type: str
    source: AgencyId
    subject: str | None = field(repr=False)
    audience: frozenset[AgencyId] = field(repr=False)
    """Every agency that it went to, as far as this node knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Where the agreements let an event go: what its sender is told, and what answers to it are judged by."""

    type: str
    subject: str | None = field(repr=False)
    copies: tuple[tuple[Topic, tuple[AgencyId, ...]], ...] = field(repr=False)
    """The topic of each copy and those whom it names."""
    left_out: tuple[LeftOut, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A draft that passed `check` and `clear`, on its way into the outbox."""

    event_id: EventId
    draft: Draft = field(repr=False)
    route: Route
    release_at: datetime | None = None
    """When it may leave; at once where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A draft that is durable in the outbox and not sealed yet."""

    row: int
    event_id: EventId
    draft: Draft = field(repr=False)
    accepted_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRecord:
    """A sealed record in the outbox that Kafka has not acknowledged (as far as is known)."""

    row: int
    record: Sealed = field(repr=False)


class SendState(StrEnum):
    """How far an event of this node has come."""

    ACCEPTED = "accepted"
    SEALED = "sealed"
    PUBLISHED = "published"
    """Kafka has acknowledged all its copies."""
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class SentCopy:
    """One copy of an event of this node: its place in the stream, and in Kafka once it is there."""

    topic: Topic
    audience: tuple[AgencyId, ...] = field(repr=False)
    record_id: RecordId
    sequence: int
    leaf: Leaf
    stored_at: datetime
    offset: int | None
    published_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a draft that had been accepted was set aside."""

    code: str
    detail: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SentEvent:
    """What the outbox tells of one event."""

    row: int
    event_id: EventId
    state: SendState
    route: Route
    accepted_at: datetime
    copies: tuple[SentCopy, ...]
    refusal: Refusal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """How much waits in the outbox."""

    accepted: int
    unpublished: int
    """Sealed records, key records among them."""
    refused: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedBatch:
    """The records that one round of the relay sealed."""

    records: Sequence[Sealed] = field(repr=False)
    """In the order in which to publish them: the key records, which have no `event_id`, first."""
    heads: Mapping[Topic, StreamHead]
    """Where the stream of each topic stands after them."""
    batch: bytes | None
    """The id under which the key store holds the keys that these records announce; none without new keys."""


class Outbox(Protocol):
    """What this node has to send and has sent. What tells of an event is encrypted under the node's own key.

    Every method raises StorageError when the store cannot be read or written; then nothing of it happened.
    """

    def accept(self, submissions: Sequence[Submission], at: datetime) -> list[int | None]:
        """Make the drafts durable, in order.

        An event that was refused is not known any more: it is taken again, at the end of the row.

        Returns:
            The row of each draft; none for each whose event is known already, of which nothing is added.
        """

    def waiting(self, limit: int, at: datetime) -> list[int]:
        """Return the rows of the oldest drafts that may leave and are neither sealed nor refused; cheap to ask."""

    def drafts(self, rows: Sequence[int]) -> list[Accepted]:
        """Return those of the drafts that still wait, the oldest first."""

    def heads(self) -> Mapping[Topic, StreamHead]:
        """Return where this node's own stream on each topic stands."""

    def store(self, *, events: Sequence[tuple[Accepted, Route]], sealed: SealedBatch, at: datetime) -> list[int]:
        """Store all copies of the events, their key records, new heads and the batch's id in one transaction.

        The drafts are dropped: what was sealed opens with this node's own keys, for as long as it has them.

        Returns:
            The row of each record, in order.
        """

    def has_batch(self, batch: bytes) -> bool:
        """Say whether a batch of that id was stored: what key store and outbox agree on after a crash."""

    def refuse(self, event: Accepted, refusal: Refusal) -> None:
        """Set a draft aside that the catalogue or the agreements now refuse; nothing is lost."""

    def unpublished(self, limit: int, after: int = 0) -> list[StoredRecord]:
        """Return the oldest stored records behind the row `after` that are not marked as published, in order."""

    def mark(self, published: Sequence[tuple[int, int]], at: datetime) -> None:
        """Mark rows as published, each with its offset; one that is marked already keeps its mark."""

    def sealed_here(self, topic: Topic, places: Sequence[tuple[int, Leaf]]) -> set[Leaf]:
        """Return the leaves that this node itself has stored for the topic, each at the given sequence."""

    def cause(self, event_id: EventId) -> Cause | None:
        """Return what is known of an event that this node sent; none where it was refused."""

    def find(self, event_id: EventId) -> SentEvent | None:
        """Return how far an event has come."""

    def events(self, *, limit: int, before: int | None = None) -> list[SentEvent]:
        """Return the newest events, newest first; `before` is the last row seen on the page before."""

    def records_of(self, event_id: EventId) -> list[Sealed]:
        """Return the copies of an event exactly as they were published."""

    def backlog(self) -> Backlog:
        """Return how much waits."""

    def change_mark(self) -> int:
        """Return a number that changes when drafts may have been added, by any process; cheap to ask."""
