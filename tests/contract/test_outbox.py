"""One suite for every outbox; there is one, in SQLite."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from broker.errors import StorageError
from broker.names import AgencyId, EventId, Lane, Leaf, RecordId, Topic
from broker.ports import Accepted, Backlog, Cause, Refusal, Route, SealedBatch, SendState, Submission
from broker.sealing.atrest import AtRest
from broker.stages import Draft, LeftOut, Origin, Sealed, StreamHead
from broker.storage.outbox import SqliteOutbox

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from broker.ports import Outbox

SOURCE = AgencyId("polisi")
NOON = datetime(2026, 11, 22, 12, 0, 0, 123456, tzinfo=UTC)
ALERT = Topic("simpul.alert")
MAIL = Topic("simpul.mail.polisi.bnpt")
KEYS = Topic("simpul.keys.polisi.bnpt")
ROUTE = Route(
    type="id.simpul.alert.issued.v1",
    subject="urn:simpul:case:1",
    copies=(
        (ALERT, (AgencyId("imigrasi"), AgencyId("polisi-lain"))),
        (MAIL, (AgencyId("bnpt"),)),
    ),
    left_out=(LeftOut(agency=AgencyId("lsm"), code="forbidden.type", agreement="A7", clause="sender"),),
)


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    """Each outbox, empty."""
    sqlite = SqliteOutbox(tmp_path / "store", source=SOURCE, at_rest=AtRest(bytes(32)))
    yield sqlite
    sqlite.close()


def event_id(number: int) -> EventId:
    """The id of event `number`."""
    return EventId(f"00000000-0000-8000-8000-{number:012d}")


def submission(number: int, *, body: bytes = b"{}") -> Submission:
    """A draft on its way into the outbox."""
    origin = Origin(system="siskoh", record_id=f"nö {number}", revision="2")
    return Submission(event_id=event_id(number), draft=Draft(origin=origin, body=body), route=ROUTE)


def record(topic: Topic, sequence: int, event: int | None = None) -> Sealed:
    """A sealed record at that place: a copy of an event, or a key record."""
    return Sealed(
        topic=topic,
        key=None if event else b"unit/1",
        headers=(("content-type", b"x"), ("ce_id", b"%d" % sequence), ("ce_seal", bytes([0, 255, 10]))),
        value=b"sealed" if event else None,
        record_id=RecordId(f"{topic}-{sequence}"),
        lane=Lane(b"l" * 16),
        sequence=sequence,
        leaf=leaf(topic, sequence),
        event_id=event_id(event) if event else None,
    )


def leaf(topic: Topic, sequence: int) -> Leaf:
    """The leaf of the record at that place."""
    return Leaf(f"{topic}/{sequence}".encode().ljust(32, b"-"))


def batch(*records: Sealed, batch: bytes | None = None) -> SealedBatch:
    """The records with the heads that they lead to."""
    heads = {item.topic: StreamHead(sequence=item.sequence, leaf=item.leaf) for item in records}
    return SealedBatch(records=records, heads=heads, batch=batch)


def store(outbox: Outbox, numbers: Sequence[int], sealed: SealedBatch, *, route: Route = ROUTE) -> list[int]:
    """Store the records as those of the events of these numbers."""
    wanted = {event_id(number) for number in numbers}
    events = [(item, route) for item in waiting(outbox) if item.event_id in wanted]
    return outbox.store(events=events, sealed=sealed, at=NOON)


def taken(outbox: Outbox, *numbers: int) -> list[bool]:
    """Hand in events; say of each whether it was taken."""
    return [row is not None for row in outbox.accept([submission(number) for number in numbers], NOON)]


def waiting(outbox: Outbox, limit: int = 999) -> list[Accepted]:
    """The drafts that wait, in order."""
    return outbox.drafts(outbox.waiting(limit, NOON))


def accepted_ids(outbox: Outbox) -> list[EventId]:
    """The events that wait, in order."""
    return [item.event_id for item in waiting(outbox)]


def test_accepted_drafts_come_back_in_order_as_they_were(outbox: Outbox) -> None:
    """A draft is read as it was handed in, the oldest first, up to the limit."""
    drafts = [submission(number, body=b"\x00\xff body %d" % number) for number in (3, 1, 2)]
    rows = outbox.accept(drafts[:2], NOON)
    rows += outbox.accept(drafts[2:], NOON + timedelta(seconds=1))
    assert outbox.waiting(9, NOON) == rows
    found = waiting(outbox, 2)
    assert [(item.event_id, item.draft) for item in found] == [(item.event_id, item.draft) for item in drafts[:2]]
    assert found[0].accepted_at == NOON
    assert [item.row for item in found] == rows[:2]
    assert outbox.drafts([rows[2] or 0, 99]) == waiting(outbox)[2:]
    assert accepted_ids(outbox) == [event_id(3), event_id(1), event_id(2)]


def test_a_draft_waits_until_it_may_leave(outbox: Outbox) -> None:
    """A draft with a time of release is passed over until then, and holds up nobody behind it."""
    later = replace(submission(1), release_at=NOON + timedelta(minutes=3))
    outbox.accept([later, submission(2)], NOON)
    assert accepted_ids(outbox) == [event_id(2)]
    assert len(outbox.waiting(9, NOON + timedelta(minutes=3) - timedelta(microseconds=1))) == 1
    rows = outbox.waiting(9, NOON + timedelta(minutes=3))
    assert [item.event_id for item in outbox.drafts(rows)] == [event_id(1), event_id(2)]
    assert outbox.backlog().accepted == 2


def test_an_event_is_accepted_once(outbox: Outbox) -> None:
    """The same event id adds nothing: in one call, in the next, and after it was sealed."""
    assert taken(outbox, 1, 1, 2) == [True, False, True]
    assert taken(outbox, 2, 3) == [False, True]
    store(outbox, [1], batch(record(ALERT, 1, 1)))
    assert taken(outbox, 1) == [False]
    assert accepted_ids(outbox) == [event_id(2), event_id(3)]


def test_storing_takes_the_drafts_and_keeps_the_records(outbox: Outbox) -> None:
    """Records come back byte for byte, in order, until they are marked; heads and batch are there with them."""
    outbox.accept([submission(1), submission(2), submission(3)], NOON)
    records = [record(KEYS, 1), record(ALERT, 1, 1), record(ALERT, 2, 2), record(MAIL, 1, 1)]
    rows = store(outbox, [1, 2], batch(*records, batch=b"b" * 16))
    assert accepted_ids(outbox) == [event_id(3)]
    unpublished = outbox.unpublished(99)
    assert [item.record for item in unpublished] == records
    assert [item.row for item in unpublished] == rows
    assert [item.record for item in outbox.unpublished(2)] == records[:2]
    assert outbox.heads() == {
        KEYS: StreamHead(sequence=1, leaf=leaf(KEYS, 1)),
        ALERT: StreamHead(sequence=2, leaf=leaf(ALERT, 2)),
        MAIL: StreamHead(sequence=1, leaf=leaf(MAIL, 1)),
    }
    assert outbox.has_batch(b"b" * 16)
    assert not outbox.has_batch(b"c" * 16)
    assert outbox.records_of(event_id(1)) == [records[1], records[3]]


def test_marks_are_kept_and_never_changed(outbox: Outbox) -> None:
    """A marked record is not published again; a second mark changes nothing; gaps in the marks are seen."""
    outbox.accept([submission(1)], NOON)
    rows = store(outbox, [1], batch(*(record(ALERT, number, 1) for number in range(1, 6))))
    outbox.mark([(rows[0], 10), (rows[2], 12)], NOON)
    assert [item.row for item in outbox.unpublished(9)] == [rows[1], rows[3], rows[4]]
    assert [item.row for item in outbox.unpublished(1, rows[1])] == [rows[3]]
    outbox.mark([(rows[0], 77), (rows[1], 11)], NOON + timedelta(hours=1))
    assert [item.row for item in outbox.unpublished(9)] == rows[3:]
    outbox.mark([(rows[3], 13), (rows[4], 14)], NOON)
    assert outbox.unpublished(9) == []
    sent = outbox.find(event_id(1))
    assert sent is not None
    assert [copy.offset for copy in sent.copies] == [10, 11, 12, 13, 14]
    assert sent.copies[0].published_at == NOON
    rows = outbox.store(events=[], sealed=batch(record(ALERT, 6)), at=NOON)
    assert [item.row for item in outbox.unpublished(9)] == rows


@pytest.mark.parametrize(
    "second",
    [
        pytest.param(batch(record(ALERT, 1, 2)), id="its place is taken"),
        pytest.param(batch(record(KEYS, 1), record(ALERT, 1, 2), batch=b"c"), id="one place of several is taken"),
    ],
)
def test_a_place_in_a_stream_is_given_once(outbox: Outbox, second: SealedBatch) -> None:
    """Storing another record at a known place fails, and nothing of that call happened."""
    outbox.accept([submission(1), submission(2)], NOON)
    store(outbox, [1], batch(record(ALERT, 1, 1)))
    heads = outbox.heads()
    with pytest.raises(StorageError) as caught:
        store(outbox, [2], second)
    assert caught.value.code == "store.conflict"
    assert accepted_ids(outbox) == [event_id(2)]
    assert outbox.heads() == heads
    assert len(outbox.unpublished(9)) == 1
    assert not outbox.has_batch(b"c")


def test_a_draft_is_sealed_once(outbox: Outbox) -> None:
    """Two relays on one outbox cannot both seal a draft."""
    outbox.accept([submission(1)], NOON)
    (draft,) = waiting(outbox)
    outbox.store(events=[(draft, ROUTE)], sealed=batch(record(ALERT, 1, 1)), at=NOON)
    with pytest.raises(StorageError) as caught:
        outbox.store(events=[(draft, ROUTE)], sealed=batch(record(ALERT, 2, 1)), at=NOON)
    assert caught.value.code == "store.conflict"
    with pytest.raises(StorageError):
        outbox.refuse(draft, Refusal(code="forbidden.type", detail="", at=NOON))
    assert outbox.heads()[ALERT].sequence == 1


def test_a_refused_draft_is_kept_and_can_be_handed_in_again(outbox: Outbox) -> None:
    """A refused event tells its code, blocks nobody, answers nothing, and joins the end when it is tried again."""
    outbox.accept([submission(1), submission(2)], NOON)
    refusal = Refusal(code="forbidden.purpose", detail="A7: purpose\nsecond line", at=NOON)
    outbox.refuse(waiting(outbox, 1)[0], refusal)
    assert accepted_ids(outbox) == [event_id(2)]
    sent = outbox.find(event_id(1))
    assert sent is not None
    assert (sent.state, sent.refusal) == (SendState.REFUSED, refusal)
    assert outbox.cause(event_id(1)) is None
    assert outbox.backlog() == Backlog(accepted=1, unpublished=0, refused=1)
    assert taken(outbox, 1, 2) == [True, False]
    assert accepted_ids(outbox) == [event_id(2), event_id(1)]
    assert outbox.backlog() == Backlog(accepted=2, unpublished=0, refused=0)


def test_an_event_tells_how_far_it_has_come(outbox: Outbox) -> None:
    """Accepted, sealed, published only when every copy is; each copy with its place, its readers and its times."""
    assert outbox.find(event_id(1)) is None
    outbox.accept([submission(1)], NOON)
    states = [outbox.find(event_id(1))]
    rows = store(outbox, [1], batch(record(KEYS, 1), record(ALERT, 1, 1), record(MAIL, 1, 1)))
    states.append(outbox.find(event_id(1)))
    outbox.mark([(rows[0], 5), (rows[1], 6)], NOON)
    states.append(outbox.find(event_id(1)))
    outbox.mark([(rows[2], 7)], NOON + timedelta(seconds=1))
    sent = outbox.find(event_id(1))
    states.append(sent)
    assert [state and state.state for state in states] == ["accepted", "sealed", "sealed", "published"]
    assert sent is not None
    assert (sent.event_id, sent.route, sent.accepted_at) == (event_id(1), ROUTE, NOON)
    assert [(copy.topic, copy.sequence, copy.offset, copy.audience) for copy in sent.copies] == [
        (ALERT, 1, 6, ("imigrasi", "polisi-lain")),
        (MAIL, 1, 7, ("bnpt",)),
    ]
    assert sent.copies[1].published_at == NOON + timedelta(seconds=1)
    assert sent.copies[1].leaf == leaf(MAIL, 1)
    assert sent.copies[1].stored_at == NOON


def test_events_are_listed_newest_first_page_by_page(outbox: Outbox) -> None:
    """Pages follow each other without gap or repetition."""
    outbox.accept([submission(number) for number in range(1, 6)], NOON)
    page = outbox.events(limit=2)
    rest = outbox.events(limit=9, before=page[-1].row)
    assert [item.event_id for item in page + rest] == [event_id(number) for number in (5, 4, 3, 2, 1)]


def test_a_cause_is_known_from_acceptance_on(outbox: Outbox) -> None:
    """What an answer is judged by is there at once, and is what was sealed in the end."""
    assert outbox.cause(event_id(1)) is None
    outbox.accept([submission(1)], NOON)
    cause = Cause(
        event_id=event_id(1),
        type=ROUTE.type,
        source=SOURCE,
        subject=ROUTE.subject,
        audience=frozenset({AgencyId("imigrasi"), AgencyId("polisi-lain"), AgencyId("bnpt")}),
    )
    assert outbox.cause(event_id(1)) == cause
    fewer = replace(ROUTE, subject=None, copies=ROUTE.copies[1:])
    store(outbox, [1], batch(record(MAIL, 1, 1)), route=fewer)
    assert outbox.cause(event_id(1)) == replace(cause, subject=None, audience=frozenset({AgencyId("bnpt")}))


def test_only_own_records_are_known_as_own(outbox: Outbox) -> None:
    """A leaf counts only on the topic and at the place where this node stored it."""
    outbox.accept([submission(1)], NOON)
    store(outbox, [1], batch(record(ALERT, 1, 1), record(ALERT, 2, 1), record(MAIL, 1, 1)))
    asked = [(1, leaf(ALERT, 1)), (2, leaf(MAIL, 1)), (1, leaf(ALERT, 2)), (9, leaf(ALERT, 9)), (2, leaf(ALERT, 2))]
    assert outbox.sealed_here(ALERT, asked) == {leaf(ALERT, 1), leaf(ALERT, 2)}
    assert outbox.sealed_here(Topic("simpul.intel"), asked) == set()
    assert outbox.sealed_here(ALERT, []) == set()


def test_the_change_mark_moves_with_additions(outbox: Outbox) -> None:
    """A reader that polls the mark sees every addition."""
    before = outbox.change_mark()
    assert outbox.change_mark() == before
    outbox.accept([submission(1)], NOON)
    assert outbox.change_mark() != before


def test_the_backlog_counts_what_waits(outbox: Outbox) -> None:
    """Drafts, sealed records not yet in Kafka, and drafts set aside."""
    outbox.accept([submission(number) for number in range(1, 5)], NOON)
    outbox.refuse(waiting(outbox, 1)[0], Refusal(code="x", detail="", at=NOON))
    rows = store(outbox, [2], batch(record(ALERT, 1, 2), record(MAIL, 1, 2)))
    outbox.mark([(rows[0], 0)], NOON)
    assert outbox.backlog() == Backlog(accepted=2, unpublished=1, refused=1)


def test_an_unknown_draft_cannot_be_stored(outbox: Outbox) -> None:
    """A draft that never was accepted is no programmer's shortcut into the stream."""
    stranger = Accepted(row=99, event_id=event_id(9), draft=submission(9).draft, accepted_at=NOON)
    with pytest.raises(StorageError):
        outbox.store(events=[(stranger, ROUTE)], sealed=batch(record(ALERT, 1, 9)), at=NOON)
    assert outbox.heads() == {}
