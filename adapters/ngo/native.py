"""What the NGO's KoboToolbox gives and takes; bytes become values here. docs/adapters.md has the formats.

An intake is a submission of the HTCDS form as Kobo's data endpoint returns it (`*.json`: one, a list, or an answer
with `results`); deliveries are JSON lines in the same manner (`masuk.jsonl`): metadata with an underscore, the rest
flattened as `group/field`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from adapters.contract import Faults, Records
from adapters.documents import read_records
from adapters.ngo import htcds
from broker.errors import InvalidEventError

_UUID = re.compile(r"(?:uuid:)?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")
_NO_CONTENT = re.compile(r"_.*|formhub/.*|meta/.*", re.DOTALL)
"""Kobo's own names: a supervisor's note or tag is no change of what was said."""
GROUP: Final = "simpul"
_TEXT_KEYS: Final = {
    "id": "_uuid",
    "source": "_submitted_by",
    "type": "_xform_id_string",
    "time": "_submission_time",
    "subject": f"{GROUP}/case",
    "priority": f"{GROUP}/priority",
    "status": f"{GROUP}/status",
    "tlp": f"{GROUP}/tlp",
    "answers": f"{GROUP}/answers",
    "open": f"{GROUP}/open",
    "closed": f"{GROUP}/closed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """One submission of the form."""

    row: int
    uuid: str = field(repr=False)
    form: str = field(repr=False)
    recorded_at: datetime = field(repr=False)
    fields: Mapping[str, htcds.Value] = field(repr=False)
    """By the standard's names; what was not answered is absent."""
    content: bytes = field(repr=False)
    """Everything that was answered, in one order: what a revision and the proof of consent are made of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """One line of `masuk.jsonl`."""

    id: str
    source: str
    type: str
    time: str = field(repr=False)
    subject: str = field(repr=False)
    priority: str
    status: str
    tlp: str
    answers: str
    open: str
    """Names of the parts that are there, separated by spaces, as a multi-select."""
    closed: str
    parts: Mapping[str, Mapping[str, Any]] = field(repr=False)


def read_submissions(content: bytes) -> Records[Intake]:
    """Read a file of submissions.

    Raises:
        InvalidEventError: it is not JSON.
    """
    return read_records(content, intake)


def intake(row: int, value: object) -> Intake | Faults:
    """Read one submission; if it is wrong, everything that is wrong with it."""
    if not isinstance(value, dict):
        return [("", "adapter.record-shape")]
    uuid, form, recorded_at = _uuid(value), value.get("_xform_id_string"), _recorded_at(value)
    faults = [] if uuid else [("_uuid", "adapter.value-form")]
    if not isinstance(form, str) or not form:
        faults.append(("_xform_id_string", "adapter.value-missing"))
    if recorded_at is None:
        faults.append(("end", "adapter.value-form"))
    fields, wrong = _fields(value)
    faults += wrong
    if "con_Consent" not in fields and ("con_Consent", "adapter.value-unknown") not in faults:
        faults.append(("con_Consent", "adapter.value-missing"))
    if faults or uuid is None or recorded_at is None:
        return faults
    said = {name: raw for name, raw in value.items() if _NO_CONTENT.fullmatch(name) is None}
    return Intake(
        row=row,
        uuid=uuid,
        form=str(form),
        recorded_at=recorded_at,
        fields=fields,
        content=orjson.dumps({**said, "_uuid": uuid}, option=orjson.OPT_SORT_KEYS),
    )


def write_delivered(row: Delivered) -> str:
    """Write one line of `masuk.jsonl`."""
    flat: dict[str, Any] = {key: getattr(row, name) for name, key in _TEXT_KEYS.items()}
    flat.update((f"{part}/{name}", value) for part, said in row.parts.items() for name, value in said.items())
    return orjson.dumps(flat).decode()


def read_delivered(line: str) -> Delivered:
    """Read back one line of `masuk.jsonl`.

    Raises:
        InvalidEventError: it is not one.
    """
    try:
        flat = orjson.loads(line)
    except orjson.JSONDecodeError:
        flat = None
    if not isinstance(flat, dict) or not all(isinstance(flat.get(key), str) for key in _TEXT_KEYS.values()):
        raise InvalidEventError("adapter.row-broken")
    texts = {name: flat.pop(key) for name, key in _TEXT_KEYS.items()}
    parts: dict[str, dict[str, Any]] = {part: {} for part in texts["open"].split()}
    for key, value in flat.items():
        part, _, name = key.partition("/")
        if part not in parts or not name:
            raise InvalidEventError("adapter.row-broken")
        parts[part][name] = value
    return Delivered(**texts, parts=parts)


def _uuid(value: Mapping[str, Any]) -> str | None:
    """Return what stays the same when a submission is edited: its first instance, else its uuid."""
    for key in ("meta/rootUuid", "_uuid"):
        raw = value.get(key)
        found = _UUID.fullmatch(raw) if isinstance(raw, str) else None
        if found is not None:
            return found[1]
    return None


def _recorded_at(value: Mapping[str, Any]) -> datetime | None:
    """Return when the interview ended, else when Kobo got it (Kobo writes UTC without saying so)."""
    for key in ("end", "_submission_time"):
        raw = value.get(key)
        if isinstance(raw, str):
            try:
                time = datetime.fromisoformat(raw)
            except ValueError:
                return None
            return time if time.tzinfo else time.replace(tzinfo=UTC)
    return None


def _fields(value: Mapping[str, Any]) -> tuple[dict[str, htcds.Value], Faults]:
    fields: dict[str, htcds.Value] = {}
    faults: Faults = []
    for name, raw in value.items():
        known = htcds.canonical(name)
        if _NO_CONTENT.fullmatch(name) is not None or not htcds.is_ours(known):
            continue
        read, code = htcds.read(known, raw)
        if not code and known in fields and read is not None and fields[known] != read:
            code = "adapter.field-twice"
        if code:
            faults.append((known if known in htcds.FIELDS else "?", code))
        elif read is not None:
            fields[known] = read
    return fields, faults
