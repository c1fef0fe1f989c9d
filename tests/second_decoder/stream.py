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
        closed: The lanes that others have followed.
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
        if link.sequence in self.known:
            if self.known[link.sequence] != link.leaf:
                raise RefusedError("stream.fork")
            return Standing.RESENT
        if link.sequence < self.last_sequence:
            # Only where sequences may be missing: a resend may outlive, in a compacted log, what it repeats.
            self.known[link.sequence] = link.leaf
            return Standing.NEXT
        if link.sequence > self.last_sequence + 1 and not self.compacted:
            waiting = self.held.setdefault(link.sequence, [])
            if all(other.leaf != link.leaf for other in waiting):
                waiting.append(link)
            return Standing.HELD
        self._advance(link)
        return Standing.NEXT

    def _advance(self, link: Link[Carried]) -> None:
        """Take the next record, or on a key topic a later one, the one before which is missing."""
        if link.sequence == self.last_sequence + 1 and link.previous != self.last_leaf:
            raise RefusedError("stream.fork")
        if link.lane in self.closed:
            raise RefusedError("stream.closed-lane")
        if self.lane is not None and link.lane != self.lane:
            self.closed.add(self.lane)
        self.lane = link.lane
        self.last_sequence = link.sequence
        self.last_leaf = link.leaf
        self.known[link.sequence] = link.leaf

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
