"""Tables and journals: what is read strictly, what is written durably, and what a crash leaves."""

import csv
import io
import os
import tracemalloc
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as some

from adapters.contract import Faults
from adapters.documents import read_records
from adapters.journal import Journal, write_whole
from adapters.tables import MAX_RECORDS, Row, read_delivery, read_line, read_table, write_delivery, write_line
from broker.errors import InvalidEventError, StorageError

COLUMNS = ("A", "B")
HEADER = "mark;text"
FORMULA = (*"=+-@\uff1d\uff0b\uff0d\uff20", "\t")
risky = some.text(some.sampled_from(",;=+-@\uff1d'\"\\ a"), max_size=12)
cells = some.text(some.characters(codec="utf-8", exclude_characters="\r\n\0"), max_size=20)


def mark_of(line: str) -> str:
    """Lines of these tests are `mark;text`."""
    mark, found, _ = line.partition(";")
    if not found:
        raise InvalidEventError("adapter.row-broken")
    return mark


def cells_of(row: Row) -> dict[str, str] | Faults:
    """A record is its cells."""
    return dict(row.cells)


def test_a_quoted_cell_may_hold_the_delimiter_and_doubled_quotes() -> None:
    """As real exports do."""
    table = read_table(b'A;B\n"x; y";"say ""no"""\n', delimiter=";", columns=COLUMNS, read=cells_of)
    assert list(table.rows) == [(2, {"A": "x; y", "B": 'say "no"'})]


def test_columns_in_another_order_carriage_returns_and_a_mark_are_read() -> None:
    """What spreadsheets do to a file without changing what it says."""
    table = read_table("\ufeffB; A \r\n 2;1\r\n\r\n".encode(), delimiter=";", columns=COLUMNS, read=cells_of)
    assert table.total == 1
    assert list(table.rows) == [(2, {"A": "1", "B": "2"})]


def test_a_table_of_too_many_records_is_refused_and_never_held_as_lines() -> None:
    """A file of two bytes a line costs about what it is long, not a hundred times as much."""
    content = b"A;B\n" + b"a\n" * (4 * MAX_RECORDS)
    tracemalloc.start()
    with pytest.raises(InvalidEventError) as caught:
        read_table(content, delimiter=";", columns=COLUMNS, read=cells_of)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert caught.value.code == "adapter.file-too-many"
    assert peak < 4 * len(content)


def test_a_list_of_too_many_records_is_refused() -> None:
    """JSON files have the same bound."""
    with pytest.raises(InvalidEventError) as caught:
        read_records(b"[" + b"0," * MAX_RECORDS + b"0]", lambda _, __: [])
    assert caught.value.code == "adapter.file-too-many"


def test_an_unbalanced_quote_spoils_its_own_line_alone() -> None:
    """A row is a line; what follows is read."""
    table = read_table(b'A;B\n1;"2\n3;4\n5\n6;7;8\n9;0\n', delimiter=";", columns=COLUMNS, read=cells_of)
    assert list(table.rows) == [
        (2, [("", "adapter.row-broken")]),
        (3, {"A": "3", "B": "4"}),
        (4, [("", "adapter.row-cells")]),
        (5, [("", "adapter.row-cells")]),
        (6, {"A": "9", "B": "0"}),
    ]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        pytest.param(b"A\n1\n", "adapter.columns-missing", id="missing"),
        pytest.param(b"A;B;Rina\n", "adapter.columns-extra", id="extra"),
        pytest.param(b"A;B;A\n", "adapter.columns-twice", id="twice"),
        pytest.param(b'A;"B\n', "adapter.row-broken", id="broken header"),
        pytest.param(b"A;B\n\xc3\x28;1\n", "adapter.file-encoding", id="encoding"),
        pytest.param(b"A;B\n\x00;1\n", "adapter.file-encoding", id="NUL"),
        pytest.param("A;B\n".encode("utf-16-be"), "adapter.file-encoding", id="UTF-16 without mark"),
        pytest.param("A;B\n".encode("utf-16"), "adapter.file-bom", id="UTF-16"),
    ],
)
def test_a_wrong_file_has_a_code_and_shows_nothing(content: bytes, code: str) -> None:
    """Neither content nor invented column names are in the error."""
    with pytest.raises(InvalidEventError) as caught:
        read_table(content, delimiter=";", columns=COLUMNS, read=cells_of)
    assert caught.value.code == code
    assert "Rina" not in str(caught.value)


@given(some.lists(cells, min_size=2, max_size=2), some.sampled_from([";", ","]))
def test_a_written_line_reads_back_equal_and_runs_nowhere(values: list[str], delimiter: str) -> None:
    """Every text comes back, and no cell begins as a formula."""
    line = write_line(values, delimiter=delimiter)
    assert list(read_line(line, delimiter=delimiter, columns=COLUMNS).values()) == values
    written = next(csv.reader(io.StringIO(line), delimiter=delimiter))
    assert not any(cell.startswith(FORMULA) for cell in written)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """A delivered event of a format with two columns."""

    a: str
    b: dict[str, object]


