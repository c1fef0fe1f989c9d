"""The step from Checked to Cleared: the agreements applied for every recipient and compartment, and topics chosen.

- A named recipient that is refused refuses the event; one that came from a role is left out and reported. The source
  is never a recipient. One for whom nothing can be sealed just now counts as refused.
- If the agreement names readers of the area's topic and all of them are in the audience, one record goes there, and
  one to the mailbox of each other recipient; otherwise mailboxes alone (DESIGN.md §9).
- A copy names only its own topic's readers, and holds only the parts that one of them may open.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import orjson

from broker.errors import ForbiddenError
from broker.names import COVER, AgencyId, EventId, PartName, Topic, area_topic, mail_topic
from broker.policy.agreement import Grant, Refusal
from broker.policy.conditions import known_to
from broker.policy.judgement import Judgement, asked_about, judge, on_area_topic
from broker.stages import Cleared, ClearedPart, Copy, LeftOut
from schemas.envelope import MAX_AUDIENCE, NEVER_MENTIONED

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from broker.policy.conditions import Asked
    from broker.policy.rules import Rules
    from broker.ports import Cause
    from broker.stages import Checked

WITHHELD: Final = "withheld.agreement"


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyPlan:
    """One copy of any event that is like another in all that the agreements ask."""

    topic: Topic
    audience: tuple[AgencyId, ...]
    audience_text: str
    readers: frozenset[AgencyId]
    parts: tuple[tuple[PartName, frozenset[AgencyId]], ...]
    beside_open: Mapping[str, object]
    """What stands in the cover's data beside the open part: names of the parts, and the withheld list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is done with such an event: its copies, and who is left out."""

    copies: tuple[CopyPlan, ...]
    left_out: tuple[LeftOut, ...]
    narrowed: tuple[str, ...]
    narrowed_to_known: tuple[str, ...]


def clear(checked: Checked, rules: Rules, causes: Mapping[EventId, Cause]) -> Cleared:
    """Apply the agreements to an event that is to be sent.

    Args:
        checked: an event that the catalogue accepts.
        rules: of the federation in force.
        causes: what this node knows of the events that it answers or names, by id.

    Returns:
        The event's copies, each with its topic, audience and parts, and the recipients left out.

    Raises:
        ForbiddenError: no agreement lets it be sent, or lets a named recipient have it, or nobody is left to send it
            to. `agreement` came closest and `clause` failed; `detail` names the place in the audience.
    """
    attributes = checked.attributes
    type_name = checked.kind.type
    key: Hashable = (
        type_name,
        checked.source,
        checked.named,
        checked.roles,
        attributes["purpose"],
        attributes["basis"],
        attributes["lawref"],
        attributes["time"][:10],
        (*checked.compartments,),
        rules.fields_asked(type_name)(checked.data.open),
    )
    plan: Plan | None = rules.outgoing.get(key)
    if plan is None:
        plan, remembered = _plan(checked, rules, causes)
        if remembered:
            rules.outgoing.put(key, plan)
    return Cleared(
        event_id=checked.event_id,
        source=checked.source,
        erasure_unit=checked.erasure_unit,
        copies=tuple([_copy(checked, attributes, copy, plan, causes) for copy in plan.copies]),
        left_out=plan.left_out,
    )


def recipients_of(checked: Checked, rules: Rules) -> tuple[frozenset[AgencyId], frozenset[AgencyId]]:
    """Resolve the audience.

    Returns:
        All recipients, the source left out, and who is named.

    Raises:
        ForbiddenError: a role that the agreements do not know.
    """
    named = frozenset(checked.named)
    found = set(named)
    for role in checked.roles:
        agencies = rules.agencies_with(role)
        if agencies is None:
            raise ForbiddenError("forbidden.unknown-role", f"role {checked.roles.index(role)} of the audience")
        found.update(agencies)
    return frozenset(found - {checked.source}), named


def asked_of(checked: Checked, rules: Rules, causes: Mapping[EventId, Cause]) -> Asked:
    """Say what the agreements may know of an event that is to be sent.

    Raises:
        ForbiddenError: the source is not in the federation, the audience names an unknown role, or the event an unknown
            agency as one that it is kept from: misspelt, it would keep nobody away, nor any unit of a house outside.
    """
    if checked.source not in rules.roles:
        raise ForbiddenError("forbidden.source")
    if not checked.data.kept_from() <= rules.roles.keys():
        raise ForbiddenError("forbidden.kept-from-unknown")
    recipients, named = recipients_of(checked, rules)
    return asked_about(checked, checked.data.open, rules, causes, recipients=recipients, named=named, sending=True)


