"""Where intakes come from: submissions that a poll of Kobo's data endpoint drops as JSON files.

Kobo pushes a submission once, when it is new, and never when it is edited: what finds an edit is the poll. This
source therefore takes whole answers of the data endpoint again and again; only edited records add anything.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from adapters.contract import FileRole, Reading, choice, reading, settings_of, terms_of
from adapters.ngo import htcds, mapping, native
from broker.errors import MisconfiguredError
from schemas.consent import Prompt

DEFAULTS: Final = {
    "status": "Actual",
    "tlp": "amber+strict",
    "pap": "amber",
    "priority": "P2",
    "audience": "role:social-services role:witness-protection",
    "scopes": "",
    "scope_days": "0",
    "form_version": "2.0",
    "medium": "recorded",
    "prompts": "",
}
_SCOPE = re.compile(htcds.SCOPE)


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeSource:
    """The drop folder of an NGO."""

    folder: Path
    terms: mapping.Terms

    def role(self, name: str) -> FileRole:
        """Any `.json` holds submissions."""
        return FileRole.RECORDS if name.lower().endswith(".json") else FileRole.STRANGER

    def read(self, name: str, content: bytes) -> Reading:
        """Map a file of submissions, as the contract says."""
        intakes = native.read_submissions(content)
        return reading(name, intakes, lambda _, intake: mapping.mapped(intake, terms=self.terms))


def source(folder: Path, settings: Mapping[str, str]) -> IntakeSource:
    """Make the source that reads `<folder>/drop`.

    Raises:
        MisconfiguredError: a setting is unknown, missing or not possible. What people agreed to has no default:
            `scopes` is required.
    """
    known = settings_of(settings, DEFAULTS)
    return IntakeSource(
        folder=folder / "drop",
        terms=mapping.Terms(
            **terms_of(known),
            priority=choice(known, "priority", ("P1", "P2")),
            audience=known["audience"],
            scopes=_scopes(known["scopes"]),
            scope_days=_days(known["scope_days"]),
            form_version=known["form_version"],
            medium=choice(known, "medium", ("written", "recorded")),
            prompts=_prompts(known["prompts"]),
        ),
    )


def _scopes(text: str) -> tuple[Mapping[str, str], ...]:
    """Read `purpose:role:compartment+compartment`, separated by spaces."""
    words = text.split()
    if not words or not all(_SCOPE.fullmatch(word) for word in words):
        raise MisconfiguredError("config.adapter-setting", "scopes")
    return mapping.scopes_of(words)


def _days(text: str) -> int:
    if re.fullmatch(r"[0-9]{1,4}", text) is None:
        raise MisconfiguredError("config.adapter-setting", "scope_days")
    return int(text)


def _prompts(text: str) -> tuple[str, ...]:
    """Read which of the seven prompts the form speaks before its box: `all`, or their codes."""
    said = tuple(prompt.value for prompt in Prompt) if text == "all" else tuple(text.split())
    if not set(said) <= {*Prompt}:
        raise MisconfiguredError("config.adapter-setting", "prompts")
    return said
