"""Laws of sealing: what is sealed opens as it was, and whatever was changed by one byte is refused."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from broker.errors import RejectedError, UntrustedError
from broker.limits import MAX_CONTENT
from broker.names import AgencyId, RecordId, Topic, keys_topic, mail_topic
from broker.sealing.encoding import parse_parts_unverified
from broker.sealing.headers import NAMES, parse_headers_unverified
from broker.sealing.keyrecords import is_wrap, open_unit, open_wrap
from broker.sealing.keyring import Keyring
from broker.sealing.parts import open_part, record_context, seal_part
from broker.sealing.private_keys import HeldReceivingKeys
from broker.sealing.unseal import Verifier, open_record
from broker.stages import Closed, Fetched, Opened
from tests.vector_builder.bad import HELD, alerts
from tests.vector_builder.bad_contents import sealed_plaintext
from tests.vector_builder.forging import Forger, forged, leaf_by_the_letter, with_seal_text
from tests.vector_builder.good import ALL
from tests.vector_builder.world import IMMIGRATION, POLICE, derived, federation, key, receiver, signing_key
from tests.vector_builder.writing import (
    ALERT_TOPIC,
    Event,
    Writer,
    compact,
    keys_writer,
    short_alert,
    unit,
    wrap,
    wrapping,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from broker.names import KeyId
    from broker.ports import DataKey
    from broker.stages import Verified

LISTED = federation(signing_key(POLICE), signing_key(IMMIGRATION))
KEYS = {each.key_id: each.key for each in HELD}
BATCH = alerts(5, label="property")
LEAVES = {leaf_by_the_letter(record): record for record in BATCH}
WORDS = st.text(st.characters(categories=["L", "M", "N", "P", "S", "Zs"]), min_size=1, max_size=150)
NOISE = st.binary(max_size=200)


def few(examples: int) -> Callable[[Any], Any]:
    """Bounded: so many examples, however slow the machine."""
    return settings(max_examples=examples, deadline=None)


def held(source: AgencyId, key_id: KeyId) -> bytes | None:
    """The keys that the police gave."""
    return KEYS.get(key_id) if source == POLICE else None


def verify(record: Fetched) -> Verified:
    """Verify anew for immigration."""
    return Verifier(IMMIGRATION).verify(record, LISTED)


# --- what is sealed opens ---------------------------------------------------------------------------------------


@few(60)
@given(
    content=st.binary(max_size=2_000), size=st.sampled_from([0, 254, 255, 510, 511, MAX_CONTENT]), exact=st.booleans()
)
def test_a_part_opens_as_it_was(content: bytes, size: int, *, exact: bool) -> None:
    """Any content of any length."""
    content = content.ljust(size, b"x")[:size] if exact else content
    context = record_context(ALERT_TOPIC, POLICE, RecordId("5f1b1a0e-6f0e-8c56-9d39-0b2f6a3f0001"))
    cipher = AESGCM(ALL.key)
    raw = seal_part(cipher, ALL.key_id, nonce=derived("nonce", 12), context=context, name="place", content=content)
    (part,) = parse_parts_unverified(raw, most=1)
    assert open_part(cipher, part, context=context, name="place") == content


@few(60)
@given(
    headlines=st.lists(WORDS, min_size=1, max_size=6),
    mailbox=st.booleans(),
    split=st.booleans(),
    subject=st.uuids(),
)
def test_an_event_opens_as_it_was(headlines: list[str], *, mailbox: bool, split: bool, subject: Any) -> None:
    """Any batch of any alerts, on a topic or in a mailbox, its parts under one key or several."""
    topic = mail_topic(POLICE, IMMIGRATION) if mailbox else ALERT_TOPIC
    writer = Writer("property", topic=topic)
    plain = short_alert(IMMIGRATION, subject=f"urn:simpul:case:{subject}")
    events = [plain.with_parts(narrative=compact({"headline": each})) for each in headlines]
    keys = {"cover": HELD[0], "narrative": HELD[1 if split else 0], "place": HELD[2 if split else 0]}
    for inside, record in zip(events, writer.seal(*(writer.write(each, keys) for each in events)), strict=True):
        found = open_record(verify(record), Keyring(held))
        assert isinstance(found, Opened)
        assert found.cover == inside.cover
        assert {name: part.content for name, part in found.parts.items()} == inside.parts


# --- what was changed is refused ----------------------------------------------------------------------------------


@st.composite
def changed_bytes(draw: st.DrawFn, raw: bytes) -> bytes:
    """The bytes with one of them flipped, dropped, put in, or exchanged with another; never the same bytes."""
    at = draw(st.integers(0, max(len(raw) - 1, 0)))
    kind = draw(st.sampled_from(["flip", "drop", "insert", "swap", "cut"] if raw else ["insert"]))
    if kind == "flip":
        result = raw[:at] + bytes([raw[at] ^ draw(st.integers(1, 255))]) + raw[at + 1 :]
    elif kind == "drop":
        result = raw[:at] + raw[at + 1 :]
    elif kind == "insert":
        result = raw[:at] + draw(st.binary(min_size=1, max_size=3)) + raw[at:]
    elif kind == "cut":
        result = raw[:at]
    else:
        other = draw(st.integers(0, len(raw) - 1))
        swapped = bytearray(raw)
        swapped[at], swapped[other] = swapped[other], swapped[at]
        result = bytes(swapped)
    assume(result != raw)
    return result


@st.composite
def changed_records(draw: st.DrawFn, records: tuple[Fetched, ...]) -> Fetched:
    """A record of which one thing that Kafka carries was changed."""
    record = draw(st.sampled_from(records))
    what = draw(st.sampled_from(["value", "topic", "key", "header", "header", "header"]))
    if what == "value":
        return replace(record, value=draw(st.one_of(st.none(), changed_bytes(record.value or b""))))
    if what == "topic":
        return replace(record, topic=Topic(draw(changed_bytes(record.topic.encode())).decode("latin-1")))
    if what == "key":
        other = st.just(b"") if record.key is None else st.none()
        return replace(record, key=draw(st.one_of(other, changed_bytes(record.key or b""))))
    return draw(changed_headers(record))


@st.composite
def changed_headers(draw: st.DrawFn, record: Fetched) -> Fetched:
    """A record of which a header's name or value, the list of headers, or a byte within the Seal was changed."""
    headers = list(record.headers)
    at = draw(st.integers(0, len(headers) - 1))
    name, value = headers[at]
    what = draw(st.sampled_from(["value", "name", "list", "seal"]))
    if what == "value":
        headers[at] = (name, draw(st.one_of(st.none(), changed_bytes(value or b""))))
    elif what == "name":
        headers[at] = (draw(changed_bytes(name.encode())).decode("latin-1"), value)
    elif what == "list":
        headers = draw(st.lists(st.sampled_from(headers), max_size=11))
        assume(tuple(headers) != record.headers)
    else:
        raw = base64.b64decode(headers[-1][1] or b"")
        headers[-1] = (headers[-1][0], base64.b64encode(draw(changed_bytes(raw))))
    return replace(record, headers=tuple(headers))


