"""An NGO: consents from the intakes in its KoboToolbox, JSON lines back."""

from __future__ import annotations

from typing import Final

from adapters.contract import Adapter
from adapters.dropfolder import FolderAdapter
from adapters.ngo.sink import sink
from adapters.ngo.source import DEFAULTS, source

adapter: Final[Adapter] = FolderAdapter("ngo", source=source, sink=sink, settings=DEFAULTS)
