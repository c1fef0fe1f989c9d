"""The topics of an exchange, as Kafka itself describes them."""

import asyncio
import time
from collections.abc import Callable

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from broker.errors import TransportError
from broker.kafka.running import Running
from broker.kafka.topics import ensure_topics, ensure_topics_of, topics_of
from broker.names import FEDERATION_TOPIC, AgencyId, Topic, keys_topic, mail_topic

pytestmark = [pytest.mark.kafka, pytest.mark.asyncio]

MakeAgencies = Callable[[int], list[AgencyId]]


async def described(bootstrap: str, topics: list[Topic]) -> dict[str, dict[str, str]]:
    """Return the settings of topics, as Kafka tells them."""
    client = AIOKafkaAdminClient(bootstrap_servers=bootstrap.split(","))
    try:
        await client.start()
        answers = await client.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic) for topic in topics])
        return {
            resource[3]: {row[0]: row[1] for row in resource[4]} for answer in answers for resource in answer.resources
        }
    finally:
        await client.close()


async def test_settings(durable_kafka: Running, make_agencies: MakeAgencies) -> None:
    """Dated by the broker, kept by time alone, compacted within a day where nothing else is wanted."""
    a, b = make_agencies(2)
    await ensure_topics_of(durable_kafka, [a, b])
    mail, keys = mail_topic(a, b), keys_topic(a, b)
    settings = await described(durable_kafka.bootstrap, [mail, keys, FEDERATION_TOPIC])
    for topic in (mail, keys, FEDERATION_TOPIC):
        assert settings[topic]["message.timestamp.type"] == "LogAppendTime"
        assert settings[topic]["compression.type"] == "uncompressed"
        assert settings[topic]["retention.bytes"] == "-1"
        assert settings[topic]["min.insync.replicas"] == str(durable_kafka.min_insync)
        assert int(settings[topic]["max.message.bytes"]) > 65_536
    assert settings[mail]["cleanup.policy"] == "delete"
    assert int(settings[mail]["retention.ms"]) == 90 * 86_400_000
    for topic in (keys, FEDERATION_TOPIC):
        assert settings[topic]["cleanup.policy"] == "compact"
        assert int(settings[topic]["max.compaction.lag.ms"]) <= 86_400_000


async def test_again_and_at_the_same_time(kafka: Running, make_agencies: MakeAgencies) -> None:
    """Creating what is there creates nothing; two who create at once do not hinder each other."""
    agencies = make_agencies(3)
    await asyncio.gather(ensure_topics_of(kafka, agencies), ensure_topics_of(kafka, agencies))
    assert await ensure_topics_of(kafka, agencies) == []
    more = [*agencies, *make_agencies(1)]
    created = await ensure_topics_of(kafka, more)
    assert set(created) == set(topics_of(more)) - set(topics_of(agencies))


async def test_seven_agencies_in_a_moment(kafka: Running, make_agencies: MakeAgencies) -> None:
    """The ninety-one topics of seven agencies are there in far less than five seconds."""
    agencies = make_agencies(7)
    start = time.monotonic()
    assert len(await ensure_topics_of(kafka, agencies)) >= 91
    assert time.monotonic() - start < 5


async def test_more_copies_than_brokers_is_refused(durable_kafka: Running, make_agencies: MakeAgencies) -> None:
    """Kafka's refusal has its code."""
    with pytest.raises(TransportError) as raised:
        await ensure_topics(durable_kafka.bootstrap, make_agencies(1), replication=9)
    assert raised.value.code == "kafka.settings-refused"


async def test_nobody_there(make_agencies: MakeAgencies) -> None:
    """Without a Kafka the answer is a code, soon."""
    with pytest.raises(TransportError) as raised:
        await ensure_topics("127.0.0.1:9", make_agencies(1), deadline_s=2)
    assert raised.value.code == "kafka.unreachable"
