"""Two records of one event, put together, or found to contradict."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from broker.names import AgencyId, KeyId, PartName
from broker.pipeline.reading import contradicts, merge
from broker.policy import clear
from tests.unit.pipeline.receiving import FORCE
from tests.unit.pipeline.sending import IMI
from tests.unit.policy.arrivals import opened, with_attributes, with_open
from tests.unit.validation.bodies import checked

if TYPE_CHECKING:
    from broker.stages import Opened

NARRATIVE, PLACE, IDENTITY = (PartName(name) for name in ("narrative", "place", "identity"))
KEY = KeyId(b"k" * 16)
POLICE = AgencyId("polres-bengkulu-tengah")


@pytest.fixture
def whole() -> Opened:
    """An alert with both its compartments."""
    audience = "role:police role:immigration role:migrant-workers"
    return opened(clear(checked("E07", POLICE, audience=audience), FORCE.rules, {}), IMI)


def without(event: Opened, name: PartName) -> Opened:
    """The same event, the key of one part not here."""
    parts = {part: held for part, held in event.parts.items() if part != name}
    return replace(event, parts=parts, missing={name: KEY})


def test_a_part_that_one_record_lacks_comes_from_the_other(whole: Opened) -> None:
    """Whichever was first: nothing is missing that either of them has."""
    for first, further in ((without(whole, PLACE), whole), (whole, without(whole, PLACE))):
        both = merge(first, further)
        assert (set(both.parts), both.missing) == ({NARRATIVE, PLACE}, {})
    neither = merge(without(whole, PLACE), without(whole, PLACE))
    assert neither.missing == {PLACE: KEY}


def test_what_a_further_record_names_is_withheld_no_longer(whole: Opened) -> None:
    """A compartment that came after all is not shown as withheld; the others are."""
    named = tuple(name for name in whole.named if name != PLACE)
    first = replace(
        without(whole, PLACE), named=named, missing={}, withheld={PLACE: "forbidden.part", IDENTITY: "consent.refused"}
    )
    both = merge(first, whole)
    assert both.withheld == {IDENTITY: "consent.refused"}
    assert (set(both.named), list(both.parts)) == (set(whole.named), list(both.named))


def test_the_audiences_are_joined(whole: Opened) -> None:
    """Each copy names only its own readers."""
    other = replace(whole, audience=(AgencyId("lpsk"),))
    assert set(merge(whole, other).audience) == {*whole.audience, "lpsk"}


def test_audience_and_what_is_withheld_may_differ_and_nothing_else(whole: Opened) -> None:
    """Anything else is a contradiction."""
    assert not contradicts(whole, whole)
    assert not contradicts(whole, with_attributes(whole, {"audience": "lpsk"}))
    assert not contradicts(whole, replace(whole, withheld={IDENTITY: "consent.refused"}))
    assert not contradicts(whole, without(whole, PLACE))
    assert contradicts(whole, with_attributes(whole, {"priority": "P9"}))
    assert contradicts(whole, with_open(whole, nexus="terror"))
    changed = {**whole.parts, PLACE: replace(whole.parts[PLACE], model=whole.parts[NARRATIVE].model)}
    assert contradicts(whole, replace(whole, parts=changed))
