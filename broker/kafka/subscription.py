"""Reads topics from given offsets: no consumer group, no commit to Kafka; the offsets live with the reader.

It stands on aiokafka's connections and protocol, not on its consumer, which asks for metadata without a pause while a
topic is absent and stops for ever at what it cannot parse (see `batches`).

1. One request waits at each broker; what comes is parsed at once and asked on, so that reading and working overlap.
2. A topic that is absent, has moved or is refused holds up no other. An error of one topic is raised when there is
   nothing to return, and again after a while; the others go on.
3. After an error of the connection all is thrown away and asked for again from where the reader is.
4. An offset that Kafka does not have is never replaced by another one; the reader may ask for the oldest by `earliest`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from aiokafka import TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError, NoError, OffsetOutOfRangeError, for_code
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.protocol.offset import OffsetRequest, OffsetResetStrategy

from broker.errors import TransportError
from broker.kafka.batches import DamagedError, read_page
from broker.kafka.foreign import FOREIGN, code_of, translated
from broker.kafka.limits import MAX_BATCH_BYTES
from broker.names import ANY_PARTITION, Topic

if TYPE_CHECKING:
    from broker.stages import Fetched

_POLL_MS: Final = 500
_ANSWER_BYTES: Final = 8 * 1_048_576
_READ_UNCOMMITTED: Final = 0
_NO_REPLICA: Final = -1
_ABANDON_SECONDS: Final = 2.0
_FIRST_LOOK_SECONDS: Final = 0.1
_LAST_LOOK_SECONDS: Final = 5.0
_REPEAT_SECONDS: Final = 10.0
_MOVED: Final = frozenset({"kafka.moved", "kafka.topic-absent"})
_MOVED_NUMBERS: Final = frozenset({74, 75, 76, 78, 100, 103})
"""Answers newer than aiokafka's list that mean the same: fenced or unknown epoch, offset not available, unknown id."""


