"""What the node keeps to itself: encryption at rest and blinded tags, all under the node's own key.

Each use has a label, and each label its own key (HKDF-SHA-256, RFC 5869), so that a blob made for one use cannot be
read as another.
"""

from __future__ import annotations

import os
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from broker.errors import MisconfiguredError, StorageError
from broker.names import length_prefixed

if TYPE_CHECKING:
    from broker.ports import Randomness

NODE_KEY_BYTES: Final = 32
TAG_BYTES: Final = 16
_NONCE_BYTES: Final = 12


class AtRest:
    """The node's own key, and what it is used for."""

    def __init__(self, node_key: bytes, *, random: Randomness = os.urandom) -> None:
        """Take the node's key.

        Args:
            node_key: 32 bytes, from a file that only the node can read.
            random: where nonces come from.

        Raises:
            MisconfiguredError: the key has another length.
        """
        if len(node_key) != NODE_KEY_BYTES:
            raise MisconfiguredError("config.node-key", "the node's key is 32 bytes")
        self._node_key = node_key
        self._random = random
        self._ciphers: dict[str, AESGCM] = {}
        self._secrets: dict[str, bytes] = {}
        self._keyed: dict[str, blake2b] = {}

    def secret(self, label: str) -> bytes:
        """Return the 32 bytes that belong to a label."""
        known = self._secrets.get(label)
        if known is None:
            info = b"simpul/at-rest/v1/" + label.encode()
            known = HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(self._node_key)
            self._secrets[label] = known
        return known

    def seal(self, label: str, plaintext: bytes, context: bytes = b"") -> bytes:
        """Encrypt for the store: nonce, then AES-256-GCM ciphertext; `context` must be given again to open."""
        nonce = self._random(_NONCE_BYTES)
        return nonce + self._cipher(label).encrypt(nonce, plaintext, context)

    def open(self, label: str, blob: bytes, context: bytes = b"") -> bytes:
        """Decrypt what `seal` made.

        Raises:
            StorageError: it was changed, or made under another key, label or context.
        """
        try:
            return self._cipher(label).decrypt(blob[:_NONCE_BYTES], blob[_NONCE_BYTES:], context)
        except (InvalidTag, ValueError) as error:
            raise StorageError("store.unreadable", "an entry does not open under the node's key") from error

    def tag(self, label: str, *fields: bytes) -> bytes:
        """Return 16 bytes by which the store finds a value without holding it (keyed BLAKE2b, RFC 7693)."""
        keyed = self._keyed.get(label)
        if keyed is None:
            keyed = self._keyed[label] = blake2b(key=self.secret(label), digest_size=TAG_BYTES)
        tagging = keyed.copy()
        tagging.update(length_prefixed(*fields))
        return tagging.digest()

    def _cipher(self, label: str) -> AESGCM:
        cipher = self._ciphers.get(label)
        if cipher is None:
            cipher = self._ciphers[label] = AESGCM(self.secret(label))
        return cipher
