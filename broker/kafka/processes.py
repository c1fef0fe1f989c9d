"""Processes that outlive whoever starts them: begun apart, recognised again, ended within a bounded time.

1. A process gets a session of its own (a Ctrl-C here is not meant for it), no standard input, no environment (the
   node's secrets are none of its business) and a file for what it prints.
2. A pid alone says nothing: it may be somebody else's by now. A process is ours if its command line holds the mark
   that we gave it, a path in our own cache folder. Nothing else is ever sent a signal.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

LOOPBACK: Final = "127.0.0.1"

_TERM_SECONDS: Final = 20.0
_KILL_SECONDS: Final = 5.0
_LOOK_SECONDS: Final = 0.05

# Children are kept until they have ended: Python warns of one that is forgotten while it runs.
_children: dict[int, subprocess.Popen[bytes]] = {}


def begin(command: Sequence[str], *, cwd: Path, output: Path) -> int:
    """Start a process apart from this one and return its pid.

    Args:
        command: the program and its arguments; one of them must hold the mark by which it is known again.
        cwd: its working folder.
        output: the file that gets what it prints; emptied first.
    """
    with output.open("wb") as out:
        child = subprocess.Popen(
            command,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={"LC_ALL": "C.UTF-8"},
        )
    _children[child.pid] = child
    return child.pid


def is_ours(pid: int, mark: str) -> bool:
    """Say whether `pid` lives and carries our mark in its command line."""
    child = _children.get(pid)
    if child is not None:
        # Its pid cannot be anybody else's before it is waited for; a command line shows only a moment after the start,
        # so the mark is looked for in what it was started with.
        if child.poll() is None:
            return any(mark in argument for argument in _arguments(child))
        del _children[pid]
        return False
    # A mark is a path: anything less would be found in many a command line.
    return pid > 1 and mark.startswith("/") and mark in _command_line(pid)


def _arguments(child: subprocess.Popen[bytes]) -> Sequence[str]:
    return [str(argument) for argument in child.args] if isinstance(child.args, list | tuple) else []


def end(pids: Sequence[int], mark: str, *, seconds: float = _TERM_SECONDS) -> bool:
    """End those of the processes that are ours: ask all, wait, then insist.

    Returns:
        Whether all ended when asked.
    """
    _signal(pids, mark, signal.SIGTERM)
    if _gone(pids, mark, seconds):
        return True
    _signal(pids, mark, signal.SIGKILL)
    _gone(pids, mark, _KILL_SECONDS)
    return False


def free_ports(count: int) -> list[int]:
    """Return ports of 127.0.0.1 that nobody listens on just now."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind((LOOPBACK, 0))
        return [int(each.getsockname()[1]) for each in sockets]


def is_free(port: int) -> bool:
    """Say whether a server could listen on this port of 127.0.0.1 now."""
    with socket.socket() as probe:
        # As servers do: a connection of the last run that still lingers is no hindrance.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def resident_mib(pid: int) -> float | None:
    """Return the resident memory of a process in MiB, where the system tells."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    except (OSError, IndexError, ValueError):
        return None
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def _command_line(pid: int) -> str:
    if Path("/proc/self").exists():
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
        except OSError:
            return ""
    ps = ["/bin/ps", "-ww", "-o", "command=", "-p", str(pid)]
    return subprocess.run(ps, capture_output=True, text=True, check=False, timeout=5).stdout


def _signal(pids: Sequence[int], mark: str, number: signal.Signals) -> None:
    for pid in pids:
        if is_ours(pid, mark):
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                continue


def _gone(pids: Sequence[int], mark: str, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while any(is_ours(pid, mark) for pid in pids):
        if time.monotonic() > deadline:
            return False
        time.sleep(_LOOK_SECONDS)
    return True
