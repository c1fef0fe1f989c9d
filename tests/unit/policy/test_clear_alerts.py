"""Checked to Cleared: tips, the border and alerts, one plot point each."""

from __future__ import annotations

from typing import Any

import pytest

from broker.errors import ForbiddenError
from broker.names import AgencyId, area_topic, mail_topic
from broker.policy import clear, compile_rules
from tests.unit.policy.arrivals import copy_for, cover_of
from tests.unit.policy.asking import (
    ALERT,
    ALL_OF_ALERT,
    TIP,
    ack,
    cleared,
    parts,
    refused,
    shown,
    triage,
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
    federation,
    rules,
)
from tests.unit.validation.bodies import checked

# --- tips ---------------------------------------------------------------------------------------------------------


def test_tip_shows_its_narrative_and_never_how_to_reach_the_reporter() -> None:
    """E01: `safe_contact` goes onto no copy, and no cover says that there is one."""
    event = checked("E01", UPTD, audience=f"{POL} {BP3MI}")
    assert "safe_contact" in event.compartments
    result = cleared(event)
    assert shown(result) == {POL: {"narrative"}, BP3MI: {"narrative"}}
    for copy in result.copies:
        assert b"safe" not in b"".join(part.content for part in copy.parts)
        assert cover_of(copy)["data"]["parts"] == ["narrative"]
        assert "withheld" not in cover_of(copy)["data"]


@pytest.mark.parametrize("recipient", [BNPT, LPSK, GT, OPS, SOS])
def test_tip_goes_to_nobody_else(recipient: AgencyId) -> None:
    """E01: counter-terrorism, witness protection, task force, operator and social affairs get no tips."""
    error = refused(checked("E01", UPTD, audience=recipient))
    assert (error.code, error.agreement) == ("forbidden.recipient", "E01")


def test_triage_tells_each_copy_of_its_own_routing_alone() -> None:
    """E02: `routedTo` on each copy holds only that copy's readers; the tip's source sees none of it."""
    routed = [POL, BP3MI]
    event = triage(POL, f"{UPTD} {BP3MI}", data__open__routedTo=routed)
    result = cleared(event, cause(TIP, UPTD, POL, subject=None))
    assert cover_of(copy_for(result, BP3MI))["data"]["open"]["routedTo"] == [BP3MI]
    assert cover_of(copy_for(result, UPTD))["data"]["open"]["routedTo"] == []
    assert {len(copy.audience) for copy in result.copies} == {1}


TRIAGES = [
    pytest.param(UPTD, BP3MI, cause(TIP, UPTD, POL, subject=None), "", id="by the tip's source"),
    pytest.param(POL, BP3MI, cause(TIP, UPTD, POL, subject=None), "", id="by a receiver of the tip"),
    pytest.param(
        NGO, BP3MI, cause(TIP, UPTD, POL, subject=None), "forbidden.not-source-of-cause", id="by somebody else"
    ),
    pytest.param(POL, LPSK, cause(TIP, UPTD, POL, subject=None), "forbidden.recipient", id="to no role of tips"),
    pytest.param(
        POL, IMI, cause(TIP, UPTD, POL, subject=None), "forbidden.not-the-asker", id="to whom it is not routed"
    ),
    pytest.param(POL, BP3MI, {}, "forbidden.cause-unknown", id="of a tip that nobody knows"),
    pytest.param(POL, BP3MI, cause(ALERT, UPTD, POL, subject=None), "forbidden.cause-type", id="of an alert"),
    pytest.param(POL, BP3MI, cause(TIP, UPTD, POL), "forbidden.subject", id="under another subject"),
]


@pytest.mark.parametrize(("source", "audience", "causes", "code"), TRIAGES)
def test_triage(source: AgencyId, audience: AgencyId, causes: Any, code: str) -> None:
    """E02: sent by the tip's source or a receiver of it, to the source and to those it is routed to."""
    event = triage(source, audience, data__open__routedTo=[BP3MI])
    if code:
        error = refused(event, causes)
        assert (error.code, error.agreement) == (code, "E02")
    else:
        assert shown(cleared(event, causes)) == {audience: {"narrative"}}


# --- the border ---------------------------------------------------------------------------------------------------

CROSSINGS = [
    pytest.param(POL, {}, {"identity", "narrative"}, id="police see both"),
    pytest.param(BP3MI, {"data__open__decision": "deferred"}, {"identity"}, id="deferred: who, not why"),
    pytest.param(BP3MI, {"data__open__decision": "refused"}, {"identity"}, id="refused: who, not why"),
    pytest.param(BP3MI, {"data__open__decision": "admitted"}, None, id="admitted: no migrant-worker matter"),
    pytest.param(BNPT, {"data__open__nexus": "terror"}, {"identity", "narrative"}, id="a tie to terrorism"),
    pytest.param(BNPT, {"data__open__nexus": "document_fraud"}, None, id="forged papers are no terrorism"),
    pytest.param(BNPT, {"data__open__nexus": "none"}, None, id="no tie to terrorism"),
    pytest.param(UPTD, {}, None, id="not social services"),
    pytest.param(NGO, {}, None, id="not an NGO"),
]


