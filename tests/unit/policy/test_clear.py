"""Checked to Cleared: the plot points of the domain, one by one."""

from __future__ import annotations

from typing import Any

import pytest

from broker.errors import ForbiddenError
from broker.names import COVER, AgencyId, area_topic, mail_topic
from broker.policy import clear, compile_rules
from broker.stages import Checked, Cleared, Copy
from schemas.catalogue import find
from tests.unit.policy.arrivals import copy_for, cover_of
from tests.unit.policy.federations import (
    BNPT,
    BP3MI,
    CAUSE_ID,
    GT,
    IMI,
    LPSK,
    NGO,
    OPS,
    POL,
    ROLES,
    SOS,
    SUBJECT,
    UPTD,
    agreements_without,
    cause,
    federation,
    rules,
)
from tests.unit.validation.bodies import checked

RULES = rules()
TIP = "id.simpul.tip.received.v1"
ALERT = "id.simpul.alert.issued.v1"
REFERRAL = "id.simpul.referral.requested.v1"
ALL_OF_ALERT = "role:police role:immigration role:migrant-workers"


def _cleared(event: Checked, causes: Any = None) -> Cleared:
    return clear(event, RULES, causes or {})


def _refused(event: Checked, causes: Any = None) -> ForbiddenError:
    with pytest.raises(ForbiddenError) as caught:
        _cleared(event, causes)
    return caught.value


def _parts(copy: Copy) -> dict[str, set[AgencyId]]:
    return {str(part.name): set(part.readers) for part in copy.parts}


def _shown(cleared: Cleared) -> dict[AgencyId, set[str]]:
    """For each recipient the compartments that it can open."""
    return {
        reader: {str(part.name) for part in copy.parts if reader in part.readers} - {str(COVER)}
        for copy in cleared.copies
        for reader in copy.audience
    }


def _ack(source: AgencyId, audience: str) -> Checked:
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


def _triage(source: AgencyId, audience: str, **changes: Any) -> Checked:
    return checked("E02", source, audience=audience, subject=None, causationid=CAUSE_ID, **changes)


def _response(source: AgencyId, audience: str) -> Checked:
    return checked("E17", source, audience=audience, subject=SUBJECT, causationid=CAUSE_ID)


# --- tips ---------------------------------------------------------------------------------------------------------


def test_tip_shows_its_narrative_and_never_how_to_reach_the_reporter() -> None:
    """E01: `safe_contact` goes onto no copy, and no cover says that there is one."""
    event = checked("E01", UPTD, audience=f"{POL} {BP3MI}")
    assert "safe_contact" in event.compartments
    result = _cleared(event)
    assert _shown(result) == {POL: {"narrative"}, BP3MI: {"narrative"}}
    for copy in result.copies:
        assert b"safe" not in b"".join(part.content for part in copy.parts)
        assert cover_of(copy)["data"]["parts"] == ["narrative"]
        assert "withheld" not in cover_of(copy)["data"]


@pytest.mark.parametrize("recipient", [BNPT, LPSK, GT, OPS, SOS])
def test_tip_goes_to_nobody_else(recipient: AgencyId) -> None:
    """E01: counter-terrorism, witness protection, task force, operator and social affairs get no tips."""
    error = _refused(checked("E01", UPTD, audience=recipient))
    assert (error.code, error.agreement) == ("forbidden.recipient", "E01")


def test_triage_tells_each_copy_of_its_own_routing_alone() -> None:
    """E02: `routedTo` on each copy holds only that copy's readers; the tip's source sees none of it."""
    routed = [POL, BP3MI]
    event = _triage(POL, f"{UPTD} {BP3MI}", data__open__routedTo=routed)
    result = _cleared(event, cause(TIP, UPTD, POL, subject=None))
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
    event = _triage(source, audience, data__open__routedTo=[BP3MI])
    if code:
        error = _refused(event, causes)
        assert (error.code, error.agreement) == (code, "E02")
    else:
        assert _shown(_cleared(event, causes)) == {audience: {"narrative"}}


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


@pytest.mark.parametrize(("recipient", "changes", "shown"), CROSSINGS)
def test_crossing(recipient: AgencyId, changes: dict[str, Any], shown: set[str] | None) -> None:
    """E03: each recipient under its own condition, with its own compartments."""
    event = checked("E03", IMI, audience=recipient, **changes)
    if shown is None:
        assert _refused(event).agreement == "E03"
    else:
        assert _shown(_cleared(event)) == {recipient: shown}


