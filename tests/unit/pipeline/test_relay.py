"""The relay: keys before events, one key for one unit and its readers, and nothing sealed while Kafka is away."""

from __future__ import annotations

import asyncio
import multiprocessing
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from broker.kafka.memory import MemoryPublisher
from broker.names import AgencyId, EventId, area_topic, keys_topic, mail_topic
from broker.ports import SendState, Station
from broker.sealing.private_keys import RECEIVING_BYTES, HybridReceiver
from tests.unit.pipeline.sending import (
    AGREEMENTS,
    BP3MI,
    FEDERATION,
    FORCE,
    IMI,
    LPSK,
    NOON,
    SOURCE,
    HeldClock,
    Node,
    Reader,
    alert,
    federation,
    in_force,
    kafka_for,
    node,
    places,
    receiving_key,
)
from tests.unit.validation.bodies import body, draft

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from broker.kafka.memory import MemoryKafka
    from broker.names import Topic
    from broker.ports import SentEvent
    from broker.stages import Draft, Sealed
    from tests.conftest import Lines

ALERT = area_topic("alert")
PLANTED = ("Kampung Rahasia", "LP/77/planted", "planted-record-id", "id.simpul.alert", "KTP ditahan", BP3MI + chr(34))


async def _send(running: Node, *drafts: Draft) -> list[EventId]:
    events = await running.accept(drafts)
    await running.relay_until(running.all_sent)
    return events


async def _found(running: Node, event_id: EventId) -> SentEvent:
    found = await running.ask(running.outbox.find, event_id)
    assert found is not None
    return found


def _unit_keys(kafka: MemoryKafka, reader: AgencyId) -> list[bytes]:
    records = kafka.records[keys_topic(SOURCE, reader)]
    return [record.key for record in records if record.key and record.key.startswith(b"unit/")]


@pytest.mark.asyncio
async def test_keys_arrive_before_what_they_open(tmp_path: Path) -> None:
    """Every key record of a round is acknowledged before the first event record is handed to Kafka."""
    kafka = kafka_for(FORCE)
    calls: list[list[bool]] = []

    class Watched(MemoryPublisher):
        async def publish(self, records: Sequence[Sealed]) -> list[int]:
            calls.append([record.event_id is None for record in records])
            return await super().publish(records)

    async with node(tmp_path, Watched(kafka)) as running:
        await _send(running, alert(1), alert(2, case="LP/2"), alert(3, audience=IMI))
    assert [set(call) for call in calls] == [{True}, {False}]
    for reader in (IMI, BP3MI, SOURCE):
        Reader(reader, FEDERATION).keyring(kafka)
    assert len(list(Reader(SOURCE, FEDERATION).events(kafka, ALERT))) == 2


@pytest.mark.asyncio
async def test_one_key_serves_a_case_and_its_readers(tmp_path: Path) -> None:
    """A further event of the case, also after a restart, needs no new key; other readers and other cases do."""
    kafka = kafka_for(FORCE)
    async with node(tmp_path, kafka.publisher()) as running:
        await _send(running, alert(1), alert(2))
        await _send(running, alert(3))
        assert [len(_unit_keys(kafka, reader)) for reader in (IMI, BP3MI, SOURCE)] == [1, 1, 1]
    async with node(tmp_path, kafka.publisher()) as running:
        await _send(running, alert(4))
        assert [len(_unit_keys(kafka, reader)) for reader in (IMI, BP3MI, SOURCE)] == [1, 1, 1]
        await _send(running, alert(5, audience=IMI))
        assert [len(_unit_keys(kafka, reader)) for reader in (IMI, BP3MI, SOURCE)] == [2, 1, 2]
        await _send(running, alert(6, case="LP/2"))
    assert [len(_unit_keys(kafka, reader)) for reader in (IMI, BP3MI, SOURCE)] == [3, 2, 3]
    names = [{key.split(b"/")[1] for key in _unit_keys(kafka, reader)} for reader in (IMI, BP3MI, SOURCE)]
    assert [len(units) for units in names] == [2, 2, 2]
    assert not names[0] & names[1], "a unit has one name for two pairs"
    assert len(list(Reader(IMI, FEDERATION).events(kafka, ALERT))) == 5


