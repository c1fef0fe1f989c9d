"""Section 8 of docs/wire.md: the stream, as a small state machine; step 8."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import Generic, TypeVar

from tests.second_decoder.notation import RefusedError

Carried = TypeVar("Carried")


class Standing(Enum):
    """What the table of section 8 says of a record that is not refused."""

    NEXT = "next"
    RESENT = "resent"
    HELD = "held"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link(Generic[Carried]):
    """What a verified record says of its place in its stream, and what to carry while it is held."""

    lane: str
    sequence: int
    previous: bytes
    leaf: bytes
    carried: Carried


@dataclass(kw_only=True)
class Stream(Generic[Carried]):
    """The records of one source on one topic, followed from nothing.

    Attributes:
        compacted: Whether a missing sequence is no fault, as on key topics.
        last_sequence: That of the last record that was next.
        last_leaf: That of the same record; 32 zero bytes before the first.
        lane: The lane of the same record.
        closed: The lanes that others have followed, and those that began with a fork.
        known: The leaf at each sequence that was taken.
        held: Later records by their sequence, each once, in the order in which they came.
    """

    compacted: bool
    last_sequence: int = 0
    last_leaf: bytes = bytes(32)
    lane: str | None = None
    closed: set[str] = field(default_factory=set)
    known: dict[int, bytes] = field(default_factory=dict)
    held: dict[int, list[Link[Carried]]] = field(default_factory=dict)

    def place(self, link: Link[Carried]) -> Standing:
        """Find what a record is, and advance the stream where it is next.

        Args:
            link: The place that the record claims.

        Returns:
            What it is.

        Raises:
            RefusedError: `stream.fork` or `stream.closed-lane`; the stream stays as it was.
        """
        if self.compacted:
            return self._take_key_record(link)
        if link.sequence in self.known:
            if self.known[link.sequence] != link.leaf:
                raise self._fork(link)
            return Standing.RESENT
        is_next = link.sequence == self.last_sequence + 1
        if is_next and link.previous != self.last_leaf:
            raise self._fork(link)
        if link.lane in self.closed:
            raise RefusedError("stream.closed-lane")
        if not is_next:
            waiting = self.held.setdefault(link.sequence, [])
            if all(other.leaf != link.leaf for other in waiting):
                waiting.append(link)
            return Standing.HELD
        if self.lane is not None and link.lane != self.lane:
            self.closed.add(self.lane)
        self.lane = link.lane
        self.last_sequence = link.sequence
        self.last_leaf = link.leaf
        self.known[link.sequence] = link.leaf
        return Standing.NEXT

    def _take_key_record(self, link: Link[Carried]) -> Standing:
        """Tell a resend; sequence, leaf before and lane mean nothing else on a key topic."""
        if self.known.get(link.sequence) == link.leaf:
            return Standing.RESENT
        self.known[link.sequence] = link.leaf
        return Standing.NEXT

    def _fork(self, link: Link[Carried]) -> RefusedError:
        """Remember a lane that begins with a fork."""
        if link.lane != self.lane:
            self.closed.add(link.lane)
        return RefusedError("stream.fork")

    def release(self) -> Iterator[tuple[Link[Carried], RefusedError | None]]:
        """Take the held records the turn of which has come.

        Yields:
            Each with the error with which it is refused now, if any.
        """
        while waiting := self.held.pop(self.last_sequence + 1, None):
            for link in waiting:
                try:
                    self.place(link)
                except RefusedError as error:
                    yield link, error
                else:
                    yield link, None
