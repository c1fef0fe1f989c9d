"""Laws of streams: what is honest resolves completely, what is not is reported."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from broker.names import GENESIS, AgencyId, KeyId, Lane, Leaf, RecordId, Topic
from broker.pipeline.completeness import TOPIC_CUT, Streams
from broker.pipeline.remarks import Remarks
from broker.ports import Finding, Keep, State, Taken
from broker.stages import Fetched, Verified
from tests.fakes.inbox import MemoryInbox
from tests.second_decoder.notation import RefusedError
from tests.second_decoder.stream import Link, Standing, Stream

if TYPE_CHECKING:
    from collections.abc import Sequence

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
SOURCE = AgencyId("polres-contoh")
TOPIC = Topic("simpul.alert")


def record(sequence: int, previous: Leaf, lane: bytes, salt: bytes = b"") -> Verified:
    """A record of the one stream of these tests, its leaf made of everything that it says."""
    leaf = Leaf(sha256(b"%d/%b/%b/%b" % (sequence, previous, lane, salt)).digest())
    fetched = Fetched(topic=TOPIC, offset=0, timestamp_ms=0, key=None, value=b"x", headers=())
    return Verified(
        fetched=fetched,
        source=SOURCE,
        record_id=RecordId(leaf.hex()),
        lane=Lane(lane.ljust(16, b".")),
        sequence=sequence,
        previous=previous,
        leaf=leaf,
        signing_key=KeyId(bytes(16)),
        federation=1,
    )


def history(lanes: Sequence[int], *, previous: Leaf = GENESIS, after: int = 0, name: bytes = b"") -> list[Verified]:
    """An honest history: so many records in each lane, one lane after the other."""
    records: list[Verified] = []
    for number, count in enumerate(lanes):
        for _ in range(count):
            records.append(record(after + len(records) + 1, previous, b"%b%d" % (name, number)))
            previous = records[-1].leaf
    return records


class Reader:
    """Reads in batches, each committed on its own, as the node does."""

    def __init__(self) -> None:
        self.inbox = MemoryInbox()
        self.accepted: list[Verified] = []

    def read(self, records: Sequence[Verified], batch: int = 3) -> None:
        """Take records in batches of that size."""
        for start in range(0, len(records), batch):
            remarks = Remarks(at=NOW)
            streams = Streams(self.inbox, remarks)
            placed = [one for seen in records[start : start + batch] for one in streams.place(seen)]
            self.accepted += [one.verified for one in placed]
            admitted = [Keep(verified=one.verified, state=State.ADMITTED, row=one.row, was=one.was) for one in placed]
            self.inbox.commit(
                Taken(
                    at=NOW,
                    streams=streams.changes(),
                    keep=[*admitted, *streams.kept()],
                    findings=remarks.findings,
                )
            )

    @property
    def findings(self) -> list[Finding]:
        """What was reported."""
        return [found for _, found in self.inbox.findings(0, 1000)]

    @property
    def open_gaps(self) -> int:
        """How many streams have an open gap."""
        return len(self.inbox.gaps(NOW + timedelta(hours=1)))


LANES = st.lists(st.integers(1, 6), min_size=1, max_size=4)
BATCH = st.integers(1, 7)


@given(lanes=LANES, batch=BATCH, again=st.data())
@settings(deadline=None)
def test_an_honest_history_with_resends_resolves_completely(lanes: list[int], batch: int, again: st.DataObject) -> None:
    """Whatever is published again after a crash is dropped and counted; nothing is reported."""
    honest = history(lanes)
    sent: list[Verified] = []
    for count in range(1, len(honest) + 1):
        sent.append(honest[count - 1])
        start = again.draw(st.integers(0, count))
        sent += honest[start:count] if again.draw(st.booleans()) else []
    reader = Reader()
    reader.read(sent, batch)
    assert reader.accepted == honest
    assert reader.findings == []
    assert reader.inbox.counts().resent == len(sent) - len(honest)


@given(lanes=LANES, batch=BATCH, order=st.data())
@settings(deadline=None)
def test_a_reordered_history_is_put_in_order(lanes: list[int], batch: int, order: st.DataObject) -> None:
    """Once all have come, in any order and any number of times, each was taken once and in its place."""
    honest = history(lanes)
    sent = order.draw(st.permutations(honest + order.draw(st.lists(st.sampled_from(honest), max_size=5))))
    reader = Reader()
    reader.read(sent, batch)
    assert reader.accepted == honest
    assert reader.findings == []
    assert (reader.inbox.counts().held, reader.open_gaps) == (0, 0)


@given(lanes=LANES, batch=BATCH, choice=st.data())
@settings(deadline=None)
def test_a_withheld_record_leaves_a_gap_and_nothing_beyond_it_is_taken(
    lanes: list[int], batch: int, choice: st.DataObject
) -> None:
    """Whichever records are dropped, what comes before is taken, and the gap shows."""
    honest = [*history(lanes), *history([1], previous=history(lanes)[-1].leaf, after=sum(lanes), name=b"z")]
    dropped = choice.draw(st.sets(st.integers(1, len(honest) - 1), min_size=1))
    reader = Reader()
    reader.read([seen for seen in honest if seen.sequence not in dropped], batch)
    assert reader.accepted == honest[: min(dropped) - 1]
    assert reader.open_gaps == 1
    reader.read([seen for seen in honest if seen.sequence in dropped], batch)
    assert reader.accepted == honest
    assert (reader.open_gaps, reader.findings) == (0, [])


@given(lanes=LANES, batch=BATCH, choice=st.data())
@settings(deadline=None)
def test_a_fork_is_reported_wherever_it_comes_and_whatever_lane_it_names(
    lanes: list[int], batch: int, choice: st.DataObject
) -> None:
    """Two records at one place never pass silently, and what is taken is one chain."""
    honest = history(lanes)
    place = choice.draw(st.integers(0, len(honest) - 1))
    lane = choice.draw(st.sampled_from([b"0", b"%d" % (len(lanes) - 1), b"stolen"]))
    forged = record(place + 1, honest[place].previous, lane, salt=b"forged")
    sent = list(honest)
    sent.insert(choice.draw(st.integers(0, len(honest))), forged)
    reader = Reader()
    reader.read(sent, batch)
    assert any(found.code.startswith("stream.") and found.evidence for found in reader.findings)
    assert reader.inbox.counts().forked + reader.inbox.counts().held >= 1
    chain = [GENESIS, *(seen.leaf for seen in reader.accepted)]
    assert [seen.previous for seen in reader.accepted] == chain[:-1]


@given(before=LANES, lost=LANES, after=LANES, batch=BATCH)
@settings(max_examples=50, deadline=None)
def test_a_source_restored_from_a_backup_forks(
    before: list[int], lost: list[int], after: list[int], batch: int
) -> None:
    """What was taken stands; all of the new lanes is kept, and each is reported once at the most."""
    kept = history(before)
    gone = history(lost, previous=kept[-1].leaf, after=len(kept), name=b"lost")
    restored = history(after, previous=kept[-1].leaf, after=len(kept), name=b"new")
    reader = Reader()
    reader.read([*kept, *gone, *restored], batch)
    assert reader.accepted == [*kept, *gone]
    counts = reader.inbox.counts()
    assert counts.forked + counts.held == len(restored)
    assert counts.forked >= 1
    assert 1 <= len(reader.findings) <= len({seen.lane for seen in restored})


@given(lanes=LANES, start=st.integers(1, 5), batch=BATCH)
@settings(deadline=None)
def test_where_the_topic_was_cut_a_stream_starts_with_what_is_there(lanes: list[int], start: int, batch: int) -> None:
    """The first record seen starts the stream; older ones are passed over, later ones are judged as ever."""
    honest = history([*lanes, 5])
    reader = Reader()
    cut = Finding(code=TOPIC_CUT, source="", topic=TOPIC, offset=0, at=NOW)
    reader.inbox.commit(Taken(at=NOW, findings=[cut]))
    reader.read([*honest[start:], *honest[: start - 1]], batch)
    assert reader.accepted == honest[start:]
    assert reader.findings == [cut]
    strict = Reader()
    strict.read(honest[start:], batch)
    assert strict.accepted == []
    assert strict.open_gaps == 1


@given(
    story=st.lists(st.tuples(st.integers(1, 5), st.integers(0, 9), st.sampled_from(b"abc")), max_size=12),
    batch=BATCH,
)
@settings(max_examples=300, deadline=None)
def test_page_and_reader_judge_every_history_alike(story: list[tuple[int, int, int]], batch: int) -> None:
    """Records at any place, naming any leaf, in any lane: what the second decoder takes is what this node takes."""
    records: list[Verified] = []
    for sequence, before, lane in story:
        named = [seen.leaf for seen in records if seen.sequence == sequence - 1] or [GENESIS]
        records.append(record(sequence, named[before % len(named)], bytes([lane]), salt=b"%d" % (before // 5)))
    reader, decoder = Reader(), Stream[Verified](compacted=False)
    reader.read(records, batch)
    taken: list[Verified] = []
    for seen in records:
        link = Link(lane=seen.lane.hex(), sequence=seen.sequence, previous=seen.previous, leaf=seen.leaf, carried=seen)
        with suppress(RefusedError):
            taken += [seen] if decoder.place(link) is Standing.NEXT else []
            taken += [held.carried for held, refusal in decoder.release() if refusal is None]
    assert reader.accepted == taken
    held = {link.leaf for links in decoder.held.values() for link in links}
    assert reader.inbox.counts().held == len(held)