@pytest.mark.asyncio
async def test_wrapping_keys_are_of_the_day(tmp_path: Path) -> None:
    """One a recipient and UTC day, across restarts; the next day has its own."""
    kafka, clock = kafka_for(FORCE), HeldClock()

    def wraps() -> list[int]:
        counted = []
        for reader in (IMI, BP3MI, SOURCE):
            records = kafka.records[keys_topic(SOURCE, reader)]
            counted.append(sum(bool(record.key and record.key.startswith(b"wrap/")) for record in records))
        return counted

    async with node(tmp_path, kafka.publisher(), clock=clock) as running:
        await _send(running, alert(1))
        await _send(running, alert(2, case="LP/2"))
    async with node(tmp_path, kafka.publisher(), clock=clock) as running:
        await _send(running, alert(3, case="LP/3"))
        assert wraps() == [1, 1, 1]
        clock.time += timedelta(days=1)
        await _send(running, alert(4))
        assert wraps() == [1, 1, 1], "an old key needs no new wrapping"
        await _send(running, alert(5, case="LP/5", audience=IMI))
    assert wraps() == [2, 1, 2]


@pytest.mark.asyncio
async def test_a_renewed_receiving_key_renews_the_data_key(tmp_path: Path) -> None:
    """A reader that changes its receiving key gets a new data key for what follows, and so do the others."""
    kafka = kafka_for(FORCE)
    renewed = HybridReceiver(b"r" * RECEIVING_BYTES)
    later = in_force(federation({IMI: (receiving_key(IMI, renewed),)}, version=2))
    forces = [FORCE]
    async with node(tmp_path, kafka.publisher(), force=lambda: forces[-1]) as running:
        await _send(running, alert(1))
        forces.append(later)
        await _send(running, alert(2))
    assert [len(_unit_keys(kafka, reader)) for reader in (IMI, BP3MI, SOURCE)] == [2, 2, 2]


@pytest.mark.asyncio
async def test_nothing_is_sealed_while_kafka_is_away(tmp_path: Path, log_lines: Lines) -> None:
    """At most the one batch that met the outage is sealed; the rest waits, trouble is visible, and all leaves after."""
    kafka = kafka_for(FORCE)
    async with node(tmp_path, kafka.publisher()) as running:
        await running.accept([alert(1)])
        kafka.down = True
        await running.relay_until(lambda: running.relay.backoff.trouble is not None)
        await running.accept([alert(2), alert(3)])
        await running.relay_until(lambda: (running.relay.backoff.trouble or _NONE).attempts >= 3)
        backlog = await running.ask(running.outbox.backlog)
        trouble = running.relay.backoff.trouble
        kafka.down = False
        await running.relay_until(running.all_sent)
        await running.relay_until(lambda: running.relay.backoff.trouble is None)
    assert backlog.accepted == 2
    assert trouble is not None
    assert (trouble.code, trouble.since) == ("kafka.unreachable", NOON)
    said = [(line["event"], line["part"], line["code"]) for line in log_lines]
    assert said == [("trouble", "relay", "kafka.unreachable"), ("trouble-over", "relay", "kafka.unreachable")]
    assert len(places(kafka, FEDERATION)[ALERT]) == 3


@pytest.mark.asyncio
@pytest.mark.parametrize("unfit", ["unlisted", "another agency's", "expired", "not yet valid"])
async def test_nothing_is_sealed_with_a_signing_key_that_readers_refuse(
    tmp_path: Path, unfit: str, log_lines: Lines
) -> None:
    """Drafts wait, the trouble is visible, and they leave once the federation lists a valid key."""
    kafka, (key,) = kafka_for(FORCE), FEDERATION.signing_keys.values()
    listed = {
        "unlisted": (),
        "another agency's": (replace(key, agency=IMI),),
        "expired": (replace(key, not_after=NOON - timedelta(seconds=1)),),
        "not yet valid": (replace(key, not_before=NOON + timedelta(seconds=1)),),
    }[unfit]
    forces = [in_force(replace(FEDERATION, signing_keys={one.key_id: one for one in listed}))]
    async with node(tmp_path, kafka.publisher(), force=lambda: forces[-1]) as running:
        await running.accept([alert(1)])
        await running.relay_until(lambda: running.relay.backoff.trouble is not None or running.all_sent())
        backlog = await running.ask(running.outbox.backlog)
        assert (backlog.accepted, backlog.unpublished) == (1, 0)
        assert not any(kafka.records.values())
        forces.append(FORCE)
        await running.relay_until(running.all_sent)
        await running.relay_until(lambda: running.relay.backoff.trouble is None)
    said = [(line["event"], line["part"], line["code"]) for line in log_lines]
    assert said == [("trouble", "relay", "outbound.signing-key"), ("trouble-over", "relay", "outbound.signing-key")]
    assert len(places(kafka, FEDERATION)[ALERT]) == 1