class KafkaSubscription:
    """The port `Subscription`, on Kafka.

    Args:
        bootstrap: where Kafka is, `host:port,host:port`.
        client_id: how it names itself to Kafka.
        deadline_s: seconds after which a connection or an answer is given up.
    """

    def __init__(self, bootstrap: str, *, client_id: str = "simpul", deadline_s: float = 10.0) -> None:
        self._bootstrap = bootstrap
        self._client_id = client_id
        self._deadline_s = deadline_s
        self._client: Any = None
        self._positions: dict[Topic, int] = {}
        self._waiting: deque[Fetched] = deque()
        self._asked: dict[int, asyncio.Task[Any]] = {}
        self._held: dict[Topic, tuple[float, TransportError | None]] = {}
        self._look_at = 0.0
        self._look_after = _FIRST_LOOK_SECONDS

    @property
    def absent(self) -> frozenset[Topic]:
        """The assigned topics that Kafka does not show: not created yet, or not ours to read."""
        if self._client is None:
            return frozenset(self._positions)
        known = self._client.cluster.partitions_for_topic
        return frozenset(topic for topic in self._positions if known(topic) is None)

    async def assign(self, offsets: Mapping[Topic, int]) -> None:
        """Read exactly these topics from now on, each from that offset; one that is absent yet is waited for."""
        await self._abandon()
        self._positions = dict(offsets)
        self._waiting.clear()
        self._held.clear()

    async def fetch(self, *, wait_ms: int, limit: int) -> list[Fetched]:
        """Return what there is, in order within each topic, waiting at most `wait_ms` for the first.

        Args:
            wait_ms: milliseconds.
            limit: the most records to return.

        Raises:
            TransportError: Kafka cannot be reached, or a topic cannot be read on. Nothing is lost: fetch again.
        """
        try:
            await self._fill(asyncio.get_running_loop().time() + wait_ms / 1000, limit)
        except FOREIGN as error:
            await self._abandon()
            raise translated(error) from error
        return [self._waiting.popleft() for _ in range(min(limit, len(self._waiting)))]

    async def earliest(self, topic: Topic) -> int:
        """Return the offset of the oldest record that Kafka still has of a topic; of the next one if it has none.

        Raises:
            TransportError: Kafka cannot be reached, or does not show the topic.
        """
        try:
            client = await self._connected()
            leader = client.cluster.leader_for_partition(TopicPartition(topic, ANY_PARTITION))
            if leader is None or leader < 0:
                async with asyncio.timeout(self._deadline_s):
                    await client.force_metadata_update()
                leader = client.cluster.leader_for_partition(TopicPartition(topic, ANY_PARTITION))
            if leader is None or leader < 0:
                raise TransportError("kafka.topic-absent", topic)
            places = [(topic, [(ANY_PARTITION, OffsetResetStrategy.EARLIEST)])]
            answer = await client.send(leader, OffsetRequest(_NO_REPLICA, _READ_UNCOMMITTED, places))
        except FOREIGN as error:
            await self._abandon()
            raise translated(error) from error
        _name, ((_partition, code, *_, offset),) = answer.topics[0]
        if code != NoError.errno:
            raise TransportError(code_of(for_code(code)), topic)
        return int(offset)

    async def close(self) -> None:
        """Stop, within a bounded time."""
        await self._abandon()

    async def _fill(self, deadline: float, limit: int) -> None:
        """Wait until records wait, or the time is up; ask on while there is room."""
        loop = asyncio.get_running_loop()
        while True:
            self._collect()
            if len(self._waiting) < limit:
                await self._ask()
            if self._waiting:
                return
            self._raise_held()
            left = deadline - loop.time()
            if left <= 0:
                return
            # Without a request under way there is still a topic that may appear, or be tried again.
            pause = min(left, self._look_after)
            if self._asked:
                await asyncio.wait(self._asked.values(), timeout=pause, return_when=asyncio.FIRST_COMPLETED)
            else:
                await asyncio.sleep(pause)

    async def _connected(self) -> Any:  # noqa: ANN401 - aiokafka ships no types
        if self._client is None:
            client = AIOKafkaClient(
                bootstrap_servers=self._bootstrap.split(","),
                client_id=self._client_id,
                request_timeout_ms=int(self._deadline_s * 1000),
                metadata_max_age_ms=60_000,
                retry_backoff_ms=50,
            )
            try:
                async with asyncio.timeout(self._deadline_s):
                    await client.bootstrap()
            except FOREIGN:
                await client.close()
                raise
            self._client = client
            self._look_at, self._look_after = 0.0, _FIRST_LOOK_SECONDS
        return self._client

    async def _ask(self) -> None:
        """Send a request to each broker that leads a topic of ours and has none of ours under way."""
        if not self._positions:
            return
        client = await self._connected()
        now = asyncio.get_running_loop().time()
        wanted: dict[int, list[tuple[Topic, int]]] = {}
        leaderless = False
        for topic, position in self._positions.items():
            leader = client.cluster.leader_for_partition(TopicPartition(topic, ANY_PARTITION))
            if leader is None or leader < 0:
                leaderless = True
            elif self._held.get(topic, (0.0, None))[0] <= now:
                wanted.setdefault(leader, []).append((topic, position))
        if leaderless:
            self._look_for_topics(client, now)
        else:
            self._look_after = _FIRST_LOOK_SECONDS
        for leader, places in wanted.items():
            if leader not in self._asked:
                self._asked[leader] = asyncio.create_task(_request(client, leader, places))

    def _look_for_topics(self, client: Any, now: float) -> None:  # noqa: ANN401 - aiokafka ships no types
        """Ask for metadata of all topics again, less and less often: by name, a Kafka might create them."""
        if now >= self._look_at:
            client.force_metadata_update()
            self._look_at = now + self._look_after
            self._look_after = min(2 * self._look_after, _LAST_LOOK_SECONDS)

    def _collect(self) -> None:
        """Take what the requests that are done have brought.

        Raises:
            KafkaError: a connection broke.
        """
        for leader in [leader for leader, task in self._asked.items() if task.done()]:
            places, answer = self._asked.pop(leader).result()
            asked = dict(places)
            for topic, partitions in answer.topics:
                for _partition, code, *_, raw in partitions:
                    # Kafka may say more than it was asked; only what was asked is heard.
                    if topic in asked and self._positions.get(topic) == asked[topic]:
                        self._take(Topic(topic), code, raw or b"")

    def _take(self, topic: Topic, code: int, raw: bytes) -> None:
        loop = asyncio.get_running_loop()
        if code != NoError.errno:
            self._note(topic, code)
            return
        try:
            page = read_page(topic, raw, self._positions[topic])
        except DamagedError:
            self._held[topic] = (loop.time() + _REPEAT_SECONDS, TransportError("kafka.damaged", topic))
            return
        self._held.pop(topic, None)
        self._positions[topic] = page.next_offset
        self._waiting.extend(page.records)

    def _note(self, topic: Topic, code: int) -> None:
        """Keep an error of one topic: to be raised when nothing else is there, and tried again after a while."""
        now = asyncio.get_running_loop().time()
        foreign = for_code(code)
        ours = code_of(foreign)
        if ours in _MOVED or code in _MOVED_NUMBERS:
            self._look_for_topics(self._client, now)
            self._held[topic] = (now + _FIRST_LOOK_SECONDS, None)
            return
        out_of_range = foreign is OffsetOutOfRangeError
        detail = f"{topic}, offset {self._positions[topic]}" if out_of_range else str(topic)
        self._held[topic] = (now + _REPEAT_SECONDS, TransportError(ours, detail))

    def _raise_held(self) -> None:
        """Raise the error of a topic, each once until it is tried again."""
        for topic, (until, error) in self._held.items():
            if error is not None:
                self._held[topic] = (until, None)
                raise error

    async def _abandon(self) -> None:
        """Throw the connections away without waiting for answers."""
        client, self._client = self._client, None
        tasks = list(self._asked.values())
        self._asked.clear()
        for task in tasks:
            task.cancel()
        if tasks:
            ended, _ = await asyncio.wait(tasks, timeout=_ABANDON_SECONDS)
            for task in ended:
                # Asked for, or asyncio complains that nobody did.
                _ = task.cancelled() or task.exception()
        if client is not None:
            with contextlib.suppress(KafkaError, OSError, TimeoutError):
                async with asyncio.timeout(_ABANDON_SECONDS):
                    await client.close()


async def _request(
    client: Any,  # noqa: ANN401 - aiokafka ships no types
    leader: int,
    places: list[tuple[Topic, int]],
) -> tuple[list[tuple[Topic, int]], Any]:
    request = FetchRequest(
        _POLL_MS,
        1,
        _ANSWER_BYTES,
        _READ_UNCOMMITTED,
        [(topic, [(ANY_PARTITION, position, MAX_BATCH_BYTES)]) for topic, position in places],
    )
    return places, await client.send(leader, request)
