"""Where bundles come from: STIX 2.1 files, one bundle each."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from adapters.bnpt import mapping, native
from adapters.contract import FileRole, Reading, Records, choice, reading, settings_of, terms_of
from broker.errors import MisconfiguredError

DEFAULTS: Final = {
    "status": "Actual",
    "pap": "amber",
    "audience": "role:police role:immigration",
    "nexus": "none",
    "confidence": "0",
    "priority": "P1",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleSource:
    """The drop folder of an analyst's tool."""

    folder: Path
    terms: mapping.Terms

    def role(self, name: str) -> FileRole:
        """Any `.json` or `.stix` is a bundle."""
        return FileRole.RECORDS if name.lower().endswith((".json", ".stix")) else FileRole.STRANGER

    def read(self, name: str, content: bytes) -> Reading:
        """Map a bundle, as the contract says."""
        bundle = Records(total=1, rows=iter([(mapping.WHOLE, native.read_bundle(content))]))
        return reading(name, bundle, lambda _, read: mapping.mapped(read, terms=self.terms))


def source(folder: Path, settings: Mapping[str, str]) -> BundleSource:
    """Make the source that reads `<folder>/drop`.

    Raises:
        MisconfiguredError: a setting is unknown or not possible.
    """
    known = settings_of(settings, DEFAULTS)
    if re.fullmatch(r"[0-9]{1,2}|100", known["confidence"]) is None:
        raise MisconfiguredError("config.adapter-setting", "confidence")
    return BundleSource(
        folder=folder / "drop",
        terms=mapping.Terms(
            **terms_of(known),
            audience=known["audience"],
            nexus=choice(known, "nexus", ("none", "terror", "document_fraud")),
            confidence=int(known["confidence"]),
            priority=choice(known, "priority", ("P1", "P2")),
        ),
    )
