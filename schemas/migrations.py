"""Turns the `data` of an event into that of a later major version of its type: pure functions, one for each step.

A node reads and delivers each major as what it is. Migrations are for whoever keeps old events beside new ones and
wants one form of them: an adapter that reads a store of years again, a console that shows it (ADR 0012). What was
sealed is never rewritten, and a migrated value is never sent.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

Data = dict[str, Any]
Step = Callable[[Data], Data]
"""Takes the open part and those compartments that opened, by name; returns new ones, and leaves what it takes alone."""

STEPS: Final[Mapping[str, tuple[str, Step]]] = MappingProxyType({})
"""Type in full to the type of the next major version and the step to it. No type has a second major version yet."""


class NoWayError(LookupError):
    """No steps lead from one type to the other. Says nothing of the names, which may have come from outside."""

    def __init__(self) -> None:
        super().__init__("no migration leads from the one type to the other")


def migrate(data: Data, start: str, end: str, *, steps: Mapping[str, tuple[str, Step]] = STEPS) -> Data:
    """Bring the data of an event to a later major version.

    Args:
        data: the open part and those compartments that opened, by name, as plain JSON.
        start: the event's type in full.
        end: the same type at the same or a later major version.
        steps: by type, the type that follows and the way to it.

    Returns:
        Data of the type `end`; compartments that are closed stay away.

    Raises:
        NoWayError: the steps do not lead there.
    """
    while start != end:
        if start not in steps:
            raise NoWayError
        start, step = steps[start]
        data = step(data)
    return data


def before(type_name: str) -> str | None:
    """Name the major version before a type's; None for a first one.

    Args:
        type_name: the type in full.
    """
    fact, _, major = type_name.rpartition(".v")
    return f"{fact}.v{int(major) - 1}" if int(major) > 1 else None
