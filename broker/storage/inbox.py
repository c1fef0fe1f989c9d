"""The inbox in SQLite (`inbox.db`): events lie in it sealed, as they came, and are opened again on every reading.

Rules:
- No type, subject, id, audience or field of an event stands on any page: an event is found by (source, a tag of its
  id under the node's own key). What Kafka shows anyway (topic, source, sequence, times) stands in clear.
- One `commit` is one transaction, by compare-and-set on offsets, heads and states: a second reader that comes too
  late gets `store.moved`, and nothing is doubled.
- Entries are append-only; consumers read them by number, each with a cursor of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from broker.names import AgencyId, KeyId, Lane, Leaf, Topic
from broker.ports import (
    UNSEEN,
    Aside,
    Entry,
    Gap,
    InboxCounts,
    Kept,
    MissingKey,
    QuarantineRow,
    State,
    Stream,
)
from broker.stages import StreamHead
from broker.storage.database import Database
from broker.storage.findings import FINDING, read_findings, write_findings
from broker.storage.inbox_commit import EVENT_TAG, STATES, moved, write
from broker.storage.inbox_rows import (
    JOINED,
    KIND_OF,
    LANE_OF,
    MISSING,
    QUARANTINE,
    RECORD,
    SCHEMA,
    kept_of,
    quarantine_row_of,
)
from broker.storage.rows import from_micros, to_micros

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from broker.names import EventId
    from broker.ports import Finding, LaneState, Taken
    from broker.sealing.atrest import AtRest

FILE: Final = "inbox.db"

_TAGS_KEPT: Final = 2048
"""Of the events just asked about: the commit that follows needs the same."""


class SqliteInbox:
    """`Inbox` in one SQLite file. Calls may come from any thread; writes take turns."""

    def __init__(self, folder: Path, *, at_rest: AtRest) -> None:
        """Open `inbox.db` in the node's store folder.

        Args:
            folder: the store folder; made where it is missing.
            at_rest: encryption under the node's own key.

        Raises:
            MisconfiguredError: the file is not an inbox of this release.
            StorageError: it cannot be opened.
        """
        self._database = Database(folder / FILE, schema=(f"{SCHEMA};{FINDING}", JOINED), label="inbox")
        self._at_rest = at_rest
        self._tags: dict[EventId, bytes] = {}

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    # --- what the reader asks

    def offsets(self) -> Mapping[Topic, int]:
        """See `Inbox.offsets`."""
        return {Topic(topic): following for topic, following in self._database.read("SELECT topic, next FROM reading")}

    def stream(self, topic: Topic, source: AgencyId) -> Stream:
        """See `Inbox.stream`."""
        rows = self._database.read(
            "SELECT sequence, leaf, lane, held FROM stream WHERE topic = ? AND source = ?", (topic, source)
        )
        if not rows:
            return Stream(topic=topic, source=source, head=UNSEEN)
        sequence, leaf, lane, held = rows[0]
        head = StreamHead(sequence=sequence, leaf=Leaf(leaf))
        return Stream(topic=topic, source=source, head=head, lane=None if lane is None else Lane(lane), held=held)

    def leaf_at(self, topic: Topic, source: AgencyId, sequence: int) -> Leaf | None:
        """See `Inbox.leaf_at`."""
        rows = self._database.read(
            "SELECT substr(p.leaves, (? - p.first) * 32 + 1, 32) FROM place p JOIN stream s ON s.id = p.stream"
            " WHERE s.topic = ? AND s.source = ? AND p.first <= ? ORDER BY p.first DESC LIMIT 1",
            (sequence, topic, source, sequence),
        )
        return Leaf(rows[0][0]) if rows and rows[0][0] else None

    def lane(self, topic: Topic, source: AgencyId, lane: Lane) -> LaneState | None:
        """See `Inbox.lane`."""
        rows = self._database.read(
            "SELECT l.state FROM lane l JOIN stream s ON s.id = l.stream"
            " WHERE s.topic = ? AND s.source = ? AND l.lane = ?",
            (topic, source, lane),
        )
        return LANE_OF[rows[0][0]] if rows else None

    def kept_at(self, topic: Topic, source: AgencyId, sequence: int, state: State) -> list[Kept]:
        """See `Inbox.kept_at`."""
        return self._records(
            "WHERE s.topic = ? AND s.source = ? AND r.sequence = ? AND r.state > 1 AND r.state = ? ORDER BY r.row",
            (topic, source, sequence, STATES[state]),
        )

    def _first_held(self, topic: Topic, source: AgencyId) -> Kept | None:
        """Return the record just beyond a stream's gap."""
        kept = self._records(
            "WHERE s.topic = ? AND s.source = ? AND r.state > 1 AND r.state = ? ORDER BY r.sequence, r.row LIMIT 1",
            (topic, source, STATES[State.HELD]),
        )
        return kept[0] if kept else None

    def known(self, event_ids: Sequence[EventId]) -> set[tuple[AgencyId, EventId]]:
        """See `Inbox.known`."""
        tags = {self._tag(event_id): event_id for event_id in event_ids}
        rows = self._database.read_many(
            "SELECT r.tag, n.name FROM record r JOIN source n ON n.id = r.source WHERE r.ordinal = 0 AND r.tag",
            list(tags),
        )
        return {(AgencyId(source), tags[tag]) for tag, source in rows}

    def event(self, event_id: EventId, source: AgencyId | None = None) -> list[Kept]:
        """See `Inbox.event`."""
        kept = self._records("WHERE r.tag = ? ORDER BY r.ordinal, r.row", (self._tag(event_id),))
        if kept and source is None:
            source = kept[0].verified.source
        return [one for one in kept if one.verified.source == source]

    def waiting_for(self, keys: Sequence[tuple[AgencyId, KeyId]]) -> list[Kept]:
        """See `Inbox.waiting_for`."""
        rows: set[int] = set()
        for source, key_id in keys:
            found = self._database.read(
                "SELECT m.row FROM missing m JOIN source n ON n.id = m.source WHERE m.key_id = ? AND n.name = ?",
                (key_id, source),
            )
            rows.update(row for (row,) in found)
        return [kept_of(row) for row in self._database.read_many(RECORD + "WHERE r.row", sorted(rows))]

    def missing(self, after: int, limit: int) -> list[MissingKey]:
        """See `Inbox.missing`."""
        return self._missing("WHERE m.number > ? ORDER BY m.number LIMIT ?", (after, limit))

    def overdue(self, before: datetime, limit: int) -> list[MissingKey]:
        """See `Inbox.overdue`."""
        return self._missing(
            "WHERE m.reported = 0 AND m.since < ? ORDER BY m.since LIMIT ?", (to_micros(before), limit)
        )

    def gaps(self, before: datetime) -> list[Gap]:
        """See `Inbox.gaps`."""
        rows = self._database.read(
            "SELECT topic, source, gap_since FROM stream WHERE held > 0 AND gap_reported = 0 AND gap_since < ?",
            (to_micros(before),),
        )
        gaps = []
        for topic, source, since in rows:
            first = self._first_held(topic, source)
            if first is not None:
                stream, seen = self.stream(topic, source), first.verified
                gaps.append(Gap(stream=stream, since=from_micros(since), offset=seen.fetched.offset, leaf=seen.leaf))
        return gaps

    def joined(self) -> datetime | None:
        """See `Inbox.joined`."""
        rows = self._database.read("SELECT at FROM joined")
        return from_micros(rows[0][0]) if rows else None

    def join(self, at: datetime) -> None:
        """See `Inbox.join`."""
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO joined VALUES (1, ?) ON CONFLICT (one) DO UPDATE SET at = min(at, excluded.at)",
                (to_micros(at),),
            )

    def commit(self, taken: Taken) -> None:
        """See `Inbox.commit`."""
        with self._database.transaction() as connection:
            write(connection, taken, self._tag)

    # --- what consumers ask

    def entries(self, after: int, limit: int) -> list[Entry]:
        """See `Inbox.entries`."""
        rows = self._database.read(
            "SELECT number, kind, row, committed_at FROM entry WHERE number > ? ORDER BY number LIMIT ?",
            (after, limit),
        )
        return [
            Entry(number=number, kind=KIND_OF[kind], row=row, at=from_micros(micros))
            for number, kind, row, micros in rows
        ]

    def last_entry(self) -> int:
        """See `Inbox.last_entry`."""
        return int(self._database.read("SELECT coalesce(max(number), 0) FROM entry")[0][0])

    def records(self, row: int) -> list[Kept]:
        """See `Inbox.records`."""
        return self._records(
            "JOIN record f ON f.tag = r.tag AND f.source = r.source WHERE f.row = ? ORDER BY r.ordinal", (row,)
        )

    def cursor(self, consumer: str) -> int:
        """See `Inbox.cursor`."""
        rows = self._database.read("SELECT entry FROM cursor WHERE consumer = ?", (consumer,))
        return int(rows[0][0]) if rows else 0

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
        with self._database.transaction() as connection:
            connection.execute("INSERT OR IGNORE INTO cursor VALUES (?, 0)", (consumer,))
            changed = connection.execute(
                "UPDATE cursor SET entry = ? WHERE consumer = ? AND entry = ?", (to, consumer, expected)
            )
            if changed.rowcount != 1:
                raise moved("cursor of a consumer")
            connection.executemany(
                "INSERT OR REPLACE INTO aside VALUES (?, ?, ?, ?)",
                [(one.consumer, one.entry, one.code, to_micros(one.at)) for one in asides],
            )
            write_findings(connection, findings)

    def asides(self, consumer: str, after: int, limit: int) -> list[Aside]:
        """See `Inbox.asides`."""
        rows = self._database.read(
            "SELECT entry, code, found_at FROM aside WHERE consumer = ? AND entry > ? ORDER BY entry LIMIT ?",
            (consumer, after, limit),
        )
        return [Aside(consumer=consumer, entry=entry, code=code, at=from_micros(at)) for entry, code, at in rows]

    # --- what people ask

    def quarantined(self, after: int, limit: int) -> list[QuarantineRow]:
        """See `Inbox.quarantined`."""
        rows = self._database.read(QUARANTINE + "WHERE number > ? ORDER BY number LIMIT ?", (after, limit))
        return [quarantine_row_of(row) for row in rows]

    def quarantined_at(self, numbers: Sequence[int]) -> list[QuarantineRow]:
        """See `Inbox.quarantined_at`."""
        return [quarantine_row_of(row) for row in self._database.read_many(QUARANTINE + "WHERE number", numbers)]

    def has_finding(self, code: str, topic: Topic) -> bool:
        """See `Inbox.has_finding`."""
        sql = "SELECT 1 FROM finding WHERE code = ? AND source = '' AND topic = ? LIMIT 1"
        return bool(self._database.read(sql, (code, topic)))

    def findings(self, after: int, limit: int) -> list[tuple[int, Finding]]:
        """See `Inbox.findings`."""
        return read_findings(self._database, after, limit)

    def counts(self) -> InboxCounts:
        """See `Inbox.counts`."""
        ((waiting, held, forked, entries, quarantined, unlisted, findings, resent),) = self._database.read(
            "SELECT (SELECT count(*) FROM record WHERE state > 1 AND state = 2),"
            " (SELECT count(*) FROM record WHERE state > 1 AND state = 3),"
            " (SELECT count(*) FROM record WHERE state > 1 AND state = 4),"
            " (SELECT count(*) FROM entry), (SELECT count(*) FROM quarantine),"
            " (SELECT coalesce(sum(unlisted), 0) FROM quarantine_use),"
            " (SELECT count(*) FROM finding), (SELECT coalesce(sum(resent), 0) FROM stream)"
        )
        return InboxCounts(
            entries=entries,
            waiting=waiting,
            held=held,
            forked=forked,
            quarantined=quarantined,
            unlisted=unlisted,
            findings=findings,
            resent=resent,
        )

    # --- how

    def _tag(self, event_id: EventId) -> bytes:
        tag = self._tags.get(event_id)
        if tag is None:
            if len(self._tags) >= _TAGS_KEPT:
                self._tags.clear()
            tag = self._tags[event_id] = self._at_rest.tag(EVENT_TAG, event_id.encode())
        return tag

    def _records(self, where: str, values: Sequence[object]) -> list[Kept]:
        return [kept_of(row) for row in self._database.read(RECORD + where, values)]

    def _missing(self, where: str, values: Sequence[object]) -> list[MissingKey]:
        return [
            MissingKey(
                number=number,
                row=row,
                source=AgencyId(source),
                key_id=KeyId(key_id),
                topic=Topic(topic),
                offset=offset,
                cover=bool(cover),
                since=from_micros(since),
            )
            for number, row, source, key_id, topic, offset, cover, since in self._database.read(MISSING + where, values)
        ]