def _plan(checked: Checked, rules: Rules, causes: Mapping[EventId, Cause]) -> tuple[Plan, bool]:
    asked = asked_of(checked, rules, causes)
    judgement = judge(asked, checked.kind, checked.attributes["dataschema"], rules)
    if judgement.refusal is not None:
        raise _forbidden(judgement.refusal)
    grants, left_out = _grants(checked, asked, judgement, rules)
    if not grants:
        closest = left_out[0] if left_out else None
        raise ForbiddenError(
            "forbidden.nobody",
            agreement=closest.agreement if closest else judgement.agreements[0].id,
            clause=closest.clause if closest else "",
        )
    plan = Plan(
        copies=_copies(checked, judgement, grants, rules),
        left_out=left_out,
        narrowed=tuple({name: None for one in judgement.agreements for name in one.narrowed}),
        narrowed_to_known=tuple({name: None for one in judgement.agreements for name in one.narrowed_to_known}),
    )
    return plan, judgement.remembered(checked.data.open)


def _grants(
    checked: Checked, asked: Asked, judgement: Judgement, rules: Rules
) -> tuple[dict[AgencyId, Grant], tuple[LeftOut, ...]]:
    grants: dict[AgencyId, Grant] = {}
    left_out: list[LeftOut] = []
    for recipient in sorted(asked.recipients):
        found = judgement.of_recipient(asked, recipient, rules)
        if isinstance(found, Grant) and recipient not in rules.reachable:
            found = Refusal(code="forbidden.no-receiving-key", agreement=found.agreement, clause=found.clause)
        if isinstance(found, Grant):
            grants[recipient] = found
        elif recipient in asked.named:
            raise _forbidden(found, f"agency {checked.named.index(recipient)} of the audience")
        else:
            told = found.outwards()
            left_out.append(LeftOut(agency=recipient, code=told.code, agreement=told.agreement, clause=told.clause))
    nobody = [role for role in checked.roles if not rules.agencies_with(role)]
    left_out += [
        LeftOut(agency=AgencyId(f"role:{role}"), code="forbidden.no-such-agency", agreement="", clause="audience")
        for role in nobody
    ]
    return grants, tuple(left_out)


def _copies(
    checked: Checked, judgement: Judgement, grants: Mapping[AgencyId, Grant], rules: Rules
) -> tuple[CopyPlan, ...]:
    present = tuple(checked.compartments)
    topic = area_topic(checked.kind.area)
    readers = rules.topic_readers(checked.kind.area, checked.source)
    copies = []
    if on_area_topic(judgement, grants, readers) and rules.may_write(checked.source, topic):
        copies.append(_copy_plan(topic, {reader: grants[reader] for reader in readers}, present, mailbox=False))
    else:
        readers = frozenset()
    for recipient, grant in grants.items():
        if recipient not in readers:
            copies.append(_copy_plan(mail_topic(checked.source, recipient), {recipient: grant}, present, mailbox=True))
    return tuple(copies)


def _copy_plan(
    topic: Topic, grants: Mapping[AgencyId, Grant], present: Sequence[PartName], *, mailbox: bool
) -> CopyPlan:
    audience = tuple(sorted(grants))
    audience_text = " ".join(audience)
    if len(audience_text) > MAX_AUDIENCE:
        raise ForbiddenError("forbidden.audience-too-long")
    may_open = {
        name: frozenset(reader for reader, grant in grants.items() if name in grant.compartments) for name in present
    }
    parts = tuple((name, readers) for name, readers in may_open.items() if readers)
    withheld = [name for name, readers in may_open.items() if not readers and name not in NEVER_MENTIONED]
    beside_open: dict[str, object] = {"parts": [name for name, _ in parts]}
    if mailbox and withheld:
        beside_open["withheld"] = dict.fromkeys(withheld, WITHHELD)
    return CopyPlan(
        topic=topic,
        audience=audience,
        audience_text=audience_text,
        readers=frozenset(audience),
        parts=parts,
        beside_open=beside_open,
    )


def _copy(
    checked: Checked, attributes: Mapping[str, str], copy: CopyPlan, plan: Plan, causes: Mapping[EventId, Cause]
) -> Copy:
    narrows = plan.narrowed or plan.narrowed_to_known
    open_json = _narrowed(checked, copy, plan, causes) if narrows else checked.open_json
    data = {"open": orjson.Fragment(open_json), **copy.beside_open}
    cover = orjson.dumps({**attributes, "audience": copy.audience_text, "data": data})
    compartments = checked.compartments
    return Copy(
        topic=copy.topic,
        audience=copy.audience,
        parts=(
            ClearedPart(name=COVER, content=cover, readers=copy.readers),
            *[ClearedPart(name=name, content=compartments[name], readers=readers) for name, readers in copy.parts],
        ),
    )


def _narrowed(checked: Checked, copy: CopyPlan, plan: Plan, causes: Mapping[EventId, Cause]) -> bytes:
    """Write the open part so that nobody learns who else was told, nor of events that it did not know before."""
    part = checked.data.open
    own: dict[str, tuple[str, ...]] = {
        name: tuple(one for one in getattr(part, name) if one in copy.readers) for name in plan.narrowed
    }
    for name in plan.narrowed_to_known:
        known = getattr(part, name)
        for reader in copy.audience:
            known = known_to(known, reader, causes)
        own[name] = known
    return part.model_copy(update=own).to_json()


def _forbidden(refusal: Refusal, detail: str = "") -> ForbiddenError:
    return ForbiddenError(refusal.code, detail, agreement=refusal.agreement, clause=refusal.clause)