def test_what_a_reader_may_not_open_is_named_as_withheld() -> None:
    """A mailbox copy says which compartment is withheld, and why, by code."""
    copy = copy_for(_cleared(checked("E03", IMI, audience=f"{POL} {BP3MI}")), BP3MI)
    assert cover_of(copy)["data"]["parts"] == ["identity"]
    assert cover_of(copy)["data"]["withheld"] == {"narrative": "withheld.agreement"}


# --- alerts -------------------------------------------------------------------------------------------------------


def test_alert_to_all_readers_goes_onto_the_topic_and_others_to_their_mailbox() -> None:
    """E07: one record for police, immigration and migrant workers, one for social services; neither names the other."""
    result = _cleared(checked("E07", IMI, audience=f"{POL} {BP3MI} {UPTD}"))
    assert {copy.topic: copy.audience for copy in result.copies} == {
        area_topic("alert"): (BP3MI, POL),
        mail_topic(IMI, UPTD): (UPTD,),
    }
    on_topic = copy_for(result, POL)
    assert _parts(on_topic) == {name: {BP3MI, POL} for name in ("cover", "narrative", "place")}
    assert cover_of(on_topic)["audience"] == f"{BP3MI} {POL}"
    assert UPTD not in str(cover_of(on_topic))


def test_alert_to_one_reader_goes_to_its_mailbox_alone() -> None:
    """E07: naming only immigration, nothing goes onto the topic."""
    result = _cleared(checked("E07", POL, audience=IMI))
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


@pytest.mark.parametrize(("source", "recipient", "changes", "shown", "code"), ALERTS)
def test_alert(
    source: AgencyId, recipient: AgencyId, changes: dict[str, Any], shown: set[str] | None, code: str
) -> None:
    """E07: who may alert whom, on which condition, with which compartments."""
    event = checked("E07", source, audience=recipient, **changes)
    if shown is None:
        error = _refused(event)
        assert (error.code, error.agreement) == (code, "E07-alert")
    else:
        assert _shown(_cleared(event)) == {recipient: shown}


def test_ngo_is_told_of_a_threat_only_by_name() -> None:
    """E07: that it is the NGO's own shelter only the sender knows; a role does not say so."""
    event = checked("E07", POL, audience=f"{IMI} role:ngo", data__open__eventCode="SHELTER_THREAT")
    result = _cleared(event)
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
    event = _ack(source, recipient)
    if code:
        assert _refused(event, causes).code == code
    else:
        (copy,) = _cleared(event, causes).copies
        assert copy.topic == mail_topic(source, recipient)


def test_acknowledgement_to_all_readers_stays_off_the_topic() -> None:
    """E07 Ack: sent to all the topic's roles, it reaches the alert's source alone; the others are left out."""
    result = _cleared(_ack(IMI, ALL_OF_ALERT), cause(ALERT, POL, IMI))
    assert [copy.topic for copy in result.copies] == [mail_topic(IMI, POL)]
    assert {one.agency for one in result.left_out} == {BP3MI}


def test_decisions_that_depend_on_the_cause_are_not_remembered() -> None:
    """The same acknowledgement is judged anew when another event is its cause."""
    ours = rules()
    event = _ack(IMI, POL)
    assert clear(event, ours, cause(ALERT, POL, IMI)).copies
    with pytest.raises(ForbiddenError):
        clear(event, ours, cause(ALERT, UPTD, IMI))


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


@pytest.mark.parametrize(("recipient", "nexus", "shown"), CASES)
def test_case(recipient: AgencyId, nexus: str, shown: set[str] | None) -> None:
    """E11: what each may know of a police case."""
    event = checked("E11", POL, audience=recipient, data__open__nexus=nexus)
    if shown is None:
        assert _refused(event).agreement == "E11"
    else:
        assert _shown(_cleared(event)) == {recipient: shown}


