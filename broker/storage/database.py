"""How one file of the node's store is opened, written and asked: plain SQLite, safe for several processes.

Rules:
- A write is one `transaction()`: durable when it returns (WAL, `synchronous=FULL`), or nothing of it happened
- The folder is 0700 and the files 0600. What tells of an event is encrypted before it comes here (`AtRest`).
- Every error of `sqlite3` becomes a `StorageError` by the one table here; none of its texts is passed on.
- Nothing here is async. A running node calls each file from a `Thread` of the file's own, so that no call blocks
  the loop.
"""

from __future__ import annotations

import sqlite3
import threading
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Final

from broker import files
from broker.errors import MisconfiguredError, StorageError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from pathlib import Path

Row = tuple[Any, ...]
"""A row as SQLite gives it; whoever asks knows its columns."""

BUSY_SECONDS: Final = 10
"""How long a call waits for another process to finish its write."""

_PAGE_BYTES: Final = 16384
"""A page holds six records of the ordinary size; of small ones, a third of each would stay empty."""
_AT_ONCE: Final = 64
_ANY_OF: Final = f" IN ({','.join('?' * _AT_ONCE)})"
_PRIMARY: Final = 0xFF
"""SQLite keeps the primary result code in the lowest byte of an extended one."""

_CODES: Final = {
    sqlite3.SQLITE_FULL: "store.full",
    sqlite3.SQLITE_BUSY: "store.locked",
    sqlite3.SQLITE_LOCKED: "store.locked",
    sqlite3.SQLITE_PROTOCOL: "store.locked",
    sqlite3.SQLITE_CORRUPT: "store.corrupt",
    sqlite3.SQLITE_NOTADB: "store.corrupt",
    sqlite3.SQLITE_FORMAT: "store.corrupt",
    sqlite3.SQLITE_CONSTRAINT: "store.conflict",
    sqlite3.SQLITE_READONLY: "store.denied",
    sqlite3.SQLITE_PERM: "store.denied",
    sqlite3.SQLITE_AUTH: "store.denied",
    sqlite3.SQLITE_CANTOPEN: "store.denied",
    sqlite3.SQLITE_IOERR: "store.io",
    sqlite3.SQLITE_NOLFS: "store.io",
    sqlite3.SQLITE_NOMEM: "store.io",
    sqlite3.SQLITE_INTERRUPT: "store.io",
}
"""What each primary result code of SQLite means. One that is missing is our own mistake: `store.misused`."""


def translated(error: sqlite3.Error) -> StorageError:
    """Return the `StorageError` that says what an error of `sqlite3` means, without its text."""
    number = getattr(error, "sqlite_errorcode", None)
    if number is None:
        return StorageError("store.misused", type(error).__name__)
    code = _CODES.get(number & _PRIMARY, "store.misused")
    return StorageError(code, getattr(error, "sqlite_errorname", ""))


