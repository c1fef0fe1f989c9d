"""Every line of the table of streams, one by one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256

import pytest

from broker.names import GENESIS, AgencyId, KeyId, Lane, Leaf, RecordId, Topic
from broker.pipeline import completeness
from broker.pipeline.completeness import Place, Streams, judge, track
from broker.pipeline.remarks import Remarks
from broker.ports import UNSEEN, Keep, LaneState, State, Stream, Taken
from broker.stages import Fetched, StreamHead, Verified
from tests.fakes.inbox import MemoryInbox

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
SOURCE = AgencyId("polres-contoh")
TOPIC = Topic("simpul.alert")
OLD, HERE, NEW, FORKED = (Lane(name * 16) for name in (b"o", b"h", b"n", b"f"))


def leaf(name: object) -> Leaf:
    """A leaf called so."""
    return GENESIS if name == 0 else Leaf(sha256(str(name).encode()).digest())


class History:
    """Places 1 to 5 are taken; one lane was closed, one forked."""

    def leaf_at(self, sequence: int) -> Leaf | None:
        """See `History.leaf_at`."""
        return leaf(sequence) if 0 <= sequence <= 5 else None

    def lane(self, lane: Lane) -> LaneState | None:
        """See `History.lane`."""
        return {OLD: LaneState.CLOSED, HERE: LaneState.OPEN, FORKED: LaneState.FORKED}.get(lane)


HEAD = StreamHead(sequence=5, leaf=leaf(5))
STREAM = Stream(topic=TOPIC, source=SOURCE, head=HEAD, lane=HERE)
FRESH = Stream(topic=TOPIC, source=SOURCE)


def seen(sequence: int, *, name: object = None, previous: object = None, lane: Lane = HERE) -> Verified:
    """A record at a place."""
    name = sequence if name is None else name
    fetched = Fetched(topic=TOPIC, offset=sequence, timestamp_ms=0, key=None, value=b"x", headers=())
    return Verified(
        fetched=fetched,
        source=SOURCE,
        record_id=RecordId(str(name)),
        lane=lane,
        sequence=sequence,
        previous=leaf(sequence - 1 if previous is None else previous),
        leaf=leaf(name),
        signing_key=KeyId(bytes(16)),
        federation=1,
    )


@pytest.mark.parametrize(
    ("stream", "record", "place", "evidence"),
    [
        pytest.param(STREAM, seen(6), Place.NEXT, (), id="the next one"),
        pytest.param(STREAM, seen(6, lane=NEW), Place.NEXT, (), id="the next one opens a new lane"),
        pytest.param(STREAM, seen(5), Place.RESENT, (), id="the head again"),
        pytest.param(STREAM, seen(2), Place.RESENT, (), id="an old one again"),
        pytest.param(STREAM, seen(2, lane=OLD), Place.RESENT, (), id="again, from a closed lane"),
        pytest.param(STREAM, seen(5, name="x"), Place.FORKED, (5, "x"), id="another at the head"),
        pytest.param(STREAM, seen(2, name="x", lane=NEW), Place.FORKED, (2, "x"), id="another at an old place"),
        pytest.param(STREAM, seen(6, previous="x"), Place.FORKED, (5, "x", 6), id="names another before it"),
        pytest.param(STREAM, seen(6, lane=OLD), Place.FORKED, (5, 6), id="continues, but in a closed lane"),
        pytest.param(STREAM, seen(6, lane=FORKED), Place.FORKED, (5, 6), id="continues, but in a forked lane"),
        pytest.param(STREAM, seen(9, lane=OLD), Place.FORKED, (5, 9), id="beyond a gap in a closed lane"),
        pytest.param(
            STREAM, seen(6, previous="x", lane=OLD), Place.FORKED, (5, "x", 6), id="names another, closed lane"
        ),
        pytest.param(STREAM, seen(7), Place.HELD, (), id="beyond a gap"),
        pytest.param(STREAM, seen(7, lane=NEW), Place.HELD, (), id="beyond a gap in a new lane"),
        pytest.param(STREAM, seen(0, name="x"), Place.FORKED, (0, "x"), id="before the first place"),
        pytest.param(FRESH, seen(1, lane=NEW), Place.NEXT, (), id="the very first"),
        pytest.param(FRESH, seen(1, previous="x", lane=NEW), Place.FORKED, (0, "x", 1), id="first, but names another"),
        pytest.param(FRESH, seen(2, lane=NEW), Place.HELD, (), id="the second without the first"),
    ],
)
def test_a_record_is_judged_by_the_table(
    stream: Stream, record: Verified, place: Place, evidence: tuple[object, ...]
) -> None:
    """Each line of the table, with the leaves that prove a fork."""
    verdict = judge(stream, record, History())
    assert verdict.place is place
    assert verdict.evidence == tuple(leaf(name) for name in evidence)
    assert bool(verdict.code) is (place is Place.FORKED)


def test_where_the_beginning_is_gone_a_stream_may_start_anywhere_but_only_start() -> None:
    """A cut explains what is missing before the first record, and nothing that is missing later."""
    assert judge(FRESH, seen(9, lane=NEW), History(), cut=True).place is Place.NEXT
    assert judge(replace(FRESH, held=1), seen(9, lane=NEW), History(), cut=True).place is Place.HELD
    assert judge(STREAM, seen(9), History(), cut=True).place is Place.HELD
    assert judge(STREAM, seen(6, previous="x"), History(), cut=True).place is Place.FORKED


@pytest.mark.parametrize(
    ("head", "record", "place", "sequence"),
    [
        pytest.param(None, seen(7), Place.NEXT, 7, id="the first seen"),
        pytest.param(HEAD, seen(9), Place.NEXT, 9, id="a missing place is no finding"),
        pytest.param(HEAD, seen(3), Place.PASSED_OVER, 5, id="an older one"),
        pytest.param(HEAD, seen(5), Place.RESENT, 5, id="the head again"),
        pytest.param(HEAD, seen(5, name="x"), Place.FORKED, 5, id="another at the head"),
        pytest.param(HEAD, seen(6), Place.NEXT, 6, id="the next one"),
        pytest.param(HEAD, seen(6, previous="x"), Place.NEXT, 6, id="the next one names another"),
        pytest.param(HEAD, seen(7, lane=OLD), Place.NEXT, 7, id="in another lane"),
    ],
)
def test_a_compacted_topic_has_a_head_and_no_gaps(
    head: StreamHead | None, record: Verified, place: Place, sequence: int
) -> None:
    """On key topics the head is followed, and order means nothing."""
    after, verdict = track(head, record)
    assert (verdict.place, after.sequence) == (place, sequence)


def commit(inbox: MemoryInbox, streams: Streams, rows: list[Verified] | None = None) -> None:
    """Make a step durable, taking what was placed as admitted."""
    keep = [Keep(verified=one, state=State.ADMITTED) for one in rows or []]
    inbox.commit(
        Taken(at=NOW, streams=streams.changes(), keep=[*keep, *streams.kept()], findings=streams._remarks.findings)
    )


def test_a_held_record_comes_back_with_its_row_when_the_gap_is_filled() -> None:
    """A later step resolves what an earlier one had kept, and says where it is."""
    inbox = MemoryInbox()
    first = Streams(inbox, Remarks(at=NOW))
    assert first.place(seen(2)) == []
    commit(inbox, first)
    second = Streams(inbox, Remarks(at=NOW))
    placed = second.place(seen(1))
    assert [(one.verified.sequence, one.row, one.was) for one in placed] == [(1, None, None), (2, 1, State.HELD)]
    assert second.changes()[0].after.held == 0


def test_a_new_lane_closes_the_one_before() -> None:
    """Both are remembered, so that nothing of the old one follows."""
    streams = Streams(MemoryInbox(), Remarks(at=NOW))
    streams.place(seen(1))
    streams.place(seen(2, lane=NEW))
    (moved,) = streams.changes()
    assert dict(moved.lanes) == {HERE: LaneState.CLOSED, NEW: LaneState.OPEN}
    assert moved.after.lane == NEW


def test_of_two_held_at_one_place_the_one_that_continues_is_taken_and_the_other_forks() -> None:
    """Both are reported at once; the gap's filling decides."""
    inbox = MemoryInbox()
    streams = Streams(inbox, Remarks(at=NOW))
    streams.place(seen(2, name="x", previous="y"))
    streams.place(seen(2))
    streams.place(seen(2))
    assert [found.evidence for found in streams._remarks.findings] == [(leaf("x"), leaf(2))]
    commit(inbox, streams)
    streams = Streams(inbox, Remarks(at=NOW))
    assert [one.verified.leaf for one in streams.place(seen(1))] == [leaf(1), leaf(2)]
    assert [(keep.state, keep.was, keep.verified.leaf) for keep in streams.kept()] == [
        (State.FORKED, State.HELD, leaf("x"))
    ]


