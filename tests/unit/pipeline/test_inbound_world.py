"""The reader and the world: outages, a changing federation, a second reader, and a death at every station."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from broker.errors import KeyServiceError, StorageError, TransportError
from broker.names import EventId, keys_topic, mail_topic
from broker.ports import Station
from tests.unit.pipeline.receiving import (
    ALERT,
    FORCE,
    ME,
    Source,
    kafka,
    keys_to_me,
    listed,
    put,
    reading,
    rewritten,
    until,
)
from tests.unit.pipeline.sending import BP3MI, NOON, POL, UPTD, Death, HeldClock, KilledError, alert
from tests.unit.pipeline.spoiling import pages, with_cover

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from broker.pipeline.trust import InForce
    from broker.ports import ReceivingKey
    from tests.conftest import Lines
    from tests.unit.pipeline.receiving import ReadingNode


pytestmark = pytest.mark.asyncio

FROM_POLICE = keys_topic(POL, ME)


# --- the world ------------------------------------------------------------------------------------


async def test_a_federation_that_changed_changes_the_topics(tmp_path: Path) -> None:
    """No restart: a new agency's mailbox is read from the next turn on."""
    cloud, police = kafka(), Source()
    sent = police.send(alert(1, audience=ME))
    put(cloud, sent.keys, sent.events)
    few = {name: agency for name, agency in FORCE.federation.agencies.items() if name != POL}
    force = listed(agencies=few)
    async with reading(tmp_path, cloud, force=lambda: force) as node:
        await node.drain()
        assert await node.entries() == []
        force = listed(version=2)
        await node.drain()
        assert await node.event_ids() == sent.event_ids
        assert [one.verified.fetched.topic for one in await node.opened()] == [mail_topic(POL, ME)]


async def test_the_reader_waits_out_an_outage_and_goes_on(tmp_path: Path) -> None:
    """While Kafka is away the trouble shows; nothing is lost and nothing has to be restarted."""
    cloud, police = kafka(), Source()
    sent = police.send(alert(1))
    cloud.down = True
    async with reading(tmp_path, cloud, subscription=cloud.subscription()) as node:
        running = asyncio.create_task(node.inbound.run())
        await until(lambda: node.inbound.backoff.trouble is not None)
        assert node.inbound.backoff.trouble is not None
        assert node.inbound.backoff.trouble.code == "kafka.unreachable"
        cloud.down = False
        put(cloud, sent.keys, sent.events)
        await until(lambda: node.probe.seen[Station.COMMITTED] == 1)
        await until(lambda: node.inbound.backoff.trouble is None)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert await node.event_ids() == sent.event_ids


class _AwayOnce:
    """A home of receiving keys that does not answer the first time."""

    def __init__(self) -> None:
        self.asked = 0

    def unwrap(self, *_: Any) -> bytes:
        self.asked += 1
        raise KeyServiceError("key.unavailable")


async def test_without_the_home_of_its_keys_the_reader_takes_nothing_and_loses_nothing(tmp_path: Path) -> None:
    """The batch is read again from what is durable."""
    cloud, police = kafka(), Source()
    sent = police.send(alert(1))
    put(cloud, sent.keys, sent.events)
    away = _AwayOnce()
    async with reading(tmp_path, cloud, unwrapper=away) as node:
        with pytest.raises(KeyServiceError):
            await node.drain()
        assert (away.asked, await node.entries(), await node.quarantined()) == (1, [], [])
    async with reading(tmp_path, cloud) as node:
        await node.drain()
        assert await node.event_ids() == sent.event_ids


async def test_a_second_reader_over_the_same_store_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """Whoever is slower is told so, and goes on from where the other is."""
    cloud, police = kafka(), Source()
    first, second = police.send(alert(1)), police.send(alert(2))
    async with reading(tmp_path, cloud) as one, reading(tmp_path, cloud) as two:
        await one.drain()
        await two.drain()
        put(cloud, first.keys, first.events)
        await one.drain()
        with pytest.raises(StorageError) as caught:
            await two.drain()
        assert caught.value.code == "store.moved"
        put(cloud, second.keys, second.events)
        await two.drain()
        assert await two.event_ids() == [*first.event_ids, *second.event_ids]
        with pytest.raises(StorageError):
            await one.drain()
        await one.drain()
        assert await one.event_ids() == [*first.event_ids, *second.event_ids]


