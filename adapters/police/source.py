"""Where cases come from: exports dropped as CSV files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from adapters.contract import FileRole, Reading, choice, reading, settings_of, terms_of
from adapters.police import mapping, native
from broker.errors import MisconfiguredError

DEFAULTS: Final = {
    "status": "Actual",
    "tlp": "amber+strict",
    "pap": "amber",
    "utc_offset": "+07:00",
    "audience": "role:witness-protection role:social-services role:immigration role:task-force",
    "nexus": "none",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseSource:
    """The drop folder of a police unit."""

    folder: Path
    terms: mapping.Terms

    def role(self, name: str) -> FileRole:
        """Any `.csv` is an export."""
        return FileRole.RECORDS if name.lower().endswith(".csv") else FileRole.STRANGER

    def read(self, name: str, content: bytes) -> Reading:
        """Map an export, as the contract says."""
        return reading(name, native.read_cases(content), lambda _, case: mapping.mapped(case, terms=self.terms))


def source(folder: Path, settings: Mapping[str, str]) -> CaseSource:
    """Make the source that reads `<folder>/drop`.

    Raises:
        MisconfiguredError: a setting is unknown or not possible.
    """
    known = settings_of(settings, DEFAULTS)
    if re.fullmatch(r"[+-][01][0-9]:[0-5][0-9]", known["utc_offset"]) is None:
        raise MisconfiguredError("config.adapter-setting", "utc_offset")
    return CaseSource(
        folder=folder / "drop",
        terms=mapping.Terms(
            **terms_of(known),
            utc_offset=known["utc_offset"],
            audience=known["audience"],
            nexus=choice(known, "nexus", ("none", "terror", "document_fraud")),
        ),
    )
