"""One suite for every key store; there is one, in SQLite."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from broker.errors import StorageError
from broker.names import AgencyId, KeyId, Lane, Leaf, RecordId, Topic, derived_uuid
from broker.ports import DataKey, Finding, NewKeys, ReceivedKeys, WrappingKey
from broker.sealing.atrest import AtRest
from broker.stages import Fetched, StreamHead, Verified
from broker.storage.keys import SqliteKeyStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from broker.ports import KeyStore

OWN = AgencyId("polisi")
OTHER = AgencyId("bnpt")
TOPIC = Topic("simpul.keys.bnpt.polisi")
UNIT, READERS, PAIR = b"u" * 16, b"r" * 16, b"p" * 16


@pytest.fixture
def keys(tmp_path: Path) -> Iterator[KeyStore]:
    """Each key store, empty."""
    sqlite = SqliteKeyStore(tmp_path / "store", at_rest=AtRest(bytes(32)))
    yield sqlite
    sqlite.close()


def data_key(name: bytes) -> DataKey:
    """A data key of that name."""
    return DataKey(key_id=KeyId(name.ljust(16, b".")), key=name.ljust(32, b"!"))


def wrapping_key(name: bytes) -> WrappingKey:
    """A wrapping key of that name, for the other agency."""
    return WrappingKey(
        key_id=KeyId(name.ljust(16, b".")),
        key=name.ljust(32, b"?"),
        recipient=OTHER,
        receiving_key_id=KeyId(b"k" * 16),
        hpke=b"sealed " + name,
    )


def new_keys(batch: bytes = b"b1") -> NewKeys:
    """Two data keys of one unit and a wrapping key."""
    return NewKeys(
        batch=batch,
        source=OWN,
        data_keys=[(UNIT, READERS, data_key(b"one")), (UNIT, b"s" * 16, data_key(b"two"))],
        wrapping_keys=[("2026-11-22", wrapping_key(b"wrap"))],
        numbers={PAIR: 7},
    )


NOTHING = ReceivedKeys(data_keys=(), wrapping_keys=(), waiting=(), done_waiting=(), heads={}, offsets={})


def verified(offset: int, *, value: bytes | None = b"sealed") -> Verified:
    """A verified record of the key topic at that offset."""
    fetched = Fetched(
        topic=TOPIC,
        offset=offset,
        timestamp_ms=1_700_000_000_123,
        key=b"unit/1",
        value=value,
        headers=(("ce_id", b"\xff"), ("ce_seal", b"")),
    )
    return Verified(
        fetched=fetched,
        source=OTHER,
        record_id=RecordId(derived_uuid(bytes(32), f"r{offset}")),
        lane=Lane(b"l" * 16),
        sequence=offset + 1,
        previous=Leaf(b"p" * 32),
        leaf=Leaf(b"f" * 32),
        signing_key=KeyId(b"s" * 16),
        federation=3,
    )


def test_added_keys_are_found_every_way(keys: KeyStore) -> None:
    """By unit and readers, by source and id, and the wrapping key by recipient and day."""
    keys.add(new_keys())
    assert keys.own_data_keys([UNIT, b"x" * 16]) == {
        (UNIT, READERS): data_key(b"one"),
        (UNIT, b"s" * 16): data_key(b"two"),
    }
    assert keys.own_data_keys([b"x" * 16]) == {}
    assert keys.data_key(OWN, data_key(b"one").key_id) == data_key(b"one").key
    assert keys.own_wrapping_key(OTHER, KeyId(b"k" * 16), "2026-11-22") == wrapping_key(b"wrap")
    assert keys.wrapping_key(OWN, wrapping_key(b"wrap").key_id) == wrapping_key(b"wrap").key


def test_keys_are_known_by_source_and_id(keys: KeyStore) -> None:
    """Another source, another receiving key or another day has no key under the same id."""
    keys.add(new_keys())
    assert keys.data_key(OTHER, data_key(b"one").key_id) is None
    assert keys.wrapping_key(OTHER, wrapping_key(b"wrap").key_id) is None
    assert keys.own_wrapping_key(OWN, KeyId(b"k" * 16), "2026-11-22") is None
    assert keys.own_wrapping_key(OTHER, KeyId(b"x" * 16), "2026-11-22") is None
    assert keys.own_wrapping_key(OTHER, KeyId(b"k" * 16), "2026-11-23") is None


def test_numbers_only_grow_and_survive_a_discard(keys: KeyStore) -> None:
    """A number that was once added is never given again, even where its keys were never announced."""
    first = keys.used_numbers([PAIR])[PAIR]
    assert first >= 0
    keys.add(replace(new_keys(), numbers={PAIR: first + 2}))
    assert keys.used_numbers([PAIR, b"q" * 16]) == {PAIR: first + 2, b"q" * 16: first}
    keys.discard(b"b1")
    assert keys.used_numbers([PAIR])[PAIR] == first + 2
    for number, highest in ((first + 5, first + 5), (first + 4, first + 5)):
        keys.add(NewKeys(batch=b"%d" % number, source=OWN, data_keys=(), wrapping_keys=(), numbers={PAIR: number}))
        assert keys.used_numbers([PAIR])[PAIR] == highest


def test_after_the_loss_of_the_file_no_number_is_given_again(tmp_path: Path) -> None:
    """Also where the next file is made within the same second; and a number keeps to its fifteen digits."""
    begins = []
    for name in ("lost", "new", "third"):
        store = SqliteKeyStore(tmp_path / name, at_rest=AtRest(bytes(32)))
        begins.append(store.used_numbers([PAIR])[PAIR])
        store.close()
    begins.sort()
    assert all(after - before > 3 for before, after in pairwise(begins))
    assert begins[0] > 1_700_000_000
    assert begins[-1] < 2**48


def test_a_discarded_batch_leaves_no_key(keys: KeyStore) -> None:
    """Keys of a batch that never was stored are gone, those of another batch stay, and they can be made anew."""
    keys.add(new_keys())
    kept = (b"t" * 16, READERS, data_key(b"kept"))
    keys.add(NewKeys(batch=b"b2", source=OWN, data_keys=[kept], wrapping_keys=(), numbers={}))
    assert sorted(keys.unannounced()) == [b"b1", b"b2"]
    keys.discard(b"b1")
    assert keys.unannounced() == [b"b2"]
    assert keys.own_data_keys([UNIT]) == {}
    assert keys.data_key(OWN, data_key(b"one").key_id) is None
    assert keys.own_wrapping_key(OTHER, KeyId(b"k" * 16), "2026-11-22") is None
    assert keys.wrapping_key(OWN, wrapping_key(b"wrap").key_id) is None
    assert keys.own_data_keys([b"t" * 16]) == {(b"t" * 16, READERS): data_key(b"kept")}
    keys.add(new_keys())
    assert keys.own_data_keys([UNIT])[UNIT, READERS] == data_key(b"one")


def test_a_discarded_key_is_in_no_file(tmp_path: Path) -> None:
    """Not even encrypted: neither on a page nor in the log, while the store is still open."""
    store = SqliteKeyStore(tmp_path / "store", at_rest=AtRest(bytes(32)))
    store.add(new_keys())
    blobs = [blob for (blob,) in store._database.read("SELECT key FROM data_key UNION SELECT key FROM wrapping_key")]
    store.discard(b"b1")
    files = [file.read_bytes() for file in (tmp_path / "store").iterdir()]
    assert len(blobs) == 3
    assert not any(blob in content for blob in blobs for content in files)
    store.close()


def test_an_announced_batch_cannot_be_discarded(keys: KeyStore) -> None:
    """Once its records are stored, a batch's keys stay."""
    keys.add(new_keys())
    keys.announce(b"b1")
    assert keys.unannounced() == []
    keys.discard(b"b1")
    assert len(keys.own_data_keys([UNIT])) == 2


