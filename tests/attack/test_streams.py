"""Whoever runs Kafka, or holds a stolen key, against the stream of one source: nothing of it passes silently."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from broker.names import Topic, mail_topic
from tests.unit.pipeline.receiving import ALERT, GENESIS_HEAD, ME, Source, kafka, put, reading, rewritten
from tests.unit.pipeline.sending import POL, UPTD, alert

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.pipeline.receiving import ReadingNode

pytestmark = pytest.mark.asyncio

MAIL = mail_topic(POL, ME)


async def _wait_long(node: ReadingNode) -> None:
    node.clock.time += timedelta(minutes=6)
    await node.drain()


async def test_a_withheld_record_is_reported_and_what_follows_is_held(tmp_path: Path) -> None:
    """Nothing beyond the gap is shown as if it were whole; when the record appears, all is."""
    cloud, police = kafka(), Source()
    sent = police.send(*[alert(number) for number in range(4)])
    put(cloud, sent.keys, sent.events[:1], sent.events[2:])
    async with reading(tmp_path, cloud) as node:
        await node.drain()
        assert await node.event_ids() == sent.event_ids[:1]
        assert await node.codes() == []
        await _wait_long(node)
        await _wait_long(node)
        (found,) = await node.findings()
        assert (found.code, found.source, found.topic, found.detail) == (
            "stream.withheld",
            POL,
            ALERT,
            "after sequence 1",
        )
        assert found.evidence == (sent.events[0].leaf, sent.events[2].leaf)
        put(cloud, sent.events[1:2])
        await node.drain()
        assert await node.event_ids() == sent.event_ids


async def test_reordered_records_are_put_in_order(tmp_path: Path) -> None:
    """The reader shows them as the source wrote them."""
    cloud, police = kafka(), Source()
    sent = police.send(*[alert(number) for number in range(6)])
    put(cloud, sent.keys, sent.events)
    rewritten(cloud, ALERT, lambda records: [records[at] for at in (0, 5, 3, 4, 2, 1)])
    async with reading(tmp_path, cloud) as node:
        await node.drain()
        assert await node.event_ids() == sent.event_ids
        assert (await node.codes(), (await node.thread.run(node.inbox.counts)).held) == ([], 0)


async def test_replayed_records_are_dropped(tmp_path: Path) -> None:
    """Any number of times, at any time, also after a restart."""
    cloud, police = kafka(), Source()
    sent = police.send(alert(1), alert(2))
    put(cloud, sent.keys, sent.events)
    async with reading(tmp_path, cloud) as node:
        await node.drain()
    put(cloud, sent.events, sent.events[:1], sent.keys)
    async with reading(tmp_path, cloud) as node:
        await node.drain()
        assert await node.event_ids() == sent.event_ids
        assert (await node.thread.run(node.inbox.counts)).resent == 3
        assert await node.codes() == []


@pytest.mark.parametrize("target", [MAIL, Topic("simpul.outreach"), mail_topic(UPTD, ME)])
async def test_a_record_moved_to_another_topic_is_refused(tmp_path: Path, target: Topic) -> None:
    """The topic is signed: it is quarantined there, and no stream moves."""
    cloud, police = kafka(), Source()
    sent = police.send(alert(1))
    put(cloud, sent.keys, [replace(record, topic=target) for record in sent.events])
    async with reading(tmp_path, cloud) as node:
        await node.drain()
        assert await node.entries() == []
        ((code, topic, _),) = await node.quarantined()
        assert (code.partition(".")[0], topic) == ("untrusted", target)
        assert (await node.thread.run(node.inbox.stream, target, POL)).head.sequence == 0


async def test_a_stolen_key_that_writes_at_a_known_place_shows(tmp_path: Path) -> None:
    """The first stands and goes on; the other is held, and both leaves are evidence."""
    cloud, police = kafka(), Source()
    first = police.send(alert(1))
    thief = Source(signer=police.signer)
    thief.heads = dict(police.heads)
    honest, forged = police.send(alert(2)), thief.send(alert(666))
    later = police.send(alert(3))
    put(cloud, first.keys, honest.keys, later.keys, first.events, honest.events, forged.events, later.events)
    async with reading(tmp_path, cloud) as node:
        await node.drain()
        assert await node.event_ids() == [*first.event_ids, *honest.event_ids, *later.event_ids]
        found = [one for one in await node.findings() if one.topic == ALERT]
        assert [(one.code, one.offset) for one in found] == [("stream.fork", 2)]
        assert found[0].evidence == (honest.events[0].leaf, forged.events[0].leaf)
        assert (await node.thread.run(node.inbox.counts)).forked == 1


async def test_a_stolen_key_that_overtakes_its_owner_shows(tmp_path: Path) -> None:
    """If the thief comes first, the owner's next record forks: the lane that he opened closed the owner's."""
    cloud, police = kafka(), Source()
    first = police.send(alert(1))
    thief = Source(signer=police.signer)
    thief.heads = dict(police.heads)
    forged, honest = thief.send(alert(666)), police.send(alert(2))
    further = police.send(alert(3))
    put(cloud, first.keys, honest.keys, further.keys, first.events, forged.events, honest.events, further.events)
    async with reading(tmp_path, cloud) as node:
        await node.drain()
        codes = [one.code for one in await node.findings() if one.topic == ALERT]
        assert codes == ["stream.fork", "stream.fork"]
        counts = await node.thread.run(node.inbox.counts)
        assert (counts.forked, counts.held) == (2, 0)
        assert await node.event_ids() == first.event_ids


async def test_a_record_of_a_closed_lane_is_a_fork_even_if_it_continues_the_head(tmp_path: Path) -> None:
    """A second node with the same key, or an old process that lives on."""
    cloud, police = kafka(), Source()
    first = police.send(alert(1))
    old_lane = police.lane
    police.new_lane()
    second = police.send(alert(2))
    police.lane = old_lane
    third = police.send(alert(3))
    put(cloud, first.keys, second.keys, third.keys, first.events, second.events, third.events)
    async with reading(tmp_path, cloud) as node:
        await node.drain()
        assert await node.event_ids() == [*first.event_ids, *second.event_ids]
        assert [one.code for one in await node.findings() if one.topic == ALERT] == ["stream.closed-lane"]


async def test_a_source_restored_from_a_backup_is_held(tmp_path: Path) -> None:
    """It counts again from what it remembers: one finding, and nothing of its new lane is shown."""
    cloud, police = kafka(), Source()
    kept = police.send(alert(1), alert(2))
    backup = dict(police.heads)
    lost = police.send(alert(3), alert(4))
    police.heads[ALERT] = backup[ALERT]
    police.new_lane()
    again = police.send(alert(5), alert(6), alert(7))
    put(cloud, kept.keys, lost.keys, again.keys, kept.events, lost.events, again.events)
    async with reading(tmp_path, cloud) as node:
        await node.drain()
        assert await node.event_ids() == [*kept.event_ids, *lost.event_ids]
        found = await node.findings()
        assert [(one.code, one.offset) for one in found] == [("stream.fork", 4)]
        assert (await node.thread.run(node.inbox.counts)).forked == 3


async def test_a_later_record_of_a_closed_lane_is_a_fork_at_once(tmp_path: Path) -> None:
    """Whatever fills the gap before it, nothing of that lane can follow: it is not held as if something could."""
    cloud, police = kafka(), Source()
    first, old_lane = police.send(alert(1)), police.lane
    police.new_lane()
    second = police.send(alert(2))
    police.lane = old_lane
    _, last = police.send(alert(3)), police.send(alert(4))
    put(cloud, first.keys, second.keys, last.keys, first.events, second.events, last.events)
    async with reading(tmp_path, cloud) as node:
        await node.drain()
        assert [one.code for one in await node.findings() if one.topic == ALERT] == ["stream.closed-lane"]
        counts = await node.thread.run(node.inbox.counts)
        assert (counts.forked, counts.held) == (1, 0)


async def test_a_restored_source_still_gives_its_keys(tmp_path: Path) -> None:
    """Its key records begin again at a known place and name another leaf: each is needed, and each is taken."""
    cloud, police = kafka(), Source()
    first = police.send(alert(1, case="LP/1"))
    put(cloud, first.keys, first.events)
    restored = Source(POL)
    restored.heads = {**police.heads, **{topic: GENESIS_HEAD for topic in police.heads if topic != ALERT}}
    again = restored.send(*[alert(number, case=f"LP/{number}") for number in range(2, 9)])
    put(cloud, again.keys, again.events)
    async with reading(tmp_path, cloud) as node:
        await node.drain()
        assert await node.event_ids() == [*first.event_ids, *again.event_ids]
        assert set(await node.codes()) == {"stream.fork"}


async def test_records_cut_from_the_front_are_a_gap(tmp_path: Path) -> None:
    """Whoever runs Kafka can rewrite a topic without its first record; a stream begins at number 1 all the same."""
    cloud, police = kafka(), Source()
    sent = police.send(alert(1), alert(2), alert(3))
    put(cloud, sent.keys, sent.events)
    rewritten(cloud, ALERT, lambda records: records[1:])
    async with reading(tmp_path, cloud) as node:
        await node.drain()
        assert await node.entries() == []
        await _wait_long(node)
        assert await node.codes() == ["stream.withheld"]
