"""Laws of streams: what is honest resolves completely, what is not is reported."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from broker.names import GENESIS, AgencyId, KeyId, Lane, Leaf, RecordId, Topic
from broker.pipeline.completeness import Streams
from broker.ports import Keep, State, Taken
from broker.stages import Fetched, Verified
from tests.fakes.inbox import MemoryInbox

if TYPE_CHECKING:
    from collections.abc import Sequence

    from broker.ports import Finding

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

    def __init__(self, *, joined_later: bool = False) -> None:
        self.inbox = MemoryInbox()
        self.accepted: list[Verified] = []
        self._joined_later = joined_later

    def read(self, records: Sequence[Verified], batch: int = 3) -> None:
        """Take records in batches of that size."""
        for start in range(0, len(records), batch):
            streams = Streams(self.inbox, at=NOW, joined_later=self._joined_later)
            placed = [one for seen in records[start : start + batch] for one in streams.place(seen)]
            self.accepted += [one.verified for one in placed]
            admitted = [Keep(verified=one.verified, state=State.ADMITTED, row=one.row, was=one.was) for one in placed]
            self.inbox.commit(
                Taken(
                    at=NOW,
                    streams=streams.changes(),
                    keep=[*admitted, *streams.kept()],
                    findings=streams.findings,
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
def test_a_source_restored_from_a_backup_forks_until_a_person_accepts_its_lane(
    before: list[int], lost: list[int], after: list[int], batch: int
) -> None:
    """The new lane is held with one finding, then taken from where the backup was, and the old lane is closed."""
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
    taken: list[Verified] = []
    while taken != restored:
        streams = Streams(reader.inbox, at=NOW)
        placed = streams.accept_lane(TOPIC, SOURCE, restored[len(taken)].lane)
        assert placed
        taken += [one.verified for one in placed]
        keep = [Keep(verified=one.verified, state=State.ADMITTED, row=one.row, was=one.was) for one in placed]
        reader.inbox.commit(Taken(at=NOW, streams=streams.changes(), keep=[*keep, *streams.kept()]))
    assert reader.inbox.stream(TOPIC, SOURCE).head.leaf == restored[-1].leaf
    assert (reader.inbox.counts().forked, reader.inbox.counts().held) == (0, 0)
    more = history([1], previous=gone[-1].leaf, after=len(kept) + len(gone), name=b"lost%d" % (len(lost) - 1))
    reader.read([replace(more[0], lane=gone[-1].lane)])
    assert reader.inbox.counts().forked == 1


@given(lanes=LANES, start=st.integers(1, 5), batch=BATCH)
@settings(deadline=None)
def test_who_joined_later_starts_with_what_is_there(lanes: list[int], start: int, batch: int) -> None:
    """The first record seen starts the stream; older ones are passed over, later ones are judged as ever."""
    honest = history([*lanes, 5])
    reader = Reader(joined_later=True)
    reader.read([*honest[start:], *honest[: start - 1]], batch)
    assert reader.accepted == honest[start:]
    assert reader.findings == []
    strict = Reader()
    strict.read(honest[start:], batch)
    assert strict.accepted == []
    assert strict.open_gaps == 1
