"""Federations for tests of policy: one agency of each role, and whatever else a test adds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from broker.names import AgencyId, EventId, Role
from broker.policy import Rules, compile_rules, default_agreements
from broker.ports import Agency, Cause, Federation
from schemas.catalogue import KINDS

if TYPE_CHECKING:
    from collections.abc import Mapping

IMI = AgencyId("imigrasi-bengkulu")
POL = AgencyId("polres-bengkulu-tengah")
BNPT = AgencyId("bnpt")
UPTD = AgencyId("uptd-ppa-bengkulu-tengah")
NGO = AgencyId("yayasan-contoh")
LPSK = AgencyId("lpsk")
BP3MI = AgencyId("bp3mi-bengkulu")
GT = AgencyId("gugus-tugas-tppo")
OPS = AgencyId("operator")
PPA = AgencyId("unit-ppa")
NAKER = AgencyId("disnaker")
SOS = AgencyId("dinsos")

ROLES: Mapping[AgencyId, str] = {
    IMI: "immigration",
    POL: "police",
    BNPT: "counter-terrorism",
    UPTD: "social-services",
    NGO: "ngo",
    LPSK: "witness-protection",
    BP3MI: "migrant-workers",
    GT: "task-force",
    OPS: "operator",
    PPA: "police-ppa",
    NAKER: "manpower",
    SOS: "social-affairs",
}


SCHEMAS: Mapping[str, frozenset[str]] = {kind.type: frozenset({kind.dataschema}) for kind in KINDS}


def federation(
    roles: Mapping[AgencyId, str] = ROLES,
    *,
    toml: bytes | None = None,
    dataschemas: Mapping[str, frozenset[str]] | None = None,
) -> Federation:
    """Make a federation without keys."""
    agencies = {
        one: Agency(id=one, role=Role(role), name_id=one, name_en=one, signing=(), receiving=())
        for one, role in roles.items()
    }
    return Federation(
        version=1,
        agencies=agencies,
        signing_keys={},
        agreements_toml=default_agreements() if toml is None else toml,
        dataschemas=SCHEMAS if dataschemas is None else dataschemas,
    )


def rules(roles: Mapping[AgencyId, str] = ROLES, *, toml: bytes | None = None) -> Rules:
    """Compile the rules of such a federation."""
    return compile_rules(federation(roles, toml=toml))


def agreements_without(*ids: str) -> bytes:
    """Return the default agreements, some rows left out."""
    head, *rows = default_agreements().decode().split("[[agreement]]\n")
    kept = [row for row in rows if not any(row.startswith(f'id = "{one}"') for one in ids)]
    return "[[agreement]]\n".join([head, *kept]).encode()


CAUSE_ID = EventId("5f1b1a0e-6f0e-8c56-9d39-0b2f6a3f0002")
SUBJECT = "urn:simpul:case:5f1b1a0e-6f0e-8c56-9d39-0b2f6a3f0001"


def cause(
    type_name: str, source: AgencyId, *audience: AgencyId, subject: str | None = SUBJECT
) -> Mapping[EventId, Cause]:
    """What a node knows of the event CAUSE_ID."""
    known = Cause(event_id=CAUSE_ID, type=type_name, source=source, subject=subject, audience=frozenset(audience))
    return {CAUSE_ID: known}
