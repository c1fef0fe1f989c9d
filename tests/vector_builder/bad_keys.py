"""Key records that do not hold what they name, and streams that fork or go back to a closed lane."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from broker.names import GENESIS, Leaf
from broker.stages import StreamHead
from tests.vector_builder.bad import bad
from tests.vector_builder.bad_contents import sealed_plaintext
from tests.vector_builder.forging import forged
from tests.vector_builder.good import ALL, one_key
from tests.vector_builder.good_streams import DAY
from tests.vector_builder.vector import Vector, opened, outcome, refused, verified
from tests.vector_builder.world import IMMIGRATION, MIGRANT_WORKERS, POLICE, derived, key, receiving_key, receiving_seed
from tests.vector_builder.writing import Writer, keys_writer, short_alert, unit, wrap, wrapping

if TYPE_CHECKING:
    from collections.abc import Iterator

    from broker.stages import Fetched

OTHER: Final = key("another wrapping key")


def bad_keys() -> Iterator[Vector]:
    """Make them."""
    yield from _wraps()
    yield from _wrap_values()
    yield from _units()


def _bad_key(name: str, description: str, code: str, record: Fetched) -> Vector:
    return bad(
        name,
        description,
        code,
        9,
        record,
        followed=True,
        receiving=(receiving_seed(IMMIGRATION),),
        wrapping_keys=((POLICE, DAY), (POLICE, OTHER)),
        data_keys=(),
    )


def _wrapped(hpke: str = "for immigration") -> Fetched:
    each = wrapping("wrapping key of the day", recipient=IMMIGRATION, hpke=hpke)
    (record,) = keys_writer("bad", IMMIGRATION).seal(wrap(each))
    return record


def _wraps() -> Iterator[Vector]:
    for name, description, hpke, code in (
        (
            "info-of-another-recipient",
            "The info names another recipient.",
            "info of another recipient",
            "untrusted.wrap",
        ),
        (
            "to-another-recipient",
            "Made for another agency's key, under this one's id.",
            "to another recipient's key",
            "untrusted.wrap",
        ),
        (
            "of-another-key",
            "What opens is another key than the one that is named.",
            "another key under this id",
            "untrusted.key-record",
        ),
        ("of-31-bytes", "What opens is no key.", "31 bytes", "untrusted.key-record"),
    ):
        yield _bad_key(f"wrap-{name}", description, code, _wrapped(hpke))
    record = _wrapped()
    renamed = forged(replace(record, key=b"wrap/" + OTHER.key_id.hex().encode()))
    yield _bad_key("wrap-under-another-name", "The record key names another key.", "untrusted.key-record", renamed)
    value = record.value or b""
    strange = receiving_key(MIGRANT_WORKERS).key_id
    for name, description, changed in (
        ("for-a-key-not-held", "Another agency's receiving key.", strange + value[16:]),
        ("flipped", "One bit of the ciphertext.", value[:-1] + bytes([value[-1] ^ 1])),
        (
            "encapsulation-flipped",
            "One bit of the encapsulated key.",
            value[:100] + bytes([value[100] ^ 1]) + value[101:],
        ),
        ("of-zeros", "A ciphertext of zeros: a point of small order in it.", value[:34] + bytes(len(value) - 34)),
        ("of-one-byte", "A ciphertext of one byte.", value[:32] + b"\0\1\0"),
        ("id-changed", "Another wrapping key's id, and its name.", value[:16] + OTHER.key_id + value[32:]),
    ):
        record_key = b"wrap/" + OTHER.key_id.hex().encode() if name == "id-changed" else record.key
        forgery = forged(replace(record, key=record_key, value=changed))
        yield _bad_key(f"wrap-{name}", description, "untrusted.wrap", forgery)


def _wrap_values() -> Iterator[Vector]:
    record = _wrapped()
    value = record.value or b""
    for name, description, changed in (
        ("trailing-byte", "A byte after the Wrap.", value + b"\0"),
        ("truncated", "The last byte is missing.", value[:-1]),
        ("without-ciphertext", "An empty ciphertext.", value[:32] + b"\0\0"),
        ("of-4097-bytes", "A ciphertext longer than any may be.", value[:32] + b"\x10\x01" + bytes(4_097)),
    ):
        forgery = forged(replace(record, value=changed))
        yield _bad_key(f"wrap-value-{name}", description, "untrusted.value", forgery)


def _unit() -> Fetched:
    writer = keys_writer("bad", IMMIGRATION)
    each = wrapping("wrapping key of the day", recipient=IMMIGRATION, hpke="for immigration")
    (record,) = writer.seal(unit(ALL, each, writer=writer))
    return record


def _units() -> Iterator[Vector]:
    record = _unit()
    value = record.value or b""
    padded = (32).to_bytes(2, "big") + ALL.key + bytes(222)
    for name, description, code, changed in (
        ("under-another-key", "It names one wrapping key and lies under another, both held.", "untrusted.part",
         sealed_plaintext(record, "key", padded, under=OTHER, named=DAY)),
        ("as-a-cover", "Bound to the name of a cover.", "untrusted.part",
         sealed_plaintext(record, "cover", padded, under=DAY)),
        ("flipped", "One bit of the ciphertext.", "untrusted.part", value[:-1] + bytes([value[-1] ^ 1])),
        ("of-31-bytes", "A key of 31 bytes.", "untrusted.key-record",
         sealed_plaintext(record, "key", (31).to_bytes(2, "big") + bytes(254), under=DAY)),
        ("of-33-bytes", "A key of 33 bytes.", "untrusted.key-record",
         sealed_plaintext(record, "key", (33).to_bytes(2, "big") + bytes(254), under=DAY)),
        ("empty", "No key.", "untrusted.key-record",
         sealed_plaintext(record, "key", bytes(256), under=DAY)),
        ("padding-not-zero", "A one among the zeros.", "untrusted.padding",
         sealed_plaintext(record, "key", padded[:-1] + b"\1", under=DAY)),
        ("two-parts", "Two Parts.", "untrusted.value", value * 2),
        ("trailing-byte", "A byte after the Part.", "untrusted.value", value + b"\0"),
        ("of-another-record", "The Part of another key record.", "untrusted.part", _another_unit()),
    ):  # fmt: skip
        yield _bad_key(f"unit-{name}", description, code, forged(replace(record, value=changed)))


def _another_unit() -> bytes:
    writer = keys_writer("another record", IMMIGRATION)
    each = wrapping("wrapping key of the day", recipient=IMMIGRATION, hpke="for immigration")
    (record,) = writer.seal(unit(ALL, each, writer=writer, number=2))
    return record.value or b""


def bad_streams() -> Iterator[Vector]:
    """Make them: each record has a valid seal, and the place of the last one refuses it."""
    yield from _forks()
    yield from _lanes()


def _fault(name: str, description: str, code: str, *records: Fetched) -> Vector:
    return bad(name, description, code, 8, *records, before=_opened(*records[:-1]), data_keys=((POLICE, ALL),))


def _opened(*records: Fetched) -> tuple[dict[str, Any], ...]:
    inside = short_alert(IMMIGRATION)
    return tuple(opened(record, inside.cover, inside.parts) for record in records)


def _next(writer: Writer) -> Fetched:
    inside = short_alert(IMMIGRATION)
    (record,) = writer.seal(writer.write(inside, one_key(inside)))
    return record


def _forks() -> Iterator[Vector]:
    writer = Writer("fork")
    first, head = _next(writer), writer.head
    second = _next(writer)
    writer.head = head
    other = _next(writer)
    yield _fault(
        "fork-at-the-last-place", "Another record at the place of the last one.", "stream.fork", first, second, other
    )
    third = _next(writer)
    yield _fault(
        "fork-behind", "The next place, naming a leaf that was not seen there.", "stream.fork", first, second, third
    )
    writer.head = StreamHead(sequence=0, leaf=GENESIS)
    again = _next(writer)
    yield _fault("fork-at-the-first-place", "Another first record.", "stream.fork", first, second, again)
    writer.head = head
    writer.new_lane()
    restored = _next(writer)
    yield _fault(
        "fork-in-a-new-lane",
        "A source restored from an old copy writes, in a new lane, at a place that it has written.",
        "stream.fork",
        first,
        second,
        restored,
    )
    writer.head = StreamHead(sequence=0, leaf=Leaf(derived("a leaf before")))
    yield _fault("fork-at-the-beginning", "The first record of a stream names a leaf.", "stream.fork", _next(writer))
    yield _gap_filled_otherwise()


def _gap_filled_otherwise() -> Vector:
    """Record 3 waits; a record 2 comes that is not the one that 3 names."""
    writer = Writer("gap filled otherwise")
    first, head = _next(writer), writer.head
    _next(writer)
    third = _next(writer)
    writer.head = head
    second = _next(writer)
    waited = outcome("held", third, then=refused("stream.fork", 8) | {"verified": verified(third)})
    return Vector(
        name="fork-behind-a-gap",
        description="Record 3 was held; record 2, when it comes, is not the one that 3 names: 3 is refused then.",
        data_keys=((POLICE, ALL),),
        records=(first, third, second),
        expect=(*_opened(first), waited, _opened(second)[0] | {"releases": [1]}),
        good=False,
    )


def _lanes() -> Iterator[Vector]:
    writer = Writer("lanes")
    old = writer.lane
    first = _next(writer)
    writer.new_lane()
    second = _next(writer)
    writer.lane = old
    yield _fault(
        "lane-closed",
        "The next place, in a lane that another one has closed.",
        "stream.closed-lane",
        first,
        second,
        _next(writer),
    )
    yield _fault(
        "lane-closed-behind-a-gap",
        "A later place, in a lane that another one has closed: whatever comes between, it cannot follow.",
        "stream.closed-lane",
        first,
        second,
        _next(writer),
    )
