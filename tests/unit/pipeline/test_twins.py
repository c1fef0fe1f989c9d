"""A determination and its reduced twin leave together or not at all."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest

from broker.errors import ForbiddenError
from broker.names import AgencyId, EventId, mail_topic
from broker.pipeline.trust import InForce
from broker.policy import compile_rules
from broker.ports import SendState, Station
from tests.unit.pipeline.sending import (
    AGREEMENTS,
    BP3MI,
    FEDERATION,
    FORCE,
    IMI,
    SOURCE,
    UPTD,
    Reader,
    alert,
    federation,
    in_force,
    kafka_for,
    node,
)
from tests.unit.validation.bodies import body, draft

if TYPE_CHECKING:
    from broker.stages import Draft
    from tests.unit.pipeline.sending import Node

pytestmark = pytest.mark.asyncio

FULL = "id.simpul.victim.status-determined.v1"
TWIN = "id.simpul.victim.protection-notified.v1"
ALERT = "id.simpul.alert.issued.v1"


def _ended() -> InForce:
    """A federation whose agreement about the twin has ended."""
    head, twin = AGREEMENTS.split(b'id = "E10T"')
    return in_force(federation(toml=head + b'id = "E10T"' + twin.replace(b"2028-12-31", b"2025-12-31", 1)))


def _without(*agencies: AgencyId) -> InForce:
    """A federation that some agencies have left."""
    left = {name: one for name, one in FEDERATION.agencies.items() if name not in agencies}
    return in_force(replace(FEDERATION, agencies=left))


def _determination(**changes: Any) -> Draft:
    return draft(body("E10", **{"audience": f"{UPTD} {BP3MI}", **changes}), record_id="determination 1")


async def _types(running: Node) -> list[str]:
    """The types in the outbox, the oldest first."""
    return [sent.route.type for sent in reversed(await running.ask(running.outbox.events, limit=9))]


async def test_one_result_for_the_draft_and_two_events_in_the_outbox(tmp_path: Path) -> None:
    """Between other drafts, each in its place; the same draft again adds neither of the two."""
    drafts = [alert(1), _determination(), alert(2)]
    async with node(tmp_path, kafka_for(FORCE).publisher()) as running:
        results = await running.outbound.accept(drafts)
        again = await running.outbound.accept([_determination()])
        assert await _types(running) == [ALERT, FULL, TWIN, ALERT]
        assert running.probe.seen[Station.ACCEPTED] == 4
        sent = await running.ask(running.outbox.find, results[1].event_id or EventId(""))
    assert [(one.new, one.left_out) for one in (*results, *again)] == [(True, ())] * 3 + [(False, ())]
    assert sent is not None
    assert sent.route.type == FULL


async def test_immigration_reads_the_twin_and_the_others_the_full_event(tmp_path: Path) -> None:
    """Each in its own mailbox; immigration has nothing else of this node."""
    cloud = kafka_for(FORCE)
    async with node(tmp_path, cloud.publisher()) as running:
        await running.accept([_determination()])
        await running.relay_until(running.all_sent)
    read = {
        reader: [(one.kind.type, set(one.parts)) for one in Reader(reader, FEDERATION).events(cloud, topic)]
        for reader in (IMI, UPTD, BP3MI)
        for topic in [mail_topic(SOURCE, reader)]
    }
    whole = (FULL, {"identity", "narrative"})
    assert read == {IMI: [(TWIN, {"identity"})], UPTD: [whole], BP3MI: [whole]}


async def test_twin_that_is_refused_refuses_the_full_event(tmp_path: Path) -> None:
    """Nothing is half sent: where the twin's agreement has ended, neither is in the outbox; other drafts are."""
    async with node(tmp_path, kafka_for(FORCE).publisher(), force=_ended) as running:
        refused, other = await running.outbound.accept([_determination(), alert(1)])
        assert await _types(running) == [ALERT]
    assert isinstance(refused.refused, ForbiddenError)
    assert (refused.refused.code, refused.refused.agreement) == ("forbidden.expired", "E10T")
    assert other.accepted


async def test_full_event_that_is_refused_has_no_twin(tmp_path: Path) -> None:
    """Immigration is told of no determination that nobody else may have."""
    async with node(tmp_path, kafka_for(FORCE).publisher()) as running:
        (refused,) = await running.outbound.accept([_determination(audience=IMI)])
        assert await _types(running) == []
    assert isinstance(refused.refused, ForbiddenError)
    assert refused.refused.agreement == "E10"


