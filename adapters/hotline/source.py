"""Where tips come from: JSON files that the reporting page's server drops."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from adapters.contract import FileRole, Reading, reading, settings_of, terms_of
from adapters.hotline import mapping, native

DEFAULTS: Final = {
    "status": "Actual",
    "tlp": "amber",
    "pap": "amber",
    "area": "",
    "audience": "role:police",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TipSource:
    """The drop folder of a tip line."""

    folder: Path
    terms: mapping.Terms

    def role(self, name: str) -> FileRole:
        """Any `.json` holds tips."""
        return FileRole.RECORDS if name.lower().endswith(".json") else FileRole.STRANGER

    def read(self, name: str, content: bytes) -> Reading:
        """Map a file of tips, as the contract says."""
        return reading(name, native.read_tips(content), lambda row, tip: mapping.mapped(row, tip, terms=self.terms))


def source(folder: Path, settings: Mapping[str, str]) -> TipSource:
    """Make the source that reads `<folder>/drop`.

    Raises:
        MisconfiguredError: a setting is unknown or not possible.
    """
    known = settings_of(settings, DEFAULTS)
    return TipSource(
        folder=folder / "drop",
        terms=mapping.Terms(**terms_of(known), area=known["area"], audience=known["audience"]),
    )
