"""What one step of taking events in comes to, gathered until it is committed as one transaction."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from broker.ports import Finding, Quarantined

if TYPE_CHECKING:
    from datetime import datetime

    from broker.errors import RejectedError
    from broker.names import AgencyId, EventId
    from broker.pipeline.completeness import Placed, Streams
    from broker.pipeline.trust import InForce
    from broker.ports import Keep, State
    from broker.stages import Fetched, Opened, Verified


@dataclass(slots=True, kw_only=True)
class Step:
    """What one step comes to: one transaction."""

    at: datetime
    in_force: InForce
    streams: Streams
    keep: list[Keep] = field(default_factory=list)
    remove: list[tuple[int, State]] = field(default_factory=list)
    quarantine: list[Quarantined] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    events: dict[tuple[AgencyId, EventId], Opened] = field(default_factory=dict, repr=False)
    """Events that this step lets in or adds to, with the parts that they then have."""

    def set_aside(self, fetched: Fetched, source: str, error: RejectedError, station: str) -> None:
        """Quarantine a record."""
        self.quarantine.append(
            Quarantined(fetched=fetched, source=source, code=error.code, station=station, at=self.at)
        )

    def refuse(self, placed: Placed, error: RejectedError, station: str) -> None:
        """Quarantine a record whose turn has come, and keep it no longer."""
        seen = placed.verified
        self.set_aside(seen.fetched, seen.source, error, station)
        self.drop(placed)

    def drop(self, placed: Placed) -> None:
        """Keep a record no longer, if it was kept."""
        if placed.row is not None and placed.was is not None:
            self.remove.append((placed.row, placed.was))

    def find(self, seen: Verified, code: str, detail: str, evidence: tuple[bytes, ...]) -> None:
        """Report something about a record."""
        self.findings.append(
            Finding(
                code=code,
                source=seen.source,
                topic=seen.fetched.topic,
                offset=seen.fetched.offset,
                at=self.at,
                detail=detail,
                evidence=evidence,
            )
        )
