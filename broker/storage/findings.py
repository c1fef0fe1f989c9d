"""The findings of a store: a table of one form, in the inbox and beside the keys. One found again is not doubled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from broker.names import Topic, length_prefixed
from broker.ports import Finding
from broker.storage.rows import from_micros, to_micros, unprefixed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from broker.storage.database import Database

FINDING: Final = """
CREATE TABLE finding (
    number INTEGER PRIMARY KEY,
    code TEXT NOT NULL,
    source TEXT NOT NULL,
    topic TEXT NOT NULL,
    offset INTEGER NOT NULL,
    found_at INTEGER NOT NULL,
    detail TEXT NOT NULL,
    evidence BLOB NOT NULL,
    UNIQUE (code, source, topic, offset, evidence)
) STRICT
"""


def write_findings(connection: sqlite3.Connection, findings: Iterable[Finding]) -> None:
    """Add findings; one that is there already (same code, source, topic, offset and evidence) is not doubled."""
    connection.executemany(
        "INSERT OR IGNORE INTO finding (code, source, topic, offset, found_at, detail, evidence)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (
                *(found.code, found.source, found.topic, found.offset),
                *(to_micros(found.at), found.detail, length_prefixed(*found.evidence)),
            )
            for found in findings
        ],
    )


def read_findings(database: Database, after: int, limit: int) -> list[tuple[int, Finding]]:
    """Return findings with their numbers, in order, from the first beyond `after`."""
    rows = database.read(
        "SELECT number, code, source, topic, offset, found_at, detail, evidence FROM finding"
        " WHERE number > ? ORDER BY number LIMIT ?",
        (after, limit),
    )
    return [
        (
            number,
            Finding(
                code=code,
                source=source,
                topic=Topic(topic),
                offset=offset,
                at=from_micros(micros),
                detail=detail,
                evidence=tuple(unprefixed(evidence)),
            ),
        )
        for number, code, source, topic, offset, micros, detail, evidence in rows
    ]
