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

_CARRIED: Final = (
    "specversion",
    "time",
    "datacontenttype",
    "purpose",
    "basis",
    "tlp",
    "pap",
    "priority",
    "status",
    "expirytime",
)


def reduced(draft: Draft, checked: Checked, rules: Rules) -> tuple[Draft | None, tuple[LeftOut, ...]]:
    """Make the draft of the reduced event that is sent beside an event.

    Args:
        draft: the event as it was handed in.
        checked: the same, checked.
        rules: of the federation in force.

    Returns:
        What is to be checked and cleared as any draft, or None; and who ought to have had it, where nothing can be
        sealed for any of them: agencies without a receiving key, or the roles if the federation has none of them.

    Raises:
        ForbiddenError: no agreement is about the twin's type.
    """
    twin = checked.data.twin()
    if twin is None:
        return None, ()
    roles, agreements = rules.roles_told(twin.fact.type), rules.agreements_on(twin.fact.type)
    if not agreements:
        raise ForbiddenError("forbidden.type", twin.fact.number)
    told = {agency for role in roles for agency in rules.agencies_with(role) or ()} - {checked.source}
    if told.isdisjoint(rules.reachable):
        # Nobody can read it just now. The others are not kept waiting: by its key alone, whoever should have the twin
        # could else silence every determination that concerns it.
        return None, (
            tuple(_left_out(agency, "forbidden.no-receiving-key", agreements[0].id) for agency in sorted(told))
            or tuple(_left_out(f"role:{role}", "forbidden.no-such-agency", agreements[0].id) for role in roles)
        )
    body = {name: checked.attributes[name] for name in _CARRIED if name in checked.attributes}
    body["type"] = twin.fact.type
    body["lawref"] = min(law for one in agreements for law in one.lawrefs)
    body["audience"] = " ".join(f"role:{role}" for role in roles)
    return Draft(origin=draft.origin, body=orjson.dumps({**body, "data": orjson.Fragment(twin.to_json())})), ()


def _left_out(agency: str, code: str, agreement: str) -> LeftOut:
    return LeftOut(agency=AgencyId(agency), code=code, agreement=agreement, clause="recipient")
