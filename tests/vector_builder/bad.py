"""What bad vectors are made of: a proper record, one fault, and the code and step that must refuse it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.vector_builder.good import ALL, ONE, SOME, one_key
from tests.vector_builder.vector import Vector, refused, verified
from tests.vector_builder.world import IMMIGRATION, MIGRANT_WORKERS, POLICE, federation, signing_key
from tests.vector_builder.writing import ALERT_TOPIC, Event, Writer, short_alert

if TYPE_CHECKING:
    from broker.names import Topic
    from broker.stages import Fetched

HELD = (ALL, SOME, ONE)


def alert(topic: Topic = ALERT_TOPIC, *, inside: Event | None = None, label: str = "bad") -> Fetched:
    """Return a proper alert, alone in its batch, the first of its stream."""
    writer = Writer(label, topic=topic)
    used = inside or short_alert(IMMIGRATION)
    (record,) = writer.seal(writer.write(used, one_key(used)))
    return record


def alerts(count: int, *, label: str = "bad") -> tuple[Fetched, ...]:
    """Return alerts in one batch."""
    writer = Writer(label)
    inside = short_alert(IMMIGRATION)
    return writer.seal(*(writer.write(inside, one_key(inside)) for _ in range(count)))


def bad(
    name: str, description: str, code: str, step: int, *records: Fetched, before: tuple[Any, ...] = (), **given: Any
) -> Vector:
    """Return a vector whose last record is refused.

    Args:
        name: the fault.
        description: what is wrong, in a sentence.
        code: the code of wire.md §11.
        step: the step of wire.md §10.
        records: the records; the last one is at fault.
        before: what is expected of those before it.
        given: other fields of the vector.
    """
    proven = {"verified": verified(records[-1])} if step >= 8 else {}
    members: dict[str, Any] = {
        "followed": bool(before) or step == 8,
        "federation": federation(signing_key(POLICE), signing_key(MIGRANT_WORKERS)),
        "data_keys": tuple((POLICE, each) for each in HELD),
    } | given
    return Vector(
        name=name,
        description=description,
        records=records,
        expect=(*before, refused(code, step) | proven),
        good=False,
        **members,
    )
