"""A hostile operator of Kafka against the shipped node of an honest reader.

He may write, change, move, reorder, hold back and repeat whatever he likes. Each test does one thing to a record of the
mailbox that one sender has with the reader; then the next honest event must come through, and nothing else.
"""

import asyncio
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.client import AIOKafkaClient

from broker.kafka import jars
from broker.kafka.running import Running
from broker.names import Topic, area_topic, keys_topic, mail_topic
from broker.ports import Delivery
from broker.stages import Fetched, FetchedHeaders
from tests.commands import until
from tests.drafts import referral
from tests.nodes import Exchange, Node
from tests.raw_batches import GZIP, batch, with_broken_name
from tests.raw_kafka import one_batch, read_all, write_all, write_batch

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.slow,
    pytest.mark.skipif(jars.find_java() is None, reason="NOT TESTED: no Java, so no real Kafka"),
]


@dataclass(slots=True)
class Field:
    """A sender whose records pass through the operator's hands, and the reader's running node."""

    exchange: Exchange
    sender: Node
    reader: Node
    other: Node
    sealed: list[Fetched] = field(default_factory=list)
    """The records of this test in their true form and order."""
    _names: Iterator[int] = field(default_factory=itertools.count)

    @property
    def mailbox(self) -> Topic:
        """The mailbox of the sender with the reader."""
        return mail_topic(self.sender.id, self.reader.id)

    def events(self, count: int) -> list[Fetched]:
        """Let the sender seal events, hand their keys over honestly, and return their records."""
        drafts = [referral(f"{self.sender.id}-{next(self._names)}", self.reader.id) for _ in range(count)]
        records = self.sender.seal(*drafts)
        self.write(*(record for record in records if record.topic != self.mailbox))
        mine = [record for record in records if record.topic == self.mailbox]
        self.sealed += mine
        return mine

    def write(self, *records: Fetched, compression: int = 0) -> list[int]:
        """Write records to Kafka."""
        return asyncio.run(write_all(self.exchange.kafka.bootstrap, records, compression=compression))

    def arrived(self) -> list[FetchedHeaders]:
        """Return the headers of the sender's records that are let in, in the order of the inbox."""
        opened = [one.event.opened for one in self.reader.entries() if isinstance(one, Delivery)]
        return [view.verified.fetched.headers for view in opened if view.source == self.sender.id]

    def set_aside(self, topic: Topic, offset: int) -> str:
        """Wait until the record at a place is in quarantine, and return its code."""

        def look() -> list[str]:
            rows = self.reader.store.inbox.quarantined(0, 2000)
            return [row.code for row in rows if (row.topic, row.offset) == (topic, offset)]

        (code,) = until(look, said=self.reader.said)
        return code

    def all_in(self) -> None:
        """Wait until what the sender has sealed in this test is in the inbox, each once."""
        wanted = {record.headers for record in self.sealed}
        until(lambda: wanted <= set(self.arrived()), said=self._state)
        inbox = self.reader.inbox()
        assert len(set(inbox)) == len(inbox)

    def _state(self) -> object:
        inbox = self.reader.store.inbox
        return self.reader.said(), inbox.counts(), inbox.offsets(), self.reader.quarantine(self.sender.id)[-5:]

    def comes_through(self, count: int = 1) -> bool:
        """Wait until the next honest events have arrived, each once; return whether the node still runs."""
        self.write(*self.events(count))
        self.all_in()
        return self.reader.runs


@pytest.fixture(scope="module")
def field_of_all(kafka: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Field]:
    """Return a sender that does not run, a reader that does, and a third agency of the federation."""
    if not kafka.durable:
        pytest.skip("NOT TESTED: the embedded server is not the Kafka that an operator runs")
    exchange = Exchange(kafka, tmp_path_factory.mktemp("battle"))
    try:
        sender, reader, other = exchange.found(("police", None), ("migrant-workers", "hotline"), ("ngo", None))
        reader.start()
        yield Field(exchange, sender, reader, other)
    finally:
        exchange.close()


