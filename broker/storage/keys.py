"""The key store in SQLite: data and wrapping keys, in a file of their own that is left out of backups.

Rules:
- Keys are encrypted (`AtRest`), each bound to its source and id. Units and sets of readers are blinded tags.
- A key once held for (source, key id) is never replaced: whoever gives the same id again gives nothing.
- Numbers of a unit and pair only grow. Those of a new file begin after 48 random bits, so that after the loss of the
  file, too, and within one second, none is used again; they keep within the 15 digits of a key record's number.
- What a read of the key topics brought is taken whole, if nobody else read on meanwhile, or not at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from broker.errors import StorageError
from broker.names import AgencyId, KeyId, Leaf, Topic, length_prefixed
from broker.ports import DataKey, WrappingKey
from broker.stages import StreamHead
from broker.storage.database import Database
from broker.storage.findings import FINDING, read_findings, write_findings
from broker.storage.rows import pack_verified, unpack_verified, unprefixed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from broker.ports import Finding, NewKeys, ReceivedKeys
    from broker.sealing.atrest import AtRest
    from broker.stages import Verified

FILE: Final = "keys.db"

_PAGE_BYTES: Final = 4096
"""Keys are small and lie in no order: each is written with the page that it falls on."""

_DATA: Final = "keys/data"
_WRAP: Final = "keys/wrap"

_SCHEMA: Final = """
CREATE TABLE data_key (
    source TEXT NOT NULL,
    key_id BLOB NOT NULL,
    key BLOB NOT NULL,
    PRIMARY KEY (source, key_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE own_key (
    unit BLOB NOT NULL,
    readers BLOB NOT NULL,
    source TEXT NOT NULL,
    key_id BLOB NOT NULL,
    PRIMARY KEY (unit, readers)
) STRICT, WITHOUT ROWID;
CREATE TABLE wrapping_key (
    source TEXT NOT NULL,
    key_id BLOB NOT NULL,
    key BLOB NOT NULL,
    PRIMARY KEY (source, key_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE own_wrapping_key (
    recipient TEXT NOT NULL,
    receiving_key_id BLOB NOT NULL,
    day TEXT NOT NULL,
    source TEXT NOT NULL,
    key_id BLOB NOT NULL,
    hpke BLOB NOT NULL,
    PRIMARY KEY (recipient, receiving_key_id, day)
) STRICT, WITHOUT ROWID;
CREATE TABLE number (
    pair_unit BLOB PRIMARY KEY,
    used INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE numbering (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    after INTEGER NOT NULL
) STRICT;
INSERT INTO numbering VALUES (1, max(unixepoch(), random() & 0xffffffffffff));
CREATE TABLE unannounced (
    batch BLOB PRIMARY KEY,
    own_keys BLOB NOT NULL,
    own_wrapping_keys BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE stream (
    topic TEXT PRIMARY KEY,
    sequence INTEGER NOT NULL,
    leaf BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE reading (
    topic TEXT PRIMARY KEY,
    next INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE waiting (
    topic TEXT NOT NULL,
    source TEXT NOT NULL,
    offset INTEGER NOT NULL,
    timestamp INTEGER NOT NULL,
    key BLOB,
    headers BLOB NOT NULL,
    value BLOB,
    sequence INTEGER NOT NULL,
    lane BLOB NOT NULL,
    facts BLOB NOT NULL,
    PRIMARY KEY (topic, offset)
) STRICT
"""

_WAITING_FOR: Final = """
ALTER TABLE waiting ADD COLUMN wrapping BLOB;
CREATE INDEX waiting_for ON waiting (wrapping);
CREATE INDEX waiting_of ON waiting (source)
"""

_OWN_KEYS: Final = (
    "SELECT o.unit, o.readers, o.source, o.key_id, d.key FROM own_key o"
    " JOIN data_key d ON d.source = o.source AND d.key_id = o.key_id WHERE o.unit"
)


class SqliteKeyStore:
    """`KeyStore` in one SQLite file."""

    def __init__(self, folder: Path, *, at_rest: AtRest) -> None:
        """Open `keys.db` in the node's store folder.

        Args:
            folder: the store folder; made where it is missing.
            at_rest: encryption under the node's own key.

        Raises:
            MisconfiguredError: the file is not a key store of this release.
            StorageError: it cannot be opened.
        """
        self._database = Database(
            folder / FILE, schema=(f"{_SCHEMA};{FINDING}", _WAITING_FOR), label="keys", page_bytes=_PAGE_BYTES
        )
        self._at_rest = at_rest

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    # --- keys ---------------------------------------------------------------------------------------------------

    def data_key(self, source: AgencyId, key_id: KeyId) -> bytes | None:
        """See `KeyStore.data_key`."""
        rows = self._database.read("SELECT key FROM data_key WHERE source = ? AND key_id = ?", (source, key_id))
        return self._open(_DATA, source, key_id, rows[0][0]) if rows else None

    def wrapping_key(self, source: AgencyId, key_id: KeyId) -> bytes | None:
        """See `KeyStore.wrapping_key`."""
        rows = self._database.read("SELECT key FROM wrapping_key WHERE source = ? AND key_id = ?", (source, key_id))
        return self._open(_WRAP, source, key_id, rows[0][0]) if rows else None

    def own_data_keys(self, units: Collection[bytes]) -> Mapping[tuple[bytes, bytes], DataKey]:
        """See `KeyStore.own_data_keys`."""
        found = {}
        for unit, readers, source, key_id, blob in self._database.read_many(_OWN_KEYS, units):
            key = self._open(_DATA, source, key_id, blob)
            found[unit, readers] = DataKey(key_id=KeyId(key_id), key=key)
        return found

    def own_wrapping_key(self, recipient: AgencyId, receiving_key_id: KeyId, day: str) -> WrappingKey | None:
        """See `KeyStore.own_wrapping_key`."""
        rows = self._database.read(
            "SELECT o.source, o.key_id, w.key, o.hpke FROM own_wrapping_key o"
            " JOIN wrapping_key w ON w.source = o.source AND w.key_id = o.key_id"
            " WHERE o.recipient = ? AND o.receiving_key_id = ? AND o.day = ?",
            (recipient, receiving_key_id, day),
        )
        if not rows:
            return None
        source, key_id, blob, hpke = rows[0]
        return WrappingKey(
            key_id=KeyId(key_id),
            key=self._open(_WRAP, source, key_id, blob),
            recipient=recipient,
            receiving_key_id=receiving_key_id,
            hpke=hpke,
        )

    def used_numbers(self, pair_units: Collection[bytes]) -> Mapping[bytes, int]:
        """See `KeyStore.used_numbers`."""
        after = int(self._database.read("SELECT after FROM numbering")[0][0])
        known = self._database.read_many("SELECT pair_unit, used FROM number WHERE pair_unit", pair_units)
        return dict.fromkeys(pair_units, after) | dict(known)

    # --- own keys, made durable before they are used ------------------------------------------------------------

    def add(self, new: NewKeys) -> None:
        """See `KeyStore.add`."""
        source = new.source
        data_keys = [(source, key.key_id, self._seal(_DATA, source, key)) for _, _, key in new.data_keys]
        own_keys = [(unit, readers, source, key.key_id) for unit, readers, key in new.data_keys]
        wraps = [(source, key.key_id, self._seal(_WRAP, source, key)) for _, key in new.wrapping_keys]
        own_wraps = [
            (key.recipient, key.receiving_key_id, day, source, key.key_id, key.hpke) for day, key in new.wrapping_keys
        ]
        names = [field for unit, readers, key in new.data_keys for field in (unit, readers, key.key_id)]
        wrap_names = [
            field
            for day, key in new.wrapping_keys
            for field in (key.recipient.encode(), key.receiving_key_id, day.encode(), key.key_id)
        ]
        with self._database.transaction() as connection:
            connection.executemany("INSERT INTO data_key VALUES (?, ?, ?)", data_keys)
            connection.executemany("INSERT INTO own_key VALUES (?, ?, ?, ?)", own_keys)
            connection.executemany("INSERT INTO wrapping_key VALUES (?, ?, ?)", wraps)
            connection.executemany("INSERT INTO own_wrapping_key VALUES (?, ?, ?, ?, ?, ?)", own_wraps)
            connection.executemany(
                "INSERT INTO number VALUES (?, ?)"
                " ON CONFLICT (pair_unit) DO UPDATE SET used = max(used, excluded.used)",
                list(new.numbers.items()),
            )
            connection.execute(
                "INSERT INTO unannounced VALUES (?, ?, ?)",
                (new.batch, length_prefixed(source.encode(), *names), length_prefixed(*wrap_names)),
            )

    def announce(self, batch: bytes) -> None:
        """See `KeyStore.announce`."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM unannounced WHERE batch = ?", (batch,))

    def unannounced(self) -> list[bytes]:
        """See `KeyStore.unannounced`."""
        return [row[0] for row in self._database.read("SELECT batch FROM unannounced")]

    def discard(self, batch: bytes) -> None:
        """See `KeyStore.discard`."""
        with self._database.transaction() as connection:
            row = connection.execute(
                "DELETE FROM unannounced WHERE batch = ? RETURNING own_keys, own_wrapping_keys", (batch,)
            ).fetchone()
            if row is None:
                return
            own_source, *names = unprefixed(row[0])
            source = own_source.decode()
            for unit, readers, key_id in zip(*[iter(names)] * 3, strict=True):
                connection.execute("DELETE FROM own_key WHERE unit = ? AND readers = ?", (unit, readers))
                connection.execute("DELETE FROM data_key WHERE source = ? AND key_id = ?", (source, key_id))
            for recipient, receiving, day, key_id in zip(*[iter(unprefixed(row[1]))] * 4, strict=True):
                connection.execute(
                    "DELETE FROM own_wrapping_key WHERE recipient = ? AND receiving_key_id = ? AND day = ?",
                    (recipient.decode(), receiving, day.decode()),
                )
                connection.execute("DELETE FROM wrapping_key WHERE source = ? AND key_id = ?", (source, key_id))
        self._database.empty_log()

    # --- keys of others -----------------------------------------------------------------------------------------

    def heads(self) -> Mapping[Topic, StreamHead]:
        """See `KeyStore.heads`."""
        rows = self._database.read("SELECT topic, sequence, leaf FROM stream")
        return {Topic(topic): StreamHead(sequence=sequence, leaf=Leaf(leaf)) for topic, sequence, leaf in rows}

    def offsets(self) -> Mapping[Topic, int]:
        """See `KeyStore.offsets`."""
        return {Topic(topic): place for topic, place in self._database.read("SELECT topic, next FROM reading")}

    def commit(self, received: ReceivedKeys) -> None:
        """See `KeyStore.commit`."""
        data_keys = [(source, key.key_id, self._seal(_DATA, source, key)) for source, key in received.data_keys]
        wraps = [
            (source, key_id, self._seal(_WRAP, source, DataKey(key_id=key_id, key=key)))
            for source, key_id, key in received.wrapping_keys
        ]
        with self._database.transaction() as connection:
            _move(connection, received.offsets)
            # A key once held stays: INSERT OR IGNORE, never OR REPLACE.
            connection.executemany("INSERT OR IGNORE INTO data_key VALUES (?, ?, ?)", data_keys)
            connection.executemany("INSERT OR IGNORE INTO wrapping_key VALUES (?, ?, ?)", wraps)
            connection.executemany(
                "DELETE FROM waiting WHERE topic = ? AND offset = ?",
                [(item.fetched.topic, item.fetched.offset) for item in received.done_waiting],
            )
            connection.executemany(
                "INSERT OR IGNORE INTO waiting VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [(item.fetched.topic, item.source, *pack_verified(item), key) for key, item in received.waiting],
            )
            connection.executemany(
                "INSERT OR REPLACE INTO stream VALUES (?, ?, ?)",
                [(topic, head.sequence, head.leaf) for topic, head in received.heads.items()],
            )
            write_findings(connection, received.findings)

    def waiting_units(self, wrapping: Collection[KeyId]) -> list[Verified]:
        """See `KeyStore.waiting_units`."""
        sql = "SELECT topic, source, offset, timestamp, key, headers, value, sequence, lane, facts FROM waiting WHERE "
        rows = [*self._database.read(sql + "wrapping IS NULL"), *self._database.read_many(sql + "wrapping", wrapping)]
        found = [unpack_verified(topic, source, columns) for topic, source, *columns in rows]
        return sorted(found, key=lambda one: (one.fetched.topic, one.fetched.offset))

    def waiting_of(self, source: AgencyId) -> int:
        """See `KeyStore.waiting_of`."""
        return int(self._database.read("SELECT count(*) FROM waiting WHERE source = ?", (source,))[0][0])

    def findings(self, after: int, limit: int) -> list[tuple[int, Finding]]:
        """See `KeyStore.findings`."""
        return read_findings(self._database, after, limit)

    def _seal(self, label: str, source: str, key: DataKey | WrappingKey) -> bytes:
        return self._at_rest.seal(label, key.key, length_prefixed(source.encode(), key.key_id))

    def _open(self, label: str, source: str, key_id: bytes, blob: bytes) -> bytes:
        return self._at_rest.open(label, blob, length_prefixed(source.encode(), key_id))


def _move(connection: sqlite3.Connection, offsets: Mapping[Topic, tuple[int, int]]) -> None:
    """Read on from the offsets expected.

    Raises:
        StorageError: `store.moved`, another reader was here.
    """
    for topic, (expected, following) in offsets.items():
        row = connection.execute("SELECT next FROM reading WHERE topic = ?", (topic,)).fetchone()
        if (row[0] if row else 0) != expected:
            raise StorageError("store.moved", topic)
        connection.execute("INSERT OR REPLACE INTO reading VALUES (?, ?)", (topic, following))
