"""Where social services find what was sent to them: lines of `masuk.jsonl`."""

from __future__ import annotations

from pathlib import Path

from adapters.contract import Received
from adapters.hotline import mapping, native
from adapters.journal import JournalSink


def sink(folder: Path) -> JournalSink:
    """Make the sink that appends to `<folder>/delivered/masuk.jsonl`."""
    return JournalSink(folder / "delivered" / "masuk.jsonl", write=_line, mark_of=_mark)


def _line(event: Received) -> str:
    return native.write_delivered(mapping.delivered(event))


def _mark(line: str) -> str:
    row = native.read_delivered(line)
    return f"{row.dari} {row.id} {'+'.join(row.terbuka)}"
