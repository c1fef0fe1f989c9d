"""Batches are read whatever somebody put into them: nothing is lost, nothing stops the reader, nothing is unpacked."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.kafka.batches import UNREADABLE, DamagedError, read_page
from broker.names import Topic
from tests import raw_batches
from tests.raw_batches import batch, signed, with_broken_name

TOPIC = Topic("simpul.mail.a.b")


def test_proper_batches_are_read_from_the_position_on() -> None:
    """Records before the position come along in Kafka's answer and are left out."""
    raw = bytes(batch(b"0", b"1", b"2", base=10)) + bytes(batch(b"3", base=13))
    page = read_page(TOPIC, raw, 11)
    assert [(each.offset, each.value) for each in page.records] == [(11, b"1"), (12, b"2"), (13, b"3")]
    assert page.next_offset == 14


def test_a_last_batch_that_is_cut_off_is_left_for_the_next_time() -> None:
    """Kafka cuts its answer at a size; what is whole is read, the rest asked for again."""
    raw = bytes(batch(b"0")) + bytes(batch(b"1", base=1))[:-3]
    assert read_page(TOPIC, raw, 0).next_offset == 1


def test_nothing_is_no_damage() -> None:
    """An empty answer leaves the position."""
    page = read_page(TOPIC, b"", 5)
    assert (page.records, page.next_offset) == ((), 5)


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        pytest.param(with_broken_name(b"poison"), b"structure", id="a header's name is no UTF-8"),
        pytest.param(bytes(batch(b"x" * 10_000, compression=raw_batches.GZIP)), b"compressed", id="compressed"),
    ],
)
def test_what_cannot_be_read_becomes_one_record_for_quarantine(raw: bytes, why: bytes) -> None:
    """The whole batch is kept as it came, under a header that no verifier accepts, and reading goes on behind it."""
    after = bytes(batch(b"fine", base=1))
    page = read_page(TOPIC, raw + after, 0)
    poison, fine = page.records
    assert (poison.offset, poison.value, poison.headers) == (0, raw, ((UNREADABLE, why),))
    assert (fine.offset, fine.value) == (1, b"fine")
    assert page.next_offset == 2


def test_a_header_without_a_value_is_told_as_it_came() -> None:
    """A null header, which no record of ours has, stays one: what is quarantined is kept as it came."""
    (record,) = read_page(TOPIC, bytes(batch(b"0", headers=[("name", None)])), 0).records
    assert record.headers == (("name", None),)


@pytest.mark.parametrize(
    "deltas",
    [
        pytest.param([0, 0], id="the same offset twice"),
        pytest.param([5, 2], id="backwards"),
        pytest.param([-7, 0], id="before the batch"),
    ],
)
def test_offsets_that_do_not_count_upwards_within_the_batch_are_not_believed(deltas: list[int]) -> None:
    """A writer chooses them, and Kafka does not look: no record is passed over, and the reader's place holds."""
    raw = bytes(batch(b"0", b"1", base=10, deltas=deltas))
    page = read_page(TOPIC, raw, 10)
    assert [(each.offset, each.headers) for each in page.records] == [
        (page.next_offset - 1, ((UNREADABLE, b"offsets"),))
    ]


def test_an_offset_beyond_the_batch_is_not_believed() -> None:
    """The batch says where it ends; a record that claims to lie far beyond moves nobody's place."""
    raw = batch(b"0", b"1", base=10, deltas=[0, 2**31 - 1])
    struct.pack_into(">i", raw, raw_batches.LAST_DELTA, 1)
    page = read_page(TOPIC, signed(raw), 10)
    assert (len(page.records), page.next_offset) == (1, 12)


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param([("h", b"")] * 70_000, id="70000 headers"),
        pytest.param([("h" * 300_000, b"")], id="a name of 300 KB"),
    ],
)
def test_masses_of_headers_are_not_kept(headers: list[tuple[str, bytes | None]]) -> None:
    """Nine headers make a record; what has masses of them is quarantined without them, and the rest is read."""
    raw = bytes(batch(b"0", headers=headers)) + bytes(batch(b"1", base=1))
    first, second = read_page(TOPIC, raw, 0).records
    assert (first.value, first.headers) == (b"0", ((UNREADABLE, b"headers"),))
    assert second.headers == (("name", b"1"),)


def test_an_old_format_is_not_read() -> None:
    """A batch of a format before KIP-98 has no place here."""
    raw = batch(b"old")
    raw[raw_batches.MAGIC] = 1
    (record,) = read_page(TOPIC, bytes(raw), 0).records
    assert record.headers == ((UNREADABLE, b"magic"),)


def test_a_wrong_checksum_is_fetched_again() -> None:
    """What is damaged on its way is no reason to quarantine anything."""
    raw = batch(b"value")
    raw[-1] ^= 1
    with pytest.raises(DamagedError):
        read_page(TOPIC, bytes(raw), 0)


def test_a_batch_that_leads_nowhere_is_damage() -> None:
    """An answer that ends before the position would be asked for for ever."""
    with pytest.raises(DamagedError):
        read_page(TOPIC, bytes(batch(b"0", b"1")), 2)


def test_a_batch_that_compaction_emptied_is_passed() -> None:
    """Kafka keeps the last offset of a batch whose records are all gone."""
    raw = batch(b"gone", base=4)[: raw_batches.LAST_DELTA + 38]
    struct.pack_into(">i", raw, 8, len(raw) - 12)
    struct.pack_into(">i", raw, raw_batches.LAST_DELTA, 9)
    struct.pack_into(">i", raw, 57, 0)
    page = read_page(TOPIC, signed(raw), 4)
    assert (page.records, page.next_offset) == ((), 14)


@given(place=st.integers(min_value=57, max_value=200), value=st.integers(min_value=0, max_value=255))
def test_no_byte_of_a_record_stops_the_reader(place: int, value: int) -> None:
    """Whatever a writer changes behind the batch's header, with a right checksum, the batch behind it is read."""
    raw = batch(b"0" * 40, b"1" * 40)
    raw[min(place, len(raw) - 1)] = value
    page = read_page(TOPIC, signed(raw) + bytes(batch(b"fine", base=2)), 0)
    assert page.records[-1].value == b"fine"
    assert page.next_offset == 3
