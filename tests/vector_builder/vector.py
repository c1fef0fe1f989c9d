"""A vector while it is made, and its JSON: the form that tests/vectors/README.md describes."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from broker.sealing.batch import dsse_envelope, parse_payload_unverified
from broker.sealing.encoding import parse_seal_unverified
from broker.sealing.headers import leaf_of, parse_headers_unverified
from broker.sealing.private_keys import MLKEM_SEED_BYTES, HybridReceiver
from broker.stages import Fetched
from tests.vector_builder.world import IMMIGRATION, POLICE, federation, signing_key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from broker.names import AgencyId, KeyId
    from broker.ports import DataKey, Federation
    from broker.stages import Sealed

FORMAT: Final = "simpul-vector/1"
_TIME: Final = "%Y-%m-%dT%H:%M:%SZ"

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Vector:
    """One file of `kind` `records`."""

    name: str
    description: str
    records: tuple[Fetched, ...]
    expect: tuple[Json, ...]
    reader: AgencyId = IMMIGRATION
    federation: Federation = field(default_factory=lambda: federation(signing_key(POLICE)))
    receiving: tuple[bytes, ...] = ()
    """Private bytes of the reader's receiving keys."""
    wrapping_keys: tuple[tuple[AgencyId, DataKey], ...] = ()
    data_keys: tuple[tuple[AgencyId, DataKey], ...] = ()
    followed: bool = True
    catalogue: bool = False
    good: bool

    def to_json(self) -> Json:
        """Return the file's JSON."""
        return {
            "format": FORMAT,
            "name": self.name,
            "description": self.description,
            "kind": "records",
            "reader": self.reader,
            "federation": _federation_json(self.federation),
            "receiving_keys": [_receiving_json(private) for private in self.receiving],
            "wrapping_keys": [_key_json(source, each) for source, each in self.wrapping_keys],
            "data_keys": [_key_json(source, each) for source, each in self.data_keys],
            "stream": "followed" if self.followed else "sampled",
            "catalogue": self.catalogue,
            "records": [_record_json(record, good=self.good) for record in self.records],
            "expect": list(self.expect),
        }


def as_bytes(content: Json) -> bytes:
    """Return a file's bytes."""
    return (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode()


def base64_of(raw: bytes) -> str:
    """Return base64 with padding."""
    return base64.b64encode(raw).decode()


def fetched(sealed: Sealed, *, offset: int | None = None) -> Fetched:
    """Return a sealed record as a reader fetches it; its offset says as little as its time."""
    return Fetched(
        topic=sealed.topic,
        offset=sealed.sequence - 1 if offset is None else offset,
        timestamp_ms=1_786_065_900_000,
        key=sealed.key,
        value=sealed.value,
        headers=sealed.headers,
    )


def verified(record: Fetched) -> Json:
    """Return what steps 1 to 7 prove of a record that a proper writer has made."""
    # These read what was just written; that they read it right is what the second decoder is for.
    headers = parse_headers_unverified(record.headers)
    seal = parse_seal_unverified(headers.seal)
    batch = parse_payload_unverified(seal.payload)
    return {
        "source": headers.source,
        "id": headers.record_id,
        "lane": headers.lane.hex(),
        "sequence": headers.sequence,
        "previous": headers.previous.hex(),
        "leaf": leaf_of(record.topic, record.key, headers.all, record.value).hex(),
        "signing_key": seal.key_id.hex(),
        "federation": batch.federation,
        "index": seal.index,
        "size": batch.size,
    }


def opened(record: Fetched, cover: bytes, parts: Mapping[str, bytes], closed: tuple[str, ...] = ()) -> Json:
    """Return what is expected of an event that opens."""
    return {
        "outcome": "opened",
        "verified": verified(record),
        "cover": cover.decode(),
        "parts": {name: content.decode() for name, content in parts.items()},
        "closed": list(closed),
    }


def outcome(name: str, record: Fetched, **members: Any) -> Json:
    """Return what is expected of a record that verifies and is no event that opens."""
    return {"outcome": name, "verified": verified(record), **members}


def refused(code: str, step: int) -> Json:
    """Return what is expected of a record that does not verify."""
    return {"outcome": "refused", "code": code, "step": step}


def _federation_json(listed: Federation) -> Json:
    return {
        "version": listed.version,
        "signing_keys": [
            {
                "key_id": each.key_id.hex(),
                "agency": each.agency,
                "public": each.public.hex(),
                "not_before": f"{each.not_before:{_TIME}}",
                "not_after": f"{each.not_after:{_TIME}}",
            }
            for each in listed.signing_keys.values()
        ],
    }


def _receiving_json(private: bytes) -> Json:
    return {
        "key_id": _key_id(private).hex(),
        "mlkem768_seed": private[:MLKEM_SEED_BYTES].hex(),
        "x25519": private[MLKEM_SEED_BYTES:].hex(),
    }


def _key_id(private: bytes) -> KeyId:
    return HybridReceiver(private).key_id


def _key_json(source: AgencyId, each: DataKey) -> Json:
    return {"source": source, "key_id": each.key_id.hex(), "key": each.key.hex()}


def _record_json(record: Fetched, *, good: bool) -> Json:
    exported: Json = {
        "topic": record.topic,
        "offset": record.offset,
        "timestamp_ms": record.timestamp_ms,
        "key": None if record.key is None else base64_of(record.key),
        "headers": [[name, None if value is None else value.decode("latin-1")] for name, value in record.headers],
        "value": None if record.value is None else base64_of(record.value),
    }
    if good:
        exported["dsse"] = dsse_envelope(parse_seal_unverified(record.headers[-1][1] or b""))
    return exported
