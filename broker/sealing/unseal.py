"""Unseal: a record is verified before anything in it is parsed, and only then opened.

    Fetched --Verifier.verify--> Verified --open_record--> Opened | Closed

Verifying, in this order, each step refusing with a code of its own:

1. the sizes and the nine headers, each once, in order and form;
2. the topic: of a kind that the exchange has, the source's own where it is one of a pair, with a key and a null only
   where key records travel;
3. the seal: canonical, exact;
4. the key: listed by the federation, for this source, and valid when the batch says that it was sealed;
5. the signed statement: of its one form, for this source, topic and lane;
6. the leaf: in the signed tree, at the index that the seal names;
7. the signature (Ed25519, RFC 8032) over the DSSE pre-authentication encoding.

Not done here: the place in the stream (`broker.pipeline.completeness`), whether the agreements allow type, topic and
audience (`broker.policy.admit`).
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Final, cast

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from broker.errors import UntrustedError
from broker.limits import MAX_BATCH, MAX_PARTS, MAX_VALUE_BYTES
from broker.names import COVER, source_uri
from broker.sealing.batch import Batch, parse_payload_unverified, pre_authentication_encoding
from broker.sealing.contents import read_compartment, read_cover, require_rules
from broker.sealing.encoding import parse_parts_unverified, parse_seal_unverified
from broker.sealing.headers import leaf_of, parse_headers_unverified
from broker.sealing.keyrecords import RECORD_KEY
from broker.sealing.merkle import Climbed, verify_inclusion
from broker.sealing.parts import open_part, record_context
from broker.sealing.topics import Kind, read_topic
from broker.stages import Closed, Opened, OpenedPart, Verified

if TYPE_CHECKING:
    from datetime import datetime

    from broker.names import AgencyId, KeyId, PartName
    from broker.ports import Federation, SigningKey
    from broker.sealing.encoding import UnverifiedSeal
    from broker.sealing.headers import UnverifiedHeaders
    from broker.sealing.keyring import Keyring
    from broker.stages import Fetched
    from schemas.envelope import CoverEvent

_BATCHES_KEPT: Final = 512


class Verifier:
    """Verifies the records that one agency reads; remembers the batches whose signature it has checked."""

    def __init__(self, reader: AgencyId | None) -> None:
        """Take the agency that reads; with none (an auditor) records of every pair are verified."""
        self._reader = reader
        self._batches: OrderedDict[tuple[bytes, bytes, bytes], tuple[Batch, Climbed]] = OrderedDict()

    def verify(self, fetched: Fetched, federation: Federation) -> Verified:
        """Verify one record.

        Args:
            fetched: the record as Kafka gave it.
            federation: the newest federation; a key that it does not list is refused.

        Raises:
            UntrustedError: with the code of the step that failed.
        """
        _require_size(fetched.value)
        headers = parse_headers_unverified(fetched.headers)
        self._require_topic(fetched, headers.source)
        seal = parse_seal_unverified(headers.seal)
        signing_key = _signing_key(seal.key_id, headers.source, federation)
        name = (signing_key.public, seal.signature, seal.payload)
        known = self._batches.get(name)
        statement, climbed = known or (parse_payload_unverified(seal.payload), {})
        _require_same_stream(statement, headers, fetched)
        if not signing_key.not_before <= statement.sealed_at <= signing_key.not_after:
            raise UntrustedError("untrusted.key", "the signing key was not valid when the batch was sealed")
        leaf = leaf_of(fetched.topic, fetched.key, headers.all, fetched.value)
        verify_inclusion(
            leaf, index=seal.index, size=statement.size, path=seal.path, root=statement.root, climbed=climbed
        )
        if known is None:
            _verify_signature(signing_key.public, seal)
            self._remember(name, statement, climbed)
        return Verified(
            fetched=fetched,
            source=headers.source,
            record_id=headers.record_id,
            lane=headers.lane,
            sequence=headers.sequence,
            previous=headers.previous,
            leaf=leaf,
            signing_key=seal.key_id,
            federation=statement.federation,
        )

    def _require_topic(self, fetched: Fetched, source: AgencyId) -> None:
        topic = read_topic(fetched.topic)
        if topic.source not in {None, source}:
            raise UntrustedError("untrusted.topic", "the topic is another source's")
        if self._reader is not None and topic.recipient not in {None, self._reader}:
            raise UntrustedError("untrusted.topic", "the topic is another reader's")
        if topic.kind is Kind.KEYS:
            if fetched.key is None or RECORD_KEY.fullmatch(fetched.key) is None:
                raise UntrustedError("untrusted.key-record", "a key record does not name a key")
        elif fetched.key is not None or fetched.value is None:
            raise UntrustedError("untrusted.value", "an event has a value and no record key")

    def _remember(self, name: tuple[bytes, bytes, bytes], batch: Batch, climbed: Climbed) -> None:
        self._batches[name] = batch, climbed
        if len(self._batches) > _BATCHES_KEPT:
            self._batches.popitem(last=False)


def _require_size(value: bytes | None) -> None:
    if value is not None and not 0 < len(value) <= MAX_VALUE_BYTES:
        raise UntrustedError("untrusted.value", "a value holds 1 to 65536 bytes")


def _signing_key(key_id: KeyId, source: AgencyId, federation: Federation) -> SigningKey:
    key = federation.signing_keys.get(key_id)
    if key is None:
        raise UntrustedError("untrusted.key", "the federation does not list the signing key")
    if key.agency != source:
        raise UntrustedError("untrusted.key", "the signing key speaks for another agency")
    return key


def _require_same_stream(batch: Batch, headers: UnverifiedHeaders, fetched: Fetched) -> None:
    if batch.source != source_uri(headers.source) or batch.topic != fetched.topic or batch.lane != headers.lane:
        raise UntrustedError("untrusted.payload", "the signed statement speaks of another stream")
    if batch.size > MAX_BATCH:
        raise UntrustedError("untrusted.payload", "a batch holds at most 256 records")


def _verify_signature(public: bytes, seal: UnverifiedSeal) -> None:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(seal.signature, pre_authentication_encoding(seal.payload))
    except (InvalidSignature, ValueError) as error:
        raise UntrustedError("untrusted.signature", "the signature does not hold") from error


def sealed_at(verified: Verified) -> datetime:
    """Return when the source says that it sealed a verified record's batch."""
    seal = parse_seal_unverified(dict(verified.fetched.headers)["ce_seal"] or b"")
    return parse_payload_unverified(seal.payload).sealed_at


