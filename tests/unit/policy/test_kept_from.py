"""E19 and E15: whoever is accused, feared or must not know has nothing, by name, by role, or by that of its house."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from broker.errors import ForbiddenError, MisconfiguredError
from broker.names import AgencyId, PartName
from broker.policy import admit, clear, default_agreements, explain
from broker.stages import Cleared, Opened
from tests.unit.policy.arrivals import opened
from tests.unit.policy.asking import cleared, refused, shown
from tests.unit.policy.federations import IMI, LPSK, NGO, POL, PPA, ROLES, UPTD, rules
from tests.unit.validation.bodies import checked

RULES = rules()
PPA_ELSEWHERE = AgencyId("unit-ppa-kota")
STRANGER = AgencyId("polres-lain")
ALL = {"narrative", "place"}


def _keeping(*agencies: AgencyId, accused: bool = False) -> dict[str, Any]:
    if accused:
        return {"data__narrative__riskType": "official_complicity", "data__narrative__accused": list(agencies)}
    return {"data__narrative__whoMustNotKnow": [{"agency": agency} for agency in agencies]}


def _told(audience: str, **changes: Any) -> Cleared:
    return cleared(checked("E19", NGO, audience=audience, **changes))


@pytest.mark.parametrize("accused", [True, False], ids=["accused", "must not know"])
def test_one_who_is_kept_away_is_not_told_by_name(accused: bool) -> None:  # noqa: FBT001 - a table of cases
    """The event as a whole is refused, so that its sender looks at it again; the sender learns why."""
    error = refused(checked("E19", NGO, audience=f"{UPTD} {LPSK}", **_keeping(LPSK, accused=accused)))
    assert (error.code, error.agreement) == ("forbidden.kept-from", "E19")
    assert error.clause == "recipient.0: not-kept-from-recipient"
    assert shown(_told(UPTD, **_keeping(LPSK, accused=accused))) == {UPTD: ALL}


def test_one_who_is_kept_away_is_left_out_of_its_role_and_the_report_does_not_say_why() -> None:
    """It reads as if the agreement knew nothing of that role; only who asks at the sender's node is told more."""
    event = checked("E19", NGO, audience="role:social-services role:witness-protection", **_keeping(LPSK))
    result = cleared(event)
    assert shown(result) == {UPTD: ALL}
    ordinary = cleared(checked("E19", NGO, audience="role:social-services role:immigration"))
    (kept,), (stranger,) = result.left_out, ordinary.left_out
    assert (kept.agency, stranger.agency) == (LPSK, IMI)
    assert (kept.code, kept.agreement, kept.clause) == (stranger.code, stranger.agreement, stranger.clause)
    assert explain(event, LPSK, RULES, {}).code == "forbidden.kept-from"


def test_nobody_is_left_and_nobody_learns_why() -> None:
    """Where the only agency of a role is kept away, the refusal of the whole event names no reason either."""
    error = refused(checked("E19", NGO, audience="role:witness-protection", **_keeping(LPSK)))
    assert (error.code, error.agreement, error.clause) == ("forbidden.nobody", "E19", "recipient")


HOUSES = [
    pytest.param([POL], set(), id="the police: no unit of theirs, wherever"),
    pytest.param([PPA], {PPA_ELSEWHERE}, id="one unit: another one may know"),
    pytest.param([IMI], {PPA, PPA_ELSEWHERE}, id="immigration, which has no units"),
]


@pytest.mark.parametrize(("kept", "told"), HOUSES)
def test_unit_of_an_accused_house_is_kept_away_too(kept: list[AgencyId], told: set[AgencyId]) -> None:
    """What a unit reads, the house that it sits in may read: `police-ppa` is a unit of `police`."""
    ours = rules({**ROLES, PPA_ELSEWHERE: "police-ppa"})
    audience = f"{UPTD} role:police-ppa"
    result = clear(checked("E19", NGO, audience=audience, **_keeping(*kept, accused=True)), ours, {})
    assert shown(result) == dict.fromkeys({UPTD, *told}, ALL)


