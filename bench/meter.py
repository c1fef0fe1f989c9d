"""Measures one line in one process: CPU microseconds an event, threads included, start-up left out.

Memory is treated for every line alike, as `simpul serve` treats it.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from broker.process import settle

if TYPE_CHECKING:
    from collections.abc import Iterator


class Meter:
    """Adds up the CPU time of the blocks that are measured."""

    def __init__(self, count: int) -> None:
        """Take the number of events that all measured blocks together handle."""
        self._count = count
        self._cpu = 0.0
        self._wall = 0.0
        self._settled = False
        self.stages: dict[str, float] = {}

    @contextmanager
    def measured(self, stage: str = "", *, counts: bool = True) -> Iterator[None]:
        """Measure a block; of all threads of this process.

        Args:
            stage: what the block is called among the stages.
            counts: whether it is part of the figure, or shown among the stages alone.
        """
        if not self._settled:
            self._settled = True
            settle()
        cpu, wall = time.process_time(), time.perf_counter()
        try:
            yield
        finally:
            spent = time.process_time() - cpu
            if counts:
                self._cpu += spent
                self._wall += time.perf_counter() - wall
            if stage:
                self.stages[stage] = self.stages.get(stage, 0.0) + spent

    def result(self) -> dict[str, object]:
        """Return CPU microseconds an event, events a second, and where the time went."""
        scale = 1e6 / self._count
        return {
            "us": self._cpu * scale,
            "per_second": self._count / self._wall if self._wall else 0.0,
            "stages": {name: spent * scale for name, spent in self.stages.items()},
        }
