"""The outbox in SQLite: what this node has to send and has sent.

Rules:
- What tells of an event (id, type, subject, audience, body) is encrypted (`AtRest`), bound to the event's
  blinded tag; what Kafka sees anyway (topic, key, headers, sealed value) is kept as it is published.
- A draft is in exactly one table: `draft` while it waits, `refused` when set aside, none once it is sealed.
- A place (topic, sequence) is given once. A second relay on the same folder fails there, before it forks a
  stream.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from broker.errors import StorageError
from broker.ports import Accepted, StoredRecord
from broker.storage.database import Database
from broker.storage.outbox_reading import DRAFT, REFUSAL, ROUTE, UNPUBLISHED, OutboxReading
from broker.storage.rows import from_micros, pack_draft, pack_headers, pack_route, to_micros, unpack_draft

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from broker.names import AgencyId, Topic
    from broker.ports import Refusal, Route, SealedBatch, Submission
    from broker.sealing.atrest import AtRest
    from broker.stages import StreamHead

FILE: Final = "outbox.db"

_BATCHES_KEPT: Final = 1024
"""A batch's id is asked for only until the key store has announced it, which is before the next batch."""

_SCHEMA: Final = """
CREATE TABLE event (
    row INTEGER PRIMARY KEY,
    tag BLOB NOT NULL UNIQUE,
    accepted_at INTEGER NOT NULL
) STRICT;
CREATE TABLE draft (
    row INTEGER PRIMARY KEY,
    release_at INTEGER NOT NULL,
    body BLOB NOT NULL
) STRICT;
CREATE TABLE refused (
    row INTEGER PRIMARY KEY,
    body BLOB NOT NULL,
    refusal BLOB NOT NULL,
    refused_at INTEGER NOT NULL
) STRICT;
CREATE TABLE sealed (
    row INTEGER PRIMARY KEY,
    route BLOB NOT NULL,
    records TEXT NOT NULL
) STRICT;
CREATE TABLE stream (
    id INTEGER PRIMARY KEY,
    topic TEXT NOT NULL UNIQUE,
    sequence INTEGER NOT NULL,
    leaf BLOB NOT NULL
) STRICT;
CREATE TABLE record (
    row INTEGER PRIMARY KEY,
    stream INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    event INTEGER,
    record_id TEXT NOT NULL,
    lane BLOB NOT NULL,
    leaf BLOB NOT NULL,
    stored_at INTEGER NOT NULL,
    key BLOB,
    headers BLOB NOT NULL,
    value BLOB,
    UNIQUE (stream, sequence)
) STRICT;
CREATE TABLE published (
    row INTEGER PRIMARY KEY,
    offset INTEGER NOT NULL,
    published_at INTEGER NOT NULL
) STRICT;
CREATE TABLE published_below (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    row INTEGER NOT NULL
) STRICT;
INSERT INTO published_below VALUES (1, 1);
CREATE TABLE batch (
    number INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE
) STRICT
"""


