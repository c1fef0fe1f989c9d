"""No plaintext and no key shows in anything that the sealing room or the stages hold, nor in any error they raise."""

from __future__ import annotations

import base64
import traceback
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.errors import RejectedError, SimpulError
from broker.names import COVER, AgencyId, EventId, PartName, RecordId, mail_topic
from broker.ports import DataKey
from broker.sealing.atrest import AtRest
from broker.sealing.encoding import parse_parts_unverified
from broker.sealing.keyrecords import new_wrapping_key, open_unit, open_wrap, unit_record, wrap_record
from broker.sealing.keyring import Keyring
from broker.sealing.parts import key_id_of, open_part, pad, record_context, unpad
from broker.sealing.private_keys import Ed25519Signer, HeldReceivingKeys, HybridReceiver
from broker.sealing.seal import seal_copy
from broker.sealing.unseal import Verifier, open_record
from broker.stages import Admitted, Cleared, ClearedPart, Copy, Draft, Fetched, Opened, Origin
from tests.vector_builder.forging import Forger, forged
from tests.vector_builder.world import IMMIGRATION, POLICE, Draws, federation, receiving_key, signing_key
from tests.vector_builder.writing import Event, Writer, compact, keys_writer, short_alert

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from broker.stages import Unsealed, Verified

# A word of ours is no secret: hypothesis tries those that it finds in our code, and a fault names a field of ours.
# Hypothesis also draws words that it finds in our code, and a name of ours may show: hence the beginning.
WORD: Final = st.text(alphabet="abcdefghijklmnopqrstuvwxyzéü", min_size=12, max_size=30).map("zq{}".format)
KEY: Final = st.binary(min_size=32, max_size=32).filter(lambda raw: len(set(raw)) > 16)
TOPIC: Final = mail_topic(POLICE, IMMIGRATION)
READERS: Final = frozenset({IMMIGRATION})
FEW: Final = settings(max_examples=40, deadline=None)


def forms(secret: bytes) -> set[str]:
    """Every way in which bytes may end up in a text: as text, as Python writes them, hex, base64."""
    # In base64 what stands before a secret shifts it by none, one or two bytes; its middle is then one of three.
    shifted = [bytes(shift) + secret for shift in range(3)]
    return {
        secret.decode("latin-1"),
        secret.decode("utf-8", "replace"),
        repr(secret)[2:-1],
        ascii(secret.decode("utf-8", "replace"))[1:-1],
        secret.hex(),
        secret.hex().upper(),
        secret.hex(" "),
        *(base64.b64encode(each)[4:-4].decode() for each in shifted),
        *(base64.urlsafe_b64encode(each)[4:-4].decode() for each in shifted),
    }


def shown(thing: object) -> str:
    """Everything that a log or a person could make of an object or an exception."""
    texts = [repr(thing), str(thing), f"{thing!a}", f"{[thing]}"]
    if isinstance(thing, BaseException):
        texts += traceback.format_exception(thing)
        behind = [thing.__cause__, thing.__context__, *thing.args, getattr(thing, "faults", ())]
        texts += [shown(each) for each in behind if each is not None]
    return "\n".join(texts)


def shows(thing: object, *secrets: bytes) -> list[str]:
    """Return what shows of the secrets, in any form."""
    text = shown(thing)
    return [form for secret in secrets for form in forms(secret) if form in text]


def data_key(secret: bytes) -> DataKey:
    """A key under its own id."""
    return DataKey(key_id=key_id_of(secret), key=secret)


