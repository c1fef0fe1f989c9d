"""Consumers: each with a cursor of its own, each event once, and nobody waits for a broken one."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from broker.errors import RejectedError, StorageError, TransportError, UnavailableError
from broker.ports import EntryKind, Station
from tests.unit.pipeline.receiving import ALERT, KeepingSink, Source, kafka, put, reading, until
from tests.unit.pipeline.sending import Death, KilledError, alert
from tests.unit.pipeline.spoiling import lose_keys, with_late_key

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from broker.pipeline.delivery import Delivering
    from broker.ports import Delivery

pytestmark = pytest.mark.asyncio


async def _all(delivering: Delivering) -> None:
    while await delivering.step():
        pass


async def test_a_consumer_gets_every_event_in_order_and_once(tmp_path: Path) -> None:
    """Whatever the size of its batches; and again nothing when there is nothing new."""
    cloud, police = kafka(), Source()
    sent = police.send(*[alert(number) for number in range(150)])
    put(cloud, sent.keys, sent.events)
    sink = KeepingSink()
    async with reading(tmp_path, cloud) as node:
        await node.drain()
        delivering = node.delivering(sink)
        await _all(delivering)
        assert [event for call in sink.calls for event in call] == sent.event_ids
        assert len(sink.calls) == 3
        assert await delivering.step() == 0


async def test_each_consumer_has_its_own_place(tmp_path: Path) -> None:
    """A new one starts at the beginning."""
    cloud, police = kafka(), Source()
    first, second = police.send(alert(1)), police.send(alert(2))
    put(cloud, first.keys, first.events)
    case_app, console = KeepingSink(), KeepingSink()
    async with reading(tmp_path, cloud) as node:
        await node.drain()
        await _all(node.delivering(case_app))
        put(cloud, second.keys, second.events)
        await node.drain()
        await _all(node.delivering(case_app))
        await _all(node.delivering(console, "console"))
    assert case_app.calls == [first.event_ids, second.event_ids]
    assert console.calls == [[*first.event_ids, *second.event_ids]]


async def test_an_event_that_is_completed_comes_again_with_the_part(tmp_path: Path) -> None:
    """The consumer knows by the kind of entry that it has had the event before."""
    cloud, police = kafka(), Source()
    sent, late = with_late_key(police, police.clear(alert(1)), "place")
    put(cloud, sent.keys, sent.events)
    sink = KeepingSink()
    seen: list[tuple[EntryKind, set[str]]] = []

    def note(events: Sequence[Delivery]) -> None:
        seen.extend((one.kind, set(one.event.opened.parts)) for one in events)

    sink.fail = note
    async with reading(tmp_path, cloud) as node:
        await node.drain()
        await _all(node.delivering(sink))
        put(cloud, late)
        await node.drain()
        await _all(node.delivering(sink))
    assert seen == [(EntryKind.NEW, {"narrative"}), (EntryKind.COMPLETED, {"narrative", "place"})]


def _refusing(*refused: str) -> Callable[[Sequence[Delivery]], Exception | None]:
    def fail(events: Sequence[Delivery]) -> Exception | None:
        if any(one.event.opened.event_id in refused for one in events):
            return RejectedError("adapter.unmappable")
        return None

    return fail


async def test_a_refused_event_is_set_aside_and_the_others_go_on(tmp_path: Path) -> None:
    """The one is found among the others, noted with its code, and not brought again."""
    cloud, police = kafka(), Source()
    sent = police.send(*[alert(number) for number in range(5)])
    put(cloud, sent.keys, sent.events)
    sink = KeepingSink()
    sink.fail = _refusing(sent.event_ids[1], sent.event_ids[3])
    async with reading(tmp_path, cloud) as node:
        await node.drain()
        delivering = node.delivering(sink)
        await _all(delivering)
        assert [event for _, event in sink.events] == [sent.event_ids[at] for at in (0, 2, 4)]
        asides = await node.thread.run(node.inbox.asides, "case-app", 0, 9)
        assert [(one.entry, one.code) for one in asides] == [(2, "adapter.unmappable"), (4, "adapter.unmappable")]
        found = await node.findings()
        assert [(one.code, one.topic, one.offset, one.detail) for one in found] == [
            ("delivery.refused", ALERT, 1, "case-app: adapter.unmappable"),
            ("delivery.refused", ALERT, 3, "case-app: adapter.unmappable"),
        ]
        assert await delivering.step() == 0


@pytest.mark.parametrize(
    ("error", "code"),
    [
        pytest.param(TransportError("adapter.away"), "adapter.away", id="the other side is away"),
        pytest.param(KeyError("a value of the event"), "delivery.sink-broken", id="a mistake in the adapter"),
        pytest.param(OSError("/a/path"), "delivery.sink-broken", id="an error that is not ours"),
    ],
)
async def test_a_failing_sink_is_asked_again_and_says_nothing(
    tmp_path: Path, error: Exception, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The cursor stays; the trouble has a code and no text of the foreign error."""
    cloud, police = kafka(), Source()
    sent = police.send(alert(1))
    put(cloud, sent.keys, sent.events)
    sink = KeepingSink()
    sink.fail = lambda _: error
    async with reading(tmp_path, cloud) as node:
        await node.drain()
        delivering = node.delivering(sink)
        with pytest.raises(UnavailableError) as caught:
            await delivering.step()
        assert caught.value.code == code
        assert caught.value.__cause__ is None
        assert "value of the event" not in f"{caught.value}{caplog.text}"
        assert await node.thread.run(node.inbox.cursor, "case-app") == 0
        sink.fail = lambda _: None
        await _all(delivering)
    assert [event for _, event in sink.events] == sent.event_ids