class SqliteOutbox(OutboxReading):
    """`Outbox` in one SQLite file, which other processes may add to and read meanwhile."""

    def __init__(self, folder: Path, *, source: AgencyId, at_rest: AtRest) -> None:
        """Open `outbox.db` in the node's store folder.

        Args:
            folder: the store folder; made where it is missing.
            source: this node's own agency.
            at_rest: encryption under the node's own key.

        Raises:
            MisconfiguredError: the file is not an outbox of this release.
            StorageError: it cannot be opened.
        """
        database = Database(folder / FILE, schema=(_SCHEMA,), label="outbox")
        super().__init__(database, source=source, at_rest=at_rest)
        self._streams: dict[Topic, int] = {}
        self._additions = 0

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def accept(self, submissions: Sequence[Submission], at: datetime) -> list[int | None]:
        """See `Outbox.accept`."""
        micros = to_micros(at)
        entries = []
        for item in submissions:
            tag = self._tag(item.event_id)
            release_at = 0 if item.release_at is None else to_micros(item.release_at)
            entries.append((tag, release_at, self._at_rest.seal(DRAFT, pack_draft(item), tag)))
        rows, drafts = [], []
        with self._database.transaction() as connection:
            cursor = connection.cursor()
            for tag, release_at, draft in entries:
                row = _insert_event(cursor, (tag, micros))
                rows.append(row)
                if row is not None:
                    drafts.append((row, release_at, draft))
            cursor.executemany("INSERT INTO draft VALUES (?, ?, ?)", drafts)
        self._additions += 1
        return rows

    def waiting(self, limit: int, at: datetime) -> list[int]:
        """See `Outbox.waiting`."""
        rows = self._database.read(
            "SELECT row FROM draft WHERE release_at <= ? ORDER BY row LIMIT ?", (to_micros(at), limit)
        )
        return [row[0] for row in rows]

    def drafts(self, rows: Sequence[int]) -> list[Accepted]:
        """See `Outbox.drafts`."""
        found = self._database.read(
            "SELECT d.row, e.tag, d.body, e.accepted_at FROM draft d JOIN event e ON e.row = d.row"
            " WHERE d.row IN (SELECT value FROM json_each(?)) ORDER BY d.row",
            (str(list(rows)),),
        )
        drafts = []
        for row, tag, body, micros in found:
            event_id, draft = unpack_draft(self._at_rest.open(DRAFT, body, tag))
            drafts.append(Accepted(row=row, event_id=event_id, draft=draft, accepted_at=from_micros(micros)))
        return drafts

    def refuse(self, event: Accepted, refusal: Refusal) -> None:
        """See `Outbox.refuse`."""
        tag = self._tag(event.event_id)
        why = self._at_rest.seal(REFUSAL, f"{refusal.code}\n{refusal.detail}".encode(), tag)
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO refused SELECT row, body, ?, ? FROM draft WHERE row = ?",
                (why, to_micros(refusal.at), event.row),
            )
            _took(connection.execute("DELETE FROM draft WHERE row = ?", (event.row,)).rowcount, 1)

    def change_mark(self) -> int:
        """See `Outbox.change_mark`."""
        return (self._database.foreign_changes() << 32) + self._additions

    def store(self, *, events: Sequence[tuple[Accepted, Route]], sealed: SealedBatch, at: datetime) -> list[int]:
        """See `Outbox.store`."""
        micros = to_micros(at)
        event_rows = {event.event_id: event.row for event, _ in events}
        copies: dict[int, list[int]] = {row: [] for row in event_rows.values()}
        records = []
        with self._database.transaction() as connection:
            streams = self._advance(connection, sealed.heads)
            first = int(connection.execute("SELECT coalesce(max(row), 0) + 1 FROM record").fetchone()[0])
            for row, record in enumerate(sealed.records, start=first):
                event = None
                if record.event_id is not None:
                    event = event_rows[record.event_id]
                    copies[event].append(row)
                place = (row, streams[record.topic], record.sequence, event, record.record_id, record.lane)
                value = (record.leaf, micros, record.key, pack_headers(record.headers), record.value)
                records.append(place + value)
            connection.executemany("INSERT INTO record VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", records)
            _took(_delete_drafts(connection, sorted(copies)), len(events))
            connection.executemany("INSERT INTO sealed VALUES (?, ?, ?)", self._routes(events, copies))
            if sealed.batch is not None:
                _note_batch(connection, sealed.batch)
        self._streams |= streams
        return list(range(first, first + len(records)))

    def _routes(
        self, events: Sequence[tuple[Accepted, Route]], copies: Mapping[int, list[int]]
    ) -> Iterator[tuple[int, bytes, str]]:
        """Yield a row of `sealed` for each event."""
        for event, route in events:
            blob = pack_route(event.event_id, route)
            sealed = self._at_rest.seal(ROUTE, blob, self._tag(event.event_id))
            yield event.row, sealed, str(copies[event.row])

    def _advance(self, connection: sqlite3.Connection, heads: Mapping[Topic, StreamHead]) -> dict[Topic, int]:
        """Write the new heads; return the id of each topic's stream."""
        streams: dict[Topic, int] = {}
        for topic, head in heads.items():
            number = self._streams.get(topic)
            if number is None:
                found = connection.execute(
                    "INSERT INTO stream (topic, sequence, leaf) VALUES (?, ?, ?)"
                    " ON CONFLICT (topic) DO UPDATE SET sequence = excluded.sequence, leaf = excluded.leaf"
                    " RETURNING id",
                    (topic, head.sequence, head.leaf),
                )
                number = int(found.fetchone()[0])
            else:
                connection.execute(
                    "UPDATE stream SET sequence = ?, leaf = ? WHERE id = ?",
                    (head.sequence, head.leaf, number),
                )
            streams[topic] = number
        return streams

    def unpublished(self, limit: int, after: int = 0) -> list[StoredRecord]:
        """See `Outbox.unpublished`."""
        rows = self._database.read(
            UNPUBLISHED,
            (after, limit),
        )
        return [StoredRecord(row=row[0], record=self._sealed(row)) for row in rows]

    def mark(self, published: Sequence[tuple[int, int]], at: datetime) -> None:
        """See `Outbox.mark`."""
        micros = to_micros(at)
        with self._database.transaction() as connection:
            connection.executemany(
                "INSERT OR IGNORE INTO published VALUES (?, ?, ?)",
                [(row, offset, micros) for row, offset in published],
            )
            # Everything below this row is published: a restart need not look there.
            connection.execute(
                "UPDATE published_below SET row = coalesce("
                " (SELECT min(r.row) FROM record r WHERE r.row >= published_below.row"
                "  AND NOT EXISTS (SELECT 1 FROM published p WHERE p.row = r.row)),"
                " (SELECT max(row) + 1 FROM record), 1)"
            )


def _insert_event(cursor: sqlite3.Cursor, values: tuple[bytes, int]) -> int | None:
    """Insert an event and return its row; none where it is known and was not refused."""
    insert = "INSERT INTO event (tag, accepted_at) VALUES (?, ?) ON CONFLICT (tag) DO NOTHING"
    if cursor.execute(insert, values).rowcount:
        return cursor.lastrowid
    tag = values[:1]
    if not cursor.execute("DELETE FROM refused WHERE row = (SELECT row FROM event WHERE tag = ?)", tag).rowcount:
        return None
    cursor.execute("DELETE FROM event WHERE tag = ?", tag)
    return cursor.execute(insert, values).lastrowid


def _delete_drafts(connection: sqlite3.Connection, rows: Sequence[int]) -> int:
    """Delete drafts, and return how many were there; most often they follow each other, and one statement does."""
    if rows and rows[-1] - rows[0] == len(rows) - 1:
        return connection.execute("DELETE FROM draft WHERE row BETWEEN ? AND ?", (rows[0], rows[-1])).rowcount
    return connection.executemany("DELETE FROM draft WHERE row = ?", [(row,) for row in rows]).rowcount if rows else 0


def _note_batch(connection: sqlite3.Connection, batch: bytes) -> None:
    number = connection.execute("INSERT INTO batch (id) VALUES (?)", (batch,)).lastrowid or 0
    connection.execute("DELETE FROM batch WHERE number <= ?", (number - _BATCHES_KEPT,))


def _took(rows: int, expected: int) -> None:
    """Refuse to go on where a draft is no longer waiting: another relay works on this folder.

    Raises:
        StorageError: `store.conflict`.
    """
    if rows != expected:
        raise StorageError("store.conflict", "a draft is not waiting any more")
