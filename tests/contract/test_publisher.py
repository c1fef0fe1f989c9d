"""The port `Publisher`, on memory, on a real Kafka and on the embedded server."""

import asyncio
from collections.abc import Callable

import pytest

from broker.errors import TransportError
from broker.limits import MAX_VALUE_BYTES
from broker.names import AgencyId, area_topic, keys_topic, mail_topic
from tests.contract.kafkas import Twin, read, sealed, within

pytestmark = [pytest.mark.kafka, pytest.mark.asyncio]

MakeAgencies = Callable[[int], list[AgencyId]]


async def test_offsets_come_in_the_order_of_the_records(kafka_twin: Twin, make_agencies: MakeAgencies) -> None:
    """Records of two topics, mixed, get the offsets of their own topic, in the order given."""
    a, b = make_agencies(2)
    await kafka_twin.create([a, b])
    there, back = mail_topic(a, b), mail_topic(b, a)
    publisher = kafka_twin.new_publisher()
    records = [sealed(topic) for topic in (there, back, there, there, back)]
    assert await publisher.publish(records) == [0, 0, 1, 2, 1]
    assert await publisher.publish(records[:2]) == [3, 2]


async def test_a_record_arrives_byte_for_byte(kafka_twin: Twin, make_agencies: MakeAgencies) -> None:
    """Key, value and headers come out as they went in: null and empty told apart, headers a multimap in order."""
    a, b = make_agencies(2)
    await kafka_twin.create([a, b])
    topic = mail_topic(a, b)
    headers = (("b", b"2"), ("a", b"\x00\xff"), ("b", b"1"), ("b", b"2"))
    records = [
        sealed(topic, b"value", key=b"key", headers=headers),
        sealed(topic, None, key=b"tombstone", headers=()),
        sealed(topic, b"", key=b""),
        sealed(topic, b"no key", key=None),
    ]
    await kafka_twin.new_publisher().publish(records)
    subscription = kafka_twin.new_subscription()
    await subscription.assign({topic: 0})
    found = await read(subscription, len(records))
    assert [(each.key, each.value, each.headers) for each in found] == [
        (each.key, each.value, tuple(each.headers)) for each in records
    ]
    assert [each.offset for each in found] == [0, 1, 2, 3]


async def test_a_compacted_topic_wants_keys(kafka_twin: Twin, make_agencies: MakeAgencies) -> None:
    """A tombstone is taken by a compacted topic, a record without a key is refused."""
    if kafka_twin.kind == "embedded":
        pytest.skip("NOT TESTED: the embedded server knows no compaction")
    (a,) = make_agencies(1)
    await kafka_twin.create([a])
    publisher = kafka_twin.new_publisher()
    assert await publisher.publish([sealed(keys_topic(a, a), None, key=b"wrap/1")]) == [0]
    with pytest.raises(TransportError) as raised:
        await publisher.publish([sealed(keys_topic(a, a), key=None)])
    assert raised.value.code == "kafka.unexpected"


async def test_more_than_a_batch_holds_keeps_its_order(kafka_twin: Twin, make_agencies: MakeAgencies) -> None:
    """What overflows a batch goes into further ones, in order, and each record gets its own offset."""
    a, b = make_agencies(2)
    await kafka_twin.create([a, b])
    topic, other = mail_topic(a, b), mail_topic(b, a)
    values = [number.to_bytes(4, "big") * (16_000 if number % 5 == 0 else 1_000) for number in range(160)]
    records = [sealed(topic, value) for value in values]
    records.insert(80, sealed(other, b"beside"))
    offsets = await kafka_twin.new_publisher().publish(records)
    assert offsets == [*range(80), 0, *range(80, 160)]
    subscription = kafka_twin.new_subscription()
    await subscription.assign({topic: 0})
    assert [each.value for each in await read(subscription, 160)] == values


async def test_the_largest_value_is_taken(kafka_twin: Twin, make_agencies: MakeAgencies) -> None:
    """A value of 64 KiB with a full seal fits."""
    a, b = make_agencies(2)
    await kafka_twin.create([a, b])
    topic = mail_topic(a, b)
    record = sealed(topic, bytes(MAX_VALUE_BYTES), headers=(("ce_seal", bytes(5_000)),))
    assert await kafka_twin.new_publisher().publish([record] * 40) == list(range(40))
    subscription = kafka_twin.new_subscription()
    await subscription.assign({topic: 0})
    assert {len(each.value or b"") for each in await read(subscription, 40)} == {MAX_VALUE_BYTES}


async def test_published_again_is_there_again(kafka_twin: Twin, make_agencies: MakeAgencies) -> None:
    """The same records, published again by another publisher, are appended; readers drop them, not Kafka."""
    a, b = make_agencies(2)
    await kafka_twin.create([a, b])
    record = sealed(mail_topic(a, b))
    assert await kafka_twin.new_publisher().publish([record, record]) == [0, 1]
    assert await kafka_twin.new_publisher().publish([record]) == [2]


async def test_nothing_to_publish(kafka_twin: Twin) -> None:
    """No record, no offset, no connection."""
    assert await kafka_twin.new_publisher().publish([]) == []


async def test_an_absent_topic_is_an_error_soon(kafka_twin: Twin, make_agencies: MakeAgencies) -> None:
    """A topic that is not there is reported within seconds, nothing is written beside, and the publisher goes on."""
    if kafka_twin.kind == "embedded":
        pytest.skip("NOT TESTED: the embedded server makes a topic of whatever name it is asked for")
    a, b, stranger = make_agencies(3)
    await kafka_twin.create([a, b])
    publisher = kafka_twin.new_publisher()
    with within(5), pytest.raises(TransportError) as raised:
        await publisher.publish([sealed(mail_topic(a, b)), sealed(mail_topic(a, stranger))])
    assert raised.value.code == "kafka.topic-absent"
    assert await publisher.publish([sealed(mail_topic(a, b))]) == [0]


async def test_calls_at_the_same_time_do_not_mix(kafka_twin: Twin, make_agencies: MakeAgencies) -> None:
    """Two calls on one publisher each get their own offsets, and their records stay together."""
    a, b = make_agencies(2)
    await kafka_twin.create([a, b])
    publisher = kafka_twin.new_publisher()
    topic = mail_topic(a, b)
    first, second = await asyncio.gather(publisher.publish([sealed(topic)] * 3), publisher.publish([sealed(topic)] * 3))
    assert sorted([first, second]) == [[0, 1, 2], [3, 4, 5]]


async def test_area_topics_are_there(kafka_twin: Twin, make_agencies: MakeAgencies) -> None:
    """The topics of areas are created with those of the agencies."""
    await kafka_twin.create(make_agencies(1))
    assert len(await kafka_twin.new_publisher().publish([sealed(area_topic("alert"))])) == 1
