"""Where police find what was sent to them: rows of `terima.csv`."""

from __future__ import annotations

from pathlib import Path

from adapters.contract import Received
from adapters.journal import JournalSink
from adapters.police import mapping, native


def sink(folder: Path) -> JournalSink:
    """Make the sink that appends to `<folder>/delivered/terima.csv`."""
    return JournalSink(folder / "delivered" / "terima.csv", write=_line, mark_of=_mark, header=native.DELIVERED_HEADER)


def _line(event: Received) -> str:
    return native.write_delivered(mapping.delivered(event))


def _mark(line: str) -> str:
    row = native.read_delivered(line)
    return f"{row.pengirim} {row.id_peristiwa} {row.bagian_terbuka}"