@pytest.mark.parametrize(("recipient", "changes", "opens"), CROSSINGS)
def test_crossing(recipient: AgencyId, changes: dict[str, Any], opens: set[str] | None) -> None:
    """E03: each recipient under its own condition, with its own compartments."""
    event = checked("E03", IMI, audience=recipient, **changes)
    if opens is None:
        assert refused(event).agreement == "E03"
    else:
        assert shown(cleared(event)) == {recipient: opens}


def test_what_a_reader_may_not_open_is_named_as_withheld() -> None:
    """A mailbox copy says which compartment is withheld, and why, by code."""
    copy = copy_for(cleared(checked("E03", IMI, audience=f"{POL} {BP3MI}")), BP3MI)
    assert cover_of(copy)["data"]["parts"] == ["identity"]
    assert cover_of(copy)["data"]["withheld"] == {"narrative": "withheld.agreement"}


# --- alerts -------------------------------------------------------------------------------------------------------


def test_alert_to_all_readers_goes_onto_the_topic_and_others_to_their_mailbox() -> None:
    """E07: one record for police, immigration and migrant workers, one for social services; neither names the other."""
    result = cleared(checked("E07", IMI, audience=f"{POL} {BP3MI} {UPTD}"))
    assert {copy.topic: copy.audience for copy in result.copies} == {
        area_topic("alert"): (BP3MI, POL),
        mail_topic(IMI, UPTD): (UPTD,),
    }
    on_topic = copy_for(result, POL)
    assert parts(on_topic) == {name: {BP3MI, POL} for name in ("cover", "narrative", "place")}
    assert cover_of(on_topic)["audience"] == f"{BP3MI} {POL}"
    assert UPTD not in str(cover_of(on_topic))


def test_alert_to_one_reader_goes_to_its_mailbox_alone() -> None:
    """E07: naming only immigration, nothing goes onto the topic."""
    result = cleared(checked("E07", POL, audience=IMI))
    assert [(copy.topic, copy.audience) for copy in result.copies] == [(mail_topic(POL, IMI), (IMI,))]


def test_alert_by_roles_reaches_a_second_police_station_too() -> None:
    """E07: the topic's readers are all agencies of its roles but the source; one missing, it goes by mailbox."""
    second = AgencyId("polresta-bengkulu")
    two = rules({**ROLES, second: "police"})
    everyone = clear(checked("E07", POL, audience=ALL_OF_ALERT), two, {})
    assert [copy.audience for copy in everyone.copies] == [(BP3MI, IMI, second)]
    some = clear(checked("E07", POL, audience=f"{IMI} {BP3MI}"), two, {})
    assert {copy.topic for copy in some.copies} == {mail_topic(POL, IMI), mail_topic(POL, BP3MI)}


ALERTS = [
    pytest.param(POL, UPTD, {"data__open__mayInvolveChild": True}, {"narrative", "place"}, "", id="a child"),
    pytest.param(POL, UPTD, {"data__open__mayInvolveChild": False}, None, "forbidden.condition", id="no child"),
    pytest.param(UPTD, POL, {"data__open__mayInvolveChild": True}, {"narrative", "place"}, "", id="services: a child"),
    pytest.param(
        UPTD, POL, {"data__open__mayInvolveChild": False}, None, "forbidden.condition", id="services: no child"
    ),
    pytest.param(POL, BNPT, {"data__open__nexus": "terror"}, {"narrative"}, "", id="terror: not the place"),
    pytest.param(POL, BNPT, {"data__open__nexus": "none"}, None, "forbidden.condition", id="no terror"),
    pytest.param(POL, NGO, {"data__open__eventCode": "SHELTER_THREAT"}, {"narrative"}, "", id="its shelter"),
    pytest.param(POL, NGO, {}, None, "forbidden.condition", id="an NGO, another alert"),
    pytest.param(POL, LPSK, {}, None, "forbidden.recipient", id="not witness protection"),
    pytest.param(POL, GT, {}, None, "forbidden.recipient", id="not the task force"),
    pytest.param(POL, OPS, {}, None, "forbidden.recipient", id="not the operator"),
    pytest.param(NGO, POL, {}, None, "forbidden.sender", id="not from an NGO"),
    pytest.param(BNPT, POL, {}, None, "forbidden.sender", id="not from counter-terrorism"),
    pytest.param(BP3MI, POL, {}, None, "forbidden.sender", id="not from migrant workers"),
    pytest.param(OPS, POL, {}, None, "forbidden.sender", id="not from the operator"),
]


