"""The nodes as processes: `simpul serve` for each agency, watched, and ended whatever happens."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import orjson

from adapters.demo.waiting import until
from broker.errors import UnavailableError

if TYPE_CHECKING:
    from pathlib import Path

    from adapters.demo.workplace import Workplace
    from broker.names import AgencyId

_READY_SECONDS: Final = 60.0
_TERM_SECONDS: Final = 8.0
_KILL_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a command that ran to its end said."""

    code: int
    out: str
    err: str


class NodeProcesses:
    """The nodes that run."""

    def __init__(self, workplace: Workplace) -> None:
        """Nothing runs yet."""
        self._workplace = workplace
        self._nodes: dict[AgencyId, asyncio.subprocess.Process] = {}

    @property
    def pids(self) -> Mapping[AgencyId, int]:
        """The process of each node."""
        return {agency: process.pid for agency, process in self._nodes.items()}

    async def start(self, agency: AgencyId) -> None:
        """Start a node; it is not ready yet."""
        log = self._workplace.log(agency)
        log.parent.mkdir(mode=0o700, exist_ok=True)
        with log.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "broker", "serve", "--node", str(self._workplace.node(agency))),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # a Ctrl-C is meant for the demo, which ends its nodes in order
            )
        self._nodes[agency] = process
        self._workplace.started(process.pid)

    async def ready(self) -> None:
        """Wait until every node says that it has started.

        Raises:
            UnavailableError: `demo.node-ended` or `demo.node-late`, naming the agency and its log.
        """

        def look() -> bool | None:
            self.require_alive()
            return all(_has_started(self._workplace.log(agency)) for agency in self._nodes) or None

        def late() -> UnavailableError:
            waited = next(agency for agency in self._nodes if not _has_started(self._workplace.log(agency)))
            return UnavailableError("demo.node-late", self._place(waited))

        await until(look, seconds=_READY_SECONDS, late=late)

    def require_alive(self) -> None:
        """Refuse to go on when a node has ended.

        Raises:
            UnavailableError: `demo.node-ended`, naming the agency and its log.
        """
        for agency, process in self._nodes.items():
            if process.returncode is not None:
                raise UnavailableError("demo.node-ended", self._place(agency))

    async def stop(self) -> None:
        """Ask all to end, wait, then insist."""
        for number, seconds in ((signal.SIGTERM, _TERM_SECONDS), (signal.SIGKILL, _KILL_SECONDS)):
            left = [process for process in self._nodes.values() if process.returncode is None]
            for process in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process.pid, number)
            if left:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(seconds):
                        await asyncio.gather(*(process.wait() for process in left))

    def _place(self, agency: AgencyId) -> str:
        return f"{agency}, {self._workplace.log(agency)}"


async def run(*arguments: str, seconds: float) -> Answer:
    """Run a Python module to its end.

    Args:
        arguments: the module and its arguments.
        seconds: after which it is killed.

    Raises:
        UnavailableError: `demo.command-late`.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", *arguments),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(seconds):
            out, err = await process.communicate()
    except TimeoutError as error:
        raise UnavailableError("demo.command-late", " ".join(arguments[:2])) from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return Answer(code=process.returncode or 0, out=out.decode(errors="replace"), err=err.decode(errors="replace"))


def _has_started(log: Path) -> bool:
    for line in log.read_bytes().splitlines():
        with contextlib.suppress(orjson.JSONDecodeError):
            told = orjson.loads(line)
            if isinstance(told, dict) and told.get("event") == "started":
                return True
    return False
