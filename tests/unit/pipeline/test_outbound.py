"""The way into the outbox: what is taken is durable, what is not is named, and neither holds up the other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from broker.errors import ForbiddenError, InvalidEventError, StorageError
from broker.names import EventId, mail_topic
from broker.ports import Cause, SendState, Station
from schemas.linkage import LinkageDetectedOpen
from tests.unit.pipeline.sending import (
    BP3MI,
    FEDERATION,
    FORCE,
    IMI,
    NGO,
    SOURCE,
    UPTD,
    HeldClock,
    Reader,
    alert,
    kafka_for,
    node,
)
from tests.unit.validation.bodies import body, draft

if TYPE_CHECKING:
    from pathlib import Path

    from broker.stages import Draft


CASE = "urn:simpul:case:5f1b1a0e-6f0e-8c56-9d39-0b2f6a3f0001"
ACK = {"ackBy": "police", "ackState": "acting"}
ALERTED = EventId("5f1b1a0e-6f0e-8c56-9d39-0b2f6a3f0002")


def _acknowledgement(of: EventId) -> Draft:
    """An acknowledgement to immigration of an alert that it sent."""
    event = body("E07", subject=CASE, causationid=of, audience=IMI, data__narrative=ACK)
    event["data"]["open"] |= {"msgType": "Ack", "references": [of]}
    event["data"].pop("place", None)
    return draft(event, record_id=f"answer to {of}")


@pytest.mark.asyncio
async def test_each_refused_draft_is_named_and_the_others_go_on(tmp_path: Path) -> None:
    """Of four drafts two are refused, each with its code and its faults; the two others are durable, in order."""
    drafts = [
        alert(1),
        alert(2, data__open__severity="no such severity"),
        alert(3, audience="lpsk"),
        alert(4),
    ]
    async with node(tmp_path, kafka_for(FORCE).publisher()) as running:
        results = await running.outbound.accept(drafts)
        rows = await running.ask(running.outbox.waiting, 9, running.clock.now())
        waiting = await running.ask(running.outbox.drafts, rows)
        assert running.probe.seen[Station.ACCEPTED] == 2
    assert [item.accepted for item in results] == [True, False, False, True]
    invalid, forbidden = results[1].refused, results[2].refused
    assert isinstance(invalid, InvalidEventError)
    assert [fault.path for fault in invalid.faults] == ["data.open.severity"]
    assert isinstance(forbidden, ForbiddenError)
    assert forbidden.code.startswith("forbidden.")
    assert [item.event_id for item in waiting] == [results[0].event_id, results[3].event_id]
    assert [item.draft for item in waiting] == [drafts[0], drafts[3]]


@pytest.mark.asyncio
async def test_reading_a_source_again_adds_nothing(tmp_path: Path) -> None:
    """The same record is the same event; a further revision of it is another."""
    async with node(tmp_path, kafka_for(FORCE).publisher()) as running:
        first = await running.outbound.accept([alert(1), alert(1)])
        again = await running.outbound.accept([alert(1), draft(body("E07"), record_id="alert 1", revision="2")])
    assert [item.new for item in (*first, *again)] == [True, False, False, True]
    assert len({item.event_id for item in (*first, *again)}) == 2


@pytest.mark.asyncio
async def test_nothing_is_taken_when_the_store_fails(tmp_path: Path) -> None:
    """An error of the store is raised, the relay is not told, and the caller still has all of it."""
    async with node(tmp_path, kafka_for(FORCE).publisher()) as running:
        await running.ask(running.outbox._database.read, "PRAGMA query_only = ON")
        with pytest.raises(StorageError) as caught:
            await running.outbound.accept([alert(1)])
        assert caught.value.code == "store.denied"
        assert running.probe.seen[Station.ACCEPTED] == 0
        await running.ask(running.outbox._database.read, "PRAGMA query_only = OFF")
        (result,) = await running.outbound.accept([alert(1)])
    assert result.new


@pytest.mark.asyncio
async def test_an_answer_is_judged_by_what_came_in(tmp_path: Path) -> None:
    """An alert in the inbox can be acknowledged; one that this node does not know cannot."""
    alerted = Cause(
        event_id=ALERTED,
        type="id.simpul.alert.issued.v1",
        source=IMI,
        subject=CASE,
        audience=frozenset({SOURCE, BP3MI}),
    )
    inbox = {ALERTED: alerted}
    unknown = EventId(ALERTED[:-1] + "9")
    async with node(tmp_path, kafka_for(FORCE).publisher(), inbox_cause=inbox.get) as running:
        results = await running.outbound.accept([_acknowledgement(unknown), _acknowledgement(ALERTED)])
    refused = results[0].refused
    assert refused is not None
    assert refused.code == "forbidden.cause-unknown"
    assert results[1].new


@pytest.mark.asyncio
@pytest.mark.parametrize("together", [pytest.param(True, id="handed in together"), pytest.param(False, id="later")])
async def test_an_answer_is_judged_by_what_this_node_sent(tmp_path: Path, *, together: bool) -> None:
    """A tip that waits in the outbox, or stands beside its triage in one batch, is known."""
    tip = draft(body("E01", audience=SOURCE))
    async with node(tmp_path / "ids", kafka_for(FORCE).publisher(), source=UPTD) as other:
        (tip_id,) = await other.accept([tip])
    triage = draft(body("E02", subject=None, causationid=tip_id, audience=SOURCE))
    async with node(tmp_path / "own", kafka_for(FORCE).publisher(), source=UPTD) as running:
        (alone,) = await running.outbound.accept([triage])
        if together:
            results = await running.outbound.accept([tip, triage])
        else:
            results = [*await running.outbound.accept([tip]), *await running.outbound.accept([triage])]
    assert alone.refused is not None
    assert [item.refused for item in results] == [None, None]


@pytest.mark.asyncio
@pytest.mark.parametrize("together", [pytest.param(True, id="handed in together"), pytest.param(False, id="later")])
async def test_events_that_are_named_are_looked_for_in_outbox_and_inbox(tmp_path: Path, *, together: bool) -> None:
    """A linkage to immigration names its alert, which came, and this node's own, which went there; not the third."""
    received = Cause(event_id=ALERTED, type="id.simpul.alert.issued.v1", source=IMI, subject=None, audience=frozenset())
    unknown = EventId(ALERTED[:-1] + "9")
    cloud, inbox = kafka_for(FORCE), {ALERTED: received}
    async with node(tmp_path / "ids", cloud.publisher()) as other:
        (own,) = await other.accept([alert(1)])
    named = [unknown, own, ALERTED]
    linkage = draft(body("E14", audience=IMI, data__open__events=named), record_id="linkage 1")
    async with node(tmp_path / "own", cloud.publisher(), inbox_cause=inbox.get) as running:
        if not together:
            await running.accept([alert(1)])
        await running.accept([alert(1), linkage] if together else [linkage])
        await running.relay_until(running.all_sent)
    (copy,) = Reader(IMI, FEDERATION).events(cloud, mail_topic(SOURCE, IMI))
    assert isinstance(copy.open, LinkageDetectedOpen)
    assert copy.open.events == (own, ALERTED)


