"""The inbox in memory, for tests of laws that ask it a great many times; proven by the contract suite of inboxes."""

from __future__ import annotations

import copy
import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from broker.errors import StorageError
from broker.ports import (
    Aside,
    Entry,
    EntryKind,
    Gap,
    InboxCounts,
    Kept,
    LaneState,
    MissingKey,
    QuarantineRow,
    State,
    Stream,
)
from broker.storage.inbox_commit import (
    QUARANTINE_BYTES,
    QUARANTINE_LISTED,
    QUARANTINE_RECORDS,
    digest_of,
    moved,
    pot_of,
)
from broker.storage.rows import size_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from broker.names import AgencyId, EventId, KeyId, Lane, Leaf, Topic
    from broker.ports import Finding, Keep, Quarantined, StreamChange, Taken

    StreamName = tuple[Topic, AgencyId]
    EventName = tuple[AgencyId, EventId]


@dataclass(slots=True)
class _Tables:
    """Everything in the inbox; a commit works on a copy, so that one that fails leaves no trace."""

    offsets: dict[Topic, int] = field(default_factory=dict)
    streams: dict[StreamName, Stream] = field(default_factory=dict)
    gaps: dict[StreamName, tuple[datetime, bool]] = field(default_factory=dict)
    resent: int = 0
    places: dict[StreamName, dict[int, Leaf]] = field(default_factory=dict)
    lanes: dict[StreamName, dict[Lane, LaneState]] = field(default_factory=dict)
    records: dict[int, Kept] = field(default_factory=dict)
    last_row: int = 0
    events: dict[EventName, list[int]] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    missing: dict[int, tuple[MissingKey, bool]] = field(default_factory=dict)
    last_missing: int = 0
    quarantine: dict[int, QuarantineRow] = field(default_factory=dict)
    quarantine_at: dict[tuple[Topic, int, bytes], int] = field(default_factory=dict)
    last_quarantined: int = 0
    pots: dict[tuple[Topic, str, str], tuple[int, int, int]] = field(default_factory=dict)
    unlisted: int = 0
    findings: list[Finding] = field(default_factory=list)
    cursors: dict[str, int] = field(default_factory=dict)
    asides: dict[tuple[str, int], Aside] = field(default_factory=dict)
    joined: datetime | None = None

    def copied(self) -> _Tables:
        values: dict[str, Any] = {}
        for name in self.__slots__:
            value = getattr(self, name)
            if name in {"places", "lanes", "events"}:
                values[name] = {key: copy.copy(inner) for key, inner in value.items()}
            else:
                values[name] = copy.copy(value)
        return _Tables(**values)


