"""The good records: key records, lanes, gaps, and records sent again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from broker.names import Leaf, area_topic
from broker.stages import StreamHead
from tests.vector_builder.good import ALL, ONE, one_key
from tests.vector_builder.vector import Vector, opened, outcome
from tests.vector_builder.world import (
    IMMIGRATION,
    POLICE,
    derived,
    federation,
    key,
    receiving_seed,
    signer,
    signing_key,
)
from tests.vector_builder.writing import Writer, keys_writer, short_alert, unit, wrap, wrapping

if TYPE_CHECKING:
    from collections.abc import Iterator

    from broker.ports import DataKey
    from broker.stages import Fetched

DAY: Final = key("wrapping key of the day")
LARGEST: Final = 9_999_999_999_999_999


def good_streams() -> Iterator[Vector]:
    """Make them."""
    yield _keys_then_event()
    yield _own_keys()
    yield _unit_first()
    yield _erased()
    yield _new_lane()
    yield _gap(filled=False)
    yield _gap(filled=True)
    yield _resent()
    yield _largest_numbers()


def _gives(record: Fetched, kind: str, secret: DataKey) -> dict[str, Any]:
    return outcome(kind, record, key_id=secret.key_id.hex(), key=secret.key.hex())


def _keys_then_event() -> Vector:
    name = "keys-then-event"
    keys = keys_writer(name, IMMIGRATION)
    day = wrapping("wrapping key of the day", recipient=IMMIGRATION, hpke="for immigration")
    records = keys.seal(wrap(day), unit(ALL, day, writer=keys))
    writer = Writer(name)
    inside = short_alert(IMMIGRATION)
    (alert,) = writer.seal(writer.write(inside, one_key(inside)))
    return Vector(
        name=name,
        description="A wrapping key, a data key under it, and an alert that opens with it; the reader began with none.",
        receiving=(receiving_seed(IMMIGRATION),),
        records=(*records, alert),
        expect=(
            _gives(records[0], "wrapping-key", DAY),
            _gives(records[1], "data-key", ALL),
            opened(alert, inside.cover, inside.parts),
        ),
        good=True,
    )


def _own_keys() -> Vector:
    name = "keys-for-oneself"
    keys = keys_writer(name, POLICE)
    day = wrapping("wrapping key of the day", recipient=POLICE, hpke="for the police themselves")
    records = keys.seal(wrap(day), unit(ALL, day, writer=keys, number=999_999_999_999_999))
    return Vector(
        name=name,
        description="A source gives its keys to itself, to open what it sent; the largest number of a unit.",
        reader=POLICE,
        receiving=(receiving_seed(POLICE),),
        records=records,
        expect=(_gives(records[0], "wrapping-key", DAY), _gives(records[1], "data-key", ALL)),
        good=True,
    )


def _unit_first() -> Vector:
    name = "key-before-its-wrapping-key"
    keys = keys_writer(name, IMMIGRATION)
    day = wrapping("wrapping key of the day", recipient=IMMIGRATION, hpke="for immigration")
    first, second = keys.seal(unit(ALL, day, writer=keys), wrap(day))
    waits = outcome("waits", first, key_id=DAY.key_id.hex(), then=_gives(first, "data-key", ALL))
    return Vector(
        name=name,
        description="Key records need no order: a data key waits for the wrapping key that it lies under.",
        receiving=(receiving_seed(IMMIGRATION),),
        records=(first, second),
        expect=(waits, _gives(second, "wrapping-key", DAY) | {"releases": [0]}),
        good=True,
    )


def _erased() -> Vector:
    name = "keys-erased"
    keys = keys_writer(name, IMMIGRATION)
    day = wrapping("wrapping key of the day", recipient=IMMIGRATION, hpke="for immigration")
    wrapped, given = wrap(day), unit(ALL, day, writer=keys)
    records = keys.seal(
        wrapped, given, keys.key_record(given.key or b"", None), keys.key_record(wrapped.key or b"", None)
    )
    again = unit(ONE, day, writer=keys, number=2)
    later = keys.seal(again)
    return Vector(
        name=name,
        description="Nulls clean the log and change nothing at the reader: what is held is kept, and still of use.",
        receiving=(receiving_seed(IMMIGRATION),),
        records=(*records, *later),
        expect=(
            _gives(records[0], "wrapping-key", DAY),
            _gives(records[1], "data-key", ALL),
            outcome("erased", records[2]),
            outcome("erased", records[3]),
            _gives(later[0], "data-key", ONE),
        ),
        good=True,
    )


def _new_lane() -> Vector:
    name = "lanes"
    writer = Writer(name)
    inside = short_alert(IMMIGRATION)
    sealed = [writer.write(inside, one_key(inside)) for _ in range(4)]
    records = list(writer.seal(*sealed[:2]))
    writer.new_lane()
    records += writer.seal(sealed[2])
    writer.new_lane()
    records += writer.seal(sealed[3], by=signer(POLICE, 2))
    return Vector(
        name=name,
        description="Two starts of a relay, the second with a new signing key: each lane continues the numbering.",
        federation=federation(signing_key(POLICE, 1), signing_key(POLICE, 2)),
        data_keys=((POLICE, ALL),),
        records=tuple(records),
        expect=tuple(opened(record, inside.cover, inside.parts) for record in records),
        good=True,
    )


def _alerts(name: str, count: int) -> tuple[list[Fetched], list[dict[str, Any]]]:
    writer = Writer(name)
    inside = short_alert(IMMIGRATION)
    records = [writer.seal(writer.write(inside, one_key(inside)))[0] for _ in range(count)]
    return records, [opened(record, inside.cover, inside.parts) for record in records]


def _gap(*, filled: bool) -> Vector:
    name = "gap-filled" if filled else "gap-open"
    records, entries = _alerts(name, 4)
    held = [outcome("held", records[at]) for at in (2, 3)]
    if filled:
        held = [each | {"then": entries[at]} for each, at in zip(held, (2, 3), strict=True)]
    return Vector(
        name=name,
        description="Records 1, 3 and 4, then 2: it releases those that waited."
        if filled
        else "Records 1, 3 and 4: what lies behind the gap waits. It is no fault of theirs.",
        data_keys=((POLICE, ALL),),
        records=(records[0], records[2], records[3], *([records[1]] if filled else [])),
        expect=(entries[0], *held, *([entries[1] | {"releases": [1, 2]}] if filled else [])),
        good=True,
    )


def _resent() -> Vector:
    name = "sent-again"
    (first, second), entries = _alerts(name, 2)
    again = [outcome("resent", record) for record in (first, second)]
    return Vector(
        name=name,
        description="After a crash a relay publishes the very same records again, at other offsets.",
        data_keys=((POLICE, ALL),),
        records=(first, second, replace(first, offset=2), replace(second, offset=3)),
        expect=(*entries, *again),
        good=True,
    )


def _largest_numbers() -> Vector:
    name = "largest-sequence"
    writer = Writer(name, topic=area_topic("outreach"))
    writer.head = StreamHead(sequence=LARGEST - 1, leaf=Leaf(derived("a leaf before")))
    inside = short_alert(IMMIGRATION)
    (record,) = writer.seal(writer.write(inside, one_key(inside)))
    return Vector(
        name=name,
        description="The last place that a stream has, on another area's topic.",
        data_keys=((POLICE, ALL),),
        records=(record,),
        expect=(opened(record, inside.cover, inside.parts),),
        followed=False,
        good=True,
    )
