"""The port `Subscription`, on memory, on a real Kafka and on the embedded server."""

import asyncio
from collections.abc import Callable

import pytest

from broker.errors import TransportError
from broker.names import AgencyId, Topic, mail_topic
from broker.stages import Fetched
from tests.contract.kafkas import Twin, read, sealed, within

pytestmark = [pytest.mark.kafka, pytest.mark.asyncio]

MakeAgencies = Callable[[int], list[AgencyId]]


async def two_mailboxes(twin: Twin, make_agencies: MakeAgencies) -> tuple[Topic, Topic]:
    """Create two agencies and return the mailboxes between them."""
    a, b = make_agencies(2)
    await twin.create([a, b])
    return mail_topic(a, b), mail_topic(b, a)


def values(*numbers: int) -> list[bytes]:
    """Return values that tell their place."""
    return [str(number).encode() for number in numbers]


async def test_reads_from_the_offset_on(kafka_twin: Twin, make_agencies: MakeAgencies) -> None:
    """Reading starts at the offset that was assigned, not at the first and not at the last."""
    topic, _ = await two_mailboxes(kafka_twin, make_agencies)
    await kafka_twin.new_publisher().publish([sealed(topic, value) for value in values(*range(6))])
    subscription = kafka_twin.new_subscription()
    await subscription.assign({topic: 4})
    assert [(each.offset, each.value) for each in await read(subscription, 2)] == [(4, b"4"), (5, b"5")]


async def test_never_more_than_the_limit(kafka_twin: Twin, make_agencies: MakeAgencies) -> None:
    """A fetch returns no more than it was asked for, and the next one goes on behind it."""
    topic, other = await two_mailboxes(kafka_twin, make_agencies)
    await kafka_twin.new_publisher().publish(
        [sealed(each, value) for value in values(*range(7)) for each in (topic, other)]
    )
    subscription = kafka_twin.new_subscription()
    await subscription.assign({topic: 0, other: 0})
    pages = [await read(subscription, 3), await read(subscription, 3), await read(subscription, 8)]
    assert [len(page) for page in pages] == [3, 3, 8]
    for each in (topic, other):
        assert [record.offset for page in pages for record in page if record.topic == each] == list(range(7))


async def test_an_empty_topic_is_waited_for_as_long_as_asked(kafka_twin: Twin, make_agencies: MakeAgencies) -> None:
    """Without a record a fetch returns nothing, after about the time that was given."""
    topic, _ = await two_mailboxes(kafka_twin, make_agencies)
    subscription = kafka_twin.new_subscription()
    await subscription.assign({topic: 0})
    start = asyncio.get_running_loop().time()
    with within(2):
        assert await subscription.fetch(wait_ms=300, limit=10) == []
    assert asyncio.get_running_loop().time() - start > 0.25


async def test_no_topic_at_all(kafka_twin: Twin) -> None:
    """A subscription without a topic waits and returns nothing."""
    subscription = kafka_twin.new_subscription()
    await subscription.assign({})
    with within(2):
        assert await subscription.fetch(wait_ms=50, limit=10) == []


async def test_a_waiting_fetch_is_woken(kafka_twin: Twin, make_agencies: MakeAgencies) -> None:
    """A record published while a fetch waits ends the wait."""
    topic, _ = await two_mailboxes(kafka_twin, make_agencies)
    subscription = kafka_twin.new_subscription()
    await subscription.assign({topic: 0})
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(subscription.fetch(wait_ms=20_000, limit=10))
        await kafka_twin.new_publisher().publish([sealed(topic)])
        with within(5):
            found = await waiting
    assert [each.offset for each in found] == [0]


async def test_an_absent_topic_holds_up_no_other(kafka_twin: Twin, make_agencies: MakeAgencies) -> None:
    """A topic that comes later is waited for while the others are read, and read once it is there."""
    topic, _ = await two_mailboxes(kafka_twin, make_agencies)
    a, late = make_agencies(2)
    publisher = kafka_twin.new_publisher()
    await publisher.publish([sealed(topic, b"before")])
    subscription = kafka_twin.new_subscription()
    await subscription.assign({mail_topic(a, late): 0, topic: 0})
    assert [each.value for each in await read(subscription, 1)] == [b"before"]
    await kafka_twin.create([a, late])
    await publisher.publish([sealed(mail_topic(a, late), b"late")])
    assert [each.value for each in await read(subscription, 1)] == [b"late"]


