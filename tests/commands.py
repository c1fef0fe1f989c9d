"""The shipped command, run as a user would or in this process, and waiting for what it brings about."""

import io
import os
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import orjson
import pytest

from broker.cli import app

SIMPUL = str(Path(sysconfig.get_path("scripts")) / "simpul")
"""The command as it is shipped."""

SOON = 20.0
"""Seconds after which what ought to happen did not."""

_T = TypeVar("_T")


def until(look: Callable[[], _T], seconds: float = SOON, said: Callable[[], object] = lambda: "") -> _T:
    """Return what `look` returns as soon as that is true."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        if time.monotonic() > deadline:
            pytest.fail(f"waited {seconds} s in vain: {said()}")
        time.sleep(0.02)
    return found


def clean_environment(**more: str) -> dict[str, str]:
    """Return this process's environment without its own settings of ours."""
    return {name: value for name, value in os.environ.items() if not name.startswith("SIMPUL_")} | more


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command that ran to its end said."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[Any]:
        """Its standard output, a JSON value a line."""
        return [orjson.loads(line) for line in self.out.splitlines()]


def simpul(*arguments: str | Path, stdin: bytes = b"", seconds: float = 30, **environment: str) -> Answer:
    """Run a command of `simpul` to its end."""
    done = subprocess.run(
        [SIMPUL, *map(str, arguments)],
        input=stdin,
        capture_output=True,
        timeout=seconds,
        check=False,
        env=clean_environment(**environment),
    )
    return Answer(done.returncode, done.stdout.decode(), done.stderr.decode())


def simpul_here(*arguments: str | Path, stdin: bytes = b"", **environment: str) -> Answer:
    """Run a command of `simpul` in this process, without a second spent on starting another."""
    out, err = io.TextIOWrapper(io.BytesIO()), io.TextIOWrapper(io.BytesIO())
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ.keys() - clean_environment().keys():
            patch.delenv(name)
        for name, value in environment.items():
            patch.setenv(name, value)
        patch.setattr(sys, "argv", [SIMPUL, *map(str, arguments)])
        patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        patch.setattr(sys, "stdout", out)
        patch.setattr(sys, "stderr", err)
        code = app.run()
    told = []
    for stream in (out, err):
        stream.flush()
        told.append(stream.buffer.getvalue().decode())
    return Answer(code, *told)