def test_a_second_key_for_the_same_readers_is_refused_whole(keys: KeyStore) -> None:
    """One unit and set of readers has one key; nothing of a contradicting batch is kept."""
    keys.add(new_keys())
    again = [(b"n" * 16, READERS, data_key(b"new")), (UNIT, READERS, data_key(b"other"))]
    with pytest.raises(StorageError) as caught:
        keys.add(NewKeys(batch=b"b2", source=OWN, data_keys=again, wrapping_keys=(), numbers={PAIR: 99}))
    assert caught.value.code == "store.conflict"
    assert keys.own_data_keys([b"n" * 16]) == {}
    assert keys.used_numbers([PAIR])[PAIR] != 99
    assert keys.unannounced() == [b"b1"]


def test_received_keys_are_taken_once_and_never_replaced(keys: KeyStore) -> None:
    """Whoever gives another value under a known id gives nothing."""
    first = DataKey(key_id=KeyId(b"i" * 16), key=b"1" * 32)
    second = DataKey(key_id=KeyId(b"i" * 16), key=b"2" * 32)
    wrap = KeyId(b"w" * 16)
    keys.commit(replace(NOTHING, data_keys=[(OTHER, first)], wrapping_keys=[(OTHER, wrap, b"3" * 32)]))
    keys.commit(
        replace(
            NOTHING,
            data_keys=[(OTHER, second), (OWN, second)],
            wrapping_keys=[(OTHER, wrap, b"4" * 32)],
        )
    )
    assert keys.data_key(OTHER, KeyId(b"i" * 16)) == b"1" * 32
    assert keys.data_key(OWN, KeyId(b"i" * 16)) == b"2" * 32
    assert keys.wrapping_key(OTHER, wrap) == b"3" * 32


