"""What is made once and kept: events of the catalogue, and HPKE ciphertexts, which are never the same twice."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any, Final

from broker.names import AgencyId, KeyId, length_prefixed
from broker.stages import Draft, Origin
from broker.validation import check
from schemas.catalogue import KINDS
from tests.vector_builder.vector import as_bytes
from tests.vector_builder.world import IMMIGRATION, MIGRANT_WORKERS, POLICE, derived, key, receiving_key
from tests.vector_builder.writing import FOLDER, hpke_of

EVENTS: Final = "events.json"
HPKE: Final = "hpke.json"


def make_missing() -> None:
    """Make the files that are not there."""
    for name, make in ((EVENTS, _events), (HPKE, _hpke)):
        if not (FOLDER / name).exists():
            (FOLDER / name).write_bytes(as_bytes(make()))


def _events() -> dict[str, Any]:
    return {kind.type: _event(kind.type) for kind in KINDS if (files("schemas") / _example(kind.type)).is_file()}


def _example(kind: str) -> str:
    return f"examples/{kind}.json"


def _event(kind: str) -> dict[str, Any]:
    body = (files("schemas") / _example(kind)).read_bytes()
    source = AgencyId(json.loads(body)["source"].rpartition(":")[2])
    origin = Origin(system="vectors", record_id=kind)
    checked = check(Draft(origin=origin, body=body), source=source, secret=derived("event ids"))
    return {
        "source": source,
        "attributes": dict(checked.attributes),
        "open": json.loads(checked.open_json),
        "compartments": {name: json.loads(content) for name, content in checked.compartments.items()},
    }


def _hpke() -> dict[str, Any]:
    day, other = key("wrapping key of the day"), key("another wrapping key")
    return {
        "for immigration": _wrap(day.key, to=IMMIGRATION, key_id=day.key_id),
        "for the police themselves": _wrap(day.key, to=POLICE, key_id=day.key_id),
        "info of another recipient": _wrap(day.key, to=IMMIGRATION, key_id=day.key_id, named=MIGRANT_WORKERS),
        "to another recipient's key": _wrap(day.key, to=MIGRANT_WORKERS, key_id=day.key_id, named=IMMIGRATION),
        "another key under this id": _wrap(other.key, to=IMMIGRATION, key_id=day.key_id),
        "31 bytes": _wrap(day.key[:31], to=IMMIGRATION, key_id=day.key_id),
    }


def _wrap(plaintext: bytes, *, to: AgencyId, key_id: KeyId, named: AgencyId | None = None) -> str:
    recipient = named or to
    receiving = receiving_key(to).key_id
    info = length_prefixed(b"simpul/wrap/v1", POLICE.encode(), recipient.encode(), receiving, key_id)
    return hpke_of(plaintext, recipient=to, info=info)
