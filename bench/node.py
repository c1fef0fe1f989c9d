"""The whole node on SQLite: accepted (durable) to acknowledged and marked; fetched to committed in the inbox.

The parts are those that `simpul serve` runs, on the same threads, in folders of their own.
"""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from bench.events import AGENCIES, SENDER, drafts
from bench.world import READERS
from broker.assembly import Node, Store, Threads, open_store, outbound
from broker.clock import SystemClock
from broker.federation.insecure_folder import load_agency, write_folder
from broker.founding import NewAgency, new_node
from broker.kafka.publisher import KafkaPublisher
from broker.kafka.subscription import KafkaSubscription
from broker.names import KEYS_PREFIX, AgencyId, Topic, area_topic, keys_topic, mail_topic
from broker.policy import default_agreements
from broker.ports import ReceivedKeys, Taken
from broker.telemetry import Counts
from schemas.catalogue import KINDS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bench.meter import Meter

BATCH: Final = 256


async def measure(mix: str, bootstrap: str, folder: Path, count: int, out: Meter, into: Meter) -> None:
    """Measure a sending and a receiving node over a real Kafka."""
    _make(folder, bootstrap)
    reader = AgencyId(READERS[mix])
    topics = (area_topic("alert"), mail_topic(SENDER, reader), keys_topic(SENDER, reader))
    ends = await _ends(bootstrap, topics)
    with ExitStack() as closing:
        sender = closing.enter_context(open_store(folder / SENDER))
        await _send(sender, mix, bootstrap, count, out)
        receiver = closing.enter_context(open_store(folder / reader))
        await _receive(receiver, ends, bootstrap, count, into)


async def _ends(bootstrap: str, topics: Sequence[Topic]) -> dict[Topic, int]:
    """Return where the topics end now: before that lie records of other runs, with other keys."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap)
    await consumer.start()
    found = await consumer.end_offsets([TopicPartition(topic, 0) for topic in topics])
    await consumer.stop()
    return {Topic(partition.topic): offset for partition, offset in found.items()}


def _make(folder: Path, bootstrap: str) -> None:
    now = SystemClock().now()
    valid = (now - timedelta(days=1), now + timedelta(days=1))
    listed = [
        load_agency(
            new_node(
                folder / agency,
                NewAgency(id=agency, role=role, name_id=agency, name_en=agency),
                kafka_bootstrap=bootstrap,
                federation=folder / "federation",
                valid=valid,
            )
        )
        for agency, role in AGENCIES.items()
    ]
    catalogue = {kind.type: [kind.dataschema] for kind in KINDS}
    write_folder(folder / "federation", listed, default_agreements(), catalogue, created=now)


async def _send(store: Store, mix: str, bootstrap: str, count: int, meter: Meter) -> None:
    publisher, threads = KafkaPublisher(bootstrap), Threads()
    relay = Node(store).relay(publisher, threads)
    outgoing = outbound(store, threads.outbox, probe=Counts(), wake=relay.wake)
    batches = [drafts(mix, min(BATCH, count - first), first) for first in range(0, count, BATCH)]
    # Connected, and the readers of the catalogue built, before anything is measured.
    await outgoing.accept(drafts(mix, 1, count))
    running = asyncio.create_task(relay.run())
    await _published(store, threads)
    with meter.measured("accept"):
        for batch in batches:
            results = await outgoing.accept(batch)
            assert all(result.new for result in results)
    with meter.measured("relay"):
        await _published(store, threads)
    running.cancel()
    await asyncio.wait([running])
    await publisher.close()
    await threads.close()


async def _published(store: Store, threads: Threads) -> None:
    while True:
        backlog = await threads.outbox.run(store.outbox.backlog)
        if not backlog.accepted and not backlog.unpublished:
            return
        await asyncio.sleep(0.02)


async def _receive(store: Store, begin: dict[Topic, int], bootstrap: str, count: int, meter: Meter) -> None:
    now = SystemClock().now()
    events = {topic: (0, offset) for topic, offset in begin.items() if not topic.startswith(KEYS_PREFIX)}
    keys = {topic: (0, offset) for topic, offset in begin.items() if topic not in events}
    store.inbox.commit(Taken(at=now, offsets=events))
    store.keys.commit(ReceivedKeys(data_keys=(), wrapping_keys=(), waiting=(), done_waiting=(), heads={}, offsets=keys))
    subscription, threads = KafkaSubscription(bootstrap), Threads()
    inbound = Node(store).inbound(subscription, threads)
    with meter.measured():
        while store.inbox.last_entry() < count + 1:
            await inbound.turn()
    await subscription.close()
    await threads.close()