class Database:
    """One SQLite file, one connection, used by one thread at a time."""

    def __init__(self, path: Path, *, schema: Sequence[str], label: str, page_bytes: int = _PAGE_BYTES) -> None:
        """Open the file, making it and its folder where they are missing.

        Args:
            path: the file, such as `<store>/outbox.db`.
            schema: SQL scripts, the first for version 1, each next one for one version more; never changed
                once released. Those not yet applied are, each in a transaction of its own.
            label: a word that the file must carry, so that no file is taken for another.
            page_bytes: the size of a page of a new file, a power of two.

        Raises:
            MisconfiguredError: the folder is not ours, the file belongs to another use or to a later release.
            StorageError: it cannot be opened or written.
        """
        self._lock = threading.RLock()
        with _opening(path):
            try:
                self._connection = sqlite3.connect(
                    path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
                )
            except sqlite3.Error as error:
                raise translated(error) from error
            try:
                self._prepare(schema, label, page_bytes)
            except BaseException:
                self._connection.close()
                raise

    def _prepare(self, schema: Sequence[str], label: str, page_bytes: int) -> None:
        application = int.from_bytes(label.encode()[:4].ljust(4), "big") & 0x7FFFFFFF
        for setting in (
            f"page_size = {page_bytes}",
            "journal_mode = WAL",
            "synchronous = FULL",
            "foreign_keys = ON",
            "trusted_schema = OFF",
            "secure_delete = ON",  # what is deleted is overwritten, also in pages that become free
            "cache_size = -16384",
            "wal_autocheckpoint = 2000",
            "journal_size_limit = 67108864",
        ):
            self.read(f"PRAGMA {setting}")
        version = int(self.read("PRAGMA user_version")[0][0])
        known = int(self.read("PRAGMA application_id")[0][0])
        if version > len(schema) or (version and known != application):
            raise MisconfiguredError("config.store-version", f"{label}: version {version}")
        for number, script in enumerate(schema[version:], start=version + 1):
            with self.transaction() as connection:
                # One statement at a time: executescript would commit before it begins.
                for statement in script.split(";\n"):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {number}")
                connection.execute(f"PRAGMA application_id = {application}")

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Hold the one right to write, over all threads and processes, until all of it is durable.

        Raises:
            StorageError: nothing of the transaction happened.
        """
        with self._lock:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                try:
                    yield self._connection
                    self._connection.execute("COMMIT")
                except BaseException:
                    if self._connection.in_transaction:
                        self._connection.execute("ROLLBACK")
                    raise
            except sqlite3.Error as error:
                raise translated(error) from error

    def read(self, sql: str, values: Iterable[object] = ()) -> list[Row]:
        """Return all rows of one question.

        Raises:
            StorageError: the file cannot be read.
        """
        with self._lock:
            try:
                return self._connection.execute(sql, tuple(values)).fetchall()
            except sqlite3.Error as error:
                raise translated(error) from error

    def read_many(self, question: str, names: Collection[object]) -> list[Row]:
        """Return all rows of a question that ends in a column, which must be one of `names`; in no order.

        Raises:
            StorageError: the file cannot be read.
        """
        asked, found = list(names), []
        for start in range(0, len(asked), _AT_ONCE):
            some = asked[start : start + _AT_ONCE]
            # Always as many, so that the statement stays the same and is prepared once.
            found += self.read(question + _ANY_OF, [*some, *[None] * (_AT_ONCE - len(some))])
        return found

    def foreign_changes(self) -> int:
        """Return a number that changes when another connection has written to the file."""
        return int(self.read("PRAGMA data_version")[0][0])

    def empty_log(self) -> None:
        """Move the write-ahead log into the file and cut it to nothing, so that what was deleted is in neither.

        While another process reads or writes the file, the log stays; the next call, or the last close, does it.

        Raises:
            StorageError: the file cannot be written.
        """
        self.read("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close the file; what was committed is there, and its log is emptied where nobody else has it open."""
        with self._lock:
            try:
                # Nobody is waited for: whoever else has the file open empties the log later.
                self._connection.execute("PRAGMA busy_timeout = 0")
                self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            except sqlite3.Error:
                pass  # it is committed in the log, and read from there
            finally:
                self._connection.close()


@contextmanager
def _opening(path: Path) -> Iterator[None]:
    """Make folder and file with their modes, and let one process at a time turn it into a database.

    Two processes that switch a new file to WAL at once get SQLITE_BUSY without any wait, hence the lock. The
    database itself is opened by us only while it does not exist yet: closing a second descriptor of a file
    drops the POSIX locks that SQLite holds on it in this process (https://sqlite.org/howtocorrupt.html §2.2).
    """
    with ExitStack() as holding:
        with _of_folder():
            _make_own(path.parent)
            holding.enter_context(files.held(path.with_name(f".{path.name}.lock")))
        try:
            files.write_new(path, b"")
        except FileExistsError:
            pass
        except OSError as error:
            raise StorageError("store.denied", error.strerror or "") from error
        yield


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold a store folder for the one node that runs on it; others may still read it and add to its outbox.

    Raises:
        MisconfiguredError: `config.store-held`, a node runs on it already; or the folder cannot be made.
    """
    with ExitStack() as holding:
        with _of_folder():
            _make_own(folder)
            try:
                holding.enter_context(files.held(folder / ".node.lock", seconds=0))
            except BlockingIOError as error:
                raise MisconfiguredError("config.store-held") from error
        yield


@contextmanager
def _of_folder() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise MisconfiguredError("config.store-folder", error.strerror or "") from error


def _make_own(folder: Path) -> None:
    """Make the folder where it is missing, ours alone."""
    folder.mkdir(mode=files.OWNER_ONLY_FOLDER, parents=True, exist_ok=True)
    folder.chmod(files.OWNER_ONLY_FOLDER)
