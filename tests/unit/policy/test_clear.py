"""Checked to Cleared: what holds for every event."""

from __future__ import annotations

from typing import Any

import pytest

from broker.errors import ForbiddenError
from broker.names import AgencyId
from broker.policy import clear, compile_rules, default_agreements
from schemas.catalogue import find
from tests.unit.policy.arrivals import cover_of
from tests.unit.policy.asking import (
    ALERT,
    ALL_OF_ALERT,
    TIP,
    ack,
    cleared,
    refused,
)
from tests.unit.policy.federations import (
    BNPT,
    IMI,
    LPSK,
    NGO,
    POL,
    SOS,
    UPTD,
    agreements_without,
    cause,
    federation,
    rules,
)
from tests.unit.validation.bodies import checked


def test_nobody_left_is_refused() -> None:
    """An audience of the source alone, or of a role without agencies, is empty, and an empty audience denies."""
    assert refused(checked("E07", POL, audience=POL)).code == "forbidden.nobody"
    alone = rules({POL: "police"})
    with pytest.raises(ForbiddenError) as caught:
        clear(checked("E07", POL, audience="role:immigration"), alone, {})
    assert caught.value.code == "forbidden.nobody"


def test_source_is_never_a_reader() -> None:
    """The source, named or of a named role, is in no audience and opens no part."""
    result = cleared(checked("E07", POL, audience=f"{POL} {ALL_OF_ALERT}"))
    for copy in result.copies:
        assert POL not in copy.audience
        assert all(POL not in part.readers for part in copy.parts)


def test_unknown_agency_and_unknown_role_refuse() -> None:
    """A recipient that is not in the federation refuses the event, told by its place and not by its name."""
    error = refused(checked("E07", POL, audience=f"{IMI} polisi-palsu"))
    assert (error.code, error.detail) == ("forbidden.unknown-agency", "agency 1 of the audience")
    assert refused(checked("E07", POL, audience="role:polisi")).code == "forbidden.unknown-role"
    assert refused(checked("E07", AgencyId("polisi-palsu"), audience=IMI)).code == "forbidden.source"


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
    error = refused(checked("E07", POL, audience=IMI, **changes))
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


def test_parts_of_one_event_are_not_remembered_for_another() -> None:
    """An alert with a place, then one without, then one with: each copy holds what its own event has."""
    ours = rules()
    held = []
    for place in ({"area": "Bandara"}, None, {"area": "Bandara"}):
        result = clear(checked("E07", POL, audience=UPTD, data__place=place), ours, {})
        held.append([part.name for part in result.copies[0].parts])
        assert cover_of(result.copies[0])["data"]["parts"] == held[-1][1:]
    assert held == [["cover", "narrative", "place"], ["cover", "narrative"], ["cover", "narrative", "place"]]


def test_a_type_without_compartments_is_a_cover_alone() -> None:
    """Its one part is the cover, which names no other and withholds none, and the recipient's catalogue reads it."""
    row = """
[[agreement]]
id = "E21-alone"
type = "id.simpul.service.capacity-reported.v1"
text_id = "Daya tampung."
text_en = "Capacity."
purposes = ["protection"]
bases = ["pdp20-2-e"]
lawrefs = ["permenpppa8-2021"]
valid_until = 2028-12-31

[[agreement.sender]]
roles = ["social-services"]

[[agreement.recipient]]
roles = ["immigration"]
compartments = []
"""
    ours = rules(toml=agreements_without("E21") + row.encode())
    event = checked("E21", UPTD, audience=IMI)
    (copy,) = clear(event, ours, {}).copies
    assert [part.name for part in copy.parts] == ["cover"]
    assert cover_of(copy)["data"].keys() == {"open", "parts"}
    assert event.kind.cover.validate_json(copy.parts[0].content).data.parts == ()


def test_recipient_of_the_cause_is_a_condition_that_can_be_made() -> None:
    """`recipient-is-cause-audience`: an answer that goes only to those who were told before."""
    toml = default_agreements().decode()
    ack_row = toml.index('id = "E07-ack"')
    head, tail = toml[:ack_row], toml[ack_row:]
    tail = tail.replace('fact = "recipient-is-cause-source"', 'fact = "recipient-is-cause-audience"', 1)
    ours = rules(toml=(head + tail).encode())
    known = cause(ALERT, POL, IMI, UPTD)
    assert clear(ack(IMI, UPTD), ours, known).copies
    with pytest.raises(ForbiddenError) as caught:
        clear(ack(IMI, POL), ours, known)
    assert caught.value.code == "forbidden.not-told-before"


def test_no_copy_tells_of_another_recipient() -> None:
    """Copies share the event's id, and name nobody but their own topic's readers."""
    result = cleared(checked("E15", NGO, audience=f"{UPTD} {LPSK} {SOS}"))
    assert len(result.copies) == 3
    for copy in result.copies:
        cover = cover_of(copy)
        assert cover["id"] == result.event_id
        assert cover["audience"] == " ".join(copy.audience)
        others = {UPTD, LPSK, SOS} - set(copy.audience)
        assert not any(other in str(cover) for other in others)
