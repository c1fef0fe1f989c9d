"""Waiting after errors of the world: longer after each in a row, never in step with others, and never unheard.

One log line says when trouble begins or has another cause, and one when it is over; not one for each attempt.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from broker import telemetry
from broker.names import Topic

if TYPE_CHECKING:
    from datetime import datetime

    from broker.errors import UnavailableError
    from broker.ports import Clock, Randomness

_FIRST_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Why a part of the node stands still just now."""

    code: str
    topic: Topic | None
    since: datetime
    attempts: int


class Backoff:
    """How one part of the node waits out what is away."""

    def __init__(self, part: str, *, longest: float, clock: Clock, random: Randomness) -> None:
        """Take what the part is called in a log, the longest wait in seconds, the time, and what spreads the waits."""
        self._part = part
        self._longest = longest
        self._clock = clock
        self._random = random
        self.trouble: Trouble | None = None

    async def wait(self, error: UnavailableError) -> None:
        """Wait after an error."""
        before, topic = self.trouble, topic_of(error)
        attempts = 1 if before is None else before.attempts + 1
        since = self._clock.now() if before is None else before.since
        self.trouble = Trouble(code=error.code, topic=topic, since=since, attempts=attempts)
        if before is None or (before.code, before.topic) != (error.code, topic):
            telemetry.trouble(self._part, error.code, topic)
        longest = min(self._longest, _FIRST_SECONDS * 2 ** min(attempts - 1, 10))
        share = int.from_bytes(self._random(2), "big") / 0xFFFF
        await asyncio.sleep(longest * (0.5 + share / 2))

    def over(self) -> None:
        """Note that the part works (again)."""
        if self.trouble is not None:
            telemetry.trouble_over(self._part, self.trouble.code, self.trouble.topic)
            self.trouble = None


def topic_of(error: UnavailableError) -> Topic | None:
    """Return the topic that an error of Kafka is about, by which its detail begins; none where it is about none."""
    name = error.detail.partition(",")[0]
    return Topic(name) if name.startswith("simpul.") else None
