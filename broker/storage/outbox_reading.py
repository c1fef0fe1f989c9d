"""What the outbox in SQLite tells: how far each event has come, its records, what answers are judged by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from broker.names import AgencyId, EventId, Lane, Leaf, RecordId, Topic
from broker.ports import Backlog, Cause, Refusal, SendState, SentCopy, SentEvent
from broker.stages import Sealed, StreamHead
from broker.storage.rows import draft_route, event_of_route, from_micros, unpack_headers, unpack_route

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from broker.ports import Route
    from broker.sealing.atrest import AtRest
    from broker.stages import Headers
    from broker.storage.database import Database, Row

DRAFT: Final = "outbox/draft"
ROUTE: Final = "outbox/route"
REFUSAL: Final = "outbox/refusal"
EVENT: Final = "outbox/event"
"""The labels under which the outbox encrypts and blinds."""

_TAGS_REMEMBERED: Final = 8192

_ROWS_OF: Final = """
    SELECT j.value FROM event f JOIN sealed g ON g.row = f.row JOIN json_each(g.records) j WHERE f.tag = ?
"""

RECORD: Final = """
    SELECT r.row, s.topic, r.key, r.headers, r.value, r.record_id, r.lane, r.sequence, r.leaf, e.tag, c.route
    FROM published_below b CROSS JOIN record r JOIN stream s ON s.id = r.stream
    LEFT JOIN event e ON e.row = r.event LEFT JOIN sealed c ON c.row = r.event
    LEFT JOIN published p ON p.row = r.row
"""
UNPUBLISHED: Final = RECORD + " WHERE p.row IS NULL AND r.row >= b.row AND r.row > ? ORDER BY r.row LIMIT ?"
_RECORDS_OF: Final = RECORD + " WHERE r.row IN (" + _ROWS_OF + ") ORDER BY r.row"
_EVENT_ROW: Final = """
    SELECT e.row, e.tag, e.accepted_at, c.route, c.records, d.body, f.body, f.refusal, f.refused_at
    FROM event e LEFT JOIN sealed c ON c.row = e.row LEFT JOIN draft d ON d.row = e.row
    LEFT JOIN refused f ON f.row = e.row
