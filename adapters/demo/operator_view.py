"""What whoever runs Kafka sees of the events: read by a plain consumer that has no key and no node."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from broker.errors import TransportError
from broker.kafka.subscription import KafkaSubscription
from broker.limits import MAX_PARTS
from broker.names import Topic
from broker.sealing.encoding import parse_parts_unverified
from broker.stages import Fetched

AT_ONCE = 500
_SECONDS = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One record as Kafka holds it."""

    topic: Topic
    headers: tuple[tuple[str, int, str], ...]
    """Name, size in bytes and text of each header."""
    parts: tuple[int, ...]
    """The size of each part, in bytes: the cover, then the compartments."""


@asynccontextmanager
async def read_from(bootstrap: str, offsets: Mapping[Topic, int]) -> AsyncIterator[KafkaSubscription]:
    """Subscribe without a key, a node or a group, for as long as the block runs.

    Args:
        bootstrap: where Kafka is.
        offsets: where to begin in each topic.

    Raises:
        TransportError: Kafka cannot be reached, or the block took too long.
    """
    subscription = KafkaSubscription(bootstrap, client_id="onlooker")
    try:
        await subscription.assign(offsets)
        async with asyncio.timeout(_SECONDS):
            yield subscription
    except TimeoutError as error:
        raise TransportError("kafka.timeout") from error
    finally:
        await subscription.close()


async def take(bootstrap: str, places: Sequence[tuple[Topic, int]]) -> list[Fetched]:
    """Fetch the records at some places.

    Args:
        bootstrap: where Kafka is.
        places: topic and offset of each.

    Returns:
        The records, in the order asked.

    Raises:
        TransportError: Kafka does not have or give them in time.
    """
    first: dict[Topic, int] = {}
    for topic, offset in places:
        first[topic] = min(offset, first.get(topic, offset))
    found: dict[tuple[Topic, int], Fetched] = {}
    async with read_from(bootstrap, first) as subscription:
        while set(places) - found.keys():
            some = await subscription.fetch(wait_ms=500, limit=AT_ONCE)
            found.update(((one.topic, one.offset), one) for one in some)
    return [found[place] for place in places]


async def look(bootstrap: str, places: Sequence[tuple[Topic, int]]) -> list[Seen]:
    """Return what there is to see of the records at some places; as `take`."""
    return [_seen(one) for one in await take(bootstrap, places)]


def _seen(fetched: Fetched) -> Seen:
    headers = tuple(
        (name, len(value or b""), (value or b"").decode(errors="replace")) for name, value in fetched.headers
    )
    parts = parse_parts_unverified(fetched.value or b"", most=MAX_PARTS)
    return Seen(
        topic=fetched.topic,
        headers=headers,
        parts=tuple(len(part.ciphertext) for part in parts),
    )
