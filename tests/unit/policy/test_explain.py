"""Every decision has its reasons, in both languages."""

from __future__ import annotations

import ast
from importlib import resources
from itertools import pairwise
from typing import Any

import pytest

from broker.codes import registry
from broker.names import COVER, AgencyId
from broker.policy import Decision, explain
from tests.unit.policy.federations import BNPT, BP3MI, IMI, NGO, POL, UPTD, rules
from tests.unit.validation.bodies import checked

RULES = rules()


def _said(decisions: list[Decision]) -> dict[tuple[AgencyId | None, str], tuple[bool, str, str, str]]:
    return {(one.recipient, one.part): (one.allowed, one.code, one.agreement, one.clause) for one in decisions}


def test_every_recipient_and_part_is_decided() -> None:
    """E03 to three: who gets what, by which agreement and clause, and what is withheld."""
    decisions = explain(checked("E03", IMI, audience=f"{POL} {BP3MI} {BNPT}"), RULES, {})
    no = (False, "forbidden.condition", "E03", "recipient.2: nexus is terror")
    assert _said(decisions) == {
        (BNPT, "cover"): no,
        (BNPT, "identity"): no,
        (BNPT, "narrative"): no,
        (BP3MI, "cover"): (True, "allowed.agreement", "E03", "recipient.1"),
        (BP3MI, "identity"): (True, "allowed.agreement", "E03", "recipient.1"),
        (BP3MI, "narrative"): (False, "withheld.agreement", "E03", "recipient.1"),
        (POL, "cover"): (True, "allowed.agreement", "E03", "recipient.0"),
        (POL, "identity"): (True, "allowed.agreement", "E03", "recipient.0"),
        (POL, "narrative"): (True, "allowed.agreement", "E03", "recipient.0"),
    }
    for one in decisions:
        text = registry()[one.code]
        assert (one.sentence_id, one.sentence_en) == (text.id, text.en)
        agreement = RULES.agreement(one.agreement)
        assert agreement is not None
        assert agreement.text_en


WHOLE = [
    pytest.param({"audience": "role:spy"}, "forbidden.unknown-role", None, id="an unknown role"),
    pytest.param({"audience": POL}, "forbidden.nobody", None, id="nobody but the source"),
    pytest.param({"audience": "nobody"}, "forbidden.unknown-agency", AgencyId("nobody"), id="an unknown agency"),
    pytest.param({"audience": IMI, "purpose": "public"}, "forbidden.purpose", IMI, id="a purpose not agreed on"),
]


@pytest.mark.parametrize(("changes", "code", "recipient"), WHOLE)
def test_event_that_nobody_may_have(changes: dict[str, Any], code: str, recipient: AgencyId | None) -> None:
    """Where the event as a whole is refused, the reason stands for it, and nothing is raised."""
    decisions = explain(checked("E07", POL, **changes), RULES, {})
    assert {(one.recipient, one.allowed, one.code) for one in decisions} == {(recipient, False, code)}
    assert decisions[0].part == COVER


def test_closest_agreement_is_named() -> None:
    """Of two agreements about alerts, the one that came further is named."""
    (decision, *_) = explain(checked("E07", POL, audience=NGO), RULES, {})
    assert (decision.agreement, decision.clause) == ("E07-alert", "recipient.2: eventCode is SHELTER_THREAT")
    (decision, *_) = explain(checked("E07", UPTD, audience=POL, data__open__mayInvolveChild=False), RULES, {})
    assert (decision.agreement, decision.clause) == ("E07-alert", "sender.1: mayInvolveChild is true")


def test_recipients_stand_in_order() -> None:
    """The list is the same at every asking."""
    decisions = explain(checked("E15", NGO, audience=f"{UPTD} {POL}"), RULES, {})
    assert all((one.recipient or "") <= (other.recipient or "") for one, other in pairwise(decisions))


def test_every_code_in_the_room_is_registered() -> None:
    """No code is raised that has no sentences, and none is registered that is never raised."""
    files = [file for file in resources.files("broker.policy").iterdir() if file.name.endswith(".py")]
    nodes = [node for file in files for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))]
    texts = [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    codes = {text for text in texts if text.startswith(("forbidden.", "withheld.", "allowed."))}
    registered = {code for code in registry() if code.startswith(("forbidden.", "withheld.", "allowed."))}
    assert codes == registered
