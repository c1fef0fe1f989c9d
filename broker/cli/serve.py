"""`simpul serve`: run one agency's node until it is told to stop."""

from __future__ import annotations

import asyncio
import fcntl
import gc
import os
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from broker.assembly import Node, Store, open_store
from broker.cli.terminal import NodeOption, note
from broker.errors import MisconfiguredError
from broker.settings import environment, node_folder
from broker.telemetry import configure

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LOCK: Final = ".node.lock"


def serve(node: NodeOption = None) -> None:
    """Jalankan simpul sebuah instansi. / Run an agency's node, until Ctrl-C or SIGTERM.

    Contoh / example: simpul serve --node polres
    """
    folder = node_folder(node)
    configure(environment().log)
    with _alone(folder), open_store(folder) as store:
        note(f"Simpul {store.me} berjalan. Ctrl-C untuk berhenti.", f"Node {store.me} runs. Ctrl-C stops it.")
        # Thousands of live models otherwise make every collection walk all of them.
        gc.freeze()
        gc.set_threshold(50_000, 20, 20)
        asyncio.run(_until_told(store))


async def _until_told(store: Store) -> None:
    running = asyncio.create_task(Node(store).run())
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, running.cancel)
    try:
        await running
    except asyncio.CancelledError:
        return


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the right to run this folder's node; the system gives it back when the process ends, however it ends."""
    handle = os.open(folder / _LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(handle)
        raise MisconfiguredError("config.node-runs", str(folder.name)) from error
    try:
        yield
    finally:
        os.close(handle)
