"""Sealing: parts under the keys of exactly those who may open them, records chained, batches signed once."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from broker.errors import InvalidEventError
from broker.limits import MAX_BATCH
from broker.names import COVER, GENESIS, AgencyId, EventId, Lane, PartName, RecordId, Topic
from broker.ports import DataKey
from broker.sealing.batch import parse_payload_unverified
from broker.sealing.encoding import parse_parts_unverified, parse_seal_unverified
from broker.sealing.headers import parse_headers_unverified
from broker.sealing.keyring import Keyring
from broker.sealing.seal import record_id, seal_batch, seal_copy
from broker.sealing.unseal import Verifier, open_record
from broker.stages import Cleared, ClearedPart, Copy, Opened, Sealed, StreamHead, Unsealed
from tests.vector_builder.vector import fetched
from tests.vector_builder.world import (
    IMMIGRATION,
    MIGRANT_WORKERS,
    POLICE,
    SEALED_AT,
    Draws,
    federation,
    key,
    signer,
    signing_key,
)
from tests.vector_builder.writing import ALERT_TOPIC, short_alert

BOTH = frozenset({IMMIGRATION, MIGRANT_WORKERS})
ONE = frozenset({IMMIGRATION})
KEYS = {BOTH: key("both"), ONE: key("one")}
EVENT_ID = EventId("42782b3e-06b2-8402-b50c-326b417abd3c")
RECORD_ID = RecordId("5f1b1a0e-6f0e-8c56-9d39-0b2f6a3f0001")
INSIDE = short_alert(MIGRANT_WORKERS, IMMIGRATION)
START = StreamHead(sequence=0, leaf=GENESIS)


def part(name: str, content: bytes, readers: frozenset[AgencyId]) -> ClearedPart:
    """One part of a copy."""
    return ClearedPart(name=PartName(name), content=content, readers=readers)


COPY = Copy(
    topic=ALERT_TOPIC,
    audience=(MIGRANT_WORKERS, IMMIGRATION),
    parts=(
        part(COVER, INSIDE.cover, BOTH),
        part("narrative", INSIDE.parts["narrative"], BOTH),
        part("place", INSIDE.parts["place"], ONE),
    ),
)
CLEARED = Cleared(event_id=EVENT_ID, source=POLICE, erasure_unit="unit", copies=(COPY,))


def unsealed(copy: Copy = COPY, *, draws: Draws | None = None) -> Unsealed:
    """The copy, encrypted."""
    return seal_copy(
        copy,
        cleared=CLEARED,
        record_id=RECORD_ID,
        keys=KEYS,
        ciphers=Keyring(lambda _source, _key_id: None),
        random=draws or Draws("seal"),
    )


def batch(*records: Unsealed, head: StreamHead = START) -> tuple[list[Sealed], StreamHead]:
    """The records, sealed together."""
    return seal_batch(
        records,
        source=POLICE,
        topic=ALERT_TOPIC,
        lane=Lane(bytes(16)),
        head=head,
        signer=signer(POLICE),
        sealed_at=SEALED_AT,
        federation=7,
    )


def opened(sealed: Sealed, *held: DataKey) -> Opened:
    """What a reader with those keys opens."""
    keys = {each.key_id: each.key for each in held}
    seen = Verifier(IMMIGRATION).verify(fetched(sealed), federation(signing_key(POLICE)))
    found = open_record(seen, Keyring(lambda source, key_id: keys.get(key_id) if source == POLICE else None))
    assert isinstance(found, Opened)
    return found


def test_each_reader_opens_exactly_its_parts() -> None:
    """Who has both keys opens everything; who has one sees that there is more, and cannot open it."""
    (sealed,), _ = batch(unsealed())
    everything = opened(sealed, *KEYS.values())
    assert {name: each.content for name, each in everything.parts.items()} == INSIDE.parts
    assert everything.event_id == EVENT_ID
    some = opened(sealed, KEYS[BOTH])
    assert set(some.parts) == {"narrative"}
    assert some.missing == {"place": KEYS[ONE].key_id}


def test_each_part_names_the_key_of_its_readers() -> None:
    """The key ids on the wire are those of the sets of readers."""
    parts = parse_parts_unverified(unsealed().value or b"", most=8)
    assert [each.key_id for each in parts] == [KEYS[BOTH].key_id, KEYS[BOTH].key_id, KEYS[ONE].key_id]


def test_no_nonce_is_used_twice() -> None:
    """Each part of each record has a nonce of its own; a second sealing of the same gives other bytes."""
    draws = Draws("nonces")
    first, second = unsealed(draws=draws), unsealed(draws=draws)
    nonces = [each.nonce for one in (first, second) for each in parse_parts_unverified(one.value or b"", most=8)]
    assert len(set(nonces)) == 6
    assert first.value != second.value


def test_a_part_for_whom_there_is_no_key_is_never_sealed() -> None:
    """A set of readers without a key of its own stops the sealing; no other key is taken."""
    copy = replace(COPY, parts=(part(COVER, INSIDE.cover, frozenset({POLICE})),))
    with pytest.raises(KeyError):
        unsealed(copy)


@pytest.mark.parametrize(
    "sizes", [pytest.param((32_767,), id="one part"), pytest.param((20_000, 20_000), id="parts together")]
)
def test_what_is_too_large_is_not_sealed(sizes: tuple[int, ...]) -> None:
    """Neither a part beyond 32,766 bytes, nor a record beyond 65,536."""
    parts = tuple(part("narrative", bytes(size), BOTH) for size in sizes)
    with pytest.raises(InvalidEventError) as caught:
        unsealed(replace(COPY, parts=(COPY.parts[0], *parts)))
    assert caught.value.code == "invalid.too-large"


@pytest.mark.parametrize("size", [1, 2, 3, 255, MAX_BATCH])
def test_a_batch_is_chained_numbered_and_signed_once(size: int) -> None:
    """Every record names the leaf before it, and all carry one signature over one statement."""
    head = StreamHead(sequence=41, leaf=(batch(unsealed())[1]).leaf)
    sealed, end = batch(*[unsealed()] * size, head=head)
    previous = head.leaf
    for at, each in enumerate(sealed):
        claimed = parse_headers_unverified(each.headers)
        assert (claimed.sequence, claimed.previous) == (42 + at, previous)
        assert each.sequence == claimed.sequence
        previous = each.leaf
    assert end == StreamHead(sequence=41 + size, leaf=previous)
    seals = [parse_seal_unverified(each.headers[-1][1]) for each in sealed]
    assert len({(seal.signature, seal.payload) for seal in seals}) == 1
    assert [seal.index for seal in seals] == list(range(size))
    assert parse_payload_unverified(seals[0].payload).size == size


def test_a_batch_of_none_too_many_or_two_topics_is_not_sealed() -> None:
    """A programmer's mistake, told at once."""
    stray = replace(unsealed(), topic=Topic("simpul.intel"))
    for records in ([], [unsealed()] * (MAX_BATCH + 1), [unsealed(), stray]):
        with pytest.raises(ValueError, match="a batch"):
            batch(*records)


def test_a_record_id_tells_nothing() -> None:
    """The same each time; another on each topic and node, so that copies cannot be matched."""
    ids = {
        record_id(secret, EVENT_ID, topic) for secret in (b"a", b"b") for topic in (ALERT_TOPIC, Topic("simpul.intel"))
    }
    assert len(ids) == 4
    assert record_id(b"a", EVENT_ID, ALERT_TOPIC) in ids
    assert {each[14] for each in ids} == {"8"}


def test_the_seconds_of_a_second_are_cut_off() -> None:
    """The time in the statement is of whole seconds."""
    at = datetime(2026, 8, 7, 1, 25, 0, 999_999, tzinfo=UTC)
    (sealed,), _ = seal_batch(
        [unsealed()],
        source=POLICE,
        topic=ALERT_TOPIC,
        lane=Lane(bytes(16)),
        head=START,
        signer=signer(POLICE),
        sealed_at=at,
        federation=7,
    )
    payload = parse_seal_unverified(sealed.headers[-1][1]).payload
    assert parse_payload_unverified(payload).sealed_at == SEALED_AT
