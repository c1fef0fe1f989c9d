"""The hotline, run by social services: anonymous tips from the reporting page, JSON lines back."""

from __future__ import annotations

from typing import Final

from adapters.contract import Adapter
from adapters.dropfolder import FolderAdapter
from adapters.hotline.sink import sink
from adapters.hotline.source import DEFAULTS, source

adapter: Final[Adapter] = FolderAdapter("hotline", source=source, sink=sink, settings=DEFAULTS)