class _NoTrouble:
    attempts = 0


_NONE = _NoTrouble()


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "absent",
    [
        pytest.param(mail_topic(SOURCE, IMI), id="a mailbox"),
        pytest.param(keys_topic(SOURCE, IMI), id="the keys of a mailbox"),
    ],
)
async def test_one_absent_topic_holds_up_no_other(tmp_path: Path, absent: Topic, log_lines: Lines) -> None:
    """What goes elsewhere leaves; what waits for the topic leaves in its order once it is there."""
    kafka, clock = kafka_for(FORCE), HeldClock()
    mail = mail_topic(SOURCE, IMI)
    del kafka.records[absent], kafka._ends[absent]

    def but_one() -> bool:
        return [item.state for item in running.outbox.events(limit=9)].count(SendState.PUBLISHED) == 2

    async with node(tmp_path, kafka.publisher(), clock=clock) as running:
        waiting = await running.accept([alert(1, audience=IMI)])
        await running.accept([alert(2), alert(3, case="LP/2")])
        await running.relay_until(but_one)
        waiting += await running.accept([alert(4, audience=IMI)])
        await running.relay_until(lambda: running.outbox.backlog().accepted == 0)
        assert running.relay.backoff.trouble is None
        assert not kafka.records.get(mail)
        looked = 0

        def later() -> bool:
            nonlocal looked
            looked += 1
            if looked == 20:  # the relay has found the topic shut again by now
                kafka.create([absent])
                clock.time += timedelta(seconds=5)
            return running.all_sent()

        await running.relay_until(later)
    assert [item.event_id for item in Reader(IMI, FEDERATION).events(kafka, mail)] == waiting
    said = [(line["event"], line["code"], line["topic"]) for line in log_lines]
    assert said == [("trouble", "kafka.topic-absent", absent), ("trouble-over", "kafka.topic-absent", absent)]
    places(kafka, FEDERATION)


@pytest.mark.asyncio
async def test_a_federation_that_changes_is_asked_again(tmp_path: Path) -> None:
    """What was accepted under older rules is judged by the newest: refused with its code, kept, blocking nobody."""
    kafka = kafka_for(FORCE)
    denied = AGREEMENTS.replace(b'roles = ["immigration", "police"]\n', b'roles = ["immigration"]\n')
    strict = in_force(federation(version=2, toml=denied))
    forces = [FORCE]
    async with node(tmp_path, kafka.publisher(), force=lambda: forces[-1]) as running:
        (refused,) = await running.accept([alert(1)])
        forces.append(strict)
        await running.relay_until(lambda: running.outbox.backlog().refused == 1)
        found = await _found(running, refused)
        forces.append(in_force(federation(version=3)))
        (sent,) = await _send(running, alert(2))
        (again,) = await _send(running, alert(1))
        assert (await _found(running, sent)).state is SendState.PUBLISHED
        assert (await _found(running, again)).state is SendState.PUBLISHED
    assert found.state is SendState.REFUSED
    assert found.refusal is not None
    assert found.refusal.code.startswith("forbidden.")
    assert again == refused


@pytest.mark.asyncio
async def test_a_reader_without_a_key_refuses_only_its_own_events(tmp_path: Path) -> None:
    """An event for an agency without a receiving key is set aside by name; the next one leaves."""
    kafka = kafka_for(FORCE)
    case = draft(body("E11", audience=LPSK), record_id="case 1")
    async with node(tmp_path, kafka.publisher()) as running:
        refused, sent = await running.accept([case, alert(1)])
        await running.relay_until(running.all_sent)
        found = await _found(running, refused)
        assert (await _found(running, sent)).state is SendState.PUBLISHED
    assert found.refusal is not None
    assert (found.refusal.code, found.refusal.detail) == ("outbound.no-receiving-key", LPSK)


