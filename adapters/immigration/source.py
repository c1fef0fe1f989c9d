"""Where crossings come from: exports dropped as CSV files, the passport register beside them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta, timezone
from itertools import chain
from pathlib import Path
from typing import Final

from adapters.contract import (
    FileRole,
    Mapped,
    Reading,
    Records,
    Reject,
    choice,
    mapped_each,
    rejects,
    settings_of,
    terms_of,
)
from adapters.immigration import mapping, native
from broker.errors import MisconfiguredError, StorageError
from broker.files import opened_plain

DEFAULTS: Final = {
    "status": "Actual",
    "tlp": "amber",
    "pap": "amber",
    "area": "",
    "utc_offset": "+07:00",
    "audience": "role:police",
    "audience_held": "role:migrant-workers",
    "group_minutes": "10",
    "register": "required",
}
_REGISTER = re.compile(r".*register\.csv", re.IGNORECASE)
_OFFSET = re.compile(r"([+-])([01][0-9]):([0-5][0-9])")


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossingSource:
    """The drop folder of an immigration office."""

    folder: Path
    terms: mapping.Terms
    needs_register: bool

    def role(self, name: str) -> FileRole:
        """`*register.csv` is the register, any other `.csv` an export."""
        if _REGISTER.fullmatch(name):
            return FileRole.REFERENCE
        return FileRole.RECORDS if name.lower().endswith(".csv") else FileRole.STRANGER

    def read(self, name: str, content: bytes) -> Reading:
        """Map an export, as the contract says; a missing register makes it wait, unless settings do without one."""
        crossings = native.read_crossings(content)
        births, wrong = self._register()
        return Reading(total=crossings.total, mapped=chain(wrong, self._mapped(name, crossings, births)))

    def _mapped(self, name: str, crossings: Records[native.Crossing], births: Mapping[str, str]) -> Iterator[Mapped]:
        rows = list(crossings.rows)
        sizes = mapping.group_sizes([one for _, one in rows if not isinstance(one, list)], self.terms.group_window)

        def mapped(row: int, one: native.Crossing) -> Mapped:
            birth = births.get(one.passport.number)
            return mapping.mapped(one, group_size=sizes.get(row, 1), register_birth=birth, terms=self.terms)

        yield from mapped_each(name, rows, mapped)

    def _register(self) -> tuple[dict[str, str], list[Reject]]:
        """Read every register that lies in the folder, a later name winning over an earlier one."""
        births: dict[str, str] = {}
        wrong: list[Reject] = []
        try:
            files = sorted(path for path in self.folder.iterdir() if self.role(path.name) is FileRole.REFERENCE)
            contents = [(path.name, _content(path)) for path in files]
        except OSError as error:
            raise StorageError("adapter.drop-folder") from error
        if not contents and self.needs_register:
            raise StorageError("adapter.register-missing")
        for name, content in contents:
            for row, entry in native.read_register(content).rows:
                if isinstance(entry, list):
                    wrong += rejects(name, row, entry)
                else:
                    births[entry.passport_number] = entry.birth_digits
        return births, wrong


def source(folder: Path, settings: Mapping[str, str]) -> CrossingSource:
    """Make the source that reads `<folder>/drop`.

    Raises:
        MisconfiguredError: a setting is unknown or not possible.
    """
    known = settings_of(settings, DEFAULTS)
    return CrossingSource(
        folder=folder / "drop",
        terms=mapping.Terms(
            **terms_of(known),
            area=known["area"],
            offset=_offset(known["utc_offset"]),
            audience=tuple(known["audience"].split()),
            audience_held=tuple(known["audience_held"].split()),
            group_window=_minutes(known["group_minutes"]),
        ),
        needs_register=choice(known, "register", ("required", "none")) == "required",
    )


def _content(path: Path) -> bytes:
    with opened_plain(path) as (file, _):
        return file.read()


def _offset(text: str) -> timezone:
    found = _OFFSET.fullmatch(text)
    if found is None:
        raise MisconfiguredError("config.adapter-setting", "utc_offset")
    size = timedelta(hours=int(found[2]), minutes=int(found[3]))
    return timezone(size if found[1] == "+" else -size)


def _minutes(text: str) -> timedelta:
    if re.fullmatch(r"[0-9]{1,3}", text) is None:
        raise MisconfiguredError("config.adapter-setting", "group_minutes")
    return timedelta(minutes=int(text))