async def _run_until(node: ReadingNode, done: Callable[[], bool]) -> None:
    running = asyncio.create_task(node.inbound.run())
    await until(done)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_what_kafka_no_longer_has_is_reported_and_the_rest_is_read(tmp_path: Path, log_lines: Lines) -> None:
    """A new node on a topic cut by retention says so, begins with the oldest record there, and restarts from there."""
    cloud, police = kafka(), Source()
    sent = police.send(alert(1), alert(2), alert(3, audience=ME))
    put(cloud, sent.keys, sent.events)
    cloud.forget(ALERT, before=1)
    async with reading(tmp_path, cloud, subscription=cloud.subscription()) as node:
        await _run_until(node, lambda: node.probe.seen[Station.COMMITTED] == 2)
        (found,) = await node.findings()
        assert (found.code, found.topic, found.offset) == ("inbound.topic-cut", ALERT, 0)
        assert found.detail == "goes on with offset 1"
        assert sorted(await node.event_ids()) == sorted(sent.event_ids[1:])
    assert ("finding", "inbound.topic-cut", ALERT, 0) in [
        (line["event"], line["code"], line["topic"], line.get("offset")) for line in log_lines
    ]
    async with reading(tmp_path, cloud) as node:
        assert await node.thread.run(node.inbox.offsets) == {ALERT: 2, mail_topic(POL, ME): 1}
        await node.drain()
        assert len(await node.findings()) == 1


async def test_what_kafka_no_longer_has_of_a_key_topic_is_reported_and_the_rest_is_read(tmp_path: Path) -> None:
    """The key store moves on, too; the event whose key is gone waits for it."""
    cloud, police = kafka(), Source()
    first, second = police.send(alert(1)), police.send(alert(2, case="LP/2"))
    police.wrapping.clear()
    third = police.send(alert(3, case="LP/3"))
    put(cloud, first.keys, second.keys, third.keys, first.events, second.events, third.events)
    cloud.forget(FROM_POLICE, before=len(keys_to_me(first)) + len(keys_to_me(second)))
    async with reading(tmp_path, cloud, subscription=cloud.subscription()) as node:
        await _run_until(node, lambda: node.probe.seen[Station.COMMITTED] == 4)
        assert [(found.code, found.topic) for found in await node.findings()] == [("inbound.topic-cut", FROM_POLICE)]
        assert await node.event_ids() == third.event_ids
        assert (await node.thread.run(node.inbox.counts)).waiting == 2


async def test_a_topic_that_was_made_anew_is_read_from_its_beginning(tmp_path: Path) -> None:
    """Whatever stands in it was read before and is dropped, or is new."""
    cloud, police = kafka(), Source()
    first, second = police.send(alert(1), alert(2)), police.send(alert(3))
    put(cloud, first.keys, first.events)
    async with reading(tmp_path, cloud) as node:
        await node.drain()
        rewritten(cloud, ALERT, lambda records: records[1:])
        with pytest.raises(TransportError) as caught:
            await node.drain()
        await node.inbound._go_on_where_kafka_begins(caught.value)
        put(cloud, second.keys, second.events)
        await node.drain()
        assert await node.codes() == ["inbound.topic-cut"]
        assert await node.event_ids() == [*first.event_ids, *second.event_ids]
        assert (await node.thread.run(node.inbox.counts)).resent == 1


async def test_what_this_node_received_is_known_as_a_cause(tmp_path: Path) -> None:
    """For the agreements: what was answered, from whom, and to whom it went."""
    cloud, police = kafka(), Source()
    sent = police.send(alert(1))
    put(cloud, sent.keys, sent.events)
    async with reading(tmp_path, cloud) as node:
        await node.drain()
        cause = await node.thread.run(node.reader.cause, sent.event_ids[0])
        assert cause is not None
        assert (cause.type, cause.source) == ("id.simpul.alert.issued.v1", POL)
        assert cause.audience == {BP3MI, ME}
        assert await node.thread.run(node.reader.cause, EventId(sent.events[0].record_id)) is None


