"""What the two ports do while a broker is away, and that nothing acknowledged is lost by its death."""

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from broker.errors import TransportError
from broker.kafka import jars, processes
from broker.kafka.choice import KafkaChoice, choose, stop
from broker.kafka.publisher import KafkaPublisher
from broker.kafka.running import KAFKA, Running
from broker.kafka.subscription import KafkaSubscription
from broker.kafka.topics import ensure_topics_of, topics_of
from broker.names import agency_id, mail_topic
from tests.contract.kafkas import read, sealed, within
from tests.kafka_fixture import fresh_cache

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.asyncio,
    pytest.mark.skipif(jars.find_java() is None, reason="NOT TESTED: no Java, so no broker to kill"),
]

AGENCIES = [agency_id("a"), agency_id("b")]
TOPIC = mail_topic(*AGENCIES)
BACK = mail_topic(*reversed(AGENCIES))


@pytest.fixture
def mine(tmp_path: Path) -> Iterator[KafkaChoice]:
    """Return a Kafka that this test may break; it is stopped afterwards."""
    wished = KafkaChoice(kind=KAFKA, cache=fresh_cache(tmp_path))
    yield wished
    stop(wished)


async def start(wished: KafkaChoice, brokers: int = 1) -> Running:
    """Start it, or what is missing of it."""
    return await asyncio.to_thread(choose, wished, brokers=brokers)


async def kill(running: Running, number: int = 0) -> None:
    """Kill a broker, and return when it is dead."""
    pid = running.nodes[number].pid
    os.kill(pid, signal.SIGKILL)
    async with asyncio.timeout(10):
        while processes.is_ours(pid, str(running.folder)):  # noqa: ASYNC110 - a process tells nobody
            await asyncio.sleep(0.02)


def stands_still(pid: int) -> bool:
    """Say whether each thread of a process is stopped."""
    states = (path.read_text().rpartition(")")[2].split()[0] for path in Path(f"/proc/{pid}/task").glob("*/stat"))
    return all(state == "T" for state in states)


async def freeze(pid: int) -> None:
    """Stop a process where it is, and return when each of its threads stands still."""
    os.kill(pid, signal.SIGSTOP)
    async with asyncio.timeout(10):
        while not stands_still(pid):  # noqa: ASYNC110 - a process tells nobody
            await asyncio.sleep(0.01)


async def fetch_often(subscription: KafkaSubscription) -> None:
    """Fetch for some seconds, as a reader with nothing to do does."""
    for _ in range(20):
        await subscription.fetch(wait_ms=300, limit=10)


async def publish_when_it_answers(publisher: KafkaPublisher, value: bytes) -> list[int]:
    """Publish again until it is acknowledged, as the relay does."""
    async with asyncio.timeout(30):
        while True:
            try:
                return await publisher.publish([sealed(TOPIC, value)])
            except TransportError:
                await asyncio.sleep(0.1)


async def read_when_it_answers(subscription: KafkaSubscription, count: int) -> list[bytes | None]:
    """Fetch until there are that many, whatever fails on the way, as the reader does."""
    found: list[bytes | None] = []
    async with asyncio.timeout(30):
        while len(found) < count:
            try:
                found += [each.value for each in await subscription.fetch(wait_ms=500, limit=100)]
            except TransportError:
                await asyncio.sleep(0.1)
    return found


