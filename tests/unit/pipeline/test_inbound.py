"""The reader: what comes in, what waits for its key, and what a further record of an event does."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from broker.names import PartName, keys_topic
from broker.pipeline import keyring_feed
from broker.ports import EntryKind, Station
from broker.stages import Unsealed
from tests.unit.pipeline.receiving import (
    ALERT,
    ME,
    Source,
    kafka,
    keys_to_me,
    put,
    reading,
)
from tests.unit.pipeline.sending import POL, UPTD, alert
from tests.unit.pipeline.spoiling import with_cover, with_late_key, without_part

if TYPE_CHECKING:
    from pathlib import Path


pytestmark = pytest.mark.asyncio

FROM_POLICE = keys_topic(POL, ME)


# --- what comes in --------------------------------------------------------------------------------


async def test_events_come_in_order_with_all_parts(tmp_path: Path) -> None:
    """Keys first, then events: each is an entry once, and opens with what this agency may see."""
    cloud, police, social = kafka(), Source(), Source(UPTD)
    first = police.send(*[alert(number) for number in range(20)], batch=7)
    other = social.send(alert(99, data__open__mayInvolveChild=True))
    put(cloud, first.keys, other.keys, first.events, other.events)
    async with reading(tmp_path, cloud) as node:
        await node.drain()
        assert await node.event_ids() == [*first.event_ids, *other.event_ids]
        assert all(set(one.parts) == {"narrative", "place"} for one in await node.opened())
        assert (await node.codes(), await node.quarantined()) == ([], [])
        assert [entry.kind for entry in await node.entries()] == [EntryKind.NEW] * 21


async def test_a_restart_goes_on_from_what_was_stored(tmp_path: Path) -> None:
    """Nothing is read twice, and what is new is read."""
    cloud, police = kafka(), Source()
    first, second = police.send(alert(1)), police.send(alert(2))
    put(cloud, first.keys, first.events)
    async with reading(tmp_path, cloud) as node:
        await node.drain()
    put(cloud, second.keys, second.events)
    async with reading(tmp_path, cloud) as node:
        await node.drain()
        assert node.probe.seen[Station.FETCHED] == len(keys_to_me(second)) + 1
        assert await node.event_ids() == [*first.event_ids, *second.event_ids]


async def test_what_is_sent_again_is_dropped_and_counted(tmp_path: Path) -> None:
    """An honest resend is no error."""
    cloud, police = kafka(), Source()
    sent = police.send(alert(1), alert(2))
    put(cloud, sent.keys, sent.events, sent.events, sent.keys)
    async with reading(tmp_path, cloud) as node:
        await node.drain()
        assert await node.event_ids() == sent.event_ids
        assert (await node.thread.run(node.inbox.counts)).resent == 2
        assert await node.codes() == []


async def test_a_null_on_a_key_topic_erases_nothing(tmp_path: Path) -> None:
    """No node acts on a null; it only cleans the log."""
    cloud, police = kafka(), Source()
    sent = police.send(alert(1))
    nulls = police.place(
        [
            Unsealed(topic=record.topic, record_id=record.record_id, key=record.key, value=None)
            for record in keys_to_me(sent)
        ]
    )
    put(cloud, sent.keys, nulls, sent.events)
    async with reading(tmp_path, cloud) as node:
        await node.drain()
        assert await node.event_ids() == sent.event_ids
        assert (await node.codes(), await node.quarantined()) == ([], [])


async def test_data_keys_may_come_before_their_wrapping_key(tmp_path: Path) -> None:
    """Key records need no order among themselves."""
    cloud, police = kafka(), Source()
    sent = police.send(alert(1))
    put(cloud, sent.events, keys_to_me(sent)[1:])
    async with reading(tmp_path, cloud) as node:
        await node.drain()
        assert await node.entries() == []
        assert await node.thread.run(node.keys.waiting_of, POL) == 1
        put(cloud, keys_to_me(sent)[:1])
        await node.drain()
        assert await node.event_ids() == sent.event_ids
        assert await node.thread.run(node.keys.waiting_of, POL) == 0


async def test_what_waits_for_wrapping_keys_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the bound of a source a key record is quarantined with a code."""
    monkeypatch.setattr(keyring_feed, "MAX_WAITING", 1)
    cloud, police = kafka(), Source()
    sent = police.send(alert(1), alert(2, case="LP/2"), alert(3, case="LP/3"))
    units = keys_to_me(sent)[1:]
    put(cloud, units[:2])
    async with reading(tmp_path, cloud) as node:
        await node.drain()
        put(cloud, units[2:])
        await node.drain()
        assert await node.thread.run(node.keys.waiting_of, POL) == 1
        code = "inbound.too-many-keys-wait"
        assert await node.quarantined() == [(code, FROM_POLICE, 1), (code, FROM_POLICE, 2)]


