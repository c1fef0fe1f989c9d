"""Where BNPT finds what was sent to it: a JSON file for each event."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from adapters.bnpt import mapping, native
from adapters.contract import Received, received
from adapters.journal import write_whole
from broker.ports import Delivery


class FileSink:
    """Writes a file for each delivered event; its name says whose event it is and which parts are in it."""

    def __init__(self, folder: Path) -> None:
        """Write into `<folder>/delivered`."""
        self._folder = folder / "delivered"

    async def deliver(self, events: Sequence[Delivery]) -> None:
        """Make the events durable as files; as the contract says."""
        await asyncio.to_thread(self._deliver, events)

    def _deliver(self, events: Sequence[Delivery]) -> None:
        for delivery in events:
            plain = received(delivery.event.opened)
            path = self._folder / _name(plain)
            if not path.exists():
                write_whole(path, native.write_delivered(mapping.delivered(plain)))


def _name(event: Received) -> str:
    return f"{event.mark.replace(' ', '.')}.json"
