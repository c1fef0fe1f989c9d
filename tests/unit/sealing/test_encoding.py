"""The structures on the wire: read as they were written, and refused where they do not end exactly."""

import base64
from itertools import product
from typing import Final

import pytest

from broker.errors import UntrustedError
from broker.names import KeyId
from broker.sealing.encoding import (
    encode_part,
    encode_seal,
    encode_wrap,
    parse_parts_unverified,
    parse_seal_unverified,
    parse_wrap_unverified,
)

KEY_ID = KeyId(bytes(range(16)))
OTHER_ID = KeyId(bytes(16))
NONCE = bytes(range(12))


@pytest.mark.parametrize("sizes", [(0,), (16,), (1, 0, 65_000), (65_505,), (5,) * 8])
def test_parts_are_read_as_they_were_written(sizes: tuple[int, ...]) -> None:
    """One Part or eight, empty or large."""
    value = b"".join(encode_part(KEY_ID, NONCE, bytes(size)) for size in sizes)
    parts = parse_parts_unverified(value, most=8)
    assert [len(part.ciphertext) for part in parts] == list(sizes)
    assert {(part.key_id, part.nonce) for part in parts} == {(KEY_ID, NONCE)}


FIRST_PART: Final = encode_part(KEY_ID, NONCE, bytes(20))
TWO_PARTS: Final = FIRST_PART + encode_part(KEY_ID, NONCE, bytes(5))


@pytest.mark.parametrize("cut", [cut for cut in range(1, 60) if len(TWO_PARTS) - cut != len(FIRST_PART)])
def test_a_value_cut_short_is_refused(cut: int) -> None:
    """However much is missing at the end, unless a whole Part remains."""
    assert refused_parts(TWO_PARTS[:-cut]) == "untrusted.value"


def test_a_value_cut_between_two_parts_is_the_first_of_them() -> None:
    """That one went is not seen here but by the cover, which names the parts, and by the leaf."""
    (part,) = parse_parts_unverified(TWO_PARTS[: len(FIRST_PART)], most=2)
    assert part.ciphertext == bytes(20)


def test_a_value_of_no_part_or_too_many_is_refused() -> None:
    """None, and nine where eight may be."""
    assert refused_parts(b"") == "untrusted.value"
    assert refused_parts(encode_part(KEY_ID, NONCE, b"") * 9) == "untrusted.value"


def refused_parts(value: bytes) -> str:
    """Return the code with which it is refused; it must be."""
    with pytest.raises(UntrustedError) as caught:
        parse_parts_unverified(value, most=8)
    return caught.value.code


@pytest.mark.parametrize("hashes", [0, 1, 8, 16])
def test_a_seal_is_read_as_it_was_written(hashes: int) -> None:
    """Whatever the length of the path."""
    seal = parse_seal_unverified(encode_seal(KEY_ID, b"s" * 64, 255, b"h" * 32 * hashes, b"{}"))
    assert (seal.key_id, seal.signature, seal.index, seal.payload) == (KEY_ID, b"s" * 64, 255, b"{}")
    assert seal.path == b"h" * 32 * hashes


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"A" * 8, id="short"),
        pytest.param(b"\xc3\xa9", id="not ASCII"),
        pytest.param(b"=" * 200, id="padding alone"),
    ],
)
def test_a_text_that_is_no_seal_is_refused(text: bytes) -> None:
    """Short ones, and those that are no base64."""
    assert refused_seal(text) == "untrusted.seal"


def test_every_seal_has_one_text() -> None:
    """Whatever base64 text is accepted is the very one that encoding gives: nothing can be changed unseen in it."""
    for payload in (b"{}", b"{} ", b"{}  "):
        text = encode_seal(KEY_ID, b"s" * 64, 0, b"", payload)
        for tail in product(b"AQg=/\n", repeat=4):
            changed = text[:-4] + bytes(tail)
            try:
                parse_seal_unverified(changed)
            except UntrustedError:
                continue
            assert base64.b64encode(base64.b64decode(changed)) == changed


@pytest.mark.parametrize("at", range(0, 120, 7))
def test_a_foreign_sign_in_a_seal_is_refused(at: int) -> None:
    """Lenient decoders leave such signs out; here they are refused wherever they stand."""
    text = encode_seal(KEY_ID, b"s" * 64, 0, b"", b"{}")
    for sign in (b"\n", b" ", b"-", b"\0", b"=", b"\xff"):
        assert refused_seal(text[:at] + sign + text[at:]) == "untrusted.seal"


@pytest.mark.parametrize("cut", range(1, 90))
def test_a_seal_cut_short_is_refused(cut: int) -> None:
    """However much is missing."""
    raw = base64.b64decode(encode_seal(KEY_ID, b"s" * 64, 0, b"h" * 32, b"{}"))
    assert refused_seal(base64.b64encode(raw[:-cut])) == "untrusted.seal"


def refused_seal(text: bytes) -> str:
    """Return the code with which it is refused; it must be."""
    with pytest.raises(UntrustedError) as caught:
        parse_seal_unverified(text)
    return caught.value.code


@pytest.mark.parametrize("size", [1, 1_168, 4_096])
def test_a_wrap_is_read_as_it_was_written(size: int) -> None:
    """From the least ciphertext to the largest."""
    wrap = parse_wrap_unverified(encode_wrap(KEY_ID, OTHER_ID, b"h" * size))
    assert (wrap.receiving_key_id, wrap.wrapping_key_id, wrap.hpke) == (KEY_ID, OTHER_ID, b"h" * size)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(b"", id="empty"),
        pytest.param(bytes(33), id="head cut short"),
        pytest.param(bytes(34), id="no ciphertext"),
        pytest.param(bytes(32) + b"\0\2h", id="ciphertext cut short"),
        pytest.param(bytes(32) + b"\0\1hh", id="a byte more"),
        pytest.param(bytes(32) + b"\x10\x01" + bytes(4_097), id="ciphertext too long"),
    ],
)
def test_a_value_that_is_not_exactly_one_wrap_is_refused(value: bytes) -> None:
    """It ends where its bytes end, and is not empty."""
    with pytest.raises(UntrustedError) as caught:
        parse_wrap_unverified(value)
    assert caught.value.code == "untrusted.value"


def test_what_is_parsed_does_not_show_itself() -> None:
    """Ciphertexts and signatures stay out of representations, which end in logs."""
    (part,) = parse_parts_unverified(encode_part(KEY_ID, NONCE, b"ciphertext"), most=1)
    wrap = parse_wrap_unverified(encode_wrap(KEY_ID, OTHER_ID, b"ciphertext"))
    seal = parse_seal_unverified(encode_seal(KEY_ID, b"s" * 64, 0, b"", b"payload"))
    shown = repr([part, wrap, seal])
    assert "ciphertext'" not in shown
    assert "payload'" not in shown
    assert "ssss" not in shown
