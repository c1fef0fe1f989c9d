"""Waiting with a deadline, and what is said when it passes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from broker.errors import SimpulError

T = TypeVar("T")

_LOOK_SECONDS = 0.05


async def until(look: Callable[[], T | None], *, seconds: float, late: Callable[[], SimpulError]) -> T:
    """Look, on a thread, until there is something.

    Args:
        look: returns what is waited for, or None.
        seconds: after which to give up.
        late: makes the error that is raised then.

    Returns:
        What was found.

    Raises:
        SimpulError: the deadline passed, or `look` raised.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while True:
        found = await asyncio.to_thread(look)
        if found is not None:
            return found
        if loop.time() > deadline:
            raise late()
        await asyncio.sleep(_LOOK_SECONDS)
