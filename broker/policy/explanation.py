"""Why: for every recipient and every part, what was decided, by which agreement and clause, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from broker.codes import text_of
from broker.errors import ForbiddenError
from broker.names import COVER, AgencyId, EventId, PartName
from broker.policy.agreement import Grant, Refusal
from broker.policy.judgement import judge
from broker.policy.outgoing import asked_of

if TYPE_CHECKING:
    from broker.policy.rules import Rules
    from broker.ports import Cause
    from broker.stages import Checked


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Whether one recipient may have one part, and why, in both languages.

    `recipient` is empty where the event as a whole is refused before any recipient is looked at.
    """

    recipient: AgencyId | None
    part: PartName
    allowed: bool
    code: str
    agreement: str
    clause: str
    sentence_id: str
    sentence_en: str


def explain(checked: Checked, rules: Rules, causes: Mapping[EventId, Cause]) -> list[Decision]:
    """Say what the agreements decide about an event that is to be sent, without sending it.

    Args:
        checked: an event that the catalogue accepts.
        rules: of the federation in force.
        causes: what this node knows of the events that are answered, by id.

    Returns:
        For every recipient, sorted, the cover and then each compartment that the event has.
    """
    try:
        asked = asked_of(checked, rules, causes)
    except ForbiddenError as error:
        return [_decision(None, COVER, Refusal(code=error.code))]
    judgement = judge(asked, checked.kind, checked.attributes["dataschema"], rules)
    if not asked.recipients:
        return [_decision(None, COVER, judgement.refusal or Refusal(code="forbidden.nobody"))]
    decisions = []
    for recipient in sorted(asked.recipients):
        found = judgement.of_recipient(asked, recipient, rules)
        decisions.append(_decision(recipient, COVER, found))
        decisions.extend(_decision(recipient, name, _of_part(found, name)) for name in checked.compartments)
    return decisions


def _of_part(found: Grant | Refusal, name: PartName) -> Grant | Refusal:
    if isinstance(found, Grant) and name not in found.compartments:
        return Refusal(code="withheld.agreement", agreement=found.agreement, clause=found.clause)
    return found


def _decision(recipient: AgencyId | None, part: PartName, found: Grant | Refusal) -> Decision:
    code = "allowed.agreement" if isinstance(found, Grant) else found.code
    text = text_of(code)
    return Decision(
        recipient=recipient,
        part=part,
        allowed=isinstance(found, Grant),
        code=code,
        agreement=found.agreement,
        clause=found.clause,
        sentence_id=text.id,
        sentence_en=text.en,
    )
