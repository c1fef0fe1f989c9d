"""The folder of one run: fresh, for its owner alone, held by a lock that falls with the process.

Whatever an earlier run left behind because it was killed is ended and removed by the next one: processes are known by
their command line, which names the folder, and nothing else is ever sent a signal.
"""

from __future__ import annotations

import os
import shutil
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final

import orjson

from broker.errors import MisconfiguredError, SimpulError
from broker.files import held
from broker.kafka import choice, processes
from broker.kafka.choice import KafkaChoice

_LOCK: Final = "lock"
_PIDS: Final = "pids.json"
_KEPT: Final = "kept"
_FIRST: Final = "run-"


class Workplace:
    """The folder of this run."""

    def __init__(self, cache: Path) -> None:
        """Make a fresh folder below `<cache>/demo`, after clearing away what dead runs left.

        Raises:
            MisconfiguredError: `demo.folder`; it cannot be made.
        """
        home = cache / "demo"
        self._holding: Final = ExitStack()
        try:
            home.mkdir(mode=0o700, parents=True, exist_ok=True)
            # One run at a time clears away and makes its folder: one not locked yet looks like one left behind.
            with held(home / _LOCK):
                _clear(home)
                self.folder: Final = home.resolve() / f"{_FIRST}{os.urandom(4).hex()}"
                self.folder.mkdir(mode=0o700)
                self._holding.enter_context(held(self.folder / _LOCK))
        except OSError as error:
            raise MisconfiguredError("demo.folder", str(home)) from error
        self._pids: list[int] = []

    @property
    def kafka_cache(self) -> Path:
        """Where a Kafka of this run alone has its data."""
        return self.folder / "kafka"

    @property
    def federation(self) -> Path:
        """The federation's folder."""
        return self.folder / "federation"

    def node(self, agency: str) -> Path:
        """The folder of an agency's node."""
        return self.folder / "nodes" / agency

    def log(self, agency: str) -> Path:
        """The file that gets what an agency's node prints."""
        return self.folder / "logs" / f"{agency}.log"

    def started(self, pid: int) -> None:
        """Remember a process, for the run after a crash."""
        self._pids.append(pid)
        (self.folder / _PIDS).write_bytes(orjson.dumps(self._pids))

    def close(self, *, keep: bool) -> None:
        """End whatever still runs from the folder, let go of it, and remove it unless it is to be looked into."""
        _end_processes(self.folder)
        if keep:
            (self.folder / _KEPT).touch()
        else:
            shutil.rmtree(self.folder, ignore_errors=True)
        self._holding.close()


def _clear(home: Path) -> None:
    for folder in home.glob(f"{_FIRST}*"):
        if not (folder / _KEPT).exists():
            _clear_one(folder)


def _clear_one(folder: Path) -> None:
    with suppress(BlockingIOError), held(folder / _LOCK, seconds=0):  # held: it runs
        _end_processes(folder)
        shutil.rmtree(folder, ignore_errors=True)


def _end_processes(folder: Path) -> None:
    try:
        pids = [int(pid) for pid in orjson.loads((folder / _PIDS).read_bytes())]
    except (OSError, ValueError, TypeError):
        pids = []
    processes.end(pids, str(folder))
    try:
        choice.stop(KafkaChoice(cache=folder / "kafka"))
    except SimpulError:
        return
