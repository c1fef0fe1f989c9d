"""A process that is no node, and what it tries: it writes raw bytes to Kafka, or reads where it may not.

    python -m adapters.demo.outsider ATTEMPT --kafka HOST:PORT --topic T --offset N [--to T2] [--node FOLDER]

All that it knows it reads from Kafka, except where it was given an agency's folder with all its keys. It prints one
line of JSON: where it wrote, or what it got to see.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import orjson

from adapters.demo.operator_view import AT_ONCE, read_from, take
from broker.assembly import Store, open_store
from broker.errors import SimpulError, UntrustedError
from broker.kafka.publisher import KafkaPublisher
from broker.names import AgencyId, KeyId, RecordId, Topic, keys_topic
from broker.sealing.batch import parse_payload_unverified
from broker.sealing.encoding import encode_part, parse_seal_unverified
from broker.sealing.headers import UnverifiedHeaders, leaf_of, parse_headers_unverified
from broker.sealing.keyrecords import is_wrap, open_wrap
from broker.sealing.keyring import Keyring
from broker.sealing.private_keys import Ed25519Signer, new_private_bytes
from broker.sealing.seal import seal_batch
from broker.sealing.topics import read_topic
from broker.sealing.unseal import Verifier, open_record
from broker.stages import Closed, Fetched, Sealed, StreamHead, Unsealed, Verified
from broker.storage.keyfile import open_receiving_keys

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from broker.names import Leaf
    from broker.ports import Randomness, Signer

_PART_BYTES: Final = 1040


@dataclass(frozen=True, slots=True, kw_only=True)
class _Impostor:
    """A signer that gives another key's id as its own."""

    key_id: KeyId
    own: Signer

    def sign(self, message: bytes) -> bytes:
        """Sign with the key that it has."""
        return self.own.sign(message)


def forged(genuine: Fetched, *, random: Randomness = os.urandom) -> Sealed:
    """Continue somebody's stream: every header as it should be, the right key's id, a signature of one's own."""
    headers = parse_headers_unverified(genuine.headers)
    seal = parse_seal_unverified(headers.seal)
    signer = _Impostor(key_id=seal.key_id, own=Ed25519Signer(new_private_bytes(random)[0]))
    value = encode_part(KeyId(random(16)), random(12), random(_PART_BYTES))
    record = Unsealed(topic=genuine.topic, record_id=headers.record_id, key=None, value=value)
    (sealed,), _ = seal_batch(
        [record],
        source=headers.source,
        topic=genuine.topic,
        lane=headers.lane,
        head=StreamHead(sequence=headers.sequence, leaf=_leaf(genuine, headers)),
        signer=signer,
        sealed_at=datetime.fromtimestamp(genuine.timestamp_ms / 1000, tz=UTC),
        federation=parse_payload_unverified(seal.payload).federation,
    )
    return sealed


