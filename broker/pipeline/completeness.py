"""What stands where in each source's stream, and so what Kafka withheld, reordered, forked or replayed.

| seen, the first row that fits | verdict |
|---|---|
| a known place, the same leaf | resend: dropped and counted |
| a known place, another leaf | fork |
| the next place, naming another leaf than the one at the head | fork |
| any later place in a lane that another one has closed, or whose first record forked | fork |
| the next place | next |
| beyond the next place | held until the gap before it is filled by the leaf it names; beyond the bound, quarantined |

A new lane continues the numbering and closes the lane before. The first record of a stream is number 1 and names 32
zero bytes. Only where a finding says that Kafka no longer had the beginning of the topic, a stream of which nothing was
read begins with the first record that comes, and what lies before is passed over. Whether an event was refused has no
part in this: a validly sealed record advances its stream.

What is held or forked stays so: going on beyond a gap, or with another lane, is a person's decision, and comes with the
console in which that person sees what is at stake.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Protocol

from broker.names import GENESIS
from broker.ports import UNSEEN, Keep, LaneState, State, Stream, StreamChange
from broker.stages import StreamHead

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from broker.names import AgencyId, Lane, Leaf, Topic
    from broker.pipeline.remarks import Remarks
    from broker.ports import Inbox, Kept
    from broker.stages import Verified

TOPIC_CUT: Final = "inbound.topic-cut"
"""The finding that Kafka no longer had the next record of a topic."""

MAX_HELD: Final = 10_000
"""How many records of one stream are held beyond its gap."""


class Place(StrEnum):
    """What a record is to its stream."""

    NEXT = "next"
    RESENT = "resent"
    HELD = "held"
    FORKED = "forked"
    PASSED_OVER = "passed-over"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Where a record stands, and for a fork the code and the leaves that prove it."""

    place: Place
    code: str = ""
    evidence: tuple[bytes, ...] = ()


_NEXT = Verdict(Place.NEXT)
_RESENT = Verdict(Place.RESENT)
_HELD = Verdict(Place.HELD)
_PASSED_OVER = Verdict(Place.PASSED_OVER)


class History(Protocol):
    """What is known of one stream beside its head."""

    def leaf_at(self, sequence: int) -> Leaf | None:
        """Return the leaf that took a place."""

    def lane(self, lane: Lane) -> LaneState | None:
        """Return what is known of a lane."""


def judge(stream: Stream, seen: Verified, history: History, *, cut: bool = False) -> Verdict:
    """Say where a record stands in its stream.

    Args:
        stream: the stream so far.
        seen: a record of it whose seal holds.
        history: asked only where the head alone does not decide.
        cut: Kafka no longer had the beginning of the topic: a stream of which nothing was seen may start anywhere.
    """
    head = stream.head
    if seen.sequence <= head.sequence or seen.sequence < 1:
        known = history.leaf_at(seen.sequence)
        if known is None:
            return _PASSED_OVER
        return _RESENT if known == seen.leaf else Verdict(Place.FORKED, "stream.fork", (known, seen.leaf))
    starts_here = cut and head == UNSEEN and not stream.held
    is_next = seen.sequence == head.sequence + 1
    if is_next and seen.previous != head.leaf and not starts_here:
        return Verdict(Place.FORKED, "stream.fork", (head.leaf, seen.previous, seen.leaf))
    if seen.lane != stream.lane and history.lane(seen.lane) is not None:
        # Beyond a gap, too: whatever fills it, nothing of this lane can follow.
        return Verdict(Place.FORKED, "stream.closed-lane", (head.leaf, seen.leaf))
    return _NEXT if is_next or starts_here else _HELD


