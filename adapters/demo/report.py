"""The report of a run, for programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

import orjson

from broker.errors import MisconfiguredError

if TYPE_CHECKING:
    from pathlib import Path

    from adapters.demo.onlooker import Journey
    from broker.kafka.running import Running


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event: where it went, when it arrived, who opens what."""

    id: str
    type: str
    source: str
    topics: Sequence[str]
    delivered: Mapping[str, int]
    """Agency to milliseconds from accepted in the sender's outbox to committed in its inbox."""
    opened: Mapping[str, Sequence[str]]
    closed: Mapping[str, Mapping[str, str]]
    """Agency to compartment to the code that says why it stays closed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """One attempt that was refused."""

    attempt: str
    at: str
    code: str


@dataclass(slots=True, kw_only=True)
class Report:
    """What is known so far; written whole at the end, also of a run that failed."""

    kafka: dict[str, object] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    refusals: list[Refused] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    ok: bool = False

    def plays_on(self, running: Running) -> None:
        """Note which Kafka it is."""
        self.kafka = {"kind": running.kind, "version": running.version, "brokers": running.brokers}

    def travelled(self, journey: Journey) -> None:
        """Note an event that has arrived."""
        arrivals = sorted(journey.arrivals.items())
        self.events.append(
            Event(
                id=journey.sent.event_id,
                type=journey.sent.route.type,
                source=journey.source,
                topics=sorted(copy.topic for copy in journey.sent.copies),
                delivered={agency: journey.milliseconds(agency) for agency, _ in arrivals},
                opened={agency: list(arrival.opened) for agency, arrival in arrivals},
                closed={agency: dict(arrival.closed) for agency, arrival in arrivals},
            )
        )

    def write(self, path: Path) -> None:
        """Write it.

        Raises:
            MisconfiguredError: `demo.report`; the file cannot be written.
        """
        try:
            path.write_bytes(orjson.dumps(asdict(self), option=orjson.OPT_INDENT_2) + b"\n")
        except OSError as error:
            raise MisconfiguredError("demo.report", str(path)) from error
