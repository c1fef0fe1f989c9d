"""What a step notes of records beside letting them in: findings, and what is set aside. Nothing of it is content."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from broker.ports import Finding, Quarantined

if TYPE_CHECKING:
    from datetime import datetime

    from broker.ports import Federation
    from broker.stages import Fetched, Verified


@dataclass(slots=True, kw_only=True)
class Remarks:
    """What one step has noted, to be committed with it."""

    at: datetime
    quarantine: list[Quarantined] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def set_aside(self, fetched: Fetched, source: str, code: str, station: str, *, proven: bool = True) -> None:
        """Quarantine a record; its source is proven unless its seal did not hold."""
        record = Quarantined(fetched=fetched, source=source, code=code, station=station, at=self.at, proven=proven)
        self.quarantine.append(record)

    def find(self, seen: Verified, code: str, evidence: tuple[bytes, ...], detail: str | None = None) -> None:
        """Report something about a record."""
        self.findings.append(finding_about(seen, code, evidence, at=self.at, detail=detail))


def finding_about(
    seen: Verified, code: str, evidence: tuple[bytes, ...], *, at: datetime, detail: str | None = None
) -> Finding:
    """Return a finding about a record; without another detail it names the record's sequence."""
    return Finding(
        code=code,
        source=seen.source,
        topic=seen.fetched.topic,
        offset=seen.fetched.offset,
        at=at,
        detail=f"sequence {seen.sequence}" if detail is None else detail,
        evidence=evidence,
    )


def claimed_source(fetched: Fetched, federation: Federation) -> str:
    """Return the agency that an unverified record claims; empty unless the federation knows it.

    Names that nobody has are not kept: whoever invents them could fill the disk with them.
    """
    claims = [value for name, value in fetched.headers if name == "ce_source" and value is not None]
    if len(claims) != 1:
        return ""
    name = claims[0].decode(errors="replace").rpartition(":")[2]
    return name if name in federation.agencies else ""
