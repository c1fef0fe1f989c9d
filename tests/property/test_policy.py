"""Laws of the agreements: total, pure, deny by default, and never more than AGREEMENTS.md's table."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from broker.errors import ForbiddenError
from broker.limits import MAX_VALUE_BYTES
from broker.names import COVER, AgencyId, EventId, area_topic, mail_topic
from broker.policy import admit, clear, explain
from broker.ports import Cause
from broker.stages import Checked, Cleared
from broker.validation.limits import value_size
from tests.unit.policy.arrivals import opened
from tests.unit.policy.federations import CAUSE_ID, ROLES, SUBJECT, rules
from tests.unit.validation.bodies import NUMBERS, checked

RULES = rules()
TYPE = NUMBERS
ANSWERS = {"E02": TYPE["E01"], "E07-ack": TYPE["E07"], "E17": TYPE["E16"]}

# The table, written a second time by hand from AGREEMENTS.md: senders, and for each recipient what it may ever open.
# Conditions are left out: they only take away. `E07-ack` is E07 with msgType Ack.
_N, _I = {"narrative"}, {"identity"}
_NETWORK = {"network"}
_IN, _NP = _I | _N, _N | {"place"}
_ALL_OF_REFERRAL = {"identity", "narrative", "place", "safe_contact"}
_TIPS = dict.fromkeys(["police", "social-services", "migrant-workers", "immigration", "ngo"], _N)
_CARE = ["social-services", "ngo", "witness-protection", "migrant-workers", "social-affairs"]
ORACLE: dict[str, tuple[set[str], dict[str, set[str]]]] = {
    "E01": ({"social-services", "immigration", "ngo"}, _TIPS),
    "E02": (set(_TIPS), _TIPS),
    "E03": ({"immigration"}, {"police": _IN, "migrant-workers": _I, "counter-terrorism": _IN}),
    "E07": (
        {"police", "immigration", "social-services"},
        {
            "police": _NP,
            "immigration": _NP,
            "migrant-workers": _NP,
            "social-services": _NP,
            "counter-terrorism": _N,
            "ngo": _N,
        },
    ),
    "E07-ack": (
        {"police", "immigration", "migrant-workers", "social-services", "counter-terrorism", "ngo"},
        {"police": _N, "immigration": _N, "social-services": _N},
    ),
    "E11": (
        {"police"},
        {
            "witness-protection": _N,
            "social-services": set(),
            "immigration": set(),
            "counter-terrorism": set(),
            "task-force": set(),
        },
    ),
    "E13": (
        {"counter-terrorism", "police", "immigration"},
        dict.fromkeys(["counter-terrorism", "police", "immigration"], _NETWORK),
    ),
    "E15": ({"ngo", "social-services", "witness-protection"}, {**dict.fromkeys(_CARE, _IN), "police": _I}),
    "E16": (
        {"immigration", "police", "ngo", "social-services", "witness-protection"},
        dict.fromkeys(_CARE, _ALL_OF_REFERRAL),
    ),
    "E17": (
        set(_CARE),
        {
            "immigration": set(),
            "police": set(),
            "ngo": _N,
            "social-services": _N,
            "witness-protection": _N,
        },
    ),
}


def _body(number: str, variant: dict[str, Any]) -> dict[str, Any]:
    """Changes that make an example the event of that row."""
    changes = dict(variant)
    if number in ANSWERS:
        changes |= {"causationid": CAUSE_ID, "subject": SUBJECT}
    if number == "E07-ack":
        changes |= {
            "data__open__msgType": "Ack",
            "data__open__references": [CAUSE_ID],
            "data__narrative": {"ackBy": "ngo", "ackState": "received"},
        }
    return changes


def _event(number: str, source: AgencyId, audience: str, variant: dict[str, Any]) -> Checked:
    return checked(number.removesuffix("-ack"), source, audience=audience, **_body(number, variant))


def _friendly(number: str, source: AgencyId, recipient: AgencyId) -> tuple[dict[str, Any], dict[EventId, Cause]]:
    """Open part and cause under which every condition holds."""
    variants: dict[str, dict[str, Any]] = {
        "E02": {"data__open__routedTo": [recipient]},
        "E03": {"data__open__nexus": "terror", "data__open__decision": "deferred"},
        "E07": {"data__open__nexus": "terror", "data__open__eventCode": "SHELTER_THREAT"},
        "E11": {"data__open__nexus": "terror"},
    }
    causes: dict[EventId, Cause] = {}
    if number in ANSWERS:
        audience = frozenset({source})
        causes[CAUSE_ID] = Cause(
            event_id=CAUSE_ID, type=ANSWERS[number], source=recipient, subject=SUBJECT, audience=audience
        )
    return variants.get(number, {}), causes


def _shown(cleared: Cleared) -> dict[AgencyId, set[str]]:
    return {
        reader: {str(part.name) for part in copy.parts if reader in part.readers} - {str(COVER)}
        for copy in cleared.copies
        for reader in copy.audience
    }


@pytest.mark.parametrize("number", ORACLE)
def test_exactly_the_table(number: str) -> None:
    """For every sender and recipient: allowed with exactly the table's compartments, or denied, conditions granted."""
    senders, recipients = ORACLE[number]
    for source, recipient in product(ROLES, ROLES):
        if source == recipient:
            continue
        variant, causes = _friendly(number, source, recipient)
        event = _event(number, source, recipient, variant)
        expected = recipients.get(ROLES[recipient]) if ROLES[source] in senders else None
        try:
            found = _shown(clear(event, RULES, causes))
        except ForbiddenError:
            assert expected is None, f"{number}: {ROLES[source]} to {ROLES[recipient]} is in the table"
        else:
            present = set(map(str, event.compartments))
            assert found == {recipient: (expected or set()) & present}
            assert expected is not None, f"{number}: {ROLES[source]} to {ROLES[recipient]} is not in the table"


