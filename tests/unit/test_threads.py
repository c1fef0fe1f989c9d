"""What a thread of its own promises."""

from __future__ import annotations

import asyncio
import threading

import pytest

from broker.threads import Thread


@pytest.mark.asyncio
async def test_a_cancelled_call_that_runs_is_finished() -> None:
    """Cancellation loses the result of a call, never half of its work; one still queued never happens."""
    thread = Thread("test")
    begun, go, done = threading.Event(), threading.Event(), []

    def slow() -> None:
        begun.set()
        go.wait(20)
        done.append("slow")

    running = asyncio.create_task(thread.run(slow))
    queued = asyncio.create_task(thread.run(done.append, "queued"))
    await asyncio.to_thread(begun.wait, 20)
    running.cancel()
    queued.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    with pytest.raises(asyncio.CancelledError):
        await queued
    go.set()
    await thread.close()
    assert done == ["slow"]
