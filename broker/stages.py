"""What an event is at each station of the line. Frozen, without methods that perform a step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from broker.quick_init import quick_init

if TYPE_CHECKING:
    from broker.names import AgencyId, EventId, KeyId, Lane, Leaf, PartName, RecordId, Topic
    from schemas.base import Compartment, EventData, OpenPart
    from schemas.catalogue import EventKind

Headers = tuple[tuple[str, bytes], ...]
"""The headers of a record as a node writes them: a multimap, in order."""

FetchedHeaders = tuple[tuple[str, bytes | None], ...]
"""The headers of a record as Kafka gives them: anybody's, and one may be without a value."""


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a draft comes from. The event's id is derived from it, so that reading a source again adds nothing."""

    system: str
    record_id: str = field(repr=False)
    revision: str = field(default="1", repr=False)


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An event as an adapter, an officer or a caller hands it in: CloudEvents JSON, nothing checked."""

    origin: Origin
    body: bytes = field(repr=False)


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """An event that the catalogue accepts: final id, subject and time; not yet allowed to go anywhere."""

    event_id: EventId
    kind: EventKind
    source: AgencyId
    named: tuple[AgencyId, ...] = field(repr=False)
    roles: tuple[str, ...] = field(repr=False)
    attributes: Mapping[str, str] = field(repr=False)
    """Every CloudEvents attribute of the cover but `audience`, in order."""
    data: EventData = field(repr=False)
    open_json: bytes = field(repr=False)
    compartments: Mapping[PartName, bytes] = field(repr=False)
    """JSON of each compartment that is there, in the order of the catalogue."""
    erasure_unit: str = field(repr=False)
    """The person within the case, else the case, else the event."""


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class ClearedPart:
    """Plaintext of one part of one copy, and exactly those who may open it (the source left out)."""

    name: PartName
    content: bytes = field(repr=False)
    readers: frozenset[AgencyId] = field(repr=False)


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """What goes onto one topic: the cover first, then the compartments that its readers may open."""

    topic: Topic
    audience: tuple[AgencyId, ...] = field(repr=False)
    parts: tuple[ClearedPart, ...]


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A recipient from a role that no agreement lets have the event, and why."""

    agency: AgencyId
    """Or `role:` and the role, where the federation has no agency of it."""
    code: str
    agreement: str
    clause: str


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class Cleared:
    """An event that the agreements in force let go, with its copies."""

    event_id: EventId
    source: AgencyId
    erasure_unit: str = field(repr=False)
    copies: tuple[Copy, ...]
    left_out: tuple[LeftOut, ...] = ()


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class Unsealed:
    """A record before it gets its place in the stream, its batch and its seal."""

    topic: Topic
    record_id: RecordId
    key: bytes | None
    value: bytes | None = field(repr=False)
    event_id: EventId | None = None
    """The event of which this is a copy; none for key records."""


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """A record exactly as it is published; after any crash the very same bytes are published again."""

    topic: Topic
    key: bytes | None
    headers: Headers = field(repr=False)
    value: bytes | None = field(repr=False)
    record_id: RecordId
    lane: Lane
    sequence: int
    leaf: Leaf
    event_id: EventId | None = None


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class StreamHead:
    """Where a source's stream on one topic stands: the last sequence and its leaf."""

    sequence: int
    leaf: Leaf


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A record as Kafka gave it; nothing in it is believed."""

    topic: Topic
    offset: int
    timestamp_ms: int
    """Milliseconds since the epoch, by the broker's clock (LogAppendTime)."""
    key: bytes | None
    value: bytes | None = field(repr=False)
    headers: FetchedHeaders = field(repr=False)


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """A fetched record whose seal holds: it was written by `source` for this topic at this place, unchanged."""

    fetched: Fetched = field(repr=False)
    source: AgencyId
    record_id: RecordId
    lane: Lane
    sequence: int
    previous: Leaf
    leaf: Leaf
    signing_key: KeyId
    federation: int
    """The federation version that the seal names."""


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedPart:
    """One compartment that this agency could open, parsed by the catalogue."""

    name: PartName
    content: bytes = field(repr=False)
    model: Compartment = field(repr=False)


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A verified event whose cover opened, with the compartments for which this agency has the keys."""

    verified: Verified = field(repr=False)
    event_id: EventId
    kind: EventKind
    source: AgencyId
    audience: tuple[AgencyId, ...] = field(repr=False)
    attributes: Mapping[str, str] = field(repr=False)
    """Every CloudEvents attribute of the cover."""
    cover: bytes = field(repr=False)
    open: OpenPart = field(repr=False)
    named: tuple[PartName, ...]
    """The compartments that the record carries, in order."""
    parts: Mapping[PartName, OpenedPart] = field(repr=False)
    missing: Mapping[PartName, KeyId] = field(repr=False)
    """Named parts whose key this agency does not have (yet), and the key's id."""
    withheld: Mapping[PartName, str]
    """Compartments that the source did not send to this agency, each with a code."""

    @property
    def read_tolerantly(self) -> bool:
        """Whether it names a schema other than the one that this release publishes (ADR 0012)."""
        return self.attributes["dataschema"] != self.kind.dataschema


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """A verified record whose cover's key this agency does not have (yet)."""

    verified: Verified = field(repr=False)
    key_id: KeyId


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """An opened event that this agency's own agreements let in."""

    opened: Opened
