"""A thread of its own for whatever blocks and is used by one caller at a time: a file of the store, a sink."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
R = TypeVar("R")


class Thread:
    """One thread, on which calls happen in the order asked."""

    def __init__(self, name: str) -> None:
        """Start lazily; `name` shows in a debugger."""
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)

    async def run(self, call: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call on the thread and return what it returns.

        Cancelled while it waits its turn, the call never happens; cancelled while it runs, it runs to its
        end, so that a transaction is whole or not at all, and only its result is lost.
        """
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, lambda: call(*args, **kwargs))

    async def close(self) -> None:
        """Wait for the calls asked for so far, then end the thread."""
        await asyncio.shield(self.run(_nothing))
        self._executor.shutdown(wait=False)


def _nothing() -> None:
    """Mark the end of the queue."""