@given(some.dictionaries(cells, some.one_of(cells, risky, some.lists(risky))), some.sampled_from([";", ","]))
@example(parts={"note": "x,=cmd|' /C calc'!A0,y;=1", "list": ["a", "=1", "; -1"]}, delimiter=",")
def test_no_text_of_a_delivery_runs_in_a_spreadsheet_of_another_country(
    parts: dict[str, object], delimiter: str
) -> None:
    """Whichever delimiter it splits at, no cell begins as a formula; and every text comes back."""
    line = write_delivery(Delivered(a="1", b=parts), delimiter=delimiter, columns=COLUMNS)
    assert read_delivery(line, delimiter=delimiter, columns=COLUMNS) == {"a": "1", "b": parts}
    for other in (";", ","):
        for cell in next(csv.reader(io.StringIO(line), delimiter=other)):
            assert not cell.strip().startswith(FORMULA)


def test_a_line_break_in_a_cell_is_refused() -> None:
    """A record stays one line."""
    with pytest.raises(ValueError, match="line break"):
        write_line(["a\nb", "c"], delimiter=";")


def test_a_journal_grows_by_what_it_does_not_have(tmp_path: Path) -> None:
    """Also in a new process that only has the file."""
    file = tmp_path / "in" / "journal.csv"
    assert Journal(file, mark_of=mark_of, header=HEADER).append([("1", "1;a"), ("1", "1;again")]) == 1
    again = Journal(file, mark_of=mark_of, header=HEADER)
    assert again.append([("1", "1;a"), ("2", "2;b")]) == 1
    assert again.append([("2", "2;b")]) == 0
    assert file.read_text() == f"{HEADER}\n1;again\n2;b\n"
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("torn", [b"2;b", b"2;b\n3;", b"\xe2\x82"])
def test_what_a_crash_left_of_a_last_line_is_cut_away(tmp_path: Path, torn: bytes) -> None:
    """Whole lines stay, and the event is written again."""
    file = tmp_path / "journal.csv"
    Journal(file, mark_of=mark_of).append([("1", "1;a")])
    with file.open("ab") as handle:
        handle.write(torn)
    Journal(file, mark_of=mark_of).append([("2", "2;b"), ("3", "3;c")])
    assert file.read_text() == "1;a\n2;b\n3;c\n"


def test_a_torn_header_is_written_again(tmp_path: Path) -> None:
    """A crash in the first moment leaves no file that nobody can read."""
    file = tmp_path / "journal.csv"
    file.write_text(HEADER[:4])
    Journal(file, mark_of=mark_of, header=HEADER).append([("1", "1;a")])
    assert file.read_text() == f"{HEADER}\n1;a\n"


def test_a_file_taken_away_while_the_node_runs_is_begun_anew(tmp_path: Path) -> None:
    """An agency may archive the file; marks of the old one do not stop new lines."""
    file = tmp_path / "journal.csv"
    journal = Journal(file, mark_of=mark_of, header=HEADER)
    journal.append([("1", "1;a")])
    file.rename(tmp_path / "archive.csv")
    journal.append([("1", "1;a"), ("2", "2;b")])
    assert file.read_text() == f"{HEADER}\n1;a\n2;b\n"


@pytest.mark.parametrize("content", ["something else\n", f"{HEADER}\nnot ours\n"])
def test_a_file_that_is_not_ours_is_not_added_to(tmp_path: Path, content: str) -> None:
    """The delivery waits, and says in which line."""
    file = tmp_path / "journal.csv"
    file.write_text(content)
    with pytest.raises(StorageError) as caught:
        Journal(file, mark_of=mark_of, header=HEADER).append([("1", "1;a")])
    assert caught.value.code == "adapter.delivery-unreadable"
    assert "ours" not in str(caught.value)
    assert file.read_text() == content


def test_a_full_disk_is_a_storage_error_and_leaves_the_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line that was written in part is taken back, and the next try writes it."""
    file = tmp_path / "journal.csv"
    journal = Journal(file, mark_of=mark_of)
    journal.append([("1", "1;a")])
    write = os.write

    def full(handle: int, content: bytes) -> int:
        if len(content) > 2:
            return write(handle, content[:2])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full)
        with pytest.raises(StorageError) as caught:
            journal.append([("2", "2;b")])
    assert caught.value.code == "adapter.delivery-store"
    assert caught.value.retriable
    assert file.read_text() == "1;a\n"
    journal.append([("2", "2;b")])
    assert file.read_text() == "1;a\n2;b\n"


def test_a_link_in_the_place_of_the_file_is_refused(tmp_path: Path) -> None:
    """Deliveries are not written to wherever somebody points."""
    (tmp_path / "target").write_text("")
    (tmp_path / "journal.csv").symlink_to(tmp_path / "target")
    with pytest.raises(StorageError):
        Journal(tmp_path / "journal.csv", mark_of=mark_of).append([("1", "1;a")])


def test_a_whole_file_is_there_or_not(tmp_path: Path) -> None:
    """Readable by its owner alone, without a part left over."""
    write_whole(tmp_path / "in" / "a.json", b"{}")
    assert [path.name for path in (tmp_path / "in").iterdir()] == ["a.json"]
    assert (tmp_path / "in" / "a.json").stat().st_mode & 0o777 == 0o600
