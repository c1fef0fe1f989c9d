"""What a node needs to take records in, and what it may say of one that it could not verify."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from broker.names import AgencyId
    from broker.ports import Federation, Inbox, KeyStore, Outbox, Probe, Unwrapper
    from broker.sealing.keyring import Keyring
    from broker.sealing.unseal import Verifier
    from broker.stages import Fetched


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """The stores of a node, and what opens records for its agency."""

    me: AgencyId
    inbox: Inbox
    outbox: Outbox
    keys: KeyStore
    keyring: Keyring = field(repr=False)
    unwrapper: Unwrapper = field(repr=False)
    verifier: Verifier
    probe: Probe
    joined_later: bool = False
    """Whether a stream may start with the first record that is seen, since this agency joined after it began."""


def claimed_source(fetched: Fetched, federation: Federation) -> str:
    """Return the agency that an unverified record claims; empty unless the federation knows it.

    Names that nobody has are not kept: whoever invents them could fill the disk with them.
    """
    claims = [value for name, value in fetched.headers if name == "ce_source" and value is not None]
    if len(claims) != 1:
        return ""
    name = claims[0].decode(errors="replace").rpartition(":")[2]
    return name if name in federation.agencies else ""
