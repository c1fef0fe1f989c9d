"""Signing and receiving keys; for HPKE the checklist that pyca/cryptography tests its own with."""

import hashlib
from dataclasses import replace

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from broker.errors import MisconfiguredError, UntrustedError
from broker.names import KeyId
from broker.sealing.private_keys import (
    RECEIVING_BYTES,
    SIGNING_BYTES,
    Ed25519Signer,
    HeldReceivingKeys,
    HybridReceiver,
    hpke_seal,
    new_private_bytes,
    receiving_key_id,
    signing_key_id,
)
from tests.vector_builder.world import IMMIGRATION, POLICE, Draws, receiver, receiving_key, receiving_seed, signer

INFO = b"info"


def test_a_signature_holds_under_the_listed_key_alone() -> None:
    """What one key signs, another does not."""
    message = b"message"
    signature = signer(POLICE).sign(message)
    Ed25519PublicKey.from_public_bytes(signer(POLICE).public).verify(signature, message)
    with pytest.raises(InvalidSignature):
        Ed25519PublicKey.from_public_bytes(signer(IMMIGRATION).public).verify(signature, message)


def test_the_first_vector_of_rfc_8032_holds() -> None:
    """RFC 8032 §7.1, test 1: seed, public key and the signature of nothing."""
    made = Ed25519Signer(bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"))
    assert made.public.hex() == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    assert made.sign(b"").hex().startswith("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb88215")


def test_ids_are_those_of_the_specification() -> None:
    """The first 16 bytes of SHA-256 over a label and the public key."""
    assert signer(POLICE).key_id == hashlib.sha256(b"simpul/signing-key/v1" + signer(POLICE).public).digest()[:16]
    pair = receiver(POLICE)
    assert len(pair.mlkem768) == 1_184
    assert len(pair.x25519) == 32
    labelled = b"simpul/receiving-key/v1" + pair.mlkem768 + pair.x25519
    assert pair.key_id == hashlib.sha256(labelled).digest()[:16]
    assert signing_key_id(bytes(32)) != receiving_key_id(b"", bytes(32))


@pytest.mark.parametrize("size", [0, 1, 32, 1_024, 32_766])
def test_what_is_sealed_opens(size: int) -> None:
    """Empty, a key, large."""
    assert receiver(POLICE).decrypt(hpke_seal(receiving_key(POLICE), b"k" * size, INFO), INFO) == b"k" * size


def test_the_same_is_never_sealed_twice_alike() -> None:
    """HPKE draws its own randomness."""
    assert hpke_seal(receiving_key(POLICE), b"k", INFO) != hpke_seal(receiving_key(POLICE), b"k", INFO)


def test_a_wrong_key_does_not_open() -> None:
    """Neither another agency's key pair, nor half of the right one."""
    blob = hpke_seal(receiving_key(POLICE), bytes(32), INFO)
    right, other = receiving_seed(POLICE), receiving_seed(IMMIGRATION)
    for private in (other, right[:64] + other[64:], other[:64] + right[64:]):
        assert refused(HybridReceiver(private), blob, INFO) == "untrusted.wrap"


@pytest.mark.parametrize("info", [b"", b"inf", b"info\0", b"INFO"])
def test_a_wrong_info_does_not_open(info: bytes) -> None:
    """The info must be given again."""
    assert refused(receiver(POLICE), hpke_seal(receiving_key(POLICE), bytes(32), INFO), info) == "untrusted.wrap"


def test_a_corrupted_ciphertext_does_not_open() -> None:
    """One bit anywhere: in the ML-KEM ciphertext, the X25519 point, the AEAD ciphertext, the tag."""
    blob = hpke_seal(receiving_key(POLICE), bytes(32), INFO)
    assert len(blob) == 1_088 + 32 + 32 + 16
    for at in (0, 500, 1_087, 1_088, 1_118, 1_120, 1_151, 1_152, 1_167):
        assert refused(receiver(POLICE), blob[:at] + bytes([blob[at] ^ 1]) + blob[at + 1 :], INFO) == "untrusted.wrap"


def test_a_truncated_ciphertext_does_not_open() -> None:
    """Cut at either end, anywhere, or with a byte more."""
    blob = hpke_seal(receiving_key(POLICE), bytes(32), INFO)
    for kept in (0, 1, 31, 32, 1_087, 1_088, 1_119, 1_120, 1_135, 1_136, 1_167):
        assert refused(receiver(POLICE), blob[:kept], INFO) == "untrusted.wrap"
        assert refused(receiver(POLICE), blob[-kept:] if kept else b"", INFO) == "untrusted.wrap"
    assert refused(receiver(POLICE), blob + b"\0", INFO) == "untrusted.wrap"


@pytest.mark.parametrize("fill", [b"\0", b"\1", b"\xff"])
def test_a_made_up_ciphertext_does_not_open(fill: bytes) -> None:
    """Zeros hold a point of small order, which X25519 refuses."""
    for size in (16, 1_120, 1_136, 1_168, 4_096):
        assert refused(receiver(POLICE), fill * size, INFO) == "untrusted.wrap"


@pytest.mark.parametrize(
    ("mlkem768", "x25519"),
    [
        pytest.param(b"", b"", id="empty"),
        pytest.param(bytes(1_183), receiver(POLICE).x25519, id="ML-KEM too short"),
        pytest.param(b"\xff" * 1_184, receiver(POLICE).x25519, id="ML-KEM not reduced"),
        pytest.param(receiver(POLICE).mlkem768, bytes(31), id="X25519 too short"),
        pytest.param(receiver(POLICE).mlkem768, bytes(32), id="X25519 of small order, zero"),
        pytest.param(receiver(POLICE).mlkem768, b"\1" + bytes(31), id="X25519 of small order, one"),
    ],
)
def test_a_federation_that_lists_no_key_is_said_to(mlkem768: bytes, x25519: bytes) -> None:
    """Nothing is sealed to it, and the error says whose fault it is."""
    listed = replace(receiving_key(POLICE), mlkem768=mlkem768, x25519=x25519)
    with pytest.raises(MisconfiguredError) as caught:
        hpke_seal(listed, bytes(32), INFO)
    assert caught.value.code == "config.federation-key"


def test_an_agency_opens_with_each_key_that_it_still_holds() -> None:
    """The current one and those before it, found by id; for no other."""
    held = HeldReceivingKeys([receiver(POLICE), receiver(IMMIGRATION)])
    for agency in (POLICE, IMMIGRATION):
        blob = hpke_seal(receiving_key(agency), b"k" * 32, INFO)
        assert held.unwrap(receiver(agency).key_id, blob, INFO) == b"k" * 32
    for key_id in (KeyId(bytes(16)), receiver(IMMIGRATION).key_id):
        with pytest.raises(UntrustedError) as caught:
            held.unwrap(key_id, hpke_seal(receiving_key(POLICE), b"k" * 32, INFO), INFO)
        assert caught.value.code == "untrusted.wrap"


def test_private_bytes_are_drawn_and_taken_whole() -> None:
    """New ones have the sizes that the classes take; another size stops the start, and says which key."""
    signing, receiving = new_private_bytes(Draws("private"))
    assert Ed25519Signer(signing).key_id
    assert HybridReceiver(receiving).key_id
    for size in (0, SIGNING_BYTES - 1, SIGNING_BYTES + 1):
        with pytest.raises(MisconfiguredError) as caught:
            Ed25519Signer(bytes(size))
        assert caught.value.code == "config.signing-key"
    for size in (0, RECEIVING_BYTES - 1, RECEIVING_BYTES + 1):
        with pytest.raises(MisconfiguredError) as caught:
            HybridReceiver(bytes(size))
        assert caught.value.code == "config.receiving-key"


def refused(pair: HybridReceiver, blob: bytes, info: bytes) -> str:
    """Return the code with which it is refused; it must be."""
    with pytest.raises(UntrustedError) as caught:
        pair.decrypt(blob, info)
    return caught.value.code
