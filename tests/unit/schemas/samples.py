"""Example drafts, ways to spoil them, and which rules the spoilt ones break."""

import json
from copy import deepcopy
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

from pydantic import ValidationError

from schemas.base import faults
from schemas.catalogue import KINDS, EventKind, Reader

GONE = object()
"""Instead of a value: take the field away."""

CASE = "urn:simpul:case:5f1b1a0e-6f0e-8c56-9d39-0b2f6a3f0001"
EVENT = "5f1b1a0e-6f0e-8c56-9d39-0b2f6a3f0002"


def kind(number: str) -> EventKind:
    """Find a type by its number."""
    return next(one for one in KINDS if one.number == number)


def example(number: str) -> dict[str, Any]:
    """Read the shipped example of a type."""
    text = (files("schemas") / "examples" / f"{kind(number).type}.json").read_bytes()
    document: dict[str, Any] = json.loads(text)
    return document


def changed(document: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Change a copy; paths are written with two underscores for each step, numbers being places in a list."""
    copy = deepcopy(document)
    for path, value in changes.items():
        *way, last = path.split("__")
        inner: Any = copy
        for step in way:
            inner = inner[int(step)] if isinstance(inner, list) else inner.setdefault(step, {})
        if value is GONE:
            del inner[last]
        elif isinstance(inner, list):
            inner[int(last)] = value
        else:
            inner[last] = value
    return copy


def codes(reader: Reader[Any], document: Any) -> set[str]:
    """Say which rules a document breaks; none, if it is accepted."""
    try:
        reader.validate_json(json.dumps(document).encode())
    except ValidationError as error:
        return {fault.code for fault in faults(error)}
    return set()


def refused(number: str, **changes: Any) -> set[str]:
    """Say which rules the example breaks once it is changed."""
    return codes(kind(number).draft, changed(example(number), **changes))


def cover(number: str, **changes: Any) -> dict[str, Any]:
    """Make a good cover of an example, then change it."""
    draft = example(number)
    whole = {
        "specversion": "1.0",
        "id": EVENT,
        "source": draft["source"],
        "type": draft["type"],
        "time": _in_utc(draft["time"]),
        "datacontenttype": "application/json",
        "dataschema": kind(number).dataschema,
        "audience": "imigrasi-bengkulu uptd-ppa-bengkulu-tengah",
        **{name: draft[name] for name in ("purpose", "basis", "lawref", "tlp", "pap", "priority", "status")},
        "data": {
            "open": draft["data"]["open"],
            "parts": [name for name in kind(number).compartments if name in draft["data"]],
        },
    }
    if "subject" in draft:
        whole["subject"] = CASE
    if "expirytime" in draft:
        whole["expirytime"] = _in_utc(draft["expirytime"])
    if "identity" in whole["data"]["parts"]:
        whole["notice"] = "idsecret-1"
    if kind(number).draft.validate_json(json.dumps(draft).encode()).data.is_answer():
        whole["causationid"] = draft["causationid"]
    return changed(whole, **changes)


def _in_utc(time: str) -> str:
    return datetime.fromisoformat(time).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