def flipped(genuine: Fetched) -> Sealed:
    """Copy a record with one bit of its value changed."""
    value = bytearray(genuine.value or b"")
    value[len(value) // 2] ^= 1
    return _copied(genuine, topic=genuine.topic, value=bytes(value))


def moved(genuine: Fetched, to: Topic) -> Sealed:
    """Copy a record, byte by byte, to another topic."""
    return _copied(genuine, topic=to, value=genuine.value)


def _copied(genuine: Fetched, *, topic: Topic, value: bytes | None) -> Sealed:
    headers = parse_headers_unverified(genuine.headers)
    return Sealed(
        topic=topic,
        key=genuine.key,
        headers=tuple((name, text or b"") for name, text in genuine.headers),
        value=value,
        record_id=RecordId(headers.record_id),
        lane=headers.lane,
        sequence=headers.sequence,
        leaf=_leaf(genuine, headers),
    )


def _leaf(genuine: Fetched, headers: UnverifiedHeaders) -> Leaf:
    return leaf_of(genuine.topic, genuine.key, headers.all, genuine.value)


async def read_foreign(store: Store, bootstrap: str, place: tuple[Topic, int]) -> dict[str, object]:
    """Try to read a mailbox with the keys of an agency whose mailbox it is not.

    Returns:
        `code`: what verification says; `cover`: what happens to whoever leaves that check out; `wrap`: what happens
        to whoever tries the keys that travel to the mailbox's owner. `opened` says whether anything opened.
    """
    (record,) = await take(bootstrap, [place])
    federation = store.trust.in_force().federation
    told: dict[str, object] = {"opened": False, "code": None, "cover": None, "wrap": None}
    try:
        Verifier(store.me).verify(record, federation)
    except UntrustedError as error:
        told["code"] = error.code
    verified = Verifier(None).verify(record, federation)
    if isinstance(open_record(verified, Keyring(store.keys.data_key)), Closed):
        told["cover"] = "closed.no-key"
    else:
        told["opened"] = True
    topic = read_topic(place[0])
    keys = await _all_of(bootstrap, keys_topic(AgencyId(topic.source or ""), AgencyId(topic.recipient or "")))
    wraps = [one for one in map(_verifying(store), keys) if one is not None and is_wrap(one)]
    told["wrap"] = _unwrapped(store, wraps)
    told["opened"] = bool(told["opened"]) or told["wrap"] is None
    return told


def _verifying(store: Store) -> Callable[[Fetched], Verified | None]:
    verifier, federation = Verifier(None), store.trust.in_force().federation

    def verify(fetched: Fetched) -> Verified | None:
        try:
            return verifier.verify(fetched, federation)
        except UntrustedError:
            return None  # of an earlier run, whose keys this federation does not list

    return verify


def _unwrapped(store: Store, wraps: Sequence[Verified]) -> str | None:
    """Return the code with which all wrapped keys stay closed, or None if one opens."""
    receiving = open_receiving_keys(store.at_rest, [store.settings.path(uri) for uri in store.settings.receiving_keys])
    code = "demo.no-keys"
    for one in wraps:
        try:
            open_wrap(one, reader=store.me, unwrapper=receiving)
        except UntrustedError as error:
            code = error.code
        else:
            return None
    return code


async def _all_of(bootstrap: str, topic: Topic) -> list[Fetched]:
    found: list[Fetched] = []
    async with read_from(bootstrap, {topic: 0}) as subscription:
        while some := await subscription.fetch(wait_ms=1000, limit=AT_ONCE):
            found += some
    return found


async def _write(bootstrap: str, record: Sealed) -> dict[str, object]:
    publisher = KafkaPublisher(bootstrap, client_id="outsider")
    try:
        (offset,) = await publisher.publish([record])
    finally:
        await publisher.close()
    return {"topic": record.topic, "offset": offset}


async def _attempt(said: argparse.Namespace) -> dict[str, object]:
    place = (Topic(said.topic), int(said.offset))
    if said.attempt == "foreign-mailbox":
        with open_store(Path(said.node)) as store:
            return await read_foreign(store, said.kafka, place)
    (genuine,) = await take(said.kafka, [place])
    if said.attempt == "forged-signature":
        return await _write(said.kafka, forged(genuine))
    return await _write(
        said.kafka, moved(genuine, Topic(said.to)) if said.attempt == "moved-topic" else flipped(genuine)
    )


def main() -> int:
    """Make one attempt and print what came of it."""
    parser = argparse.ArgumentParser(prog="python -m adapters.demo.outsider", description=__doc__)
    parser.add_argument("attempt", choices=("forged-signature", "flipped-byte", "moved-topic", "foreign-mailbox"))
    for name in ("--kafka", "--topic", "--offset"):
        parser.add_argument(name, required=True)
    for name in ("--to", "--node"):
        parser.add_argument(name)
    try:
        told = asyncio.run(_attempt(parser.parse_args()))
    except SimpulError as error:
        sys.stderr.write(f"{error.code}\n")
        return 1
    sys.stdout.write(orjson.dumps(told).decode() + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
