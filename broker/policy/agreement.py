"""One agreement as it is asked: first about the sender, then about each recipient. Deny is the default.

A refusal carries how far it came, so that of several agreements the closest can be named.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from broker.policy.conditions import KEPT_FROM

if TYPE_CHECKING:
    from collections.abc import Iterable

    from broker.names import AgencyId, PartName
    from broker.policy.conditions import Asked, Condition


ANY: Final = "any"
"""Answers whatever event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An agreement said no: which, by which clause, called what, and how far it came."""

    code: str
    agreement: str = ""
    clause: str = ""
    steps: int = 0

    def outwards(self) -> Refusal:
        """Return what may be said of it where others may read it: who is kept from an event looks like any stranger."""
        if self.code != KEPT_FROM:
            return self
        return Refusal(code="forbidden.recipient", agreement=self.agreement, clause="recipient", steps=self.steps)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """An agreement lets a recipient have an event with some compartments; `on_topic` as a reader of the area."""

    agreement: str
    clause: str
    compartments: frozenset[PartName]
    on_topic: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """Some roles, under conditions that must all hold. What they may open, if they are recipients."""

    name: str
    roles: frozenset[str]
    conditions: tuple[Condition, ...] = ()
    compartments: frozenset[PartName] = frozenset()
    on_topic: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """A rule about one type: who may send it to whom, which compartments, for what, on what ground, until when."""

    id: str
    type: str
    text_id: str
    text_en: str
    purposes: frozenset[str]
    bases: frozenset[str]
    lawrefs: frozenset[str]
    valid_until: str
    """UTC day, `YYYY-MM-DD`; the last on which an event may have happened."""
    answers: str
    """The type of event that it answers, or ANY; empty if it answers none."""
    narrowed: tuple[str, ...]
    """Attributes of the open part that on each copy name only that copy's readers."""
    narrowed_to_known: tuple[str, ...]
    """Attributes of the open part that on each copy name only events that its reader sent or received."""
    applies: tuple[Condition, ...]
    senders: tuple[Clause, ...]
    recipients: tuple[Clause, ...] = field(repr=False)

    @property
    def topic_roles(self) -> frozenset[str]:
        """The roles that read the type on its area's topic."""
        return frozenset().union(*(clause.roles for clause in self.recipients if clause.on_topic))

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """Every condition that it makes."""
        clauses = (*self.senders, *self.recipients)
        return (*self.applies, *(condition for clause in clauses for condition in clause.conditions))

    @property
    def remembered(self) -> bool:
        """Whether its decisions may be remembered: it looks at no other event, nor at what no two have in common."""
        return not self.answers and all(condition.remembered for condition in self.conditions)

    def refuse_event(self, asked: Asked) -> Refusal | None:
        """Say why this agreement does not let the sender send the event to anybody; None if it does."""
        code, clause, steps = self._against_event(asked)
        return Refusal(code=code, agreement=self.id, clause=clause, steps=steps) if code else None

    def judge_recipient(self, asked: Asked, recipient: AgencyId, role: str) -> Grant | Refusal:
        """Say what a recipient may have of an event that the sender may send."""
        closest: Refusal | None = None
        for clause in self.recipients:
            if role not in clause.roles:
                continue
            code, failed = _first_failure(clause.conditions, asked, recipient)
            if not code:
                return Grant(
                    agreement=self.id,
                    clause=clause.name,
                    compartments=clause.compartments,
                    on_topic=clause.on_topic,
                )
            closest = closest or Refusal(code=code, agreement=self.id, clause=f"{clause.name}: {failed}", steps=10)
        return closest or Refusal(code="forbidden.recipient", agreement=self.id, clause="recipient", steps=9)

    def _against_event(self, asked: Asked) -> tuple[str, str, int]:
        code, failed = _first_failure(self.applies, asked, asked.source)
        if code:
            return "forbidden.not-covered", f"applies: {failed}", 1
        clauses = [clause for clause in self.senders if asked.source_role in clause.roles]
        if not clauses:
            return "forbidden.sender", "sender", 2
        checks = (
            (asked.day <= self.valid_until, "forbidden.expired", "valid_until"),
            (asked.purpose in self.purposes, "forbidden.purpose", "purposes"),
            (asked.basis in self.bases, "forbidden.basis", "bases"),
            (asked.lawref in self.lawrefs, "forbidden.lawref", "lawrefs"),
        )
        for steps, (holds, code, clause) in enumerate(checks, start=3):
            if not holds:
                return code, clause, steps
        code = self._against_cause(asked)
        if code:
            return code, "answers", 7
        return (*_against_sender(clauses, asked), 8)

    def _against_cause(self, asked: Asked) -> str:
        cause = asked.cause
        if not self.answers:
            return ""
        if cause is None:
            # A recipient of an answer need not have had the question, unless a condition below asks about it.
            return "forbidden.cause-unknown" if asked.sending else ""
        if self.answers not in (ANY, cause.type):
            return "forbidden.cause-type"
        return "" if cause.subject == asked.subject else "forbidden.subject"


def _against_sender(clauses: Iterable[Clause], asked: Asked) -> tuple[str, str]:
    first = "", ""
    for clause in clauses:
        code, failed = _first_failure(clause.conditions, asked, asked.source)
        if not code:
            return "", ""
        if not first[0]:
            first = code, f"{clause.name}: {failed}"
    return first


def _first_failure(conditions: Iterable[Condition], asked: Asked, recipient: AgencyId) -> tuple[str, str]:
    for condition in conditions:
        code = condition.failure(asked, recipient)
        if code:
            return code, condition.clause
    return "", ""