class MemoryInbox:
    """`broker.ports.Inbox` without a file."""

    def __init__(self) -> None:
        """Start empty."""
        self._tables = _Tables()
        self._lock = threading.RLock()

    # --- what the reader asks

    def offsets(self) -> Mapping[Topic, int]:
        """See `Inbox.offsets`."""
        return dict(self._tables.offsets)

    def stream(self, topic: Topic, source: AgencyId) -> Stream:
        """See `Inbox.stream`."""
        return self._tables.streams.get((topic, source), Stream(topic=topic, source=source))

    def leaf_at(self, topic: Topic, source: AgencyId, sequence: int) -> Leaf | None:
        """See `Inbox.leaf_at`."""
        return self._tables.places.get((topic, source), {}).get(sequence)

    def lane(self, topic: Topic, source: AgencyId, lane: Lane) -> LaneState | None:
        """See `Inbox.lane`."""
        return self._tables.lanes.get((topic, source), {}).get(lane)

    def kept_at(self, topic: Topic, source: AgencyId, sequence: int, state: State) -> list[Kept]:
        """See `Inbox.kept_at`."""
        return [kept for kept in self._of(topic, source, state) if kept.verified.sequence == sequence]

    def _first_held(self, topic: Topic, source: AgencyId) -> Kept | None:
        return min(
            self._of(topic, source, State.HELD), key=lambda kept: (kept.verified.sequence, kept.row), default=None
        )

    def known(self, event_ids: Sequence[EventId]) -> set[EventName]:
        """See `Inbox.known`."""
        return {event for event in self._tables.events if event[1] in event_ids}

    def event(self, event_id: EventId, source: AgencyId | None = None) -> list[Kept]:
        """See `Inbox.event`."""
        tables = self._tables
        found = [rows for (by, known), rows in tables.events.items() if known == event_id and source in {None, by}]
        rows = min(found, default=[])
        return [tables.records[row] for row in rows]

    def waiting_for(self, keys: Sequence[tuple[AgencyId, KeyId]]) -> list[Kept]:
        """See `Inbox.waiting_for`."""
        wanted = set(keys)
        missed = [one for one, _ in self._tables.missing.values()]
        rows = {one.row for one in missed if (one.source, one.key_id) in wanted}
        return [self._tables.records[row] for row in sorted(rows)]

    def missing(self, after: int, limit: int) -> list[MissingKey]:
        """See `Inbox.missing`."""
        return [one for number, (one, _) in self._tables.missing.items() if number > after][:limit]

    def overdue(self, before: datetime, limit: int) -> list[MissingKey]:
        """See `Inbox.overdue`."""
        missed = self._tables.missing.values()
        return [one for one, reported in missed if not reported and one.since < before][:limit]

    def gaps(self, before: datetime) -> list[Gap]:
        """See `Inbox.gaps`."""
        gaps = []
        for (topic, source), (since, reported) in self._tables.gaps.items():
            first = self._first_held(topic, source)
            if reported or since >= before or first is None:
                continue
            seen = first.verified
            stream = self.stream(topic, source)
            gaps.append(Gap(stream=stream, since=since, offset=seen.fetched.offset, leaf=seen.leaf))
        return gaps

    def joined(self) -> datetime | None:
        """See `Inbox.joined`."""
        return self._tables.joined

    def join(self, at: datetime) -> None:
        """See `Inbox.join`."""
        with self._lock:
            before = self._tables.joined
            self._tables.joined = at if before is None else min(before, at)

    def commit(self, taken: Taken) -> None:
        """See `Inbox.commit`."""
        with self._lock:
            tables = self._tables.copied()
            _write(tables, taken)
            self._tables = tables

    # --- what consumers ask

    def entries(self, after: int, limit: int) -> list[Entry]:
        """See `Inbox.entries`."""
        return self._tables.entries[max(after, 0) :][:limit]

    def last_entry(self) -> int:
        """See `Inbox.last_entry`."""
        return len(self._tables.entries)

    def records(self, row: int) -> list[Kept]:
        """See `Inbox.records`."""
        tables = self._tables
        rows: list[int] = next((rows for rows in tables.events.values() if rows[0] == row), [])
        return [tables.records[one] for one in rows]

    def cursor(self, consumer: str) -> int:
        """See `Inbox.cursor`."""
        return self._tables.cursors.get(consumer, 0)

    def advance(
        self,
        consumer: str,
        *,
        expected: int,
        to: int,
        asides: Sequence[Aside] = (),
        findings: Sequence[Finding] = (),
    ) -> None:
        """See `Inbox.advance`."""
        with self._lock:
            if self.cursor(consumer) != expected:
                raise moved("cursor of a consumer")
            tables = self._tables.copied()
            tables.cursors[consumer] = to
            tables.asides.update({(one.consumer, one.entry): one for one in asides})
            _find(tables, findings)
            self._tables = tables

    def asides(self, consumer: str, after: int, limit: int) -> list[Aside]:
        """See `Inbox.asides`."""
        found = [one for one in self._tables.asides.values() if one.consumer == consumer and one.entry > after]
        return sorted(found, key=lambda one: one.entry)[:limit]

    # --- what people ask

    def quarantined(self, after: int, limit: int) -> list[QuarantineRow]:
        """See `Inbox.quarantined`."""
        return [row for number, row in self._tables.quarantine.items() if number > after][:limit]

    def quarantined_at(self, numbers: Sequence[int]) -> list[QuarantineRow]:
        """See `Inbox.quarantined_at`."""
        rows = self._tables.quarantine
        return [rows[number] for number in numbers if number in rows]

    def has_finding(self, code: str, topic: Topic) -> bool:
        """See `Inbox.has_finding`."""
        return any((found.code, found.source, found.topic) == (code, "", topic) for found in self._tables.findings)

    def findings(self, after: int, limit: int) -> list[tuple[int, Finding]]:
        """See `Inbox.findings`."""
        return list(enumerate(self._tables.findings, start=1))[max(after, 0) :][:limit]

    def counts(self) -> InboxCounts:
        """See `Inbox.counts`."""
        tables = self._tables
        states = [kept.state for kept in tables.records.values()]
        return InboxCounts(
            entries=len(tables.entries),
            waiting=states.count(State.WAITING),
            held=states.count(State.HELD),
            forked=states.count(State.FORKED),
            quarantined=len(tables.quarantine),
            unlisted=tables.unlisted,
            findings=len(tables.findings),
            resent=tables.resent,
        )

    def _of(self, topic: Topic, source: AgencyId, state: State) -> list[Kept]:
        return [
            kept
            for kept in self._tables.records.values()
            if kept.state is state and kept.verified.fetched.topic == topic and kept.verified.source == source
        ]