def test_intelligence_goes_onto_its_topic_and_to_nobody_else() -> None:
    """E13: police, immigration and counter-terrorism share networks; nobody else is in it."""
    (copy,) = _cleared(checked("E13", BNPT, audience="role:police role:immigration")).copies
    assert copy.topic == area_topic("intel")
    assert _parts(copy)["network"] == {IMI, POL}
    for outsider in (UPTD, NGO, LPSK, BP3MI, GT, OPS):
        assert _refused(checked("E13", BNPT, audience=f"{POL} {outsider}")).code == "forbidden.recipient"


@pytest.mark.parametrize("source", [NGO, UPTD, LPSK])
@pytest.mark.parametrize("outsider", [IMI, BNPT, GT, OPS])
def test_consent_never_reaches_immigration_or_counter_terrorism(source: AgencyId, outsider: AgencyId) -> None:
    """E15: named, they refuse the event; from a role, they are left out."""
    assert _refused(checked("E15", source, audience=f"{SOS} {outsider}")).code == "forbidden.recipient"
    result = _cleared(checked("E15", source, audience=f"{SOS} role:{ROLES[outsider]}"))
    assert [copy.audience for copy in result.copies] == [(SOS,)]
    assert [one.agency for one in result.left_out] == [outsider]


def test_consent_shows_police_the_person_and_not_the_words() -> None:
    """E15: police get `identity`, holders both."""
    assert _shown(_cleared(checked("E15", NGO, audience=f"{POL} {UPTD} {LPSK}"))) == {
        POL: {"identity"},
        UPTD: {"identity", "narrative"},
        LPSK: {"identity", "narrative"},
    }


# --- referrals ------------------------------------------------------------------------------------------------------


def test_referral_goes_to_exactly_one_named_recipient() -> None:
    """E16: one agency, by name, with everything that it needs."""
    (copy,) = _cleared(checked("E16", IMI, audience=UPTD)).copies
    assert _parts(copy) == {name: {UPTD} for name in ("cover", "identity", "narrative", "place", "safe_contact")}
    assert _refused(checked("E16", IMI, audience=f"{UPTD} {NGO}")).code == "forbidden.several-recipients"
    assert _refused(checked("E16", IMI, audience=f"{UPTD} role:ngo")).code == "forbidden.several-recipients"
    by_role = _refused(checked("E16", IMI, audience="role:ngo"))
    assert (by_role.code, by_role.agreement) == ("forbidden.nobody", "E16")


@pytest.mark.parametrize("recipient", [IMI, POL, BNPT, GT, OPS])
def test_referral_never_goes_to_those_who_control(recipient: AgencyId) -> None:
    """E16: immigration and police refer and never receive; counter-terrorism sees nothing of victims."""
    assert _refused(checked("E16", NGO, audience=recipient)).code == "forbidden.recipient"


RESPONSES = [
    pytest.param(UPTD, IMI, cause(REFERRAL, IMI, UPTD), set(), "", id="to immigration: accepted or not"),
    pytest.param(UPTD, POL, cause(REFERRAL, POL, UPTD), set(), "", id="to police: accepted or not"),
    pytest.param(UPTD, NGO, cause(REFERRAL, NGO, UPTD), {"narrative"}, "", id="to an NGO: with the note"),
    pytest.param(UPTD, IMI, cause(REFERRAL, NGO, UPTD), None, "forbidden.not-the-asker", id="to another than asked"),
    pytest.param(SOS, IMI, cause(REFERRAL, IMI, UPTD), None, "forbidden.not-received", id="from another than asked"),
    pytest.param(POL, IMI, cause(REFERRAL, IMI, POL), None, "forbidden.sender", id="from police"),
]


@pytest.mark.parametrize(("source", "recipient", "causes", "shown", "code"), RESPONSES)
def test_response(source: AgencyId, recipient: AgencyId, causes: Any, shown: set[str] | None, code: str) -> None:
    """E17: only from whom it was asked, only to who asked; immigration and police get the open part alone."""
    event = _response(source, recipient)
    if shown is None:
        assert _refused(event, causes).code == code
        return
    result = _cleared(event, causes)
    assert _shown(result) == {recipient: shown}
    withheld = cover_of(copy_for(result, recipient))["data"].get("withheld")
    assert withheld == (None if shown else {"narrative": "withheld.agreement"})


# --- what holds for all -----------------------------------------------------------------------------------------------


