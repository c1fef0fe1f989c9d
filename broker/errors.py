"""Every exception of the broker, drawn as a tree, and whether trying again can help.

    SimpulError                 code: stable string; retriable: bool; str() never holds event content
    ├── RejectedError           the event is at fault: quarantine, 4xx, never retried by itself
    │   ├── InvalidEventError   schema or limits: the path of the field is named, its value never
    │   ├── ForbiddenError      an agreement said no
    │   ├── UntrustedError      any failure to unseal
    │   └── ReplayedError       a fork, or another place in the stream; an honest resend is no error
    ├── UnavailableError        the world is at fault: back off, try again, 503
    │   ├── TransportError      Kafka
    │   ├── StorageError        the node's store
    │   └── KeyServiceError     the home of a private key
    └── MisconfiguredError      refuse to start, and say which setting

What a code means, which station raises it and its sentence in Indonesian and English stand in `broker.codes`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing wrong with an event: a code, the path of the field, never its value."""

    code: str
    path: str = ""


class SimpulError(Exception):
    """The parent of all. `code` is stable and stands in `broker.codes`; `detail` never holds a value of an event."""

    retriable: ClassVar[bool] = False

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail


class RejectedError(SimpulError):
    """The event is at fault; trying the same again gives the same."""


class InvalidEventError(RejectedError):
    """The catalogue refuses the event. `faults` names each field by its path."""

    def __init__(self, code: str, detail: str = "", faults: tuple[Fault, ...] = ()) -> None:
        super().__init__(code, detail)
        self.faults = faults


class ForbiddenError(RejectedError):
    """An agreement said no. `agreement` came closest, `clause` failed."""

    def __init__(self, code: str, detail: str = "", *, agreement: str = "", clause: str = "") -> None:
        super().__init__(code, detail)
        self.agreement = agreement
        self.clause = clause


class UntrustedError(RejectedError):
    """A record that does not verify or does not open as the specification says."""


class ReplayedError(RejectedError):
    """A genuine record at a place in its stream where another one stands."""


class UnavailableError(SimpulError):
    """The world is at fault: back off and try again."""

    retriable = True


class TransportError(UnavailableError):
    """Kafka cannot be reached, or did not answer in time."""


class StorageError(UnavailableError):
    """The node's store cannot be written or read just now."""


class KeyServiceError(UnavailableError):
    """The home of a private key does not answer."""


class MisconfiguredError(SimpulError):
    """A setting is missing or unsafe: the node does not start. `detail` names the setting."""
