"""Creates the topics that DESIGN.md §9 lists, with their settings, as often as one likes.

One partition each, for life. Retention is by time alone. Every record is dated by the broker. Topics of keys and of
the federation are compacted within a day: Kafka closes a segment when a record is appended to it and its first is
older than `max.compaction.lag.ms`, so half a day, with the heartbeats of each node, keeps that promise.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from broker.kafka.embedded import ask_for_topics
from broker.kafka.foreign import translated
from broker.kafka.limits import MAX_BATCH_BYTES
from broker.kafka.running import Running
from broker.names import FEDERATION_TOPIC, AgencyId, Topic, area_topic, keys_topic, mail_topic

AREAS: Final = ("alert", "intel", "outreach")
"""The areas that have a topic; all else goes by mailbox (AGREEMENTS.md)."""

EVENT_RETENTION_DAYS: Final = 90

_DAY_MS: Final = 86_400_000
_AT_ONCE: Final = 500
_SECONDS: Final = 30.0
_LOOK_SECONDS: Final = 0.02


def topics_of(agencies: Sequence[AgencyId]) -> tuple[Topic, ...]:
    """Return every topic of an exchange of these agencies."""
    return (*_event_topics(agencies), *_compacted_topics(agencies))


async def ensure_topics(
    bootstrap: str,
    agencies: Sequence[AgencyId],
    *,
    replication: int = 1,
    min_insync: int = 1,
    control: Path | None = None,
    retention_days: int = EVENT_RETENTION_DAYS,
    deadline_s: float = _SECONDS,
) -> list[Topic]:
    """Create the topics that are absent; what is there is left as it is.

    Args:
        bootstrap: where Kafka is.
        agencies: all that are on the exchange.
        replication: copies of each record.
        min_insync: copies that must be written before a record is acknowledged.
        control: the pipe of an embedded server, which cannot be asked through Kafka's protocol.
        retention_days: how long events stay.
        deadline_s: seconds after which to give up.

    Returns:
        The topics that were created.

    Raises:
        TransportError: Kafka does not answer in time, or refuses.
    """
    client = AIOKafkaAdminClient(bootstrap_servers=bootstrap.split(","), request_timeout_ms=int(deadline_s * 1000))
    try:
        async with asyncio.timeout(deadline_s):
            await client.start()
            there = set(await client.list_topics())
            absent = [topic for topic in topics_of(agencies) if topic not in there]
            if control is not None:
                await _ask_embedded(client, control, absent)
                return absent
            settings = _settings(agencies, min_insync=min_insync, retention_days=retention_days)
            new = [NewTopic(topic, 1, replication, topic_configs=settings[topic]) for topic in absent]
            for first in range(0, len(new), _AT_ONCE):
                _check(await client.create_topics(new[first : first + _AT_ONCE]))
            return absent
    except (KafkaError, OSError, TimeoutError) as error:
        raise translated(error) from error
    finally:
        await client.close()


async def ensure_topics_of(running: Running, agencies: Sequence[AgencyId]) -> list[Topic]:
    """Create the topics that are absent on a Kafka that `choice` gave, with as many copies as it can keep.

    Raises:
        TransportError: Kafka does not answer in time, or refuses.
    """
    return await ensure_topics(
        running.bootstrap,
        agencies,
        replication=running.replication,
        min_insync=running.min_insync,
        control=running.control,
    )


def _event_topics(agencies: Sequence[AgencyId]) -> tuple[Topic, ...]:
    mail = (mail_topic(source, recipient) for source in agencies for recipient in agencies if source != recipient)
    return (*(area_topic(area) for area in AREAS), *mail)


def _compacted_topics(agencies: Sequence[AgencyId]) -> tuple[Topic, ...]:
    # The source is a recipient of its own keys too, so that it can open what it sent.
    return (
        FEDERATION_TOPIC,
        *(keys_topic(source, recipient) for source in agencies for recipient in agencies),
    )


def _settings(agencies: Sequence[AgencyId], *, min_insync: int, retention_days: int) -> dict[Topic, dict[str, str]]:
    shared = {
        "message.timestamp.type": "LogAppendTime",
        "max.message.bytes": str(MAX_BATCH_BYTES),
        "min.insync.replicas": str(min_insync),
        "retention.bytes": "-1",
        # A writer must not be able to make readers unpack a thousandfold; what is encrypted does not shrink anyway.
        "compression.type": "uncompressed",
    }
    events = {"cleanup.policy": "delete", "retention.ms": str(retention_days * _DAY_MS)}
    compacted = {"cleanup.policy": "compact", "max.compaction.lag.ms": str(_DAY_MS // 2)}
    return {
        **dict.fromkeys(_event_topics(agencies), shared | events),
        **dict.fromkeys(_compacted_topics(agencies), shared | compacted),
    }


def _check(answer: object) -> None:
    """Raise what Kafka said of a topic, unless somebody else was quicker to create it."""
    for _topic, code, *_ in answer.topic_errors:  # type: ignore[attr-defined]
        if code not in (0, TopicAlreadyExistsError.errno):
            raise for_code(code)


async def _ask_embedded(client: AIOKafkaAdminClient, control: Path, absent: Sequence[Topic]) -> None:
    await asyncio.to_thread(ask_for_topics, control, absent)
    while not set(absent) <= set(await client.list_topics()):  # noqa: ASYNC110 - the server tells nobody; the caller holds the deadline
        await asyncio.sleep(_LOOK_SECONDS)
