"""An agency's private keys: made, kept as bytes, and used. Where the bytes lie is the key home's business.

Signing keys are Ed25519 (RFC 8032), kept as their 32-byte seed. Receiving keys are the hybrid of ML-KEM-768 (FIPS 203)
and X25519 (RFC 7748) that HPKE names MLKEM768-X25519, kept as the 64-byte ML-KEM seed and then the 32 bytes of X25519.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import (
    AEAD,
    KDF,
    KEM,
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
    Suite,
)

from broker.errors import MisconfiguredError, UntrustedError
from broker.names import KeyId

if TYPE_CHECKING:
    from collections.abc import Iterable

    from broker.ports import Randomness, ReceivingKey

SIGNING_BYTES: Final = 32
MLKEM_SEED_BYTES: Final = 64
X25519_BYTES: Final = 32
RECEIVING_BYTES: Final = MLKEM_SEED_BYTES + X25519_BYTES

SUITE: Final = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


def signing_key_id(public: bytes) -> KeyId:
    """Return the id of an Ed25519 public key (32 bytes)."""
    return KeyId(sha256(b"simpul/signing-key/v1" + public).digest()[:16])


def receiving_key_id(mlkem768: bytes, x25519: bytes) -> KeyId:
    """Return the id of a hybrid public key: ML-KEM-768 (1184 bytes) and X25519 (32 bytes)."""
    return KeyId(sha256(b"simpul/receiving-key/v1" + mlkem768 + x25519).digest()[:16])


def new_private_bytes(random: Randomness) -> tuple[bytes, bytes]:
    """Make a signing and a receiving private key, as the bytes that the classes below take."""
    return random(SIGNING_BYTES), random(RECEIVING_BYTES)


class Ed25519Signer:
    """A `Signer` whose key is in this process."""

    def __init__(self, private: bytes) -> None:
        """Take the seed of 32 bytes.

        Raises:
            MisconfiguredError: it has another length.
        """
        if len(private) != SIGNING_BYTES:
            raise MisconfiguredError("config.signing-key", "a signing key is 32 bytes")
        self._private = Ed25519PrivateKey.from_private_bytes(private)
        self.public: bytes = self._private.public_key().public_bytes_raw()
        self._key_id = signing_key_id(self.public)

    @property
    def key_id(self) -> KeyId:
        """The id under which the federation lists the public key."""
        return self._key_id

    def sign(self, message: bytes) -> bytes:
        """Return the 64 bytes of the signature (RFC 8032 §5.1.6)."""
        return self._private.sign(message)


class HybridReceiver:
    """One receiving key pair."""

    def __init__(self, private: bytes) -> None:
        """Take the ML-KEM seed and the X25519 bytes.

        Raises:
            MisconfiguredError: they have another length.
        """
        if len(private) != RECEIVING_BYTES:
            raise MisconfiguredError("config.receiving-key", "a receiving key is 96 bytes")
        mlkem = MLKEM768PrivateKey.from_seed_bytes(private[:MLKEM_SEED_BYTES])
        x25519 = X25519PrivateKey.from_private_bytes(private[MLKEM_SEED_BYTES:])
        self._private = MLKEM768X25519PrivateKey(mlkem, x25519)
        self.mlkem768: bytes = mlkem.public_key().public_bytes_raw()
        self.x25519: bytes = x25519.public_key().public_bytes_raw()
        self.key_id = receiving_key_id(self.mlkem768, self.x25519)

    def decrypt(self, hpke: bytes, info: bytes) -> bytes:
        """Open an HPKE ciphertext: the encapsulated key, then the AEAD ciphertext (RFC 9180 §6.1, single shot).

        Raises:
            UntrustedError: `untrusted.wrap`.
        """
        try:
            return SUITE.decrypt(hpke, self._private, info)
        except (InvalidTag, ValueError) as error:
            raise UntrustedError("untrusted.wrap", "a wrapped key does not open") from error


class HeldReceivingKeys:
    """An `Unwrapper` whose keys are in this process: the current one and those before it."""

    def __init__(self, receivers: Iterable[HybridReceiver]) -> None:
        """Take the key pairs."""
        self._receivers = {receiver.key_id: receiver for receiver in receivers}

    def unwrap(self, receiving_key_id: KeyId, hpke: bytes, info: bytes) -> bytes:
        """Open what was wrapped for one of the keys.

        Raises:
            UntrustedError: `untrusted.wrap`; the key is not held, or it does not open.
        """
        receiver = self._receivers.get(receiving_key_id)
        if receiver is None:
            raise UntrustedError("untrusted.wrap", "a key was wrapped for a receiving key that is not held")
        return receiver.decrypt(hpke, info)


def hpke_seal(receiving: ReceivingKey, plaintext: bytes, info: bytes) -> bytes:
    """Return the HPKE ciphertext of `plaintext` for a receiving key.

    Raises:
        MisconfiguredError: the federation lists something that is no key.
    """
    try:
        public = MLKEM768X25519PublicKey(
            MLKEM768PublicKey.from_public_bytes(receiving.mlkem768), X25519PublicKey.from_public_bytes(receiving.x25519)
        )
        return SUITE.encrypt(plaintext, public, info)  # refuses an X25519 point of small order
    except ValueError as error:
        raise MisconfiguredError("config.federation-key", "a receiving key in the federation is none") from error
