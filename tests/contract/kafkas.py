"""The Kafkas on which the two ports are tested alike: in memory, the real one, the embedded server."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from broker.kafka.memory import MemoryKafka
from broker.kafka.publisher import KafkaPublisher
from broker.kafka.running import Running
from broker.kafka.subscription import KafkaSubscription
from broker.kafka.topics import ensure_topics_of, topics_of
from broker.names import AgencyId, Lane, Leaf, RecordId, Topic
from broker.ports import Publisher, Subscription
from broker.stages import Fetched, Headers, Sealed

KINDS = ("memory", "kafka", "embedded")


@dataclass(frozen=True, kw_only=True)
class Twin:
    """One Kafka, and how to make its two ports."""

    kind: str
    publisher: Callable[[], Publisher]
    subscription: Callable[[], Subscription]
    create: Callable[[Sequence[AgencyId]], Awaitable[object]]
    running: Running | None = None
    memory: MemoryKafka | None = None
    open_ports: list[Any] = field(default_factory=list)

    def new_publisher(self) -> Publisher:
        """Return a publisher that is closed with the test."""
        port = self.publisher()
        self.open_ports.append(port)
        return port

    def new_subscription(self) -> Subscription:
        """Return a subscription that is closed with the test."""
        port = self.subscription()
        self.open_ports.append(port)
        return port

    async def close(self) -> None:
        """Close every port that was made."""
        for port in self.open_ports:
            await port.close()


def memory_twin() -> Twin:
    """Return the fake."""
    kafka = MemoryKafka()

    async def create(agencies: Sequence[AgencyId]) -> None:
        kafka.create(topics_of(agencies))
        await asyncio.sleep(0)

    return Twin(kind="memory", publisher=kafka.publisher, subscription=kafka.subscription, create=create, memory=kafka)


def running_twin(kind: str, running: Running) -> Twin:
    """Return what talks to a Kafka that runs."""
    return Twin(
        kind=kind,
        publisher=lambda: KafkaPublisher(running.bootstrap, deadline_s=10),
        subscription=lambda: KafkaSubscription(running.bootstrap),
        create=lambda agencies: ensure_topics_of(running, agencies),
        running=running,
    )


def sealed(
    topic: Topic,
    value: bytes | None = b"value",
    *,
    key: bytes | None = None,
    headers: Headers = (("ce_id", b"1"),),
) -> Sealed:
    """Return a record as a publisher is given it; nothing in it is really sealed."""
    return Sealed(
        topic=topic,
        key=key,
        headers=headers,
        value=value,
        record_id=RecordId("00000000-0000-8000-8000-000000000000"),
        lane=Lane(bytes(16)),
        sequence=1,
        leaf=Leaf(bytes(32)),
    )


async def read(subscription: Subscription, count: int, *, seconds: float = 10.0) -> list[Fetched]:
    """Fetch until there are that many records."""
    found: list[Fetched] = []
    async with asyncio.timeout(seconds):
        while len(found) < count:
            found += await subscription.fetch(wait_ms=500, limit=count - len(found))
    return found


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Fail if what is done here takes longer."""
    loop = asyncio.get_running_loop()
    start = loop.time()
    yield
    assert loop.time() - start < seconds
