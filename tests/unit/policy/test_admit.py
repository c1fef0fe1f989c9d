"""Opened to Admitted: the recipient asks its own agreements."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from broker.errors import ForbiddenError
from broker.names import AgencyId, PartName, Topic, area_topic, mail_topic
from broker.policy import Rules, admit, clear
from broker.stages import Opened
from tests.unit.policy.arrivals import copy_for, moved, opened, with_attributes, with_open
from tests.unit.policy.federations import (
    BNPT,
    BP3MI,
    CAUSE_ID,
    IMI,
    LPSK,
    NGO,
    POL,
    ROLES,
    SUBJECT,
    UPTD,
    agreements_without,
    cause,
    rules,
)
from tests.unit.validation.bodies import checked

RULES = rules()
TIP = "id.simpul.tip.received.v1"
ALERT = "id.simpul.alert.issued.v1"
REFERRAL = "id.simpul.referral.requested.v1"


def _arrived(number: str, source: AgencyId, reader: AgencyId, causes: Any = None, **changes: Any) -> Opened:
    changes.setdefault("audience", reader)
    return opened(clear(checked(number, source, **changes), RULES, causes or {}), reader)


def _alert(reader: AgencyId = IMI, **changes: Any) -> Opened:
    return _arrived("E07", POL, reader, audience=f"{IMI} {BP3MI}", **changes)


def _refused(event: Opened, reader: AgencyId, causes: Any = None) -> ForbiddenError:
    with pytest.raises(ForbiddenError) as caught:
        admit(event, RULES, reader=reader, causes=causes or {})
    return caught.value


def _admitted(event: Opened, reader: AgencyId, causes: Any = None, ours: Rules = RULES) -> bool:
    return admit(event, ours, reader=reader, causes=causes or {}).opened is event


CASES = [
    pytest.param("E01", UPTD, POL, {}, {}, id="a tip"),
    pytest.param("E03", IMI, BP3MI, {"data__open__decision": "deferred"}, {}, id="a crossing"),
    pytest.param("E07", POL, UPTD, {}, {}, id="an alert"),
    pytest.param("E07", POL, NGO, {"data__open__eventCode": "SHELTER_THREAT"}, {}, id="a threat to a shelter"),
    pytest.param("E11", POL, IMI, {}, {}, id="a case"),
    pytest.param("E13", BNPT, POL, {}, {}, id="intelligence"),
    pytest.param("E15", NGO, POL, {}, {}, id="consent"),
    pytest.param("E16", IMI, UPTD, {}, {}, id="a referral"),
]


@pytest.mark.parametrize(("number", "source", "reader", "changes", "causes"), CASES)
def test_what_was_cleared_is_admitted(
    number: str, source: AgencyId, reader: AgencyId, changes: dict[str, Any], causes: Any
) -> None:
    """Both sides have one engine: what a node lets go, the recipient's node lets in, twice as well as once."""
    event = _arrived(number, source, reader, causes, **changes)
    assert _admitted(event, reader, causes)
    assert _admitted(event, reader, causes)


def test_alert_on_the_topic_is_admitted_by_each_of_its_readers() -> None:
    """The same record is let in by immigration and by the protection of migrant workers."""
    for reader in (IMI, BP3MI):
        event = _alert(reader)
        assert event.verified.fetched.topic == area_topic("alert")
        assert _admitted(event, reader)


def test_triage_is_admitted_by_who_never_had_the_tip() -> None:
    """Whether the sender received the tip only the sender can judge; the tip's source judges it all the same."""
    known = cause(TIP, UPTD, POL, subject=None)
    changes = {"subject": None, "causationid": CAUSE_ID, "data__open__routedTo": [BP3MI]}
    routed = _arrived("E02", POL, BP3MI, known, audience=f"{BP3MI} {UPTD}", **changes)
    assert _admitted(routed, BP3MI)
    told = _arrived("E02", POL, UPTD, known, audience=f"{BP3MI} {UPTD}", **changes)
    assert _admitted(told, UPTD, known)
    assert _refused(told, UPTD).code == "forbidden.cause-unknown"


def test_answer_is_admitted_only_by_who_asked() -> None:
    """E17 and the Ack: the reader knows the event that is answered, it is its own, and the subject is the same."""
    known = cause(REFERRAL, IMI, UPTD)
    event = _arrived("E17", UPTD, IMI, known, subject=SUBJECT, causationid=CAUSE_ID)
    assert _admitted(event, IMI, known)
    assert _refused(event, IMI).code == "forbidden.cause-unknown"
    assert _refused(event, IMI, cause(REFERRAL, NGO, UPTD)).code == "forbidden.not-the-asker"
    assert _refused(event, IMI, cause(REFERRAL, IMI, LPSK)).code == "forbidden.not-received"
    assert _refused(event, IMI, cause(ALERT, IMI, UPTD)).code == "forbidden.cause-type"
    assert _refused(event, IMI, cause(REFERRAL, IMI, UPTD, subject=None)).code == "forbidden.subject"