@pytest.mark.parametrize("at_once", [0, 1], ids=["read one after the other", "read at once"])
async def test_an_id_that_two_sources_use_is_the_cause_of_whom_the_answer_goes_to(tmp_path: Path, at_once: int) -> None:
    """Both events are delivered and the later one is reported; nobody can make an alert unanswerable by its id."""
    cloud, police, social = kafka(), Source(), Source(UPTD)
    sent = police.send(alert(1, audience=ME))
    (event_id,) = sent.event_ids
    cleared = social.clear(alert(2, audience=ME, data__open__mayInvolveChild=True))
    same = social.seal(replace(with_cover(cleared, lambda cover: cover.update(id=event_id)), event_id=event_id))
    waves = [(same.keys, same.events), (sent.keys, sent.events)]
    async with reading(tmp_path, cloud) as node:
        for wave in waves:
            put(cloud, *wave)
            if not at_once:
                await node.drain()
                await node.thread.run(node.reader.cause, event_id)
        await node.drain()
        assert await node.event_ids() == [event_id, event_id]
        assert await node.thread.run(node.reader.cause, event_id) is None
        for asked in (POL, UPTD):
            meant = await node.thread.run(node.reader.cause, event_id, frozenset({asked, BP3MI}))
            assert meant is not None
            assert meant.source == asked
        for among in ({POL, UPTD}, {BP3MI}):
            assert await node.thread.run(node.reader.cause, event_id, frozenset(among)) is None
        (found,) = await node.findings()
        assert (found.code, {found.source, found.detail}) == ("inbound.same-id", {POL, UPTD})


@pytest.mark.parametrize("code", ["inbound.newer-federation", "inbound.sealed-ahead"])
async def test_a_seal_ahead_of_this_node_is_reported_once_a_stream(tmp_path: Path, code: str) -> None:
    """Its federation or its time is not known here yet: the records are taken, and a finding says so."""
    cloud, police = kafka(), Source()
    force = listed(version=0) if code == "inbound.newer-federation" else FORCE
    clock = HeldClock(NOON - timedelta(minutes=11) if code == "inbound.sealed-ahead" else NOON)
    for number in range(2):
        sent = police.send(alert(number))
        put(cloud, sent.keys, sent.events)
        async with reading(tmp_path, cloud, force=lambda: force, clock=clock) as node:
            await node.drain()
            assert len(await node.event_ids()) == number + 1
            assert [(found.code, found.topic) for found in await node.findings()] == [(code, ALERT)]


async def test_no_value_of_an_event_stands_on_a_page(tmp_path: Path) -> None:
    """Type, subject, ids, audience and fields are on no page of any file of the store."""
    cloud, police = kafka(), Source()
    cleared = police.clear(alert(1))
    sent = police.seal(cleared)
    invalid = police.seal(with_cover(police.clear(alert(2)), lambda cover: cover.update(priority="P9")))
    put(cloud, sent.events, sent.keys, invalid.keys, invalid.events)
    async with reading(tmp_path, cloud) as node:
        await node.drain()
        (view,) = await node.opened()
        node.clock.time += timedelta(minutes=3)
        await node.drain()
    stored = pages(tmp_path)
    assert bytes(sent.events[0].leaf) in stored
    planted = {text.encode() for text in (*_texts(orjson.loads(view.cover)), *_texts(view.attributes)) if len(text) > 5}
    planted -= {f"urn:simpul:agency:{POL}".encode(), POL.encode()}
    for part in view.parts.values():
        planted |= {text.encode() for text in _texts(orjson.loads(part.content)) if len(text) > 5}
    assert len(planted) > 20
    assert [text for text in planted if text in stored] == []


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for inner in value.values() for text in _texts(inner)]
    if isinstance(value, list | tuple):
        return [text for inner in value for text in _texts(inner)]
    return []


# --- a death at every station ---------------------------------------------------------------------