async def test_a_broken_consumer_hurts_no_other(tmp_path: Path) -> None:
    """Both run side by side: one backs off for ever, the other is served."""
    cloud, police = kafka(), Source()
    sent = police.send(alert(1), alert(2))
    put(cloud, sent.keys, sent.events)
    broken, whole = KeepingSink(), KeepingSink()
    broken.fail = lambda _: RuntimeError("broken")
    async with reading(tmp_path, cloud) as node:
        await node.drain()
        one, other = node.delivering(broken, "broken"), node.delivering(whole, "whole")
        tasks = [asyncio.create_task(one.run()), asyncio.create_task(other.run())]
        await until(lambda: len(broken.calls) > 1 and len(whole.events) > 1)
        assert one.backoff.trouble is not None
        assert (one.backoff.trouble.code, other.backoff.trouble) == ("delivery.sink-broken", None)
        for task in tasks:
            task.cancel()
        results: list[Any] = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(result, asyncio.CancelledError) for result in results)
        assert await node.thread.run(node.inbox.cursor, "whole") == 2


async def test_a_consumer_is_woken_by_what_is_committed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not wait for its own next look."""
    monkeypatch.setattr("broker.pipeline.delivery._WAIT_SECONDS", 600)
    cloud, police = kafka(), Source()
    sink = KeepingSink()
    async with reading(tmp_path, cloud) as node:
        delivering = node.delivering(sink)
        node.inbound.tell(delivering.wake)
        running = asyncio.create_task(delivering.run())
        sent = police.send(alert(1))
        put(cloud, sent.keys, sent.events)
        await node.drain()
        await until(lambda: len(sink.events) == 1)
        await node.drain()
        looks = node.probe.passings[Station.DELIVERED]
        await until(lambda: not delivering._new.is_set())
        assert (looks, len(sink.calls)) == (1, 1)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_what_does_not_open_any_more_is_set_aside_not_skipped(tmp_path: Path) -> None:
    """An event erased before a consumer had it leaves a note with a code."""
    cloud, police = kafka(), Source()
    sent = police.send(alert(1))
    put(cloud, sent.keys, sent.events)
    async with reading(tmp_path, cloud) as node:
        await node.drain()
    lose_keys(tmp_path)
    sink = KeepingSink()
    async with reading(tmp_path, cloud) as node:
        await _all(node.delivering(sink))
        asides = await node.thread.run(node.inbox.asides, "case-app", 0, 9)
    assert sink.calls == []
    assert [(one.entry, one.code) for one in asides] == [(1, "inbound.unreadable")]


async def test_two_that_serve_one_consumer_do_not_skip(tmp_path: Path) -> None:
    """The cursor moves by compare-and-set: the slower one is told."""
    cloud, police = kafka(), Source()
    sent = police.send(alert(1))
    put(cloud, sent.keys, sent.events)
    sink = KeepingSink()
    async with reading(tmp_path, cloud) as one, reading(tmp_path, cloud) as two:
        await one.drain()
        slower = one.delivering(sink)
        deliver = sink.deliver

        async def overtaken(events: Sequence[Delivery]) -> None:
            await deliver(events)
            sink.deliver = deliver  # type: ignore[method-assign]
            await two.delivering(sink).step()

        sink.deliver = overtaken  # type: ignore[method-assign]
        with pytest.raises(StorageError) as caught:
            await slower.step()
        assert caught.value.code == "store.moved"
        assert await slower.step() == 0
    assert [event for _, event in sink.events] == sent.event_ids


@pytest.mark.parametrize("passing", [1, 2])
async def test_a_death_after_the_sink_brings_the_same_again(tmp_path: Path, passing: int) -> None:
    """Between the sink and the cursor: the sink sees the batch twice, and has each event once."""
    cloud, police = kafka(), Source()
    sent = police.send(*[alert(number) for number in range(100)])
    put(cloud, sent.keys, sent.events)
    sink = KeepingSink()
    async with reading(tmp_path, cloud, probe=Death(Station.DELIVERED, passing)) as node:
        await node.drain()
        with pytest.raises(KilledError):
            await _all(node.delivering(sink))
    async with reading(tmp_path, cloud) as node:
        await _all(node.delivering(sink))
    assert [event for _, event in sink.events] == sent.event_ids
    assert len(sink.calls) == 3
    assert sink.calls[passing - 1] == sink.calls[passing]
