"""Steps 3 to 7: the seal, the key, the statement, the path, the signature."""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from broker.names import mail_topic
from tests.vector_builder.bad import alert, alerts, bad
from tests.vector_builder.forging import Forger, seal_bytes, seal_of, with_header, with_seal, with_seal_text
from tests.vector_builder.vector import base64_of
from tests.vector_builder.world import (
    IMMIGRATION,
    MIGRANT_WORKERS,
    NOT_AFTER,
    NOT_BEFORE,
    POLICE,
    derived,
    federation,
    signer,
    signing_key,
)
from tests.vector_builder.writing import keys_writer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from broker.stages import Fetched
    from tests.vector_builder.vector import Vector

_SECOND: Final = timedelta(seconds=1)
_GROUP_ORDER: Final = 2**252 + 27742317777372353535851937790883648493
_STATEMENTS: Final[dict[str, tuple[bytes, bytes, str]]] = {
    "white-space": (b'","topic"', b'", "topic"', "A space."),
    "line-feed-at-the-end": (b"}", b"}\n", "A line feed after it."),
    "size-leading-zero": (b'"size":1,', b'"size":01,', "A size with a leading zero."),
    "size-zero": (b'"size":1,', b'"size":0,', "A batch of none."),
    "size-257": (b'"size":1,', b'"size":257,', "A batch larger than any may be."),
    "size-1000": (b'"size":1,', b'"size":1000,', "A batch much larger than any may be."),
    "size-text": (b'"size":1,', b'"size":"1",', "A size that is a text."),
    "size-fraction": (b'"size":1,', b'"size":1.0,', "A size with a fraction."),
    "federation-leading-zero": (b'"federation":7', b'"federation":07', "A version with a leading zero."),
    "federation-negative": (b'"federation":7', b'"federation":-7', "A negative version."),
    "extra-member": (b"}", b',"note":""}', "One member more."),
    "member-twice": (b'"size":1,', b'"size":1,"size":1,', "A member twice."),
    "member-missing": (b'"size":1,', b"", "No size."),
    "escaped": (b'"source"', b'"\\u0073ource"', "An escape that gives the same text."),
    "root-too-long": (b'"root":"', b'"root":"0', "A root of 65 characters."),
    "sealed-at-without-z": (b'Z"', b'"', "A time of no zone."),
    "sealed-at-offset": (b'Z"', b'+00:00"', "A time with an offset."),
    "sealed-at-fraction": (b':00Z"', b':00.0Z"', "A time with a fraction."),
    "sealed-at-no-day": (b"2026-08-07", b"2026-02-30", "A day that there is not."),
    "sealed-at-leap-second": (b":25:00Z", b":25:60Z", "A leap second."),
}


def bad_seals() -> Iterator[Vector]:
    """Make them."""
    record = alert()
    yield from _texts(record)
    yield from _structures(record)
    yield from _keys(record)
    yield from _statements(record)
    yield from _paths()
    yield from _changed()
    yield from _signatures(record)


def _texts(record: Fetched) -> Iterator[Vector]:
    text = (record.headers[-1][1] or b"").decode()
    # A seal whose last group of base64 has unused bits: the version's digits make the length.
    odd = next(
        candidate
        for digits in range(1, 4)
        if (candidate := Forger(version=10**digits).forge(record).headers[-1][1] or b"").endswith(b"=")
    ).decode()
    body = odd.rstrip("=")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    texts = {
        "empty": ("", "An empty ce_seal."),
        "hex": (base64.b64decode(text).hex(), "Hex in place of base64."),
        "trailing-bits": (
            body[:-1] + alphabet[alphabet.index(body[-1]) + 1] + odd[len(body) :],
            "The unused bits of the last group are not zero.",
        ),
        "without-padding": (body, "The padding is missing."),
        "more-padding": (odd + "=", "One sign of padding too many."),
        "text-after-padding": (odd + "AAAA", "A group after the padding."),
        "line-feed": (text[:76] + "\n" + text[76:], "A line break, as MIME has it."),
        "line-feed-at-the-end": (text + "\n", "A line feed at the end."),
        "space": (" " + text, "A space before it."),
        "other-sign": (text[:8] + "!" + text[8:], "A sign that is none of base64, which lenient decoders leave out."),
        "url-alphabet": (text[:4] + "-_-_" + text[8:], "The alphabet of URLs."),
    }
    for name, (changed, description) in texts.items():
        yield _seal(f"seal-{name}", description, with_seal_text(record, changed.encode()))


def _seal(name: str, description: str, record: Fetched) -> Vector:
    return bad(name, description, "untrusted.seal", 3, record)