def _write(tables: _Tables, taken: Taken) -> None:
    for topic, (expected, following) in taken.offsets.items():
        if tables.offsets.get(topic, 0) != expected:
            raise moved("offset of a topic")
        tables.offsets[topic] = following
    for change in taken.streams:
        _move(tables, change, taken.at)
    for row, was in taken.remove:
        _require_state(tables, row, was)
        del tables.records[row]
        _forget_missing(tables, row)
    for keep in taken.keep:
        _keep(tables, keep, taken.at)
    _report(tables, taken)
    for record in taken.quarantine:
        _quarantine(tables, record)
    _find(tables, taken.findings)


def _report(tables: _Tables, taken: Taken) -> None:
    for number in taken.reported:
        if number in tables.missing:
            tables.missing[number] = (tables.missing[number][0], True)
    for name in taken.gaps_reported:
        if name in tables.gaps:
            tables.gaps[name] = (tables.gaps[name][0], True)


def _move(tables: _Tables, change: StreamChange, at: datetime) -> None:
    before, after = change.before, change.after
    name = (before.topic, before.source)
    if tables.streams.get(name, Stream(topic=name[0], source=name[1])) != before:
        raise moved("head of a stream")
    tables.streams[name] = after
    tables.resent += change.resent
    places = tables.places.setdefault(name, {})
    for sequence, leaf in change.places:
        if sequence in places:
            raise StorageError("store.conflict", "a place in a stream")
        places[sequence] = leaf
    tables.lanes.setdefault(name, {}).update(change.lanes)
    if after.held == 0:
        tables.gaps.pop(name, None)
    elif name not in tables.gaps or after.head.sequence != before.head.sequence:
        tables.gaps[name] = (at, False)


def _keep(tables: _Tables, keep: Keep, at: datetime) -> None:
    row = keep.row
    if row is None:
        row = tables.last_row = tables.last_row + 1
    elif keep.was is not None:
        _require_state(tables, row, keep.was)
        _forget_missing(tables, row)
    tables.records[row] = Kept(row=row, verified=keep.verified, state=keep.state, refused=frozenset(keep.refused))
    first = row
    if keep.event_id is not None:
        name = (keep.verified.source, keep.event_id)
        if (name not in tables.events) is not (keep.entry is EntryKind.NEW):
            raise moved("records of an event")
        rows = tables.events.setdefault(name, [])
        if row not in rows:
            rows.append(row)
        first = rows[0]
    if keep.entry is not None:
        tables.entries.append(Entry(number=len(tables.entries) + 1, kind=keep.entry, row=first, at=at))
    for key_id in keep.missing:
        tables.last_missing += 1
        one = MissingKey(
            number=tables.last_missing,
            row=row,
            source=keep.verified.source,
            key_id=key_id,
            topic=keep.verified.fetched.topic,
            offset=keep.verified.fetched.offset,
            cover=keep.state is State.WAITING,
            since=at,
        )
        tables.missing[one.number] = (one, False)


def _require_state(tables: _Tables, row: int, was: State) -> None:
    if row not in tables.records or tables.records[row].state is not was:
        raise moved("state of a record")


def _forget_missing(tables: _Tables, row: int) -> None:
    for number in [number for number, (one, _) in tables.missing.items() if one.row == row]:
        del tables.missing[number]


def _quarantine(tables: _Tables, record: Quarantined) -> None:
    fetched, digest = record.fetched, digest_of(record.fetched)
    name = (fetched.topic, fetched.offset, digest)
    there = tables.quarantine_at.get(name)
    if there is not None:
        tables.quarantine[there] = replace(tables.quarantine[there], code=record.code, at=record.at)
        return
    pot, size = pot_of(record), size_of(fetched)
    records, size_before, listed = tables.pots.get(pot, (0, 0, 0))
    whole = records < QUARANTINE_RECORDS and size_before + size <= QUARANTINE_BYTES
    if not whole and listed >= QUARANTINE_LISTED:
        tables.unlisted += 1
        return
    tables.pots[pot] = (records + whole, size_before + size * whole, listed + 1)
    number = tables.quarantine_at[name] = tables.last_quarantined = tables.last_quarantined + 1
    tables.quarantine[number] = QuarantineRow(
        number=number,
        record=record if whole else None,
        digest=digest,
        topic=fetched.topic,
        offset=fetched.offset,
        source=record.source,
        code=record.code,
        station=record.station,
        at=record.at,
    )


def _find(tables: _Tables, findings: Iterable[Finding]) -> None:
    known = {(one.code, one.source, one.topic, one.offset, one.evidence) for one in tables.findings}
    for found in findings:
        name = (found.code, found.source, found.topic, found.offset, found.evidence)
        if name not in known:
            known.add(name)
            tables.findings.append(found)
