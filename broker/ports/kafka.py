"""Kafka, as the pipeline needs it: one way in, one way out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from broker.names import Topic
    from broker.stages import Fetched, Sealed


class Publisher(Protocol):
    """Writes sealed records to Kafka: `acks=all`, idempotent, in the order given within each topic."""

    async def publish(self, records: Sequence[Sealed]) -> list[int]:
        """Write the records, and return the offset of each once every in-sync replica has it.

        After an error nothing is known of any of them: the caller publishes the very same records again.

        Raises:
            TransportError: not acknowledged within the deadline. The publisher has already replaced its producer.
        """

    async def close(self) -> None:
        """Stop, within a bounded time."""


class Subscription(Protocol):
    """Reads topics from given offsets: no consumer group, no commit to Kafka; the offsets live with the reader."""

    async def assign(self, offsets: Mapping[Topic, int]) -> None:
        """Read exactly these topics from now on, each from that offset; one that is absent yet is waited for."""

    async def fetch(self, *, wait_ms: int, limit: int) -> list[Fetched]:
        """Return what there is, in order within each topic, waiting at most `wait_ms` for the first.

        Raises:
            TransportError: Kafka cannot be reached, or a topic cannot be read on; an error of one topic says its name
                first. Nothing is lost: fetch again.
        """

    async def earliest(self, topic: Topic) -> int:
        """Return the offset of the oldest record that Kafka still has of a topic; of the next one if it has none.

        Raises:
            TransportError: Kafka cannot be reached, or does not show the topic.
        """

    async def close(self) -> None:
        """Stop, within a bounded time."""
