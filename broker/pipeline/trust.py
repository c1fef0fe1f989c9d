"""The federation that a node goes by, with the rules compiled from it; a change takes effect without a restart."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from broker.policy import compile_rules

if TYPE_CHECKING:
    from broker.policy import Rules
    from broker.ports import Federation, FederationHome


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """One version of the federation and the rules compiled from it; always taken together."""

    federation: Federation = field(repr=False)
    rules: Rules = field(repr=False)


class Trust:
    """The federation in force with its rules; looked at again now and then, so that a change needs no restart."""

    def __init__(self, home: FederationHome) -> None:
        """Load the federation.

        Raises:
            MisconfiguredError: there is none, or its agreements do not compile.
        """
        self._home = home
        self._in_force = self._load()

    def in_force(self) -> InForce:
        """Return what is in force now."""
        return self._in_force

    def look_again(self) -> bool:
        """Load the federation again; say whether another version is in force now.

        Raises:
            MisconfiguredError: what is there cannot be used; what was in force stays in force.
        """
        found = self._home.load()
        if found.version == self._in_force.federation.version:
            return False
        self._in_force = InForce(federation=found, rules=compile_rules(found))
        return True

    def _load(self) -> InForce:
        federation = self._home.load()
        return InForce(federation=federation, rules=compile_rules(federation))
