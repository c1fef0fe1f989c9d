"""The tables of the inbox, and how a row becomes a value of the port."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from broker.names import KeyId, Topic
from broker.ports import Kept, Quarantined, QuarantineRow
from broker.storage.inbox_commit import KINDS, LANES, STATES
from broker.storage.rows import from_micros, unpack_fetched, unpack_verified

if TYPE_CHECKING:
    from broker.storage.database import Row

SCHEMA: Final = """
CREATE TABLE reading (topic TEXT PRIMARY KEY, next INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE source (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE stream (
    id INTEGER PRIMARY KEY, topic TEXT NOT NULL, source TEXT NOT NULL, sequence INTEGER NOT NULL,
    leaf BLOB NOT NULL, lane BLOB, held INTEGER NOT NULL, resent INTEGER NOT NULL, gap_since INTEGER,
    gap_reported INTEGER NOT NULL, UNIQUE (topic, source)
) STRICT;
CREATE TABLE lane (
    stream INTEGER NOT NULL, lane BLOB NOT NULL, state INTEGER NOT NULL, PRIMARY KEY (stream, lane)
) STRICT, WITHOUT ROWID;
CREATE TABLE place (
    stream INTEGER NOT NULL, first INTEGER NOT NULL, leaves BLOB NOT NULL, PRIMARY KEY (stream, first)
) STRICT, WITHOUT ROWID;
CREATE TABLE last_record (last INTEGER NOT NULL) STRICT;
INSERT INTO last_record VALUES (0);
CREATE TABLE record (
    row INTEGER PRIMARY KEY, stream INTEGER NOT NULL, source INTEGER NOT NULL, state INTEGER NOT NULL, tag BLOB,
    ordinal INTEGER, refused BLOB, offset INTEGER NOT NULL, timestamp INTEGER NOT NULL, key BLOB,
    headers BLOB NOT NULL, value BLOB, sequence INTEGER NOT NULL, lane BLOB NOT NULL, facts BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX record_of_event ON record (tag, source, ordinal) WHERE tag IS NOT NULL;
CREATE INDEX record_aside ON record (state, stream, sequence) WHERE state > 1;
CREATE TABLE entry (
    number INTEGER PRIMARY KEY, kind INTEGER NOT NULL, row INTEGER NOT NULL, committed_at INTEGER NOT NULL
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
    NULL, code TEXT NOT NULL, station TEXT NOT NULL, found_at INTEGER NOT NULL,
    proven INTEGER NOT NULL,
    UNIQUE (topic, offset, digest)
) STRICT;
CREATE TABLE quarantine_use (
    topic TEXT NOT NULL, source TEXT NOT NULL, station TEXT NOT NULL, records INTEGER NOT NULL,
    bytes INTEGER NOT NULL, listed INTEGER NOT NULL, unlisted INTEGER NOT NULL, PRIMARY KEY (topic, source, station)
) STRICT, WITHOUT ROWID;
CREATE TABLE cursor (consumer TEXT PRIMARY KEY, entry INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE aside (
    consumer TEXT NOT NULL, entry INTEGER NOT NULL, code TEXT NOT NULL, found_at INTEGER NOT NULL,
    PRIMARY KEY (consumer, entry)
) STRICT, WITHOUT ROWID
"""

JOINED: Final = """
CREATE TABLE joined (one INTEGER PRIMARY KEY CHECK (one = 1), at INTEGER NOT NULL) STRICT
"""

STATE_OF: Final = {number: state for state, number in STATES.items()}
LANE_OF: Final = {number: state for state, number in LANES.items()}
KIND_OF: Final = {number: kind for kind, number in KINDS.items()}

RECORD: Final = (
    "SELECT r.row, r.state, r.refused, s.topic, s.source, r.offset, r.timestamp, r.key, r.headers, r.value,"
    " r.sequence, r.lane, r.facts FROM record r JOIN stream s ON s.id = r.stream "
)
MISSING: Final = (
    "SELECT m.number, m.row, n.name, m.key_id, t.topic, r.offset, m.cover, m.since FROM missing m"
    " JOIN source n ON n.id = m.source JOIN record r ON r.row = m.row JOIN stream t ON t.id = r.stream "
)
QUARANTINE: Final = (
    "SELECT number, digest, source, code, station, found_at, proven, topic, offset, timestamp, key, headers, value"
    " FROM quarantine "
)


def kept_of(row: Row) -> Kept:
    """Read a row of `RECORD`."""
    number, state, refused, topic, source, *columns = row
    blob = refused or b""
    keys = frozenset(KeyId(blob[start : start + 16]) for start in range(0, len(blob), 16))
    verified = unpack_verified(topic, source, columns)
    return Kept(row=number, verified=verified, state=STATE_OF[state], refused=keys)


def quarantine_row_of(row: Row) -> QuarantineRow:
    """Read a row of `QUARANTINE`."""
    number, digest, source, code, station, micros, proven, topic, offset, *others = row
    at = from_micros(micros)
    record = None
    if others[2] is not None:  # its headers: there even where there are none
        fetched = unpack_fetched(topic, offset, *others)
        seen = bool(proven)
        record = Quarantined(fetched=fetched, source=source, code=code, station=station, at=at, proven=seen)
    return QuarantineRow(
        number=number,
        record=record,
        digest=digest,
        topic=Topic(topic),
        offset=offset,
        source=source,
        code=code,
        station=station,
        at=at,
    )