def _structures(record: Fetched) -> Iterator[Vector]:
    yield _seal("seal-trailing-byte", "A byte after the Seal.", Forger(seal=lambda raw: raw + b"\0").forge(record))
    yield _seal("seal-truncated", "The last byte is missing.", Forger(seal=lambda raw: raw[:-1]).forge(record))
    yield _seal(
        "seal-head-alone", "Nothing after the length of the path.", Forger(seal=lambda raw: raw[:84]).forge(record)
    )
    yield _seal("seal-of-83-bytes", "Shorter than any.", Forger(seal=lambda raw: raw[:83]).forge(record))
    yield _seal("seal-path-31-bytes", "A path that is not whole hashes.", Forger(path=bytes(31)).forge(record))
    yield _seal("seal-path-544-bytes", "A path longer than any may be.", Forger(path=bytes(544)).forge(record))
    yield _seal("seal-payload-empty", "An empty payload.", Forger(payload=lambda _: b"").forge(record))
    yield _seal(
        "seal-payload-4097-bytes",
        "A payload longer than any may be.",
        Forger(payload=lambda raw: raw + b" " * (4_097 - len(raw))).forge(record),
    )


def _keys(record: Fetched) -> Iterator[Vector]:
    def key(name: str, description: str, step: int, forger: Forger) -> Vector:
        return bad(f"key-{name}", description, "untrusted.key", step, forger.forge(record))

    yield key("unknown", "A signing key that the federation does not list.", 4, Forger(by=signer(POLICE, 9)))
    yield key("of-another-agency", "The key of an agency that is not ce_source.", 4, Forger(by=signer(MIGRANT_WORKERS)))
    yield key("not-valid-yet", "Sealed a second before the key's validity.", 5, Forger(sealed_at=NOT_BEFORE - _SECOND))
    yield key("not-valid-any-more", "Sealed a second after it.", 5, Forger(sealed_at=NOT_AFTER + _SECOND))
    yield bad("federation-empty", "The federation lists no key.", "untrusted.key", 4, record, federation=federation())
    borrowed = seal_of(record)
    other = signing_key(POLICE, 2)
    text = base64_of(seal_bytes(other.key_id, borrowed.signature, 0, b"", borrowed.payload)).encode()
    yield bad(
        "key-id-exchanged",
        "The Seal names another key of the same agency than the one that signed.",
        "untrusted.signature",
        7,
        with_seal_text(record, text),
        federation=federation(signing_key(POLICE), other),
    )


def _statements(record: Fetched) -> Iterator[Vector]:
    def payload(name: str, description: str, old: bytes, new: bytes) -> Vector:
        def edit(text: bytes) -> bytes:
            assert text.count(old) == 1, name
            return text.replace(old, new)

        return bad(f"payload-{name}", description, "untrusted.payload", 5, Forger(payload=edit).forge(record))

    for name, (old, new, description) in _STATEMENTS.items():
        yield payload(name, description, old, new)
    lane = (dict(record.headers)["ce_lane"] or b"").decode()
    yield payload("of-another-topic", "It speaks of another topic.", b'"simpul.alert"', b'"simpul.intel"')
    yield payload("of-another-lane", "It speaks of another lane.", lane.encode(), b"0" * 32)
    yield payload("of-another-source", "It speaks of another source.", POLICE.encode(), MIGRANT_WORKERS.encode())
    yield bad(
        "payload-root-upper-case",
        "Hex in upper case.",
        "untrusted.payload",
        5,
        Forger(payload=_root_upper_case).forge(record),
    )
    yield bad(
        "payload-not-json",
        "It is no JSON.",
        "untrusted.payload",
        5,
        Forger(payload=lambda raw: raw[:-1]).forge(record),
    )
    mailbox = mail_topic(POLICE, IMMIGRATION)
    yield bad(
        "record-moved-to-another-topic",
        "A record of the area's topic, put into the reader's mailbox as it is.",
        "untrusted.payload",
        5,
        replace(record, topic=mailbox),
    )
    yield bad(
        "record-under-another-source",
        "Another agency's name on a record that the police sealed.",
        "untrusted.key",
        4,
        with_header(record, "ce_source", b"urn:simpul:agency:" + MIGRANT_WORKERS.encode()),
    )
    yield bad(
        "lane-changed-on-the-way",
        "Another lane than the one that was signed.",
        "untrusted.payload",
        5,
        with_header(record, "ce_lane", b"0" * 32),
    )


def _root_upper_case(payload: bytes) -> bytes:
    head, root, rest = re.split(rb'(?<="root":")([0-9a-f]{64})', payload)
    return head + root.upper() + rest


