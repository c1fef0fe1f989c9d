"""May this draft leave? `check` and `clear` in a row, with what this node knows of the events it answers or names.

Asked twice: when a draft is handed in, and again before it is sealed if the federation has changed in between. So
what passed the first time is kept for the second, in memory and bounded; after a restart it is simply asked again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from broker.names import EventId
from broker.policy import clear, recipients_of, reduced
from broker.ports import Accepted, Cause, Route
from broker.validation import check

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from broker.names import AgencyId
    from broker.pipeline.trust import InForce
    from broker.policy import Rules
    from broker.stages import Checked, Cleared, Draft, LeftOut

Need = tuple[str, frozenset["AgencyId"]]
"""An erasure unit, and exactly those who may open what is sealed for it (the source left out)."""

_KEPT: Final = 2048
"""Some 30 MB of ordinary events; what is beyond it is read and checked once more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """A draft that may leave under the rules of one federation version."""

    checked: Checked = field(repr=False)
    cleared: Cleared = field(repr=False)
    route: Route
    needs: tuple[Need, ...] = field(repr=False)
    """What its copies need data keys for."""
    rules: Rules = field(repr=False)

    def cause(self) -> Cause:
        """Return what an answer to this event is judged by."""
        return Cause(
            event_id=self.checked.event_id,
            type=self.route.type,
            source=self.checked.source,
            subject=self.route.subject,
            audience=frozenset(agency for _, audience in self.route.copies for agency in audience),
        )


Leaving = list[tuple["Draft", Passed]]
"""A draft that may leave, and its reduced twin where it has one."""


class Clearance:
    """Asks the catalogue and the agreements. Called from the outbox's thread alone."""

    def __init__(
        self,
        *,
        source: AgencyId,
        secret: bytes,
        in_force: Callable[[], InForce],
        sent: Callable[[EventId], Cause | None],
        received: Callable[[EventId, frozenset[AgencyId]], Cause | None],
    ) -> None:
        """Take what it asks.

        Args:
            source: the agency that this node speaks for.
            secret: 32 bytes under which ids are derived.
            in_force: the federation in force, asked anew for each call.
            sent: looks for an event that is answered or named in the outbox.
            received: looks for it in the inbox, if it is not there; of several sources the one that is answered.
        """
        self._source = source
        self._secret = secret
        self._in_force = in_force
        self._sent = sent
        self._received = received
        self._kept: dict[int, tuple[Accepted, Passed]] = {}

    def in_force(self) -> InForce:
        """Return the federation in force."""
        return self._in_force()

    def ask(self, draft: Draft, rules: Rules, beside: Mapping[EventId, Passed]) -> Leaving:
        """Check and clear one draft, and what goes beside it.

        Args:
            draft: an event as handed in.
            rules: of the federation in force.
            beside: events of the same batch, which no store knows yet.

        Raises:
            InvalidEventError: the catalogue refuses it, or its twin.
            ForbiddenError: an agreement said no to it, or to its twin.
        """
        checked = check(draft, source=self._source, secret=self._secret)
        twin, left_out = reduced(draft, checked, rules)
        leaving = [(draft, self.clear(checked, rules, beside, left_out))]
        return leaving if twin is None else leaving + self.ask(twin, rules, beside)

    def clear(
        self,
        checked: Checked,
        rules: Rules,
        beside: Mapping[EventId, Passed],
        left_out: tuple[LeftOut, ...] = (),
    ) -> Passed:
        """Clear one event that was checked; `left_out` is whom its twin could not reach.

        Raises:
            ForbiddenError: an agreement said no.
        """
        cleared = clear(checked, rules, self._causes_of(checked, rules, beside))
        route = Route(
            type=checked.kind.type,
            subject=checked.attributes.get("subject"),
            copies=tuple([(copy.topic, copy.audience) for copy in cleared.copies]),
            left_out=cleared.left_out + left_out,
        )
        readers = {part.readers for copy in cleared.copies for part in copy.parts}
        needs = tuple([(cleared.erasure_unit, some) for some in readers])
        return Passed(checked=checked, cleared=cleared, route=route, needs=needs, rules=rules)

    def _causes_of(self, checked: Checked, rules: Rules, beside: Mapping[EventId, Passed]) -> Mapping[EventId, Cause]:
        answered = checked.attributes.get("causationid")
        named_by = rules.events_named.get(checked.kind.type)
        if answered is None and named_by is None:
            return {}
        names = [] if answered is None else [EventId(answered)]
        names += [] if named_by is None else named_by(checked.data.open)
        recipients, _ = recipients_of(checked, rules)
        causes = {name: self._cause(name, beside, recipients) for name in names}
        return {name: cause for name, cause in causes.items() if cause is not None}

    def _cause(
        self, event_id: EventId, beside: Mapping[EventId, Passed], recipients: frozenset[AgencyId]
    ) -> Cause | None:
        neighbour = beside.get(event_id)
        if neighbour is not None:
            return neighbour.cause()
        return self._sent(event_id) or self._received(event_id, recipients)

    def keep(self, accepted: Accepted, passed: Passed) -> None:
        """Keep what passed for the relay, if there is room; the outbox has it in any case."""
        if len(self._kept) < _KEPT:
            self._kept[accepted.row] = (accepted, passed)

    def take(self, row: int) -> tuple[Accepted, Passed] | None:
        """Return what was kept of a row, and keep it no longer."""
        return self._kept.pop(row, None)