AGENCIES = [*ROLES, AgencyId("nobody")]
OPEN: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "E02": {"routedTo": st.lists(st.sampled_from(AGENCIES), unique=True, max_size=4)},
    "E03": {
        "decision": st.sampled_from(["admitted", "deferred", "refused", "referred_screening"]),
        "nexus": st.sampled_from(["none", "terror", "document_fraud"]),
    },
    "E07": {
        "nexus": st.sampled_from(["none", "terror", "document_fraud"]),
        "mayInvolveChild": st.booleans(),
        "eventCode": st.sampled_from(["SHELTER_THREAT", "CHILD_AT_RISK"]),
    },
    "E11": {"nexus": st.sampled_from(["none", "terror", "document_fraud"])},
}
CAUSES = st.one_of(
    st.none(),
    st.builds(
        Cause,
        event_id=st.just(CAUSE_ID),
        type=st.sampled_from(sorted(TYPE.values())),
        source=st.sampled_from(AGENCIES),
        subject=st.sampled_from([SUBJECT, None]),
        audience=st.frozensets(st.sampled_from(AGENCIES), max_size=4),
    ),
)


@st.composite
def events(draw: st.DrawFn) -> tuple[str, Checked, dict[EventId, Cause]]:
    """Any event of any source to any audience, with any cause."""
    number = draw(st.sampled_from(sorted(ORACLE)))
    source = draw(st.sampled_from(AGENCIES))
    recipients = [*AGENCIES, *(f"role:{role}" for role in ROLES.values())]
    audience = draw(st.lists(st.sampled_from(recipients), min_size=1, max_size=6, unique=True))
    variant = {f"data__open__{name}": draw(values) for name, values in OPEN.get(number, {}).items()}
    variant["basis"] = draw(st.sampled_from(["pdp20-2-a", "pdp20-2-d", "pdp20-2-e", "pdp20-2-f"]))
    cause = draw(CAUSES)
    return number, _event(number, source, " ".join(audience), variant), {} if cause is None else {CAUSE_ID: cause}


