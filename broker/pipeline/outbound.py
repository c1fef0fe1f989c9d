"""The way into the outbox: check, clear, make durable, wake the relay.

Rules:
- When `accept` returns, what it took is durable and will leave; what it did not take is named with its code, and is
  still the caller's. If it raises, nothing was taken.
- One refused draft holds up no other.
- An event and its reduced twin are taken together or not at all: a twin that is refused refuses its event.
- Victim-side events of priority P2 and P3 leave at quarter-hour marks, so that their hour says nothing; an
  exercise, which is about nobody, leaves at once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from broker.errors import RejectedError
from broker.ports import Accepted, Station, Submission

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from broker.names import EventId
    from broker.pipeline.clearance import Clearance, Leaving, Passed
    from broker.ports import Calls, Clock, Outbox, Probe
    from broker.stages import Checked, Draft, LeftOut

QUARTER_HOUR: Final = timedelta(minutes=15)
_UNHURRIED: Final = frozenset({"P2", "P3"})


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptResult:
    """What became of one draft that was handed in."""

    event_id: EventId | None
    """None where the draft was not even an event."""
    new: bool
    """Whether it was added; false where the event was known already, or refused."""
    left_out: tuple[LeftOut, ...] = ()
    refused: RejectedError | None = field(default=None, repr=False)

    @property
    def accepted(self) -> bool:
        """Whether the event is in the outbox, from now on or since before."""
        return self.refused is None


class Outbound:
    """Takes drafts for this node to send."""

    def __init__(
        self,
        *,
        outbox: Outbox,
        thread: Calls,
        clearance: Clearance,
        clock: Clock,
        probe: Probe,
        wake: Callable[[], None],
    ) -> None:
        """Take what it works with.

        Args:
            outbox: where drafts become durable.
            thread: the outbox's own thread.
            clearance: asks catalogue and agreements.
            clock: the time.
            probe: told of what was accepted.
            wake: tells the relay that there is something to do.
        """
        self._outbox = outbox
        self._thread = thread
        self._clearance = clearance
        self._clock = clock
        self._probe = probe
        self._wake = wake

    async def accept(self, drafts: Sequence[Draft]) -> list[AcceptResult]:
        """Take drafts, in order.

        Returns:
            What became of each; of the accepted ones it is durable.

        Raises:
            StorageError: nothing was taken; the caller keeps all of it and tries again.
        """
        results, added = await self._thread.run(self._accept, drafts)
        if added:
            self._probe.passed(Station.ACCEPTED, added)
            self._wake()
        return results

    def _accept(self, drafts: Sequence[Draft]) -> tuple[list[AcceptResult], int]:
        """Make what may leave durable; return what became of each draft, and how many events were added."""
        now = self._clock.now()
        asked = self._ask(drafts)
        leaving = [one for item in asked if not isinstance(item, _Refused) for one in item]
        submissions = [
            Submission(
                event_id=passed.checked.event_id,
                draft=draft,
                route=passed.route,
                release_at=_release(passed.checked, now),
            )
            for draft, passed in leaving
        ]
        rows = self._outbox.accept(submissions, now) if submissions else []
        for row, submission, (_, passed) in zip(rows, submissions, leaving, strict=True):
            if row is not None and submission.release_at is None:
                accepted = Accepted(row=row, event_id=submission.event_id, draft=submission.draft, accepted_at=now)
                self._clearance.keep(accepted, passed)
        taken = iter(rows)
        results = [
            AcceptResult(event_id=None, new=False, refused=item.error)
            if isinstance(item, _Refused)
            else _accepted(item, [next(taken) for _ in item])
            for item in asked
        ]
        return results, sum(row is not None for row in rows)

    def _ask(self, drafts: Sequence[Draft]) -> list[Leaving | _Refused]:
        rules = self._clearance.in_force().rules
        asked: list[Leaving | _Refused] = []
        beside: dict[EventId, Passed] = {}
        for draft in drafts:
            try:
                leaving = self._clearance.ask(draft, rules, beside)
            except RejectedError as error:
                asked.append(_Refused(error))
                continue
            passed = leaving[0][1]
            beside[passed.checked.event_id] = passed
            asked.append(leaving)
        return asked


def _accepted(leaving: Leaving, rows: Sequence[int | None]) -> AcceptResult:
    """Say what became of a draft; of its twin only whom it left out, for the twin was not handed in."""
    return AcceptResult(
        event_id=leaving[0][1].checked.event_id,
        new=rows[0] is not None,
        left_out=tuple(one for _, passed in leaving for one in passed.route.left_out),
    )


@dataclass(frozen=True, slots=True)
class _Refused:
    error: RejectedError


def _release(checked: Checked, now: datetime) -> datetime | None:
    """Return the next quarter-hour mark for an event whose hour must say nothing; none for any other."""
    exercise = checked.attributes["status"] != "Actual"
    if exercise or not checked.kind.victim_side or checked.attributes["priority"] not in _UNHURRIED:
        return None
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + ((now - midnight) // QUARTER_HOUR + 1) * QUARTER_HOUR
