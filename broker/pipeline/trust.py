"""The federation that a node goes by, with the rules compiled from it; a change takes effect without a restart."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from broker.policy import compile_rules

if TYPE_CHECKING:
    from broker.names import AgencyId
    from broker.policy import Rules
    from broker.ports import Clock, Federation, FederationHome


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """One version of the federation and the rules compiled from it; always taken together."""

    federation: Federation = field(repr=False)
    rules: Rules = field(repr=False)


class Trust:
    """The federation in force with its rules; looked at again now and then, so that a change needs no restart."""

    def __init__(self, home: FederationHome, clock: Clock) -> None:
        """Load the federation.

        Args:
            home: where it is read from.
            clock: tells which receiving keys are in force.

        Raises:
            MisconfiguredError: there is none, or its agreements do not compile.
        """
        self._home = home
        self._clock = clock
        self._in_force = self._compiled(home.load())

    def in_force(self) -> InForce:
        """Return what is in force now."""
        return self._in_force

    def look_again(self) -> bool:
        """Load the federation again; say whether something else is in force now: another version, or other keys.

        Raises:
            MisconfiguredError: what is there cannot be used; what was in force stays in force.
        """
        found = self._home.load()
        before = self._in_force
        if found.version == before.federation.version and self._reachable(found) == before.rules.reachable:
            return False
        self._in_force = self._compiled(found)
        return True

    def _compiled(self, federation: Federation) -> InForce:
        rules = compile_rules(federation, reachable=self._reachable(federation))
        return InForce(federation=federation, rules=rules)

    def _reachable(self, federation: Federation) -> frozenset[AgencyId]:
        """Return the agencies that have a receiving key in force."""
        now = self._clock.now()
        return frozenset(
            agency.id
            for agency in federation.agencies.values()
            if any(key.not_before <= now <= key.not_after for key in agency.receiving)
        )