@pytest.mark.asyncio
async def test_a_thousand_events_leave_in_order(tmp_path: Path) -> None:
    """More than a batch, many of them new cases: all in the order in which they were accepted, each once."""
    kafka = kafka_for(FORCE)
    drafts = [alert(number, case=f"LP/{number // 3}") for number in range(600)]
    async with node(tmp_path, kafka.publisher()) as running:
        events = await running.accept(drafts[:300])
        events += await running.accept(drafts[300:])
        await running.relay_until(running.all_sent)
        assert running.probe.seen[Station.MARKED] == 600
    assert [item.event_id for item in Reader(IMI, FEDERATION).events(kafka, ALERT)] == events
    assert len(places(kafka, FEDERATION)[ALERT]) == 600


@pytest.mark.asyncio
async def test_more_than_memory_keeps_is_read_again(tmp_path: Path) -> None:
    """What was accepted before a start, by another process, is sealed from the file alone."""
    kafka = kafka_for(FORCE)
    async with node(tmp_path, kafka.publisher()) as running:
        events = await running.accept([alert(number) for number in range(20)])
    async with node(tmp_path, kafka.publisher()) as running:
        await running.relay_until(running.all_sent)
    assert [item.event_id for item in Reader(IMI, FEDERATION).events(kafka, ALERT)] == events


def _add_from_elsewhere(folder: Path, first: int) -> None:
    """Another process hands in events one by one, as the command line does."""

    async def _hand_in() -> None:
        async with node(folder, MemoryPublisher(kafka_for(FORCE))) as other:
            for number in range(first, first + 20):
                await other.accept([alert(number)])

    asyncio.run(_hand_in())


@pytest.mark.asyncio
async def test_other_processes_add_while_the_relay_runs(tmp_path: Path) -> None:
    """Two processes add to the file of a running node: it notices by itself, and each event leaves once."""
    kafka = kafka_for(FORCE)
    spawn = multiprocessing.get_context("spawn")
    others = [spawn.Process(target=_add_from_elsewhere, args=(tmp_path, first)) for first in (1000, 2000)]
    async with node(tmp_path, kafka.publisher()) as running:
        for other in others:
            await asyncio.to_thread(other.start)

        def done() -> bool:
            return len(running.outbox.events(limit=99)) == 41 and running.all_sent()

        await running.accept([alert(1)])
        await running.relay_until(done, within=40)
        for other in others:
            await asyncio.to_thread(other.join, 20)
        published = [item.event_id for item in await running.ask(running.outbox.events, limit=99)]
    assert [other.exitcode for other in others] == [0, 0]
    seen = [item.event_id for item in Reader(IMI, FEDERATION).events(kafka, ALERT)]
    assert seen == published[::-1]


@pytest.mark.asyncio
async def test_no_value_of_an_event_lies_on_a_page(tmp_path: Path) -> None:
    """While it waits, when it is refused, and after it left: none of its values is in any file of the store."""
    kafka = kafka_for(FORCE)
    planted = draft(
        body("E07", subject="LP/77/planted", audience=f"{IMI} {BP3MI}", data__narrative__headline="Kampung Rahasia"),
        record_id="planted-record-id",
    )
    async with node(tmp_path, kafka.publisher()) as running:
        (event_id,) = await running.accept([planted])
        _require_absent(tmp_path, (*PLANTED, event_id))
        kafka.down = True
        await running.relay_until(lambda: running.outbox.backlog().unpublished > 0)
        _require_absent(tmp_path, (*PLANTED, event_id))
        kafka.down = False
        await running.relay_until(running.all_sent)
        await running.ask(running.outbox._database.read, "PRAGMA wal_checkpoint(TRUNCATE)")
        _require_absent(tmp_path, (*PLANTED, event_id))
        found = await _found(running, event_id)
    _require_absent(tmp_path, (*PLANTED, event_id))
    assert found.route.copies == ((ALERT, (BP3MI, IMI)),)


def _require_absent(folder: Path, values: Sequence[str]) -> None:
    pages = b"".join(entry.read_bytes() for entry in folder.iterdir() if entry.is_file())
    assert b"CREATE TABLE draft" in pages
    for value in values:
        assert value.encode() not in pages
        assert value.replace("-", "").encode() not in pages
