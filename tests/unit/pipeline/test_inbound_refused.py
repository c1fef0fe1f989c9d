"""The reader: what is set aside, and this node's own records."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from broker.names import keys_topic
from broker.pipeline.reading import Unreadable
from broker.ports import EntryKind, SealedBatch
from broker.stages import StreamHead
from tests.unit.pipeline.receiving import (
    ALERT,
    ME,
    Source,
    kafka,
    keys_to_me,
    put,
    reading,
    rewritten,
)
from tests.unit.pipeline.sending import BP3MI, NOON, POL, alert
from tests.unit.pipeline.spoiling import lose_keys, with_cover

if TYPE_CHECKING:
    from pathlib import Path

    from broker.stages import Fetched, Sealed
    from tests.conftest import Lines
    from tests.unit.pipeline.receiving import ReadingNode

pytestmark = pytest.mark.asyncio

FROM_POLICE = keys_topic(POL, ME)


# --- what is set aside ----------------------------------------------------------------------------


async def test_what_is_refused_advances_the_stream_and_the_rest_goes_on(tmp_path: Path, log_lines: Lines) -> None:
    """Refused by the catalogue, by an agreement, or by the part itself: each quarantined with its code."""
    cloud, police = kafka(), Source()
    good = police.clear(alert(1))
    invalid = with_cover(police.clear(alert(2)), lambda cover: cover.update(priority="P9"))
    forbidden = with_cover(police.clear(alert(3)), lambda cover: cover.update(audience=BP3MI))
    last = police.clear(alert(4))
    sent = police.seal(good, invalid, forbidden, last)
    put(cloud, sent.keys, sent.events)
    async with reading(tmp_path, cloud) as node:
        await node.drain()
        assert await node.event_ids() == [sent.event_ids[0], sent.event_ids[3]]
        assert await node.quarantined() == [
            ("invalid.cover", ALERT, 1),
            ("forbidden.not-addressed", ALERT, 2),
        ]
        assert (await node.thread.run(node.inbox.stream, ALERT, POL)).head.sequence == 4
        assert (await node.codes(), (await node.thread.run(node.inbox.counts)).held) == ([], 0)
    assert [line for line in log_lines if line["event"] == "quarantined"] == [
        {"event": "quarantined", "log_level": "warning", "code": code, "topic": ALERT, "offset": offset, "source": POL}
        | {"count": 1}
        for code, offset in (("invalid.cover", 1), ("forbidden.not-addressed", 2))
    ]


async def test_what_does_not_verify_is_quarantined_under_the_name_it_claims(tmp_path: Path) -> None:
    """A name that nobody has is not even kept."""
    cloud, police = kafka(), Source()
    sent = police.send(alert(1), alert(2), alert(3))
    put(cloud, sent.keys, sent.events)

    def spoil(records: list[Fetched]) -> list[Fetched]:
        first, second, third = records
        invented = tuple(
            (name, b"urn:simpul:agency:nobody" if name == "ce_source" else value) for name, value in second.headers
        )
        return [first, replace(first, value=b"x"), replace(second, headers=invented), second, third]

    rewritten(cloud, ALERT, spoil)
    async with reading(tmp_path, cloud) as node:
        await node.drain()
        assert await node.event_ids() == sent.event_ids
        rows = await node.thread.run(node.inbox.quarantined, 0, 9)
        assert [(row.offset, row.source, row.station) for row in rows] == [(1, POL, "unseal"), (2, "", "unseal")]
        assert all(row.code.startswith("untrusted.") for row in rows)


# --- this node's own records ----------------------------------------------------------------------


def _store(node: ReadingNode, *records: Sealed) -> None:
    """Let the outbox say that it sealed these."""
    heads = {one.topic: StreamHead(sequence=one.sequence, leaf=one.leaf) for one in records}
    stored = [replace(one, event_id=None) for one in records]
    node.outbox.store(events=[], sealed=SealedBatch(records=stored, heads=heads, batch=None), at=NOON)


async def test_own_records_are_compared_with_the_outbox(tmp_path: Path) -> None:
    """What this node sealed is passed over; what somebody else sealed in its name is a finding."""
    cloud, mine, stolen = kafka(), Source(ME), Source(ME)
    own, forged = mine.send(alert(1), alert(2)), stolen.send(alert(3))
    put(cloud, own.events, forged.events)
    async with reading(tmp_path, cloud) as node:
        await node.thread.run(_store, node, *own.events)
        await node.drain()
        assert await node.entries() == []
        assert await node.codes() == ["inbound.not-ours"]
        assert await node.quarantined() == [("inbound.not-ours", ALERT, 2)]


async def test_own_keys_are_taken_again_after_the_key_store_was_lost(tmp_path: Path) -> None:
    """A source can open what it sent, also after a restore; keys that it did not seal are a finding."""
    cloud, mine, stolen = kafka(), Source(ME), Source(ME)
    own, forged = mine.send(alert(1)), stolen.send(alert(2))
    topic = keys_topic(ME, ME)
    put(cloud, keys_to_me(own), keys_to_me(forged))
    async with reading(tmp_path, cloud) as node:
        await node.thread.run(_store, node, *keys_to_me(own))
        await node.drain()
        wrapping = mine.wrapping[ME]
        assert await node.thread.run(node.keys.wrapping_key, ME, wrapping.key_id) == wrapping.key
        foreign = stolen.wrapping[ME]
        assert await node.thread.run(node.keys.wrapping_key, ME, foreign.key_id) is None
        assert [code for code, where, _ in await node.quarantined() if where == topic] != []
        assert "inbound.not-ours" in await node.codes() or "stream.fork" in await node.codes()


async def test_after_a_restore_without_keys_everything_opens_again(tmp_path: Path) -> None:
    """The key store is left out of backups: it is read again from the first offset of the key topics."""
    cloud, police = kafka(), Source()
    sent = police.send(alert(1), alert(2))
    put(cloud, sent.keys, sent.events)
    async with reading(tmp_path, cloud) as node:
        await node.drain()
    lose_keys(tmp_path)
    async with reading(tmp_path, cloud) as node:
        assert all(isinstance(view, Unreadable) for view in await node.views())
        await node.drain()
        assert await node.event_ids() == sent.event_ids
        assert [entry.kind for entry in await node.entries()] == [EntryKind.NEW] * 2


async def test_what_does_not_open_any_more_is_a_result_of_its_own(tmp_path: Path) -> None:
    """An erased event is neither an error nor an empty event, and a further record does not bring it back."""
    cloud, police = kafka(), Source()
    cleared = police.clear(alert(1))
    first = police.seal(cleared)
    police.wrapping.clear()
    again = police.seal(cleared)
    put(cloud, first.keys, first.events)
    async with reading(tmp_path, cloud) as node:
        await node.drain()
    lose_keys(tmp_path)
    rewritten(cloud, FROM_POLICE, lambda _: [])
    put(cloud, again.keys, again.events)
    async with reading(tmp_path, cloud) as node:
        await node.drain()
        (view,) = await node.views()
        assert isinstance(view, Unreadable)
        assert view.code == "inbound.unreadable"
        assert "inbound.gone" in await node.codes()
        assert ("inbound.gone", ALERT, 1) in await node.quarantined()
