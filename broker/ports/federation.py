"""The trust list in force, as plain values, and where it is read from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from broker.names import AgencyId, KeyId, Role


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """An Ed25519 public key (RFC 8032, 32 bytes) that speaks for one agency while it is valid."""

    key_id: KeyId
    agency: AgencyId
    public: bytes
    not_before: datetime
    not_after: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivingKey:
    """A hybrid HPKE public key: ML-KEM-768 (FIPS 203, 1184 bytes) and X25519 (RFC 7748, 32 bytes)."""

    key_id: KeyId
    agency: AgencyId
    mlkem768: bytes = field(repr=False)
    x25519: bytes = field(repr=False)
    not_before: datetime
    not_after: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Agency:
    """One organisation on the exchange."""

    id: AgencyId
    role: Role
    name_id: str
    name_en: str
    signing: tuple[SigningKey, ...]
    receiving: tuple[ReceivingKey, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Federation:
    """The trust list in force, at one version."""

    version: int
    agencies: Mapping[AgencyId, Agency]
    signing_keys: Mapping[KeyId, SigningKey]
    agreements_toml: bytes = field(repr=False)
    dataschemas: Mapping[str, frozenset[str]]
    """Event type to the `dataschema` values in force for it."""


class FederationHome(Protocol):
    """Where the federation is read from."""

    def load(self) -> Federation:
        """Return the newest federation.

        Raises:
            MisconfiguredError: there is none, or it is not one.
        """