@given(events())
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_clear_is_total_and_never_beyond_the_table(case: tuple[str, Checked, dict[EventId, Cause]]) -> None:
    """Nothing but ForbiddenError; whatever is let go is in the table, in the right place, and small enough."""
    number, event, causes = case
    senders, recipients = ORACLE[number]
    try:
        cleared = clear(event, RULES, causes)
    except ForbiddenError:
        return
    assert clear(event, RULES, causes) == cleared
    assert ROLES[event.source] in senders
    for reader, shown in _shown(cleared).items():
        assert reader != event.source
        assert shown <= recipients[ROLES[reader]]
    for copy in cleared.copies:
        assert list(copy.audience) == sorted(set(copy.audience))
        assert copy.audience
        if copy.topic == area_topic(event.kind.area):
            assert set(copy.audience) == RULES.topic_readers(event.kind.area, event.source)
        else:
            assert [copy.topic] == [mail_topic(event.source, reader) for reader in copy.audience]
        assert all(part.readers and part.readers <= set(copy.audience) for part in copy.parts)
        assert copy.parts[0].readers == set(copy.audience)
        assert value_size(len(part.content) for part in copy.parts) <= MAX_VALUE_BYTES
    told = [reader for copy in cleared.copies for reader in copy.audience]
    assert len(told) == len(set(told))
    assert set(told).isdisjoint(one.agency for one in cleared.left_out)


@given(events())
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_is_cleared_is_admitted_by_whoever_knows_the_cause(
    case: tuple[str, Checked, dict[EventId, Cause]],
) -> None:
    """The recipient's side never refuses what the sender's side lets go under the same agreements."""
    _, event, causes = case
    try:
        cleared = clear(event, RULES, causes)
    except ForbiddenError:
        return
    for copy in cleared.copies:
        for reader in copy.audience:
            arrived = opened(cleared, reader)
            assert admit(arrived, RULES, reader=reader, causes=causes).opened is arrived


@given(events())
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_explanation_agrees_with_the_decision(case: tuple[str, Checked, dict[EventId, Cause]]) -> None:
    """`explain` never raises, and says of each agency what `clear` does: who is told, what opens, who is left out."""
    _, event, causes = case
    said = {agency: explain(event, agency, RULES, causes) for agency in AGENCIES if agency != event.source}
    assert all(one.sentence_id and one.sentence_en for one in said.values())
    cleared, refusal = None, ""
    try:
        cleared = clear(event, RULES, causes)
    except ForbiddenError as error:
        refusal = error.code
    if cleared is None:
        assert refusal in {"forbidden.nobody", *(one.code for one in said.values())}
        return
    for reader, shown in _shown(cleared).items():
        assert said[reader].allowed
        assert {str(part) for part in said[reader].compartments & event.compartments.keys()} == shown
        again = explain(opened(cleared, reader), reader, RULES, causes)
        assert again.allowed
        assert again.compartments >= said[reader].compartments & event.compartments.keys()
    for one in cleared.left_out:
        assert (said[one.agency].allowed, said[one.agency].code) == (False, one.code)


@given(st.data())
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_value_of_the_event_in_a_refusal(data: st.DataObject) -> None:
    """A refusal names agreement and clause; neither subject, words nor recipients of the event."""
    number, event, causes = data.draw(events())
    refused = None
    try:
        clear(event, RULES, causes)
    except ForbiddenError as error:
        refused = error
    if refused is not None:
        said = f"{refused} {refused.agreement} {refused.clause} {refused.args}"
        assert event.attributes.get("subject", "-none-") not in said
        assert not any(agency in said for agency in (*event.named, event.source))
        assert refused.agreement in ("", number, "E07-alert", "E07-ack")
