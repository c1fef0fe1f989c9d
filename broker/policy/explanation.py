"""Why: would the agreements let an agency have an event, by which agreement and clause, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from broker.codes import text_of
from broker.errors import ForbiddenError
from broker.policy.agreement import Grant, Refusal
from broker.policy.judgement import asked_about, judge
from broker.policy.outgoing import asked_of
from broker.stages import Checked

if TYPE_CHECKING:
    from broker.names import AgencyId, EventId, PartName
    from broker.policy.conditions import Asked
    from broker.policy.rules import Rules
    from broker.ports import Cause
    from broker.stages import Opened


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Whether an agency may have an event, and why, in both languages."""

    agency: AgencyId
    allowed: bool
    compartments: frozenset[PartName]
    """What it may open beside the cover, where the event has it."""
    code: str
    agreement: str
    clause: str
    sentence_id: str
    sentence_en: str


def explain(event: Checked | Opened, agency: AgencyId, rules: Rules, causes: Mapping[EventId, Cause]) -> Decision:
    """Say what the agreements decide about an event and an agency, as its sender's node would, without sending.

    Args:
        event: one that is to be sent, or that was, as one of its recipients opened it.
        agency: another than the source. One that is not in the audience is asked about as if it were named, too; of an
            event that was sent, whose copies do not name each other's readers, as if it were named alone.
        rules: of the federation in force.
        causes: what the sender's node knows of the events that are answered, by id.
    """
    try:
        asked = _asked(event, agency, rules, causes)
    except ForbiddenError as error:
        return _decision(agency, Refusal(code=error.code))
    judgement = judge(asked, event.kind, event.attributes["dataschema"], rules)
    return _decision(agency, judgement.of_recipient(asked, agency, rules))


def _asked(event: Checked | Opened, agency: AgencyId, rules: Rules, causes: Mapping[EventId, Cause]) -> Asked:
    alone = frozenset({agency})
    if isinstance(event, Checked):
        asked = asked_of(event, rules, causes)
        if agency in asked.recipients:
            return asked
        return replace(asked, recipients=asked.recipients | alone, named=asked.named | alone)
    # Where an agreement says so, each copy names its own reader alone: asked is what would be if it named this one.
    narrowed = {name: (agency,) for one in rules.agreements_on(event.kind.type) for name in one.narrowed}
    opened = event.open.model_copy(update=narrowed)
    return asked_about(event, opened, rules, causes, recipients=alone, named=alone, sending=True)


def _decision(agency: AgencyId, found: Grant | Refusal) -> Decision:
    code, compartments = ("allowed.agreement", found.compartments) if isinstance(found, Grant) else (found.code, None)
    text = text_of(code)
    return Decision(
        agency=agency,
        allowed=compartments is not None,
        compartments=compartments or frozenset(),
        code=code,
        agreement=found.agreement,
        clause=found.clause,
        sentence_id=text.id,
        sentence_en=text.en,
    )