# --- what waits -----------------------------------------------------------------------------------


async def test_an_event_before_its_key_waits_and_holds_up_nothing(tmp_path: Path) -> None:
    """The stream goes on; the event is let in when its key comes, and is reported once if that takes a minute."""
    cloud, police = kafka(), Source()
    first, second = police.send(alert(1)), police.send(alert(2))
    wrapping = keys_to_me(first)[:1]
    put(cloud, wrapping, keys_to_me(second), first.events, second.events)
    async with reading(tmp_path, cloud) as node:
        await node.drain()
        assert await node.event_ids() == second.event_ids
        assert (await node.thread.run(node.inbox.counts)).waiting == 1
        node.clock.time += timedelta(seconds=50)
        await node.drain()
        assert await node.codes() == []
        node.clock.time += timedelta(seconds=10)
        await node.drain()
        await node.drain()
        (late,) = await node.findings()
        assert (late.code, late.detail, late.offset) == ("inbound.key-missing", "cover", 0)
        put(cloud, keys_to_me(first)[1:])
        await node.drain()
        assert await node.event_ids() == [*second.event_ids, *first.event_ids]
        assert (await node.thread.run(node.inbox.counts)).waiting == 0


async def test_a_part_whose_key_comes_late_completes_the_event(tmp_path: Path) -> None:
    """What opens is delivered at once; the part follows as an entry of its own."""
    cloud, police = kafka(), Source()
    sent, late = with_late_key(police, police.clear(alert(1)), "place")
    put(cloud, sent.keys, sent.events)
    async with reading(tmp_path, cloud) as node:
        await node.drain()
        (before,) = await node.opened()
        assert (set(before.parts), set(before.missing)) == ({"narrative"}, {"place"})
        put(cloud, late)
        await node.drain()
        assert [entry.kind for entry in await node.entries()] == [EntryKind.NEW, EntryKind.COMPLETED]
        after = (await node.opened())[-1]
        assert (set(after.parts), after.missing) == ({"narrative", "place"}, {})
        assert await node.thread.run(node.inbox.missing, 0, 9) == []


async def test_a_part_whose_key_does_not_come_is_reported_once(tmp_path: Path) -> None:
    """After a minute by this node's own clock."""
    cloud, police = kafka(), Source()
    sent, _ = with_late_key(police, police.clear(alert(1)), "place")
    put(cloud, sent.keys, sent.events)
    async with reading(tmp_path, cloud) as node:
        await node.drain()
        for _ in range(2):
            node.clock.time += timedelta(minutes=2)
            await node.drain()
        assert [(found.code, found.detail) for found in await node.findings()] == [("inbound.key-missing", "part")]
        assert await node.thread.run(node.inbox.overdue, node.clock.time, 9) == []


async def test_a_late_part_that_is_refused_stays_closed_and_the_event_stands(tmp_path: Path) -> None:
    """What was delivered remains readable; the part is reported, and not tried again."""
    cloud, police = kafka(), Source()
    cleared = police.clear(alert(1))
    (copy,) = cleared.copies
    parts = tuple(
        replace(part, readers=frozenset({ME}), content=b'{"no":"place"}') if part.name == "place" else part
        for part in copy.parts
    )
    sent = police.seal(replace(cleared, copies=(replace(copy, parts=parts),)))
    late = keys_to_me(sent)[-1:]
    put(cloud, [record for record in sent.keys if record not in late], sent.events)
    async with reading(tmp_path, cloud) as node:
        await node.drain()
        put(cloud, late)
        await node.drain()
        assert [(found.code, found.detail) for found in await node.findings()] == [
            ("inbound.part-refused", "invalid.compartment")
        ]
        (view,) = await node.opened()
        assert set(view.parts) == {"narrative"}
        assert await node.thread.run(node.inbox.missing, 0, 9) == []


