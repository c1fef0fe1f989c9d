"""The reduced twin of a determination: what it says, to whom, and what it does not say."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from broker.errors import ForbiddenError
from broker.names import AgencyId
from broker.policy import Rules, admit, clear, reduced
from broker.stages import Checked, Cleared
from broker.validation import check
from tests.unit.policy.arrivals import cover_of, opened
from tests.unit.policy.federations import IMI, LPSK, POL, ROLES, UPTD, agreements_without, rules
from tests.unit.validation.bodies import SECRET, body, draft

RULES = rules()
WITHOUT_IMMIGRATION = rules({agency: role for agency, role in ROLES.items() if agency != IMI})
TWIN = "id.simpul.victim.protection-notified.v1"
CAUSE = "5f1b1a0e-6f0e-8c56-9d39-0b2f6a3f0002"


def _full(**changes: Any) -> Checked:
    return check(draft(body("E10", **changes)), source=UPTD, secret=SECRET)


def _twin(ours: Rules = RULES, **changes: Any) -> Checked | None:
    handed_in = draft(body("E10", **changes))
    made, _ = reduced(handed_in, check(handed_in, source=UPTD, secret=SECRET), ours)
    if made is None:
        return None
    assert made.origin == handed_in.origin
    return check(made, source=UPTD, secret=SECRET)


def _cleared(**changes: Any) -> Cleared:
    twin = _twin(**changes)
    assert twin is not None
    return clear(twin, RULES, {})


def test_twin_goes_to_the_roles_of_its_own_agreement() -> None:
    """To immigration, which lets it in, with the token and nothing else; whoever has the full event has no twin."""
    result = _cleared()
    (copy,) = result.copies
    assert copy.audience == (IMI,)
    arrived = opened(result, IMI)
    assert admit(arrived, RULES, reader=IMI, causes={}).opened is arrived
    data = body("E10")["data"]
    assert cover_of(copy)["data"] == {
        "open": {
            "art86": True,
            "placement": data["narrative"]["placement"],
            "decidedBy": data["open"]["decidedByType"],
        },
        "parts": ["identity"],
    }
    assert orjson.loads(copy.parts[1].content) == {"docToken": data["identity"]["docToken"]}


def test_twin_is_handled_as_the_full_event_and_refers_to_the_law_of_its_agreement() -> None:
    """Time, status, purpose, basis, priority, marks and expiry are the same; its id is another, and always the same."""
    changes: dict[str, Any] = {"expirytime": "2027-01-01T00:00:00Z", "status": "Actual", "priority": "P2"}
    full, twin = _full(**changes), _twin(**changes)
    assert twin is not None
    same = ("time", "expirytime", "status", "purpose", "basis", "priority", "tlp", "pap", "source")
    assert {name: twin.attributes[name] for name in same} == {name: full.attributes[name] for name in same}
    assert twin.attributes["lawref"] == "uu6-2011-86"
    assert twin.event_id != full.event_id
    again = _twin(**changes)
    assert again is not None
    assert again.event_id == twin.event_id


def test_twin_names_neither_case_nor_cause_nor_place() -> None:
    """Two people of one case, or a person and a report, cannot be put together by what immigration is told."""
    twin = _twin(causationid=CAUSE, correlationid=CAUSE, area="17.09")
    assert twin is not None
    assert twin.attributes.keys().isdisjoint({"subject", "causationid", "correlationid", "area"})
    assert _full().attributes["subject"] not in orjson.dumps(dict(twin.attributes)).decode()


@pytest.mark.parametrize(
    ("number", "changes"),
    [
        pytest.param("E07", {}, id="a type without twins"),
        pytest.param("E10", {"data__identity__docToken": None}, id="somebody whom immigration does not know"),
    ],
)
def test_most_events_have_no_twin(number: str, changes: dict[str, Any]) -> None:
    """Nothing is made and nothing is reported."""
    handed_in = draft(body(number, **changes))
    event = check(handed_in, source=POL, secret=SECRET)
    assert reduced(handed_in, event, RULES) == (None, ())


def test_federation_without_immigration_is_reported() -> None:
    """Where nobody could have the twin, there is none, and the role shows among those left out."""
    handed_in = draft(body("E10"))
    made, (left_out,) = reduced(handed_in, _full(), WITHOUT_IMMIGRATION)
    assert made is None
    assert (left_out.agency, left_out.code, left_out.agreement) == (
        AgencyId("role:immigration"),
        "forbidden.no-such-agency",
        "E10T",
    )
    assert reduced(handed_in, _full(), RULES)[1] == ()


def test_federation_without_an_agreement_about_the_twin_refuses() -> None:
    """Nobody decided that immigration need not know: the full event does not go alone."""
    with pytest.raises(ForbiddenError) as caught:
        _twin(rules(toml=agreements_without("E10T")))
    assert caught.value.code == "forbidden.type"


@pytest.mark.parametrize("reader", [LPSK, POL])
def test_twin_is_for_nobody_else(reader: AgencyId) -> None:
    """Handed in for another role, it is refused."""
    event = check(draft(body("E10T", audience=reader)), source=UPTD, secret=SECRET)
    with pytest.raises(ForbiddenError) as caught:
        clear(event, RULES, {})
    assert (caught.value.code, caught.value.agreement) == ("forbidden.recipient", "E10T")
