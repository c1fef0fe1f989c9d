"""One step of the reader written into the inbox: everything by compare-and-set, inside one transaction of the caller.

Order within it: offsets and streams first, since they say whether another reader was quicker; then records,
entries, missing keys; then quarantine and findings, which are never doubled.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from broker.errors import StorageError
from broker.ports import EntryKind, LaneState, State
from broker.storage.findings import write_findings
from broker.storage.rows import pack_fetched, pack_headers, pack_verified, size_of, to_micros

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from broker.names import AgencyId, EventId, Leaf, Topic
    from broker.ports import Keep, Quarantined, Stream, StreamChange, Taken
    from broker.stages import Fetched

EVENT_TAG: Final = "inbox/event"

STATES: Final = {State.ADMITTED: 1, State.WAITING: 2, State.HELD: 3, State.FORKED: 4}
LANES: Final = {LaneState.OPEN: 1, LaneState.CLOSED: 2, LaneState.FORKED: 3}
KINDS: Final = {EntryKind.NEW: 1, EntryKind.COMPLETED: 2}

QUARANTINE_RECORDS: Final = 1000
"""How many records of one pot are kept as they came; then their digests alone."""

QUARANTINE_BYTES: Final = 16 * 1024 * 1024
"""How many bytes of them."""

QUARANTINE_LISTED: Final = 10_000
"""How many records of one pot have a row at all; beyond them only their number is kept."""


def digest_of(fetched: Fetched) -> bytes:
    """Return the SHA-256 by which a record is known when it is no longer kept."""
    value, key = fetched.value, fetched.key
    shape = b"%d/%d/" % (-1 if key is None else len(key), -1 if value is None else len(value))
    return hashlib.sha256(shape + (key or b"") + (value or b"") + pack_headers(fetched.headers)).digest()


def pot_of(record: Quarantined) -> tuple[Topic, str, str]:
    """Say whose room a record takes: of its topic, source and station; all unproven sources share one."""
    return record.fetched.topic, record.source if record.proven else "", record.station


def write(connection: sqlite3.Connection, taken: Taken, tag: Callable[[EventId], bytes]) -> None:
    """Write one step.

    Args:
        connection: inside a transaction.
        taken: the step.
        tag: blinds the id of an event.

    Raises:
        StorageError: `store.moved` if the inbox is not as the reader had read it.
    """
    writing = _Writing(connection, taken.at, tag)
    writing.offsets(taken)
    for change in taken.streams:
        writing.stream(change)
    writing.remove(taken.remove)
    writing.keep(taken.keep)
    connection.executemany("UPDATE missing SET reported = 1 WHERE number = ?", ((n,) for n in taken.reported))
    connection.executemany("UPDATE stream SET gap_reported = 1 WHERE topic = ? AND source = ?", taken.gaps_reported)
    for record in taken.quarantine:
        _quarantine(connection, record)
    write_findings(connection, taken.findings)


def moved(what: str) -> StorageError:
    """Return the error of whoever loses a compare-and-set."""
    return StorageError("store.moved", what)


class _Writing:
    def __init__(self, connection: sqlite3.Connection, at: datetime, tag: Callable[[EventId], bytes]) -> None:
        self._connection = connection
        self._at = to_micros(at)
        self._tag = tag
        self._streams: dict[tuple[Topic, AgencyId], tuple[int, int]] = {}

    def offsets(self, taken: Taken) -> None:
        for topic, (expected, following) in taken.offsets.items():
            row = self._connection.execute("SELECT next FROM reading WHERE topic = ?", (topic,)).fetchone()
            if (row[0] if row else 0) != expected:
                raise moved("offset of a topic")
            self._connection.execute(
                "INSERT INTO reading VALUES (?, ?) ON CONFLICT (topic) DO UPDATE SET next = excluded.next",
                (topic, following),
            )

    def stream(self, change: StreamChange) -> None:
        before, after = change.before, change.after
        number = self._row_of(before)
        changed = self._connection.execute(
            "UPDATE stream SET sequence = ?, leaf = ?, lane = ?, held = ?, resent = resent + ?,"
            " gap_since = CASE WHEN ? = 0 THEN NULL WHEN gap_since IS NULL OR sequence <> ? THEN ?"
            " ELSE gap_since END,"
            " gap_reported = CASE WHEN sequence <> ? OR held = 0 THEN 0 ELSE gap_reported END"
            " WHERE id = ? AND sequence = ? AND leaf = ? AND held = ? AND lane IS ?",
            (
                *(after.head.sequence, after.head.leaf, after.lane, after.held, change.resent),
                *(after.held, after.head.sequence, self._at, after.head.sequence),
                *(number, before.head.sequence, before.head.leaf, before.held, before.lane),
            ),
        )
        if changed.rowcount != 1:
            raise moved("head of a stream")
        self._connection.executemany(
            "INSERT INTO place VALUES (?, ?, ?)",
            [(number, first, leaves) for first, leaves in _runs(change.places)],
        )
        self._connection.executemany(
            "INSERT INTO lane VALUES (?, ?, ?) ON CONFLICT (stream, lane) DO UPDATE SET state = excluded.state",
            [(number, lane, LANES[state]) for lane, state in change.lanes],
        )

    def remove(self, rows: Sequence[tuple[int, State]]) -> None:
        for row, was in rows:
            gone = self._connection.execute("DELETE FROM record WHERE row = ? AND state = ?", (row, STATES[was]))
            if gone.rowcount != 1:
                raise moved("state of a record")
            self._connection.execute("DELETE FROM missing WHERE row = ?", (row,))

    def keep(self, keeps: Sequence[Keep]) -> None:
        """Insert new records in one go, then change those that are there; entries keep the order of `keeps`."""
        if not keeps:
            return
        (before,) = self._connection.execute("SELECT last FROM last_record").fetchone()
        last = before
        rows, inserts, entries, missing = [], [], [], []
        for keep in keeps:
            row = keep.row
            if row is None:
                last += 1
                row = last
                inserts.append(self._columns(row, keep))
            rows.append(row)
        if inserts:
            self._connection.execute("UPDATE last_record SET last = ?", (last,))
            self._connection.executemany(_INSERT, inserts)
        for row, keep in zip(rows, keeps, strict=True):
            first = row
            if keep.row is not None or not _is_new(keep):
                first = self._change(row, keep)
            if keep.entry is not None:
                entries.append((KINDS[keep.entry], first, self._at))
            if keep.missing:
                source = self._source(keep.verified.source)
                cover = keep.state is State.WAITING
                missing += [(row, source, key_id, cover, self._at) for key_id in keep.missing]
        self._connection.executemany("INSERT INTO entry (kind, row, committed_at) VALUES (?, ?, ?)", entries)
        self._connection.executemany(
            "INSERT INTO missing (row, source, key_id, cover, since) VALUES (?, ?, ?, ?, ?)", missing
        )

    def _columns(self, row: int, keep: Keep) -> tuple[object, ...]:
        seen = keep.verified
        stream, source = self._stream_of(seen.fetched.topic, seen.source)
        tag, ordinal = (self._tag(keep.event_id), 0) if keep.event_id and _is_new(keep) else (None, None)
        refused = b"".join(keep.refused) or None
        return (row, stream, source, STATES[keep.state], tag, ordinal, refused, *pack_verified(seen))

    def _change(self, row: int, keep: Keep) -> int:
        """Bring a row that is there to its new state, and return the first row of its event."""
        was = keep.was if keep.row is not None else keep.state
        ordinal, first, tag = None, row, None
        if keep.event_id is not None:
            tag, source = self._tag(keep.event_id), self._source(keep.verified.source)
            others = self._connection.execute(
                "SELECT row, ordinal FROM record WHERE tag = ? AND source = ? ORDER BY ordinal", (tag, source)
            ).fetchall()
            if (not others) is not (keep.entry is EntryKind.NEW):
                raise moved("records of an event")
            mine = [place for number, place in others if number == row]
            ordinal = mine[0] if mine else len(others)
            first = others[0][0] if others else row
        changed = self._connection.execute(
            "UPDATE record SET state = ?, tag = ?, ordinal = ?, refused = ? WHERE row = ? AND state = ?",
            (STATES[keep.state], tag, ordinal, b"".join(keep.refused) or None, row, STATES[was or keep.state]),
        )
        if changed.rowcount != 1:
            raise moved("state of a record")
        if keep.row is not None:
            self._connection.execute("DELETE FROM missing WHERE row = ?", (row,))
        return int(first)

    def _row_of(self, stream: Stream) -> int:
        return self._stream_of(stream.topic, stream.source)[0]

    def _stream_of(self, topic: Topic, source: AgencyId) -> tuple[int, int]:
        """Return the rows of a stream and its source, made where they are missing."""
        known = self._streams.get((topic, source))
        if known is None:
            self._connection.execute(
                "INSERT OR IGNORE INTO stream (topic, source, sequence, leaf, held, resent, gap_reported)"
                " VALUES (?, ?, 0, zeroblob(32), 0, 0, 0)",
                (topic, source),
            )
            (stream,) = self._connection.execute(
                "SELECT id FROM stream WHERE topic = ? AND source = ?", (topic, source)
            ).fetchone()
            known = self._streams[topic, source] = int(stream), self._source(source)
        return known

    def _source(self, source: AgencyId) -> int:
        self._connection.execute("INSERT OR IGNORE INTO source (name) VALUES (?)", (source,))
        (number,) = self._connection.execute("SELECT id FROM source WHERE name = ?", (source,)).fetchone()
        return int(number)


_INSERT: Final = "INSERT INTO record VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


def _runs(places: Sequence[tuple[int, Leaf]]) -> list[tuple[int, bytes]]:
    """Join the leaves of places that follow each other: one row a step, not one a record."""
    runs: list[tuple[int, list[Leaf]]] = []
    for sequence, leaf in places:
        if runs and runs[-1][0] + len(runs[-1][1]) == sequence:
            runs[-1][1].append(leaf)
        else:
            runs.append((sequence, [leaf]))
    return [(first, b"".join(leaves)) for first, leaves in runs]


def _is_new(keep: Keep) -> bool:
    """Say whether the record brings an event that is not in the inbox, or no event that is known yet."""
    return keep.entry is EntryKind.NEW or keep.event_id is None


def _quarantine(connection: sqlite3.Connection, record: Quarantined) -> None:
    fetched, digest = record.fetched, digest_of(record.fetched)
    again = connection.execute(
        "UPDATE quarantine SET code = ?, found_at = ? WHERE topic = ? AND offset = ? AND digest = ?",
        (record.code, to_micros(record.at), fetched.topic, fetched.offset, digest),
    )
    if again.rowcount:
        return
    pot, size = pot_of(record), size_of(fetched)
    records, size_before, listed = connection.execute(
        "SELECT records, bytes, listed FROM quarantine_use WHERE topic = ? AND source = ? AND station = ?", pot
    ).fetchone() or (0, 0, 0)
    whole = records < QUARANTINE_RECORDS and size_before + size <= QUARANTINE_BYTES
    lists = whole or listed < QUARANTINE_LISTED
    connection.execute(
        "INSERT INTO quarantine_use VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (topic, source, station)"
        " DO UPDATE SET records = records + excluded.records, bytes = bytes + excluded.bytes,"
        " listed = listed + excluded.listed, unlisted = unlisted + excluded.unlisted",
        (*pot, whole, size if whole else 0, lists, not lists),
    )
    if not lists:
        return
    content = pack_fetched(fetched) if whole else (fetched.offset, fetched.timestamp_ms, None, None, None)
    connection.execute(
        "INSERT INTO quarantine (topic, offset, timestamp, key, headers, value, digest, source, code, station,"
        " found_at, proven) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(fetched.topic, *content, digest),
            *(record.source, record.code, record.station, to_micros(record.at), record.proven),
        ),
    )
