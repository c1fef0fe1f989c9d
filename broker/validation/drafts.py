"""The step from Draft to Checked: pure, and the only place where an event gets its id, case and time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from broker.errors import Fault, InvalidEventError
from broker.names import CASE_PREFIX, AgencyId, EventId, PartName, derived_uuid, source_uri
from broker.stages import Checked
from broker.validation.faults import refusal
from broker.validation.json_traps import parse_strictly
from broker.validation.limits import require_fitting
from schemas.catalogue import UnknownTypeError, find

if TYPE_CHECKING:
    from broker.stages import Draft
    from schemas.base import EventData
    from schemas.catalogue import EventKind
    from schemas.envelope import DraftEvent

EVENT_LABEL: Final = "simpul/event/v1"
CASE_LABEL: Final = "simpul/case/v1"
_ROLE: Final = "role:"
_NOTICE: Final = "idsecret-1"  # UU 21/2007 Art. 24: whoever is told an identity is told that it is secret
_QUARTER_HOUR: Final = timedelta(minutes=15)
_SECOND: Final = timedelta(seconds=1)
_IDENTITY: Final = PartName("identity")
_TAKEN: Final = (
    "purpose basis lawref tlp pap priority status area correlationid causationid".split()  # noqa: SIM905
)


def check(draft: Draft, *, source: AgencyId, secret: bytes) -> Checked:
    """Check a draft against the catalogue and give it what the node derives.

    Args:
        draft: an event as handed in. Its `id` is of no account here: the origin's record id is.
        source: the agency that this node speaks for.
        secret: 32 bytes of the node, under which ids are derived.

    Returns:
        The event with its final id, subject and time, every part as JSON.

    Raises:
        InvalidEventError: the catalogue or a limit refuses it; `faults` names each field.
    """
    raw = parse_strictly(draft.body)
    kind = _kind(raw)
    try:
        event = kind.draft.validate_json(draft.body)
    except ValidationError as error:
        refused = refusal(error)
    else:
        return _checked(draft, raw, event, kind=kind, source=source, secret=secret)
    raise refused  # out here, so that pydantic's error, which carries the input, is not its context


def _kind(raw: dict[str, Any]) -> EventKind:
    name = raw.get("type")
    if name is None:
        raise _refused("invalid.missing", "type")
    if not isinstance(name, str):
        raise _refused("invalid.type", "type")
    try:
        return find(name)
    except UnknownTypeError as error:  # says nothing of the name
        raise _refused("invalid.unknown-type", "type") from error


def _checked(
    draft: Draft, raw: dict[str, Any], event: DraftEvent[Any], *, kind: EventKind, source: AgencyId, secret: bytes
) -> Checked:
    source_attribute = source_uri(source)
    if event.source is not None and event.source != source_attribute:
        raise _refused("invalid.source", "source")
    origin = draft.origin
    event_id = derived_uuid(secret, EVENT_LABEL, origin.system, origin.record_id, origin.revision, kind.type)
    subject = _subject(event.subject, secret)
    attributes = {"specversion": "1.0", "id": event_id, "source": source_attribute, "type": kind.type}
    if subject is not None:
        attributes["subject"] = subject
    attributes["time"] = _rounded_down(event.time, kind)
    attributes["datacontenttype"] = "application/json"
    attributes["dataschema"] = kind.dataschema
    # What the catalogue has just accepted as text goes on as it came: cheaper than asking each enum for its value.
    for name in _TAKEN:
        if name in raw:
            attributes[name] = raw[name]
    if event.expirytime is not None:
        attributes["expirytime"] = _rounded_up(event.expirytime, kind)
    data = event.data
    parts = _parts(data, kind)
    if _IDENTITY in parts:
        attributes["notice"] = _NOTICE
    open_json = data.open.to_json()
    require_fitting(attributes, open_json, parts)
    named, roles = _recipients(event.audience)
    return Checked(
        event_id=EventId(event_id),
        kind=kind,
        source=source,
        named=named,
        roles=roles,
        attributes=attributes,
        data=data,
        open_json=open_json,
        compartments=parts,
        erasure_unit=_erasure_unit(subject, data.person_ref(), event_id),
    )


def _parts(data: EventData, kind: EventKind) -> dict[PartName, bytes]:
    """Write each compartment that is there, in the order of the catalogue."""
    parts: dict[PartName, bytes] = {}
    for name in kind.compartments:
        part = getattr(data, name)
        if part is not None:
            parts[PartName(name)] = part.to_json()
    return parts


def _subject(subject: str | None, secret: bytes) -> str | None:
    if subject is None or subject.startswith(CASE_PREFIX):
        return subject
    return _case(secret, subject)


@lru_cache(maxsize=1024)
def _case(secret: bytes, reference: str) -> str:
    """Name a case by the agency's own reference, so that all its systems name the same case alike."""
    return CASE_PREFIX + derived_uuid(secret, CASE_LABEL, reference)


@lru_cache(maxsize=1024)
def _recipients(audience: str) -> tuple[tuple[AgencyId, ...], tuple[str, ...]]:
    names = audience.split(" ")
    named = tuple(AgencyId(name) for name in names if not name.startswith(_ROLE))
    return named, tuple(name[len(_ROLE) :] for name in names if name.startswith(_ROLE))


def _erasure_unit(subject: str | None, person: str | None, event_id: str) -> str:
    """The person within the case if the event concerns one, else the case, else the event (DESIGN.md §5)."""
    if subject is None:  # a person's reference names nobody outside of its case
        return event_id
    return subject if person is None else f"{subject}|{person}"


def _rounded_down(time: datetime, kind: EventKind) -> str:
    """Write a time in UTC, whole seconds; on the victim's side rounded down to a quarter of an hour."""
    written = _in_utc(time, "time").isoformat()
    if not kind.victim_side:
        return written[:19] + "Z"
    return f"{written[:14]}{int(written[14:16]) // 15 * 15:02}:00Z"


def _rounded_up(time: datetime, kind: EventKind) -> str:
    """The same, rounded up: what expires after `time` does so after both are rounded."""
    step = _QUARTER_HOUR if kind.victim_side else _SECOND
    try:
        return _rounded_down(time + step - datetime.resolution, kind)
    except OverflowError as error:
        raise _refused("invalid.range", "expirytime") from error


def _in_utc(time: datetime, path: str) -> datetime:
    try:
        return time.astimezone(UTC)
    except OverflowError as error:  # the first or last day of the calendar, in another time zone
        raise _refused("invalid.range", path) from error


def _refused(code: str, path: str) -> InvalidEventError:
    return InvalidEventError(code, path, (Fault(code=code, path=path),))
