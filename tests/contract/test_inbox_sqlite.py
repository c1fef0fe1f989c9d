"""The inbox in SQLite: durable, one winner, nothing readable on its pages, no question that walks through it."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest

from broker.errors import StorageError
from broker.sealing.atrest import AtRest
from broker.storage.inbox import SqliteInbox

if TYPE_CHECKING:
    from pathlib import Path


from tests.contract.inbox_values import KEY, POLICE, TOPIC, admitted, change, event_id, leaf, taken, waiting


def test_everything_is_there_after_opening_again(tmp_path: Path) -> None:
    """What was committed is durable."""
    folder = tmp_path / "store"
    first = SqliteInbox(folder, at_rest=AtRest(bytes(32)))
    first.commit(taken(admitted(1, "a"), waiting(2), streams=[change(first.stream(TOPIC, POLICE), 2)]))
    first.close()
    again = SqliteInbox(folder, at_rest=AtRest(bytes(32)))
    assert again.known([event_id("a")])
    assert again.stream(TOPIC, POLICE).head.sequence == 2
    assert (again.counts().entries, again.counts().waiting) == (1, 1)
    again.close()


def test_two_processes_cannot_both_commit_the_same_batch(tmp_path: Path) -> None:
    """Two openings of one file: the second to commit is told that it was moved."""
    folder = tmp_path / "store"
    one, two = (SqliteInbox(folder, at_rest=AtRest(bytes(32))) for _ in range(2))
    step = taken(admitted(1), streams=[change(one.stream(TOPIC, POLICE), 1)], offsets={TOPIC: (0, 1)})
    one.commit(step)
    with pytest.raises(StorageError) as caught:
        two.commit(step)
    assert caught.value.code == "store.moved"
    assert two.last_entry() == 1
    one.close()
    two.close()


def test_no_id_of_an_event_stands_on_a_page(tmp_path: Path) -> None:
    """An event is found by a tag under the node's own key; another key finds nothing."""
    folder = tmp_path / "store"
    inbox = SqliteInbox(folder, at_rest=AtRest(bytes(32)))
    planted = event_id("planted")
    inbox.commit(taken(admitted(1, "planted", missing=(KEY,))))
    inbox.known([planted])
    inbox.close()
    pages = b"".join(file.read_bytes() for file in folder.iterdir())
    assert bytes(leaf(1)) in pages
    for shape in (planted.encode(), bytes.fromhex(planted.replace("-", "")), planted.replace("-", "").encode()):
        assert shape not in pages
    other = SqliteInbox(folder, at_rest=AtRest(b"\x01" * 32))
    assert other.known([planted]) == set()
    other.close()


def test_what_is_asked_on_the_hot_path_uses_an_index(tmp_path: Path) -> None:
    """No question of the reader walks through the whole inbox."""
    folder = tmp_path / "store"
    SqliteInbox(folder, at_rest=AtRest(bytes(32))).close()
    connection = sqlite3.connect(folder / "inbox.db")
    for question in (
        "SELECT * FROM record WHERE ordinal = 0 AND tag IN (?, ?)",
        "SELECT * FROM record WHERE stream = 1 AND sequence = 2 AND state > 1 AND state = 3",
        "SELECT * FROM missing WHERE key_id = ? AND source = 1",
        "DELETE FROM missing WHERE row = 1",
        "SELECT * FROM missing WHERE reported = 0 AND since < 5 ORDER BY since",
    ):
        plan = " ".join(
            str(row) for row in connection.execute("EXPLAIN QUERY PLAN " + question, (1,) * question.count("?"))
        )
        assert "USING INDEX" in plan, question
    connection.close()
