"""Where police find what was sent to them: rows of `terima.csv`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from adapters.contract import received
from adapters.journal import Journal
from adapters.police import mapping, native
from broker.ports import Delivery


class TableSink:
    """Appends a row for each delivered event."""

    def __init__(self, folder: Path) -> None:
        """Write into `<folder>/delivered/terima.csv`."""
        self._journal = Journal(folder / "delivered" / "terima.csv", mark_of=_mark, header=native.DELIVERED_HEADER)

    async def deliver(self, events: Sequence[Delivery]) -> None:
        """Make the events durable as rows; as the contract says."""
        await asyncio.to_thread(self._deliver, events)

    def _deliver(self, events: Sequence[Delivery]) -> None:
        plain = [received(delivery.event.opened) for delivery in events]
        self._journal.append([(event.mark, native.write_delivered(mapping.delivered(event))) for event in plain])


def _mark(line: str) -> str:
    row = native.read_delivered(line)
    return f"{row.pengirim} {row.id_peristiwa} {row.bagian_terbuka}"
