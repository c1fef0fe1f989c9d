"""What is signed: one payload for all records that leave together for one topic, in a DSSE envelope.

The payload has exactly one form, so that it is read in one way only (`docs/wire.md` §7). The signature is
Ed25519 over the DSSE pre-authentication encoding (DSSE v1.0.2, `protocol.md`).
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from broker.errors import UntrustedError
from broker.names import AGENCY_FORM, Lane, Topic

if TYPE_CHECKING:
    from broker.sealing.encoding import UnverifiedSeal

PAYLOAD_TYPE: Final = "application/vnd.simpul.batch.v1+json"

_FORM: Final = re.compile(
    rb'\{"source":"(urn:simpul:agency:' + AGENCY_FORM.encode() + rb')","topic":"([a-z0-9.-]{1,249})"'
    rb',"lane":"([0-9a-f]{32})"'
    rb',"size":([1-9][0-9]{0,2}),"root":"([0-9a-f]{64})"'
    rb',"sealed_at":"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z)","federation":(0|[1-9][0-9]{0,14})\}'
)
_PAE_HEAD: Final = b"DSSEv1 %d %b " % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode())


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """The signed statement about a batch of records."""

    source: str
    topic: Topic
    lane: Lane
    size: int
    root: bytes
    sealed_at: datetime
    federation: int


def encode_payload(batch: Batch) -> bytes:
    """Return the one form of the payload; `sealed_at` is cut to whole seconds of UTC."""
    return (
        f'{{"source":"{batch.source}","topic":"{batch.topic}","lane":"{batch.lane.hex()}","size":{batch.size}'
        f',"root":"{batch.root.hex()}","sealed_at":"{batch.sealed_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"'
        f',"federation":{batch.federation}}}'
    ).encode()


def parse_payload_unverified(payload: bytes) -> Batch:
    """Read a payload.

    Raises:
        UntrustedError: `untrusted.payload` where it is not of the one form.
    """
    found = _FORM.fullmatch(payload)
    if found is None:
        raise UntrustedError("untrusted.payload", "the signed statement is not of the one form")
    source, topic, lane, size, root, sealed_at, federation = found.groups()
    try:
        at = datetime.strptime(sealed_at.decode(), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError as error:
        raise UntrustedError("untrusted.payload", "sealed_at is not a time") from error
    return Batch(
        source=source.decode(),
        topic=Topic(topic.decode()),
        lane=Lane(bytes.fromhex(lane.decode())),
        size=int(size),
        root=bytes.fromhex(root.decode()),
        sealed_at=at,
        federation=int(federation),
    )


def pre_authentication_encoding(payload: bytes) -> bytes:
    """Return what is signed: `DSSEv1 SP len(type) SP type SP len(payload) SP payload`."""
    return b"%b%d %b" % (_PAE_HEAD, len(payload), payload)


def dsse_envelope(seal: UnverifiedSeal) -> dict[str, object]:
    """Return the standard JSON envelope of DSSE, for other people's software to check."""
    return {
        "payloadType": PAYLOAD_TYPE,
        "payload": base64.b64encode(seal.payload).decode(),
        "signatures": [{"keyid": seal.key_id.hex(), "sig": base64.b64encode(seal.signature).decode()}],
    }
