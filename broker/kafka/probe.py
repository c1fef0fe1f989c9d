"""Asks a Kafka whether it answers, and how many brokers it has; never hangs."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable, Sequence
from typing import Final

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

_ANSWER_SECONDS: Final = 5.0
_CONNECT_SECONDS: Final = 1.0
_LOOK_SECONDS: Final = 0.1


def wait_ready(bootstrap: str, *, brokers: int, deadline: float, alive: Callable[[], bool]) -> bool:
    """Wait until a Kafka names as many brokers as it should have.

    Args:
        bootstrap: where it is to answer.
        brokers: how many it must name.
        deadline: until when, on the monotonic clock, in seconds.
        alive: says whether it can still come up.

    Returns:
        Whether it came up. False at once when it is no longer alive.
    """
    while time.monotonic() < deadline:
        if not alive():
            return False
        if count_brokers(bootstrap) >= brokers:
            return True
        time.sleep(_LOOK_SECONDS)
    return False


def count_brokers(bootstrap: str) -> int:
    """Return how many brokers a Kafka names, 0 if none answers. Blocks for some seconds at most."""
    reachable = [address for address in bootstrap.split(",") if _accepts(address)]
    return asyncio.run(_count(reachable)) if reachable else 0


def _accepts(address: str) -> bool:
    # Asked first and quietly: the client logs every refused connection.
    host, _, port = address.strip().rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=_CONNECT_SECONDS):
            return True
    except (OSError, ValueError, OverflowError):
        return False


async def _count(addresses: Sequence[str]) -> int:
    client = AIOKafkaAdminClient(bootstrap_servers=list(addresses), request_timeout_ms=int(_ANSWER_SECONDS * 1000))
    try:
        async with asyncio.timeout(_ANSWER_SECONDS):
            await client.start()
            cluster = await client.describe_cluster()
            return len(cluster["brokers"])
    except (KafkaError, OSError, TimeoutError):
        return 0
    finally:
        await client.close()
