"""The reader: what is set aside, and this node's own records."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from broker.names import keys_topic, mail_topic
from broker.pipeline.reading import Unreadable
from broker.policy import clear
from broker.ports import EntryKind, SealedBatch
from broker.stages import StreamHead
from broker.validation import check
from tests.unit.pipeline.receiving import (
    ALERT,
    ME,
    Source,
    kafka,
    keys_to_me,
    listed,
    put,
    reading,
    rewritten,
)
from tests.unit.pipeline.sending import AGREEMENTS, BP3MI, NOON, POL, UPTD, alert
from tests.unit.pipeline.spoiling import lose_keys, with_cover, with_late_key, with_part, without_part
from tests.unit.validation.bodies import SECRET, body, draft

if TYPE_CHECKING:
    from pathlib import Path

    from broker.stages import Cleared, Fetched, Sealed
    from tests.conftest import Lines
    from tests.unit.pipeline.receiving import ReadingNode

pytestmark = pytest.mark.asyncio

FROM_POLICE = keys_topic(POL, ME)
HOLDERS = b'roles = ["migrant-workers", "ngo", "social-affairs", "social-services", "witness-protection"]'
CONSENT_FOR_ME = listed(agreements_toml=AGREEMENTS.replace(HOLDERS, HOLDERS.replace(b"[", b'["immigration", ')))
"""A federation in which this agency has types of which two parts must be there."""


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


# --- rules across parts -----------------------------------------------------------------------------


def _acknowledging(cleared: Cleared) -> Cleared:
    """Let the narrative be that of an acknowledgement, while the open part still says that it is an alert."""

    def acknowledge(narrative: dict[str, Any]) -> None:
        narrative.clear()
        narrative.update(ackBy="immigration", ackState="acting")

    return with_part(cleared, "narrative", acknowledge)


async def test_what_breaks_a_rule_across_parts_is_quarantined(tmp_path: Path) -> None:
    """A draft that says it would have been refused; a source that seals it all the same is stopped here."""
    cloud, police = kafka(), Source()
    sent = police.seal(_acknowledging(police.clear(alert(1))), police.clear(alert(2)))
    put(cloud, sent.keys, sent.events)
    async with reading(tmp_path, cloud) as node:
        await node.drain()
        assert await node.event_ids() == sent.event_ids[1:]
        assert await node.quarantined() == [("invalid.compartment", ALERT, 0)]


async def test_rule_is_asked_again_when_the_key_of_a_part_comes_late(tmp_path: Path) -> None:
    """What was delivered stands; the part with which the event would break the rule stays closed."""
    cloud, police = kafka(), Source()
    sent, late = with_late_key(police, _acknowledging(police.clear(alert(1))), "narrative")
    put(cloud, sent.keys, sent.events)
    async with reading(tmp_path, cloud) as node:
        await node.drain()
        assert set((await node.opened())[0].parts) == {"place"}
        put(cloud, late)
        await node.drain()
        assert [(found.code, found.detail) for found in await node.findings()] == [
            ("inbound.part-refused", "invalid.compartment")
        ]
        assert set((await node.opened())[0].parts) == {"place"}


def _half(cleared: Cleared, name: str) -> Cleared:
    """Withhold one of the parts."""
    return with_cover(
        without_part(cleared, name), lambda cover: cover["data"].update(withheld={name: "withheld.agreement"})
    )


@pytest.mark.parametrize("apart", ["by record", "by key"])
async def test_rule_is_asked_of_all_records_of_an_event_together(tmp_path: Path, apart: str) -> None:
    """Two halves, neither of which breaks a rule by itself, do not make an event that breaks one."""
    cloud, services = kafka(), Source(UPTD)
    handed_in = draft(body("E15", audience=ME, data__narrative__withheldFrom=[]))
    honest = clear(check(handed_in, source=UPTD, secret=SECRET), CONSENT_FOR_ME.rules, {})
    child = with_part(honest, "identity", lambda identity: identity.update(isMinor=True))
    first = services.seal(_half(child, "narrative"))
    second, late = with_late_key(services, _half(child, "identity"), "narrative")
    by_key = apart == "by key"
    put(cloud, first.keys, second.keys, [] if by_key else late, first.events, second.events)
    async with reading(tmp_path, cloud, force=lambda: CONSENT_FOR_ME) as node:
        await node.drain()
        put(cloud, late if by_key else [])
        await node.drain()
        assert [set(view.parts) for view in await node.opened()] == [{"identity"}]
        found = [(one.code, one.detail) for one in await node.findings()]
        assert found == ([("inbound.part-refused", "invalid.compartment")] if by_key else [])
        topic = mail_topic(UPTD, ME)
        assert await node.quarantined() == ([] if by_key else [("invalid.compartment", topic, 1)])


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
