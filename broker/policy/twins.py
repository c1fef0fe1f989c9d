"""The reduced twin of an event: what it says is the catalogue's, who has it and on what ground its agreement's.

- The roles that the agreements on the twin's type let have it are its audience, and the law that they name is its law.
- It is a draft of the same origin, so that its id is derived as any, and reading a source again adds no second one.
- It carries no subject, cause or correlation: who may know of a person's protection alone must not learn by the case's
  name which report, referral or other person it belongs to (ADR 0014). Nor does it tell the place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import orjson

from broker.errors import ForbiddenError
from broker.names import AgencyId
from broker.stages import Draft, LeftOut

if TYPE_CHECKING:
    from broker.policy.rules import Rules
    from broker.stages import Checked

_CARRIED: Final = "specversion time datacontenttype purpose basis tlp pap priority status expirytime".split()  # noqa: SIM905


def twin_of(draft: Draft, checked: Checked, rules: Rules) -> Draft | None:
    """Make the draft of the reduced event that is sent beside an event.

    Args:
        draft: the event as it was handed in.
        checked: the same, checked.
        rules: of the federation in force.

    Returns:
        What is to be checked and cleared as any draft; None where there is no twin, or nobody who could have it.

    Raises:
        ForbiddenError: no agreement is about the twin's type.
    """
    twin = checked.data.twin()
    if twin is None:
        return None
    roles = rules.roles_told(twin.fact.type)
    if not roles:
        raise ForbiddenError("forbidden.type", twin.fact.number)
    if not _told(roles, checked, rules):
        return None
    body = {name: checked.attributes[name] for name in _CARRIED if name in checked.attributes}
    body["type"] = twin.fact.type
    body["lawref"] = min(law for one in rules.agreements_on(twin.fact.type) for law in one.lawrefs)
    body["audience"] = " ".join(f"role:{role}" for role in roles)
    return Draft(origin=draft.origin, body=orjson.dumps({**body, "data": orjson.Fragment(twin.to_json())}))


def twin_left_out(checked: Checked, rules: Rules) -> tuple[LeftOut, ...]:
    """Report the roles of an event's twin of which the federation has no agency, if it has none of any of them."""
    twin = checked.data.twin()
    if twin is None:
        return ()
    roles = rules.roles_told(twin.fact.type)
    if _told(roles, checked, rules):
        return ()
    agreement = next((one.id for one in rules.agreements_on(twin.fact.type)), "")
    return tuple(
        LeftOut(
            agency=AgencyId(f"role:{role}"), code="forbidden.no-such-agency", agreement=agreement, clause="recipient"
        )
        for role in roles
    )


def _told(roles: tuple[str, ...], checked: Checked, rules: Rules) -> frozenset[AgencyId]:
    agencies = (agency for role in roles for agency in rules.agencies_with(role) or ())
    return frozenset(agencies) - {checked.source}