def open_record(verified: Verified, keyring: Keyring) -> Opened | Closed:
    """Open a verified event: the cover, and each compartment for which this agency has the key.

    Args:
        verified: a record of an area topic or a mailbox.
        keyring: the data keys that this agency holds.

    Returns:
        The event; or `Closed` where the cover's key is not held (yet).

    Raises:
        UntrustedError: a part does not open under the key that it names, or the cover is not this record's.
        InvalidEventError: the catalogue refuses the cover or a compartment, or what they say together.
    """
    cover_part, *others = parse_parts_unverified(verified.fetched.value or b"", most=MAX_PARTS)
    cipher = keyring.get(verified.source, cover_part.key_id)
    if cipher is None:
        return Closed(verified=verified, key_id=cover_part.key_id)
    context = record_context(verified.fetched.topic, verified.source, verified.record_id)
    cover = open_part(cipher, cover_part, context=context, name=COVER)
    kind, event, loaded = read_cover(cover)
    names = cast("tuple[PartName, ...]", event.data.parts)
    _require_same_record(event, verified.source, len(others))
    parts: dict[PartName, OpenedPart] = {}
    missing: dict[PartName, KeyId] = {}
    for name, part in zip(names, others, strict=True):
        cipher = keyring.get(verified.source, part.key_id)
        if cipher is None:
            missing[name] = part.key_id
        else:
            content = open_part(cipher, part, context=context, name=name)
            model = read_compartment(content, kind, name, loaded["dataschema"])
            parts[name] = OpenedPart(name=name, content=content, model=model)
    del loaded["data"]
    opened = Opened(
        verified=verified,
        event_id=loaded["id"],
        kind=kind,
        source=verified.source,
        audience=tuple(cast("list[AgencyId]", event.audience.split(" "))),
        attributes=loaded,
        cover=cover,
        open=event.data.open,
        named=names,
        parts=parts,
        missing=missing,
        withheld=cast("dict[PartName, str]", event.data.withheld or {}),
    )
    require_sound(opened)
    return opened


def _require_same_record(event: CoverEvent[Any], source: AgencyId, parts: int) -> None:
    if event.source != source_uri(source) or len(event.data.parts) != parts:
        raise UntrustedError("untrusted.cover", "the cover names another source, or other parts, than the record has")


def require_sound(opened: Opened) -> None:
    """Ask the catalogue's rules across parts of an event; again whenever another record or key has added a part.

    Raises:
        InvalidEventError: `invalid.compartment`.
    """
    require_rules(opened.kind, opened.open, {name: part.model for name, part in opened.parts.items()})
