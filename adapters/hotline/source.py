"""Where tips come from: JSON files that the reporting page's server drops."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from adapters.contract import FileRole, Mapped, Reading, Reject, choice, settings_of
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
        records = native.read_tips(content)
        return Reading(total=len(records), mapped=self._mapped(name, records))

    def _mapped(self, name: str, records: list[Any]) -> Iterator[Mapped]:
        for row, record in enumerate(records, start=1):
            read = native.read_tip(record)
            if isinstance(read, native.Tip):
                yield mapping.mapped(row, read, terms=self.terms)
                continue
            for path, code in read:
                yield Reject(file=name, row=row, field=path, code=code)


def source(folder: Path, settings: Mapping[str, str]) -> TipSource:
    """Make the source that reads `<folder>/drop`.

    Raises:
        MisconfiguredError: a setting is unknown or not possible.
    """
    known = settings_of(settings, DEFAULTS)
    return TipSource(
        folder=folder / "drop",
        terms=mapping.Terms(
            status=choice(known, "status", ("Actual", "Exercise", "Test")),
            tlp=choice(known, "tlp", ("green", "amber", "amber+strict", "red")),
            pap=choice(known, "pap", ("clear", "green", "amber", "red")),
            area=known["area"],
            audience=known["audience"],
        ),
    )