@pytest.mark.parametrize("accused", [True, False], ids=["accused", "must not know"])
@pytest.mark.parametrize("audience", [UPTD, f"{UPTD} role:police-ppa"])
def test_name_that_nobody_has_keeps_the_event_back(audience: str, accused: bool) -> None:  # noqa: FBT001
    """Misspelt, or a house outside: nobody can tell whose unit would read of it, so that the sender looks again."""
    event = checked("E19", NGO, audience=audience, **_keeping(POL, STRANGER, accused=accused))
    assert refused(event).code == "forbidden.kept-from-unknown"
    assert explain(event, UPTD, RULES, {}).code == "forbidden.kept-from-unknown"


def test_agency_that_a_survivor_fears_is_not_told_of_consent() -> None:
    """E15: refused by name, left out by role; the others are told."""
    fears = {"data__narrative__withheldFrom": [{"who": one, "reason": "fear_of_harm"} for one in (POL, UPTD)]}
    assert refused(checked("E15", NGO, audience=f"{LPSK} {POL}", **fears)).code == "forbidden.kept-from"
    audience = "role:social-services role:witness-protection role:police"
    result = cleared(checked("E15", NGO, audience=audience, **fears))
    assert shown(result) == {LPSK: {"identity", "narrative"}}
    assert [(one.agency, one.code) for one in result.left_out] == [
        (POL, "forbidden.recipient"),
        (UPTD, "forbidden.recipient"),
    ]


def test_decision_about_one_event_is_not_taken_for_the_next() -> None:
    """Two events that differ only in whom they are kept from are two questions, on both sides."""
    ours = rules()
    free, kept = (checked("E19", NGO, audience=LPSK, **_keeping(*who)) for who in ([], [LPSK]))
    assert shown(clear(free, ours, {})) == {LPSK: ALL}
    with pytest.raises(ForbiddenError):
        clear(kept, ours, {})
    arrived = opened(clear(free, ours, {}), LPSK)
    assert admit(arrived, ours, reader=LPSK, causes={}).opened is arrived
    with pytest.raises(ForbiddenError):
        admit(_naming(arrived, LPSK), ours, reader=LPSK, causes={})


def _naming(event: Opened, agency: AgencyId) -> Opened:
    """Let the narrative of an event that has come say that an agency must not know."""
    other = opened(_told(UPTD, **_keeping(agency)), UPTD)
    narrative = PartName("narrative")
    return replace(event, parts={**event.parts, narrative: other.parts[narrative]})


def test_reader_from_whom_it_is_kept_does_not_let_it_in() -> None:
    """A source that sends it all the same is stopped there; its quarantine says no more than of any stranger."""
    arrived = opened(_told(LPSK), LPSK)
    with pytest.raises(ForbiddenError) as caught:
        admit(_naming(arrived, LPSK), RULES, reader=LPSK, causes={})
    assert (caught.value.code, caught.value.clause) == ("forbidden.recipient", "recipient")


def test_cover_is_let_in_until_the_part_that_says_so_opens() -> None:
    """While the narrative's key has not come nobody can know; with it the event is judged again."""
    arrived = _naming(opened(_told(LPSK), LPSK), LPSK)
    closed = replace(arrived, parts={})
    assert admit(closed, RULES, reader=LPSK, causes={}).opened is closed
    with pytest.raises(ForbiddenError):
        admit(arrived, RULES, reader=LPSK, causes={})


def test_agreement_that_forgets_to_ask_is_not_used() -> None:
    """Of a type that names who is kept from it, every clause about recipients asks; of any other, none can."""
    text = default_agreements().decode()
    asks = 'when = [{ fact = "not-kept-from-recipient" }]\n'
    assert text.count(asks) == 3
    for bad in ("", asks.replace("recipient", 'recipient", judged_by = "sender')):
        with pytest.raises(MisconfiguredError) as caught:
            rules(toml=text.replace(asks, bad).encode())
        assert caught.value.detail.startswith("agreement.")
        assert ".recipient.0: " in caught.value.detail
    with pytest.raises(MisconfiguredError) as caught:
        rules(
            toml=text.replace(
                'fact = "recipient-is-named", judged_by = "sender"', 'fact = "not-kept-from-recipient"'
            ).encode()
        )
    assert "names nobody" in caught.value.detail