def test_mailbox_of_another_is_not_entered() -> None:
    """A record on another pair's topic, or on another area's, is refused."""
    event = _arrived("E03", IMI, POL)
    elsewhere = [mail_topic(IMI, BP3MI), mail_topic(BP3MI, POL), area_topic("border"), area_topic("alert")]
    for topic in (*elsewhere, Topic("simpul.federation")):
        assert _refused(moved(event, topic), POL).code == "forbidden.topic"


def test_conditional_event_on_the_area_topic_is_refused() -> None:
    """An acknowledgement, which names no readers of the topic, may not come on it."""
    known = cause(ALERT, POL, IMI)
    event = _arrived(
        "E07",
        IMI,
        POL,
        known,
        subject=SUBJECT,
        causationid=CAUSE_ID,
        data__open__msgType="Ack",
        data__open__references=[CAUSE_ID],
        data__narrative={"ackBy": "immigration", "ackState": "acting"},
    )
    assert _admitted(event, POL, known)
    assert _refused(moved(event, area_topic("alert")), POL, known).code == "forbidden.topic"


def test_conditional_reader_on_the_area_topic_is_refused() -> None:
    """Social services read alerts in their mailbox alone, and no audience of the topic may name them."""
    event = moved(_arrived("E07", POL, UPTD), area_topic("alert"))
    assert _refused(event, UPTD).code == "forbidden.audience"


AUDIENCES = [
    pytest.param((), "forbidden.not-addressed", id="empty"),
    pytest.param((BP3MI,), "forbidden.not-addressed", id="without the reader"),
    pytest.param((BP3MI, IMI, UPTD), "forbidden.audience", id="with one who does not read the topic"),
    pytest.param((BP3MI, IMI, POL), "forbidden.audience", id="with the source"),
    pytest.param((IMI, AgencyId("nobody")), "forbidden.audience", id="with one who is not in the federation"),
]


@pytest.mark.parametrize(("audience", "code"), AUDIENCES)
def test_audience_of_the_topic(audience: tuple[AgencyId, ...], code: str) -> None:
    """The audience is not empty, holds the reader, and names only readers of the topic."""
    assert _refused(replace(_alert(), audience=audience), IMI).code == code


def test_audience_of_a_mailbox_is_its_reader_alone() -> None:
    """A mailbox copy that tells who else was told is refused."""
    event = _arrived("E03", IMI, POL)
    assert _refused(replace(event, audience=(BP3MI, POL)), POL).code == "forbidden.audience"


def test_source_must_be_somebody_else_in_the_federation() -> None:
    """Neither a stranger's event nor the reader's own is let in."""
    event = _arrived("E03", IMI, POL)
    assert _refused(replace(event, source=AgencyId("nobody")), POL).code == "forbidden.source"
    assert _refused(replace(event, source=POL), POL).code == "forbidden.source"


def test_sender_needs_the_role() -> None:
    """An alert under an NGO's name is refused by everybody."""
    event = moved(replace(_alert(), source=NGO, audience=(IMI,)), mail_topic(NGO, IMI))
    error = _refused(event, IMI)
    assert (error.code, error.agreement) == ("forbidden.sender", "E07-alert")


def test_conditions_hold_on_this_side_too() -> None:
    """A source that sends beyond its agreement is stopped by the recipient."""
    event = _arrived("E03", IMI, BNPT, data__open__nexus="terror")
    assert _admitted(event, BNPT)
    error = _refused(with_open(event, nexus="none"), BNPT)
    assert (error.code, error.agreement, error.clause) == (
        "forbidden.condition",
        "E03",
        "recipient.2: nexus is terror",
    )


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"purpose": "public"}, "forbidden.purpose"),
        ({"basis": "pdp20-2-f"}, "forbidden.basis"),
        ({"lawref": "uu31-2014"}, "forbidden.lawref"),
        ({"time": "2031-01-01T00:00:00Z"}, "forbidden.expired"),
        ({"dataschema": "urn:simpul:schema:sha256:00"}, "forbidden.dataschema"),
    ],
)
def test_ground_is_asked_again(changes: dict[str, str], code: str) -> None:
    """Purpose, basis, law, date and schema are judged by the reader's own federation."""
    assert _refused(with_attributes(_alert(), changes), IMI).code == code


