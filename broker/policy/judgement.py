"""What the agreements say of one event: may it be sent at all, and what may each recipient have of it.

The one engine behind `clear`, `admit` and `explain`. Total: whatever is asked gets a grant or a refusal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from broker.errors import ForbiddenError
from broker.names import EventId
from broker.policy.agreement import Agreement, Grant, Refusal
from broker.policy.conditions import Asked
from broker.stages import Checked

if TYPE_CHECKING:
    from broker.names import AgencyId
    from broker.policy.rules import Rules
    from broker.ports import Cause
    from broker.stages import Opened
    from schemas.base import OpenPart
    from schemas.catalogue import EventKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """The agreements under which an event may be sent, or the refusal that came closest to one."""

    agreements: tuple[Agreement, ...]
    refusal: Refusal | None

    def of_recipient(self, asked: Asked, recipient: AgencyId, rules: Rules) -> Grant | Refusal:
        """Say what a recipient may have: the first agreement that lets it have the event decides."""
        if self.refusal is not None:
            return self.refusal
        role = rules.roles.get(recipient)
        if role is None:
            return Refusal(code="forbidden.unknown-agency")
        refusals = []
        for agreement in self.agreements:
            found = agreement.judge_recipient(asked, recipient, role)
            if isinstance(found, Grant):
                return found
            refusals.append(found)
        return _closest(refusals)

    def remembered(self, opened: OpenPart) -> bool:
        """Say whether it holds for every event like this one; not where it depends on the event that is answered."""
        return not opened.is_answer() and all(one.remembered for one in self.agreements)


def asked_about(
    event: Checked | Opened,
    opened: OpenPart,
    rules: Rules,
    causes: Mapping[EventId, Cause],
    *,
    recipients: frozenset[AgencyId],
    named: frozenset[AgencyId],
    sending: bool,
) -> Asked:
    """Say what the agreements may know of an event; `opened` is its open part.

    Raises:
        ForbiddenError: the source is not in the federation.
    """
    role = rules.roles.get(event.source)
    if role is None:
        raise ForbiddenError("forbidden.source")
    attributes = event.attributes
    return Asked(
        type=event.kind.type,
        source=event.source,
        source_role=role,
        purpose=attributes["purpose"],
        basis=attributes["basis"],
        lawref=attributes["lawref"],
        day=attributes["time"][:10],
        subject=attributes.get("subject"),
        open=opened,
        cause=causes.get(EventId(attributes.get("causationid", ""))),
        known=causes,
        kept_from=rules.kept_from(_kept_from(event)),
        recipients=recipients,
        named=named,
        sending=sending,
    )


def _kept_from(event: Checked | Opened) -> frozenset[str]:
    """Return whom the event says to keep away; of one that has come, once the parts that say so have opened."""
    if isinstance(event, Checked):
        return event.data.kept_from()
    whole = event.kind.assembled(event.open, {name: part.model for name, part in event.parts.items()})
    return frozenset() if whole is None else whole.kept_from()


def judge(asked: Asked, kind: EventKind, dataschema: str, rules: Rules) -> Judgement:
    """Say under which agreements an event may be sent by its source.

    Args:
        asked: the event, as the agreements may know it.
        kind: its type.
        dataschema: the schema that it names.
        rules: of the federation in force.
    """
    agreements = rules.agreements_on(kind.type)
    if not agreements:
        return _refused(Refusal(code="forbidden.type"))
    if dataschema not in rules.dataschemas.get(kind.type, frozenset()):
        return _refused(Refusal(code="forbidden.dataschema"))
    passing, refusals = [], []
    for agreement in agreements:
        refusal = agreement.refuse_event(asked)
        if refusal is None:
            passing.append(agreement)
        else:
            refusals.append(refusal)
    if not passing:
        return _refused(_closest(refusals))
    if asked.sending and asked.cause is None and asked.open.is_answer():
        return _refused(Refusal(code="forbidden.cause-unknown", agreement=passing[0].id, clause="answers"))
    return Judgement(agreements=tuple(passing), refusal=None)


def on_area_topic(judgement: Judgement, grants: Mapping[AgencyId, Grant], readers: frozenset[AgencyId]) -> bool:
    """Say whether all readers of the area's topic may have the event there (DESIGN.md §9)."""
    if not readers or not any(agreement.topic_roles for agreement in judgement.agreements):
        return False
    return all((grant := grants.get(reader)) is not None and grant.on_topic for reader in readers)


def _refused(refusal: Refusal) -> Judgement:
    return Judgement(agreements=(), refusal=refusal)


def _closest(refusals: list[Refusal]) -> Refusal:
    # max() keeps the first of equals: the order of the file decides.
    return max(refusals, key=lambda refusal: refusal.steps, default=Refusal(code="forbidden.type"))
