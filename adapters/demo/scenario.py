"""What the demo plays, as data: cast, steps and refusals of `scenario.toml`, and the files of `samples/`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final, Literal

import orjson

from broker.errors import MisconfiguredError
from broker.names import AgencyId, agency_id

Language = Literal["id", "en"]

_HERE: Final = resources.files(__package__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A text in Indonesian and English."""

    id: str
    en: str

    def __call__(self, language: Language) -> str:
        """Return the text in a language."""
        return self.en if language == "en" else self.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """An agency that takes part, and what its node runs."""

    agency: AgencyId
    role: str
    name: Said
    short: Said
    adapter: str | None
    settings: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step: native files dropped for an adapter, or an officer's drafts."""

    number: int
    sender: AgencyId
    when: Said
    title: Said
    told: Said
    files: tuple[str, ...] = ()
    drafts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One attempt that must be refused."""

    attempt: str
    step: int
    """The step of whose event a record is taken."""
    taken: AgencyId
    """Whose copy of it."""
    at: AgencyId
    """Where it is refused: the reader of the copy to whose topic it is written, or the agency whose keys are tried."""
    title: Said
    told: Said


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """All that is played."""

    cast: tuple[Member, ...]
    steps: tuple[Step, ...]
    refusals: tuple[Refusal, ...]

    def member(self, agency: str) -> Member:
        """Return the member of that id."""
        return next(one for one in self.cast if one.agency == agency)


@cache
def scenario() -> Scenario:
    """Read `scenario.toml`."""
    rows = tomllib.loads((_HERE / "scenario.toml").read_text(encoding="utf-8"))
    return Scenario(
        cast=tuple(_member(row) for row in rows["cast"]),
        steps=tuple(_step(row) for row in rows["step"]),
        refusals=tuple(
            Refusal(
                attempt=row["attempt"],
                step=row["step"],
                taken=agency_id(row["taken"]),
                at=agency_id(row["at"]),
                title=_said(row, "title"),
                told=_said(row, "told"),
            )
            for row in rows["refusal"]
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """The files that the steps need: those of a folder of the user's, else our own."""

    folder: Path | None = None

    def read(self, name: str) -> bytes:
        """Return a file.

        Raises:
            MisconfiguredError: `demo.sample`; the user's file cannot be read.
        """
        if self.folder is not None and (self.folder / name).exists():
            try:
                return (self.folder / name).read_bytes()
            except OSError as error:
                raise MisconfiguredError("demo.sample", name) from error
        return (_HERE / "samples" / name).read_bytes()


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What later steps may refer to of an event that was sent."""

    event_id: str
    subject: str | None = field(repr=False)


def filled(name: str, content: bytes, played: dict[int, Played]) -> bytes:
    """Put ids and cases of earlier events into a draft.

    Args:
        name: the draft's file name, for the error.
        content: the draft; `@event-N` and `@case-N` stand for the id and the case of the event of step N.
        played: the events of the steps so far.

    Returns:
        The draft as JSON.

    Raises:
        MisconfiguredError: `demo.sample`; it is no JSON, or refers to a step that sent nothing.
    """
    names = {f"@event-{number}": one.event_id for number, one in played.items()}
    names |= {f"@case-{number}": one.subject for number, one in played.items() if one.subject}
    try:
        return orjson.dumps(_replaced(orjson.loads(content), names), option=orjson.OPT_INDENT_2)
    except (orjson.JSONDecodeError, KeyError) as error:
        raise MisconfiguredError("demo.sample", name) from error


def _replaced(value: Any, names: dict[str, str]) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, dict):
        return {key: _replaced(one, names) for key, one in value.items()}
    if isinstance(value, list):
        return [_replaced(one, names) for one in value]
    return names[value] if isinstance(value, str) and value.startswith(("@event-", "@case-")) else value


def _member(row: dict[str, Any]) -> Member:
    return Member(
        agency=agency_id(row["agency"]),
        role=row["role"],
        name=_said(row, "name"),
        short=_said(row, "short"),
        adapter=row.get("adapter"),
        settings=row.get("settings", {}),
    )


def _step(row: dict[str, Any]) -> Step:
    return Step(
        number=row["number"],
        sender=agency_id(row["sender"]),
        when=_said(row, "when"),
        title=_said(row, "title"),
        told=_said(row, "told"),
        files=tuple(row.get("files", ())),
        drafts=tuple(row.get("drafts", ())),
    )


def _said(row: dict[str, Any], name: str) -> Said:
    return Said(id=row[f"{name}_id"], en=row[f"{name}_en"])
