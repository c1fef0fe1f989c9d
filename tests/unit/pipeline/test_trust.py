"""The federation that a node goes by: a new version, or a key that runs out, takes effect without a restart."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from broker.pipeline.trust import Trust
from broker.ports import Federation
from tests.unit.pipeline.sending import BP3MI, NOON, HeldClock, federation


class _Home:
    """A home in the hand."""

    def __init__(self, held: Federation) -> None:
        self.held = held

    def load(self) -> Federation:
        """Return what is held."""
        return self.held


def test_a_receiving_key_that_runs_out_takes_its_agency_out_of_reach() -> None:
    """Nothing changes until then; from then on nothing can be sealed for that agency."""
    clock = HeldClock()
    held = federation()
    agency = held.agencies[BP3MI]
    short = tuple(replace(key, not_after=NOON + timedelta(minutes=1)) for key in agency.receiving)
    trust = Trust(_Home(replace(held, agencies={**held.agencies, BP3MI: replace(agency, receiving=short)})), clock)
    assert BP3MI in trust.in_force().rules.reachable
    assert not trust.look_again()
    clock.time = NOON + timedelta(minutes=2)
    assert trust.look_again()
    assert BP3MI not in trust.in_force().rules.reachable


def test_a_new_version_is_taken_up() -> None:
    """The version is what says that the federation changed."""
    home = _Home(federation(version=1))
    trust = Trust(home, HeldClock())
    home.held = federation(version=2)
    assert trust.look_again()
    assert trust.in_force().federation.version == 2