async def test_a_crash_between_the_two_stores_leaves_nothing_waiting(tmp_path: Path) -> None:
    """Keys that became durable just before a death are found by the next start."""
    cloud, police = kafka(), Source()
    sent = police.send(alert(1))
    put(cloud, sent.events)
    async with reading(tmp_path, cloud) as node:
        await node.drain()
        put(cloud, sent.keys)
        node.inbound._events.complete = _die  # type: ignore[method-assign]
        with pytest.raises(RuntimeError, match="died"):
            await node.drain()
    async with reading(tmp_path, cloud) as node:
        await node.drain()
        assert await node.event_ids() == sent.event_ids


def _die(*_: Any, **__: Any) -> None:
    raise RuntimeError("died")


# --- further records of one event -----------------------------------------------------------------


async def test_a_further_record_that_adds_nothing_is_dropped(tmp_path: Path) -> None:
    """The same event again at another place: one entry, no finding."""
    cloud, police = kafka(), Source()
    cleared = police.clear(alert(1))
    first, again = police.seal(cleared), police.seal(cleared)
    put(cloud, first.keys, again.keys, first.events, again.events)
    async with reading(tmp_path, cloud) as node:
        await node.drain()
        assert await node.event_ids() == first.event_ids
        assert (await node.codes(), await node.quarantined()) == ([], [])
        assert (await node.thread.run(node.inbox.stream, ALERT, POL)).head.sequence == 2


@pytest.mark.parametrize("apart", ["in one batch", "later"])
async def test_a_further_record_adds_its_parts(tmp_path: Path, apart: str) -> None:
    """What the first lacked is added, whichever batch it comes in."""
    cloud, police = kafka(), Source()
    cleared = police.clear(alert(1))
    short, whole = police.seal(without_part(cleared, "place")), police.seal(cleared)
    put(cloud, short.keys, whole.keys, short.events)
    async with reading(tmp_path, cloud) as node:
        if apart == "later":
            await node.drain()
        put(cloud, whole.events)
        await node.drain()
        assert [entry.kind for entry in await node.entries()] == [EntryKind.NEW, EntryKind.COMPLETED]
        (row,) = {entry.row for entry in await node.entries()}
        assert len(await node.thread.run(node.inbox.records, row)) == 2
        assert set((await node.opened())[0].parts) == {"narrative", "place"}
        assert await node.codes() == []


async def test_a_further_record_that_contradicts_is_quarantined_with_both_leaves(tmp_path: Path) -> None:
    """The first stands; the second is evidence."""
    cloud, police = kafka(), Source()
    cleared = police.clear(alert(1))
    other = with_cover(cleared, lambda cover: cover.update(priority="P1" if cover["priority"] != "P1" else "P2"))
    first, second, third = police.seal(cleared), police.seal(other), police.send(alert(2))
    put(cloud, first.keys, second.keys, third.keys, first.events, second.events, third.events)
    async with reading(tmp_path, cloud) as node:
        await node.drain()
        assert await node.event_ids() == [*first.event_ids, *third.event_ids]
        assert await node.quarantined() == [("inbound.contradicts", ALERT, 1)]
        (found,) = await node.findings()
        assert found.evidence == (first.events[0].leaf, second.events[0].leaf)


async def test_a_late_part_that_contradicts_stays_closed(tmp_path: Path) -> None:
    """What was delivered is not rewritten when the key of an older record of the event comes."""
    cloud, police = kafka(), Source()
    first, late = with_late_key(police, police.clear(alert(1, data__narrative__headline="one")), "narrative")
    second = police.send(alert(1, data__narrative__headline="two"))
    put(cloud, first.keys, second.keys, first.events, second.events)
    async with reading(tmp_path, cloud) as node:
        await node.drain()
        put(cloud, late)
        await node.drain()
        texts = [view.parts[PartName("narrative")].content for view in await node.opened()]
        assert all(b"two" in text for text in texts)
        (found,) = await node.findings()
        assert (found.code, found.detail) == ("inbound.part-refused", "inbound.contradicts")
        assert found.evidence == (second.events[0].leaf, first.events[0].leaf)
        assert await node.thread.run(node.inbox.missing, 0, 9) == []
