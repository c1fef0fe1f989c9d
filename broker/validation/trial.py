"""Tries drafts without a node: those that a person hands in, and those that ship with the catalogue.

A draft is checked by the very function that a node checks it with, as its own source would. Nothing is cleared, sealed
or kept: whether an agreement would let it go is another question.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import orjson

from broker.errors import Fault, InvalidEventError
from broker.names import AgencyId, source_agency
from broker.stages import Draft, Origin
from broker.validation.drafts import check
from schemas.shipped import Counterexample, counterexamples, example

if TYPE_CHECKING:
    from schemas.catalogue import EventKind

_ORIGIN: Final = Origin(system="draft", record_id="draft")
_NOBODY: Final = AgencyId("nobody")
_NO_SECRET: Final = bytes(32)  # what ids are derived under; nothing derived here leaves


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    """A counterexample that was accepted, or refused otherwise than it says."""

    counterexample: Counterexample
    found: tuple[Fault, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """How the shipped drafts of a type fared.

    Args:
        kind: the type.
        faults: what is wrong with the example; nothing, if it holds.
        refused: counterexamples that were refused as they say.
        wrong: those that were not.
    """

    kind: EventKind
    faults: tuple[Fault, ...]
    refused: tuple[Counterexample, ...]
    wrong: tuple[Wrong, ...]

    @property
    def holds(self) -> bool:
        """Whether all is as it says."""
        return not self.faults and not self.wrong


def tried(body: bytes) -> tuple[Fault, ...]:
    """Check a draft.

    Args:
        body: CloudEvents JSON.

    Returns:
        What is wrong with it; nothing, if a node would take it.
    """
    try:
        check(Draft(origin=_ORIGIN, body=body), source=_source(body), secret=_NO_SECRET)
    except InvalidEventError as error:
        return error.faults or (Fault(code=error.code, path=""),)
    return ()


def trial_of(kind: EventKind) -> Trial:
    """Try the example of a type and all of its counterexamples.

    Args:
        kind: the type.
    """
    good = example(kind.type)
    refused: list[Counterexample] = []
    wrong: list[Wrong] = []
    for one in counterexamples(kind.type):
        found = tried(orjson.dumps(one.spoil(orjson.loads(good))))
        if set(found) == {Fault(code=one.code, path=one.path)}:
            refused.append(one)
        else:
            wrong.append(Wrong(counterexample=one, found=found))
    return Trial(kind=kind, faults=tried(good), refused=tuple(refused), wrong=tuple(wrong))


def _source(body: bytes) -> AgencyId:
    """Return the agency that a draft says it is from, so that this alone is no fault."""
    try:
        return source_agency(orjson.loads(body)["source"])
    except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError, ValueError):
        return _NOBODY