"""


class OutboxReading:
    """The reading half of `SqliteOutbox`."""

    def __init__(self, database: Database, *, source: AgencyId, at_rest: AtRest) -> None:
        """Read from an open outbox."""
        self._database = database
        self._source = source
        self._at_rest = at_rest
        self._tags: dict[EventId, bytes] = {}

    def heads(self) -> Mapping[Topic, StreamHead]:
        """See `Outbox.heads`."""
        rows = self._database.read("SELECT topic, sequence, leaf FROM stream")
        return {Topic(topic): StreamHead(sequence=sequence, leaf=Leaf(leaf)) for topic, sequence, leaf in rows}

    def has_batch(self, batch: bytes) -> bool:
        """See `Outbox.has_batch`."""
        return bool(self._database.read("SELECT 1 FROM batch WHERE id = ?", (batch,)))

    def sealed_here(self, topic: Topic, places: Sequence[tuple[int, Leaf]]) -> set[Leaf]:
        """See `Outbox.sealed_here`."""
        rows = self._database.read(
            "SELECT sequence, leaf FROM record WHERE stream = (SELECT id FROM stream WHERE topic = ?)"
            " AND sequence IN (SELECT value FROM json_each(?))",
            (topic, str([sequence for sequence, _ in places])),
        )
        return {leaf for _, leaf in set(rows) & set(places)}

    def cause(self, event_id: EventId) -> Cause | None:
        """See `Outbox.cause`."""
        tag = self._tag(event_id)
        rows = self._database.read(
            "SELECT c.route, d.body FROM event e LEFT JOIN sealed c ON c.row = e.row"
            " LEFT JOIN draft d ON d.row = e.row WHERE e.tag = ?",
            (tag,),
        )
        if not rows or rows[0] == (None, None):  # unknown, or refused
            return None
        _, route = self._route(tag, *rows[0])
        return Cause(
            event_id=event_id,
            type=route.type,
            source=self._source,
            subject=route.subject,
            audience=frozenset(agency for _, audience in route.copies for agency in audience),
        )

    def find(self, event_id: EventId) -> SentEvent | None:
        """See `Outbox.find`."""
        rows = self._database.read(f"{_EVENT_ROW} WHERE e.tag = ?", (self._tag(event_id),))
        return self._sent(rows[0]) if rows else None

    def events(self, *, limit: int, before: int | None = None) -> list[SentEvent]:
        """See `Outbox.events`."""
        rows = self._database.read(
            f"{_EVENT_ROW} WHERE ?1 IS NULL OR e.row < ?1 ORDER BY e.row DESC LIMIT ?2", (before, limit)
        )
        return [self._sent(row) for row in rows]

    def records_of(self, event_id: EventId) -> list[Sealed]:
        """See `Outbox.records_of`."""
        rows = self._database.read(_RECORDS_OF, (self._tag(event_id),))
        return [self._sealed(row) for row in rows]

    def backlog(self) -> Backlog:
        """See `Outbox.backlog`."""
        rows = self._database.read(
            "SELECT (SELECT count(*) FROM draft), (SELECT count(*) FROM refused),"
            " (SELECT count(*) FROM record WHERE row >= (SELECT row FROM published_below))"
            " - (SELECT count(*) FROM published WHERE row >= (SELECT row FROM published_below))"
        )
        accepted, refused, unpublished = rows[0]
        return Backlog(accepted=accepted, refused=refused, unpublished=unpublished)

    def _tag(self, event_id: EventId) -> bytes:
        """Return the tag by which an event is found; those of late are remembered."""
        tag = self._tags.get(event_id)
        if tag is None:
            if len(self._tags) >= _TAGS_REMEMBERED:
                self._tags.clear()
            tag = self._tags[event_id] = self._at_rest.tag(EVENT, event_id.encode())
        return tag

    def _route(self, tag: bytes, sealed: bytes | None, draft: bytes | None) -> tuple[EventId, Route]:
        """Return the id and the route of an event that is sealed, or else waits or was refused."""
        if sealed is not None:
            return unpack_route(self._at_rest.open(ROUTE, sealed, tag))
        return unpack_route(draft_route(self._at_rest.open(DRAFT, draft or b"", tag)))

    def _sealed(self, row: Row) -> Sealed:
        """Return the record of a row of `_RECORD`."""
        _, topic, key, headers, value, record_id, lane, sequence, leaf, tag, route = row
        event_id = None if tag is None else event_of_route(self._at_rest.open(ROUTE, route, tag))
        return Sealed(
            topic=Topic(topic),
            key=key,
            headers=cast("Headers", unpack_headers(headers)),  # this node gave each a value
            value=value,
            record_id=RecordId(record_id),
            lane=Lane(lane),
            sequence=sequence,
            leaf=Leaf(leaf),
            event_id=event_id,
        )

    def _sent(self, row: Row) -> SentEvent:
        """Return the event of a row of `_EVENT_ROW`."""
        number, tag, micros, sealed, records, draft, refused, why, refused_at = row
        event_id, route = self._route(tag, sealed, draft or refused)
        copies = self._copies(records, route) if records else ()
        refusal = None
        if why is not None:
            code, detail = self._at_rest.open(REFUSAL, why, tag).decode().split("\n", 1)
            refusal = Refusal(code=code, detail=detail, at=from_micros(refused_at))
        return SentEvent(
            row=number,
            event_id=event_id,
            state=_state(waiting=draft is not None, refused=refusal is not None, copies=copies),
            route=route,
            accepted_at=from_micros(micros),
            copies=copies,
            refusal=refusal,
        )

    def _copies(self, records: str, route: Route) -> tuple[SentCopy, ...]:
        audiences = dict(route.copies)
        rows = self._database.read(
            "SELECT s.topic, r.record_id, r.sequence, r.leaf, r.stored_at, p.offset, p.published_at"
            " FROM record r JOIN stream s ON s.id = r.stream LEFT JOIN published p ON p.row = r.row"
            " WHERE r.row IN (SELECT value FROM json_each(?)) ORDER BY r.row",
            (records,),
        )
        return tuple(
            SentCopy(
                topic=Topic(topic),
                audience=audiences.get(Topic(topic), ()),
                record_id=RecordId(record_id),
                sequence=sequence,
                leaf=Leaf(leaf),
                stored_at=from_micros(stored_at),
                offset=offset,
                published_at=None if published_at is None else from_micros(published_at),
            )
            for topic, record_id, sequence, leaf, stored_at, offset, published_at in rows
        )


def _state(*, waiting: bool, refused: bool, copies: Sequence[SentCopy]) -> SendState:
    if refused:
        return SendState.REFUSED
    if waiting:
        return SendState.ACCEPTED
    if all(copy.offset is not None for copy in copies):
        return SendState.PUBLISHED
    return SendState.SEALED