def track(head: StreamHead | None, seen: Verified) -> tuple[StreamHead, Verdict]:
    """Follow the head of a compacted topic, where order means nothing: neither what a record names nor its lane counts.

    A source that was restored numbers its key records anew; each of them is needed all the same, and can only add keys.

    Returns:
        The head after it, and the verdict: next, resent, passed over (an older place), or a fork at the head.
    """
    if head is None or seen.sequence > head.sequence:
        return StreamHead(sequence=seen.sequence, leaf=seen.leaf), _NEXT
    if seen.sequence < head.sequence:
        return head, _PASSED_OVER
    if seen.leaf == head.leaf:
        return head, _RESENT
    return head, Verdict(Place.FORKED, "stream.fork", (head.leaf, seen.leaf))


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A record whose turn has come in its stream, to be opened now."""

    verified: Verified = field(repr=False)
    row: int | None = None
    """Its row, if the inbox keeps it already."""
    was: State | None = None


class Streams:
    """All streams during one step of the reader: judges each record, and gathers what is to be committed.

    Not for use by two threads at once. What it has gathered is believed only once the commit has succeeded:
    after a failure it is thrown away, and the next step begins from the inbox again.
    """

    def __init__(self, inbox: Inbox, remarks: Remarks) -> None:
        """Take the inbox to ask, and where to note what a person must look at."""
        self._inbox = inbox
        self._remarks = remarks
        self._open: dict[tuple[Topic, AgencyId], _Open] = {}

    def place(self, seen: Verified) -> list[Placed]:
        """Put a record into its stream.

        Returns:
            The records whose turn has come by it, in order: itself, and those held for want of it. Nothing if
            it is held, forked, sent again or older than what this reader takes.
        """
        followed = self._stream(seen.fetched.topic, seen.source)
        unseen = followed.stream.head == UNSEEN and seen.sequence > 1
        cut = unseen and self._inbox.has_finding(TOPIC_CUT, seen.fetched.topic)
        verdict = judge(followed.stream, seen, followed, cut=cut)
        if verdict.place is Place.NEXT:
            followed.take(seen)
            ready = [Placed(verified=seen)]
            if followed.stream.held:
                ready += self._resolve(followed)
            return ready
        if verdict.place is Place.FORKED:
            self._fork(followed, verdict, Keep(verified=seen, state=State.FORKED))
        elif verdict.place is Place.HELD:
            self._hold(followed, seen)
        else:
            followed.resent += verdict.place is Place.RESENT
        return []

    def kept(self) -> list[Keep]:
        """Return the records that wait for their turn or for a person, to be kept as they are."""
        return [keep for followed in self._open.values() for keep in followed.kept()]

    def changes(self) -> list[StreamChange]:
        """Return how each stream has moved."""
        return [change for followed in self._open.values() if (change := followed.change()) is not None]

    def _stream(self, topic: Topic, source: AgencyId) -> _Open:
        followed = self._open.get((topic, source))
        if followed is None:
            followed = self._open[topic, source] = _Open(self._inbox, self._inbox.stream(topic, source))
        return followed

    def _resolve(self, followed: _Open) -> Iterator[Placed]:
        """Take, one after the other, the held records that the head now continues to."""
        while candidates := followed.release(followed.stream.head.sequence + 1):
            for keep in candidates:
                verdict = judge(followed.stream, keep.verified, followed)
                if verdict.place is Place.NEXT:
                    followed.take(keep.verified)
                    yield Placed(verified=keep.verified, row=keep.row, was=keep.was)
                else:
                    self._fork(followed, verdict, replace(keep, state=State.FORKED))

    def _hold(self, followed: _Open, seen: Verified) -> None:
        others = followed.held_at(seen.sequence)
        if any(keep.verified.leaf == seen.leaf for keep in others):
            followed.resent += 1
            return
        if others:
            # With which of the two the stream goes on shows when the gap is filled; that there are two shows now.
            self._remarks.find(seen, "stream.fork", (others[0].verified.leaf, seen.leaf))
        if followed.stream.held >= MAX_HELD:
            # Whoever holds a source's key could otherwise fill the disk with what never gets its turn.
            self._remarks.set_aside(seen.fetched, seen.source, "stream.too-many-held", "stream")
            return
        followed.hold(seen)

    def _fork(self, followed: _Open, verdict: Verdict, keep: Keep) -> None:
        """Set a forked record aside; a lane whose first record forks is reported once, not per record."""
        seen = keep.verified
        state = followed.lane(seen.lane)
        if keep.row is None and followed.is_forked_already(seen):
            followed.resent += 1
            return
        if state is None:
            followed.lanes[seen.lane] = LaneState.FORKED
        if state is not LaneState.FORKED:
            self._remarks.find(seen, verdict.code, verdict.evidence)
        followed.forked.append(keep)


class _Open:
    """One stream during one step: what the inbox knows, and on top of it what this step has brought."""

    def __init__(self, inbox: Inbox, before: Stream) -> None:
        self._inbox = inbox
        self._before = before
        self.stream = before
        self._places: dict[int, Leaf] = {}
        self.lanes: dict[Lane, LaneState] = {}
        self._new_held: dict[int, list[Keep]] = {}
        self._released: set[int] = set()
        self.forked: list[Keep] = []
        self.resent = 0

    def leaf_at(self, sequence: int) -> Leaf | None:
        if sequence < 1:
            return GENESIS
        leaf = self._places.get(sequence)
        if leaf is None:
            leaf = self._inbox.leaf_at(self.stream.topic, self.stream.source, sequence)
        return leaf

    def lane(self, lane: Lane) -> LaneState | None:
        return self.lanes.get(lane) or self._inbox.lane(self.stream.topic, self.stream.source, lane)

    def take(self, seen: Verified) -> None:
        """Move the head onto a record; a new lane closes the one before."""
        stream = self.stream
        if seen.lane != stream.lane:
            if stream.lane is not None:
                self.lanes[stream.lane] = LaneState.CLOSED
            self.lanes[seen.lane] = LaneState.OPEN
        if stream.head == UNSEEN and seen.sequence > 1:
            # Its beginning is gone: the stream hangs on the leaf that its first record names.
            self._places[seen.sequence - 1] = seen.previous
        self._places[seen.sequence] = seen.leaf
        self.stream = Stream(
            topic=stream.topic,
            source=stream.source,
            head=StreamHead(sequence=seen.sequence, leaf=seen.leaf),
            lane=seen.lane,
            held=stream.held,
        )

    def hold(self, seen: Verified) -> None:
        self._new_held.setdefault(seen.sequence, []).append(Keep(verified=seen, state=State.HELD))
        self.stream = replace(self.stream, held=self.stream.held + 1)

    def held_at(self, sequence: int) -> list[Keep]:
        stored: Sequence[Kept] = ()
        if self._before.held and sequence not in self._released:
            stored = self._inbox.kept_at(self.stream.topic, self.stream.source, sequence, State.HELD)
        keeps = [Keep(verified=kept.verified, state=State.HELD, row=kept.row, was=State.HELD) for kept in stored]
        return keeps + self._new_held.get(sequence, [])

    def release(self, sequence: int) -> list[Keep]:
        """Take the held records of a place out of what is held."""
        if not self.stream.held:
            return []
        keeps = self.held_at(sequence)
        self._released.add(sequence)
        self._new_held.pop(sequence, None)
        self.stream = replace(self.stream, held=self.stream.held - len(keeps))
        return keeps

    def is_forked_already(self, seen: Verified) -> bool:
        """Say whether this very record is set aside already: a fork, too, may be sent again."""
        if any(keep.verified.leaf == seen.leaf for keep in self.forked):
            return True
        stored = self._inbox.kept_at(self.stream.topic, self.stream.source, seen.sequence, State.FORKED)
        return any(kept.verified.leaf == seen.leaf for kept in stored)

    def kept(self) -> list[Keep]:
        return [keep for keeps in self._new_held.values() for keep in keeps] + self.forked

    def change(self) -> StreamChange | None:
        if self.stream == self._before and not self.resent and not self.lanes:
            return None
        return StreamChange(
            before=self._before,
            after=self.stream,
            places=tuple(self._places.items()),
            lanes=tuple(self.lanes.items()),
            resent=self.resent,
        )
