"""The hotline, run by social services: anonymous tips from the reporting page, JSON lines back."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from adapters.contract import Adapter, Sink, Source, settings_of
from adapters.hotline.sink import LineSink
from adapters.hotline.source import DEFAULTS
from adapters.hotline.source import source as tip_source


class _Hotline:
    name = "hotline"

    def source(self, folder: Path, settings: Mapping[str, str]) -> Source:
        """Read tips."""
        return tip_source(folder, settings)

    def sink(self, folder: Path, settings: Mapping[str, str]) -> Sink:
        """Write lines."""
        settings_of(settings, DEFAULTS)
        return LineSink(folder)


adapter: Adapter = _Hotline()
