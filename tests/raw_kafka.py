"""Kafka as whoever runs it sees and writes it: whole topics, single records, batches of any content."""

import asyncio
from collections.abc import Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.record.default_records import DefaultRecordBatchBuilder

from broker.names import Topic
from broker.stages import Fetched
from tests.commands import SOON


async def read_all(bootstrap: str, topics: Sequence[Topic]) -> list[Fetched]:
    """Read topics from their beginning to what is their end now."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False, auto_offset_reset="earliest")
    await consumer.start()
    found: list[Fetched] = []
    try:
        places = [TopicPartition(topic, 0) for topic in topics]
        consumer.assign(places)
        async with asyncio.timeout(SOON):
            ends = await consumer.end_offsets(places)
            await consumer.seek_to_beginning(*places)
            for place in places:
                while await consumer.position(place) < ends[place]:
                    for some in (await consumer.getmany(timeout_ms=200)).values():
                        found += [_fetched(record) for record in some]
    finally:
        await consumer.stop()
    return found


async def write_all(bootstrap: str, records: Sequence[Fetched], *, compression: int = 0) -> list[int]:
    """Write records to Kafka as whoever runs it could, whatever is in them; return their offsets."""
    client = AIOKafkaClient(bootstrap_servers=bootstrap)
    try:
        async with asyncio.timeout(SOON):
            await client.bootstrap()
            return [await write_batch(client, one.topic, one_batch(one, compression=compression)) for one in records]
    finally:
        await client.close()


async def write_batch(client: Any, topic: Topic, raw: bytes) -> int:
    """Write a batch as it is; return the offset of its first record."""
    request = ProduceRequest(transactional_id=None, required_acks=-1, timeout=5_000, topics=[(topic, [(0, raw)])])
    answer = await client.send(client.get_random_node(), request)
    error, offset = answer.topics[0][1][0][1:3]
    assert error == 0
    return int(offset)


def one_batch(*records: Fetched, compression: int = 0) -> bytes:
    """Return records as one batch of Kafka's format."""
    builder = DefaultRecordBatchBuilder(
        magic=2,
        compression_type=compression,
        is_transactional=0,
        producer_id=-1,
        producer_epoch=-1,
        base_sequence=-1,
        batch_size=1_000_000,
    )
    for place, one in enumerate(records):
        builder.append(place, timestamp=7, key=one.key, value=one.value, headers=list(one.headers))
    return bytes(builder.build())


def _fetched(record: Any) -> Fetched:
    return Fetched(
        topic=Topic(record.topic),
        offset=record.offset,
        timestamp_ms=record.timestamp,
        key=record.key,
        value=record.value,
        headers=tuple(record.headers),
    )
