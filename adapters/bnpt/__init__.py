"""BNPT, for counter-terrorism: STIX bundles on networks, JSON files back."""

from __future__ import annotations

from typing import Final

from adapters.bnpt.sink import FileSink
from adapters.bnpt.source import DEFAULTS, source
from adapters.contract import Adapter
from adapters.dropfolder import FolderAdapter

adapter: Final[Adapter] = FolderAdapter("bnpt", source=source, sink=FileSink, settings=DEFAULTS)
