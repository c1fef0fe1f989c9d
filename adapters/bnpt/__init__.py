"""BNPT, for counter-terrorism: STIX bundles on networks, JSON files back."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from adapters.bnpt.sink import FileSink
from adapters.bnpt.source import DEFAULTS
from adapters.bnpt.source import source as bundle_source
from adapters.contract import Adapter, Sink, Source, settings_of


class _Bnpt:
    name = "bnpt"

    def source(self, folder: Path, settings: Mapping[str, str]) -> Source:
        """Read bundles."""
        return bundle_source(folder, settings)

    def sink(self, folder: Path, settings: Mapping[str, str]) -> Sink:
        """Write files."""
        settings_of(settings, DEFAULTS)
        return FileSink(folder)


adapter: Adapter = _Bnpt()