@few(1_500)
@given(record=changed_records(BATCH))
def test_a_changed_record_is_refused(record: Fetched) -> None:
    """Any byte of any header, name, record key, value, topic or seal: never accepted, never another exception."""
    with pytest.raises(UntrustedError):
        verify(record)


@few(300)
@given(record=changed_records(BATCH))
def test_a_changed_record_is_refused_by_who_knows_its_batch(record: Fetched) -> None:
    """Also where the batch's signature was verified before, so that it is not checked again."""
    verifier = Verifier(IMMIGRATION)
    verifier.verify(BATCH[0], LISTED)
    with pytest.raises(UntrustedError):
        verifier.verify(record, LISTED)


@few(200)
@given(
    one=st.sampled_from(BATCH),
    other=st.sampled_from(BATCH),
    what=st.sampled_from([*NAMES, "value", "index", "path", "index and path"]),
)
def test_nothing_of_one_record_serves_for_another(one: Fetched, other: Fetched, what: str) -> None:
    """A header, the value, an index or a path of the record beside it, which was signed together with it."""
    mixed = exchanged(one, other, what)
    assume(mixed != one)
    with pytest.raises(UntrustedError):
        verify(mixed)


def exchanged(one: Fetched, other: Fetched, what: str) -> Fetched:
    """The first record with one thing of the other."""
    if what == "value":
        return replace(one, value=other.value)
    if what in NAMES:
        values = dict(other.headers)
        return replace(one, headers=tuple((name, values[name] if name == what else old) for name, old in one.headers))
    ours, theirs = (base64.b64decode(each.headers[-1][1] or b"") for each in (one, other))
    size, their_size = (int.from_bytes(raw[82:84], "big") for raw in (ours, theirs))
    index = theirs[80:82] if "index" in what else ours[80:82]
    path = theirs[82 : 84 + their_size] if "path" in what else ours[82 : 84 + size]
    return with_seal_text(one, base64.b64encode(ours[:80] + index + path + ours[84 + size :]))


