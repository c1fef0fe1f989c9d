"""E14: told to who sent one of the linked events; each copy names only what its reader already knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from broker.errors import MisconfiguredError
from broker.names import AgencyId, EventId
from broker.policy import admit, default_agreements, explain
from broker.ports import Cause
from tests.unit.policy.arrivals import copy_for, cover_of, opened
from tests.unit.policy.asking import RULES, cleared, refused
from tests.unit.policy.federations import BNPT, GT, IMI, NGO, POL, UPTD, rules
from tests.unit.validation.bodies import checked

if TYPE_CHECKING:
    from broker.stages import Checked

ONE, TWO, THREE, UNKNOWN = (EventId(f"5f1b1a0e-6f0e-8c56-9d39-0b2f6a3f001{number}") for number in range(4))


def _known(
    event_id: EventId, source: AgencyId, *audience: AgencyId, kind: str = "id.simpul.alert.issued.v1"
) -> tuple[EventId, Cause]:
    return event_id, Cause(event_id=event_id, type=kind, source=source, subject=None, audience=frozenset(audience))


CAUSES = dict([_known(ONE, IMI, POL, BNPT), _known(TWO, BNPT, POL), _known(THREE, POL, IMI, NGO)])


def _linkage(audience: str, *events: EventId, source: AgencyId = POL) -> Checked:
    return checked("E14", source, audience=audience, data__open__events=list(events))


def test_each_copy_names_what_its_reader_sent_or_received() -> None:
    """An id that this node does not know is named to nobody."""
    result = cleared(_linkage(f"{IMI} {BNPT}", ONE, TWO, THREE, UNKNOWN), CAUSES)
    named = {
        reader: cover_of(copy_for(result, reader))["data"]["open"]["events"]
        for copy in result.copies
        for reader in copy.audience
    }
    assert named == {IMI: [ONE, THREE], BNPT: [ONE, TWO]}
    for reader in (IMI, BNPT):
        arrived = opened(result, reader)
        assert admit(arrived, RULES, reader=reader, causes={}).opened is arrived


def test_who_sent_none_of_them_is_not_told() -> None:
    """One that merely received a linked event, and one that never heard of any."""
    for stranger in (NGO, UPTD):
        error = refused(_linkage(f"{IMI} {stranger}", ONE, THREE), CAUSES)
        assert (error.code, error.agreement) == ("forbidden.not-its-event", "E14")
        assert explain(_linkage(IMI, ONE, THREE), stranger, RULES, CAUSES).code == error.code
    by_role = cleared(_linkage("role:immigration role:ngo", ONE, THREE), CAUSES)
    assert [(one.agency, one.code) for one in by_role.left_out] == [(NGO, "forbidden.not-its-event")]


def test_the_next_linkage_is_judged_by_its_own_events() -> None:
    """Nothing that was decided of one is remembered for another, nor when this node has come to know more."""
    assert refused(_linkage(IMI, TWO), CAUSES).code == "forbidden.not-its-event"
    assert cleared(_linkage(IMI, ONE), CAUSES).copies
    assert refused(_linkage(IMI, ONE), {}).code == "forbidden.not-its-event"


def test_agreement_that_would_send_an_empty_copy_is_not_used() -> None:
    """Who sent one of the events is named that one; of nobody else is it certain, so every clause must ask."""
    text = default_agreements().decode()
    asks = 'when = [{ recipient_sent = "events", judged_by = "sender" }]\n'
    assert text.count(asks) == 1
    for bad in ("", 'when = [{ fact = "recipient-is-named", judged_by = "sender" }]\n'):
        with pytest.raises(MisconfiguredError) as caught:
            rules(toml=text.replace(asks, bad).encode())
        assert caught.value.detail.startswith("agreement.15.recipient.0: ")


def test_the_task_force_links_what_it_was_sent() -> None:
    """Its copies name the contributor's own event, and no other."""
    causes = dict([_known(ONE, IMI, GT), _known(TWO, UPTD, GT)])
    result = cleared(_linkage(f"{IMI} {UPTD}", ONE, TWO, source=GT), causes)
    assert [cover_of(copy)["data"]["open"]["events"] for copy in result.copies] == [[ONE], [TWO]]


@pytest.mark.parametrize("kind", ["victim.protection-notified", "victim.status-determined", "screening.completed"])
def test_event_about_a_victim_is_linked_for_nobody(kind: str) -> None:
    """Neither its source nor a reader is named it, so that a twin and a case are never told to belong together."""
    about = _known(TWO, POL, IMI, UPTD, kind=f"id.simpul.{kind}.v1")
    causes = dict([_known(ONE, IMI, POL), about, _known(THREE, UPTD, POL, IMI)])
    result = cleared(_linkage(f"{IMI} {UPTD}", ONE, TWO, THREE), causes)
    assert [cover_of(copy)["data"]["open"]["events"] for copy in result.copies] == [[ONE, THREE], [THREE]]
    by_source = refused(_linkage(POL, ONE, TWO, source=GT), causes | dict([_known(TWO, POL, GT, kind=about[1].type)]))
    assert by_source.code == "forbidden.not-its-event"
