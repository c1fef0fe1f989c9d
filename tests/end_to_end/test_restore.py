"""A node that has lost its keys' store reads them again from Kafka; a key that comes late completes what waited."""

import asyncio

import pytest

from broker.kafka import jars
from broker.names import keys_topic
from broker.ports import Delivery, EntryKind
from tests.commands import until
from tests.drafts import alert, referral
from tests.nodes import Exchange, Node
from tests.raw_kafka import write_all

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.slow,
    pytest.mark.skipif(jars.find_java() is None, reason="NOT TESTED: no Java, so no real Kafka"),
]

COMPARTMENTS = {"identity", "narrative", "place", "safe_contact"}


def pair(exchange: Exchange) -> list[Node]:
    """Return one that sends and one that reads."""
    return exchange.found(("police", None), ("migrant-workers", "hotline"))


def lose_keys(node: Node) -> None:
    """Stop a node, and delete its store of keys, as after a restore from a backup, which leaves it out."""
    assert node.end() == 0
    node.close_store()
    lost = list((node.folder / "store").glob("keys.db*"))
    assert lost
    for file in lost:
        file.unlink()


def opens(node: Node) -> list[set[str]]:
    """Return the compartments that open of each event of the inbox, none where it does not open at all."""
    return [set(map(str, one.event.opened.parts)) if isinstance(one, Delivery) else set() for one in node.entries()]


def test_reader_restored(exchange: Exchange) -> None:
    """Without its keys nothing of the inbox opens; started again, everything does, and nothing comes twice."""
    sender, reader = pair(exchange)
    sender.start()
    reader.start()
    name = sender.id
    events = sender.send(*(referral(f"{name}-{number}", reader.id) for number in range(4)), alert(name, reader.id))
    until(lambda: len(reader.delivered()) == 5, said=reader.said)
    before = opens(reader)
    assert before.count(COMPARTMENTS) == 4
    lose_keys(reader)
    assert opens(reader) == [set()] * 5
    reader.close_store()
    reader.start(ready=False)
    until(lambda: opens(reader) == before, said=reader.said)
    assert sorted(reader.inbox()) == sorted((sender.id, event) for event in events)
    again = sender.send(referral(f"{name}-later", reader.id))
    until(lambda: len(reader.delivered()) == 6, said=reader.said)
    assert reader.delivered()[-1] == (sender.id, again[0])
    assert (reader.quarantine(), reader.findings()) == ([], [])


def test_sender_restored(exchange: Exchange) -> None:
    """A sender that has lost its keys reads them again, and goes on with the same case."""
    sender, reader = pair(exchange)
    sender.start()
    reader.start()
    name = sender.id
    first = sender.send(referral(f"{name}-1", reader.id, subject=name))
    until(lambda: len(reader.inbox()) == 1, said=reader.said)
    lose_keys(sender)
    sender.start(ready=False)
    until(lambda: sender.store.keys.offsets().get(keys_topic(sender.id, sender.id), 0) >= 2, said=sender.said)
    second = sender.send(referral(f"{name}-2", reader.id, subject=name))
    until(lambda: len(reader.inbox()) == 2, said=reader.said)
    until(lambda: len(reader.delivered()) == 2, said=reader.said)
    assert reader.inbox() == [(sender.id, first[0]), (sender.id, second[0])]
    assert opens(reader) == [COMPARTMENTS, COMPARTMENTS]
    assert (reader.quarantine(), reader.findings()) == ([], [])
    assert sender.findings() == []


def test_both_stores_of_keys_lost_at_once(exchange: Exchange) -> None:
    """Both sides restored, with events accepted meanwhile: all of it opens in the end."""
    sender, reader = pair(exchange)
    sender.start()
    reader.start()
    name = sender.id
    sender.send(referral(f"{name}-1", reader.id, subject=name))
    until(lambda: len(reader.delivered()) == 1, said=reader.said)
    lose_keys(sender)
    lose_keys(reader)
    sender.send(referral(f"{name}-2", reader.id, subject=name))
    sender.start(ready=False)
    reader.start(ready=False)
    until(lambda: opens(reader) == [COMPARTMENTS, COMPARTMENTS], said=reader.said)
    until(lambda: len(reader.delivered()) == 2, said=reader.said)
    assert (reader.quarantine(), reader.findings()) == ([], [])


def test_keys_come_late(exchange: Exchange) -> None:
    """An event whose keys are held back waits unseen; when they come, it is let in at once and whole."""
    sender, reader = pair(exchange)
    reader.start()
    records = sender.seal(referral(f"{sender.id}-1", reader.id))
    keys = [record for record in records if record.topic == keys_topic(sender.id, reader.id)]
    (event,) = [record for record in records if record.topic.startswith("simpul.mail.")]
    bootstrap = exchange.kafka.bootstrap
    asyncio.run(write_all(bootstrap, [event]))
    until(lambda: reader.store.inbox.counts().waiting == 1, said=reader.said)
    assert reader.inbox() == []
    asyncio.run(write_all(bootstrap, keys))
    until(lambda: len(reader.delivered()) == 1, said=reader.said)
    assert opens(reader) == [COMPARTMENTS]
    assert reader.store.inbox.counts().waiting == 0


def test_keys_come_in_any_order(exchange: Exchange) -> None:
    """Data keys before the key that wraps them, backwards and twice: the event is let in once, and whole."""
    sender, reader = pair(exchange)
    reader.start()
    records = sender.seal(*(referral(f"{sender.id}-{number}", reader.id) for number in range(3)))
    keys = [record for record in records if record.topic == keys_topic(sender.id, reader.id)]
    wraps = [record for record in keys if (record.key or b"").startswith(b"wrap/")]
    units = [record for record in keys if record not in wraps]
    events = [record for record in records if record.topic.startswith("simpul.mail.")]
    assert (len(wraps), len(units), len(events)) == (1, 3, 3)
    bootstrap = exchange.kafka.bootstrap
    asyncio.run(write_all(bootstrap, [*reversed(units), *units, *events]))
    until(lambda: reader.store.inbox.counts().waiting == 3, said=reader.said)
    asyncio.run(write_all(bootstrap, wraps))
    until(lambda: len(reader.delivered()) == 3, said=reader.said)
    assert opens(reader) == [COMPARTMENTS] * 3
    assert {entry.kind for entry in reader.store.inbox.entries(0, 10)} == {EntryKind.NEW}
    assert (reader.quarantine(), reader.findings()) == ([], [])
