"""A part: opens under its key, record and name alone, and in one padding."""

import hashlib
import hmac

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from broker.errors import InvalidEventError, UntrustedError
from broker.limits import MAX_CONTENT
from broker.names import AgencyId, KeyId, RecordId, Topic
from broker.ports import DataKey
from broker.sealing.encoding import UnverifiedPart, parse_parts_unverified
from broker.sealing.parts import (
    key_id_of,
    new_data_key,
    nonces,
    open_part,
    pad,
    record_context,
    seal_part,
    unpad,
)
from tests.vector_builder.world import Draws, key

KEY, OTHER = key("one"), key("another")
CONTEXT = record_context(Topic("simpul.alert"), AgencyId("a"), RecordId("5f1b1a0e-6f0e-8c56-9d39-0b2f6a3f0001"))


def cipher(of: DataKey) -> AESGCM:
    """The cipher of a key."""
    return AESGCM(of.key)


def sealed(content: bytes = b"isi", *, name: str = "narrative") -> UnverifiedPart:
    """A part under the first key."""
    raw = seal_part(cipher(KEY), KEY.key_id, nonce=bytes(12), context=CONTEXT, name=name, content=content)
    return parse_parts_unverified(raw, most=1)[0]


def changed(part: UnverifiedPart, **fields: object) -> UnverifiedPart:
    """The part with other fields."""
    known = {"key_id": part.key_id, "nonce": part.nonce, "ciphertext": part.ciphertext}
    return UnverifiedPart(**(known | fields))  # type: ignore[arg-type]


@pytest.mark.parametrize("size", [0, 1, 253, 254, 255, 510, 511, 16_382, 16_383, MAX_CONTENT])
def test_a_part_gives_back_its_content(size: int) -> None:
    """Whatever its length, from nothing to the most that fits; its size is a power of two from 256 and a tag."""
    part = sealed(b"x" * size)
    assert open_part(cipher(KEY), part, context=CONTEXT, name="narrative") == b"x" * size
    padded = len(part.ciphertext) - 16
    assert padded >= 256
    assert padded.bit_count() == 1
    assert padded == 256 or padded < 2 * (size + 2)


def test_a_content_that_is_too_large_is_not_sealed() -> None:
    """One byte more than fits is refused when it is written."""
    with pytest.raises(InvalidEventError) as caught:
        pad(bytes(MAX_CONTENT + 1))
    assert caught.value.code == "invalid.too-large"


@pytest.mark.parametrize(
    ("topic", "source", "record_id"),
    [
        pytest.param("simpul.intel", "a", "5f1b1a0e-6f0e-8c56-9d39-0b2f6a3f0001", id="another topic"),
        pytest.param("simpul.alert", "b", "5f1b1a0e-6f0e-8c56-9d39-0b2f6a3f0001", id="another source"),
        pytest.param("simpul.alert", "a", "5f1b1a0e-6f0e-8c56-9d39-0b2f6a3f0002", id="another record"),
    ],
)
def test_a_part_of_another_record_does_not_open(topic: str, source: str, record_id: str) -> None:
    """Moved to another topic, source or record, a part is refused."""
    context = record_context(Topic(topic), AgencyId(source), RecordId(record_id))
    with pytest.raises(UntrustedError) as caught:
        open_part(cipher(KEY), sealed(), context=context, name="narrative")
    assert caught.value.code == "untrusted.part"


@pytest.mark.parametrize("name", ["cover", "key", "place", "", "narrative ", "narrativ\u00e9"])
def test_a_part_of_another_name_does_not_open(name: str) -> None:
    """A compartment cannot pass for another one, nor for a cover or a key."""
    with pytest.raises(UntrustedError) as caught:
        open_part(cipher(KEY), sealed(), context=CONTEXT, name=name)
    assert caught.value.code == "untrusted.part"


def test_a_name_that_is_not_ascii_counts_in_bytes() -> None:
    """The length before a name counts bytes on both sides, even for a name that no catalogue has."""
    part = sealed(name="catatan-é")
    assert open_part(cipher(KEY), part, context=CONTEXT, name="catatan-é") == b"isi"


def test_a_part_under_another_key_does_not_open() -> None:
    """Neither with another key, nor under another key's id."""
    part = sealed()
    for of, each in ((OTHER, part), (KEY, changed(part, key_id=OTHER.key_id))):
        with pytest.raises(UntrustedError) as caught:
            open_part(cipher(of), each, context=CONTEXT, name="narrative")
        assert caught.value.code == "untrusted.part"


def test_a_changed_part_does_not_open() -> None:
    """Any flipped bit of nonce or ciphertext, anything cut off or added."""
    part = sealed()
    text = part.ciphertext
    forgeries = [changed(part, nonce=bytes(11) + b"\1"), changed(part, ciphertext=text + b"\0")]
    forgeries += [
        changed(part, ciphertext=text[:at] + bytes([text[at] ^ 1]) + text[at + 1 :]) for at in range(len(text))
    ]
    forgeries += [changed(part, ciphertext=text[:-cut]) for cut in (1, 15, 16, 17, 255, 256, 257, 271)]
    forgeries += [changed(part, ciphertext=b"")]
    for forgery in forgeries:
        with pytest.raises(UntrustedError) as caught:
            open_part(cipher(KEY), forgery, context=CONTEXT, name="narrative")
        assert caught.value.code == "untrusted.part"


def test_there_is_one_padding() -> None:
    """Of all plaintexts with one content only the one that `pad` writes is taken."""
    assert unpad(pad(b"isi")) == b"isi"
    head = b"\0\3isi"
    for size in (0, 1, 2, 4, 5, 128, 255, 257, 511, 512, 32_768, 65_536):
        refuse_padding(head.ljust(size, b"\0")[:size])
    for at in range(5, 256):
        refuse_padding(head.ljust(at, b"\0") + b"\1" + bytes(255 - at))


def refuse_padding(plaintext: bytes) -> None:
    """Taking off the padding must fail, with its code."""
    with pytest.raises(UntrustedError) as caught:
        unpad(plaintext)
    assert caught.value.code == "untrusted.padding"


def test_a_key_id_is_that_of_rfc_5869() -> None:
    """HKDF with SHA-256, no salt, info `simpul/key-id/v1`, 16 bytes: written out with HMAC alone."""
    extracted = hmac.digest(bytes(32), KEY.key, hashlib.sha256)
    assert key_id_of(KEY.key) == hmac.digest(extracted, b"simpul/key-id/v1\x01", hashlib.sha256)[:16]


def test_a_new_key_is_32_bytes_under_its_own_id() -> None:
    """It comes from the given randomness, and does not show itself."""
    made = new_data_key(Draws("data key"))
    assert made.key == Draws("data key")(32)
    assert made.key_id == key_id_of(made.key)
    assert made.key.hex() not in repr(made)
    assert repr(made.key) not in repr(made)


def test_nonces_are_drawn_apart() -> None:
    """As many as asked for, none like another, from one draw."""
    drawn = nonces(Draws("nonces"), 8)
    assert len(set(drawn)) == 8
    assert {len(nonce) for nonce in drawn} == {12}
    assert KeyId(b"".join(drawn)) == Draws("nonces")(96)
