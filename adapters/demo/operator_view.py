"""What whoever runs Kafka sees of the events: read by a plain consumer that has no key and no node."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from broker.errors import TransportError
from broker.kafka.subscription import KafkaSubscription
from broker.limits import MAX_PARTS
from broker.names import Topic
from broker.sealing.encoding import parse_parts_unverified
from broker.stages import Fetched

_SECONDS = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One record as Kafka holds it."""

    topic: Topic
    offset: int
    headers: tuple[tuple[str, int, str], ...]
    """Name, size in bytes and the first characters of each header."""
    parts: tuple[int, ...]
    """The size of each part, in bytes: the cover, then the compartments."""
    record_key: bool

    @property
    def source(self) -> str:
        """The source that the record names."""
        return next((text for name, _, text in self.headers if name == "ce_source"), "")


async def take(bootstrap: str, places: Sequence[tuple[Topic, int]]) -> list[Fetched]:
    """Fetch the records at some places, one of each topic.

    Args:
        bootstrap: where Kafka is.
        places: topic and offset; of one topic the lowest first.

    Returns:
        The records, in the order asked.

    Raises:
        TransportError: Kafka does not have or give them in time.
    """
    first: dict[Topic, int] = {}
    for topic, offset in places:
        first[topic] = min(offset, first.get(topic, offset))
    wanted = set(places)
    found: dict[tuple[Topic, int], Fetched] = {}
    subscription = KafkaSubscription(bootstrap, client_id="onlooker")
    try:
        await subscription.assign(first)
        async with asyncio.timeout(_SECONDS):
            while wanted - found.keys():
                for one in await subscription.fetch(wait_ms=500, limit=500):
                    if (one.topic, one.offset) in wanted:
                        found[one.topic, one.offset] = one
    except TimeoutError as error:
        raise TransportError("kafka.timeout") from error
    finally:
        await subscription.close()
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
        offset=fetched.offset,
        headers=headers,
        parts=tuple(len(part.ciphertext) for part in parts),
        record_key=fetched.key is not None,
    )