@pytest.fixture
def battle(field_of_all: Field, request: pytest.FixtureRequest) -> Iterator[Field]:
    """Return the field; what a test that fails has left out of the stream is filled in, for the next one."""
    field_of_all.sealed.clear()
    failed = request.session.testsfailed
    yield field_of_all
    if request.session.testsfailed > failed:
        field_of_all.write(*field_of_all.sealed)


def with_header(record: Fetched, name: str, value: bytes | None) -> Fetched:
    """Return a record with another value in one header."""
    return replace(record, headers=tuple((one, value if one == name else old) for one, old in record.headers))


def flip(text: bytes, place: int) -> bytes:
    """Return bytes with one bit changed."""
    return text[:place] + bytes([text[place] ^ 1]) + text[place + 1 :]


def forge(record: Fetched) -> Fetched:
    """Change the signature inside the seal; key id and statement stay."""
    return with_header(record, "ce_seal", flip(dict(record.headers)["ce_seal"] or b"", 40))


def of_another(record: Fetched) -> Fetched:
    """Claim another id of the same record."""
    return with_header(record, "ce_id", b"00000000-0000-8000-8000-000000000000")


def another_place(record: Fetched) -> Fetched:
    """Claim another place in the stream."""
    return with_header(record, "ce_sequence", b"%016d" % (int(dict(record.headers)["ce_sequence"] or b"") + 1))


