"""SIGKILL at every station, and an ordinary start afterwards: nothing is lost, nothing is doubled."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from signal import SIGKILL

import orjson
import pytest

import adapters.demo
from broker.kafka import jars
from broker.names import GENESIS, EventId, Leaf, Topic, source_uri
from broker.ports import Station
from broker.sealing.unseal import Verifier
from broker.stages import Fetched
from tests.commands import simpul, until
from tests.drafts import alert, referral
from tests.nodes import Exchange, Node

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.slow,
    pytest.mark.skipif(jars.find_java() is None, reason="NOT TESTED: no Java, so no real Kafka"),
]

SENDING = [Station.SEALED, Station.STORED, Station.SENT, Station.ACKNOWLEDGED, Station.MARKED]
RECEIVING = [Station.FETCHED, Station.OPENED, Station.COMMITTED, Station.DELIVERED]

CASES = Path(adapters.demo.__file__).parent / "samples" / "04_emp_row.csv"
"""One police case as the investigation system exports it."""


def drafts(sender: Node, reader: Node, third: Node) -> list[dict[str, object]]:
    """Return what is in flight: four alerts on the area's topic, one with a mailbox copy, one new case's referral."""
    name = sender.id
    alerts = [alert(f"{name}-{number}", reader.id) for number in range(1, 5)]
    return [*alerts, alert(f"{name}-5", reader.id, third.id), referral(f"{name}-6", reader.id)]


@pytest.fixture
def nodes(exchange: Exchange) -> list[Node]:
    """Return a police node, a node that reads alerts and takes referrals, and a third that is never started."""
    return exchange.found(("police", "police"), ("migrant-workers", "hotline"), ("social-services", None))


def settled(exchange: Exchange, sender: Node, reader: Node, events: Sequence[EventId]) -> int:
    """Wait until all is where it belongs, and see that it is there once, in order, and nothing else.

    Returns:
        How many records lie in Kafka more than once.
    """
    wanted = sorted((sender.id, event) for event in events)
    until(sender.all_published, said=sender.store.outbox.backlog)
    until(lambda: len(reader.inbox()) >= len(wanted), said=lambda: (reader.inbox(), reader.said()))
    until(lambda: len(reader.delivered()) >= len(wanted), said=lambda: (reader.delivered(), reader.said()))
    # A record that would be doubled is behind the others: what Kafka holds to its end must have been read.
    records = exchange.records()
    ends = {record.topic: record.offset + 1 for record in records}
    read = reader.store.trust.in_force().rules.topics_read_by(reader.id)

    def all_read() -> bool:
        offsets = {**reader.store.inbox.offsets(), **reader.store.keys.offsets()}
        return all(offsets.get(topic, 0) >= ends.get(topic, 0) for topic in read)

    until(all_read, said=reader.said)
    # And what its sink gets a second time, after a death between the two, it must have got.
    inbox = reader.store.inbox
    until(lambda: inbox.cursor("adapter/hotline") == inbox.last_entry(), said=reader.said)
    assert sorted(reader.inbox()) == wanted
    assert sorted(reader.delivered()) == wanted
    assert reader.quarantine(sender.id) == []
    assert reader.findings() == []
    counts = reader.store.inbox.counts()
    assert (counts.waiting, counts.held, counts.forked) == (0, 0, 0)
    return sent_again(exchange, sender, records)


def sent_again(exchange: Exchange, sender: Node, records: Sequence[Fetched]) -> int:
    """See in Kafka itself that each stream is whole, and that a record that was sent again is the very same.

    Returns:
        How many were sent again.
    """
    verifier, trusted = Verifier(None), exchange.trusted()
    placed: defaultdict[tuple[Topic, int], list[object]] = defaultdict(list)
    chain: defaultdict[Topic, dict[int, tuple[Leaf, Leaf]]] = defaultdict(dict)
    for record in records:
        if dict(record.headers).get("ce_source") != source_uri(sender.id).encode():
            continue
        seen = verifier.verify(record, trusted)
        placed[record.topic, seen.sequence].append((record.key, record.value, record.headers))
        chain[record.topic][seen.sequence] = (seen.previous, seen.leaf)
    assert chain
    assert all(one == same[0] for same in placed.values() for one in same), "a place holds two records"
    for topic, places in chain.items():
        assert sorted(places) == list(range(1, len(places) + 1)), topic
        before = GENESIS
        for _, (previous, leaf) in sorted(places.items()):
            assert previous == before, topic
            before = leaf
    return sum(len(same) - 1 for same in placed.values())


@pytest.mark.parametrize("station", SENDING)
def test_sender_dies(exchange: Exchange, nodes: list[Node], station: Station) -> None:
    """The sending node dies at a station with six events in flight; started again, each arrives once."""
    sender, reader, third = nodes
    reader.start(ready=False)
    events = sender.send(*drafts(sender, reader, third))
    sender.start(kill_at=station)
    sender.was_killed()
    sender.start(ready=False)
    again = settled(exchange, sender, reader, events)
    assert len(set(events)) == 6
    # Dead before it could note that Kafka has them, it must send all seven records of events and their keys again.
    assert again >= 7 if station is Station.ACKNOWLEDGED else again >= 0


@pytest.mark.parametrize("station", RECEIVING)
def test_reader_dies(exchange: Exchange, nodes: list[Node], station: Station) -> None:
    """The receiving node dies at a station with six events in flight; started again, it has each once."""
    sender, reader, third = nodes
    sender.start(ready=False)
    events = sender.send(*drafts(sender, reader, third))
    until(sender.all_published, said=sender.said)
    reader.start(kill_at=station)
    reader.was_killed()
    reader.start(ready=False)
    assert settled(exchange, sender, reader, events) == 0  # its sender never died, so nothing was published twice


def test_dies_with_a_dropped_file(exchange: Exchange, nodes: list[Node]) -> None:
    """The node dies with a file's events durable and the file not moved: read again, the file adds nothing."""
    sender, reader, third = nodes
    reader.start(ready=False)
    reader_gets = sender.send(*drafts(sender, reader, third))
    drop = sender.folder / "drop"
    drop.mkdir()
    (drop / "perkara.csv").write_bytes(CASES.read_bytes())
    sender.start(kill_at=Station.ACCEPTED)
    sender.was_killed()
    assert (drop / "perkara.csv").exists()
    sender.start(ready=False)
    until((drop / "done" / "perkara.csv").exists, said=sender.said)
    until(sender.all_published, said=sender.said)
    cases = [one for one in sender.store.outbox.events(limit=20) if "case.registered" in one.route.type]
    assert len(cases) == 1
    settled(exchange, sender, reader, reader_gets)


def test_send_dies_beside_the_node(exchange: Exchange, nodes: list[Node]) -> None:
    """`simpul send` dies with its draft durable: the running node sends it, and sending it again adds nothing."""
    sender, reader, third = nodes
    reader.start(ready=False)
    sender.start()
    draft = sender.folder.with_name("draft.json")
    bodies = drafts(sender, reader, third)
    events = sender.send(*bodies[1:])
    draft.write_bytes(orjson.dumps(bodies[0]))
    sender.set("insecure_kill_at", Station.ACCEPTED)
    assert simpul("send", draft, "--node", sender.folder).code == -SIGKILL
    sender.set("insecure_kill_at", None)
    until(sender.all_published, said=sender.said)
    again = simpul("send", draft, "--node", sender.folder, "--json")
    (row,) = again.rows
    assert (again.code, row["new"]) == (0, False)
    settled(exchange, sender, reader, [*events, row["id"]])