def _paths() -> Iterator[Vector]:
    records = alerts(5)
    third, last = records[2], records[4]
    path = seal_of(third).path
    sibling = seal_of(records[3])
    for name, description, changed in (
        ("too-short", "The last hash is missing.", with_seal(third, path=path[:-32])),
        ("too-long", "One hash more.", with_seal(third, path=path + bytes(32))),
        ("missing", "No path, in a batch of five.", with_seal(third, path=b"")),
        ("in-a-batch-of-one", "A path, in a batch of one.", with_seal(alert(), path=bytes(32))),
        ("turned-round", "Its hashes in the other order.", with_seal(third, path=path[64:] + path[32:64] + path[:32])),
        ("of-the-sibling", "The path of the record beside it.", with_seal(third, path=sibling.path)),
        ("flipped", "One bit of it.", with_seal(third, path=_flipped(path, 40))),
        ("of-the-last-too-long", "The odd last record, with the path of a full tree.", with_seal(last, path=path)),
    ):
        yield _path(f"path-{name}", description, changed)
    for name, index in (("of-the-sibling", 3), ("of-a-cousin", 0), ("5-of-5", 5), ("65535", 65_535)):
        yield _path(f"index-{name}", f"Index {index} in place of 2, in a batch of five.", with_seal(third, index=index))
    yield _path(
        "seal-of-another-record",
        "The Seal of the record beside it, as it is.",
        with_seal_text(third, records[3].headers[-1][1] or b""),
    )


def _path(name: str, description: str, record: Fetched) -> Vector:
    return bad(name, description, "untrusted.path", 6, record)


def _flipped(raw: bytes, at: int) -> bytes:
    return raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]


def _changed() -> Iterator[Vector]:
    """What a broker may try with a record that it carries."""
    record, other = alerts(2)
    value, foreign = record.value or b"", other.value or b""
    for name, description, changed in (
        ("value-flipped", "One bit of a ciphertext.", _flipped(value, 200)),
        ("value-truncated", "The last byte is missing.", value[:-1]),
        ("value-with-more", "One byte more.", value + b"\0"),
        ("value-of-another-record", "The value of the record beside it.", foreign),
        ("value-of-zero", "One byte.", b"\0"),
    ):
        yield _path(name, f"Changed on the way: {description}", replace(record, value=changed))
    for name, header, text in (
        ("id", "ce_id", b"5f1b1a0e-6f0e-8c56-9d39-0b2f6a3f0001"),
        ("sequence", "ce_sequence", b"%016d" % 2),
        ("previous", "ce_previous", b"1" * 64),
    ):
        yield _path(f"{name}-changed-on-the-way", f"Another {header}.", with_header(record, header, text))
    yield from _changed_key_records()


def _changed_key_records() -> Iterator[Vector]:
    writer = keys_writer("bad", IMMIGRATION)
    (record,) = writer.seal(writer.key_record(b"unit/" + b"0" * 32 + b"/1", derived("some value")))
    (null,) = writer.seal(writer.key_record(b"unit/" + b"0" * 32 + b"/2", None))
    for name, description, changed in (
        ("key-record-nulled", "The broker erases a key record.", replace(record, value=None)),
        ("key-record-null-made-empty", "A value of one byte in place of null.", replace(null, value=b"\0")),
        ("key-record-renamed", "Another number.", replace(record, key=b"unit/" + b"0" * 32 + b"/3")),
    ):
        yield _path(name, f"Changed on the way: {description}", changed)


def _signatures(record: Fetched) -> Iterator[Vector]:
    signature = seal_of(record).signature
    larger = (int.from_bytes(signature[32:], "little") + _GROUP_ORDER).to_bytes(32, "little")
    for name, description, changed in (
        ("flipped", "One bit of it.", _flipped(signature, 63)),
        ("first-half-flipped", "One bit of R.", _flipped(signature, 0)),
        ("zero", "All zeros.", bytes(64)),
        ("not-reduced", "S and the order of the group: RFC 8032 §5.1.7 refuses it.", signature[:32] + larger),
    ):
        yield _signature(name, description, with_seal(record, signature=changed))
    yield _signature("of-the-payload-alone", "Signed without the encoding of DSSE.", Forger(sign=bytes).forge(record))
    yield _signature(
        "of-another-type",
        "Signed as another type of payload.",
        Forger(sign=lambda raw: b"DSSEv1 16 application/json %d %b" % (len(raw), raw)).forge(record),
    )
    yield _signature(
        "of-another-key", "Made with another key than the one that the Seal names.", _signed_by_another(record)
    )


def _signature(name: str, description: str, record: Fetched) -> Vector:
    return bad(f"signature-{name}", description, "untrusted.signature", 7, record)


def _signed_by_another(record: Fetched) -> Fetched:
    other = Forger(by=signer(POLICE, 2)).forge(record)
    return with_seal(record, signature=seal_of(other).signature)
