"""The embedded Kafka-protocol server, for trying Simpul with nothing but pip: one process, everything in memory.

It forgets everything when it stops, keeps only the last megabytes of a topic, knows no compaction and no rights, and
makes a topic of whatever name it is asked for. It proves nothing about durability.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from broker.errors import TransportError
from broker.kafka import probe, processes
from broker.kafka.running import EMBEDDED, Node, Note, Running, Tell, home, save

_READY_SECONDS: Final = 20.0
_LOOK_SECONDS: Final = 0.02

WARNING: Final = Note(
    id=(
        "PERINGATAN: ini server tertanam, bukan Apache Kafka. Semua rekaman hilang bila berhenti, dan tidak ada yang"
        " terbukti tentang ketahanannya. Hanya untuk mencoba. Pasang Java 17 dan Maven untuk Kafka yang sesungguhnya."
    ),
    en=(
        "WARNING: this is the embedded server, not Apache Kafka. It forgets every record when it stops, and proves"
        " nothing about durability. For trying out only. Install Java 17 and Maven for the real one."
    ),
    warning=True,
)


def start(cache: Path, tell: Tell) -> Running:
    """Start the embedded server and return when it answers.

    Args:
        cache: the cache folder; the caller holds its lock.
        tell: is given the warning.

    Raises:
        TransportError: it does not come up.
    """
    tell(WARNING)
    folder = home(cache) / "embedded"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    # -P: its own folder is no place to import from.
    command = [sys.executable, "-P", str(Path(__file__).with_name("embedded_server.py")), str(folder)]
    pid = processes.begin(command, cwd=folder, output=folder / "server.out")
    deadline = time.monotonic() + _READY_SECONDS
    bootstrap = _bootstrap(folder, pid, deadline)
    if bootstrap is None:
        processes.end([pid], str(folder))
        raise TransportError("kafka.start-failed", f"see {folder}/server.out")
    running = Running(
        kind=EMBEDDED,
        bootstrap=bootstrap,
        brokers=1,
        nodes=(Node(node_id=1, pid=pid, port=int(bootstrap.rpartition(":")[2])),),
        folder=folder,
        control=folder / "control",
    )
    save(cache, running)
    if not probe.wait_ready(bootstrap, brokers=1, deadline=deadline, alive=lambda: alive(running)):
        stop(running)
        raise TransportError("kafka.start-failed", f"see {folder}/server.out")
    return running


def stop(running: Running) -> bool:
    """Stop the server, and with it everything that it knows.

    Returns:
        Whether it stopped when asked.
    """
    return processes.end([node.pid for node in running.nodes], str(running.folder))


def alive(running: Running) -> bool:
    """Say whether the server's process lives and is ours."""
    return all(processes.is_ours(node.pid, str(running.folder)) for node in running.nodes)


def ask_for_topics(control: Path, topics: Sequence[str]) -> None:
    """Tell the server to make topics of one partition; they are there a moment later.

    Raises:
        TransportError: no server listens at the pipe.
    """
    try:
        # For writing only: this fails at once where nobody reads, instead of waiting for a reader.
        with open(control, "wb", buffering=0, opener=_without_waiting) as pipe:
            os.set_blocking(pipe.fileno(), True)
            # One write a name: the system keeps each whole, whoever else writes at the same time.
            pipe.writelines(topic.encode() + b"\n" for topic in topics)
    except OSError as error:
        raise TransportError("kafka.unreachable", "the embedded server does not listen") from error


def _bootstrap(folder: Path, pid: int, deadline: float) -> str | None:
    while time.monotonic() < deadline and processes.is_ours(pid, str(folder)):
        try:
            return (folder / "bootstrap").read_text(encoding="ascii")
        except FileNotFoundError:
            time.sleep(_LOOK_SECONDS)
    return None


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)
