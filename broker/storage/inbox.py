"""The inbox in SQLite (`inbox.db`): events lie in it sealed, as they came, and are opened again on every reading.

Rules:
- No type, subject, id, audience or field of an event stands on any page: an event is found by (source, a tag
  of its id
  under the node's own key). What Kafka shows anyway (topic, source, sequence, times) stands in clear.
- One `commit` is one transaction, by compare-and-set on offsets, heads and states: a second reader that comes
  too late
  gets `store.moved`, and nothing is doubled.
- Entries are append-only; consumers read them by number, each with a cursor of its own.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from broker.names import AgencyId, KeyId, Lane, Leaf, Topic
from broker.ports import (
    UNSEEN,
    Aside,
    Entry,
    Finding,
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
from broker.storage.inbox_commit import EVENT_TAG, STATES, milliseconds, moved, write, write_findings
from broker.storage.inbox_rows import (
    KIND_OF,
    LANE_OF,
    MISSING,
    QUARANTINE,
    RECORD,
    SCHEMA,
    finding_of,
    kept_of,
    quarantine_row_of,
    time_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from broker.names import EventId
    from broker.ports import LaneState, Taken
    from broker.sealing.atrest import AtRest
    from broker.storage.database import Row

_ASK_AT_ONCE: Final = 400
_KNOWN: Final = (
    "SELECT r.tag, n.name FROM records r JOIN sources n ON n.id = r.source WHERE r.tag IN (?) AND r.ordinal = 0"
)
_TAGS_KEPT: Final = 2048
"""Of the events just asked about: the commit that follows needs the same."""
_PAGE_BYTES: Final = 16384
"""A page holds five records of the ordinary size; at half the size a third of it would stay empty."""


class SqliteInbox:
    """`broker.ports.Inbox` over one file. Calls may come from any thread; writes take turns."""

    def __init__(self, path: Path, *, at_rest: AtRest) -> None:
        """Open the file, making it where it is missing.

        Raises:
            MisconfiguredError: it is no inbox, or of a later release.
            StorageError: it cannot be opened.
        """
        self._database = Database(path, schema=(SCHEMA,), label="simpul-inbox", page_bytes=_PAGE_BYTES)
        self._at_rest = at_rest
        self._tags: dict[EventId, bytes] = {}

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    # --- what the reader asks

    def offsets(self) -> Mapping[Topic, int]:
        """Return the offset of the next record to read of each event topic."""
        return {Topic(topic): following for topic, following in self._read("SELECT topic, next FROM offsets")}

    def stream(self, topic: Topic, source: AgencyId) -> Stream:
        """Return where a stream stands."""
        rows = self._read(
            "SELECT sequence, leaf, lane, held FROM streams WHERE topic = ? AND source = ?", topic, source
        )
        if not rows:
            return Stream(topic=topic, source=source, head=UNSEEN)
        sequence, leaf, lane, held = rows[0]
        head = StreamHead(sequence=sequence, leaf=Leaf(leaf))
        return Stream(topic=topic, source=source, head=head, lane=None if lane is None else Lane(lane), held=held)

    def leaf_at(self, topic: Topic, source: AgencyId, sequence: int) -> Leaf | None:
        """Return the leaf that took a place in a stream."""
        rows = self._read(
            "SELECT substr(p.leaves, (? - p.first) * 32 + 1, 32) FROM places p JOIN streams s ON s.id = p.stream"
            " WHERE s.topic = ? AND s.source = ? AND p.first <= ? ORDER BY p.first DESC LIMIT 1",
            *(sequence, topic, source, sequence),
        )
        return Leaf(rows[0][0]) if rows and rows[0][0] else None

    def lane(self, topic: Topic, source: AgencyId, lane: Lane) -> LaneState | None:
        """Return what is known of a lane."""
        rows = self._read(
            "SELECT l.state FROM lanes l JOIN streams s ON s.id = l.stream"
            " WHERE s.topic = ? AND s.source = ? AND l.lane = ?",
            *(topic, source, lane),
        )
        return LANE_OF[rows[0][0]] if rows else None

    def kept_at(self, topic: Topic, source: AgencyId, sequence: int, state: State) -> list[Kept]:
        """Return the records that are held, or forked, at a place."""
        return self._records(
            "WHERE s.topic = ? AND s.source = ? AND r.sequence = ? AND r.state > 2 AND r.state = ? ORDER BY r.id",
            *(topic, source, sequence, STATES[state]),
        )

    def first_held(self, topic: Topic, source: AgencyId) -> Kept | None:
        """Return the record just beyond a stream's first gap."""
        kept = self._records(
            "WHERE s.topic = ? AND s.source = ? AND r.state > 2 AND r.state = ? ORDER BY r.sequence, r.id LIMIT 1",
            *(topic, source, STATES[State.HELD]),
        )
        return kept[0] if kept else None

    def forked(self, topic: Topic, source: AgencyId, lane: Lane, *, after: int, limit: int) -> list[Kept]:
        """Return the forked records of a lane, by sequence."""
        return self._records(
            "WHERE s.topic = ? AND s.source = ? AND r.state > 2 AND r.state = ?"
            " AND r.sequence > ? AND r.lane = ? ORDER BY r.sequence, r.id LIMIT ?",
            *(topic, source, STATES[State.FORKED], after, lane, limit),
        )

    def known(self, events: Sequence[tuple[AgencyId, EventId]]) -> set[tuple[AgencyId, EventId]]:
        """Return those of the events that are in the inbox."""
        tags = {(self._tag(event_id), source): (source, event_id) for source, event_id in events}
        wanted = [tag for tag, _ in tags]
        found: set[tuple[AgencyId, EventId]] = set()
        for start in range(0, len(wanted), _ASK_AT_ONCE):
            some = wanted[start : start + _ASK_AT_ONCE]
            rows = self._read(_KNOWN.replace("?", _marks(some)), *some)
            found.update(tags[tag, name] for tag, name in rows if (tag, name) in tags)
        return found

    def event(self, event_id: EventId, source: AgencyId | None = None) -> list[Kept]:
        """Return the records of an event, the first first."""
        kept = self._records("WHERE r.tag = ? ORDER BY r.ordinal, r.id", self._tag(event_id))
        if kept and source is None:
            source = kept[0].verified.source
        return [one for one in kept if one.verified.source == source]

    def waiting_for(self, keys: Sequence[tuple[AgencyId, KeyId]]) -> list[Kept]:
        """Return the records that miss one of the keys, each once, in the order in which they came."""
        rows: set[int] = set()
        for source, key_id in keys:
            found = self._read(
                "SELECT m.row FROM missing m JOIN sources n ON n.id = m.source  WHERE m.key_id = ? AND n.name = ?",
                *(key_id, source),
            )
            rows.update(row for (row,) in found)
        ordered = sorted(rows)
        return [
            kept
            for start in range(0, len(ordered), _ASK_AT_ONCE)
            for kept in self._rows(ordered[start : start + _ASK_AT_ONCE])
        ]

    def missing(self, after: int, limit: int) -> list[MissingKey]:
        """Return keys that are missed, by number."""
        return self._missing("WHERE m.number > ? ORDER BY m.number LIMIT ?", after, limit)

    def overdue(self, before: datetime, limit: int) -> list[MissingKey]:
        """Return keys missed since before that time and not reported."""
        return self._missing(
            "WHERE m.reported = 0 AND m.since < ? ORDER BY m.since LIMIT ?", milliseconds(before), limit
        )

    def gaps(self, before: datetime) -> list[Gap]:
        """Return gaps that are open since before that time and not reported."""
        rows = self._read(
            "SELECT topic, source, gap_since FROM streams WHERE held > 0 AND gap_reported = 0 AND gap_since < ?",
            milliseconds(before),
        )
        gaps = []
        for topic, source, since in rows:
            first = self.first_held(topic, source)
            if first is not None:
                stream, seen = self.stream(topic, source), first.verified
                gaps.append(Gap(stream=stream, since=time_of(since), offset=seen.fetched.offset, leaf=seen.leaf))
        return gaps

    def commit(self, taken: Taken) -> None:
        """Make one step of the reader durable."""
        with self._database.transaction() as connection:
            write(connection, taken, self._tag)

    # --- what consumers ask

    def entries(self, after: int, limit: int) -> list[Entry]:
        """Return entries in order."""
        rows = self._read(
            "SELECT number, kind, row, at FROM entries WHERE number > ? ORDER BY number LIMIT ?", after, limit
        )
        return [Entry(number=number, kind=KIND_OF[kind], row=row, at=time_of(at)) for number, kind, row, at in rows]

    def last_entry(self) -> int:
        """Return the number of the newest entry."""
        return int(self._read("SELECT coalesce(max(number), 0) FROM entries")[0][0])

    def records(self, row: int) -> list[Kept]:
        """Return the records of the event whose first record is `row`."""
        return self._records(
            "JOIN records f ON f.tag = r.tag AND f.source = r.source WHERE f.id = ? ORDER BY r.ordinal", row
        )

    def cursor(self, consumer: str) -> int:
        """Return the number of the last entry that a consumer has taken."""
        rows = self._read("SELECT entry FROM cursors WHERE consumer = ?", consumer)
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
        """Move a consumer's cursor, by compare-and-set."""
        with self._database.transaction() as connection:
            connection.execute("INSERT OR IGNORE INTO cursors VALUES (?, 0)", (consumer,))
            changed = connection.execute(
                "UPDATE cursors SET entry = ? WHERE consumer = ? AND entry = ?", (to, consumer, expected)
            )
            if changed.rowcount != 1:
                raise moved("cursor of a consumer")
            connection.executemany(
                "INSERT OR REPLACE INTO asides VALUES (?, ?, ?, ?)",
                [(one.consumer, one.entry, one.code, milliseconds(one.at)) for one in asides],
            )
            write_findings(connection, findings)

    def asides(self, consumer: str, after: int, limit: int) -> list[Aside]:
        """Return what a consumer could not take."""
        rows = self._read(
            "SELECT entry, code, at FROM asides WHERE consumer = ? AND entry > ? ORDER BY entry LIMIT ?",
            *(consumer, after, limit),
        )
        return [Aside(consumer=consumer, entry=entry, code=code, at=time_of(at)) for entry, code, at in rows]

    # --- what people ask

    def quarantined(self, after: int, limit: int) -> list[QuarantineRow]:
        """Return quarantined records by number."""
        rows = self._read(QUARANTINE + "WHERE number > ? ORDER BY number LIMIT ?", after, limit)
        return [quarantine_row_of(row) for row in rows]

    def quarantined_at(self, numbers: Sequence[int]) -> list[QuarantineRow]:
        """Return the quarantined records of those numbers."""
        found = [row for number in numbers for row in self._read(QUARANTINE + "WHERE number = ?", number)]
        return [quarantine_row_of(row) for row in found]

    def findings(self, after: int, limit: int) -> list[tuple[int, Finding]]:
        """Return findings with their numbers."""
        rows = self._read(
            "SELECT number, code, source, topic, offset, at, detail, evidence FROM findings"
            " WHERE number > ? ORDER BY number LIMIT ?",
            *(after, limit),
        )
        return [(row[0], finding_of(row[1:])) for row in rows]

    def counts(self) -> InboxCounts:
        """Return how full the inbox is."""
        ((waiting, held, forked, entries, quarantined, findings, resent),) = self._read(
            "SELECT (SELECT count(*) FROM records WHERE state = 2),"
            " (SELECT count(*) FROM records WHERE state > 2 AND state = 3),"
            " (SELECT count(*) FROM records WHERE state > 2 AND state = 4),"
            " (SELECT count(*) FROM entries), (SELECT count(*) FROM quarantine),"
            " (SELECT count(*) FROM findings), (SELECT coalesce(sum(resent), 0) FROM streams)"
        )
        return InboxCounts(
            entries=entries,
            waiting=waiting,
            held=held,
            forked=forked,
            quarantined=quarantined,
            findings=findings,
            resent=resent,
        )

    # --- how

    def _read(self, sql: str, *values: object) -> list[Row]:
        return self._database.read(sql, values)

    def _tag(self, event_id: EventId) -> bytes:
        tag = self._tags.get(event_id)
        if tag is None:
            if len(self._tags) >= _TAGS_KEPT:
                self._tags.clear()
            tag = self._tags[event_id] = self._at_rest.tag(EVENT_TAG, event_id.encode())
        return tag

    def _records(self, where: str, *values: object) -> list[Kept]:
        return [kept_of(row) for row in self._read(RECORD + where, *values)]

    def _rows(self, rows: Sequence[int]) -> list[Kept]:
        return self._records(f"WHERE r.id IN ({_marks(rows)}) ORDER BY r.id", *rows)

    def _missing(self, where: str, *values: object) -> list[MissingKey]:
        return [
            MissingKey(
                number=number,
                row=row,
                source=AgencyId(source),
                key_id=KeyId(key_id),
                topic=Topic(topic),
                offset=offset,
                cover=bool(cover),
                since=time_of(since),
            )
            for number, row, source, key_id, topic, offset, cover, since in self._read(MISSING + where, *values)
        ]


def _marks(values: Sequence[object]) -> str:
    """Return as many question marks as there are values."""
    return ",".join("?" * len(values))
