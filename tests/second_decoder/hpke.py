"""The part of RFC 9180 that section 9 of docs/wire.md needs, by hand: base mode, single shot, no associated data.

The KEM is 0x647a: ML-KEM-768 and X25519, joined as in X-Wing (draft-connolly-cfrg-xwing-kem, draft-ietf-hpke-pq).
"""

import hashlib
import hmac

from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEM = 0x647A
HKDF_SHA256 = 0x0001
AES_256_GCM = 0x0002
SUITE = b"HPKE" + KEM.to_bytes(2, "big") + HKDF_SHA256.to_bytes(2, "big") + AES_256_GCM.to_bytes(2, "big")
MLKEM_CIPHERTEXT = 1088
X25519_CIPHERTEXT = 32
XWING_LABEL = rb"\.//^" + b"\\"
BASE_MODE = b"\x00"


def open_single_shot(hpke: bytes, mlkem: MLKEM768PrivateKey, x25519: X25519PrivateKey, info: bytes) -> bytes:
    """Open one HPKE ciphertext.

    Args:
        hpke: The encapsulated key (1120 bytes), then the AEAD's ciphertext.
        mlkem: The private half of ML-KEM-768.
        x25519: The private half of X25519.
        info: To what it is bound.

    Returns:
        The plaintext.

    Raises:
        ValueError: If the encapsulated key is cut off or its X25519 part is a point of small order.
        InvalidTag: If it does not open.
    """
    encapsulated = MLKEM_CIPHERTEXT + X25519_CIPHERTEXT
    secret = decapsulate(hpke[:encapsulated], mlkem, x25519)
    context = BASE_MODE + labeled_extract(b"", b"psk_id_hash", b"") + labeled_extract(b"", b"info_hash", info)
    schedule = labeled_extract(secret, b"secret", b"")
    key = labeled_expand(schedule, b"key", context, 32)
    nonce = labeled_expand(schedule, b"base_nonce", context, 12)
    return AESGCM(key).decrypt(nonce, hpke[encapsulated:], b"")


def decapsulate(encapsulated: bytes, mlkem: MLKEM768PrivateKey, x25519: X25519PrivateKey) -> bytes:
    """Take the shared secret out of the encapsulated key: ML-KEM's ciphertext, then X25519's ephemeral public key."""
    ct_m, ct_x = encapsulated[:MLKEM_CIPHERTEXT], encapsulated[MLKEM_CIPHERTEXT:]
    ss_m = mlkem.decapsulate(ct_m)
    ss_x = x25519.exchange(X25519PublicKey.from_public_bytes(ct_x))
    pk_x = x25519.public_key().public_bytes_raw()
    return hashlib.sha3_256(ss_m + ss_x + ct_x + pk_x + XWING_LABEL).digest()


def labeled_extract(salt: bytes, label: bytes, ikm: bytes) -> bytes:
    """RFC 9180, section 4: `LabeledExtract`."""
    return hmac.digest(salt or bytes(32), b"HPKE-v1" + SUITE + label + ikm, "sha256")


def labeled_expand(prk: bytes, label: bytes, info: bytes, length: int) -> bytes:
    """RFC 9180, section 4: `LabeledExpand`, for what one block of SHA-256 gives."""
    labeled = length.to_bytes(2, "big") + b"HPKE-v1" + SUITE + label + info
    return hmac.digest(prk, labeled + b"\x01", "sha256")[:length]
