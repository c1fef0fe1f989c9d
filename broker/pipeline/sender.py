"""The sending side of a node: as whom it seals, and the stores that it writes to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from broker.names import AgencyId
    from broker.ports import Calls, KeyStore, Outbox, Signer
    from broker.sealing.keyring import Keyring


class Tag(Protocol):
    """Blinds values under a secret of the node, so that equal ones are found and none is told."""

    def __call__(self, label: str, *fields: bytes) -> bytes:
        """Return 16 bytes that only this node can make of these values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who this node is when it sends."""

    source: AgencyId
    signer: Signer = field(repr=False)
    secret: bytes = field(repr=False)
    """32 bytes under which ids of events and records are derived."""
    ciphers: Keyring = field(repr=False)
    """This node's data keys; the same keyring as the receiving side's, which opens this node's own events."""
    tag: Tag = field(repr=False)
    """`AtRest.tag`: blinds what the key store looks up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """What the sending side writes to, each with its thread, and a thread for what costs the processor."""

    outbox: Outbox
    outbox_thread: Calls
    keys: KeyStore
    keys_thread: Calls
    work_thread: Calls
