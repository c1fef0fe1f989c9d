"""The step from Opened to Admitted: the recipient applies its own agreements to what a source has sent it.

Asked again, by the same engine: topic and audience, source, purpose and ground, conditions, and every part. Not asked:
conditions that only the sender can judge, and whether the seal holds (`broker.sealing.unseal` has seen to that).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from broker.errors import ForbiddenError
from broker.names import AgencyId, area_topic, mail_topic
from broker.policy.agreement import Grant
from broker.policy.judgement import Judgement, asked_about, judge
from broker.stages import Admitted
from schemas.envelope import NEVER_MENTIONED

if TYPE_CHECKING:
    from collections.abc import Hashable

    from broker.names import EventId
    from broker.policy.rules import Rules
    from broker.ports import Cause
    from broker.stages import Opened


def admit(opened: Opened, rules: Rules, *, reader: AgencyId, causes: Mapping[EventId, Cause]) -> Admitted:
    """Apply the agreements to an event that has come.

    Args:
        opened: a verified event whose cover opened.
        rules: of the reader's federation.
        reader: the agency of this node.
        causes: what this node knows of the events that are answered, by id.

    Returns:
        The event, to be delivered.

    Raises:
        ForbiddenError: no agreement lets the source send this, here, to this reader, with these parts.
    """
    attributes = opened.attributes
    type_name = opened.kind.type
    key: Hashable = (
        type_name,
        opened.source,
        reader,
        opened.verified.fetched.topic,
        opened.audience,
        attributes["purpose"],
        attributes["basis"],
        attributes["lawref"],
        attributes["time"][:10],
        attributes["dataschema"],
        opened.named,
        tuple(opened.withheld),
        tuple(opened.parts),
        rules.fields_asked(type_name)(opened.open),
    )
    if rules.incoming.get(key) is None and _judge(opened, rules, reader, causes):
        rules.incoming.put(key, True)  # noqa: FBT003 - only what was admitted is remembered
    return Admitted(opened=opened)


def _judge(opened: Opened, rules: Rules, reader: AgencyId, causes: Mapping[EventId, Cause]) -> bool:
    """Raise, or say whether the decision may be remembered."""
    if opened.source == reader:
        raise ForbiddenError("forbidden.source")
    asked = asked_about(
        opened, opened.open, rules, causes, recipients=frozenset(opened.audience), named=frozenset(), sending=False
    )
    judgement = judge(asked, opened.kind, opened.attributes["dataschema"], rules)
    if judgement.refusal is not None:
        refusal = judgement.refusal
        raise ForbiddenError(refusal.code, agreement=refusal.agreement, clause=refusal.clause)
    on_topic = _require_place(opened, rules, reader)
    grant = judgement.of_recipient(asked, reader, rules)
    if not isinstance(grant, Grant):
        outwards = grant.outwards()
        raise ForbiddenError(outwards.code, agreement=outwards.agreement, clause=outwards.clause)
    if on_topic and not grant.on_topic:
        raise ForbiddenError("forbidden.topic", agreement=grant.agreement, clause="topic")
    _require_parts(opened, judgement, grant, on_topic=on_topic)
    _require_narrowed(opened, judgement)
    return judgement.remembered(opened.open)


def _require_place(opened: Opened, rules: Rules, reader: AgencyId) -> bool:
    """Refuse a topic or an audience that is not the event's; say whether it came on its area's topic."""
    topic = opened.verified.fetched.topic
    if reader not in opened.audience:  # an empty audience too
        raise ForbiddenError("forbidden.not-addressed", clause="audience")
    if topic == mail_topic(opened.source, reader):
        if opened.audience != (reader,):
            raise ForbiddenError("forbidden.audience", clause="audience")
        return False
    if topic != area_topic(opened.kind.area) or not rules.may_write(opened.source, topic):
        raise ForbiddenError("forbidden.topic", clause="topic")
    if not rules.topic_readers(opened.kind.area, opened.source).issuperset(opened.audience):
        raise ForbiddenError("forbidden.audience", clause="audience")
    return True


def _require_parts(opened: Opened, judgement: Judgement, grant: Grant, *, on_topic: bool) -> None:
    """Refuse parts that the reader, or everybody who reads this topic, may not have; and silence about one."""
    allowed = grant.compartments
    if on_topic:
        clauses = (clause for one in judgement.agreements for clause in one.recipients if clause.on_topic)
        allowed = allowed.union(*(clause.compartments for clause in clauses))
    if not (allowed.issuperset(opened.named) and grant.compartments.issuperset(opened.parts)):
        raise ForbiddenError("forbidden.part", agreement=grant.agreement, clause=grant.clause)
    # What every event of the type has is here or said to be withheld: else nobody would ask the rules that bind it.
    owed, told = opened.kind.required - NEVER_MENTIONED, {*opened.named, *opened.withheld}
    if on_topic:  # where one copy is for all, nothing is said of what only some may not have
        owed, told = owed & grant.compartments, set(opened.named)
    if not owed <= told:
        raise ForbiddenError("forbidden.part-missing", agreement=grant.agreement, clause=grant.clause)


def _require_narrowed(opened: Opened, judgement: Judgement) -> None:
    for agreement in judgement.agreements:
        for name in agreement.narrowed:
            if not set(getattr(opened.open, name)).issubset(opened.audience):
                raise ForbiddenError("forbidden.not-narrowed", agreement=agreement.id, clause="narrowed")