def test_nobody_left_is_refused() -> None:
    """An audience of the source alone, or of a role without agencies, is empty, and an empty audience denies."""
    assert _refused(checked("E07", POL, audience=POL)).code == "forbidden.nobody"
    alone = rules({POL: "police"})
    with pytest.raises(ForbiddenError) as caught:
        clear(checked("E07", POL, audience="role:immigration"), alone, {})
    assert caught.value.code == "forbidden.nobody"


def test_source_is_never_a_reader() -> None:
    """The source, named or of a named role, is in no audience and opens no part."""
    result = _cleared(checked("E07", POL, audience=f"{POL} {ALL_OF_ALERT}"))
    for copy in result.copies:
        assert POL not in copy.audience
        assert all(POL not in part.readers for part in copy.parts)


def test_unknown_agency_and_unknown_role_refuse() -> None:
    """A recipient that is not in the federation refuses the event, told by its place and not by its name."""
    error = _refused(checked("E07", POL, audience=f"{IMI} polisi-palsu"))
    assert (error.code, error.detail) == ("forbidden.unknown-agency", "agency 1 of the audience")
    assert _refused(checked("E07", POL, audience="role:polisi")).code == "forbidden.unknown-role"
    assert _refused(checked("E07", AgencyId("polisi-palsu"), audience=IMI)).code == "forbidden.source"


GROUNDS = [
    pytest.param({"purpose": "statistics"}, "forbidden.purpose", "purposes", id="purpose"),
    pytest.param({"basis": "pdp20-2-f"}, "forbidden.basis", "bases", id="basis"),
    pytest.param({"lawref": "uu31-2014"}, "forbidden.lawref", "lawrefs", id="law"),
    pytest.param(
        {"time": "2029-01-01T00:00:00Z", "expirytime": None}, "forbidden.expired", "valid_until", id="expired"
    ),
]


@pytest.mark.parametrize(("changes", "code", "clause"), GROUNDS)
def test_ground_is_one_that_was_agreed(changes: dict[str, Any], code: str, clause: str) -> None:
    """Purpose, basis, law and date of an event are those of its agreement."""
    error = _refused(checked("E07", POL, audience=IMI, **changes))
    assert (error.code, error.agreement, error.clause) == (code, "E07-alert", clause)


def test_type_without_an_agreement_is_denied() -> None:
    """What no agreement speaks of is denied, to everybody."""
    ours = rules(toml=agreements_without("E07-alert", "E07-ack"))
    with pytest.raises(ForbiddenError) as caught:
        clear(checked("E07", POL, audience=IMI), ours, {})
    assert caught.value.code == "forbidden.type"


@pytest.mark.parametrize("in_force", [{}, {ALERT: frozenset()}, {ALERT: frozenset({find(TIP).dataschema})}])
def test_schema_that_is_not_in_force_is_denied(in_force: dict[str, frozenset[str]]) -> None:
    """An event of a schema that the federation does not list stays at home."""
    with pytest.raises(ForbiddenError) as caught:
        clear(checked("E07", POL, audience=IMI), compile_rules(federation(dataschemas=in_force)), {})
    assert caught.value.code == "forbidden.dataschema"


def test_a_decision_is_remembered_only_for_what_is_equal() -> None:
    """After an event was cleared, one that differs in what the agreements ask is judged by itself."""
    ours = rules()
    assert clear(checked("E03", IMI, audience=BNPT, data__open__nexus="terror"), ours, {}).copies
    for changes in ({"data__open__nexus": "none"}, {"purpose": "statistics", "data__open__nexus": "terror"}):
        with pytest.raises(ForbiddenError):
            clear(checked("E03", IMI, audience=BNPT, **changes), ours, {})
    with pytest.raises(ForbiddenError):
        clear(checked("E03", POL, audience=BNPT, data__open__nexus="terror"), ours, {})


def test_no_copy_tells_of_another_recipient() -> None:
    """Copies share the event's id, and name nobody but their own topic's readers."""
    result = _cleared(checked("E15", NGO, audience=f"{UPTD} {LPSK} {SOS}"))
    assert len(result.copies) == 3
    for copy in result.copies:
        cover = cover_of(copy)
        assert cover["id"] == result.event_id
        assert cover["audience"] == " ".join(copy.audience)
        others = {UPTD, LPSK, SOS} - set(copy.audience)
        assert not any(other in str(cover) for other in others)
