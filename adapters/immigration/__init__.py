"""Immigration: flagged crossings from the border control system, rows of a table back."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from adapters.contract import Adapter, Sink, Source, settings_of
from adapters.immigration.sink import TableSink
from adapters.immigration.source import DEFAULTS
from adapters.immigration.source import source as crossing_source


class _Immigration:
    name = "immigration"

    def source(self, folder: Path, settings: Mapping[str, str]) -> Source:
        """Read crossings."""
        return crossing_source(folder, settings)

    def sink(self, folder: Path, settings: Mapping[str, str]) -> Sink:
        """Write rows."""
        settings_of(settings, DEFAULTS)
        return TableSink(folder)


adapter: Adapter = _Immigration()
