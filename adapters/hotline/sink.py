"""Where social services find what was sent to them: lines of `masuk.jsonl`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from adapters.contract import received
from adapters.hotline import mapping, native
from adapters.journal import Journal
from broker.ports import Delivery


class LineSink:
    """Appends a line for each delivered event."""

    def __init__(self, folder: Path) -> None:
        """Write into `<folder>/delivered/masuk.jsonl`."""
        self._journal = Journal(folder / "delivered" / "masuk.jsonl", mark_of=_mark)

    async def deliver(self, events: Sequence[Delivery]) -> None:
        """Make the events durable as lines; as the contract says."""
        await asyncio.to_thread(self._deliver, events)

    def _deliver(self, events: Sequence[Delivery]) -> None:
        plain = [received(delivery.event.opened) for delivery in events]
        self._journal.append([(event.mark, native.write_delivered(mapping.delivered(event))) for event in plain])


def _mark(line: str) -> str:
    row = native.read_delivered(line)
    return f"{row.dari} {row.id} {'+'.join(row.terbuka)}"
