"""What has not come in time, by this node's own clock: keys that a record names, records that a later one names."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from broker import telemetry
from broker.ports import Finding, Taken

if TYPE_CHECKING:
    from datetime import datetime

    from broker.ports import Gap, Inbox, MissingKey

KEY_PATIENCE: Final = timedelta(seconds=60)
"""How long after an event its keys may come before that is reported."""

_AT_ONCE: Final = 500


def report_overdue(inbox: Inbox, *, at: datetime, gap_patience: timedelta) -> int:
    """Report keys and records that have not come in time, each once.

    Args:
        inbox: where they are missed.
        at: the time by this node's clock.
        gap_patience: how long a gap may stay open, a heartbeat's period.

    Returns:
        How many were reported.

    Raises:
        StorageError: the inbox is away.
    """
    missing = inbox.overdue(at - KEY_PATIENCE, _AT_ONCE)
    gaps = inbox.gaps(at - gap_patience)
    if not missing and not gaps:
        return 0
    late = [_late(one, at) for one in missing]
    withheld = [_withheld(gap, at) for gap in gaps]
    findings = [*late, *withheld]
    inbox.commit(
        Taken(
            at=at,
            reported=[one.number for one in missing],
            gaps_reported=[(gap.stream.topic, gap.stream.source) for gap in gaps],
            findings=findings,
        )
    )
    telemetry.remarked(findings=findings)
    return len(findings)


def _late(one: MissingKey, at: datetime) -> Finding:
    return Finding(
        code="inbound.key-missing",
        source=one.source,
        topic=one.topic,
        offset=one.offset,
        at=at,
        detail="cover" if one.cover else "part",
        evidence=(one.key_id,),
    )


def _withheld(gap: Gap, at: datetime) -> Finding:
    head = gap.stream.head
    return Finding(
        code="stream.withheld",
        source=gap.stream.source,
        topic=gap.stream.topic,
        offset=gap.offset,
        at=at,
        detail=f"after sequence {head.sequence}",
        evidence=(head.leaf, gap.leaf),
    )
