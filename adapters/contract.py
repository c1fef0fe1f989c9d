"""What every agency's adapter fulfils, and the plain values that pass between it and the node.

Rules:

- a mapping is pure and returns plain JSON, as a `Draft`, with its `Origin`; the broker alone decides what may go;
- a record that cannot be mapped is a `Reject`: file, row, field and code, never a value; the rest goes on;
- a record is known by (system, record id, revision): reading it again adds nothing, an edited one is a new event;
- a sink is idempotent by (source, event id) and returns only when what it was given is durable; an event that comes
  again with parts that came late is written again, after its first form.

An adapter is found by its entry point in the group `simpul.adapters`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, Generic, Protocol, TypeVar

import orjson

from broker.errors import MisconfiguredError
from broker.pipeline.reading import closed, plain_parts
from broker.stages import Draft, Origin

if TYPE_CHECKING:
    from pathlib import Path

    from broker.errors import RejectedError
    from broker.names import AgencyId, EventId
    from broker.ports import Sink
    from broker.stages import LeftOut, Opened

T = TypeVar("T")

WHOLE_FILE: Final = 0
"""The row of a reject that concerns the file as such."""

Faults = list[tuple[str, str]]
"""All that is wrong with a record, each as (field, code); the field as the documented format has it."""

_ENVELOPE: Final = {
    "status": ("Actual", "Exercise", "Test"),
    "tlp": ("green", "amber", "amber+strict", "red"),
    "pap": ("clear", "green", "amber", "red"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Records(Generic[T]):
    """A native file as `native.py` reads it: how many records it has, and each with its row, in order."""

    total: int
    rows: Iterator[tuple[int, T | Faults]] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject:
    """Something in a native file that did not become an event: where, and which rule; never a value."""

    file: str = field(repr=False)
    row: int
    """The line of a CSV file, its header being 1; the place of a record in a JSON file, from 1; 0 is the file."""
    field: str
    """The name of a column or property as the documented format has it; never a name that the file invented."""
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A record that became a draft."""

    row: int
    draft: Draft = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordinary:
    """A record that is right and gives no event, such as a crossing that nobody flagged."""

    row: int


Mapped = Offer | Ordinary | Reject


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A native file as it is being mapped: how many records it has, and what becomes of each, in order."""

    total: int
    mapped: Iterable[Mapped] = field(repr=False)


class FileRole(StrEnum):
    """What a file in the drop folder is to an adapter."""

    RECORDS = "records"
    """Read, mapped, moved to `done/`."""
    REFERENCE = "reference"
    """Read beside the records, and left where it is."""
    STRANGER = "stranger"
    """Not one of ours: moved to `rejected/`."""


class Source(Protocol):
    """Where an agency's native records come from. Called from a thread of its own."""

    @property
    def folder(self) -> Path:
        """The drop folder."""

    def role(self, name: str) -> FileRole:
        """Say what a file of that name is."""

    def read(self, name: str, content: bytes) -> Reading:
        """Map a file of records.

        Args:
            name: the file's name.
            content: the whole file.

        Returns:
            What becomes of each record; `mapped` may be lazy.

        Raises:
            RejectedError: the file cannot be read at all.
            UnavailableError: what is needed to read it is not here yet; the file waits.
        """


class Adapter(Protocol):
    """One agency's adapter: what it reads, where it delivers."""

    @property
    def name(self) -> str:
        """The name of its entry point."""

    def source(self, folder: Path, settings: Mapping[str, str]) -> Source:
        """Return the source that reads `<folder>/drop`.

        Raises:
            MisconfiguredError: a setting is unknown, missing or not possible.
        """

    async def feed(self, folder: Path, settings: Mapping[str, str], accept: Accept, tell: Tell) -> None:
        """Hand in drafts from the agency's own records until cancelled.

        Args:
            folder: the node's folder.
            settings: of this adapter.
            accept: makes drafts durable in the outbox.
            tell: is told of progress and of what has to wait: codes and counts, never a value.

        Raises:
            MisconfiguredError: a setting is unknown, missing or not possible.
        """

    def sink(self, folder: Path, settings: Mapping[str, str]) -> Sink:
        """Return the sink that writes into `<folder>/delivered`.

        Raises:
            MisconfiguredError: a setting is unknown, missing or not possible.
        """


