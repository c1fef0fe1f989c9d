"""Immigration: flagged crossings from the border control system, rows of a table back."""

from __future__ import annotations

from typing import Final

from adapters.contract import Adapter
from adapters.dropfolder import FolderAdapter
from adapters.immigration.sink import sink
from adapters.immigration.source import DEFAULTS, source

adapter: Final[Adapter] = FolderAdapter("immigration", source=source, sink=sink, settings=DEFAULTS)
