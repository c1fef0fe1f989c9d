"""Fresh agencies with keys, a federation that lists them, and the rules in force: what both of our lines start from."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from bench.events import AGENCIES
from broker.clock import SystemClock
from broker.pipeline.trust import InForce
from broker.policy import compile_rules, default_agreements
from broker.ports import Agency, Federation, ReceivingKey, SigningKey
from broker.sealing.private_keys import Ed25519Signer, HybridReceiver, new_private_bytes
from schemas.catalogue import KINDS

if TYPE_CHECKING:
    from broker.names import AgencyId

READERS: Final = {"ordinary": "polres-bengkulu-tengah", "new_case": "lpsk"}
"""Who reads in each mix."""


@dataclass(frozen=True, kw_only=True)
class World:
    """Everybody's keys, and what is in force."""

    signers: dict[AgencyId, Ed25519Signer]
    receivers: dict[AgencyId, HybridReceiver]
    in_force: InForce


def make() -> World:
    """Make a world with fresh keys."""
    signers, receivers, listed = {}, {}, {}
    now = SystemClock().now()
    valid = {"not_before": now - timedelta(days=1), "not_after": now + timedelta(days=1)}
    for agency, role in AGENCIES.items():
        signing, receiving = new_private_bytes(os.urandom)
        signer = signers[agency] = Ed25519Signer(signing)
        receiver = receivers[agency] = HybridReceiver(receiving)
        listed[agency] = Agency(
            id=agency,
            role=role,
            name_id=agency,
            name_en=agency,
            signing=(SigningKey(key_id=signer.key_id, agency=agency, public=signer.public, **valid),),
            receiving=(
                ReceivingKey(
                    key_id=receiver.key_id,
                    agency=agency,
                    mlkem768=receiver.mlkem768,
                    x25519=receiver.x25519,
                    **valid,
                ),
            ),
        )
    federation = Federation(
        version=1,
        agencies=listed,
        signing_keys={key.key_id: key for one in listed.values() for key in one.signing},
        agreements_toml=default_agreements(),
        dataschemas={kind.type: frozenset({kind.dataschema}) for kind in KINDS},
    )
    return World(
        signers=signers,
        receivers=receivers,
        in_force=InForce(federation=federation, rules=compile_rules(federation)),
    )