async def test_what_was_acknowledged_outlives_a_kill(mine: KafkaChoice) -> None:
    """The broker is killed and started again: the ports find it, old records are there, new ones follow."""
    running = await start(mine)
    await ensure_topics_of(running, AGENCIES)
    publisher = KafkaPublisher(running.bootstrap, deadline_s=3)
    subscription = KafkaSubscription(running.bootstrap, deadline_s=3)
    try:
        assert await publisher.publish([sealed(TOPIC, b"before")]) == [0]
        await subscription.assign({TOPIC: 0})
        assert [each.value for each in await read(subscription, 1)] == [b"before"]
        await kill(running)
        with within(6), pytest.raises(TransportError) as raised:
            await publisher.publish([sealed(TOPIC, b"lost")])
        assert raised.value.code in {"kafka.unreachable", "kafka.timeout"}
        with within(6), pytest.raises(TransportError):
            await fetch_often(subscription)
        assert (await start(mine)).bootstrap == running.bootstrap
        await publish_when_it_answers(publisher, b"after")
        assert (await read_when_it_answers(subscription, 1))[-1] == b"after"
        await subscription.assign({TOPIC: 0})
        values = await read_when_it_answers(subscription, 2)
        assert values[0] == b"before"
        # What was given up is not sent behind the back of whoever publishes it again.
        assert set(values) == {b"before", b"after"}
        assert await ensure_topics_of(running, AGENCIES) == []
    finally:
        with within(5):
            await publisher.close()
            await subscription.close()


async def test_a_broker_that_hangs_is_given_up(mine: KafkaChoice) -> None:
    """A broker that is there and says nothing costs the deadline, no more; afterwards all goes on."""
    running = await start(mine)
    await ensure_topics_of(running, AGENCIES)
    publisher = KafkaPublisher(running.bootstrap, deadline_s=1.5)
    subscription = KafkaSubscription(running.bootstrap, deadline_s=1.5)
    pid = running.nodes[0].pid
    try:
        await publisher.publish([sealed(TOPIC, b"before")])
        await subscription.assign({TOPIC: 1})
        await freeze(pid)
        with within(5), pytest.raises(TransportError) as raised:
            await publisher.publish([sealed(TOPIC, b"lost")])
        assert raised.value.code == "kafka.timeout"
        with within(6), pytest.raises(TransportError):
            await fetch_often(subscription)
        os.kill(pid, signal.SIGCONT)
        await publish_when_it_answers(publisher, b"after")
        found: list[bytes | None] = []
        while b"after" not in found:
            found += await read_when_it_answers(subscription, 1)
    finally:
        os.kill(pid, signal.SIGCONT)
        await publisher.close()
        await subscription.close()


async def test_cancelled_while_publishing(mine: KafkaChoice) -> None:
    """Who gives up waiting gets its cancellation soon, and the publisher goes on afterwards."""
    running = await start(mine)
    await ensure_topics_of(running, AGENCIES)
    publisher = KafkaPublisher(running.bootstrap, deadline_s=30)
    pid = running.nodes[0].pid
    try:
        await publisher.publish([sealed(TOPIC, b"before")])
        await freeze(pid)
        with within(5), pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await publisher.publish([sealed(TOPIC, b"x"), sealed(BACK, b"x")])
        os.kill(pid, signal.SIGCONT)
        assert (await publish_when_it_answers(publisher, b"after"))[0] >= 1
    finally:
        os.kill(pid, signal.SIGCONT)
        await publisher.close()


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_one_of_three_may_die(mine: KafkaChoice) -> None:
    """With three brokers any one is killed: publishing and reading go on, and nothing acknowledged is missing."""
    running = await start(mine, brokers=3)
    assert (running.brokers, running.replication, running.min_insync) == (3, 3, 2)
    assert set(await ensure_topics_of(running, AGENCIES)) == set(topics_of(AGENCIES))
    publisher = KafkaPublisher(running.bootstrap, deadline_s=5)
    subscription = KafkaSubscription(running.bootstrap, deadline_s=5)
    try:
        acknowledged = [b"%d" % number for number in range(20)]
        await publisher.publish([sealed(TOPIC, value) for value in acknowledged])
        await subscription.assign({TOPIC: 0})
        await kill(running, 1)
        await publish_when_it_answers(publisher, b"while one is dead")
        found = await read_when_it_answers(subscription, 21)
        assert found[:20] == acknowledged
        assert found[-1] == b"while one is dead"
        # The next start brings back the one that is missing, and touches no other.
        mended = await start(mine, brokers=3)
        assert [new.pid == old.pid for new, old in zip(mended.nodes, running.nodes, strict=True)] == [True, False, True]
        await publish_when_it_answers(publisher, b"all again")
    finally:
        await publisher.close()
        await subscription.close()