async def test_without_immigration_the_full_event_goes_alone_and_that_is_told(tmp_path: Path) -> None:
    """At once and whenever somebody looks; once immigration has joined, the same draft sends the twin, too."""
    force = _without(IMI)
    async with node(tmp_path, kafka_for(FORCE).publisher(), force=lambda: force) as running:
        (alone,) = await running.outbound.accept([_determination()])
        assert await _types(running) == [FULL]
        sent = await running.ask(running.outbox.find, alone.event_id or EventId(""))
        force = FORCE
        (again,) = await running.outbound.accept([_determination()])
        assert await _types(running) == [FULL, TWIN]
    assert alone.accepted
    assert [(one.agency, one.code) for one in alone.left_out] == [("role:immigration", "forbidden.no-such-agency")]
    assert sent is not None
    assert sent.route.left_out == alone.left_out
    assert (again.accepted, again.new, again.left_out) == (True, False, ())


async def test_agency_without_a_key_silences_no_determination(tmp_path: Path) -> None:
    """Immigration's key has lapsed: the others are told all the same, and the sender hears who was not."""
    lapsed = InForce(
        federation=FEDERATION, rules=compile_rules(FEDERATION, reachable=frozenset(FEDERATION.agencies) - {IMI})
    )
    force = lapsed
    async with node(tmp_path, kafka_for(FORCE).publisher(), force=lambda: force) as running:
        (alone,) = await running.outbound.accept([_determination()])
        assert await _types(running) == [FULL]
        force = FORCE
        await running.outbound.accept([_determination()])
        assert await _types(running) == [FULL, TWIN]
    assert alone.accepted
    assert [(one.agency, one.code) for one in alone.left_out] == [(IMI, "forbidden.no-receiving-key")]


async def test_twin_leaves_when_the_full_event_leaves(tmp_path: Path) -> None:
    """Unhurried and about a real person, both wait for the next quarter-hour mark; neither hour says anything."""
    async with node(tmp_path, kafka_for(FORCE).publisher()) as running:
        await running.accept([_determination(priority="P2", status="Actual")])
        assert await running.ask(running.outbox.waiting, 9, running.clock.now()) == []
        mark = running.clock.now().replace(minute=15)
        assert len(await running.ask(running.outbox.waiting, 9, mark)) == 2


CHANGES = [
    pytest.param(_without(IMI), SendState.PUBLISHED, SendState.REFUSED, id="immigration has left: nobody to tell"),
    pytest.param(_ended(), SendState.REFUSED, SendState.REFUSED, id="the twin may not go: nor may the full event"),
    pytest.param(_without(BP3MI), SendState.REFUSED, SendState.PUBLISHED, id="a recipient of the full event has left"),
]


@pytest.mark.parametrize(("changed", "full", "twin"), CHANGES)
async def test_both_are_asked_again_when_the_federation_has_changed(
    tmp_path: Path, changed: InForce, full: SendState, twin: SendState
) -> None:
    """The full event never goes without a twin that somebody could have; handed in again, what is missing goes too."""
    force = FORCE
    async with node(tmp_path, kafka_for(FORCE).publisher(), force=lambda: force) as running:
        await running.accept([_determination()])
        force = changed
        await running.relay_until(running.all_sent)
        states = {one.route.type: one.state for one in await running.ask(running.outbox.events, limit=9)}
        force = FORCE
        await running.accept([_determination()])
        await running.relay_until(running.all_sent)
        again = {one.route.type: one.state for one in await running.ask(running.outbox.events, limit=9)}
    assert states == {FULL: full, TWIN: twin}
    assert again == {FULL: SendState.PUBLISHED, TWIN: SendState.PUBLISHED}


def _die(folder: Path, before: str) -> None:
    """Hand in a determination, and be killed before the outbox runs a statement for the second time."""
    seen: list[str] = []

    def traced(statement: str) -> None:
        seen.extend([statement] if statement.startswith(before) else [])
        if len(seen) == 2:
            os.kill(os.getpid(), signal.SIGKILL)

    def connected(*args: Any, **kwargs: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*args, **kwargs)
        connection.set_trace_callback(traced)
        return connection

    async def accept() -> None:
        async with node(folder, kafka_for(FORCE).publisher()) as running:
            await running.accept([_determination()])

    connect = sqlite3.connect
    with mock.patch.object(sqlite3, "connect", connected):
        asyncio.run(accept())


@pytest.mark.parametrize("before", ["INSERT INTO event", "INSERT INTO draft"])
async def test_node_that_is_killed_between_the_two_has_taken_neither(tmp_path: Path, before: str) -> None:
    """They are one transaction: whatever instant SIGKILL picks, the outbox holds both or none."""
    process = multiprocessing.get_context("spawn").Process(target=_die, args=(tmp_path, before))
    process.start()
    await asyncio.to_thread(process.join, 60)
    assert process.exitcode == -signal.SIGKILL
    async with node(tmp_path, kafka_for(FORCE).publisher()) as running:
        assert await _types(running) == []
        await running.accept([_determination()])
        assert await _types(running) == [FULL, TWIN]
