"""Tables in text files: one record a line, read strictly, written so that no spreadsheet runs what a cell says.

Rules:

- UTF-8; a byte-order mark of UTF-8 is read over, one of another encoding refuses the file;
- the header has exactly the documented columns, in any order;
- a file holds at most 100,000 records, and is never split into lines before that is known;
- a record is one line: a quoted cell may hold the delimiter and doubled quotes, never a line break, so that an
  unbalanced quote spoils its own line and no other;
- what was written can be read back equal: an apostrophe before a cell is taken away, JSON escapes mean the same text.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from adapters.contract import Faults, Records, T
from broker.errors import InvalidEventError

HEADER_ROW = 1
MAX_RECORDS = 100_000
"""Records of one file; a crossing each second for a day is less."""
# A cell that begins like this is a formula to a spreadsheet (OWASP, "CSV Injection"): an apostrophe stops it.
_SIGNS = "=+@\uff1d\uff0b\uff0d\uff20-"
_FORMULA = (*_SIGNS, "\t", "'")
# A spreadsheet splits at the delimiter of its own country: what follows one within a text would begin a cell there.
_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"')
_AFTER_DELIMITER = re.compile(rf'(^"|[,;])(\s*)([{_SIGNS}])')
_OTHER_MARKS = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One record, its cells by column, each without outer spaces."""

    number: int
    cells: Mapping[str, str] = field(repr=False)


def text_of(content: bytes) -> str:
    """Decode a file of text.

    Raises:
        InvalidEventError: it is not UTF-8, or holds a NUL.
    """
    if content.startswith(_OTHER_MARKS):
        raise InvalidEventError("adapter.file-bom")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidEventError("adapter.file-encoding") from error
    if "\0" in text:
        raise InvalidEventError("adapter.file-encoding")
    return text


def read_table(
    content: bytes,
    *,
    delimiter: str,
    columns: Sequence[str],
    read: Callable[[Row], T | Faults],
    most: int = MAX_RECORDS,
) -> Records[T]:
    """Read a table.

    Args:
        content: the file.
        delimiter: one character.
        columns: every column of the documented format.
        read: makes a record of a row, or says what is wrong with it.
        most: how many records it may hold.

    Returns:
        The records; a line that is no row has its fault in its place.

    Raises:
        InvalidEventError: the encoding or the header is wrong, or it holds too many records; the detail names a column
            of the format, nothing else.
    """
    text = text_of(content)
    names = _cells(next(_lines(text)), delimiter)
    if names is None:
        raise InvalidEventError("adapter.row-broken", "header")
    header = [name.strip() for name in names]
    missing = [column for column in columns if column not in header]
    if missing:
        raise InvalidEventError("adapter.columns-missing", missing[0])
    if len(set(header)) != len(header):
        raise InvalidEventError("adapter.columns-twice")
    if len(header) != len(columns):
        raise InvalidEventError("adapter.columns-extra")
    total = sum(1 for _ in _records(text))
    require_few(total, most)
    rows = ((number, _row(number, line, header, delimiter)) for number, line in _records(text))
    return Records(total=total, rows=((number, read(row) if isinstance(row, Row) else row) for number, row in rows))


def require_few(total: int, most: int = MAX_RECORDS) -> None:
    """Refuse a file of more records than one file may hold.

    Raises:
        InvalidEventError: it holds more.
    """
    if total > most:
        raise InvalidEventError("adapter.file-too-many")


def write_line(cells: Sequence[str], *, delimiter: str) -> str:
    """Write one record, without a line break at its end.

    Raises:
        ValueError: a cell holds a line break.
    """
    if any("\n" in cell or "\r" in cell for cell in cells):
        msg = "a cell holds no line break"
        raise ValueError(msg)
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="").writerow([_guarded(cell) for cell in cells])
    return out.getvalue()


def read_line(line: str, *, delimiter: str, columns: Sequence[str]) -> dict[str, str]:
    """Read a record that `write_line` wrote.

    Raises:
        InvalidEventError: it is not one.
    """
    cells = _cells(line, delimiter)
    if cells is None or len(cells) != len(columns):
        raise InvalidEventError("adapter.row-broken")
    return dict(zip(columns, (cell.removeprefix("'") for cell in cells), strict=True))


def write_delivery(row: object, *, delimiter: str, columns: Sequence[str]) -> str:
    """Write a delivered event, whose fields are named as the columns, the last one as JSON."""
    *texts, parts = (getattr(row, column.lower()) for column in columns)
    json = _TEXT.sub(_text_without_formulas, orjson.dumps(parts).decode())
    return write_line([*texts, json], delimiter=delimiter)


def read_delivery(line: str, *, delimiter: str, columns: Sequence[str]) -> dict[str, Any]:
    """Read the fields of a delivered event that `write_delivery` wrote.

    Raises:
        InvalidEventError: it is not one.
    """
    found: dict[str, Any] = read_line(line, delimiter=delimiter, columns=columns)
    try:
        parts = orjson.loads(found[columns[-1]])
    except orjson.JSONDecodeError:
        parts = None
    if not isinstance(parts, dict):
        raise InvalidEventError("adapter.row-broken", columns[-1])
    found[columns[-1]] = parts
    return {column.lower(): value for column, value in found.items()}


def _text_without_formulas(text: re.Match[str]) -> str:
    return _AFTER_DELIMITER.sub(lambda found: f"{found[1]}{found[2]}\\u{ord(found[3]):04x}", text[0])


def _guarded(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _lines(text: str) -> Iterator[str]:
    """Give one line after the other: a list of all of them would be many times the file."""
    start = 0
    while (end := text.find("\n", start)) >= 0:
        yield text[start:end].removesuffix("\r")
        start = end + 1
    yield text[start:].removesuffix("\r")


def _records(text: str) -> Iterator[tuple[int, str]]:
    lines = enumerate(_lines(text), start=HEADER_ROW)
    return ((number, line) for number, line in lines if number > HEADER_ROW and line.strip())


def _row(number: int, line: str, header: Sequence[str], delimiter: str) -> Row | Faults:
    cells = _cells(line, delimiter)
    if cells is None:
        return [("", "adapter.row-broken")]
    if len(cells) != len(header):
        return [("", "adapter.row-cells")]
    return Row(number=number, cells={name: cell.strip() for name, cell in zip(header, cells, strict=True)})


def _cells(line: str, delimiter: str) -> list[str] | None:
    try:
        return next(csv.reader([line], delimiter=delimiter, strict=True), [])
    except csv.Error:
        return None
