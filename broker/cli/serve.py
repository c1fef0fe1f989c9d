"""`simpul serve`: run one agency's node until it is told to stop."""

from __future__ import annotations

import asyncio
import signal

from broker.assembly import STORE, Node, Store, open_store
from broker.cli.terminal import NodeOption, note
from broker.process import settle
from broker.settings import environment, node_folder
from broker.storage.database import held
from broker.telemetry import configure


def serve(node: NodeOption = None) -> None:
    """Jalankan simpul sebuah instansi. / Run an agency's node, until Ctrl-C or SIGTERM.

    Contoh / example: simpul serve --node polres
    """
    folder = node_folder(node)
    configure(environment().log)
    with held(folder / STORE), open_store(folder) as store:
        note(f"Simpul {store.me} berjalan. Ctrl-C untuk berhenti.", f"Node {store.me} runs. Ctrl-C stops it.")
        settle()
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
