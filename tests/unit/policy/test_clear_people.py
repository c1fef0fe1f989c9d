"""Checked to Cleared: cases, intelligence, consent and referrals, one plot point each."""

from __future__ import annotations

from typing import Any

import pytest

from broker.names import AgencyId, area_topic
from tests.unit.policy.arrivals import copy_for, cover_of
from tests.unit.policy.asking import (
    REFERRAL,
    cleared,
    parts,
    refused,
    response,
    shown,
)
from tests.unit.policy.federations import (
    BNPT,
    BP3MI,
    GT,
    IMI,
    LPSK,
    NGO,
    OPS,
    POL,
    ROLES,
    SOS,
    UPTD,
    cause,
)
from tests.unit.validation.bodies import checked

# --- cases, intelligence, consent -----------------------------------------------------------------------------------

CASES = [
    pytest.param(LPSK, "none", {"narrative"}, id="witness protection: what it is about"),
    pytest.param(UPTD, "none", set(), id="social services: that there is one"),
    pytest.param(IMI, "none", set(), id="immigration: that there is one"),
    pytest.param(GT, "none", set(), id="task force: that there is one"),
    pytest.param(BNPT, "terror", set(), id="counter-terrorism, a tie: that there is one"),
    pytest.param(BNPT, "none", None, id="counter-terrorism, no tie: nothing"),
    pytest.param(NGO, "none", None, id="an NGO: nothing"),
    pytest.param(BP3MI, "none", None, id="migrant workers: nothing"),
]


@pytest.mark.parametrize(("recipient", "nexus", "opens"), CASES)
def test_case(recipient: AgencyId, nexus: str, opens: set[str] | None) -> None:
    """E11: what each may know of a police case."""
    event = checked("E11", POL, audience=recipient, data__open__nexus=nexus)
    if opens is None:
        assert refused(event).agreement == "E11"
    else:
        assert shown(cleared(event)) == {recipient: opens}


def test_intelligence_goes_onto_its_topic_and_to_nobody_else() -> None:
    """E13: police, immigration and counter-terrorism share networks; nobody else is in it."""
    (copy,) = cleared(checked("E13", BNPT, audience="role:police role:immigration")).copies
    assert copy.topic == area_topic("intel")
    assert parts(copy)["network"] == {IMI, POL}
    for outsider in (UPTD, NGO, LPSK, BP3MI, GT, OPS):
        assert refused(checked("E13", BNPT, audience=f"{POL} {outsider}")).code == "forbidden.recipient"


@pytest.mark.parametrize("source", [NGO, UPTD, LPSK])
@pytest.mark.parametrize("outsider", [IMI, BNPT, GT, OPS])
def test_consent_never_reaches_immigration_or_counter_terrorism(source: AgencyId, outsider: AgencyId) -> None:
    """E15: named, they refuse the event; from a role, they are left out."""
    assert refused(checked("E15", source, audience=f"{SOS} {outsider}")).code == "forbidden.recipient"
    result = cleared(checked("E15", source, audience=f"{SOS} role:{ROLES[outsider]}"))
    assert [copy.audience for copy in result.copies] == [(SOS,)]
    assert [one.agency for one in result.left_out] == [outsider]


def test_consent_shows_police_the_person_and_not_the_words() -> None:
    """E15: police get `identity`, holders both."""
    assert shown(cleared(checked("E15", NGO, audience=f"{POL} {UPTD} {LPSK}"))) == {
        POL: {"identity"},
        UPTD: {"identity", "narrative"},
        LPSK: {"identity", "narrative"},
    }


# --- referrals ------------------------------------------------------------------------------------------------------


def test_referral_goes_to_exactly_one_named_recipient() -> None:
    """E16: one agency, by name, with everything that it needs."""
    (copy,) = cleared(checked("E16", IMI, audience=UPTD)).copies
    assert parts(copy) == {name: {UPTD} for name in ("cover", "identity", "narrative", "place", "safe_contact")}
    assert refused(checked("E16", IMI, audience=f"{UPTD} {NGO}")).code == "forbidden.several-recipients"
    assert refused(checked("E16", IMI, audience=f"{UPTD} role:ngo")).code == "forbidden.several-recipients"
    by_role = refused(checked("E16", IMI, audience="role:ngo"))
    assert (by_role.code, by_role.agreement) == ("forbidden.nobody", "E16")


@pytest.mark.parametrize("recipient", [IMI, POL, BNPT, GT, OPS])
def test_referral_never_goes_to_those_who_control(recipient: AgencyId) -> None:
    """E16: immigration and police refer and never receive; counter-terrorism sees nothing of victims."""
    assert refused(checked("E16", NGO, audience=recipient)).code == "forbidden.recipient"


RESPONSES = [
    pytest.param(UPTD, IMI, cause(REFERRAL, IMI, UPTD), set(), "", id="to immigration: accepted or not"),
    pytest.param(UPTD, POL, cause(REFERRAL, POL, UPTD), set(), "", id="to police: accepted or not"),
    pytest.param(UPTD, NGO, cause(REFERRAL, NGO, UPTD), {"narrative"}, "", id="to an NGO: with the note"),
    pytest.param(UPTD, IMI, cause(REFERRAL, NGO, UPTD), None, "forbidden.not-the-asker", id="to another than asked"),
    pytest.param(SOS, IMI, cause(REFERRAL, IMI, UPTD), None, "forbidden.not-received", id="from another than asked"),
    pytest.param(POL, IMI, cause(REFERRAL, IMI, POL), None, "forbidden.sender", id="from police"),
]


@pytest.mark.parametrize(("source", "recipient", "causes", "opens", "code"), RESPONSES)
def test_response(source: AgencyId, recipient: AgencyId, causes: Any, opens: set[str] | None, code: str) -> None:
    """E17: only from whom it was asked, only to who asked; immigration and police get the open part alone."""
    event = response(source, recipient)
    if opens is None:
        assert refused(event, causes).code == code
        return
    result = cleared(event, causes)
    assert shown(result) == {recipient: opens}
    withheld = cover_of(copy_for(result, recipient))["data"].get("withheld")
    assert withheld == (None if opens else {"narrative": "withheld.agreement"})
