"""Where immigration finds what was sent to it: rows of `masuk.csv`."""

from __future__ import annotations

from pathlib import Path

from adapters.contract import Received
from adapters.immigration import mapping, native
from adapters.journal import JournalSink


def sink(folder: Path) -> JournalSink:
    """Make the sink that appends to `<folder>/delivered/masuk.csv`."""
    return JournalSink(folder / "delivered" / "masuk.csv", write=_line, mark_of=_mark, header=native.DELIVERED_HEADER)


def _line(event: Received) -> str:
    return native.write_delivered(mapping.delivered(event))


def _mark(line: str) -> str:
    row = native.read_delivered(line)
    return f"{row.sumber} {row.id} {row.bagian}"
