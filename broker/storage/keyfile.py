"""Keys whose home is a file (`file:` URIs): the node's own key in the clear, mode 0600; agency keys encrypted under it.

A file that anybody but its owner can read or write is refused, and so is one that is not a plain file of the owner.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from broker.errors import KeyServiceError, MisconfiguredError, StorageError
from broker.files import OWNER_ONLY_FOLDER, opened_plain, write_new
from broker.sealing.atrest import NODE_KEY_BYTES, AtRest
from broker.sealing.private_keys import Ed25519Signer, HeldReceivingKeys, HybridReceiver, new_private_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from broker.ports import Randomness

_SIGNING: Final = "key/signing"
_RECEIVING: Final = "key/receiving"


def read_node_key(path: Path) -> bytes:
    """Read the node's own key: 32 bytes in a file that only its owner can read.

    Raises:
        MisconfiguredError: `config.node-key` where it is missing, too open, or not 32 bytes.
    """
    key = _read(path, "config.node-key")
    if len(key) != NODE_KEY_BYTES:
        raise MisconfiguredError("config.node-key", "the file does not hold 32 bytes")
    return key


def new_node_key(path: Path, random: Randomness = os.urandom) -> AtRest:
    """Make the node's own key.

    Raises:
        MisconfiguredError: `config.node-key`; the file is there already, or cannot be written.
    """
    key = random(NODE_KEY_BYTES)
    _write(path, key, "config.node-key")
    return AtRest(key)


def new_agency_keys(
    at_rest: AtRest, *, signing: Path, receiving: Path, random: Randomness = os.urandom
) -> tuple[Ed25519Signer, HybridReceiver]:
    """Make an agency's signing and receiving keys, and keep them encrypted under the node's own key.

    Raises:
        MisconfiguredError: a file is there already, or cannot be written.
    """
    signing_bytes, receiving_bytes = new_private_bytes(random)
    _write(signing, at_rest.seal(_SIGNING, signing_bytes), "config.signing-key")
    _write(receiving, at_rest.seal(_RECEIVING, receiving_bytes), "config.receiving-key")
    return Ed25519Signer(signing_bytes), HybridReceiver(receiving_bytes)


def open_signing_key(at_rest: AtRest, path: Path) -> Ed25519Signer:
    """Return the agency's signing key.

    Raises:
        MisconfiguredError: `config.signing-key`.
    """
    return Ed25519Signer(_decrypted(at_rest, path, _SIGNING, "config.signing-key"))


def open_receiving_keys(at_rest: AtRest, paths: Iterable[Path]) -> HeldReceivingKeys:
    """Return the agency's receiving keys.

    Raises:
        MisconfiguredError: `config.receiving-key`.
    """
    return HeldReceivingKeys(
        HybridReceiver(_decrypted(at_rest, path, _RECEIVING, "config.receiving-key")) for path in paths
    )


def _decrypted(at_rest: AtRest, path: Path, label: str, code: str) -> bytes:
    try:
        return at_rest.open(label, _read(path, code))
    except StorageError as error:
        raise MisconfiguredError(code, "the file does not open under the node's own key") from error


def _read(path: Path, code: str) -> bytes:
    try:
        with opened_plain(path) as (file, state):
            if state.st_uid != os.geteuid() or state.st_mode & 0o077:
                raise MisconfiguredError(code, "the file must be the node's own, with mode 0600")
            return file.read()
    except FileNotFoundError as error:
        raise MisconfiguredError(code, "the file is missing") from error
    except OSError as error:
        raise KeyServiceError("keys.unreadable", "the file cannot be opened") from error


def _write(path: Path, content: bytes, code: str) -> None:
    try:
        path.parent.mkdir(mode=OWNER_ONLY_FOLDER, parents=True, exist_ok=True)
        write_new(path, content)
    except FileExistsError as error:
        raise MisconfiguredError(code, "the file is there already; a key is never overwritten") from error
    except OSError as error:
        raise MisconfiguredError(code, "the file cannot be written") from error
