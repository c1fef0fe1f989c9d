"""The process dies at every station of the way out: nothing is lost, nothing doubled, nothing sent in two ways."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from broker.names import Topic, area_topic, mail_topic
from broker.ports import SendState, Station
from tests.unit.pipeline.sending import (
    BP3MI,
    FEDERATION,
    FORCE,
    IMI,
    SOURCE,
    Death,
    KilledError,
    Node,
    Reader,
    alert,
    kafka_for,
    node,
    places,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from broker.kafka.memory import MemoryKafka
    from broker.names import EventId
    from broker.stages import Draft

ALERT = area_topic("alert")
OUTBOUND = [
    Station.ACCEPTED,
    Station.SEALED,
    Station.STORED,
    Station.SENT,
    Station.ACKNOWLEDGED,
    Station.MARKED,
]
FIRST = [alert(1), alert(2, case="LP/2"), alert(3, audience=IMI), alert(4)]
SECOND = [alert(5), alert(6, case="LP/3"), alert(7, case="LP/2", audience=IMI)]


async def _hand_in(running: Node, *batches: Sequence[Draft]) -> None:
    for drafts in batches:
        await running.accept(drafts)
        await running.relay_until(running.all_sent)


@pytest.mark.asyncio
@pytest.mark.parametrize("passing", [pytest.param(1, id="first batch"), pytest.param(2, id="second batch")])
@pytest.mark.parametrize("station", OUTBOUND)
async def test_a_death_loses_and_doubles_nothing(tmp_path: Path, station: Station, passing: int) -> None:
    """After a restart on the same files every event is in Kafka, at one place, in one form, and opens."""
    kafka = kafka_for(FORCE)
    async with node(tmp_path, kafka.publisher(), probe=Death(station, passing)) as running:
        with pytest.raises(KilledError):
            await _hand_in(running, FIRST, SECOND)
    async with node(tmp_path, kafka.publisher()) as running:
        # The caller got no answer, or was not asked yet: it hands in all of it again.
        events = await running.accept([*FIRST, *SECOND])
        await running.relay_until(running.all_sent)
        sent = [await running.ask(running.outbox.find, event_id) for event_id in events]
        assert await running.ask(running.keys.unannounced) == []
        for key_id, key in Reader(SOURCE, FEDERATION).keys(kafka).items():
            assert await running.ask(running.keys.data_key, SOURCE, key_id) == key
    assert [item and item.state for item in sent] == [SendState.PUBLISHED] * len(events)
    _check(kafka, events)


def _check(kafka: MemoryKafka, events: Sequence[EventId]) -> None:
    found = FEDERATION
    streams = places(kafka, found)
    mail = mail_topic(SOURCE, IMI)
    at_place = {topic: _opened(kafka, topic) for topic in (ALERT, mail)}
    assert sorted(at_place[ALERT].values()) == sorted(events[at] for at in (0, 1, 3, 4, 5))
    assert sorted(at_place[mail].values()) == sorted(events[at] for at in (2, 6))
    assert [len(streams[topic]) for topic in (ALERT, mail)] == [5, 2]


def _opened(kafka: MemoryKafka, topic: Topic) -> dict[int, EventId]:
    """Open all of a topic as each of its readers; they see the same events at the same places."""
    seen = []
    for agency in (IMI, BP3MI) if topic == ALERT else (IMI,):
        opened = list(Reader(agency, FEDERATION).events(kafka, topic))
        assert all(not item.missing for item in opened)
        seen.append({item.verified.sequence: item.event_id for item in opened})
    assert all(one == seen[0] for one in seen)
    return seen[0]


@pytest.mark.asyncio
@pytest.mark.parametrize("station", OUTBOUND)
async def test_deaths_in_a_row_end_in_the_same(tmp_path: Path, station: Station) -> None:
    """A node that dies at the same station again and again still gets through, one batch a life at worst."""
    kafka = kafka_for(FORCE)
    for life in range(3):
        async with node(tmp_path, kafka.publisher(), probe=Death(station)) as running:
            with pytest.raises(KilledError):
                await _hand_in(running, [*FIRST, alert(life + 10)])
    async with node(tmp_path, kafka.publisher()) as running:
        await running.relay_until(running.all_sent)
        published = [item.event_id for item in await running.ask(running.outbox.events, limit=99)]
    streams = places(kafka, FEDERATION)
    opened = _opened(kafka, ALERT)
    in_mail = _opened(kafka, mail_topic(SOURCE, IMI))
    assert sorted([*opened.values(), *in_mail.values()]) == sorted(published)
    assert len(streams[ALERT]) + len(streams[mail_topic(SOURCE, IMI)]) == len(published)


@pytest.mark.asyncio
async def test_a_lane_belongs_to_one_start(tmp_path: Path) -> None:
    """What was stored before a start keeps its lane; what is sealed after it opens a new one that goes on counting."""
    kafka = kafka_for(FORCE)
    for death, drafts in ((None, FIRST), (Station.STORED, SECOND), (None, [alert(8)])):
        async with node(tmp_path, kafka.publisher(), probe=Death(death)) as running:
            await running.accept(drafts)
            if death is None:
                await running.relay_until(running.all_sent)
            else:
                with pytest.raises(KilledError):
                    await running.relay_until(running.all_sent)
    lanes = [item.lane for _, item in sorted(places(kafka, FEDERATION)[ALERT].items())]
    assert [len(set(lanes[start:end])) for start, end in ((0, 3), (3, 5), (5, 6))] == [1, 1, 1]
    assert len(set(lanes)) == 3
