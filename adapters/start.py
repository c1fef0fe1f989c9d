"""`python -m adapters.<name> --node FOLDER`: starts a node that runs this adapter, and no other node."""

from __future__ import annotations

import argparse
from pathlib import Path

from broker.cli.serve import serve
from broker.cli.terminal import Exit, fail
from broker.errors import MisconfiguredError, SimpulError
from broker.settings import node_folder, read_node


def start(name: str) -> int:
    """Run the node until it is told to stop, as `simpul serve` does.

    Args:
        name: the adapter that the node's settings must name; a node of another agency is not started.

    Returns:
        The exit code, one of `Exit`.
    """
    parser = argparse.ArgumentParser(prog=f"python -m adapters.{name}", description=f"Starts a node that runs {name}.")
    parser.add_argument("--node", type=Path, metavar="FOLDER", help="default: SIMPUL_NODE, else this folder")
    said = parser.parse_args()
    try:
        folder = node_folder(said.node)
        if read_node(folder).adapter != name:
            raise MisconfiguredError("config.other-adapter", f"adapter is not {name}")
        serve(folder)
    except SimpulError as error:
        return fail(error)
    return Exit.OK
