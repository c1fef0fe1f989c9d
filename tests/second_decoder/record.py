"""Sections 2 and 3 of docs/wire.md: what a record looks like before anything in it is believed; steps 1 and 2."""

from dataclasses import dataclass

from tests.second_decoder.notation import AGENCY, SOURCE, SOURCE_PREFIX, UUID_V8, RefusedError, matches

MOST_VALUE = 65_536
MOST_HEADER = 8_192

HEADERS = (
    ("content-type", "application/vnd[.]simpul[.]record"),
    ("ce_specversion", "1[.]0"),
    ("ce_id", UUID_V8),
    ("ce_source", SOURCE),
    ("ce_type", "id[.]simpul[.]sealed[.]v1"),
    ("ce_lane", "[0-9a-f]{32}"),
    ("ce_sequence", "(?!0{16})[0-9]{16}"),
    ("ce_previous", "[0-9a-f]{64}"),
    ("ce_seal", "(?s:.*)"),
)
"""The nine headers in their order, each with the form of its value; that of the seal is left to step 3."""

NOT_AN_AREA = frozenset({"federation", "keys", "mail"})
"""The other names that stand directly after `simpul.`: `simpul.federation` is not part of this version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unverified:
    """A record as Kafka delivers it; nothing in it is believed yet.

    Attributes:
        topic: The topic that it was read from.
        key: The record key, or null.
        headers: Names and values in the order on the wire.
        value: The value, or null.
    """

    topic: str
    key: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    value: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A topic of section 2.

    Attributes:
        name: The whole name.
        kind: `area`, `mail` or `keys`.
        source: The AgencyId of the one that writes it, for a topic of a pair.
        recipient: The AgencyId of the one that reads it, for a topic of a pair.
    """

    name: str
    kind: str
    source: str = ""
    recipient: str = ""


def check_sizes(record: Unverified) -> None:
    """Step 1, first half: the sizes of section 12 that can be told without reading anything.

    Args:
        record: The record.

    Raises:
        RefusedError: `untrusted.value` for the value, `untrusted.headers` for a header.
    """
    if record.value is not None and not 1 <= len(record.value) <= MOST_VALUE:
        raise RefusedError("untrusted.value")
    for _, value in record.headers:
        if value is not None and len(value) > MOST_HEADER:
            raise RefusedError("untrusted.headers")


def read_headers(record: Unverified) -> dict[str, str]:
    """Step 1, second half: exactly the nine headers, in their order, each of its form.

    Args:
        record: The record.

    Returns:
        The values by name.

    Raises:
        RefusedError: `untrusted.headers`.
    """
    if [name for name, _ in record.headers] != [name for name, _ in HEADERS]:
        raise RefusedError("untrusted.headers")
    read = {}
    for (name, form), (_, value) in zip(HEADERS, record.headers, strict=True):
        if value is None or not value.isascii() or not matches(form, value.decode("ascii")):
            raise RefusedError("untrusted.headers")
        read[name] = value.decode("ascii")
    return read


def read_topic(name: str, ce_source: str, reader: str) -> Topic:
    """Step 2, first half: a topic of section 2, that of a pair only as `<ce_source>` to this reader.

    Args:
        name: The name of the topic.
        ce_source: The header.
        reader: The AgencyId of the reader.

    Returns:
        The topic.

    Raises:
        RefusedError: `untrusted.topic`.
    """
    if matches("simpul[.][a-z]+", name) and name.removeprefix("simpul.") not in NOT_AN_AREA:
        return Topic(name=name, kind="area")
    if not matches(f"simpul[.](mail|keys)[.]{AGENCY}[.]{AGENCY}", name):
        raise RefusedError("untrusted.topic")
    _, kind, source, recipient = name.split(".")
    if SOURCE_PREFIX + source != ce_source or recipient != reader:
        raise RefusedError("untrusted.topic")
    return Topic(name=name, kind=kind, source=source, recipient=recipient)


def check_key_and_null(record: Unverified, topic: Topic) -> None:
    """Step 2, second half: a record key and a null value only where section 9 has them.

    Args:
        record: The record.
        topic: Its topic.

    Raises:
        RefusedError: `untrusted.value`, or `untrusted.key-record` for a record key that is not as section 9 says.
    """
    if topic.kind != "keys":
        if record.key is not None or record.value is None:
            raise RefusedError("untrusted.value")
        return
    wrap = "wrap/[0-9a-f]{32}"
    unit = "unit/[0-9a-f]{32}/[1-9][0-9]{0,14}"
    if record.key is None or not matches(f"{wrap}|{unit}", record.key.decode("latin-1")):
        raise RefusedError("untrusted.key-record")
