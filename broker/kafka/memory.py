"""A Kafka in memory for tests, with the same two ports; a fake, and named so.

It passes the same contract suite as the real one. Beyond that it can be broken on purpose: unreachable, shortened from
the front as by retention, or rewritten as by whoever runs it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from broker.errors import TransportError
from broker.names import FEDERATION_TOPIC, KEYS_PREFIX, Topic
from broker.stages import Fetched

if TYPE_CHECKING:
    from broker.stages import Sealed

_COMPACTED = (KEYS_PREFIX, FEDERATION_TOPIC)


class MemoryKafka:
    """Topics of one partition each, in memory.

    Args:
        topics: those that exist; more with `create`.
        now_ms: the broker's clock, in milliseconds since the epoch.
    """

    def __init__(self, topics: Iterable[Topic] = (), *, now_ms: Callable[[], int] = lambda: 0) -> None:
        self.down = False
        """While true, nothing can be read or written."""
        self.records: dict[Topic, list[Fetched]] = {}
        """What is stored, in the order of offsets; a hostile test may rewrite it."""
        self._now_ms = now_ms
        self._ends: dict[Topic, int] = {}
        self._starts: dict[Topic, int] = {}
        self._changed: set[asyncio.Event] = set()
        self.create(topics)

    def create(self, topics: Iterable[Topic]) -> None:
        """Create those topics that are absent."""
        for topic in topics:
            self.records.setdefault(topic, [])
            self._ends.setdefault(topic, 0)
            self._starts.setdefault(topic, 0)
        self.stir()

    def forget(self, topic: Topic, *, before: int) -> None:
        """Delete the records before an offset, as retention does."""
        self._starts[topic] = before
        self.records[topic] = [record for record in self.records[topic] if record.offset >= before]

    def publisher(self) -> MemoryPublisher:
        """Return a new publisher on this Kafka."""
        return MemoryPublisher(self)

    def subscription(self) -> MemorySubscription:
        """Return a new subscription on this Kafka."""
        return MemorySubscription(self)

    def stir(self) -> None:
        """Wake those who wait for records, after `records` or `down` was changed by hand."""
        for event in self._changed:
            event.set()

    def append(self, record: Sealed) -> int:
        """Store one record and return its offset.

        Raises:
            TransportError: the topic is absent or refuses the record, or nothing can be reached.
        """
        self.check_up()
        if record.topic not in self.records:
            raise TransportError("kafka.topic-absent", record.topic)
        if record.key is None and record.topic.startswith(_COMPACTED):
            # As the real one: it could never be compacted.
            raise TransportError("kafka.unexpected", record.topic)
        offset = self._ends[record.topic]
        self._ends[record.topic] = offset + 1
        stored = Fetched(
            topic=record.topic,
            offset=offset,
            timestamp_ms=self._now_ms(),
            key=record.key,
            value=record.value,
            headers=tuple(record.headers),
        )
        self.records[record.topic].append(stored)
        return offset

    def read(self, topic: Topic, offset: int, limit: int) -> list[Fetched]:
        """Return up to `limit` records of a topic from an offset on; none if the topic is absent.

        Raises:
            TransportError: the offset is before the first or behind the last, or nothing can be reached.
        """
        self.check_up()
        if topic not in self.records:
            return []
        if not self._starts[topic] <= offset <= self._ends[topic]:
            raise TransportError("kafka.offset-out-of-range", topic)
        return [record for record in self.records[topic] if record.offset >= offset][:limit]

    def start(self, topic: Topic) -> int:
        """Return the offset of the oldest record of a topic.

        Raises:
            TransportError: the topic is absent, or nothing can be reached.
        """
        self.check_up()
        if topic not in self.records:
            raise TransportError("kafka.topic-absent", topic)
        return self._starts[topic]

    def check_up(self) -> None:
        """Raise if this Kafka is down.

        Raises:
            TransportError: `kafka.unreachable`.
        """
        if self.down:
            raise TransportError("kafka.unreachable")

    async def wait_changed(self, event: asyncio.Event, seconds: float) -> None:
        """Wait until something is stored, created or stirred, or the time is up."""
        self._changed.add(event)
        try:
            async with asyncio.timeout(seconds):
                await event.wait()
        except TimeoutError:
            return
        finally:
            self._changed.discard(event)


class MemoryPublisher:
    """The port `Publisher`, in memory."""

    def __init__(self, kafka: MemoryKafka) -> None:
        self._kafka = kafka

    async def publish(self, records: Sequence[Sealed]) -> list[int]:
        """Store the records and return their offsets.

        Raises:
            TransportError: a topic is absent, or nothing can be reached.
        """
        # As the real one: topics are looked for before anything is written.
        for record in records:
            self._kafka.check_up()
            if record.topic not in self._kafka.records:
                raise TransportError("kafka.topic-absent", record.topic)
        offsets = [self._kafka.append(record) for record in records]
        self._kafka.stir()
        await asyncio.sleep(0)
        return offsets

    async def close(self) -> None:
        """Nothing to stop."""


class MemorySubscription:
    """The port `Subscription`, in memory."""

    def __init__(self, kafka: MemoryKafka) -> None:
        self._kafka = kafka
        self._positions: dict[Topic, int] = {}
        self._event = asyncio.Event()

    async def assign(self, offsets: Mapping[Topic, int]) -> None:
        """Read exactly these topics from now on, each from that offset."""
        self._positions = dict(offsets)

    async def fetch(self, *, wait_ms: int, limit: int) -> list[Fetched]:
        """Return what there is, waiting at most `wait_ms` for the first.

        Raises:
            TransportError: nothing can be reached, or an offset is out of range.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + wait_ms / 1000
        while True:
            self._event.clear()
            found = self._take(limit)
            left = deadline - loop.time()
            if found or left <= 0:
                return found
            await self._kafka.wait_changed(self._event, left)

    async def earliest(self, topic: Topic) -> int:
        """Return the offset of the oldest record of a topic.

        Raises:
            TransportError: nothing can be reached, or the topic is absent.
        """
        return self._kafka.start(topic)

    async def close(self) -> None:
        """Nothing to stop."""

    def _take(self, limit: int) -> list[Fetched]:
        self._kafka.check_up()
        found: list[Fetched] = []
        lost: TransportError | None = None
        for topic, position in self._positions.items():
            try:
                some = self._kafka.read(topic, position, limit - len(found))
            except TransportError as error:
                lost = error
                continue
            if some:
                self._positions[topic] = some[-1].offset + 1
                found += some
        if lost is not None and not found:
            raise lost
        return found