@pytest.mark.asyncio
async def test_those_left_out_of_a_role_are_reported(tmp_path: Path) -> None:
    """The sender is told at once, and later, whom no agreement lets have the event."""
    async with node(tmp_path, kafka_for(FORCE).publisher()) as running:
        (result,) = await running.outbound.accept([alert(1, audience="role:immigration role:ngo")])
        assert result.event_id is not None
        sent = await running.ask(running.outbox.find, result.event_id)
    assert [item.agency for item in result.left_out] == [NGO]
    assert sent is not None
    assert sent.route.left_out == result.left_out
    assert sent.route.copies == ((mail_topic(SOURCE, IMI), (IMI,)),)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("priority", "status", "at_once"),
    [
        pytest.param("P0", "Actual", True, id="P0 at once"),
        pytest.param("P1", "Actual", True, id="P1 at once"),
        pytest.param("P2", "Actual", False, id="P2 at the quarter"),
        pytest.param("P3", "Actual", False, id="P3 at the quarter"),
        pytest.param("P3", "Exercise", True, id="an exercise at once"),
    ],
)
async def test_unhurried_victim_side_events_leave_at_quarter_hours(
    tmp_path: Path, priority: str, status: str, *, at_once: bool
) -> None:
    """A referral of priority P2 or P3 waits for the next mark, so that its hour says nothing."""
    clock = HeldClock(datetime(2026, 8, 7, 12, 59, 59, tzinfo=UTC))
    event = body("E16", priority=priority, status=status, audience=NGO)
    async with node(tmp_path, kafka_for(FORCE).publisher(), clock=clock) as running:
        (event_id,) = await running.accept([draft(event)])
        await running.accept([alert(1)])  # what may leave is not held up by what may not
        await running.relay_until(lambda: running.outbox.backlog().accepted == (0 if at_once else 1))
        before = await running.ask(running.outbox.find, event_id)
        clock.time += timedelta(seconds=1)
        await running.relay_until(running.all_sent)
        after = await running.ask(running.outbox.find, event_id)
    assert before is not None
    assert (before.state is SendState.ACCEPTED) is not at_once
    assert after is not None
    assert after.state is SendState.PUBLISHED


@pytest.mark.asyncio
async def test_a_mark_that_passes_while_the_relay_idles_is_seen(tmp_path: Path) -> None:
    """Nobody needs to hand in anything for a waiting event to leave."""
    clock = HeldClock()
    async with node(tmp_path, kafka_for(FORCE).publisher(), clock=clock) as running:
        await running.accept([draft(body("E16", priority="P3", status="Actual", audience=NGO))])
        looked = 0

        def done() -> bool:
            nonlocal looked
            looked += 1
            if looked == 5:
                clock.time += timedelta(minutes=15)
            return running.all_sent()

        await running.relay_until(done)
    assert looked >= 5
