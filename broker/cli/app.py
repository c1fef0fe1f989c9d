"""The `simpul` command: our groups, and those that others add through the entry point group `simpul.commands`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib.metadata import entry_points, version
from typing import Annotated, Any, Final

import typer

from broker.cli import catalogue, event, federation, findings, kafka, node, quarantine, send, serve, tail, verify
from broker.cli.terminal import Exit, fail, note, out, print_json
from broker.errors import SimpulError

_HELP = """Simpul: instansi bertukar peristiwa kasus TPPO, bertanda tangan dan tersegel, tanpa basis data bersama.

Simpul: agencies exchange signed, sealed case events against human trafficking, without one common database.
"""


_COMMANDS: Final[Mapping[str, Callable[..., None]]] = {
    "serve": serve.serve,
    "send": send.send,
    "tail": tail.tail,
    "event": event.event,
    "findings": findings.findings,
    "verify": verify.verify,
}
_CLICK_ERROR: Final[Any] = next(one for one in typer.BadParameter.__mro__ if one.__name__ == "ClickException")
"""What a wrong command line raises: some versions of typer carry a click of their own, with classes of its own."""

_GROUPS: Final = {
    "node": node.app,
    "federation": federation.app,
    "quarantine": quarantine.app,
    "kafka": kafka.app,
    "catalogue": catalogue.app,
}


def build(wanted: str | None = None) -> typer.Typer:
    """Put the command line together.

    Args:
        wanted: the command that is about to run. Where it is one of ours, commands of others are left unloaded: a node
            must not take longer to start, or not start, because of them.
    """
    app = typer.Typer(help=_HELP, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
    app.callback()(_root)
    for name, command in _COMMANDS.items():
        app.command(name)(command)
    for name, group in _GROUPS.items():
        app.add_typer(group, name=name)
    if wanted not in _COMMANDS.keys() | _GROUPS.keys():
        for entry in sorted(entry_points(group="simpul.commands"), key=lambda entry: entry.name):
            app.command(entry.name)(entry.load())
    return app


def _show_version(wanted: bool) -> None:  # noqa: FBT001 - typer gives the flag so
    if wanted:
        out.print(f"simpul {version('simpul')}")
        raise typer.Exit


def _root(
    *,
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Versi. / Version.")
    ] = False,
) -> None:
    pass


_root.__doc__ = _HELP


def run() -> int:
    """Run the command line.

    Returns:
        The exit code, one of `Exit`.
    """
    wanted = next((word for word in sys.argv[1:] if not word.startswith("-")), None)
    command = typer.main.get_command(build(wanted))
    try:
        result = command.main(standalone_mode=False)
    except SimpulError as error:
        return fail(error, json="--json" in sys.argv)
    except typer.Abort:
        note("Dihentikan.", "Stopped.")
        return Exit.FAILED
    except _CLICK_ERROR as error:
        if "--json" in sys.argv:
            print_json({"code": "usage.command-line", "detail": error.format_message()})
        else:
            error.show()
        return Exit.USAGE
    return result if isinstance(result, int) else Exit.OK
