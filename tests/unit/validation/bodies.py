"""Drafts for tests, made from the catalogue's own examples."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any

import orjson

from broker.names import AgencyId
from broker.stages import Checked, Draft, Origin
from broker.validation import check
from schemas.catalogue import KINDS

SECRET = bytes(range(32))
NUMBERS = {kind.number: kind.type for kind in KINDS}


@cache
def _example(number: str) -> bytes:
    return (resources.files("schemas") / "examples" / f"{NUMBERS[number]}.json").read_bytes()


def body(number: str, /, **changes: Any) -> dict[str, Any]:
    """Return an example as a value; each change is `data__open__nexus="terror"`, and None removes the name."""
    event: dict[str, Any] = json.loads(_example(number))
    event.pop("source")
    for path, value in changes.items():
        *steps, last = path.split("__")
        place = event
        for step in steps:
            place = place[step]
        if value is None:
            place.pop(last, None)
        else:
            place[last] = value
    return event


def draft(event: dict[str, Any] | bytes, record_id: str = "17", revision: str = "1") -> Draft:
    """Hand in a body."""
    raw = event if isinstance(event, bytes) else orjson.dumps(event)
    return Draft(origin=Origin(system="case-app", record_id=record_id, revision=revision), body=raw)


def checked(number: str, agency: str, /, **changes: Any) -> Checked:
    """Check an example, changed."""
    return check(draft(body(number, **changes)), source=AgencyId(agency), secret=SECRET)