class Result(Protocol):
    """What the node says to one draft."""

    @property
    def refused(self) -> RejectedError | None:
        """Why it was refused; None once it is durable, also when it was known already."""

    @property
    def left_out(self) -> Sequence[LeftOut]:
        """Whom a role of its audience stands for and no agreement lets have it."""


Accept = Callable[[Sequence[Draft]], Awaitable[Sequence[Result]]]
"""Make drafts durable in the outbox; one result for each, in order. Raises UnavailableError: try all of them again."""

Tell = Callable[[str, Mapping[str, object]], None]
"""Say that something happened: a name, and fields that hold no value of a record."""


# --- from native to event ---------------------------------------------------------------------------------------


def reading(file: str, records: Records[T], mapped: Callable[[int, T], Mapped]) -> Reading:
    """Map the records of a file.

    Args:
        file: its name.
        records: as `native.py` reads them.
        mapped: maps the record of a row; a `Reject` that it returns needs no file.
    """
    return Reading(total=records.total, mapped=mapped_each(file, records.rows, mapped))


def mapped_each(
    file: str, rows: Iterable[tuple[int, T | Faults]], mapped: Callable[[int, T], Mapped]
) -> Iterator[Mapped]:
    """Map records that were read one by one, as `reading` does."""
    for row, record in rows:
        if isinstance(record, list):
            yield from rejects(file, row, record)
            continue
        one = mapped(row, record)
        yield replace(one, file=file) if isinstance(one, Reject) else one


def rejects(file: str, row: int, faults: Faults) -> list[Reject]:
    """Reject a record for all that is wrong with it."""
    return [Reject(file=file, row=row, field=name, code=code) for name, code in faults]


def offer(row: int, origin: Origin, body: Mapping[str, Any]) -> Offer:
    """Wrap a CloudEvent, as plain JSON values, into a draft."""
    return Offer(row=row, draft=Draft(origin=origin, body=orjson.dumps(body)))


def settings_of(settings: Mapping[str, str], defaults: Mapping[str, str]) -> Mapping[str, str]:
    """Fill in what an adapter's settings leave out.

    Args:
        settings: as configured for the node.
        defaults: every setting that the adapter knows.

    Returns:
        A value for each known setting.

    Raises:
        MisconfiguredError: a setting is not known.
    """
    unknown = sorted(settings.keys() - defaults.keys())
    if unknown:
        raise MisconfiguredError("config.adapter-setting", f"unknown: {', '.join(unknown)}")
    return {**defaults, **settings}


def choice(settings: Mapping[str, str], name: str, allowed: Iterable[str]) -> str:
    """Return a setting that must be one of a few words.

    Raises:
        MisconfiguredError: it is another.
    """
    if settings[name] not in set(allowed):
        raise MisconfiguredError("config.adapter-setting", name)
    return settings[name]


def terms_of(settings: Mapping[str, str]) -> dict[str, str]:
    """Return the settings that every event says as they are, `status`, `tlp` and `pap`: those that the adapter knows.

    Raises:
        MisconfiguredError: one of them is not possible.
    """
    return {name: choice(settings, name, allowed) for name, allowed in _ENVELOPE.items() if name in settings}


# --- from event to native ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """An event as plain JSON values, as far as this agency may and can open it."""

    source: AgencyId
    event_id: EventId
    type: str
    attributes: Mapping[str, str] = field(repr=False)
    parts: Mapping[str, Mapping[str, Any]] = field(repr=False)
    """`open` first, then each compartment that is open here."""
    closed: Mapping[str, str]
    """Compartments whose key is not here (yet), or that were not sent to this agency, each with a code."""

    @property
    def mark(self) -> str:
        """What a sink knows a delivery by: source, event id, and the parts that are there."""
        return f"{self.source} {self.event_id} {'+'.join(self.parts)}"


def received(opened: Opened) -> Received:
    """Return the plain values of an opened event."""
    return Received(
        source=opened.source,
        event_id=opened.event_id,
        type=opened.kind.type,
        attributes=opened.attributes,
        parts=plain_parts(opened),
        closed=closed(opened),
    )