@pytest.mark.parametrize("passing", [1, 2, 3])
@pytest.mark.parametrize("station", [Station.FETCHED, Station.OPENED, Station.COMMITTED])
async def test_a_death_loses_and_doubles_nothing(tmp_path: Path, station: Station, passing: int) -> None:
    """After a restart each event is in the inbox once, with all its parts, and every stream is whole."""
    cloud, police, social = kafka(), Source(), Source(UPTD)
    early, late = police.send(alert(1), alert(2)), police.send(alert(3), alert(4))
    child = social.send(alert(5, data__open__mayInvolveChild=True))
    waves = [
        (keys_to_me(early), early.events, late.events),
        (keys_to_me(late), child.events),
        (child.keys, early.events),
    ]
    died = 0
    remaining = list(waves)
    probe = Death(station, passing)
    while True:
        async with reading(tmp_path, cloud, probe=probe) as node:
            try:
                await node.drain()
                while remaining:
                    put(cloud, *remaining.pop(0))
                    await node.drain()
            except KilledError:
                died += 1
                probe = Death()
                continue
            entries = await node.entries()
            assert sorted(await node.event_ids()) == sorted([*early.event_ids, *late.event_ids, *child.event_ids])
            assert len({entry.row for entry in entries}) == len(entries) == 5
            assert all(set(one.parts) == {"narrative", "place"} for one in await node.opened())
            assert (await node.codes(), await node.quarantined()) == ([], [])
            heads = [await node.thread.run(node.inbox.stream, ALERT, source) for source in (POL, UPTD)]
            assert [stream.head.sequence for stream in heads] == [4, 1]
            break
    assert died == 1


def _me_with(*keys: ReceivingKey) -> InForce:
    """The federation in which this node's agency has these receiving keys."""
    me = FORCE.federation.agencies[ME]
    return listed(agencies={**FORCE.federation.agencies, ME: replace(me, receiving=keys)})


@pytest.mark.parametrize("further", [0, 1], ids=["revoked and none listed", "renewed and the older one unlisted"])
async def test_what_waits_for_its_key_outlives_a_change_of_receiving_keys(tmp_path: Path, further: int) -> None:
    """When this agency joined is what its node was told at first, also after a restart; no key listed is no mistake."""
    cloud, police = kafka(), Source()
    sent = police.send(alert(1, audience=ME))
    (key,) = FORCE.federation.agencies[ME].receiving
    force = _me_with(*[replace(key, not_before=NOON + timedelta(hours=1))] * further)
    async with reading(tmp_path, cloud) as node:
        await node.drain()
    put(cloud, sent.events)
    async with reading(tmp_path, cloud, force=lambda: force) as node:
        await node.drain()
        put(cloud, sent.keys)
        await node.drain()
        assert await node.event_ids() == sent.event_ids


async def test_where_no_receiving_key_was_ever_listed_everything_waits(tmp_path: Path) -> None:
    """Nothing is passed over on a guess."""
    cloud, police = kafka(), Source()
    sent = police.send(alert(1, audience=ME))
    put(cloud, sent.events)
    force = _me_with()
    async with reading(tmp_path, cloud, force=lambda: force) as node:
        await node.drain()
        put(cloud, sent.keys)
        await node.drain()
        assert await node.event_ids() == sent.event_ids


async def test_what_was_sealed_before_this_agency_joined_is_passed_over(tmp_path: Path, log_lines: Lines) -> None:
    """Older records of an area are for others: their stream goes on, nobody waits for their keys, the log counts."""
    cloud, police = kafka(), Source()
    before = police.send(alert(1, audience=ME))
    after = police.send(alert(2, audience=ME))
    wraps = [record for record in keys_to_me(before) if (record.key or b"").startswith(b"wrap/")]
    put(cloud, before.events, wraps, keys_to_me(after), after.events)
    (key,) = FORCE.federation.agencies[ME].receiving
    force = _me_with(replace(key, not_before=NOON + timedelta(seconds=1)))
    async with reading(tmp_path, cloud, force=lambda: force) as node:
        await node.drain()
        counts = await asyncio.to_thread(node.inbox.counts)
        assert (counts.entries, counts.waiting, counts.held, counts.quarantined) == (1, 0, 0, 0)
        assert await node.event_ids() == after.event_ids
    assert [line["count"] for line in log_lines if line["event"] == "passed-over"] == [1]