KEY_RECORDS = keys_writer("property", IMMIGRATION).seal(
    wrap(wrapping("wrapping key of the day", recipient=IMMIGRATION, hpke="for immigration")),
    unit(
        ALL,
        wrapping("wrapping key of the day", recipient=IMMIGRATION, hpke="for immigration"),
        writer=keys_writer("property", IMMIGRATION),
    ),
)


@few(400)
@given(record=changed_records(KEY_RECORDS))
def test_a_changed_key_record_is_refused(record: Fetched) -> None:
    """Also where only its record key was changed, or its value was made null."""
    with pytest.raises(UntrustedError):
        verify(record)


# --- garbage ------------------------------------------------------------------------------------------------------

ANY_TEXT = st.text(st.characters(), max_size=40)
ANY_HEADERS = st.lists(st.tuples(st.one_of(st.sampled_from(NAMES), ANY_TEXT), st.one_of(st.none(), NOISE)), max_size=12)


@few(300)
@given(
    topic=st.one_of(st.just("simpul.alert"), st.just(keys_topic(POLICE, IMMIGRATION)), ANY_TEXT),
    record_key=st.one_of(st.none(), NOISE),
    value=st.one_of(st.none(), NOISE),
    headers=ANY_HEADERS,
)
def test_garbage_is_refused(
    topic: str, record_key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes | None]]
) -> None:
    """Whatever a stranger puts onto a topic."""
    fetched = Fetched(topic=Topic(topic), offset=0, timestamp_ms=0, key=record_key, value=value, headers=tuple(headers))
    with pytest.raises(UntrustedError):
        verify(fetched)


@few(300)
@given(values=st.lists(st.one_of(st.none(), NOISE), min_size=9, max_size=9), proper=st.sets(st.sampled_from(NAMES)))
def test_garbage_in_the_nine_headers_is_refused(values: list[bytes | None], proper: set[str]) -> None:
    """The right names, some of the right values."""
    known = dict(BATCH[0].headers)
    headers = [(name, known[name] if name in proper else value) for name, value in zip(NAMES, values, strict=True)]
    assume(tuple(headers) != BATCH[0].headers)
    with pytest.raises(UntrustedError):
        verify(replace(BATCH[0], headers=tuple(headers)))


@few(300)
@given(topic=st.one_of(st.just("simpul.alert"), ANY_TEXT), payload=NOISE, seal=NOISE, signed=st.booleans())
def test_garbage_in_a_seal_is_refused(topic: str, payload: bytes, seal: bytes, *, signed: bool) -> None:
    """A source that signs any payload; and a Seal of any bytes, in proper base64."""
    if signed:
        record = Forger(payload=lambda _: payload).forge(BATCH[0])
    else:
        record = with_seal_text(replace(BATCH[0], topic=Topic(topic)), base64.b64encode(seal))
    with pytest.raises(UntrustedError):
        verify(record)


ENDS = {"opened", "closed", "untrusted", "invalid"}


