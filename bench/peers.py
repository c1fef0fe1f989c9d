"""The peers: raw aiokafka, FastStream with plain pydantic, and the line that a careful team builds by hand.

FastStream is asked not to log: its two lines an event would cost more than all else it does.

The hand-built line encrypts each event once for three readers (JWE in JSON, ECDH-ES+A256KW and A256GCM), signs it (JWS,
EdDSA), and on the other side verifies, opens its own records and validates them.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from faststream.kafka import KafkaBroker
from joserfc import jwe, jws
from joserfc.jwk import OKPKey
from pydantic import BaseModel, ConfigDict

from bench.events import alert

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bench.meter import Meter

_ALGORITHMS: Final = ["ECDH-ES+A256KW", "A256GCM"]
_DEADLINE_SECONDS: Final = 120


class Part(BaseModel):
    """A plain model of one part of the alert, with the fields that the alert has."""

    model_config = ConfigDict(extra="forbid")


class Open(Part):
    """The open part."""

    msgType: str
    category: str
    eventCode: str
    urgency: str
    severity: str
    certainty: str
    responseType: str
    nexus: str
    mayInvolveChild: bool


class Narrative(Part):
    """What is told."""

    headline: str
    description: str
    instruction: str
    contact: str
    params: dict[str, str]


class Place(Part):
    """Where."""

    area: str
    placeCode: str


class Data(Part):
    """All parts."""

    open: Open
    narrative: Narrative
    place: Place


class Alert(Part):
    """The whole event, as plain pydantic."""

    specversion: str
    type: str
    time: str
    subject: str
    audience: str
    purpose: str
    basis: str
    lawref: str
    tlp: str
    pap: str
    priority: str
    status: str
    area: str
    data: Data


def _producer(bootstrap: str) -> AIOKafkaProducer:
    return AIOKafkaProducer(
        bootstrap_servers=bootstrap, acks="all", enable_idempotence=True, linger_ms=5, max_batch_size=1_000_000
    )


async def raw_send(bootstrap: str, topic: str, count: int, meter: Meter) -> None:
    """Send ready bytes with aiokafka, one call an event, acknowledged by all."""
    producer = _producer(bootstrap)
    await producer.start()
    values = [orjson.dumps(alert(number)) for number in range(count)]
    with meter.measured():
        await asyncio.gather(*[await producer.send(topic, value) for value in values])
    await producer.stop()


async def raw_getmany(bootstrap: str, topic: str, count: int, meter: Meter) -> None:
    """Fetch bytes with aiokafka, up to 500 a call."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
    await consumer.start()
    partition = TopicPartition(topic, 0)
    consumer.assign([partition])
    await consumer.seek_to_beginning(partition)
    seen = 0
    with meter.measured():
        while seen < count:
            fetched = await consumer.getmany(timeout_ms=1000, max_records=500)
            seen += sum(map(len, fetched.values()))
    await consumer.stop()


async def faststream_publish(bootstrap: str, topic: str, count: int, meter: Meter) -> None:
    """Publish pydantic models with FastStream, one call an event."""
    models = [Alert.model_validate(alert(number)) for number in range(count)]
    async with KafkaBroker(bootstrap, logger=None, acks="all", enable_idempotence=True, linger_ms=5) as broker:
        with meter.measured():
            await asyncio.gather(*[await broker.publish(model, topic, no_confirm=True) for model in models])


async def faststream_consume(bootstrap: str, topic: str, count: int, meter: Meter) -> None:
    """Consume pydantic models with FastStream, one handler call an event."""

    async def take(event: Alert) -> None:
        """Take one event; FastStream has validated it."""

    await _subscribed(bootstrap, topic, count, meter, take)


async def _subscribed(
    bootstrap: str, topic: str, count: int, meter: Meter, take: Callable[[Any], Awaitable[None]]
) -> None:
    broker = KafkaBroker(bootstrap, logger=None)
    done = asyncio.Event()
    seen = 0

    async def counted(event: Any) -> None:  # noqa: ANN401 - takes the annotation of `take` below
        nonlocal seen
        await take(event)
        seen += 1
        if seen == count:
            done.set()

    counted.__annotations__["event"] = take.__annotations__["event"] if take.__annotations__ else Any
    broker.subscriber(topic, auto_offset_reset="earliest", group_id=None)(counted)
    with meter.measured():
        async with broker, asyncio.timeout(_DEADLINE_SECONDS):
            await broker.start()
            await done.wait()


def handbuilt_keys() -> tuple[OKPKey, list[OKPKey]]:
    """Make a signing key and the keys of three readers."""
    return OKPKey.generate_key("Ed25519"), [OKPKey.generate_key("X25519") for _ in range(3)]


def _handbuilt_seal(model: Alert, signing: OKPKey, readers: list[OKPKey]) -> bytes:
    encrypted = jwe.GeneralJSONEncryption({"enc": "A256GCM"}, model.model_dump_json().encode())
    for number, reader in enumerate(readers):
        encrypted.add_recipient({"alg": "ECDH-ES+A256KW", "kid": str(number)}, reader)
    sealed = orjson.dumps(jwe.encrypt_json(encrypted, None, algorithms=_ALGORITHMS))
    return jws.serialize_compact({"alg": "Ed25519"}, sealed, signing, algorithms=["Ed25519"]).encode()


def _handbuilt_open(value: bytes, signing: OKPKey, reader: OKPKey) -> Alert:
    signed = jws.deserialize_compact(value, signing, algorithms=["Ed25519"])
    opened = jwe.decrypt_json(_for_one(orjson.loads(signed.payload)), reader, algorithms=_ALGORITHMS)
    return Alert.model_validate_json(opened.plaintext or b"")


def _for_one(sealed: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON
    """Leave the first recipient alone: joserfc asks one key for all of them."""
    return {**sealed, "recipients": sealed["recipients"][:1]}


async def handbuilt(bootstrap: str, topic: str, count: int, out: Meter, into: Meter) -> None:
    """Publish and consume by the hand-built line; both directions in one process, as the keys are."""
    signing, readers = handbuilt_keys()
    models = [Alert.model_validate(alert(number)) for number in range(count)]
    async with KafkaBroker(bootstrap, logger=None, acks="all", enable_idempotence=True, linger_ms=5) as broker:
        with out.measured():
            await asyncio.gather(
                *[
                    await broker.publish(_handbuilt_seal(model, signing, readers), topic, no_confirm=True)
                    for model in models
                ]
            )

    async def take(event: bytes) -> None:
        _handbuilt_open(event, signing, readers[0])

    await _subscribed(bootstrap, topic, count, into, take)
