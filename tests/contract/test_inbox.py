"""One suite for every inbox: in memory and in SQLite."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from broker.errors import StorageError
from broker.names import KeyId, Topic
from broker.ports import (
    Aside,
    EntryKind,
    Keep,
    LaneState,
    State,
    Stream,
    StreamChange,
)
from broker.sealing.atrest import AtRest
from broker.storage.inbox import SqliteInbox
from broker.storage.inbox_commit import QUARANTINE_LISTED, QUARANTINE_RECORDS
from tests.fakes.inbox import MemoryInbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from broker.ports import Inbox

from tests.contract.inbox_values import (
    KEY,
    LANE,
    NGO,
    NOW,
    OTHER_LANE,
    POLICE,
    TOPIC,
    admitted,
    change,
    event_id,
    finding,
    leaf,
    quarantined,
    record,
    taken,
    waiting,
)


@pytest.fixture(params=["memory", "sqlite"])
def inbox(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Inbox]:
    """Each inbox, empty."""
    if request.param == "memory":
        yield MemoryInbox()
        return
    sqlite = SqliteInbox(tmp_path / "store", at_rest=AtRest(bytes(32)))
    yield sqlite
    sqlite.close()


def test_the_earliest_joining_stays(inbox: Inbox) -> None:
    """When this agency joined is unknown at first, and never moves forward."""
    assert inbox.joined() is None
    inbox.join(NOW)
    inbox.join(NOW + timedelta(days=1))
    assert inbox.joined() == NOW
    inbox.join(NOW - timedelta(days=1))
    assert inbox.joined() == NOW - timedelta(days=1)


# --- events ---------------------------------------------------------------------------------------


def test_a_record_comes_back_exactly_as_it_was_kept(inbox: Inbox) -> None:
    """Bytes, nulls, empty values and verified facts survive the store."""
    inbox.commit(taken(admitted(1)))
    (entry,) = inbox.entries(0, 10)
    assert entry.at == NOW
    (kept,) = inbox.records(entry.row)
    assert kept.verified == record(1)
    assert kept.state is State.ADMITTED


def test_entries_come_in_the_order_of_the_commit_and_after_a_number(inbox: Inbox) -> None:
    """The cursor sequence is append-only and read by number."""
    inbox.commit(taken(admitted(1), admitted(2)))
    inbox.commit(taken(admitted(3)))
    numbers = [entry.number for entry in inbox.entries(0, 10)]
    assert numbers == [1, 2, 3]
    assert [inbox.records(entry.row)[0].verified.sequence for entry in inbox.entries(1, 1)] == [2]
    assert inbox.last_entry() == 3


def test_an_event_is_known_by_source_and_id(inbox: Inbox) -> None:
    """The same id from another source is another event."""
    inbox.commit(taken(admitted(1, "a"), admitted(1, "b", source=NGO)))
    assert inbox.known([event_id("a"), event_id("c")]) == {(POLICE, event_id("a"))}
    assert [kept.verified.source for kept in inbox.event(event_id("b"))] == [NGO]
    assert inbox.event(event_id("b"), POLICE) == []


def test_an_event_cannot_be_added_twice(inbox: Inbox) -> None:
    """Whoever adds an event that is there loses, and nothing of the step happens."""
    inbox.commit(taken(admitted(1, "a")))
    with pytest.raises(StorageError):
        inbox.commit(taken(admitted(2), admitted(3, "a"), offsets={TOPIC: (0, 3)}))
    assert inbox.last_entry() == 1
    assert inbox.offsets() == {}


def test_a_further_record_joins_its_event(inbox: Inbox) -> None:
    """The entry of a completed event names the first record of it."""
    inbox.commit(taken(admitted(1, "a"), admitted(2, "b")))
    inbox.commit(taken(replace(admitted(3, "a"), entry=EntryKind.COMPLETED)))
    entry = inbox.entries(2, 10)[0]
    assert (entry.kind, entry.row) == (EntryKind.COMPLETED, inbox.entries(0, 1)[0].row)
    assert [kept.verified.sequence for kept in inbox.records(entry.row)] == [1, 3]


# --- waiting --------------------------------------------------------------------------------------


def test_a_waiting_record_is_found_by_its_key_and_let_in_later(inbox: Inbox) -> None:
    """What waits for a key is no entry until it is let in, and then misses nothing."""
    inbox.commit(taken(waiting(1), admitted(2)))
    assert inbox.waiting_for([(NGO, KEY)]) == []
    (kept,) = inbox.waiting_for([(POLICE, KEY), (POLICE, KeyId(b"x" * 16))])
    assert (kept.state, kept.verified) == (State.WAITING, record(1))
    inbox.commit(taken(replace(admitted(1, "late"), row=kept.row, was=State.WAITING)))
    assert inbox.waiting_for([(POLICE, KEY)]) == []
    assert [inbox.records(entry.row)[0].verified.sequence for entry in inbox.entries(0, 9)] == [2, 1]
    assert inbox.known([event_id("late")]) != set()


def test_a_record_in_another_state_than_it_was_read_in_is_not_changed(inbox: Inbox) -> None:
    """Two that complete the same record do not both let it in."""
    inbox.commit(taken(waiting(1)))
    (kept,) = inbox.waiting_for([(POLICE, KEY)])
    late = replace(admitted(1, "late"), row=kept.row, was=State.WAITING)
    inbox.commit(taken(late))
    with pytest.raises(StorageError) as caught:
        inbox.commit(taken(late))
    assert caught.value.code == "store.moved"
    with pytest.raises(StorageError):
        inbox.commit(taken(remove=[(kept.row, State.WAITING)]))
    assert inbox.last_entry() == 1


def test_a_removed_record_is_gone_with_what_it_missed(inbox: Inbox) -> None:
    """An equal copy, or one that went to quarantine, leaves nothing behind."""
    inbox.commit(taken(waiting(1)))
    (kept,) = inbox.waiting_for([(POLICE, KEY)])
    inbox.commit(taken(remove=[(kept.row, State.WAITING)]))
    assert inbox.missing(0, 10) == []
    assert inbox.counts().waiting == 0


def test_a_key_that_does_not_come_is_overdue_until_it_is_reported(inbox: Inbox) -> None:
    """Overdue keys are asked by time, and reported once."""
    inbox.commit(taken(waiting(1), admitted(2, missing=(KEY,))))
    assert inbox.overdue(NOW, 10) == []
    overdue = inbox.overdue(NOW + timedelta(seconds=1), 10)
    assert [(one.cover, one.offset, one.key_id, one.since) for one in overdue] == [
        (True, 0, KEY, NOW),
        (False, 1, KEY, NOW),
    ]
    inbox.commit(taken(reported=[overdue[0].number]))
    assert [one.number for one in inbox.overdue(NOW + timedelta(seconds=1), 10)] == [overdue[1].number]
    assert len(inbox.missing(0, 10)) == 2


def test_a_completed_part_is_an_entry_and_no_longer_missed(inbox: Inbox) -> None:
    """A late part changes the record that is there; a part that is refused is remembered by its key."""
    inbox.commit(taken(admitted(1, "a", missing=(KEY,))))
    (kept,) = inbox.waiting_for([(POLICE, KEY)])
    inbox.commit(
        taken(replace(admitted(1, "a"), row=kept.row, was=State.ADMITTED, entry=EntryKind.COMPLETED, refused=(KEY,)))
    )
    assert inbox.missing(0, 10) == []
    assert [entry.kind for entry in inbox.entries(0, 10)] == [EntryKind.NEW, EntryKind.COMPLETED]
    assert inbox.records(kept.row)[0].refused == {KEY}


# --- streams and offsets --------------------------------------------------------------------------


def test_a_stream_is_kept_with_places_and_lanes(inbox: Inbox) -> None:
    """Head, places, lanes and resends survive; a stream that was never seen is fresh."""
    fresh = inbox.stream(TOPIC, POLICE)
    assert fresh == Stream(topic=TOPIC, source=POLICE)
    moved = change(fresh, 2, lanes=((LANE, LaneState.OPEN),), resent=2)
    inbox.commit(taken(streams=[moved], offsets={TOPIC: (0, 2)}))
    assert inbox.stream(TOPIC, POLICE) == moved.after
    assert inbox.stream(TOPIC, NGO) == Stream(topic=TOPIC, source=NGO)
    assert [inbox.leaf_at(TOPIC, POLICE, place) for place in (0, 1, 2, 3)] == [None, leaf(1), leaf(2), None]
    assert (inbox.lane(TOPIC, POLICE, LANE), inbox.lane(TOPIC, POLICE, OTHER_LANE)) == (LaneState.OPEN, None)
    assert inbox.counts().resent == 2
    assert inbox.offsets() == {TOPIC: 2}


def test_a_second_reader_loses_and_nothing_is_doubled(inbox: Inbox) -> None:
    """An offset, or a head, that moved meanwhile refuses the whole step."""
    fresh = inbox.stream(TOPIC, POLICE)
    step = taken(admitted(1), streams=[change(fresh, 1)], offsets={TOPIC: (0, 1)}, quarantine=[quarantined(0)])
    inbox.commit(step)
    for again in (step, replace(step, offsets={}), replace(step, streams=(), keep=())):
        with pytest.raises(StorageError) as caught:
            inbox.commit(again)
        assert caught.value.code == "store.moved"
    assert (inbox.last_entry(), inbox.counts().quarantined) == (1, 1)


def test_held_and_forked_records_are_found_by_place(inbox: Inbox) -> None:
    """What lies beyond a gap, and what forked, is asked for by its place."""
    held = [Keep(verified=record(place), state=State.HELD) for place in (5, 4)]
    forked = [Keep(verified=record(place, lane=OTHER_LANE), state=State.FORKED) for place in (4, 2, 3)]
    inbox.commit(taken(*held, *forked, admitted(4)))
    assert [kept.verified.lane for kept in inbox.kept_at(TOPIC, POLICE, 4, State.HELD)] == [LANE]
    assert [kept.verified.lane for kept in inbox.kept_at(TOPIC, POLICE, 4, State.FORKED)] == [OTHER_LANE]
    assert (inbox.counts().held, inbox.counts().forked) == (2, 3)


def test_an_open_gap_is_reported_once_and_begins_anew_when_the_head_moves(inbox: Inbox) -> None:
    """A gap is timed from when something was first held beyond this head."""
    fresh = inbox.stream(TOPIC, POLICE)
    gap = StreamChange(before=fresh, after=replace(fresh, held=2))
    holds = [Keep(verified=record(place), state=State.HELD) for place in (3, 4)]
    inbox.commit(taken(*holds, streams=[gap]))
    assert inbox.gaps(NOW) == []
    (open_gap,) = inbox.gaps(NOW + timedelta(seconds=1))
    assert (open_gap.stream, open_gap.since, open_gap.offset, open_gap.leaf) == (gap.after, NOW, 2, leaf(3))
    inbox.commit(taken(gaps_reported=[(TOPIC, POLICE)]))
    assert inbox.gaps(NOW + timedelta(seconds=1)) == []
    later = NOW + timedelta(minutes=1)
    inbox.commit(taken(at=later, streams=[change(inbox.stream(TOPIC, POLICE), 1)]))
    assert inbox.gaps(later) == []
    assert [one.since for one in inbox.gaps(later + timedelta(seconds=1))] == [later]
    now = inbox.stream(TOPIC, POLICE)
    inbox.commit(taken(streams=[StreamChange(before=now, after=replace(now, held=0))]))
    assert inbox.gaps(later + timedelta(hours=1)) == []


# --- consumers ------------------------------------------------------------------------------------


def test_each_consumer_has_a_cursor_of_its_own_moved_by_compare_and_set(inbox: Inbox) -> None:
    """A consumer that reads in two places does not skip."""
    inbox.advance("police", expected=0, to=5)
    assert (inbox.cursor("police"), inbox.cursor("console")) == (5, 0)
    with pytest.raises(StorageError) as caught:
        inbox.advance("police", expected=0, to=6, findings=[finding()])
    assert caught.value.code == "store.moved"
    assert inbox.findings(0, 10) == []


def test_what_a_consumer_could_not_take_is_noted_with_the_cursor(inbox: Inbox) -> None:
    """An aside names the entry and the code."""
    aside = Aside(consumer="police", entry=2, code="delivery.refused", at=NOW)
    inbox.advance("police", expected=0, to=2, asides=[aside], findings=[finding()])
    assert inbox.asides("police", 0, 10) == [aside]
    assert inbox.asides("police", 2, 10) == []
    assert inbox.asides("console", 0, 10) == []
    assert [found for _, found in inbox.findings(0, 10)] == [finding()]


# --- quarantine and findings ----------------------------------------------------------------------


def test_a_quarantined_record_is_kept_as_it_came_once(inbox: Inbox) -> None:
    """Read again, or tried again in vain, it is not doubled; its code is the latest."""
    inbox.commit(taken(quarantine=[quarantined(4)]))
    inbox.commit(taken(quarantine=[quarantined(4, code="policy.refused")]))
    (row,) = inbox.quarantined(0, 10)
    assert row.record is not None
    assert row.record.fetched == quarantined(4).fetched
    assert (row.code, row.station, row.source, row.offset) == ("policy.refused", "unseal", NGO, 4)
    assert inbox.quarantined_at([row.number, 99]) == [row]


def test_beyond_its_cap_only_the_digest_of_a_record_is_kept(inbox: Inbox) -> None:
    """One source cannot fill the disk, nor take the room of another."""
    inbox.commit(taken(quarantine=[quarantined(place) for place in range(QUARANTINE_RECORDS)]))
    inbox.commit(taken(quarantine=[quarantined(2000), quarantined(2001, source=POLICE)]))
    *_, capped, other = inbox.quarantined(0, 2000)
    assert (capped.record, len(capped.digest)) == (None, 32)
    assert other.record is not None


def test_large_records_reach_the_cap_in_bytes(inbox: Inbox) -> None:
    """The cap counts bytes, too."""
    inbox.commit(taken(quarantine=[quarantined(place, value=bytes(9 * 1024 * 1024)) for place in (1, 2)]))
    assert [row.record is None for row in inbox.quarantined(0, 9)] == [False, True]


def test_after_a_topic_was_made_anew_another_record_at_its_place_is_another_row(inbox: Inbox) -> None:
    """An offset that is given again does not overwrite what was set aside under it before."""
    inbox.commit(taken(quarantine=[quarantined(4)]))
    inbox.commit(taken(quarantine=[quarantined(4, value=b"another", code="policy.refused")]))
    assert [row.code for row in inbox.quarantined(0, 9)] == ["untrusted.headers", "policy.refused"]


def test_names_of_headers_count_as_well(inbox: Inbox) -> None:
    """Whatever is stored is counted, whoever chose where to put it."""
    named = [quarantined(place) for place in (1, 2)]
    headers = (("n" * 9 * 1024 * 1024, b""),)
    named = [replace(one, fetched=replace(one.fetched, headers=headers)) for one in named]
    inbox.commit(taken(quarantine=named))
    assert [row.record is None for row in inbox.quarantined(0, 9)] == [False, True]


def test_a_forged_name_takes_no_room_of_its_bearer(inbox: Inbox) -> None:
    """Where no seal held, all claimed sources of a topic share one pot."""
    forged = [quarantined(place, source=POLICE, proven=False) for place in range(QUARANTINE_RECORDS)]
    inbox.commit(taken(quarantine=forged))
    inbox.commit(taken(quarantine=[quarantined(2000, source=NGO, proven=False), quarantined(2001, source=POLICE)]))
    *_, shared, own = inbox.quarantined(0, 2000)
    assert (shared.record, own.record is not None and own.record.proven) == (None, True)


def test_beyond_the_second_cap_records_are_only_counted(inbox: Inbox) -> None:
    """Rows without content do not grow without bound either."""
    inbox.commit(taken(quarantine=[quarantined(place, proven=False) for place in range(QUARANTINE_LISTED)]))
    assert inbox.counts().unlisted == 0
    inbox.commit(taken(quarantine=[quarantined(20_000 + place, proven=False) for place in range(3)]))
    assert (inbox.counts().quarantined, inbox.counts().unlisted) == (QUARANTINE_LISTED, 3)


def test_a_finding_about_a_whole_topic_is_found_by_its_code(inbox: Inbox) -> None:
    """One about a record of that topic, or about another topic, is not it."""
    inbox.commit(taken(findings=[replace(finding(), topic=TOPIC)]))
    assert not inbox.has_finding(finding().code, TOPIC)
    inbox.commit(taken(findings=[replace(finding(), topic=TOPIC, source="")]))
    assert inbox.has_finding(finding().code, TOPIC)
    assert not inbox.has_finding(finding().code, Topic("simpul.intel"))
    assert not inbox.has_finding("another", TOPIC)


def test_a_finding_is_not_doubled(inbox: Inbox) -> None:
    """The same code at the same place is one finding."""
    inbox.commit(taken(findings=[finding(), finding(), finding(4)]))
    inbox.commit(taken(findings=[finding()]))
    assert [found for _, found in inbox.findings(0, 10)] == [finding(), finding(4)]
    assert inbox.findings(1, 10)[0][1] == finding(4)


def test_after_a_topic_was_made_anew_a_finding_at_the_same_place_is_another(inbox: Inbox) -> None:
    """The leaves that prove it tell two findings apart where an offset was given again."""
    anew = replace(finding(), evidence=(b"", leaf(9)))
    inbox.commit(taken(findings=[finding(), anew, anew]))
    assert [found for _, found in inbox.findings(0, 10)] == [finding(), anew]
