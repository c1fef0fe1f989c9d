"""What surrounds a node: the time, randomness, threads, and who is told of each station that an event passes."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING, ParamSpec, Protocol, TypeVar

if TYPE_CHECKING:
    from datetime import datetime

P = ParamSpec("P")
R = TypeVar("R")

Randomness = Callable[[int], bytes]
"""`os.urandom`, or a fixed stream in tests: gives that many bytes."""


class Clock(Protocol):
    """The time, so that tests can hold it."""

    def now(self) -> datetime:
        """Return the time of day, aware, in UTC."""

    def monotonic(self) -> float:
        """Return seconds that never go back, for deadlines."""


class Calls(Protocol):
    """A thread on which calls are made in the order asked: a store is called on its own, so nothing blocks the loop."""

    async def run(self, call: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call on the thread and return what it returns; a call that has begun is finished in any case."""


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
