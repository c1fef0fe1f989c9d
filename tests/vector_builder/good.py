"""The good records: events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from broker.names import AgencyId, Topic, area_topic, mail_topic
from broker.ports import DataKey
from schemas.catalogue import find
from tests.vector_builder.vector import Vector, opened, outcome
from tests.vector_builder.world import (
    IMMIGRATION,
    MIGRANT_WORKERS,
    NOT_AFTER,
    NOT_BEFORE,
    POLICE,
    SOCIAL_SERVICES,
    federation,
    key,
    signer,
    signing_key,
)
from tests.vector_builder.writing import Event, Writer, compact, event, frozen, short_alert

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from broker.stages import Fetched

ALL: Final = key("all readers of a case")
SOME: Final = key("some readers of a case")
ONE: Final = key("one reader of a case")
_TOPICS: Final = {"alert", "intel"}


def one_key(inside: Event, data_key: DataKey = ALL) -> dict[str, DataKey]:
    """Return the same key for each part of an event."""
    return dict.fromkeys(("cover", *inside.parts), data_key)


def good_events() -> Iterator[Vector]:
    """Make them."""
    yield from _batches()
    yield from _catalogue()
    yield _readers()
    yield _withheld()
    yield _closed()
    yield _non_ascii()
    yield from _borders()
    yield _spread_out()
    yield from _odd_agencies()
    yield _validity()


def single(
    name: str,
    description: str,
    inside: Event,
    *,
    keys: Mapping[str, DataKey] | None = None,
    held: tuple[DataKey, ...] = (ALL,),
    topic: Topic = area_topic("alert"),  # noqa: B008 - a constant
    source: AgencyId = POLICE,
    reader: AgencyId = IMMIGRATION,
) -> Vector:
    """Return a vector of one event, each part under the key that is given (one for all, if none is)."""
    used = keys or one_key(inside)
    writer = Writer(name, source=source, topic=topic)
    (record,) = writer.seal(writer.write(inside, used))
    can_open = {part: text for part, text in inside.parts.items() if used[part] in held}
    closed = tuple(part for part in inside.parts if part not in can_open)
    if used["cover"] in held:
        expected = opened(record, inside.cover, can_open, closed)
    else:
        expected = outcome("closed", record, key_id=used["cover"].key_id.hex())
    return Vector(
        name=name,
        description=description,
        reader=reader,
        federation=federation(signing_key(source)),
        data_keys=tuple((source, each) for each in held),
        records=(record,),
        expect=(expected,),
        good=True,
    )


def _batches() -> Iterator[Vector]:
    yield single("batch-of-one", "An alert alone in its batch: the path is empty.", short_alert(IMMIGRATION))
    for size in (2, 3, 5):
        yield _batch(f"batch-of-{size}", size, tuple(range(size)))
    yield _batch("batch-of-256", 256, (0, 1, 127, 128, 254, 255))
    yield _batch("batch-of-200", 200, (191, 192, 199))


def _batch(name: str, size: int, stored: tuple[int, ...]) -> Vector:
    writer = Writer(name)
    inside = [short_alert(IMMIGRATION, id=_event_id(at)) for at in range(size)]
    records = writer.seal(*(writer.write(each, one_key(each)) for each in inside))
    return Vector(
        name=name,
        description=f"{size} alerts under one signature" + (", some of them." if len(stored) < size else "."),
        data_keys=((POLICE, ALL),),
        records=tuple(records[at] for at in stored),
        expect=tuple(opened(records[at], inside[at].cover, inside[at].parts) for at in stored),
        followed=len(stored) == size,
        good=True,
    )


def _event_id(at: int) -> str:
    return f"5f1b1a0e-6f0e-8c56-9d39-{at:012x}"


def _catalogue() -> Iterator[Vector]:
    """One event of each type, as its example has it."""
    for kind, known in frozen("events.json").items():
        group, fact = kind.split(".")[2:4]
        area = find(kind).area
        source = AgencyId(known["source"])
        reader = SOCIAL_SERVICES if source in {POLICE, IMMIGRATION} and area == "referral" else IMMIGRATION
        if source == reader:
            reader = POLICE
        yield single(
            f"type-{group}-{fact}",
            f"An event of the type {kind}, to one reader who opens every part.",
            event(kind, to=[reader]),
            topic=area_topic(area) if area in _TOPICS else mail_topic(source, reader),
            source=source,
            reader=reader,
        )


def _readers() -> Vector:
    inside = event("id.simpul.referral.requested.v1", to=[SOCIAL_SERVICES])
    return single(
        "compartments-under-three-keys",
        "Parts under three keys, of which the reader holds two: what it may not open stays closed, the rest opens.",
        inside,
        keys={"cover": ALL, "identity": SOME, "narrative": SOME, "place": ALL, "safe_contact": ONE},
        held=(ALL, SOME),
        source=IMMIGRATION,
        reader=SOCIAL_SERVICES,
        topic=mail_topic(IMMIGRATION, SOCIAL_SERVICES),
    )


def _withheld() -> Vector:
    return single(
        "part-withheld",
        "A mailbox copy whose reader is told that a compartment is withheld, and why.",
        event(to=[SOCIAL_SERVICES], withheld={"place": "withheld.agreement"}),
        reader=SOCIAL_SERVICES,
        topic=mail_topic(POLICE, SOCIAL_SERVICES),
    )


def _closed() -> Vector:
    return single(
        "cover-closed",
        "The key of the cover is not held (yet), though that of a compartment is.",
        short_alert(IMMIGRATION),
        keys={"cover": ONE, "narrative": ALL, "place": ONE},
    )


def _non_ascii() -> Vector:
    headline = "Céline Wijaya-Sørensen, Dwi Lestari Nainggolan, Ñurul Aïn; “jangan hubungi” 🚨"
    narrative = {
        "headline": headline,
        "description": "Bahasa Jawa ꦲꦏ꧀ꦱꦫ, 北京, العربية; keluarga 👩‍👧‍👦; decomposed e\u0301 is not é.",
    }
    return single(
        "not-ascii",
        "Names with diacritics, other scripts and emoji: lengths count bytes, texts are not normalised.",
        event(to=[IMMIGRATION], parts={"narrative": narrative}),
    )


def _borders() -> Iterator[Vector]:
    inside = short_alert(IMMIGRATION)
    for size, padded in ((254, 256), (255, 512)):
        room = size - len(compact({"headline": "x", "description": ""}))
        text = compact({"headline": "x", "description": "y" * room})
        yield single(
            f"part-of-{size}",
            f"A compartment of {size} bytes, padded to {padded}.",
            inside.with_parts(narrative=text),
        )
    text = b'{"headline":"x"' + b" " * (32_766 - 16) + b"}"
    yield single(
        "part-of-32766",
        "The largest part: JSON with much white space, padded to 32,768 bytes.",
        inside.with_parts(narrative=text),
    )


def _spread_out() -> Vector:
    inside = short_alert(IMMIGRATION)
    spread = inside.cover.replace(b'","', b'",\r\n\t"').replace(b'"17.09"', b'"\\u0031\\u0037.09"')
    return single(
        "cover-spread-out",
        "A cover with white space and escapes that no node writes: JSON is JSON, and the very text is kept.",
        Event(cover=spread, parts=inside.parts),
    )


def _odd_agencies() -> Iterator[Vector]:
    odd = {
        "agency-called-mail": (AgencyId("mail"), AgencyId("keys")),
        "agency-of-one-character": (AgencyId("0"), AgencyId("a")),
        "agency-of-63-characters": (AgencyId("a-" + "-" * 60 + "z"), AgencyId("9" * 63)),
    }
    for name, (source, reader) in odd.items():
        yield single(
            name,
            "Agency ids of an odd but allowed form.",
            short_alert(reader, source=f"urn:simpul:agency:{source}"),
            source=source,
            reader=reader,
            topic=mail_topic(source, reader),
        )


def _validity() -> Vector:
    """Both ends of a key's validity belong to it; versions and key numbers change from batch to batch."""
    name = "ends-of-validity"
    writer = Writer(name)
    inside = short_alert(IMMIGRATION)
    records: list[Fetched] = []
    for at, number, version in ((NOT_BEFORE, 1, 0), (NOT_AFTER, 2, 999_999_999_999_999)):
        sealed = writer.write(inside, one_key(inside))
        records += writer.seal(sealed, by=signer(POLICE, number), sealed_at=at, version=version)
        writer.new_lane()
    return Vector(
        name=name,
        description="Sealed in the first second of one key's validity and in the last of another's.",
        federation=federation(signing_key(POLICE, 1), signing_key(POLICE, 2), signing_key(MIGRANT_WORKERS)),
        data_keys=((POLICE, ALL),),
        records=tuple(records),
        expect=tuple(opened(record, inside.cover, inside.parts) for record in records),
        good=True,
    )
