"""What a person must look at, and what was not accepted; neither ever holds the content of an event."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from broker.names import Topic
    from broker.stages import Fetched


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that a person must look at: a fork, a gap, a key that did not come. Never holds event content."""

    code: str
    source: str
    topic: Topic
    offset: int
    at: datetime
    detail: str = ""
    evidence: tuple[bytes, ...] = field(default=(), repr=False)
    """Leaves or record ids that prove it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
    """A record that was not accepted, kept as it came, with its code."""

    fetched: Fetched = field(repr=False)
    source: str
    """What the record claims; not verified where the seal does not hold."""
    code: str
    station: str
    at: datetime
    proven: bool = False
    """Its seal held, so that the source is who sent it. Whoever forges a name takes no room of its bearer."""