def change_value(record: Fetched) -> Fetched:
    """Flip one bit in the middle of the value."""
    value = record.value or b""
    return replace(record, value=flip(value, len(value) // 2))


CHANGES = [
    pytest.param(forge, "untrusted.signature", id="forged signature"),
    pytest.param(change_value, "untrusted.path", id="flipped byte"),
    pytest.param(lambda one: replace(one, value=(one.value or b"")[:-1]), "untrusted.path", id="cut value"),
    pytest.param(of_another, "untrusted.path", id="another id"),
    pytest.param(another_place, "untrusted.path", id="another place"),
    pytest.param(
        lambda one: replace(one, headers=(one.headers[1], one.headers[0], *one.headers[2:])),
        "untrusted.headers",
        id="headers in another order",
    ),
    pytest.param(
        lambda one: replace(one, headers=tuple((name, old) for name, old in one.headers if name != "ce_seal")),
        "untrusted.headers",
        id="stripped seal",
    ),
    pytest.param(lambda one: with_header(one, "ce_seal", b""), "untrusted.seal", id="empty seal"),
    pytest.param(
        lambda one: replace(one, headers=(*one.headers, one.headers[-1])), "untrusted.headers", id="seal twice"
    ),
    pytest.param(
        lambda one: replace(one, headers=(*one.headers, ("x-added", b"1"))), "untrusted.headers", id="added header"
    ),
    pytest.param(lambda one: with_header(one, "ce_seal", b"\x00" * 300_000), "untrusted.headers", id="huge header"),
    pytest.param(lambda one: with_header(one, "ce_seal", None), "untrusted.headers", id="seal without a value"),
    pytest.param(lambda one: replace(one, value=None), "untrusted.value", id="null value"),
    pytest.param(lambda one: replace(one, value=b""), "untrusted.value", id="empty value"),
    pytest.param(lambda one: replace(one, value=bytes(300_000)), "untrusted.value", id="huge value"),
    pytest.param(lambda one: replace(one, key=b"k"), "untrusted.value", id="added record key"),
    pytest.param(lambda one: replace(one, headers=()), "untrusted.headers", id="no headers"),
]


@pytest.mark.parametrize(("change", "code"), CHANGES)
def test_changed_record(battle: Field, change: Callable[[Fetched], Fetched], code: str) -> None:
    """A record that was changed is set aside with its code, and the true one still takes its place after it."""
    (record,) = battle.events(1)
    before = len(battle.reader.inbox())
    (offset,) = battle.write(change(record))
    assert battle.set_aside(battle.mailbox, offset) == code
    assert len(battle.reader.inbox()) == before
    battle.write(record)
    assert battle.comes_through()


def test_moved_record(battle: Field) -> None:
    """A record that was moved to a topic of everybody's, or into another's mailbox with this reader, is refused."""
    (record,) = battle.events(1)
    alerts, others = area_topic("alert"), mail_topic(battle.other.id, battle.reader.id)
    (to_alerts,) = battle.write(replace(record, topic=alerts))
    (to_other,) = battle.write(replace(record, topic=others))
    assert battle.set_aside(alerts, to_alerts) == "untrusted.payload"
    assert battle.set_aside(others, to_other) == "untrusted.topic"
    battle.write(record)
    assert battle.comes_through()


def test_swapped_headers(battle: Field) -> None:
    """Two records that have swapped their headers are both refused."""
    one, two = battle.events(2)
    offsets = battle.write(replace(one, headers=two.headers), replace(two, headers=one.headers))
    assert [battle.set_aside(battle.mailbox, offset) for offset in offsets] == ["untrusted.path"] * 2
    battle.write(one, two)
    assert battle.comes_through()


def test_replay(battle: Field) -> None:
    """Old records that come again, even all of them, add nothing, and are counted."""
    assert battle.comes_through(3)
    counts = battle.reader.store.inbox.counts()
    records = asyncio.run(read_all(battle.exchange.kafka.bootstrap, [battle.mailbox]))
    genuine = [record for record in records if record.headers in battle.arrived()][-3:]
    inbox = battle.reader.inbox()
    battle.write(*genuine)
    until(lambda: battle.reader.store.inbox.counts().resent >= counts.resent + 3, said=battle.reader.said)
    assert battle.reader.inbox() == inbox
    assert battle.comes_through()


def test_withheld_record(battle: Field) -> None:
    """Behind a record that is held back nothing is believed: a gap that its successor proves, until it is filled."""
    one, two, three = battle.events(3)
    before = len(battle.reader.inbox())
    battle.write(one, three)
    until(lambda: battle.reader.store.inbox.counts().held == 1, said=battle.reader.said)
    assert len(battle.reader.inbox()) == before + 1
    (gap,) = battle.reader.store.inbox.gaps(datetime.now(UTC) + timedelta(seconds=1))
    assert (gap.stream.topic, gap.stream.source) == (battle.mailbox, battle.sender.id)
    battle.write(two)
    battle.all_in()
    assert battle.reader.store.inbox.gaps(datetime.now(UTC) + timedelta(seconds=1)) == []
    assert battle.comes_through()


def test_reordered(battle: Field) -> None:
    """Records in another order arrive in that of their sender, each once."""
    records = battle.events(5)
    findings = battle.reader.findings()
    battle.write(*(records[place] for place in (3, 1, 4, 0, 2)))
    battle.all_in()
    assert battle.arrived()[-5:] == [record.headers for record in records]
    assert battle.reader.findings() == findings
    assert battle.comes_through()


def test_fork(battle: Field) -> None:
    """A second record at a place that is taken, truly signed by a restored sender, is held and found, with evidence."""
    restored = battle.sender.copy(battle.exchange.folder / "restored")
    try:
        assert battle.comes_through()
        draft = referral(f"{battle.sender.id}-forked", battle.reader.id)
        records = restored.seal(draft)
        before = battle.reader.inbox()
        battle.write(*(record for record in records if record.topic == battle.mailbox))
        until(lambda: battle.reader.store.inbox.counts().forked == 1, said=battle.reader.said)
        assert "stream.fork" in battle.reader.findings()
        found = [one for _, one in battle.reader.store.inbox.findings(0, 100) if one.code == "stream.fork"]
        assert all(len(one.evidence) >= 2 for one in found)
        assert battle.reader.inbox() == before
        assert battle.comes_through()
    finally:
        restored.close_store()


def test_compressed_batch(battle: Field) -> None:
    """A batch that the operator lets in compressed is set aside whole; nobody unpacks it."""
    (record,) = battle.events(1)
    topic = mail_topic(battle.other.id, battle.reader.id)
    asyncio.run(_set(battle.exchange.kafka.bootstrap, topic, {"compression.type": "gzip"}))

    def code() -> bool:
        # Until the setting takes effect, Kafka itself unpacks what it is given.
        (offset,) = battle.write(replace(record, topic=topic, value=bytes(50_000)), compression=GZIP)
        return battle.set_aside(topic, offset) == "untrusted.headers"

    until(code)
    battle.write(record)
    assert battle.comes_through()


@pytest.mark.parametrize(
    "poison",
    [
        pytest.param(with_broken_name(b"value"), id="name"),
        pytest.param(bytes(batch(b"value", headers=[("ce_seal", None)])), id="null"),
    ],
)
def test_header_that_is_no_text(battle: Field, poison: bytes) -> None:
    """A header whose name is no UTF-8, which stops other clients for ever, or without value, costs that one record."""
    offset = asyncio.run(_write_raw(battle.exchange.kafka.bootstrap, battle.mailbox, poison))
    assert battle.set_aside(battle.mailbox, offset) == "untrusted.headers"
    assert battle.comes_through()


def test_foreign_topics(battle: Field) -> None:
    """What lies on topics that are not the reader's is not even read."""
    elsewhere = mail_topic(battle.sender.id, battle.other.id)
    before = len(battle.reader.store.inbox.quarantined(0, 2000))
    battle.write(Fetched(topic=elsewhere, offset=0, timestamp_ms=0, key=None, value=b"x", headers=()))
    assert battle.comes_through()
    assert len(battle.reader.store.inbox.quarantined(0, 2000)) == before


def test_keys_topic(battle: Field) -> None:
    """Rubbish among the keys is set aside, and so is a key under another record key; nulls erase nothing."""
    topic = keys_topic(battle.sender.id, battle.reader.id)
    assert battle.comes_through()
    genuine = [one for one in asyncio.run(read_all(battle.exchange.kafka.bootstrap, [topic])) if one.value]
    unit = next(one for one in genuine if (one.key or b"").startswith(b"unit/"))
    key = unit.key or b""
    offsets = battle.write(
        Fetched(topic=topic, offset=0, timestamp_ms=0, key=b"unit/00/1", value=b"x", headers=()),
        replace(unit, key=key[:-1] + (b"2" if key.endswith(b"1") else b"1")),
        replace(unit, value=None),
        replace(unit, value=None, headers=()),
    )
    codes = [battle.set_aside(topic, offset) for offset in offsets]
    assert codes == ["untrusted.headers", "untrusted.path", "untrusted.path", "untrusted.headers"]
    assert len(battle.reader.entries()) == len(battle.reader.inbox()), "an event does not open any more"
    assert battle.comes_through()


def test_flood(battle: Field) -> None:
    """Hundreds of records of rubbish between two events hold up neither."""
    rubbish = Fetched(
        topic=battle.mailbox, offset=0, timestamp_ms=0, key=None, value=b"\xff" * 1000, headers=(("ce_id", b"1"),)
    )
    one, two = battle.events(2)
    battle.write(one)
    flood = one_batch(*[rubbish] * 500)
    asyncio.run(_write_raw(battle.exchange.kafka.bootstrap, battle.mailbox, *[flood] * 4))
    battle.write(two)
    assert battle.comes_through()


def test_after_all_that(battle: Field) -> None:
    """The node still is the process it was, it has found no gap, and a new start reads on where it stood."""
    inbox = battle.reader.inbox()
    assert battle.reader.runs
    assert "stream.withheld" not in battle.reader.findings()
    assert battle.reader.end() == 0
    battle.reader.start()
    assert battle.comes_through(3)
    assert battle.reader.inbox()[: len(inbox)] == inbox


async def _write_raw(bootstrap: str, topic: Topic, *batches: bytes) -> int:
    """Write batches as they are; return the offset of the last."""
    client = AIOKafkaClient(bootstrap_servers=bootstrap)
    try:
        async with asyncio.timeout(20):
            await client.bootstrap()
            return [await write_batch(client, topic, raw) for raw in batches][-1]
    finally:
        await client.close()


async def _set(bootstrap: str, topic: Topic, values: dict[str, str]) -> None:
    """Change settings of a topic, as its operator can."""
    client = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        async with asyncio.timeout(20):
            await client.start()
            await client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, configs=values)])
    finally:
        await client.close()
