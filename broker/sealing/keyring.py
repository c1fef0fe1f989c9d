"""The data keys in use, as ciphers ready to open parts, known by (source, key id).

A source can give, or erase, only its own keys: the same id from another source is another key.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

if TYPE_CHECKING:
    from collections.abc import Callable

    from broker.names import AgencyId, KeyId
    from broker.ports import DataKey


class Keyring:
    """A bounded cache of ciphers in front of the key store; what is not held is asked for again each time.

    May be asked from several threads: a look-up is one step of a dictionary, and changes take turns.
    """

    def __init__(self, load: Callable[[AgencyId, KeyId], bytes | None], capacity: int = 4096) -> None:
        """Take the key store's look-up and the number of ciphers to keep."""
        self._load = load
        self._capacity = capacity
        self._ciphers: OrderedDict[tuple[AgencyId, KeyId], AESGCM] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, source: AgencyId, key_id: KeyId) -> AESGCM | None:
        """Return the cipher of a key that `source` gave, or none if this node does not hold it."""
        name = (source, key_id)
        cipher = self._ciphers.get(name)
        if cipher is not None:
            return cipher
        key = self._load(source, key_id)
        return None if key is None else self._keep(name, key)

    def put(self, source: AgencyId, data_key: DataKey) -> AESGCM:
        """Take a key that has just become durable, and return its cipher."""
        name = (source, data_key.key_id)
        return self._ciphers.get(name) or self._keep(name, data_key.key)

    def _keep(self, name: tuple[AgencyId, KeyId], key: bytes) -> AESGCM:
        cipher = AESGCM(key)
        with self._lock:
            self._ciphers[name] = cipher
            if len(self._ciphers) > self._capacity:
                self._ciphers.popitem(last=False)
        return cipher
