"""Writes sealed records to Kafka: `acks=all`, idempotent, in the order given within each topic.

1. The deadline is ours. aiokafka's idempotent producer tries for ever, and its `stop()` waits for ever, while the
   brokers are away: on expiry or error the producer is thrown away, not waited for, and the next call makes a new one.
2. After an error nothing is known of any record: the caller publishes the very same ones again, and readers drop what
   they have. So no answer that does not name an offset counts as success.
3. Records of a topic go into as few batches as they fit, one after the other; topics go at the same time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from aiokafka import AIOKafkaProducer

from broker.errors import TransportError
from broker.kafka.foreign import FOREIGN, translated
from broker.kafka.limits import SENT_BATCH_BYTES
from broker.names import ANY_PARTITION, Topic

if TYPE_CHECKING:
    from broker.stages import Sealed

_TOPIC_SECONDS: Final = 1.0
_LOOK_SECONDS: Final = 0.1
_ABANDON_SECONDS: Final = 2.0


class KafkaPublisher:
    """The port `Publisher`, on Kafka.

    Args:
        bootstrap: where Kafka is, `host:port,host:port`.
        client_id: how it names itself to Kafka.
        deadline_s: seconds after which a call gives up, connecting included.
    """

    def __init__(self, bootstrap: str, *, client_id: str = "simpul", deadline_s: float = 15.0) -> None:
        self._bootstrap = bootstrap
        self._client_id = client_id
        self._deadline_s = deadline_s
        self._producer: Any = None
        self._one_at_a_time = asyncio.Lock()

    async def publish(self, records: Sequence[Sealed]) -> list[int]:
        """Write the records, and return the offset of each once every in-sync replica has it.

        Args:
            records: as they were sealed, in order.

        Returns:
            The offsets, in the order of the records.

        Raises:
            TransportError: not acknowledged within the deadline, or refused.
        """
        if not records:
            return []
        acknowledged = False
        try:
            async with asyncio.timeout(self._deadline_s), self._one_at_a_time:
                try:
                    offsets = await self._publish(records)
                    acknowledged = True
                finally:
                    # Cancelled, too late or refused: what it still holds must not be sent behind our back.
                    if not acknowledged:
                        await self._abandon()
        except FOREIGN as error:
            raise translated(error) from error
        return offsets

    async def close(self) -> None:
        """Stop, within a bounded time."""
        await self._abandon()

    async def _publish(self, records: Sequence[Sealed]) -> list[int]:
        places: dict[Topic, list[int]] = {}
        for place, record in enumerate(records):
            places.setdefault(record.topic, []).append(place)
        producer = await self._started()
        for topic in places:
            await _wait_for_topic(producer, topic)
        offsets = [-1] * len(records)
        try:
            async with asyncio.TaskGroup() as group:
                for topic, mine in places.items():
                    group.create_task(_publish_topic(producer, topic, mine, records, offsets))
        except BaseExceptionGroup as several:
            raise _first(several) from several
        return offsets

    async def _started(self) -> Any:  # noqa: ANN401 - aiokafka ships no types
        if self._producer is None:
            self._producer = AIOKafkaProducer(
                bootstrap_servers=self._bootstrap.split(","),
                client_id=self._client_id,
                acks="all",
                enable_idempotence=True,
                compression_type=None,  # what is encrypted does not shrink
                max_batch_size=SENT_BATCH_BYTES,
                max_request_size=SENT_BATCH_BYTES,
                linger_ms=0,
                request_timeout_ms=max(1, int(self._deadline_s * 1000)),
                retry_backoff_ms=50,
                metadata_max_age_ms=60_000,
            )
            await self._producer.start()
        return self._producer

    async def _abandon(self) -> None:
        """Throw the producer away without waiting for what it cannot deliver."""
        producer, self._producer = self._producer, None
        if producer is None:
            return
        # Not `stop()`: that waits for every batch, for ever where the brokers are away.
        producer._closed = True  # noqa: SLF001 - so that it does not complain when it is collected
        sender = producer._sender  # noqa: SLF001 - its task is what must end
        try:
            async with asyncio.timeout(_ABANDON_SECONDS):
                await sender.close()
                await producer.client.close()
        except FOREIGN:
            await producer.client.close()


async def _publish_topic(
    producer: Any,  # noqa: ANN401 - aiokafka ships no types
    topic: Topic,
    places: Sequence[int],
    records: Sequence[Sealed],
    offsets: list[int],
) -> None:
    """Publish the records at these places, all of one topic, and note their offsets."""
    done = 0
    while done < len(places):
        batch = producer.create_batch()
        taken = 0
        for place in places[done:]:
            record = records[place]
            if batch.append(key=record.key, value=record.value, timestamp=None, headers=list(record.headers)) is None:
                break
            taken += 1
        batch.close()
        answer = await (await producer.send_batch(batch, topic, partition=ANY_PARTITION))
        if answer.offset < 0:
            # A duplicate that the broker no longer remembers: written, perhaps, but nobody can say where.
            raise TransportError("kafka.producer-lost", f"no offset, {topic}")
        for index, place in enumerate(places[done : done + taken]):
            offsets[place] = answer.offset + index
        done += taken


async def _wait_for_topic(producer: Any, topic: Topic) -> None:  # noqa: ANN401 - aiokafka ships no types
    """Wait a moment for a topic that may just have been created.

    Raises:
        TransportError: it is not there.
    """
    deadline = asyncio.get_running_loop().time() + _TOPIC_SECONDS
    while producer.client.cluster.partitions_for_topic(topic) is None:
        if asyncio.get_running_loop().time() > deadline:
            raise TransportError("kafka.topic-absent", topic)
        # Of all topics: asked for one by name, a Kafka might create it, and aiokafka logs each refusal.
        await producer.client.force_metadata_update()
        await asyncio.sleep(_LOOK_SECONDS)


def _first(several: BaseExceptionGroup[BaseException]) -> BaseException:
    first = several.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first