async def test_an_offset_behind_the_end_is_an_error(kafka_twin: Twin, make_agencies: MakeAgencies) -> None:
    """A Kafka that is shorter than what was read already is reported, never read from elsewhere; others go on."""
    topic, other = await two_mailboxes(kafka_twin, make_agencies)
    await kafka_twin.new_publisher().publish([sealed(topic), sealed(other, b"fine")])
    subscription = kafka_twin.new_subscription()
    await subscription.assign({topic: 7, other: 0})
    codes: list[tuple[str, bool]] = []
    found: list[Fetched] = []
    async with asyncio.timeout(10):
        while not (codes and found):
            try:
                found += await subscription.fetch(wait_ms=200, limit=10)
            except TransportError as error:
                codes.append((error.code, topic in error.detail))
    assert codes[0] == ("kafka.offset-out-of-range", True)
    assert [(each.topic, each.value) for each in found] == [(other, b"fine")]


async def test_the_oldest_offset(kafka_twin: Twin, make_agencies: MakeAgencies) -> None:
    """It is asked while other topics are read; an absent topic is an error."""
    topic, other = await two_mailboxes(kafka_twin, make_agencies)
    await kafka_twin.new_publisher().publish([sealed(topic), sealed(topic)])
    subscription = kafka_twin.new_subscription()
    await subscription.assign({topic: 7, other: 0})
    with within(5):
        assert [await subscription.earliest(topic), await subscription.earliest(other)] == [0, 0]
    with pytest.raises(TransportError) as caught:
        await subscription.earliest(Topic("simpul.mail.nobody.no-one"))
    assert caught.value.code == "kafka.topic-absent"


async def test_assigned_anew(kafka_twin: Twin, make_agencies: MakeAgencies) -> None:
    """A new assignment replaces the one before, with its offsets, and drops what was fetched for it."""
    topic, other = await two_mailboxes(kafka_twin, make_agencies)
    await kafka_twin.new_publisher().publish([sealed(each) for each in (topic, other) for _ in range(5)])
    subscription = kafka_twin.new_subscription()
    await subscription.assign({topic: 0, other: 0})
    await read(subscription, 1)
    await subscription.assign({other: 3})
    assert [(each.topic, each.offset) for each in await read(subscription, 2)] == [(other, 3), (other, 4)]
    await subscription.assign({topic: 0})
    assert [each.offset for each in await read(subscription, 5)] == [0, 1, 2, 3, 4]


async def test_the_broker_dates_records(kafka_twin: Twin, make_agencies: MakeAgencies) -> None:
    """A record bears a time of the broker's, in milliseconds."""
    if kafka_twin.kind == "embedded":
        pytest.skip("NOT TESTED: the embedded server keeps the writer's time")
    topic, _ = await two_mailboxes(kafka_twin, make_agencies)
    await kafka_twin.new_publisher().publish([sealed(topic), sealed(topic)])
    subscription = kafka_twin.new_subscription()
    await subscription.assign({topic: 0})
    dated = [each.timestamp_ms for each in await read(subscription, 2)]
    assert dated == sorted(dated)
    assert kafka_twin.kind == "memory" or min(dated) > 1_700_000_000_000


async def test_two_readers_do_not_share(kafka_twin: Twin, make_agencies: MakeAgencies) -> None:
    """Two subscriptions of one topic both get every record: there is no group."""
    topic, _ = await two_mailboxes(kafka_twin, make_agencies)
    await kafka_twin.new_publisher().publish([sealed(topic)] * 4)
    for _ in range(2):
        subscription = kafka_twin.new_subscription()
        await subscription.assign({topic: 0})
        assert len(await read(subscription, 4)) == 4
