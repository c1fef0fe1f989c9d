"""What the codes tell people to do can be done: every command that they name is there."""

from __future__ import annotations

import re

import pytest
import typer

from broker.cli.app import build
from broker.codes import registry

NAMED = sorted(
    {
        (code, found)
        for code, text in registry().items()
        for sentence in (text.do_id, text.do_en)
        for found in re.findall(r"`simpul ([a-z -]+)`|: simpul ([a-z]+(?: [a-z-]+)?)", sentence)
    }
)


@pytest.mark.parametrize(("code", "found"), NAMED)
def test_a_command_that_a_code_names_is_there(code: str, found: tuple[str, str]) -> None:
    """A person who follows the advice does not end at `No such command`."""
    command = typer.main.get_command(build())
    for word in (found[0] or found[1]).split():
        subcommands = getattr(command, "commands", None)
        if subcommands is None or word.startswith("-"):
            break
        assert word in subcommands, code
        command = subcommands[word]
