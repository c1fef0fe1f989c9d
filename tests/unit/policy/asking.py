"""Asking `clear` in tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from broker.errors import ForbiddenError
from broker.names import COVER, AgencyId
from broker.policy import clear
from tests.unit.policy.federations import CAUSE_ID, SUBJECT, rules
from tests.unit.validation.bodies import checked

if TYPE_CHECKING:
    from broker.stages import Checked, Cleared, Copy

RULES = rules()
TIP = "id.simpul.tip.received.v1"
ALERT = "id.simpul.alert.issued.v1"
REFERRAL = "id.simpul.referral.requested.v1"
ALL_OF_ALERT = "role:police role:immigration role:migrant-workers"


def cleared(event: Checked, causes: Any = None) -> Cleared:
    """Clear an event under the default agreements."""
    return clear(event, RULES, causes or {})


def refused(event: Checked, causes: Any = None) -> ForbiddenError:
    """Clear an event that is to be refused."""
    with pytest.raises(ForbiddenError) as caught:
        cleared(event, causes)
    return caught.value


def parts(copy: Copy) -> dict[str, set[AgencyId]]:
    """Return who may open each part of a copy."""
    return {str(part.name): set(part.readers) for part in copy.parts}


def shown(result: Cleared) -> dict[AgencyId, set[str]]:
    """Return for each recipient the compartments that it can open."""
    return {
        reader: {str(part.name) for part in copy.parts if reader in part.readers} - {str(COVER)}
        for copy in result.copies
        for reader in copy.audience
    }


def ack(source: AgencyId, audience: str) -> Checked:
    """Acknowledge the alert CAUSE_ID."""
    return checked(
        "E07",
        source,
        audience=audience,
        subject=SUBJECT,
        causationid=CAUSE_ID,
        data__open__msgType="Ack",
        data__open__references=[CAUSE_ID],
        data__narrative={"ackBy": "immigration", "ackState": "acting"},
    )


def triage(source: AgencyId, audience: str, **changes: Any) -> Checked:
    """Triage the tip CAUSE_ID, which has no subject."""
    return checked("E02", source, audience=audience, subject=None, causationid=CAUSE_ID, **changes)


def response(source: AgencyId, audience: str) -> Checked:
    """Answer the referral CAUSE_ID."""
    return checked("E17", source, audience=audience, subject=SUBJECT, causationid=CAUSE_ID)