def end_of(record: Fetched) -> str:
    """Return whether a properly sealed record of any content opens, stays closed, or how it is refused."""
    seen = verify(record)
    try:
        found = open_record(seen, Keyring(held))
    except RejectedError as error:
        return error.code.partition(".")[0]
    return "closed" if isinstance(found, Closed) else "opened"


@few(300)
@given(value=st.one_of(NOISE.filter(bool), changed_bytes(BATCH[0].value or b"").filter(bool)))
def test_a_source_that_seals_garbage_hurts_nobody(value: bytes) -> None:
    """Any value under a good seal."""
    assert end_of(forged(replace(BATCH[0], value=value))) in ENDS


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), ANY_TEXT),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(ANY_TEXT, inner, max_size=4)),
    max_leaves=20,
)
COVER = json.loads(short_alert(IMMIGRATION).cover)


@st.composite
def covers(draw: st.DrawFn) -> bytes:
    """The text of a cover: any bytes, any JSON, or a proper one of which a member or a byte is something else."""
    kind = draw(st.sampled_from(["noise", "json", "member", "data", "byte"]))
    if kind == "noise":
        return draw(NOISE)
    if kind == "byte":
        return draw(changed_bytes(compact(COVER)))
    if kind == "json":
        return json.dumps(draw(JSON)).encode()
    if kind == "data":
        changed = COVER | {"data": COVER["data"] | {draw(st.sampled_from(sorted(COVER["data"]))): draw(JSON)}}
        return json.dumps(changed).encode()
    return json.dumps(COVER | {draw(st.sampled_from(sorted(COVER))): draw(JSON)}).encode()


@few(400)
@given(cover=covers(), narrative=st.one_of(NOISE, JSON.map(lambda each: json.dumps(each).encode())))
def test_a_source_that_seals_any_cover_hurts_nobody(cover: bytes, narrative: bytes) -> None:
    """Any content of cover and compartment, properly sealed."""
    writer = Writer("garbage")
    inside = Event(cover=cover, parts={**short_alert(IMMIGRATION).parts, "narrative": narrative})
    (record,) = writer.seal(writer.write(inside, dict.fromkeys(("cover", *inside.parts), HELD[0])))
    assert end_of(record) in ENDS


@few(200)
@given(plaintext=st.binary(max_size=600).map(lambda raw: raw.ljust(256, b"\0")), cover=st.booleans())
def test_a_source_that_pads_otherwise_hurts_nobody(plaintext: bytes, *, cover: bool) -> None:
    """Any plaintext under the right key."""
    parts = [sealed_plaintext(BATCH[0], "cover" if cover else "place", plaintext, under=ALL)]
    assert end_of(forged(replace(BATCH[0], value=b"".join(parts)))) in ENDS


@few(300)
@given(
    value=st.one_of(NOISE.filter(bool), changed_bytes(KEY_RECORDS[0].value or b"").filter(bool)),
    unit_key=st.booleans(),
)
def test_a_source_that_seals_garbage_as_a_key_hurts_nobody(value: bytes, *, unit_key: bool) -> None:
    """Any value of a key record under a good seal: a key, a wait, or a refusal."""
    record_key = b"unit/" + b"0" * 32 + b"/1" if unit_key else KEY_RECORDS[0].key
    seen = verify(forged(replace(KEY_RECORDS[0], key=record_key, value=value)))
    unwrapper = HeldReceivingKeys([receiver(IMMIGRATION)])
    found: DataKey | KeyId | tuple[KeyId, bytes] | None = None
    try:
        if is_wrap(seen):
            found = open_wrap(seen, reader=IMMIGRATION, unwrapper=unwrapper)
        else:
            found = open_unit(seen, lambda _source, _key_id: key("wrapping key of the day").key)
    except UntrustedError:
        assert found is None


def test_the_leaf_of_a_changed_record_is_another() -> None:
    """So no two records of the batch, nor one and its twin on another topic, share a leaf."""
    assert len(LEAVES) == len(BATCH)
    for record in BATCH:
        parsed = parse_headers_unverified(record.headers)
        assert parsed.all == record.headers
        assert leaf_by_the_letter(replace(record, topic=Topic("simpul.intel"))) not in LEAVES
