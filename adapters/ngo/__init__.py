"""An NGO: consents from the intakes in its KoboToolbox, JSON lines back."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from adapters.contract import Adapter, Sink, Source, settings_of
from adapters.ngo.sink import LineSink
from adapters.ngo.source import DEFAULTS
from adapters.ngo.source import source as intake_source


class _Ngo:
    name = "ngo"

    def source(self, folder: Path, settings: Mapping[str, str]) -> Source:
        """Read intakes."""
        return intake_source(folder, settings)

    def sink(self, folder: Path, settings: Mapping[str, str]) -> Sink:
        """Write lines."""
        settings_of(settings, DEFAULTS)
        return LineSink(folder)


adapter: Adapter = _Ngo()
