"""The tables of the inbox, and how a row becomes a value of the port."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from broker.names import AgencyId, KeyId, Topic
from broker.ports import Finding, Kept, Quarantined, QuarantineRow
from broker.storage.inbox_commit import KINDS, LANES, STATES
from broker.storage.records import fetched_of, unpack_verified

if TYPE_CHECKING:
    from broker.storage.database import Row

SCHEMA: Final = """
CREATE TABLE offsets (topic TEXT PRIMARY KEY, next INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE sources (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE streams (
    id INTEGER PRIMARY KEY, topic TEXT NOT NULL, source TEXT NOT NULL, sequence INTEGER NOT NULL,
    leaf BLOB NOT NULL, lane BLOB, held INTEGER NOT NULL, resent INTEGER NOT NULL, gap_since INTEGER,
    gap_reported INTEGER NOT NULL, UNIQUE (topic, source)
) STRICT;
CREATE TABLE lanes (
    stream INTEGER NOT NULL, lane BLOB NOT NULL, state INTEGER NOT NULL, PRIMARY KEY (stream, lane)
) STRICT, WITHOUT ROWID;
CREATE TABLE places (
    stream INTEGER NOT NULL, first INTEGER NOT NULL, leaves BLOB NOT NULL, PRIMARY KEY (stream, first)
) STRICT, WITHOUT ROWID;
CREATE TABLE last_record (last INTEGER NOT NULL) STRICT;
INSERT INTO last_record VALUES (0);
CREATE TABLE records (
    id INTEGER PRIMARY KEY, stream INTEGER NOT NULL, source INTEGER NOT NULL,
    sequence INTEGER NOT NULL, lane BLOB NOT NULL, state INTEGER NOT NULL, tag BLOB, ordinal INTEGER,
    refused BLOB, offset INTEGER NOT NULL, timestamp INTEGER NOT NULL, key BLOB, headers BLOB NOT NULL,
    facts BLOB NOT NULL, value BLOB
) STRICT;
CREATE UNIQUE INDEX records_of_event ON records (tag, source, ordinal) WHERE tag IS NOT NULL;
CREATE INDEX records_aside ON records (stream, sequence) WHERE state > 2;
CREATE INDEX records_waiting ON records (id) WHERE state = 2;
CREATE TABLE entries (
    number INTEGER PRIMARY KEY AUTOINCREMENT, kind INTEGER NOT NULL, row INTEGER NOT NULL, at INTEGER NOT NULL
) STRICT;
CREATE TABLE missing (
    number INTEGER PRIMARY KEY AUTOINCREMENT, row INTEGER NOT NULL, source INTEGER NOT NULL, key_id BLOB NOT
    NULL, cover INTEGER NOT NULL, since INTEGER NOT NULL, reported INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX missing_by_key ON missing (key_id, source);
CREATE INDEX missing_by_row ON missing (row);
CREATE INDEX missing_unreported ON missing (since) WHERE reported = 0;
CREATE TABLE quarantine (
    number INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT NOT NULL, offset INTEGER NOT NULL,
    timestamp INTEGER NOT NULL, key BLOB, headers BLOB, value BLOB, digest BLOB NOT NULL, source TEXT NOT
    NULL, code TEXT NOT NULL, station TEXT NOT NULL, at INTEGER NOT NULL, size INTEGER, UNIQUE (topic, offset)
) STRICT;
CREATE TABLE quarantine_use (
    topic TEXT NOT NULL, source TEXT NOT NULL, station TEXT NOT NULL, records INTEGER NOT NULL,
    bytes INTEGER NOT NULL, PRIMARY KEY (topic, source, station)
) STRICT, WITHOUT ROWID;
CREATE TABLE findings (
    number INTEGER PRIMARY KEY AUTOINCREMENT, code TEXT NOT NULL, source TEXT NOT NULL, topic TEXT NOT NULL,
    offset INTEGER NOT NULL, at INTEGER NOT NULL, detail TEXT NOT NULL, evidence BLOB NOT NULL,
    UNIQUE (code, source, topic, offset)
) STRICT;
CREATE TABLE cursors (consumer TEXT PRIMARY KEY, entry INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE asides (
    consumer TEXT NOT NULL, entry INTEGER NOT NULL, code TEXT NOT NULL, at INTEGER NOT NULL,
    PRIMARY KEY (consumer, entry)
) STRICT, WITHOUT ROWID
"""

STATE_OF: Final = {number: state for state, number in STATES.items()}
LANE_OF: Final = {number: state for state, number in LANES.items()}
KIND_OF: Final = {number: kind for kind, number in KINDS.items()}

RECORD: Final = (
    "SELECT r.id, r.state, r.refused, s.topic, s.source, r.lane, r.sequence, r.facts,"
    " r.offset, r.timestamp, r.key, r.headers, r.value FROM records r JOIN streams s ON s.id = r.stream "
)
MISSING: Final = (
    "SELECT m.number, m.row, n.name, m.key_id, t.topic, r.offset, m.cover, m.since FROM missing m"
    " JOIN sources n ON n.id = m.source JOIN records r ON r.id = m.row JOIN streams t ON t.id = r.stream "
)
QUARANTINE: Final = (
    "SELECT number, topic, offset, timestamp, key, headers, value, digest, source, code, station, at FROM quarantine "
)


def time_of(stamp: int) -> datetime:
    """Return the time of a stamp in milliseconds since the epoch."""
    return datetime.fromtimestamp(stamp / 1000, tz=UTC)


def kept_of(row: Row) -> Kept:
    """Read a row of `RECORD`."""
    number, state, refused, topic, source, lane, sequence, facts, *fetched = row
    verified = unpack_verified(
        facts, fetched=fetched_of(topic, *fetched), source=AgencyId(source), lane=lane, sequence=sequence
    )
    blob = refused or b""
    keys = frozenset(KeyId(blob[start : start + 16]) for start in range(0, len(blob), 16))
    return Kept(row=number, verified=verified, state=STATE_OF[state], refused=keys)


def finding_of(row: Row) -> Finding:
    """Read a finding without its number."""
    code, source, topic, offset, at, detail, blob = row
    evidence, start = [], 0
    while start < len(blob):
        length = int.from_bytes(blob[start : start + 2], "big")
        evidence.append(blob[start + 2 : start + 2 + length])
        start += 2 + length
    return Finding(
        code=code,
        source=source,
        topic=Topic(topic),
        offset=offset,
        at=time_of(at),
        detail=detail,
        evidence=tuple(evidence),
    )


def quarantine_row_of(row: Row) -> QuarantineRow:
    """Read a row of `QUARANTINE`."""
    number, topic, offset, timestamp, key, headers, value, digest, source, code, station, at = row
    record = None
    if headers is not None:
        record = Quarantined(
            fetched=fetched_of(topic, offset, timestamp, key, headers, value),
            source=source,
            code=code,
            station=station,
            at=time_of(at),
        )
    return QuarantineRow(
        number=number,
        record=record,
        digest=digest,
        topic=Topic(topic),
        offset=offset,
        source=source,
        code=code,
        station=station,
        at=time_of(at),
    )
