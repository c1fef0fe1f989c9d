"""Police: registered cases from the investigation system, rows of a table back."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from adapters.contract import Adapter, Sink, Source, settings_of
from adapters.police.sink import TableSink
from adapters.police.source import DEFAULTS
from adapters.police.source import source as case_source


class _Police:
    name = "police"

    def source(self, folder: Path, settings: Mapping[str, str]) -> Source:
        """Read cases."""
        return case_source(folder, settings)

    def sink(self, folder: Path, settings: Mapping[str, str]) -> Sink:
        """Write rows."""
        settings_of(settings, DEFAULTS)
        return TableSink(folder)


adapter: Adapter = _Police()
