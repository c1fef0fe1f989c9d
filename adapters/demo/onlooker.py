"""What the nodes' stores say: the one source of whatever the demo tells.

It only reads. It blocks, so it is called in a thread.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from broker.assembly import Store, open_store
from broker.pipeline.reading import Unreadable, cause_named_by, closed
from broker.policy import explain

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from broker.names import AgencyId, EventId, Topic
    from broker.ports import QuarantineRow, SentEvent
    from broker.stages import Opened

NOT_ADDRESSED: Final = "demo.not-addressed"
"""An agreement would let the agency have the event; its sender did not name it."""

_PAGE: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """An event in one agency's inbox."""

    agency: AgencyId
    at: datetime
    """When it was committed."""
    event: Opened = field(repr=False)

    @property
    def opened(self) -> tuple[str, ...]:
        """The compartments that this agency opens."""
        return tuple(map(str, self.event.parts))

    @property
    def closed(self) -> Mapping[str, str]:
        """The compartments that it cannot open, each with a code."""
        return closed(self.event)


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """One event on its way: what its sender's outbox says, and where it has arrived."""

    source: AgencyId
    sent: SentEvent
    arrivals: Mapping[AgencyId, Arrival]

    @property
    def audience(self) -> tuple[AgencyId, ...]:
        """Everybody to whom a copy is addressed."""
        return tuple(sorted({agency for copy in self.sent.copies for agency in copy.audience}))

    @property
    def late(self) -> tuple[AgencyId, ...]:
        """Those of the audience who do not have it yet, or miss a key."""
        return tuple(
            agency for agency in self.audience if agency not in self.arrivals or self.arrivals[agency].event.missing
        )

    def milliseconds(self, agency: AgencyId) -> int:
        """How long it took from accepted to committed in the agency's inbox."""
        return max(0, round((self.arrivals[agency].at - self.sent.accepted_at).total_seconds() * 1000))


class Onlooker:
    """The stores of all nodes, opened beside them."""

    def __init__(self, folders: Mapping[AgencyId, Path]) -> None:
        """Open the stores.

        Raises:
            MisconfiguredError: a folder is no node's.
            StorageError: a store cannot be opened.
        """
        self._closing = ExitStack()
        with ExitStack() as opening:
            self._stores: dict[AgencyId, Store] = {
                agency: opening.enter_context(open_store(folder)) for agency, folder in folders.items()
            }
            self._closing = opening.pop_all()
        self._read_to = dict.fromkeys(folders, 0)
        self._arrivals: dict[tuple[AgencyId, EventId], dict[AgencyId, Arrival]] = {}

    def close(self) -> None:
        """Close the stores."""
        self._closing.close()

    def last_row(self, agency: AgencyId) -> int:
        """Return the row of the newest event in an agency's outbox, 0 if there is none."""
        newest = self._stores[agency].outbox.events(limit=1)
        return newest[0].row if newest else 0

    def sent_after(self, agency: AgencyId, row: int) -> list[Journey]:
        """Return the events that an agency has accepted after a row, the oldest first."""
        self._look()
        events = self._stores[agency].outbox.events(limit=_PAGE)
        return [self._journey(agency, event) for event in reversed(events) if event.row > row]

    def journey(self, agency: AgencyId, event_id: EventId) -> Journey | None:
        """Return how far an event of an agency has come."""
        self._look()
        sent = self._stores[agency].outbox.find(event_id)
        return None if sent is None else self._journey(agency, sent)

    def set_aside(self, agency: AgencyId, topic: Topic, offset: int) -> QuarantineRow | None:
        """Return what an agency has quarantined from a place in Kafka."""
        after = 0
        while rows := self._stores[agency].inbox.quarantined(after, _PAGE):
            for row in rows:
                if (row.topic, row.offset) == (topic, offset):
                    return row
            after = rows[-1].number
        return None

    def why_not(self, journey: Journey, agencies: Iterable[AgencyId]) -> dict[AgencyId, str]:
        """Say why agencies did not get an event: the code of the agreements, or that they were not addressed."""
        arrival = next(iter(journey.arrivals.values()))
        return {agency: self._why_not(journey, arrival.event, agency) for agency in agencies}

    def _why_not(self, journey: Journey, event: Opened, agency: AgencyId) -> str:
        sender = self._stores[journey.source]
        cause_id = cause_named_by(event)
        cause = cause_id and (sender.outbox.cause(cause_id) or sender.reader.cause(cause_id))
        causes = {cause.event_id: cause} if cause else {}
        decision = explain(event, agency, sender.trust.in_force().rules, causes)
        return NOT_ADDRESSED if decision.allowed else decision.code

    def _journey(self, agency: AgencyId, sent: SentEvent) -> Journey:
        return Journey(source=agency, sent=sent, arrivals=dict(self._arrivals.get((agency, sent.event_id), {})))

    def _look(self) -> None:
        """Read on in every inbox."""
        for agency, store in self._stores.items():
            while entries := store.inbox.entries(self._read_to[agency], _PAGE):
                for entry in entries:
                    found = store.reader.read(entry)
                    if not isinstance(found, Unreadable):
                        self._arrived(agency, entry.at, found.event.opened)
                self._read_to[agency] = entries[-1].number

    def _arrived(self, agency: AgencyId, at: datetime, event: Opened) -> None:
        arrivals = self._arrivals.setdefault((event.source, event.event_id), {})
        first = arrivals.get(agency)
        # A completed event comes again with what had been missing: it arrived when it first came.
        arrivals[agency] = Arrival(agency=agency, at=at, event=event) if first is None else replace(first, event=event)


def places(journeys: Sequence[Journey]) -> list[tuple[Topic, int]]:
    """Return where in Kafka the copies of events lie."""
    return [(copy.topic, copy.offset) for one in journeys for copy in one.sent.copies if copy.offset is not None]
