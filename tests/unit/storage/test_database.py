"""How a file of the store is opened, shared and guarded."""

from __future__ import annotations

import multiprocessing
import sqlite3
import stat
import threading
from typing import TYPE_CHECKING

import pytest

from broker import codes
from broker.errors import MisconfiguredError, StorageError
from broker.storage import database
from broker.storage.database import Database, held, translated

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA = ("CREATE TABLE a (x INTEGER UNIQUE) STRICT;\nCREATE TABLE b (y INTEGER) STRICT",)


def _add(path: Path, first: int, ready: threading.Barrier | None = None) -> None:
    if ready is not None:
        ready.wait(20)
    opened = Database(path, schema=SCHEMA, label="test")
    for number in range(first, first + 50):
        with opened.transaction() as connection:
            connection.execute("INSERT INTO a VALUES (?)", (number,))
    opened.close()


def _insert(opened: Database, *numbers: int, divisor: int = 1) -> None:
    with opened.transaction() as connection:
        for number in numbers:
            connection.execute("INSERT INTO a VALUES (?)", (number,))
        connection.execute("INSERT INTO b VALUES (?)", (1 // divisor,))


def test_folder_and_files_are_for_the_node_alone(tmp_path: Path) -> None:
    """The folder is 0700 and every file in it 0600, also a folder that was open to others before."""
    folder = tmp_path / "store"
    folder.mkdir(mode=0o755)
    opened = Database(folder / "test.db", schema=SCHEMA, label="test")
    with opened.transaction() as connection:
        connection.execute("INSERT INTO a VALUES (1)")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    modes = {entry.name: stat.S_IMODE(entry.stat().st_mode) for entry in folder.iterdir()}
    assert {"test.db", "test.db-wal", "test.db-shm"} <= set(modes)
    assert set(modes.values()) == {0o600}
    opened.close()


def test_a_write_is_durable_when_it_returns(tmp_path: Path) -> None:
    """WAL with a sync at every commit, and foreign keys watched."""
    opened = Database(tmp_path / "test.db", schema=SCHEMA, label="test")
    settings = [
        opened.read(f"PRAGMA {name}")[0][0]
        for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout", "user_version")
    ]
    opened.close()
    full = 2
    assert settings == ["wal", full, 1, 10_000, 1]


def test_a_failed_transaction_leaves_nothing(tmp_path: Path) -> None:
    """Whatever is raised inside, SQLite's error or ours, the whole of it is taken back."""
    opened = Database(tmp_path / "test.db", schema=SCHEMA, label="test")
    with pytest.raises(StorageError) as caught:
        _insert(opened, 1, 1)
    assert caught.value.code == "store.conflict"
    with pytest.raises(ZeroDivisionError):
        _insert(opened, 2, divisor=0)
    assert opened.read("SELECT x FROM a") == []
    opened.close()


def _holding(path: Path, piece: bytes) -> list[str]:
    return [file.name for file in sorted(path.parent.glob(f"{path.name}*")) if piece in file.read_bytes()]


def test_what_was_deleted_is_in_no_file(tmp_path: Path) -> None:
    """Not on the pages that a long value needed beside its own, and not in the log once it is emptied."""
    path = tmp_path / "test.db"
    opened = Database(path, schema=("CREATE TABLE a (x BLOB) STRICT",), label="test", page_bytes=4096)
    secret = b"<" + b"beginning" * 3000 + b"the end of it>"
    with opened.transaction() as connection:
        connection.execute("INSERT INTO a VALUES (?)", (secret,))
    opened.empty_log()
    assert _holding(path, secret[-200:]) == ["test.db"]
    with opened.transaction() as connection:
        connection.execute("DELETE FROM a")
    opened.empty_log()
    assert _holding(path, secret[-200:]) == []
    opened.close()


def test_closing_empties_the_log_and_waits_for_nobody(tmp_path: Path) -> None:
    """Whoever else reads keeps the log; the last one to close takes it along."""
    path = tmp_path / "test.db"
    one, two = (Database(path, schema=("CREATE TABLE a (x BLOB) STRICT",), label="test") for _ in range(2))
    with one.transaction() as connection:
        connection.execute("INSERT INTO a VALUES (?)", (b"planted",))
    with one.transaction() as connection:
        connection.execute("DELETE FROM a")
    one.close()
    assert _holding(path, b"planted") == []
    two.close()


def test_a_later_schema_is_added_once(tmp_path: Path) -> None:
    """An older file gets what it lacks; what it holds stays."""
    path = tmp_path / "test.db"
    _add(path, 0)
    for _ in range(2):
        opened = Database(path, schema=(*SCHEMA, "CREATE TABLE c (z INTEGER)"), label="test")
        assert opened.read("SELECT count(*) FROM a, (SELECT count(*) FROM c)") == [(50,)]
        opened.close()


@pytest.mark.parametrize(
    ("schema", "label"),
    [
        pytest.param((), "test", id="a later release made it"),
        pytest.param(SCHEMA, "inbox", id="it belongs to another use"),
    ],
)
def test_a_file_that_is_not_ours_is_refused(tmp_path: Path, schema: tuple[str, ...], label: str) -> None:
    """A file is never taken for another, nor read by a release that does not know it."""
    _add(tmp_path / "test.db", 0)
    with pytest.raises(MisconfiguredError) as caught:
        Database(tmp_path / "test.db", schema=schema, label=label)
    assert caught.value.code == "config.store-version"


def test_a_damaged_file_says_so(tmp_path: Path) -> None:
    """What is no database is refused with its own code, and is left as it is."""
    path = tmp_path / "test.db"
    path.write_bytes(b"no database at all, but long enough to be read as one" * 100)
    with pytest.raises(StorageError) as caught:
        Database(path, schema=SCHEMA, label="test")
    assert caught.value.code == "store.corrupt"
    assert path.read_bytes().startswith(b"no database")


def test_a_full_disk_loses_nothing(tmp_path: Path) -> None:
    """When nothing more fits the caller is told, and what was there is there."""
    opened = Database(tmp_path / "test.db", schema=SCHEMA, label="test")
    with opened.transaction() as connection:
        connection.execute("INSERT INTO a VALUES (1)")
    opened.read("PRAGMA max_page_count = 4")
    with pytest.raises(StorageError) as caught, opened.transaction() as connection:
        connection.executemany("INSERT INTO a VALUES (?)", [(number,) for number in range(2, 5000)])
    assert caught.value.code == "store.full"
    assert opened.read("SELECT x FROM a") == [(1,)]
    opened.close()


def test_a_writer_that_hangs_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting for another process ends at its deadline with a code of its own."""
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.05)
    one = Database(tmp_path / "test.db", schema=SCHEMA, label="test")
    two = Database(tmp_path / "test.db", schema=SCHEMA, label="test")
    with one.transaction(), pytest.raises(StorageError) as caught, two.transaction():
        pytest.fail("two writers at once")
    assert caught.value.code == "store.locked"
    one.close()
    two.close()


def test_one_node_runs_on_a_folder(tmp_path: Path) -> None:
    """A second node is told so at once; when the first has ended, another may start."""
    with held(tmp_path / "store"):
        with pytest.raises(MisconfiguredError) as caught, held(tmp_path / "store"):
            pytest.fail("two nodes on one folder")
        assert caught.value.code == "config.store-held"
        assert caught.value.detail == ""  # the code says it all, the system's English nothing
        Database(tmp_path / "store" / "test.db", schema=SCHEMA, label="test").close()
    with held(tmp_path / "store"):
        pass


def test_several_processes_open_and_write_a_new_file_at_once(tmp_path: Path) -> None:
    """Four processes that start together on an empty folder lose no write and get no error."""
    spawn = multiprocessing.get_context("spawn")
    path, ready = tmp_path / "store" / "test.db", spawn.Barrier(4)
    workers = [spawn.Process(target=_add, args=(path, 1000 * index, ready)) for index in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(40)
    assert [worker.exitcode for worker in workers] == [0, 0, 0, 0]
    opened = Database(path, schema=SCHEMA, label="test")
    assert opened.read("SELECT count(*) FROM a") == [(200,)]
    opened.close()


def test_every_result_code_of_sqlite_is_translated() -> None:
    """The table knows each primary code that can come from the world; the rest are our own mistakes, by name."""
    ours = {
        *("OK", "ROW", "DONE", "NOTICE", "WARNING", "ERROR", "INTERNAL", "ABORT", "NOTFOUND", "EMPTY", "SCHEMA"),
        *("TOOBIG", "MISMATCH", "MISUSE", "RANGE"),
    }
    primary = {
        name.removeprefix("SQLITE_"): value
        for name, value in vars(sqlite3).items()
        if name.startswith("SQLITE_") and isinstance(value, int) and _is_result(name, value)
    }
    unknown = {name for name, value in primary.items() if value not in database._CODES} - ours
    assert unknown == set()
    assert len(primary) > 25


def _is_result(name: str, value: int) -> bool:
    """Tell result codes from the authoriser's actions and the limits, which share the prefix."""
    actions = ("CREATE", "DROP", "LIMIT", "DBCONFIG")
    others = {
        *("ALTER_TABLE", "ANALYZE", "ATTACH", "DELETE", "DENY", "DETACH", "FUNCTION", "IGNORE", "INSERT", "PRAGMA"),
        *("READ", "RECURSIVE", "REINDEX", "SAVEPOINT", "SELECT", "TRANSACTION", "UPDATE"),
    }
    word = name.removeprefix("SQLITE_")
    return value <= 0xFF and not word.startswith(actions) and word not in others


def test_every_code_of_the_table_is_registered() -> None:
    """A person can be told what each of them means."""
    used = {
        *database._CODES.values(),
        "store.misused",
        "store.moved",
        "store.unreadable",
        "config.store-folder",
        "config.store-held",
    }
    assert used <= set(codes.registry())


def test_texts_of_sqlite_are_not_passed_on() -> None:
    """SQLite quotes statements in its errors; the detail holds only the name of its code."""
    connection = sqlite3.connect(":memory:")
    with pytest.raises(sqlite3.Error) as caught:
        connection.execute("SELECT secret_value FROM nowhere")
    connection.close()
    error = translated(caught.value)
    assert (error.code, error.detail) == ("store.misused", "SQLITE_ERROR")
