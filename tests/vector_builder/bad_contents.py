"""Steps 9 and 10: parts, the cover, the compartments. All of it is properly sealed by the source."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from broker.names import PartName, mail_topic
from broker.sealing.encoding import encode_part, parse_parts_unverified
from broker.sealing.headers import parse_headers_unverified
from broker.sealing.parts import pad, record_context
from tests.vector_builder.bad import alert, alerts, bad
from tests.vector_builder.forging import forged
from tests.vector_builder.good import ALL, SOME
from tests.vector_builder.world import IMMIGRATION, MIGRANT_WORKERS, POLICE, derived
from tests.vector_builder.writing import Event, cipher_of, compact, event, frozen, short_alert

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from broker.ports import DataKey
    from broker.stages import Fetched
    from tests.vector_builder.vector import Vector

COVER: Final = PartName("cover")


def bad_contents() -> Iterator[Vector]:
    """Make them."""
    record = alert()
    yield from _values(record)
    yield from _moved(record)
    yield from _keys(record)
    yield from _paddings(record)
    yield from _covers()
    yield from _cover_members()
    yield from _cover_rules()
    yield from _part_lists()
    yield from _compartments()


def parts_of(record: Fetched) -> list[bytes]:
    """Return the bytes of each Part."""
    parts = parse_parts_unverified(record.value or b"", most=8)
    return [encode_part(part.key_id, part.nonce, part.ciphertext) for part in parts]


def of_parts(record: Fetched, parts: Sequence[bytes]) -> Fetched:
    """Give a record other Parts, and seal it anew."""
    return forged(replace(record, value=b"".join(parts)))


def sealed_plaintext(
    record: Fetched, name: str, plaintext: bytes, *, under: DataKey = ALL, named: DataKey | None = None
) -> bytes:
    """Return a Part of any plaintext, bound to a record and a name, under one key and naming the same or another."""
    headers = parse_headers_unverified(record.headers)
    key_id = (named or under).key_id
    context = record_context(record.topic, headers.source, headers.record_id)
    associated = context + len(name).to_bytes(4, "big") + name.encode() + (16).to_bytes(4, "big") + key_id
    nonce = derived(f"nonce of {name} {len(plaintext)}", 12)
    return encode_part(key_id, nonce, cipher_of(under).encrypt(nonce, plaintext, associated))


def _values(record: Fetched) -> Iterator[Vector]:
    whole = b"".join(parts_of(record))
    for name, description, value in (
        ("trailing-byte", "A byte after the last Part.", whole + b"\0"),
        ("last-part-truncated", "The last Part runs past the end.", whole[:-1]),
        ("head-of-a-part", "After the last Part comes the head of another, cut short.", whole + bytes(29)),
        ("one-byte", "One byte.", b"\0"),
        ("nine-parts", "Nine Parts.", whole + bytes(30) * 6),
    ):
        changed = forged(replace(record, value=value))
        yield bad(f"value-{name}", description, "untrusted.value", 9, changed)


def _part(name: str, description: str, step: int, record: Fetched) -> Vector:
    return bad(f"part-{name}", description, "untrusted.part", step, record)


def _moved(record: Fetched) -> Iterator[Vector]:
    cover, narrative, place = parts_of(record)
    other, _ = alerts(2, label="another record")
    on_mail = alert(mail_topic(POLICE, IMMIGRATION))
    yield _part(
        "cover-exchanged", "Cover and compartment have changed places.", 9, of_parts(record, [narrative, cover, place])
    )
    yield _part("exchanged", "Two compartments have changed places.", 10, of_parts(record, [cover, place, narrative]))
    yield _part("twice", "One compartment in both places.", 10, of_parts(record, [cover, narrative, narrative]))
    yield _part(
        "of-another-record",
        "A compartment of another record.",
        10,
        of_parts(record, [cover, parts_of(other)[1], place]),
    )
    yield _part(
        "cover-of-another-record",
        "The cover of another record.",
        9,
        of_parts(record, [parts_of(other)[0], narrative, place]),
    )
    yield _part(
        "of-another-topic",
        "All parts of the copy in a mailbox, on the area's topic.",
        9,
        of_parts(record, parts_of(on_mail)),
    )
    yield _part("flipped", "One bit of a compartment.", 10, of_parts(record, [cover, _flipped(narrative), place]))
    yield _part("cover-flipped", "One bit of the cover.", 9, of_parts(record, [_flipped(cover), narrative, place]))
    short = encode_part(ALL.key_id, bytes(12), bytes(15))
    yield _part("shorter-than-a-tag", "15 bytes of ciphertext.", 10, of_parts(record, [cover, short, place]))
    empty = encode_part(ALL.key_id, bytes(12), b"")
    yield _part("without-ciphertext", "No ciphertext at all.", 9, of_parts(record, [empty, narrative, place]))
    renamed = Event(
        cover=short_alert(IMMIGRATION).cover.replace(b'"parts":["narrative","place"]', b'"parts":["place"]'),
        parts={"narrative": short_alert(IMMIGRATION).parts["narrative"]},
    )
    yield _part("renamed", "The cover calls a narrative a place.", 10, alert(inside=renamed))


def _flipped(part: bytes) -> bytes:
    return part[:-1] + bytes([part[-1] ^ 1])


def _keys(record: Fetched) -> Iterator[Vector]:
    cover, _, place = parts_of(record)
    narrative = short_alert(IMMIGRATION).parts["narrative"]
    wrong = sealed_plaintext(record, "narrative", pad(narrative), under=SOME, named=ALL)
    yield _part(
        "under-another-key",
        "It names one key and lies under another, both held.",
        10,
        of_parts(record, [cover, wrong, place]),
    )
    key = bytearray(cover)
    key[:16] = SOME.key_id
    yield _part(
        "cover-names-another-key",
        "The cover names another key that is held.",
        9,
        of_parts(record, [bytes(key), wrong, place]),
    )


def _paddings(record: Fetched) -> Iterator[Vector]:
    cover, narrative, place = parts_of(record)
    event_cover = short_alert(IMMIGRATION).cover
    plaintexts = {
        "not-zero": ("A one among the zeros.", _with_content(b"{}", 256)[:-1] + b"\1"),
        "too-large": ("512 bytes where 256 hold it.", _with_content(b"{}", 512)),
        "too-small": ("128 bytes.", _with_content(b"{}", 128)),
        "missing": ("No zeros after the content.", _with_content(b"{}", 4)),
        "no-power-of-two": ("257 bytes.", _with_content(b"{}", 257)),
        "length-too-large": ("The length runs past the end.", b"\xff\xff" + bytes(254)),
        "length-by-one": ("The length counts one byte more than fits.", (255).to_bytes(2, "big") + bytes(254)),
        "empty-plaintext": ("Nothing at all.", b""),
        "one-byte": ("Half of a length.", b"\0"),
        "of-65490-bytes": ("As many bytes as a value has room for.", _with_content(b"{}", 65_490)),
    }
    for name, (description, plaintext) in plaintexts.items():
        changed = [cover, sealed_plaintext(record, "narrative", plaintext), place]
        if name == "of-65490-bytes":
            changed = [sealed_plaintext(record, "cover", plaintext)]
        step = 9 if name == "of-65490-bytes" else 10
        yield bad(f"padding-{name}", description, "untrusted.padding", step, of_parts(record, changed))
    large = sealed_plaintext(record, "cover", _with_content(event_cover, 2_048))
    yield bad(
        "padding-cover-too-large",
        "A cover in 2,048 bytes where 1,024 hold it.",
        "untrusted.padding",
        9,
        of_parts(record, [large, narrative, place]),
    )


def _with_content(content: bytes, size: int) -> bytes:
    return (len(content).to_bytes(2, "big") + content).ljust(size, b"\0")


def _inside(name: str, description: str, code: str, step: int, inside: Event, **given: Any) -> Vector:
    return bad(name, description, code, step, alert(inside=inside), **given)


def _cover(name: str, description: str, text: bytes, **given: Any) -> Vector:
    inside = Event(cover=text, parts=short_alert(IMMIGRATION).parts)
    return _inside(f"cover-{name}", description, "invalid.cover", 9, inside, **given)


def _covers() -> Iterator[Vector]:
    text = short_alert(IMMIGRATION).cover
    yield _cover("empty", "No content.", b"")
    yield _cover("not-json", "No JSON.", text[:-1])
    yield _cover("array", "A JSON array.", b"[" + text + b"]")
    yield _cover("null", "A JSON null.", b"null")
    yield _cover("text-after-it", "Something after the object.", text + b"{}")
    yield _cover("byte-order-mark", "A byte order mark before the object.", b"\xef\xbb\xbf" + text)
    yield _cover("not-utf-8", "A byte that is no UTF-8.", text.replace(b"17.09", b"17.0\xe9"))
    yield _cover("utf-16", "JSON in UTF-16.", text.decode().encode("utf-16-le"))
    yield _cover("lone-surrogate", "Half of a surrogate pair.", text.replace(b'"17.09"', b'"\\ud800"'))
    yield _cover("nan", "NaN, which is no JSON.", text.replace(b'"mayInvolveChild":true', b'"mayInvolveChild":NaN'))
    yield _cover(
        "name-twice",
        "A member name twice: readers could differ.",
        text.replace(b'"tlp":"amber"', b'"tlp":"red","tlp":"amber"'),
    )
    yield _cover(
        "name-twice-escaped",
        "A member name twice, the first time written with an escape.",
        text.replace(b'"tlp":"amber"', b'"\\u0074lp":"red","tlp":"amber"'),
    )
    yield _cover(
        "name-twice-inside", "A member name twice within data.", text.replace(b'"data":{', b'"data":{"parts":[],')
    )
    yield _cover("nested-too-deep", "Arrays in arrays, 30,000 of them.", b"[" * 15_000 + b"]" * 15_000)


def _cover_members() -> Iterator[Vector]:
    reader = IMMIGRATION
    changes: dict[str, tuple[str, dict[str, Any]]] = {
        "type-unknown": ("A type that the catalogue does not have.", {"type": "id.simpul.alert.issued.v9"}),
        "type-missing": ("No type.", {"type": None}),
        "type-number": ("A type that is no text.", {"type": 7}),
        "type-list": ("A type that is a list.", {"type": ["id.simpul.alert.issued.v1"]}),
        "type-of-the-record": ("The type of the record itself.", {"type": "id.simpul.sealed.v1"}),
        "specversion-other": ("Another version of CloudEvents.", {"specversion": "0.3"}),
        "id-missing": ("No id.", {"id": None}),
        "id-no-uuid": ("An id that is no UUID.", {"id": "LP/A/17/VIII/2026"}),
        "source-missing": ("No source.", {"source": None}),
        "time-with-offset": ("A time that is not in UTC.", {"time": "2026-08-06T08:20:00+07:00"}),
        "time-with-fraction": ("A time with a fraction of a second.", {"time": "2026-08-06T01:20:00.5Z"}),
        "attribute-unknown": ("An attribute that the catalogue does not have.", {"traceparent": "00-0-0-00"}),
        "dataschema-no-digest": ("A dataschema of another form.", {"dataschema": "https://example.org/alert.json"}),
        "audience-empty": ("An audience of nobody.", {"audience": ""}),
        "audience-unsorted": ("An audience that is not sorted.", {"audience": f"{POLICE} {reader}"}),
        "audience-twice": ("The same agency twice.", {"audience": f"{reader} {reader}"}),
        "audience-of-a-role": ("A role, which stands in drafts alone.", {"audience": "role:immigration"}),
        "audience-two-spaces": ("Two spaces.", {"audience": f"{MIGRANT_WORKERS}  {reader}"}),
        "subject-no-case": ("A subject that names no case.", {"subject": "LP/A/17/VIII/2026"}),
    }
    for name, (description, attributes) in changes.items():
        yield _cover(name, description, short_alert(reader, **attributes).cover)
    yield _cover(
        "attribute-null",
        "An attribute that is null where it may be left out.",
        short_alert(reader).cover.replace(b'"area":"17.09"', b'"area":null'),
    )


def _cover_rules() -> Iterator[Vector]:
    reader = IMMIGRATION
    yield _inside(
        "cover-of-another-source",
        "The source inside is not the one outside.",
        "untrusted.cover",
        9,
        short_alert(reader, source=f"urn:simpul:agency:{MIGRANT_WORKERS}"),
    )
    yield _inside(
        "cover-answer-without-cause",
        "An answer that does not name in causationid what it answers.",
        "invalid.cover",
        9,
        event("id.simpul.referral.responded.v1", to=[reader], causationid=None, **_of_police()),
    )
    yield _inside(
        "cover-priority-unknown",
        "A priority that the catalogue does not have.",
        "invalid.cover",
        9,
        short_alert(reader, priority="P9"),
        catalogue=True,
    )


def _of_police() -> dict[str, Any]:
    return {"source": f"urn:simpul:agency:{POLICE}"}


def _part_lists() -> Iterator[Vector]:
    inside = short_alert(IMMIGRATION)
    both = b'"parts":["narrative","place"]'
    for name, description, names in (
        ("fewer", "The cover names one part, the record has two.", b'"parts":["narrative"]'),
        ("none", "The cover names no part, the record has two.", b'"parts":[]'),
    ):
        changed = replace(inside, cover=inside.cover.replace(both, names))
        yield _inside(f"parts-{name}-named", description, "untrusted.cover", 9, changed)
    lacking = replace(inside, parts={"narrative": inside.parts["narrative"]})
    yield _inside("parts-more-named", "The cover names two parts, the record has one.", "untrusted.cover", 9, lacking)
    for name, description, names in (
        ("parts-out-of-order", "The names are not in the order of the catalogue.", b'"parts":["place","narrative"]'),
        ("parts-name-twice", "One name twice.", b'"parts":["narrative","narrative"]'),
        ("parts-not-of-this-type", "A compartment that the type does not have.", b'"parts":["narrative","network"]'),
        ("parts-unknown", "A compartment that there is not.", b'"parts":["narrative","photo"]'),
        ("parts-cover", "The cover named as a compartment.", b'"parts":["cover","narrative"]'),
        ("parts-missing", "No list of parts.", b'"notes":[]'),
        (
            "withheld-and-there",
            "A part that is there and withheld.",
            both + b',"withheld":{"place":"withheld.agreement"}',
        ),
        ("withheld-empty", "Nothing is withheld, and that is written.", both + b',"withheld":{}'),
        (
            "withheld-safe-contact",
            "safe_contact is mentioned.",
            both + b',"withheld":{"safe_contact":"withheld.agreement"}',
        ),
    ):
        changed = replace(inside, cover=inside.cover.replace(both, names))
        yield _inside(name, description, "invalid.cover", 9, changed)
    flagged = event("id.simpul.border.crossing-flagged.v1", to=[IMMIGRATION], notice=None, **_of_police())
    yield _inside("cover-identity-without-notice", "An identity without its notice.", "invalid.cover", 9, flagged)


def _compartments() -> Iterator[Vector]:
    inside = short_alert(IMMIGRATION)
    headline = compact(frozen("events.json")["id.simpul.alert.issued.v1"]["compartments"]["narrative"]["headline"])
    for name, description, text, catalogue in (
        ("empty", "No content: not even JSON.", b"", False),
        ("not-json", "No JSON.", b'{"headline":', False),
        ("text", "A JSON text.", headline, False),
        ("array", "A JSON array.", b"[]", False),
        ("name-twice", "A member name twice.", b'{"headline":"a","headline":"b"}', False),
        ("not-utf-8", "A byte that is no UTF-8.", b'{"headline":"\xe9"}', False),
        ("field-unknown", "A field that the catalogue does not have.", b'{"headline":"a","suspect":"b"}', True),
        ("field-of-another-type", "A number where a text is due.", b'{"headline":7}', True),
        ("field-null", "A null where a field may be left out.", b'{"headline":"a","contact":null}', True),
    ):
        changed = inside.with_parts(narrative=text)
        yield _inside(f"compartment-{name}", description, "invalid.compartment", 10, changed, catalogue=catalogue)
