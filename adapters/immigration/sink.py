"""Where immigration finds what was sent to it: rows of `masuk.csv`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from adapters.contract import received
from adapters.immigration import mapping, native
from adapters.journal import Journal
from broker.ports import Delivery


class TableSink:
    """Appends a row for each delivered event."""

    def __init__(self, folder: Path) -> None:
        """Write into `<folder>/delivered/masuk.csv`."""
        self._journal = Journal(folder / "delivered" / "masuk.csv", mark_of=_mark, header=native.DELIVERED_HEADER)

    async def deliver(self, events: Sequence[Delivery]) -> None:
        """Make the events durable as rows; as the contract says."""
        await asyncio.to_thread(self._deliver, events)

    def _deliver(self, events: Sequence[Delivery]) -> None:
        plain = [received(delivery.event.opened) for delivery in events]
        self._journal.append([(event.mark, native.write_delivered(mapping.delivered(event))) for event in plain])


def _mark(line: str) -> str:
    row = native.read_delivered(line)
    return f"{row.sumber} {row.id} {row.bagian}"