def test_part_that_the_reader_may_not_have_is_refused() -> None:
    """A source that sends migrant workers the narrative of a crossing, or social services' readers anything more."""
    crossing = _arrived("E03", IMI, BP3MI)
    error = _refused(replace(crossing, named=(*crossing.named, PartName("narrative"))), BP3MI)
    assert (error.code, error.agreement) == ("forbidden.part", "E03")
    tip = _arrived("E01", UPTD, POL)
    assert _refused(replace(tip, named=(*tip.named, PartName("safe_contact"))), POL).code == "forbidden.part"


def test_part_of_the_topic_that_opens_although_it_may_not_is_refused() -> None:
    """On an area topic a part may be for another reader; one that opened here must be allowed here."""
    event = _alert()
    extra = replace(event, named=(*event.named, PartName("docs")))
    assert _refused(extra, IMI).code == "forbidden.part"
    opened_too = replace(event, parts={**event.parts, PartName("docs"): event.parts[PartName("place")]})
    assert _refused(opened_too, IMI).code == "forbidden.part"


def test_copy_that_is_silent_about_a_part_is_refused() -> None:
    """A part that every event of the type has is named or withheld; nobody could ask the rules that bind it else."""
    narrative = PartName("narrative")
    event = _arrived("E15", NGO, POL)
    assert _admitted(event, POL)
    for silent in (replace(event, withheld={}), replace(event, named=(), parts={})):
        error = _refused(silent, POL)
        assert (error.code, error.agreement, error.clause) == ("forbidden.part-missing", "E15", "recipient.1")
    alert = _alert()
    on_topic = replace(alert, named=(PartName("place"),), parts={}, withheld={narrative: "withheld.agreement"})
    assert _refused(on_topic, IMI).code == "forbidden.part-missing"
    assert _admitted(replace(alert, named=(narrative,), parts={}), IMI)


def test_part_that_is_never_mentioned_is_not_asked_for() -> None:
    """Who may not have health or a safe contact does not learn by silence either that there is one."""
    event = _arrived("E16", IMI, UPTD)
    assert {"health", "safe_contact"}.isdisjoint(event.withheld)
    assert _admitted(event, UPTD)


def test_part_whose_key_is_still_missing_is_no_reason() -> None:
    """A named part that is allowed and has not opened yet does not hold the event up."""
    event = _alert()
    assert _admitted(replace(event, parts={}), IMI)


def test_copy_that_tells_who_else_was_told_is_refused() -> None:
    """E02: `routedTo` of a copy names its own readers alone."""
    known = cause(TIP, UPTD, POL, subject=None)
    event = _arrived("E02", POL, BP3MI, known, subject=None, causationid=CAUSE_ID, data__open__routedTo=[BP3MI, IMI])
    assert _admitted(event, BP3MI)
    error = _refused(with_open(event, routed_to=(BP3MI, IMI)), BP3MI)
    assert error.code == "forbidden.not-narrowed"


def test_a_reader_with_other_agreements_decides_for_itself() -> None:
    """What the sender's federation allows, a reader whose federation does not know it refuses."""
    event = _alert()
    ours = rules(toml=agreements_without("E07-alert"))
    with pytest.raises(ForbiddenError) as caught:
        admit(event, ours, reader=IMI, causes={})
    assert caught.value.code == "forbidden.not-covered"
    smaller = rules({name: role for name, role in ROLES.items() if name != BP3MI})
    with pytest.raises(ForbiddenError) as caught:
        admit(event, smaller, reader=IMI, causes={})
    assert caught.value.code == "forbidden.audience"


def test_admitted_once_does_not_admit_another() -> None:
    """What was let in before is let in again only if nothing that the agreements ask has changed."""
    ours = rules()
    event = _alert()
    assert _admitted(event, IMI, ours=ours)
    for other in (
        with_attributes(event, {"purpose": "public"}),
        replace(event, source=NGO),
        replace(event, audience=(IMI, UPTD)),
        replace(event, named=(*event.named, PartName("docs"))),
        moved(event, mail_topic(POL, IMI)),
    ):
        with pytest.raises(ForbiddenError):
            admit(other, ours, reader=IMI, causes={})


def test_withheld_list_of_a_copy_reaches_the_reader() -> None:
    """The reader sees what is withheld from it, by code."""
    assert _arrived("E15", NGO, POL).withheld == {PartName("narrative"): "withheld.agreement"}
    assert copy_for(clear(checked("E01", UPTD, audience=POL), RULES, {}), POL).parts[-1].name == "narrative"
