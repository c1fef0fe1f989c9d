"""One line of an event as one of its recipients reads it: codes, and of an alert its headline; never a person.

What may be shown is listed here by name; anything else stays in the store.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from broker.names import TYPE_PREFIX
from broker.pipeline.reading import plain_parts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from adapters.demo.onlooker import Journey
    from broker.names import AgencyId

_SHOWN: Final = {
    "tip.received.v1": ("open.dangerNow", "open.mayInvolveChild", "narrative.signs"),
    "tip.triaged.v1": ("open.outcome", "open.routedTo"),
    "intel.bundle-shared.v1": ("open.nexus", "open.confidence"),
    "alert.issued.v1": ("open.msgType", "narrative.headline", "narrative.ackState"),
    "border.crossing-flagged.v1": ("open.decision", "narrative.flags/code"),
    "referral.requested.v1": ("open.service", "open.timeframe", "open.consentState"),
    "referral.responded.v1": ("open.state",),
    "consent.changed.v1": ("open.change", "narrative.givenBy"),
    "case.registered.v1": ("open.reportModel", "open.offenceGroup", "narrative.modus"),
    "case.progressed.v1": ("open.stage", "open.sp2hp"),
    "linkage.detected.v1": ("open.strength", "open.events", "narrative.humanReviewed"),
    "safety.risk-raised.v1": ("open.riskLevel", "narrative.riskType"),
    "passport.application-deferred.v1": ("open.reasonCode",),
    "watch.requested.v1": ("open.watchType",),
    "screening.completed.v1": ("open.profile", "open.result", "narrative.classification"),
    "victim.status-determined.v1": ("open.traffickingStatus", "open.decidedByType"),
    "victim.protection-notified.v1": ("open.art86", "open.placement"),
    "traveldoc.status-reported.v1": ("open.statusCode",),
    "stats.published.v1": ("open.period", "open.scheme", "open.method"),
    "outreach.published.v1": ("open.kind", "open.title"),
}
"""For each type what may be shown: the part, the field, and within a list of objects the field of each."""


def headline(journey: Journey) -> tuple[AgencyId, str]:
    """Return who of the recipients opens most of an event, and what it reads."""
    reader = max(journey.arrivals.values(), key=lambda arrival: (len(arrival.opened), arrival.agency))
    parts = plain_parts(reader.event)
    found = {path: _at(parts, path) for path in _SHOWN.get(reader.event.kind.type.removeprefix(TYPE_PREFIX), ())}
    told = [f"{path.partition('.')[2].partition('/')[0]} {value}" for path, value in found.items() if value]
    return reader.agency, " · ".join(told)


def _at(parts: Mapping[str, Any], path: str) -> str:
    part, _, names = path.partition(".")
    value = parts.get(part)
    for name in names.split("/"):
        value = _step(value, name)
    return _written(value)


def _step(value: Any, name: str) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, list):
        return [_step(one, name) for one in value]
    return value.get(name) if isinstance(value, dict) else None


def _written(value: Any) -> str:  # noqa: ANN401 - any JSON value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ", ".join(map(_written, value))
    return "" if value is None else str(value)
