"""The last step out: stored records to Kafka, in order, and marked once it has acknowledged them.

Rules:
- Key records are acknowledged before any event record behind them is handed over.
- After an error nothing is known, and the very same records are published again.
- A topic that Kafka refuses (absent, or not ours to write yet) is shut: its records wait in the outbox, in order, and
  hold up nobody else's. While the topic that gives a recipient its keys is shut, its mailbox waits too; an area's topic
  does not, since its other readers have their keys, and a late key completes an event.
"""

from __future__ import annotations

import asyncio
from itertools import groupby
from typing import TYPE_CHECKING, Final

from broker import telemetry
from broker.errors import TransportError
from broker.names import KEYS_PREFIX, MAIL_PREFIX, Topic
from broker.ports import Station

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from broker.pipeline.sender import Stores
    from broker.ports import Clock, Probe, Publisher
    from broker.stages import Sealed

REOPEN_SECONDS: Final = 5.0
"""How long a topic stays shut before it is tried again."""

_OF_ONE_TOPIC: Final = frozenset({"kafka.topic-absent", "kafka.not-authorised"})
_STORED_AT_ONCE: Final = 1024
_PART: Final = "relay"


class Publishing:
    """Publishes what the outbox has stored."""

    def __init__(self, *, stores: Stores, publisher: Publisher, clock: Clock, probe: Probe) -> None:
        """Take the outbox with its thread, the way to Kafka, the time, and who is told of each station."""
        self._stores = stores
        self._publisher = publisher
        self._clock = clock
        self._probe = probe
        self._shut: dict[Topic, str] = {}
        self._told: dict[Topic, str] = {}
        self._reopen_at = 0.0

    @property
    def shut(self) -> Mapping[Topic, str]:
        """The topics that Kafka refuses just now, each with the code of its refusal."""
        return self._shut

    def due(self) -> bool:
        """Say whether it is time to try the shut topics again."""
        return bool(self._shut) and self._clock.monotonic() >= self._reopen_at

    async def stored(self) -> None:
        """Publish all that is stored and not marked, shut topics too.

        Raises:
            TransportError: Kafka takes nothing at all.
            StorageError: the outbox cannot be read or marked.
        """
        self._shut.clear()
        outbox, row = self._stores.outbox, 0
        while found := await self._stores.outbox_thread.run(outbox.unpublished, _STORED_AT_ONCE, row):
            await self.publish([item.row for item in found], [item.record for item in found])
            row = found[-1].row
        for topic in self._told.keys() - self._shut.keys():
            telemetry.trouble_over(_PART, self._told.pop(topic), topic)

    async def publish(self, rows: Sequence[int], records: Sequence[Sealed]) -> None:
        """Publish records in order, and mark them; those of shut topics stay.

        Args:
            rows: where each of them stands in the outbox.
            records: as they are stored, all that is stored before them being published or shut.

        Raises:
            TransportError: Kafka takes nothing at all.
            StorageError: the outbox cannot be marked.
        """
        published: list[tuple[int, int]] = []
        count = 0
        for is_event, run in groupby(zip(rows, records, strict=True), key=lambda pair: pair[1].event_id is not None):
            some = [pair for pair in run if not self._held(pair[1].topic)]
            done = await self._publish_run(some, is_event=is_event) if some else []
            published += done
            count += len(done) if is_event else 0
        if published:
            outbox = self._stores.outbox
            await self._stores.outbox_thread.run(outbox.mark, published, self._clock.now())
            self._passed(Station.MARKED, count)

    def _held(self, topic: Topic) -> bool:
        keys = topic.replace(MAIL_PREFIX, KEYS_PREFIX, 1)
        return topic in self._shut or keys in self._shut

    async def _publish_run(self, pairs: Sequence[tuple[int, Sealed]], *, is_event: bool) -> list[tuple[int, int]]:
        """Publish key records or event records; where Kafka refuses one topic, each topic by itself."""
        try:
            return await self._send(pairs, is_event=is_event)
        except TransportError as error:
            if error.code not in _OF_ONE_TOPIC:
                raise
        by_topic: dict[Topic, list[tuple[int, Sealed]]] = {}
        for pair in pairs:
            by_topic.setdefault(pair[1].topic, []).append(pair)
        published: list[tuple[int, int]] = []
        for topic, mine in by_topic.items():
            try:
                published += await self._send(mine, is_event=is_event)
            except TransportError as error:
                if error.code not in _OF_ONE_TOPIC:
                    raise
                self._shut_topic(topic, error.code)
        return published

    def _shut_topic(self, topic: Topic, code: str) -> None:
        self._shut[topic] = code
        self._reopen_at = self._clock.monotonic() + REOPEN_SECONDS
        if self._told.get(topic) != code:
            self._told[topic] = code
            telemetry.trouble(_PART, code, topic)

    async def _send(self, pairs: Sequence[tuple[int, Sealed]], *, is_event: bool) -> list[tuple[int, int]]:
        """Hand records to Kafka and wait until it has acknowledged all of them; return rows with offsets."""
        count = len(pairs) if is_event else 0
        records = [record for _, record in pairs]
        sending: asyncio.Task[list[int]] = asyncio.create_task(self._publisher.publish(records))
        try:
            await asyncio.sleep(0)  # from here on they are on their way
            self._passed(Station.SENT, count)
            offsets = await sending
        finally:
            if not sending.done():
                sending.cancel()
                await asyncio.wait([sending])
        self._passed(Station.ACKNOWLEDGED, count)
        return [(row, offset) for (row, _), offset in zip(pairs, offsets, strict=True)]

    def _passed(self, station: Station, count: int) -> None:
        if count:
            self._probe.passed(station, count)