@pytest.mark.parametrize(("source", "recipient", "changes", "opens", "code"), ALERTS)
def test_alert(
    source: AgencyId, recipient: AgencyId, changes: dict[str, Any], opens: set[str] | None, code: str
) -> None:
    """E07: who may alert whom, on which condition, with which compartments."""
    event = checked("E07", source, audience=recipient, **changes)
    if opens is None:
        error = refused(event)
        assert (error.code, error.agreement) == (code, "E07-alert")
    else:
        assert shown(cleared(event)) == {recipient: opens}


def test_ngo_is_told_of_a_threat_only_by_name() -> None:
    """E07: that it is the NGO's own shelter only the sender knows; a role does not say so."""
    event = checked("E07", POL, audience=f"{IMI} role:ngo", data__open__eventCode="SHELTER_THREAT")
    result = cleared(event)
    assert [copy.audience for copy in result.copies] == [(IMI,)]
    (left_out,) = result.left_out
    assert (left_out.agency, left_out.code, left_out.agreement) == (NGO, "forbidden.not-by-name", "E07-alert")


ACKS = [
    pytest.param(IMI, POL, cause(ALERT, POL, IMI), "", id="a recipient to the source"),
    pytest.param(NGO, POL, cause(ALERT, POL, NGO), "", id="an NGO that was told"),
    pytest.param(IMI, BP3MI, cause(ALERT, POL, IMI), "forbidden.recipient", id="to another recipient"),
    pytest.param(IMI, UPTD, cause(ALERT, POL, IMI), "forbidden.not-the-asker", id="to another agency"),
    pytest.param(NGO, POL, cause(ALERT, POL, IMI), "forbidden.not-received", id="from who was not told"),
    pytest.param(POL, IMI, cause(ALERT, POL, IMI), "forbidden.not-received", id="from the source itself"),
    pytest.param(IMI, POL, {}, "forbidden.cause-unknown", id="of an unknown alert"),
    pytest.param(IMI, POL, cause(TIP, POL, IMI), "forbidden.cause-type", id="of a tip"),
    pytest.param(IMI, POL, cause(ALERT, POL, IMI, subject=None), "forbidden.subject", id="under another subject"),
]


@pytest.mark.parametrize(("source", "recipient", "causes", "code"), ACKS)
def test_acknowledgement(source: AgencyId, recipient: AgencyId, causes: Any, code: str) -> None:
    """E07 Ack: only from a recipient of the alert, only to its source, never on the topic."""
    event = ack(source, recipient)
    if code:
        assert refused(event, causes).code == code
    else:
        (copy,) = cleared(event, causes).copies
        assert copy.topic == mail_topic(source, recipient)


def test_acknowledgement_to_all_readers_stays_off_the_topic() -> None:
    """E07 Ack: sent to all the topic's roles, it reaches the alert's source alone; the others are left out."""
    result = cleared(ack(IMI, ALL_OF_ALERT), cause(ALERT, POL, IMI))
    assert [copy.topic for copy in result.copies] == [mail_topic(IMI, POL)]
    assert {one.agency for one in result.left_out} == {BP3MI}


def test_decisions_that_depend_on_the_cause_are_not_remembered() -> None:
    """The same acknowledgement is judged anew when another event is its cause."""
    ours = rules()
    event = ack(IMI, POL)
    assert clear(event, ours, cause(ALERT, POL, IMI)).copies
    with pytest.raises(ForbiddenError):
        clear(event, ours, cause(ALERT, UPTD, IMI))


def test_who_has_no_receiving_key_in_force_holds_up_nobody_else() -> None:
    """E07: from a role such an agency is left out and reported, and the others get the alert by mailbox."""
    ours = compile_rules(federation(), reachable=frozenset(ROLES) - {BP3MI})
    event = checked("E07", POL, audience="role:immigration role:migrant-workers")
    result = clear(event, ours, {})
    assert [copy.topic for copy in result.copies] == [mail_topic(POL, IMI)]
    (left_out,) = result.left_out
    assert (left_out.agency, left_out.code, left_out.agreement) == (BP3MI, "forbidden.no-receiving-key", "E07-alert")


def test_who_is_named_and_has_no_receiving_key_in_force_refuses_the_event_at_once() -> None:
    """The officer hears it when the event is handed in, not later."""
    ours = compile_rules(federation(), reachable=frozenset(ROLES) - {BP3MI})
    with pytest.raises(ForbiddenError) as refusal:
        clear(checked("E07", POL, audience=f"{IMI} {BP3MI}"), ours, {})
    assert refusal.value.code == "forbidden.no-receiving-key"


def test_role_that_nobody_has_is_reported() -> None:
    """E07: an officer who alerts social services where there are none must not believe that they were told."""
    ours = rules({one: role for one, role in ROLES.items() if one != UPTD})
    event = checked("E07", POL, audience=f"{IMI} role:social-services", data__open__mayInvolveChild=True)
    result = clear(event, ours, {})
    assert [copy.audience for copy in result.copies] == [(IMI,)]
    assert [(one.agency, one.code) for one in result.left_out] == [("role:social-services", "forbidden.no-such-agency")]