def test_two_readers_cannot_both_read_on(keys: KeyStore) -> None:
    """Keys, heads and offsets are taken by compare-and-set: a reader that lags behind takes nothing."""
    head = StreamHead(sequence=3, leaf=Leaf(b"f" * 32))
    keys.commit(replace(NOTHING, heads={TOPIC: head}, offsets={TOPIC: (0, 5)}))
    stale = replace(
        NOTHING,
        data_keys=[(OTHER, data_key(b"late"))],
        heads={TOPIC: StreamHead(sequence=9, leaf=Leaf(b"g" * 32))},
        offsets={Topic("simpul.keys.lsm.polisi"): (0, 2), TOPIC: (0, 8)},
    )
    with pytest.raises(StorageError) as caught:
        keys.commit(stale)
    assert caught.value.code == "store.moved"
    assert keys.offsets() == {TOPIC: 5}
    assert keys.heads() == {TOPIC: head}
    assert keys.data_key(OTHER, data_key(b"late").key_id) is None
    keys.commit(replace(stale, offsets={TOPIC: (5, 8)}))
    assert keys.offsets() == {TOPIC: 8}


def test_units_wait_for_their_wrapping_key(keys: KeyStore) -> None:
    """A waiting record is kept exactly as it was verified, found by the key that it waits for, until it is done."""
    one, other = KeyId(b"1" * 16), KeyId(b"2" * 16)
    waiting = [(one, verified(4)), (other, verified(11, value=None))]
    keys.commit(replace(NOTHING, waiting=waiting))
    assert keys.waiting_units([one]) == [verified(4)]
    assert keys.waiting_units([other, one]) == [verified(4), verified(11, value=None)]
    assert (keys.waiting_units([]), keys.waiting_of(OTHER), keys.waiting_of(OWN)) == ([], 2, 0)
    keys.commit(replace(NOTHING, waiting=waiting[:1], done_waiting=[verified(11, value=None)]))
    assert (keys.waiting_units([other]), keys.waiting_of(OTHER)) == ([], 1)


def test_findings_are_numbered_and_kept(keys: KeyStore) -> None:
    """A finding of the key topics is read by whoever has not seen it yet."""
    noon = datetime(2026, 11, 22, 12, tzinfo=UTC)
    found = [
        Finding(code=code, source="bnpt", topic=TOPIC, offset=3, at=noon, detail="d", evidence=(b"a", b""))
        for code in ("stream.fork", "key.late", "stream.gap")
    ]
    keys.commit(replace(NOTHING, findings=found))
    (one, first), (two, second) = keys.findings(after=0, limit=2)
    assert [first, second] == found[:2]
    assert [item for _, item in keys.findings(after=two, limit=9)] == found[2:]
    assert one < two
