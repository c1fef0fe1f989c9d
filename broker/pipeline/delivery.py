"""From the inbox to its consumers: each with a cursor of its own, so that a slow or broken one hurts no other.

    entries beyond the cursor --open--> events --sink--> durable there --cursor--> next

Rules:
- The cursor moves only after the sink returned: after a crash the same events come again, and the sink, idempotent by
  (source, event id), takes them once.
- An event that a sink refuses is set aside with its code, and the others go on. A sink that fails otherwise is asked
  again, less and less often.
- A sink may be anybody's code: whatever it raises stays its own trouble, and nothing of it is repeated in a log.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from broker import telemetry
from broker.errors import RejectedError, UnavailableError
from broker.pipeline.backoff import Backoff
from broker.pipeline.reading import Unreadable
from broker.pipeline.remarks import finding_about
from broker.ports import Aside, Delivery, Finding, Station

if TYPE_CHECKING:
    from collections.abc import Sequence

    from broker.pipeline.reading import InboxReader
    from broker.ports import Calls, Clock, Inbox, Probe, Randomness, Sink

BATCH: Final = 64
"""How many events a sink is given at once at the most."""

_WAIT_SECONDS: Final = 1.0
_LONGEST_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Consumer:
    """Who reads the inbox, by a name that stays the same over restarts, and where its events go."""

    name: str
    sink: Sink


class Delivering:
    """Brings one consumer what the inbox holds. `run` is its task."""

    def __init__(
        self,
        consumer: Consumer,
        *,
        inbox: Inbox,
        reader: InboxReader,
        thread: Calls,
        clock: Clock,
        probe: Probe,
        random: Randomness,
    ) -> None:
        """Take what it works with; nothing is read yet.

        Args:
            consumer: whom it serves.
            inbox: holds the cursor.
            reader: opens events.
            thread: where the inbox is read; another one than the consumers that may be slow.
            clock: the time.
            probe: told when a sink has what it was given.
            random: spreads the waiting after errors.
        """
        self._consumer = consumer
        self._inbox = inbox
        self._reader = reader
        self._thread = thread
        self._clock = clock
        self._probe = probe
        self.backoff = Backoff(consumer.name, longest=_LONGEST_SECONDS, clock=clock, random=random)
        self._new = asyncio.Event()

    def wake(self) -> None:
        """Say that the inbox may have something new; in the loop's own thread."""
        self._new.set()

    async def run(self) -> None:
        """Work until cancelled. Only a mistake of the program ends it otherwise."""
        while True:
            # Before the inbox is read: what is committed after that sets it again.
            self._new.clear()
            try:
                more = await self.step()
                self.backoff.over()
            except UnavailableError as error:
                await self.backoff.wait(error)
                continue
            if not more:
                await self._wait()

    async def step(self) -> int:
        """Bring the next events to the sink, and move the cursor beyond them.

        Returns:
            How many entries were passed; none if there is nothing new.

        Raises:
            UnavailableError: sink or inbox is away; the same events come again.
        """
        name = self._consumer.name
        before = await self._thread.run(self._inbox.cursor, name)
        found, after = await self._thread.run(self._reader.entries, before, BATCH)
        if after == before:
            return 0
        asides = [self._aside(one.entry, one.code) for one in found if isinstance(one, Unreadable)]
        events = [one for one in found if isinstance(one, Delivery)]
        refused = await self._deliver(events) if events else []
        self._probe.passed(Station.DELIVERED, len(events))
        findings = [self._finding(one, error) for one, error in refused]
        await self._thread.run(
            self._inbox.advance,
            name,
            expected=before,
            to=after,
            asides=[*asides, *(self._aside(one.entry, error.code) for one, error in refused)],
            findings=findings,
        )
        telemetry.remarked(findings=findings)
        return after - before

    async def _wait(self) -> None:
        """Wait until woken; or look by itself now and then, for what another process has committed."""
        try:
            async with asyncio.timeout(_WAIT_SECONDS):
                await self._new.wait()
        except TimeoutError:
            return

    async def _deliver(self, events: Sequence[Delivery]) -> list[tuple[Delivery, RejectedError]]:
        """Give the sink all events; if it refuses, one by one, to find out which."""
        try:
            await self._call(events)
        except RejectedError as error:
            if len(events) == 1:
                return [(events[0], error)]
        else:
            return []
        return [one for event in events for one in await self._deliver([event])]

    async def _call(self, events: Sequence[Delivery]) -> None:
        try:
            await self._consumer.sink.deliver(events)
        except (RejectedError, UnavailableError):
            raise
        except Exception as error:  # noqa: BLE001 - a sink is another's code: its mistakes must not end the node
            # Not chained: the text of a foreign error may hold what it was given.
            raise UnavailableError("delivery.sink-broken", type(error).__name__) from None

    def _aside(self, entry: int, code: str) -> Aside:
        return Aside(consumer=self._consumer.name, entry=entry, code=code, at=self._clock.now())

    def _finding(self, delivery: Delivery, error: RejectedError) -> Finding:
        seen, detail = delivery.event.opened.verified, f"{self._consumer.name}: {error.code}"
        return finding_about(seen, "delivery.refused", (seen.leaf,), at=self._clock.now(), detail=detail)