def test_a_fork_sent_again_is_kept_once() -> None:
    """A fork cannot fill the disk by repetition."""
    inbox = MemoryInbox()
    streams = Streams(inbox, Remarks(at=NOW))
    first = streams.place(seen(1))
    streams.place(seen(1, name="x"))
    streams.place(seen(1, name="x"))
    commit(inbox, streams, [one.verified for one in first])
    streams = Streams(inbox, Remarks(at=NOW))
    streams.place(seen(1, name="x"))
    commit(inbox, streams)
    assert (inbox.counts().forked, inbox.counts().resent, inbox.counts().findings) == (1, 2, 1)


def test_no_more_records_are_held_beyond_a_gap_than_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A source cannot fill the disk with what never gets its turn; what is beyond is quarantined, and not doubled."""
    monkeypatch.setattr(completeness, "MAX_HELD", 3)
    inbox = MemoryInbox()
    for some in ([2, 3], [4, 5, 4], [6]):
        streams, remarks = _streams(inbox)
        for sequence in some:
            assert streams.place(seen(sequence)) == []
        inbox.commit(Taken(at=NOW, streams=streams.changes(), keep=streams.kept(), quarantine=remarks.quarantine))
    rows = inbox.quarantined(0, 9)
    assert [(row.code, row.offset, row.source) for row in rows] == [
        ("stream.too-many-held", 5, SOURCE),
        ("stream.too-many-held", 6, SOURCE),
    ]
    assert (inbox.counts().held, inbox.counts().resent) == (3, 1)
    streams, _ = _streams(inbox)
    assert [one.verified.sequence for one in streams.place(seen(1))] == [1, 2, 3, 4]
    assert streams.changes()[0].after.held == 0


def _streams(inbox: MemoryInbox) -> tuple[Streams, Remarks]:
    remarks = Remarks(at=NOW)
    return Streams(inbox, remarks), remarks


def test_a_fresh_stream_is_unseen() -> None:
    """The head of nothing is place 0 with 32 zero bytes."""
    assert MemoryInbox().stream(TOPIC, SOURCE).head == UNSEEN == StreamHead(sequence=0, leaf=GENESIS)
