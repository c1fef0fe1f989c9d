"""What stands where in each source's stream, and so what Kafka withheld, reordered, forked or replayed.

| seen | verdict |
|---|---|
| the next place, naming the leaf at the head, in the lane of the head or a new one | next |
| a known place, the same leaf | resend: dropped and counted |
| a known place, another leaf; or naming another leaf than the one at the place before | fork |
| any later place in a lane that another one has closed, or in a lane that forked | fork |
| beyond the next place | held until the gap before it is filled by the leaf it names |

A new lane continues the numbering and closes the lane before. The first record of a stream is number 1 and
names 32 zero bytes, unless the reader joined later: then its stream starts with the first record that it
sees, and what lies before is passed over. Whether an event was refused has no part in this: a validly sealed
record advances its stream.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from broker.errors import ReplayedError
from broker.names import GENESIS
from broker.ports import UNSEEN, Finding, Keep, LaneState, State, Stream, StreamChange
from broker.stages import StreamHead

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from broker.names import AgencyId, Lane, Leaf, Topic
    from broker.ports import Inbox, Kept
    from broker.stages import Verified


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


def judge(stream: Stream, seen: Verified, history: History, *, joined_later: bool = False) -> Verdict:
    """Say where a record stands in its stream.

    Args:
        stream: the stream so far.
        seen: a record of it whose seal holds.
        history: asked only where the head alone does not decide.
        joined_later: a stream of which nothing was seen may start anywhere.
    """
    head = stream.head
    if seen.sequence <= head.sequence or seen.sequence < 1:
        known = history.leaf_at(seen.sequence)
        if known is None:
            return _PASSED_OVER
        return _RESENT if known == seen.leaf else Verdict(Place.FORKED, "stream.fork", (known, seen.leaf))
    starts_here = joined_later and head == UNSEEN
    is_next = seen.sequence == head.sequence + 1
    if is_next and seen.previous != head.leaf and not starts_here:
        return Verdict(Place.FORKED, "stream.fork", (head.leaf, seen.previous, seen.leaf))
    if seen.lane != stream.lane and history.lane(seen.lane) is not None:
        # Beyond a gap, too: whatever fills it, nothing of this lane can follow.
        return Verdict(Place.FORKED, "stream.closed-lane", (head.leaf, seen.leaf))
    return _NEXT if is_next or starts_here else _HELD


def track(head: StreamHead | None, seen: Verified) -> tuple[StreamHead, Verdict]:
    """Follow the head of a compacted topic, where a missing place is no finding and order means nothing.

    Returns:
        The head after it, and the verdict: next, resent, passed over (an older place), or a fork at the head.
    """
    if head is not None and seen.sequence == head.sequence + 1 and seen.previous != head.leaf:
        return head, Verdict(Place.FORKED, "stream.fork", (head.leaf, seen.previous, seen.leaf))
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

    def __init__(self, inbox: Inbox, *, at: datetime, joined_later: bool = False) -> None:
        """Take the inbox to ask, the time by the reader's own clock, and where a stream may start."""
        self._inbox = inbox
        self._at = at
        self._joined_later = joined_later
        self._open: dict[tuple[Topic, AgencyId], _Open] = {}
        self.findings: list[Finding] = []

    def place(self, seen: Verified) -> list[Placed]:
        """Put a record into its stream.

        Returns:
            The records whose turn has come by it, in order: itself, and those held for want of it. Nothing if
            it is held, forked, sent again or older than what this reader takes.
        """
        followed = self._stream(seen.fetched.topic, seen.source)
        verdict = judge(followed.stream, seen, followed, joined_later=self._joined_later)
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

    def place_again(self, seen: Verified) -> list[Placed]:
        """Put a record into its stream that was set aside before: one that has its place already is taken there."""
        followed = self._stream(seen.fetched.topic, seen.source)
        if followed.leaf_at(seen.sequence) == seen.leaf:
            return [Placed(verified=seen)]
        return self.place(seen)

    def accept_lane(self, topic: Topic, source: AgencyId, lane: Lane, *, limit: int = 256) -> list[Placed]:
        """Take the forked records of a lane as the stream from now on; a person has decided it.

        What stood at those places stays admitted, and the finding names both. To be called until nothing
        returns.

        Raises:
            ReplayedError: the lane has no forked record that continues what this reader knows.
        """
        followed = self._stream(topic, source)
        going_on = followed.stream.lane == lane
        after = followed.stream.head.sequence if going_on else 0
        branch = self._inbox.forked(topic, source, lane, after=after, limit=limit)
        if not going_on:
            if not branch or followed.leaf_at(branch[0].verified.sequence - 1) != branch[0].verified.previous:
                raise ReplayedError("stream.unanchored", "the lane does not continue a record known here")
            first = branch[0].verified
            self._find("stream.lane-accepted", first, (followed.stream.head.leaf, first.leaf))
            followed.start_over(first)
        ready: list[Placed] = []
        for kept in branch:
            seen = kept.verified
            if judge(followed.stream, seen, followed).place is Place.NEXT:
                followed.take(seen)
                ready.append(Placed(verified=seen, row=kept.row, was=State.FORKED))
        return [*ready, *self._resolve(followed)]

    def accept_gap(self, topic: Topic, source: AgencyId) -> list[Placed]:
        """Go on beyond a stream's first gap as if it had been filled; a person has decided it.

        Raises:
            ReplayedError: nothing is held beyond a gap.
        """
        followed = self._stream(topic, source)
        held = self._inbox.first_held(topic, source)
        if held is None:
            raise ReplayedError("stream.no-gap", "nothing of this stream is held")
        first = held.verified
        self._find("stream.gap-accepted", first, (followed.stream.head.leaf, first.previous, first.leaf))
        followed.skip_to(first)
        return list(self._resolve(followed))

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
            # With which of the two the stream goes on shows when the gap is filled; that there are two shows
            # now.
            self._find("stream.fork", seen, (others[0].verified.leaf, seen.leaf))
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
            self._find(verdict.code, seen, verdict.evidence)
        followed.forked.append(keep)

    def _find(self, code: str, seen: Verified, evidence: tuple[bytes, ...]) -> None:
        fetched = seen.fetched
        self.findings.append(
            Finding(
                code=code,
                source=seen.source,
                topic=fetched.topic,
                offset=fetched.offset,
                at=self._at,
                detail=f"sequence {seen.sequence}",
                evidence=evidence,
            )
        )


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
        self._rewound_to: int | None = None

    def leaf_at(self, sequence: int) -> Leaf | None:
        if sequence < 1:
            return GENESIS
        leaf = self._places.get(sequence)
        if leaf is None and (self._rewound_to is None or sequence <= self._rewound_to):
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
            # The reader joined later: the stream hangs on the leaf that its first record names.
            self._places[seen.sequence - 1] = seen.previous
        self._places[seen.sequence] = seen.leaf
        self.stream = Stream(
            topic=stream.topic,
            source=stream.source,
            head=StreamHead(sequence=seen.sequence, leaf=seen.leaf),
            lane=seen.lane,
            held=stream.held,
        )

    def start_over(self, first: Verified) -> None:
        """Go back to the place before a branch, whose lane takes over; later places are free again."""
        if self.stream.lane is not None:
            self.lanes[self.stream.lane] = LaneState.CLOSED
        self.lanes[first.lane] = LaneState.OPEN
        head = StreamHead(sequence=first.sequence - 1, leaf=first.previous)
        self.stream = replace(self.stream, head=head, lane=first.lane)
        self._rewound_to = head.sequence

    def skip_to(self, first: Verified) -> None:
        """Move the head to the place before a held record, with the leaf that this record names."""
        head = StreamHead(sequence=first.sequence - 1, leaf=first.previous)
        self._places[head.sequence] = head.leaf
        self.stream = replace(self.stream, head=head)

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
            rewound_to=self._rewound_to,
            resent=self.resent,
        )