def encrypted(inside: Event, used: DataKey) -> Iterator[Any]:
    """Every stage from the cleared copy to the admitted event; the verified record comes last but two."""
    parts = tuple(
        ClearedPart(name=PartName(name), content=content, readers=READERS)
        for name, content in ((COVER, inside.cover), *inside.parts.items())
    )
    copy = Copy(topic=TOPIC, audience=(IMMIGRATION,), parts=parts)
    cleared = Cleared(
        event_id=EventId("42782b3e-06b2-8402-b50c-326b417abd3c"),
        source=POLICE,
        erasure_unit=inside.cover.decode(),
        copies=(copy,),
    )
    ring = Keyring(lambda _source, _key_id: used.key)
    record_id = RecordId("5f1b1a0e-6f0e-8c56-9d39-0b2f6a3f0001")
    sealed = seal_copy(
        copy, cleared=cleared, record_id=record_id, keys={READERS: used}, ciphers=ring, random=Draws("leaks")
    )
    yield from (parts, copy, cleared, ring, sealed, parse_parts_unverified(sealed.value or b"", most=8))
    (fetched,) = Writer("leaks", topic=TOPIC).seal(sealed)
    verifier = Verifier(IMMIGRATION)
    seen = verifier.verify(fetched, federation(signing_key(POLICE)))
    yield from (fetched, verifier, seen, open_record(seen, Keyring(lambda _source, _key_id: None)))
    opened = open_record(seen, ring)
    assert isinstance(opened, Opened)
    yield from (opened, Admitted(opened=opened), opened.parts, opened.open)


@FEW
@given(word=WORD, secret=KEY)
def test_no_stage_shows_what_it_holds(word: str, secret: bytes) -> None:
    """Neither words of an event, nor its case and place, nor the key that it lies under."""
    case = "5f1b1a0e-6f0e-8c56-9d39-0b2f6a3fffff"
    inside = short_alert(IMMIGRATION, subject=f"urn:simpul:case:{case}").with_parts(
        narrative=compact({"headline": word, "params": {word: word}}), place=compact({"area": word})
    )
    planted = (word.encode(), case.encode(), b"DEPARTURE_IMMINENT", secret)
    stages = list(encrypted(inside, data_key(secret)))
    assert len(stages) == 14
    for stage in stages:
        assert shows(stage, *planted) == []
    draft = Draft(origin=Origin(system="vectors", record_id=word), body=inside.parts["narrative"])
    assert shows(draft, *planted) == []


@FEW
@given(node=KEY, wrapping=KEY, data=KEY, signing=KEY, receiving=st.tuples(KEY, KEY, KEY))
def test_nothing_that_holds_a_key_shows_it(
    node: bytes, wrapping: bytes, data: bytes, signing: bytes, receiving: tuple[bytes, bytes, bytes]
) -> None:
    """The node's key and what follows from it, wrapping and data keys, private keys and what uses them."""
    at_rest = AtRest(node)
    pair = HybridReceiver(b"".join(receiving))
    made = new_wrapping_key(lambda _: wrapping, source=POLICE, receiving=receiving_key(IMMIGRATION))
    record = unit_record(
        node, data_key(data), made, source=POLICE, pair_unit=bytes(16), number=1, random=Draws("leaks")
    )
    holders: list[object] = [at_rest, pair, HeldReceivingKeys([pair]), Ed25519Signer(signing), made]
    holders += [wrap_record(node, made, source=POLICE), record, data_key(data)]
    for holder in holders:
        assert shows(holder, node, at_rest.secret("draft"), wrapping, data, signing, *receiving) == []


def error_of(step: Callable[[], object]) -> SimpulError:
    """What a step that must fail has raised."""
    with pytest.raises(SimpulError) as caught:
        step()
    return caught.value


@FEW
@given(word=WORD, secret=KEY)
def test_no_refusal_shows_what_it_refuses(word: str, secret: bytes) -> None:
    """Covers, compartments and names that the catalogue refuses, parts that do not open, paddings, sizes."""
    planted = word.encode()
    for inside in refused_events(planted):
        (record,) = Writer("leaks").seal(written(inside, secret))
        error = error_of(lambda record=record: opened(record, secret))  # type: ignore[misc]
        assert isinstance(error, RejectedError)
        assert shows(error, planted, secret) == []
    (record,) = Writer("leaks").seal(written(short_alert(IMMIGRATION), secret))
    (part, *_) = parse_parts_unverified(record.value or b"", most=8)
    cipher = Keyring(lambda _source, _key_id: secret).get(POLICE, part.key_id)
    assert cipher is not None
    context = record_context(TOPIC, AgencyId(POLICE), RecordId(word))
    for step in (
        lambda: open_part(cipher, part, context=context, name=word),
        lambda: unpad(planted.ljust(256, b"\1")),
        lambda: pad(planted * 4_000),
        lambda: AtRest(secret).open("draft", planted),
        lambda: AtRest(secret + b"x"),
        lambda: Ed25519Signer(secret + b"x"),
        lambda: HybridReceiver(secret),
    ):
        assert shows(error_of(step), planted, secret) == []


