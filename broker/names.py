"""The names that must not be mixed up: one NewType for each, and the few functions that make or read them."""

from __future__ import annotations

import hmac
import re
from functools import lru_cache
from typing import Final, NewType

AgencyId = NewType("AgencyId", str)
"""An agency on the exchange, `[a-z0-9-]{1,63}`, never starting or ending in a hyphen."""

Role = NewType("Role", str)
"""What an agency is on the exchange: `police`, `immigration`, … The agreements speak of roles only."""

EventId = NewType("EventId", str)
"""A lower-case UUIDv8 that names one event, the same on each of its copies."""

RecordId = NewType("RecordId", str)
"""A lower-case UUIDv8 that names one copy of an event on one topic (`ce_id`)."""

Topic = NewType("Topic", str)
PartName = NewType("PartName", str)
"""`cover` or the name of a compartment."""

KeyId = NewType("KeyId", bytes)
"""Sixteen bytes that name a signing, receiving, wrapping or data key."""

Leaf = NewType("Leaf", bytes)
"""The SHA-256 by which a record is known in its stream and in its batch."""

Lane = NewType("Lane", bytes)
"""Sixteen random bytes, new with each start of a relay."""

ANY_PARTITION: Final = 0
"""Every topic of the exchange has one partition for life: order is the point."""

COVER: Final = PartName("cover")
GENESIS: Final = Leaf(bytes(32))
"""What the first record of a stream names as the leaf before it."""

SOURCE_PREFIX: Final = "urn:simpul:agency:"
CASE_PREFIX: Final = "urn:simpul:case:"
TYPE_PREFIX: Final = "id.simpul."
FEDERATION_TOPIC: Final = Topic("simpul.federation")

MAIL_PREFIX: Final = "simpul.mail."
KEYS_PREFIX: Final = "simpul.keys."

AGENCY_FORM: Final = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
"""An agency's id as a regular expression without groups."""

_AGENCY: Final = re.compile(AGENCY_FORM)


def agency_id(text: str) -> AgencyId:
    """Return `text` as an agency id.

    Raises:
        ValueError: it is not of the form `[a-z0-9-]{1,63}`.
    """
    if _AGENCY.fullmatch(text) is None:
        msg = "an agency id is made of a-z, 0-9 and inner hyphens, at most 63 of them"
        raise ValueError(msg)
    return AgencyId(text)


def source_uri(agency: AgencyId) -> str:
    """The `source` of an agency's events (CloudEvents 1.0, `source`)."""
    return SOURCE_PREFIX + agency


def source_agency(source: str) -> AgencyId:
    """Read the agency out of a `source`.

    Raises:
        ValueError: it is not `urn:simpul:agency:<id>`.
    """
    if not source.startswith(SOURCE_PREFIX):
        msg = "a source is urn:simpul:agency:<id>"
        raise ValueError(msg)
    return agency_id(source[len(SOURCE_PREFIX) :])


def area_topic(area: str) -> Topic:
    """The topic that every reader of an area reads, such as `simpul.alert`."""
    return Topic(f"simpul.{area}")


def mail_topic(source: AgencyId, recipient: AgencyId) -> Topic:
    """The mailbox that one agency writes and one other agency reads."""
    return Topic(f"{MAIL_PREFIX}{source}.{recipient}")


def keys_topic(source: AgencyId, recipient: AgencyId) -> Topic:
    """The compacted topic in which one agency gives another (or itself) its keys."""
    return Topic(f"{KEYS_PREFIX}{source}.{recipient}")


def length_prefixed(*fields: bytes) -> bytes:
    """Join fields so that no two lists of fields give the same bytes: each after its length as a uint32."""
    return b"".join([len(item).to_bytes(4, "big") + item for item in fields])


def keyed_hash(secret: bytes, *fields: bytes) -> bytes:
    """Return the HMAC-SHA-256 of the length-prefixed fields: 32 bytes that nobody can make without the secret."""
    keyed = _keyed(secret).copy()
    keyed.update(length_prefixed(*fields))
    return keyed.digest()


@lru_cache(maxsize=256)
def _keyed(secret: bytes) -> hmac.HMAC:
    # Copied for each use: cheaper than hmac.digest(), which lets go of the interpreter lock each time.
    return hmac.new(secret, digestmod="sha256")


def derived_uuid(secret: bytes, *fields: str) -> str:
    """Return the UUIDv8 (RFC 9562 §5.8) of HMAC-SHA-256 over the length-prefixed fields under a secret of the node.

    The same fields give the same id on every reading, and nobody without the secret can guess or date one.

    Args:
        secret: 32 bytes that never leave the node.
        fields: what is named, a label first; text, encoded as UTF-8.

    Returns:
        The id in lower case, 36 characters.
    """
    text = keyed_hash(secret, *[item.encode() for item in fields])[:16].hex()
    return f"{text[:8]}-{text[8:12]}-8{text[13:16]}-{_VARIANT[text[16]]}{text[17:20]}-{text[20:32]}"


_VARIANT: Final = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}
