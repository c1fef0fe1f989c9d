"""What the parts of the pipeline are given from outside, beside the ports.

A store is called on a thread of its own (`Thread` of `broker.storage.database`), so that nothing blocks the loop.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ParamSpec, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from broker.names import AgencyId
    from broker.policy import Rules
    from broker.ports import Federation, KeyStore, Outbox, Signer

P = ParamSpec("P")
R = TypeVar("R")


class Calls(Protocol):
    """A thread on which calls are made in the order asked."""

    async def run(self, call: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call on the thread and return what it returns; a call that has begun is finished in any case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """One version of the federation and the rules compiled from it; always taken together."""

    federation: Federation = field(repr=False)
    rules: Rules = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who this node is when it sends."""

    source: AgencyId
    signer: Signer = field(repr=False)
    secret: bytes = field(repr=False)
    """32 bytes under which ids of events and records are derived."""
    tag: Callable[..., bytes] = field(repr=False)
    """`AtRest.tag`: blinds what the key store looks up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """What the sending side writes to, each with its thread, and a thread for what costs the processor."""

    outbox: Outbox
    outbox_thread: Calls
    keys: KeyStore
    keys_thread: Calls
    work_thread: Calls
