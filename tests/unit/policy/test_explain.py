"""Every decision has its reasons, in both languages."""

from __future__ import annotations

import ast
from importlib import resources
from typing import Any

import pytest

from broker.codes import registry
from broker.errors import ForbiddenError
from broker.names import AgencyId
from broker.policy import Decision, Rules, clear, default_agreements, explain
from tests.unit.policy.arrivals import opened
from tests.unit.policy.asking import ack
from tests.unit.policy.federations import BNPT, BP3MI, CAUSE_ID, IMI, NGO, POL, UPTD, cause, rules
from tests.unit.validation.bodies import checked

RULES = rules()


def _said(decision: Decision) -> tuple[bool, str, str, str]:
    return decision.allowed, decision.code, decision.agreement, decision.clause


E03 = [
    pytest.param(BNPT, (False, "forbidden.condition", "E03", "recipient.2: nexus is terror"), set(), id="a condition"),
    pytest.param(BP3MI, (True, "allowed.agreement", "E03", "recipient.1"), {"identity"}, id="a part"),
    pytest.param(POL, (True, "allowed.agreement", "E03", "recipient.0"), {"identity", "narrative"}, id="all"),
    pytest.param(NGO, (False, "forbidden.recipient", "E03", "recipient"), set(), id="not in the audience"),
]


@pytest.mark.parametrize(("agency", "said", "parts"), E03)
def test_every_agency_is_decided(agency: AgencyId, said: tuple[bool, str, str, str], parts: set[str]) -> None:
    """A flagged crossing: who gets what, by which agreement and clause, in both languages."""
    one = explain(checked("E03", IMI, audience=f"{POL} {BP3MI} {BNPT}"), agency, RULES, {})
    assert (_said(one), set(map(str, one.compartments)), one.agency) == (said, parts, agency)
    text = registry()[one.code]
    assert (one.sentence_id, one.sentence_en) == (text.id, text.en)
    agreement = RULES.agreement(one.agreement)
    assert agreement is not None
    assert agreement.text_en


WHOLE = [
    pytest.param({"audience": "role:spy"}, POL, IMI, "forbidden.unknown-role", id="an unknown role"),
    pytest.param({"audience": IMI}, POL, AgencyId("nobody"), "forbidden.unknown-agency", id="an unknown agency"),
    pytest.param({"audience": IMI, "purpose": "public"}, POL, IMI, "forbidden.purpose", id="a purpose not agreed on"),
    pytest.param({"audience": IMI}, AgencyId("nobody"), IMI, "forbidden.source", id="a source that nobody knows"),
]


@pytest.mark.parametrize(("changes", "source", "agency", "code"), WHOLE)
def test_event_that_nobody_may_have(changes: dict[str, Any], source: AgencyId, agency: AgencyId, code: str) -> None:
    """Where the event as a whole is refused, that is the reason, and nothing is raised."""
    one = explain(checked("E07", source, **changes), agency, RULES, {})
    assert (one.allowed, one.code, one.compartments) == (False, code, frozenset())


def test_closest_agreement_is_named() -> None:
    """Of two agreements about alerts, the one that came further is named."""
    one = explain(checked("E07", POL, audience=NGO), NGO, RULES, {})
    assert (one.agreement, one.clause) == ("E07-alert", "recipient.2: eventCode is SHELTER_THREAT")
    one = explain(checked("E07", UPTD, audience=POL, data__open__mayInvolveChild=False), POL, RULES, {})
    assert (one.agreement, one.clause) == ("E07-alert", "sender.1: mayInvolveChild is true")


def _careless() -> Rules:
    """The default agreements, of which the one about acknowledgements forgot that they answer something."""
    head, tail = default_agreements().decode().split('id = "E07-ack"')
    row, *more = tail.split("[[agreement]]")
    kept = [line for line in row.split("\n") if not line.startswith(("answers =", "when ="))]
    return rules(toml="[[agreement]]".join([f'{head}id = "E07-ack"' + "\n".join(kept), *more]).encode())


@pytest.mark.parametrize("ours", [pytest.param(RULES, id="default"), pytest.param(_careless(), id="careless")])
def test_answer_to_what_is_not_known_is_refused_as_when_it_is_sent(ours: Rules) -> None:
    """An acknowledgement of an alert that this node never had: by the same agreement and clause."""
    answer = ack(IMI, POL)
    with pytest.raises(ForbiddenError) as caught:
        clear(answer, ours, {})
    for one in (explain(answer, POL, ours, {}), caught.value):
        assert (one.code, one.agreement, one.clause) == ("forbidden.cause-unknown", "E07-ack", "answers")


def test_agency_that_was_not_named_is_asked_about_as_if_it_were() -> None:
    """An alert may go to an NGO that is named; to one that its role stands for it may not."""
    threat = {"data__open__eventCode": "SHELTER_THREAT"}
    assert explain(checked("E07", POL, audience=IMI, **threat), NGO, RULES, {}).allowed
    one = explain(checked("E07", POL, audience=f"{IMI} role:ngo", **threat), NGO, RULES, {})
    assert (one.allowed, one.code) == (False, "forbidden.not-by-name")


def test_event_that_was_sent_is_explained_from_a_copy() -> None:
    """Where copies name their own readers alone, asked is what would be if this copy named the agency."""
    causes = cause("id.simpul.tip.received.v1", POL, UPTD, subject=None)
    tip = checked("E02", UPTD, audience=POL, subject=None, causationid=CAUSE_ID, data__open__routedTo=[POL])
    arrived = opened(clear(tip, RULES, causes), POL)
    assert explain(tip, BP3MI, RULES, causes).code == "forbidden.not-listed"
    assert explain(arrived, BP3MI, RULES, causes).allowed
    assert not explain(arrived, BNPT, RULES, causes).allowed


def test_every_code_in_the_room_is_registered() -> None:
    """No code is raised that has no sentences, and none is registered that is never raised."""
    files = [file for file in resources.files("broker.policy").iterdir() if file.name.endswith(".py")]
    nodes = [node for file in files for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))]
    texts = [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    codes = {text for text in texts if text.startswith(("forbidden.", "withheld.", "allowed."))}
    registered = {code for code in registry() if code.startswith(("forbidden.", "withheld.", "allowed."))}
    assert codes == registered