def written(inside: Event, secret: bytes) -> Unsealed:
    """An event under one key."""
    return Writer("leaks").write(inside, dict.fromkeys(("cover", *inside.parts), data_key(secret)))


def opened(record: Fetched, secret: bytes) -> object:
    """Verify and open."""
    seen = Verifier(IMMIGRATION).verify(record, federation(signing_key(POLICE)))
    return open_record(seen, Keyring(lambda _source, _key_id: secret))


def refused_events(word: bytes) -> list[Event]:
    """Events that the catalogue refuses, each with the word in another place."""
    proper = short_alert(IMMIGRATION)
    text = proper.cover
    covers = [
        word,
        b'"%b"' % word,
        text + word,
        text.replace(b'"tlp"', b'"%b"' % word),
        text.replace(b"17.09", word),
        text.replace(b"id.simpul.alert.issued.v1", word),
        text.replace(b'"narrative"', b'"%b"' % word),
        text.replace(b'"open":{', b'"open":{"%b":1,' % word),
        text.replace(b'"parts"', b'"withheld":{"%b":"%b"},"parts"' % (word, word)),
        text.replace(b"urn:simpul:agency:polres-bengkulu-tengah", b"urn:simpul:agency:" + word),
        text.replace(b'"2026-08-06T01:20:00Z"', b'"%b"' % word),
    ]
    narratives = [
        word,
        b'{"headline":"a","%b":1}' % word,
        b'{"headline":["%b"]}' % word,
        b'{"headline":"a","params":{"%b":7}}' % word,
        b'{"%b":1,"%b":2}' % (word, word),
        b'{"headline":"a","ackState":"%b"}' % word,
    ]
    return [replace(proper, cover=cover) for cover in covers] + [
        proper.with_parts(narrative=each) for each in narratives
    ]


@FEW
@given(word=WORD.map(str.encode), wrapping=KEY, data=KEY)
def test_no_refused_record_or_key_record_shows_itself(word: bytes, wrapping: bytes, data: bytes) -> None:
    """Headers, statements and key records that are refused are named by their fault alone."""
    made = new_wrapping_key(lambda _: wrapping, source=POLICE, receiving=receiving_key(IMMIGRATION))
    writer = keys_writer("leaks", IMMIGRATION)
    short = DataKey(key_id=made.key_id, key=data[:31])
    unit = unit_record(data, short, made, source=POLICE, pair_unit=bytes(16), number=1, random=Draws("leaks"))
    wrapped = wrap_record(data, made, source=POLICE)
    records = writer.seal(unit, wrapped)
    seen: list[Verified] = [Verifier(IMMIGRATION).verify(each, federation(signing_key(POLICE))) for each in records]
    stranger = HeldReceivingKeys([])
    alert = Writer("leaks").seal(written(short_alert(IMMIGRATION), data))[0]
    for step in (
        lambda: open_unit(seen[0], lambda _source, _key_id: wrapping),
        lambda: open_unit(seen[0], lambda _source, _key_id: data),
        lambda: open_wrap(seen[1], reader=POLICE, unwrapper=stranger),
        lambda: open_wrap(seen[0], reader=POLICE, unwrapper=stranger),
        lambda: opened(Forger(payload=lambda _: word).forge(alert), data),
        lambda: opened(replace(alert, headers=((word.decode(), word), *alert.headers)), data),
        lambda: opened(replace(alert, key=word), data),
        lambda: opened(forged(replace(alert, value=word)), data),
        lambda: opened(replace(alert, headers=(*alert.headers[:-1], ("ce_seal", word))), data),
    ):
        assert shows(error_of(step), word, wrapping, data) == []


def test_the_search_finds_what_is_shown() -> None:
    """A plaintext or key in an error, in any form, would be found."""
    secret = bytes(range(200, 232))
    for leak in (repr(secret), secret.hex(), base64.b64encode(b"ab" + secret).decode(), secret.decode("latin-1")):
        assert shows(SimpulError("code", leak), secret) != []
    error = SimpulError("code")
    error.__context__ = ValueError("Siti Rahmawati")
    assert shows(error, b"Siti Rahmawati") != []
