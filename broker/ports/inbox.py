"""The inbox as the pipeline needs it, with the plain values that cross the port.

Rules:
- A record is kept sealed, as it came, with what its seal proved; it is opened again on every reading.
- One `commit` is one transaction: what was kept, how far each stream and each topic has come, what was set
  aside and what was found; all of it by compare-and-set on what the reader had read, or nothing.
- An event is in the inbox exactly once, known by (source, event id); a further record only adds parts to it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from broker.names import GENESIS
from broker.stages import StreamHead

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from broker.names import AgencyId, EventId, KeyId, Lane, Leaf, Topic
    from broker.ports.findings import Finding, Quarantined
    from broker.stages import Admitted, Verified

UNSEEN = StreamHead(sequence=0, leaf=GENESIS)
"""The head of a stream of which nothing was read: its first record is number 1 and names 32 zero bytes."""


class State(StrEnum):
    """Where a kept record stands."""

    ADMITTED = "admitted"
    WAITING = "waiting"
    """The key of its cover has not come."""
    HELD = "held"
    """It lies beyond a gap in its stream."""
    FORKED = "forked"
    """Another record stands at its place; only a person resolves that."""


class LaneState(StrEnum):
    """What is known of a lane of a stream."""

    OPEN = "open"
    CLOSED = "closed"
    FORKED = "forked"


class EntryKind(StrEnum):
    """Why an event appears in the inbox's sequence of entries."""

    NEW = "new"
    COMPLETED = "completed"
    """A part that was missing has come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """Where the stream of one source on one topic stands for its reader."""

    topic: Topic
    source: AgencyId
    head: StreamHead = UNSEEN
    lane: Lane | None = None
    """The lane of the head."""
    held: int = 0
    """How many of its records are kept beyond a gap."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamChange:
    """How one stream moved in one commit; refused unless the store still has `before`."""

    before: Stream
    after: Stream
    places: Sequence[tuple[int, Leaf]] = ()
    """Sequence numbers now taken, each with the leaf that took it."""
    lanes: Sequence[tuple[Lane, LaneState]] = ()
    resent: int = 0
    """Honest resends, dropped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A record in the inbox."""

    row: int
    verified: Verified = field(repr=False)
    state: State
    refused: frozenset[KeyId] = frozenset()
    """Keys under which a late part turned out not to be acceptable; that part stays unopened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """A record to be kept, or one that is kept and changes its state."""

    verified: Verified = field(repr=False)
    state: State
    event_id: EventId | None = None
    """Known once the cover is open."""
    missing: tuple[KeyId, ...] = ()
    """Keys of its cover or parts that have not come."""
    refused: tuple[KeyId, ...] = ()
    entry: EntryKind | None = None
    """The entry that it adds for its event."""
    row: int | None = None
    """Its row, if it is kept already."""
    was: State | None = None
    """The state in which it was read from the inbox."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One step of the inbox's append-only sequence, by which every consumer reads."""

    number: int
    kind: EntryKind
    row: int
    """The first record of the event."""
    at: datetime
    """When it was committed, by this node's clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingKey:
    """A key that a kept record names and this node does not have."""

    number: int
    row: int
    source: AgencyId
    key_id: KeyId
    topic: Topic
    offset: int
    cover: bool
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A stream with records beyond a place that was not filled."""

    stream: Stream
    since: datetime
    offset: int
    """The offset of the oldest record that is held."""
    leaf: Leaf
    """Its leaf: the proof that something stands before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantineRow:
    """A quarantined record in the inbox."""

    number: int
    record: Quarantined | None
    """None where the cap was reached and only the digest is kept."""
    digest: bytes = field(repr=False)
    topic: Topic
    offset: int
    source: str
    code: str
    station: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Aside:
    """An entry that a consumer could not take, with the code that says why."""

    consumer: str
    entry: int
    code: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """Everything that one step of the reader brings about: one transaction."""

    at: datetime
    offsets: Mapping[Topic, tuple[int, int]] = field(default_factory=dict)
    """Topic to (offset expected in the inbox, offset of the next record to read)."""
    streams: Sequence[StreamChange] = ()
    keep: Sequence[Keep] = ()
    remove: Sequence[tuple[int, State]] = ()
    """Rows that are kept no longer (an equal copy, or quarantined), each with the state it was read in."""
    quarantine: Sequence[Quarantined] = ()
    reported: Sequence[int] = ()
    """Numbers of missing keys about which a finding now says so."""
    gaps_reported: Sequence[tuple[Topic, AgencyId]] = ()
    findings: Sequence[Finding] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxCounts:
    """How full the inbox is, for health and console."""

    entries: int
    waiting: int
    held: int
    forked: int
    quarantined: int
    unlisted: int
    """Refused records beyond those that quarantine has room to list."""
    findings: int
    resent: int


class Inbox(Protocol):
    """What this node has received. All calls may come from any thread."""

    # --- what the reader asks

    def offsets(self) -> Mapping[Topic, int]:
        """Return the offset of the next record to read of each event topic; an absent one starts at 0."""

    def stream(self, topic: Topic, source: AgencyId) -> Stream:
        """Return where a stream stands; a fresh one if nothing of it was read."""

    def leaf_at(self, topic: Topic, source: AgencyId, sequence: int) -> Leaf | None:
        """Return the leaf that took a place in a stream."""

    def lane(self, topic: Topic, source: AgencyId, lane: Lane) -> LaneState | None:
        """Return what is known of a lane; none if it was never seen."""

    def kept_at(self, topic: Topic, source: AgencyId, sequence: int, state: State) -> list[Kept]:
        """Return the records that are held, or forked, at a place, in the order in which they came."""

    def known(self, event_ids: Sequence[EventId]) -> set[tuple[AgencyId, EventId]]:
        """Return the events in the inbox that have one of the ids: more than one source may have used it."""

    def event(self, event_id: EventId, source: AgencyId | None = None) -> list[Kept]:
        """Return the records of an event, the first first; without `source`, of who sent that id first."""

    def waiting_for(self, keys: Sequence[tuple[AgencyId, KeyId]]) -> list[Kept]:
        """Return the records that miss one of the keys, each once, in the order in which they came."""

    def missing(self, after: int, limit: int) -> list[MissingKey]:
        """Return keys that are missed, by number, from the first beyond `after`."""

    def overdue(self, before: datetime, limit: int) -> list[MissingKey]:
        """Return keys missed since before that time and not reported."""

    def gaps(self, before: datetime) -> list[Gap]:
        """Return gaps that are open since before that time and not reported."""

    def joined(self) -> datetime | None:
        """Return since when anything can be sealed for this agency, as far as this node was ever told."""

    def join(self, at: datetime) -> None:
        """Note since when anything can be sealed for this agency; an earlier time that was noted before stays."""

    def commit(self, taken: Taken) -> None:
        """Make one step of the reader durable: all of it, or nothing.

        A finding that is there already (same code, source, topic, offset and evidence) and a quarantined record that is
        there already (same topic, offset and digest) are not doubled.

        Raises:
            StorageError: `store.moved` if another reader was quicker; whatever the store says otherwise.
        """

    # --- what consumers ask

    def entries(self, after: int, limit: int) -> list[Entry]:
        """Return entries in order, from the first beyond `after`."""

    def last_entry(self) -> int:
        """Return the number of the newest entry, 0 if there is none; cheap to ask."""

    def records(self, row: int) -> list[Kept]:
        """Return the records of the event whose first record is `row`, the first first."""

    def cursor(self, consumer: str) -> int:
        """Return the number of the last entry that a consumer has taken, 0 at first."""

    def advance(
        self,
        consumer: str,
        *,
        expected: int,
        to: int,
        asides: Sequence[Aside] = (),
        findings: Sequence[Finding] = (),
    ) -> None:
        """Move a consumer's cursor, by compare-and-set, and note what it could not take, in one transaction.

        Raises:
            StorageError: `store.moved` if the cursor is not at `expected`.
        """

    def asides(self, consumer: str, after: int, limit: int) -> list[Aside]:
        """Return what a consumer could not take, by entry, from the first beyond `after`."""

    # --- what people ask

    def quarantined(self, after: int, limit: int) -> list[QuarantineRow]:
        """Return quarantined records by number, from the first beyond `after`."""

    def quarantined_at(self, numbers: Sequence[int]) -> list[QuarantineRow]:
        """Return the quarantined records of those numbers."""

    def has_finding(self, code: str, topic: Topic) -> bool:
        """Say whether a finding of that code stands about a topic as a whole, so without a source."""

    def findings(self, after: int, limit: int) -> list[tuple[int, Finding]]:
        """Return findings with their numbers, in order, from the first beyond `after`."""

    def counts(self) -> InboxCounts:
        """Return how full the inbox is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """An admitted event on its way to a consumer, with all parts that have come."""

    entry: int
    kind: EntryKind
    event: Admitted


class Sink(Protocol):
    """Where a consumer's events go, such as an agency's own system. Idempotent by (source, event id)."""

    async def deliver(self, events: Sequence[Delivery]) -> None:
        """Take the events, in order; when this returns they are durable on the other side.

        After any error the same events come again.

        Raises:
            RejectedError: one of them cannot be taken. They come again one by one, and the one is set aside.
            UnavailableError: the other side is away; they come again later.
        """
