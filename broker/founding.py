"""Makes a node's folder: settings, fresh keys, and what the federation must list of its agency."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from broker.federation.insecure_folder import write_agency
from broker.settings import write_node
from broker.storage.keyfile import new_agency_keys, new_node_key

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from broker.names import AgencyId


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAgency:
    """An agency that gets a node: what the federation will say of it, and what its node runs."""

    id: AgencyId
    role: str
    name_id: str
    name_en: str
    adapter: str | None = None
    adapter_settings: Mapping[str, str] = field(default_factory=dict)


def new_node(
    folder: Path, agency: NewAgency, *, kafka_bootstrap: str, federation: Path, valid: tuple[datetime, datetime]
) -> Path:
    """Make a node's folder with fresh keys.

    Args:
        folder: the new folder.
        agency: whose node it is.
        kafka_bootstrap: `host:port` of Kafka.
        federation: the federation's folder, as it will be found from here.
        valid: from when to when the agency's keys are valid.

    Returns:
        The file that says what the federation must list of this agency.

    Raises:
        MisconfiguredError: the folder holds a node already.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    values: dict[str, str | list[str] | dict[str, str]] = {
        "agency": agency.id,
        "kafka_bootstrap": kafka_bootstrap,
        "node_key": "file:keys/node.key",
        "signing_key": "file:keys/signing.key",
        "receiving_keys": ["file:keys/receiving.key"],
        "insecure_federation_folder": os.path.relpath(federation, folder),
    }
    if agency.adapter is not None:
        values |= {"adapter": agency.adapter, "adapter_settings": dict(agency.adapter_settings)}
    write_node(folder, values)
    keys = folder / "keys"
    signer, receiver = new_agency_keys(
        new_node_key(keys / "node.key"), signing=keys / "signing.key", receiving=keys / "receiving.key"
    )
    return write_agency(
        folder / "agency.json",
        agency=agency.id,
        role=agency.role,
        names=(agency.name_id, agency.name_en),
        signer=signer,
        receiver=receiver,
        valid=valid,
    )
