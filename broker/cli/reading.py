"""Reads the files that a command line names; what is too large is never read to its end."""

from __future__ import annotations

import sys
from typing import Final

from broker.errors import MisconfiguredError
from broker.validation.limits import MAX_BODY

MAX_SCHEMA: Final = 256 * 1024
"""Bytes of a published schema: twenty times the largest that there is."""


def read_draft(file: str) -> bytes:
    """Read a draft.

    Args:
        file: its name, or `-` for standard input.

    Returns:
        Its bytes; of what is too large, so many that whoever checks it finds it too large.

    Raises:
        MisconfiguredError: it cannot be read.
    """
    return _read(file, MAX_BODY, "config.no-draft")


def read_schema(file: str) -> bytes:
    """Read a published schema.

    Args:
        file: its name, or `-` for standard input.

    Raises:
        MisconfiguredError: it cannot be read, or is too large to be one.
    """
    text = _read(file, MAX_SCHEMA, "config.no-schema")
    if len(text) > MAX_SCHEMA:
        raise MisconfiguredError("config.no-schema", file)
    return text


def _read(file: str, most: int, code: str) -> bytes:
    try:
        if file == "-":
            return sys.stdin.buffer.read(most + 1)
        with open(file, "rb") as handle:  # noqa: PTH123 - a name from the command line
            return handle.read(most + 1)
    except (OSError, ValueError) as error:  # the latter: a name that no file can have
        raise MisconfiguredError(code, file) from error
