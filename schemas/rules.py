"""Which rules can refuse an event of a type beyond what JSON Schema says: gathered from where they are stated.

A model states the codes of its own rules (`Model.rules`), an annotation those of its own; a test reads the source and
finds them all (`tests.rule_codes`).
"""

from collections.abc import Iterator
from typing import get_args

from schemas.base import EventData, Model
from schemas.scalars import Unique


def rules_of(data: type[EventData]) -> frozenset[str]:
    """Gather the rules of a type: its own, and those of its parts and of all that they hold.

    Args:
        data: the type's data model.

    Returns:
        Codes, as `schemas.base.refuse` has them.
    """
    return frozenset(_stated(data))


def _stated(said: object) -> Iterator[str]:
    """What a type, or one of its annotations, states; then what is within."""
    if isinstance(said, type) and issubclass(said, Model):
        for each in said.__mro__:
            yield from vars(each).get("rules", ())
        for field in said.model_fields.values():
            for inner in (field.annotation, *field.metadata):
                yield from _stated(inner)
    elif isinstance(said, Unique):
        yield from said.rules
    for inner in get_args(said):
        yield from _stated(inner)
