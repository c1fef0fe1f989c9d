"""What the catalogue takes at its largest fits a record: a limit of the schema is none that the wire then refuses."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import pytest

from broker.limits import MAX_CONTENT
from broker.names import AgencyId
from broker.stages import Draft, Origin
from broker.validation import check

_AGENCY = "a" * 63


def _draft(name: str, **opened: Any) -> bytes:
    event = json.loads((files("schemas") / "examples" / f"id.simpul.{name}.json").read_bytes())
    event |= {"source": f"urn:simpul:agency:{_AGENCY}", "area": "17.09", "subject": "BKS-1"}
    event |= {"correlationid": "5f1b1a0e-6f0e-8c56-9d39-0b2f6a3f0001", "expirytime": "2099-01-01T00:00:00+07:00"}
    event |= {"causationid": event.get("causationid", event["correlationid"])}
    event["data"]["open"] |= opened
    return json.dumps(event, ensure_ascii=False).encode()


_BODY = '"' * 11_000 + "x" * 5_000
_TOPIC = f"simpul.mail.{_AGENCY}.{_AGENCY}"


@pytest.mark.parametrize(
    ("name", "opened"),
    [
        pytest.param("outreach.published.v1", {"bodyMarkdown": _BODY, "sources": []}, id="bulletin"),
        pytest.param(
            "stats.published.v1",
            {
                "rows": ["9-17", "18-20", "21-23", "24-26", "27-29", "30-38", "39-47", "48+", "0-8", "ageUnknown"],
                "columns": ["Woman", "Man", "Trans/Transgender/NonConforming", "genderUnknown"],
                "cells": [[2_000_000] * 4] * 10,
                "rowTotals": [8_000_000] * 10,
                "columnTotals": None,
            },
            id="statistics",
        ),
        pytest.param(
            "control.receipt-given.v1",
            {"receipts": [{"leaf": f"{at:064x}", "outcome": "refused", "code": "replayed"} for at in range(256)]},
            id="receipts",
        ),
        pytest.param(
            "control.keys-changed.v1", {"keyIds": [f"{at:032x}" for at in range(256)]}, id="keys to be destroyed"
        ),
        pytest.param(
            "control.keys-changed.v1",
            {
                "change": "revoked",
                "kind": "signing",
                "keyIds": [f"{at:032x}" for at in range(256)],
                "heads": [
                    {"topic": f"{_TOPIC[:-2]}{at:02}", "lane": "f" * 32, "sequence": 2**53 - 1, "head": "f" * 64}
                    for at in range(64)
                ],
            },
            id="heads of a revoked key",
        ),
    ],
)
def test_the_largest_event_fits(name: str, opened: dict[str, Any]) -> None:
    """Each list and text at its limit, in the longest envelope."""
    given = {field: value for field, value in opened.items() if value is not None}
    body = json.loads(_draft(name, **given))
    for field in opened.keys() - given.keys():
        body["data"]["open"].pop(field)
    origin = Origin(system="case-app", record_id="1", revision="1")
    checked = check(
        Draft(origin=origin, body=json.dumps(body).encode()), source=AgencyId(_AGENCY), secret=bytes(range(32))
    )
    assert len(checked.open_json) <= MAX_CONTENT
