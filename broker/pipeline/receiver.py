"""The receiving side of a node: for whom it takes records in, the stores that it writes to, and what opens records."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from broker.names import AgencyId
    from broker.pipeline.reading import InboxReader
    from broker.ports import Inbox, KeyStore, Outbox, Probe, Unwrapper
    from broker.sealing.keyring import Keyring
    from broker.sealing.unseal import Verifier


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """The stores of a node, and what opens records for its agency."""

    me: AgencyId
    inbox: Inbox
    outbox: Outbox
    keys: KeyStore
    keyring: Keyring = field(repr=False)
    reader: InboxReader
    """The one that consumers have too: what is added to an event here changes what it remembers."""
    unwrapper: Unwrapper = field(repr=False)
    verifier: Verifier
    probe: Probe
