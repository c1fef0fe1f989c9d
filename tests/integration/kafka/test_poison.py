"""What a writer can put into a real Kafka that a careless reader would stop at."""

from collections.abc import Callable

import pytest
from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.produce import ProduceRequest

from broker.kafka.batches import UNREADABLE
from broker.kafka.publisher import KafkaPublisher
from broker.kafka.running import Running
from broker.kafka.subscription import KafkaSubscription
from broker.kafka.topics import ensure_topics_of
from broker.names import AgencyId, Topic, mail_topic
from tests.contract.kafkas import read, sealed
from tests.raw_batches import GZIP, batch, with_broken_name

pytestmark = [pytest.mark.kafka, pytest.mark.asyncio]


async def write_raw(bootstrap: str, topic: Topic, raw: bytes) -> int:
    """Write a batch as it is and return Kafka's error number."""
    client = AIOKafkaClient(bootstrap_servers=bootstrap.split(","))
    try:
        await client.bootstrap()
        request = ProduceRequest(transactional_id=None, required_acks=-1, timeout=5_000, topics=[(topic, [(0, raw)])])
        answer = await client.send(client.get_random_node(), request)
        return int(answer.topics[0][1][0][1])
    finally:
        await client.close()


@pytest.mark.parametrize(
    "poison",
    [
        pytest.param(with_broken_name(b"poison"), id="a header's name is no UTF-8"),
        pytest.param(bytes(batch(b"x" * 900_000, compression=GZIP)), id="compressed"),
    ],
)
async def test_poison_is_passed_on_and_stops_nothing(
    durable_kafka: Running, make_agencies: Callable[[int], list[AgencyId]], poison: bytes
) -> None:
    """Kafka takes it; the reader gets it as one unreadable record, in its place between the good ones, or readable."""
    a, b = make_agencies(2)
    await ensure_topics_of(durable_kafka, [a, b])
    topic = mail_topic(a, b)
    publisher = KafkaPublisher(durable_kafka.bootstrap)
    subscription = KafkaSubscription(durable_kafka.bootstrap)
    try:
        await publisher.publish([sealed(topic, b"before")])
        assert await write_raw(durable_kafka.bootstrap, topic, poison) == 0
        await publisher.publish([sealed(topic, b"after")])
        await subscription.assign({topic: 0})
        before, poisoned, after = await read(subscription, 3)
    finally:
        await subscription.close()
        await publisher.close()
    assert (before.value, after.value) == (b"before", b"after")
    assert poisoned.offset == 1
    assert poisoned.headers[0][0] in {UNREADABLE, "name"}
