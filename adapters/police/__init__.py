"""Police: registered cases from the investigation system, rows of a table back."""

from __future__ import annotations

from typing import Final

from adapters.contract import Adapter
from adapters.dropfolder import FolderAdapter
from adapters.police.sink import sink
from adapters.police.source import DEFAULTS, source

adapter: Final[Adapter] = FolderAdapter("police", source=source, sink=sink, settings=DEFAULTS)
