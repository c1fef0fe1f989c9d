"""Steps 1 and 2: sizes, headers, topics, record keys."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from broker.names import Topic, keys_topic, mail_topic
from broker.sealing.headers import NAMES
from tests.vector_builder.bad import alert, bad
from tests.vector_builder.forging import forged, with_header
from tests.vector_builder.world import IMMIGRATION, MIGRANT_WORKERS, POLICE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from broker.stages import Fetched, FetchedHeaders
    from tests.vector_builder.vector import Vector

_FORMS: Final[dict[str, tuple[str, bytes | None, str]]] = {
    "content-type-other": ("content-type", b"application/cloudevents+json", "Another content type."),
    "content-type-upper-case": ("content-type", b"Application/vnd.simpul.record", "A content type in upper case."),
    "content-type-parameter": ("content-type", b"application/vnd.simpul.record; v=1", "A parameter."),
    "specversion-other": ("ce_specversion", b"1.1", "Another version of CloudEvents."),
    "type-other": ("ce_type", b"id.simpul.alert.issued.v1", "The type of what is inside, outside."),
    "type-version-2": ("ce_type", b"id.simpul.sealed.v2", "A version of the record that there is not."),
    "id-version-4": ("ce_id", b"5f1b1a0e-6f0e-4c56-9d39-0b2f6a3f0001", "A UUIDv4."),
    "id-other-variant": ("ce_id", b"5f1b1a0e-6f0e-8c56-cd39-0b2f6a3f0001", "A UUID of Microsoft's variant."),
    "id-upper-case": ("ce_id", b"5F1B1A0E-6F0E-8C56-9D39-0B2F6A3F0001", "A UUID in upper case."),
    "id-braces": ("ce_id", b"{5f1b1a0e-6f0e-8c56-9d39-0b2f6a3f0001}", "A UUID in braces."),
    "source-without-prefix": ("ce_source", b"polres-bengkulu-tengah", "An agency id that is no Source."),
    "source-upper-case": ("ce_source", b"urn:simpul:agency:Polres-bengkulu-tengah", "An upper-case letter."),
    "source-leading-hyphen": ("ce_source", b"urn:simpul:agency:-polres", "An agency id that begins with a hyphen."),
    "source-trailing-hyphen": ("ce_source", b"urn:simpul:agency:polres-", "An agency id that ends with a hyphen."),
    "source-too-long": ("ce_source", b"urn:simpul:agency:" + b"p" * 64, "An agency id of 64 characters."),
    "source-empty": ("ce_source", b"urn:simpul:agency:", "No agency id."),
    "source-with-dot": ("ce_source", b"urn:simpul:agency:polres.bengkulu", "A dot, which parts the names in a topic."),
    "lane-upper-case": ("ce_lane", b"ABCDEF" + b"0" * 26, "Hex in upper case."),
    "lane-short": ("ce_lane", b"0" * 30, "15 bytes."),
    "lane-long": ("ce_lane", b"0" * 34, "17 bytes."),
    "lane-without-value": ("ce_lane", None, "A header without a value, which Kafka can carry."),
    "sequence-zero": ("ce_sequence", b"0" * 16, "Sequences count from 1."),
    "sequence-short": ("ce_sequence", b"0" * 14 + b"1", "15 digits."),
    "sequence-long": ("ce_sequence", b"0" * 16 + b"1", "17 digits."),
    "sequence-signed": ("ce_sequence", b"+" + b"0" * 14 + b"1", "A sign, which many parsers of numbers take."),
    "sequence-underscore": ("ce_sequence", b"0" * 13 + b"1_0", "An underscore, which some parsers of numbers take."),
    "sequence-white-space": ("ce_sequence", b" " + b"0" * 14 + b"1", "A space, which many parsers of numbers take."),
    "sequence-other-digits": ("ce_sequence", b"\xd9\xa0" * 7 + b"\xd9\xa1", "Arabic digits, 16 bytes in UTF-8."),
    "previous-upper-case": ("ce_previous", b"AB" + b"0" * 62, "Hex in upper case."),
    "previous-short": ("ce_previous", b"0" * 62, "31 bytes."),
    "previous-empty": ("ce_previous", b"", "No leaf, where the first record of a stream names zeros."),
    "line-feed-after-previous": ("ce_previous", b"0" * 64 + b"\n", "A line feed at the end."),
    "nul-after-lane": ("ce_lane", b"0" * 32 + b"\x00", "A NUL at the end."),
    "header-not-ascii": ("ce_source", b"urn:simpul:agency:polr\xc3\xa9s", "An é in UTF-8."),
    "header-not-utf-8": ("ce_source", b"urn:simpul:agency:polr\xe9s", "A byte that is no UTF-8."),
}


def bad_headers() -> Iterator[Vector]:
    """Make them."""
    record = alert()
    for name in NAMES:
        yield _headers(f"header-missing-{name}", f"{name} is missing.", _without(record, name))
        yield _headers(f"header-twice-{name}", f"{name} is there twice, with one value.", _twice(record, name))
    for fault, (name, value, sentence) in _FORMS.items():
        yield _headers(fault, sentence, forged(with_header(record, name, value)))
    yield from _lists(record)
    yield from _sizes(record)
    yield from _topics()
    yield from _record_keys(record)


def _headers(name: str, description: str, record: Fetched) -> Vector:
    return bad(name, description, "untrusted.headers", 1, record)


def _without(record: Fetched, name: str) -> Fetched:
    left = replace(record, headers=tuple(header for header in record.headers if header[0] != name))
    return left if name == "ce_seal" else forged(left)


def _twice(record: Fetched, name: str) -> Fetched:
    headers = [header for each in record.headers for header in ([each, each] if each[0] == name else [each])]
    return forged(replace(record, headers=tuple(headers)))


def _lists(record: Fetched) -> Iterator[Vector]:
    headers = record.headers
    lists: dict[str, tuple[str, FetchedHeaders]] = {
        "header-unknown": ("One header more.", (*headers, ("traceparent", b"00-0-0-00"))),
        "header-unknown-first": ("One header more, before all.", (("ce_time", b"2026-08-07T01:25:00Z"), *headers)),
        "header-twice-other-value": (
            "ce_source twice, the second time another agency: readers that keep one would differ.",
            (*headers[:4], ("ce_source", b"urn:simpul:agency:" + MIGRANT_WORKERS.encode()), *headers[4:]),
        ),
        "headers-reordered": ("Two headers have changed places.", (headers[1], headers[0], *headers[2:])),
        "headers-sorted": ("The headers in the order in which the leaf takes them.", tuple(sorted(headers))),
        "header-upper-case-name": ("CE_ID.", (*headers[:2], ("CE_ID", headers[2][1]), *headers[3:])),
        "header-dash-name": ("ce-id, as in HTTP.", (*headers[:2], ("ce-id", headers[2][1]), *headers[3:])),
        "headers-none": ("No header at all.", ()),
    }
    for name, (description, changed) in lists.items():
        yield _headers(name, description, forged(replace(record, headers=changed)))
    yield _headers("seal-without-value", "ce_seal has no value.", with_header(record, "ce_seal", None))


def _sizes(record: Fetched) -> Iterator[Vector]:
    yield _headers("seal-header-too-long", "A ce_seal of 8,196 bytes.", with_header(record, "ce_seal", b"A" * 8_196))
    for name, size in (("value-empty", 0), ("value-too-long", 65_537)):
        yield bad(name, f"A value of {size} bytes.", "untrusted.value", 1, forged(replace(record, value=bytes(size))))


def _topics() -> Iterator[Vector]:
    topics = {
        "topic-mail-of-another-reader": mail_topic(POLICE, MIGRANT_WORKERS),
        "topic-mail-of-another-source": mail_topic(MIGRANT_WORKERS, IMMIGRATION),
        "topic-mail-backwards": mail_topic(IMMIGRATION, POLICE),
        "topic-mail-of-a-longer-name": Topic(f"simpul.mail.{POLICE}.{IMMIGRATION}-2"),
        "topic-mail-of-a-shorter-name": Topic(f"simpul.mail.{POLICE}.{IMMIGRATION[:-1]}"),
        "topic-mail-of-nobody": Topic("simpul.mail"),
        "topic-mail-of-one": Topic(f"simpul.mail.{POLICE}"),
        "topic-mail-of-three": Topic(f"simpul.mail.{POLICE}.{IMMIGRATION}.{POLICE}"),
        "topic-mail-without-simpul": Topic(f"mail.{POLICE}.{IMMIGRATION}"),
        "topic-of-another-prefix": Topic("latihan.alert"),
        "topic-area-without-simpul": Topic("alert"),
        "topic-area-empty": Topic("simpul."),
        "topic-area-with-digit": Topic("simpul.alert2"),
        "topic-area-nested": Topic("simpul.alert.bengkulu"),
        "topic-federation": Topic("simpul.federation"),
        "topic-keys-for-events": Topic("simpul.keys"),
    }
    for name, topic in topics.items():
        record = forged(replace(alert(), topic=topic))
        yield bad(name, f"A record of {POLICE} on {topic}.", "untrusted.topic", 2, record)
    for name, topic in (
        ("topic-keys-of-another-reader", keys_topic(POLICE, MIGRANT_WORKERS)),
        ("topic-keys-of-another-source", keys_topic(MIGRANT_WORKERS, IMMIGRATION)),
    ):
        record = forged(replace(alert(), topic=topic, key=b"wrap/" + b"0" * 32))
        yield bad(name, f"A key record of {POLICE} on {topic}.", "untrusted.topic", 2, record)


def _record_keys(record: Fetched) -> Iterator[Vector]:
    on_mail = alert(mail_topic(POLICE, IMMIGRATION))
    for name, description, changed in (
        ("event-null", "An event without a value.", replace(record, value=None)),
        ("event-with-record-key", "An event with a record key.", replace(record, key=b"wrap/" + b"0" * 32)),
        ("event-with-empty-record-key", "An event with an empty record key.", replace(record, key=b"")),
        ("mail-null", "A null in a mailbox.", replace(on_mail, value=None)),
        ("mail-with-record-key", "A record key in a mailbox.", replace(on_mail, key=b"unit/" + b"0" * 32 + b"/1")),
    ):
        yield bad(name, description, "untrusted.value", 2, forged(changed))
    names: dict[str, bytes | None] = {
        "none": None,
        "empty": b"",
        "of-another-kind": b"part/" + b"0" * 32,
        "wrap-upper-case": b"wrap/" + b"A" * 32,
        "wrap-short": b"wrap/" + b"0" * 30,
        "wrap-with-more": b"wrap/" + b"0" * 32 + b"/1",
        "wrap-line-feed": b"wrap/" + b"0" * 32 + b"\n",
        "unit-without-number": b"unit/" + b"0" * 32,
        "unit-number-zero": b"unit/" + b"0" * 32 + b"/0",
        "unit-number-leading-zero": b"unit/" + b"0" * 32 + b"/01",
        "unit-number-too-large": b"unit/" + b"0" * 32 + b"/1000000000000000",
        "unit-number-negative": b"unit/" + b"0" * 32 + b"/-1",
    }
    for name, record_key in names.items():
        changed = replace(record, topic=keys_topic(POLICE, IMMIGRATION), key=record_key)
        yield bad(
            f"record-key-{name}",
            "A key record that does not name a key as §9 says.",
            "untrusted.key-record",
            2,
            forged(changed),
        )
