"""The outbox and the key store in memory, for tests: the same ports, proven by the same contract suites.

They hold values as they are; nothing here is encrypted or survives the process.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from broker.errors import StorageError
from broker.ports import Accepted, Backlog, Cause, SendState, SentCopy, SentEvent, StoredRecord

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from broker.names import AgencyId, EventId, KeyId, Leaf, Topic
    from broker.ports import (
        DataKey,
        Finding,
        NewKeys,
        ReceivedKeys,
        Refusal,
        Route,
        SealedBatch,
        Submission,
        WrappingKey,
    )
    from broker.stages import Sealed, StreamHead, Verified


@dataclass(slots=True, kw_only=True)
class _Event:
    row: int
    submission: Submission
    route: Route
    accepted_at: datetime
    refusal: Refusal | None = None
    sealed: bool = False


@dataclass(slots=True, kw_only=True)
class _Record:
    row: int
    record: Sealed
    stored_at: datetime
    offset: int | None = None
    published_at: datetime | None = None


@dataclass(slots=True, kw_only=True)
class MemoryOutbox:
    """`Outbox` in memory."""

    source: AgencyId
    _events: dict[EventId, _Event] = field(default_factory=dict, repr=False)
    _records: list[_Record] = field(default_factory=list, repr=False)
    _heads: dict[Topic, StreamHead] = field(default_factory=dict)
    _batches: set[bytes] = field(default_factory=set)
    _additions: int = 0
    _row: int = 0

    def accept(self, submissions: Sequence[Submission], at: datetime) -> list[int | None]:
        """See `Outbox.accept`."""
        rows: list[int | None] = []
        for item in submissions:
            known = self._events.get(item.event_id)
            if known is not None and known.refusal is None:
                rows.append(None)
                continue
            self._row += 1
            # Taken out first, so that an event taken again stands at the end of the row.
            self._events.pop(item.event_id, None)
            self._events[item.event_id] = _Event(row=self._row, submission=item, route=item.route, accepted_at=at)
            rows.append(self._row)
        self._additions += 1
        return rows

    def waiting(self, limit: int, at: datetime) -> list[int]:
        """See `Outbox.waiting`."""
        return [event.row for event in self._waiting() if (event.submission.release_at or at) <= at][:limit]

    def drafts(self, rows: Sequence[int]) -> list[Accepted]:
        """See `Outbox.drafts`."""
        return [
            Accepted(
                row=event.row,
                event_id=event.submission.event_id,
                draft=event.submission.draft,
                accepted_at=event.accepted_at,
            )
            for event in self._waiting()
            if event.row in rows
        ]

    def _waiting(self) -> list[_Event]:
        return [event for event in self._events.values() if not event.sealed and event.refusal is None]

    def heads(self) -> Mapping[Topic, StreamHead]:
        """See `Outbox.heads`."""
        return dict(self._heads)

    def store(self, *, events: Sequence[tuple[Accepted, Route]], sealed: SealedBatch, at: datetime) -> list[int]:
        """See `Outbox.store`."""
        taken = {(item.record.topic, item.record.sequence) for item in self._records}
        if any((record.topic, record.sequence) in taken for record in sealed.records):
            raise StorageError("store.conflict", "a place in a stream is taken")
        for event, _ in events:
            self._of(event)
        for event, route in events:
            kept = self._events[event.event_id]
            kept.sealed, kept.route = True, route
        first = len(self._records) + 1
        self._records += [
            _Record(row=row, record=record, stored_at=at) for row, record in enumerate(sealed.records, start=first)
        ]
        self._heads |= sealed.heads
        if sealed.batch is not None:
            self._batches.add(sealed.batch)
        return list(range(first, first + len(sealed.records)))

    def _of(self, event: Accepted) -> _Event:
        kept = self._events.get(event.event_id)
        if kept is None or kept.sealed or kept.refusal is not None:
            raise StorageError("store.conflict", "a draft is not waiting any more")
        return kept

    def has_batch(self, batch: bytes) -> bool:
        """See `Outbox.has_batch`."""
        return batch in self._batches

    def refuse(self, event: Accepted, refusal: Refusal) -> None:
        """See `Outbox.refuse`."""
        self._of(event).refusal = refusal

    def unpublished(self, limit: int, after: int = 0) -> list[StoredRecord]:
        """See `Outbox.unpublished`."""
        left = [item for item in self._records if item.offset is None and item.row > after]
        return [StoredRecord(row=item.row, record=item.record) for item in left[:limit]]

    def mark(self, published: Sequence[tuple[int, int]], at: datetime) -> None:
        """See `Outbox.mark`."""
        for row, offset in published:
            item = self._records[row - 1]
            if item.offset is None:
                item.offset, item.published_at = offset, at

    def sealed_here(self, topic: Topic, places: Sequence[tuple[int, Leaf]]) -> set[Leaf]:
        """See `Outbox.sealed_here`."""
        stored = {(item.record.sequence, item.record.leaf) for item in self._records if item.record.topic == topic}
        return {leaf for _, leaf in stored & set(places)}

    def cause(self, event_id: EventId) -> Cause | None:
        """See `Outbox.cause`."""
        event = self._events.get(event_id)
        if event is None or event.refusal is not None:
            return None
        return Cause(
            event_id=event_id,
            type=event.route.type,
            source=self.source,
            subject=event.route.subject,
            audience=frozenset(agency for _, audience in event.route.copies for agency in audience),
        )

    def find(self, event_id: EventId) -> SentEvent | None:
        """See `Outbox.find`."""
        event = self._events.get(event_id)
        if event is None:
            return None
        audiences = dict(event.route.copies)
        copies = tuple(
            SentCopy(
                topic=item.record.topic,
                audience=audiences.get(item.record.topic, ()),
                record_id=item.record.record_id,
                sequence=item.record.sequence,
                leaf=item.record.leaf,
                stored_at=item.stored_at,
                offset=item.offset,
                published_at=item.published_at,
            )
            for item in self._records
            if item.record.event_id == event_id
        )
        return SentEvent(
            row=event.row,
            event_id=event_id,
            state=_state(event, copies),
            route=event.route,
            accepted_at=event.accepted_at,
            copies=copies,
            refusal=event.refusal,
        )

    def events(self, *, limit: int, before: int | None = None) -> list[SentEvent]:
        """See `Outbox.events`."""
        newest = [
            event_id for event_id, event in reversed(self._events.items()) if before is None or event.row < before
        ]
        return [sent for event_id in newest[:limit] if (sent := self.find(event_id)) is not None]

    def records_of(self, event_id: EventId) -> list[Sealed]:
        """See `Outbox.records_of`."""
        return [item.record for item in self._records if item.record.event_id == event_id]

    def backlog(self) -> Backlog:
        """See `Outbox.backlog`."""
        events = self._events.values()
        return Backlog(
            accepted=sum(not event.sealed and event.refusal is None for event in events),
            unpublished=sum(item.offset is None for item in self._records),
            refused=sum(event.refusal is not None for event in events),
        )

    def change_mark(self) -> int:
        """See `Outbox.change_mark`."""
        return self._additions


def _state(event: _Event, copies: Sequence[SentCopy]) -> SendState:
    if event.refusal is not None:
        return SendState.REFUSED
    if not event.sealed:
        return SendState.ACCEPTED
    if all(copy.offset is not None for copy in copies):
        return SendState.PUBLISHED
    return SendState.SEALED


@dataclass(slots=True, kw_only=True)
class MemoryKeyStore:
    """`KeyStore` in memory."""

    _data: dict[tuple[AgencyId, KeyId], bytes] = field(default_factory=dict, repr=False)
    _wraps: dict[tuple[AgencyId, KeyId], bytes] = field(default_factory=dict, repr=False)
    _own: dict[tuple[bytes, bytes], DataKey] = field(default_factory=dict, repr=False)
    _own_wraps: dict[tuple[AgencyId, KeyId, str], WrappingKey] = field(default_factory=dict, repr=False)
    _numbers: dict[bytes, int] = field(default_factory=dict)
    _unannounced: dict[bytes, NewKeys] = field(default_factory=dict, repr=False)
    _heads: dict[Topic, StreamHead] = field(default_factory=dict)
    _offsets: dict[Topic, int] = field(default_factory=dict)
    _waiting: dict[tuple[Topic, int], Verified] = field(default_factory=dict, repr=False)
    _findings: list[Finding] = field(default_factory=list)

    def data_key(self, source: AgencyId, key_id: KeyId) -> bytes | None:
        """See `KeyStore.data_key`."""
        return self._data.get((source, key_id))

    def wrapping_key(self, source: AgencyId, key_id: KeyId) -> bytes | None:
        """See `KeyStore.wrapping_key`."""
        return self._wraps.get((source, key_id))

    def own_data_keys(self, units: Collection[bytes]) -> Mapping[tuple[bytes, bytes], DataKey]:
        """See `KeyStore.own_data_keys`."""
        return {place: key for place, key in self._own.items() if place[0] in units}

    def own_wrapping_key(self, recipient: AgencyId, receiving_key_id: KeyId, day: str) -> WrappingKey | None:
        """See `KeyStore.own_wrapping_key`."""
        return self._own_wraps.get((recipient, receiving_key_id, day))

    def next_numbers(self, pair_units: Collection[bytes]) -> Mapping[bytes, int]:
        """See `KeyStore.next_numbers`."""
        return {unit: self._numbers.get(unit, 0) + 1 for unit in pair_units}

    def add(self, new: NewKeys) -> None:
        """See `KeyStore.add`."""
        if new.batch in self._unannounced or any((unit, who) in self._own for unit, who, _ in new.data_keys):
            raise StorageError("store.conflict", "a key of this unit and these readers is there")
        for unit, readers, key in new.data_keys:
            self._own[unit, readers] = key
            self._data[new.source, key.key_id] = key.key
        for day, wrapping in new.wrapping_keys:
            self._own_wraps[wrapping.recipient, wrapping.receiving_key_id, day] = wrapping
            self._wraps[new.source, wrapping.key_id] = wrapping.key
        for unit, number in new.numbers.items():
            self._numbers[unit] = max(number, self._numbers.get(unit, 0))
        self._unannounced[new.batch] = new

    def announce(self, batch: bytes) -> None:
        """See `KeyStore.announce`."""
        self._unannounced.pop(batch, None)

    def unannounced(self) -> list[bytes]:
        """See `KeyStore.unannounced`."""
        return list(self._unannounced)

    def discard(self, batch: bytes) -> None:
        """See `KeyStore.discard`."""
        new = self._unannounced.pop(batch, None)
        if new is None:
            return
        for unit, readers, key in new.data_keys:
            del self._own[unit, readers], self._data[new.source, key.key_id]
        for day, wrapping in new.wrapping_keys:
            del self._own_wraps[wrapping.recipient, wrapping.receiving_key_id, day]
            del self._wraps[new.source, wrapping.key_id]

    def heads(self) -> Mapping[Topic, StreamHead]:
        """See `KeyStore.heads`."""
        return dict(self._heads)

    def offsets(self) -> Mapping[Topic, int]:
        """See `KeyStore.offsets`."""
        return dict(self._offsets)

    def commit(self, received: ReceivedKeys) -> None:
        """See `KeyStore.commit`."""
        for topic, (expected, _) in received.offsets.items():
            if self._offsets.get(topic, 0) != expected:
                raise StorageError("store.moved", topic)
        self._offsets |= {topic: following for topic, (_, following) in received.offsets.items()}
        for source, key in received.data_keys:
            self._data.setdefault((source, key.key_id), key.key)
        for source, key_id, wrapping in received.wrapping_keys:
            self._wraps.setdefault((source, key_id), wrapping)
        for item in received.done_waiting:
            self._waiting.pop((item.fetched.topic, item.fetched.offset), None)
        for item in received.waiting:
            self._waiting.setdefault((item.fetched.topic, item.fetched.offset), item)
        self._heads |= received.heads
        self._findings += received.findings

    def waiting_units(self) -> list[Verified]:
        """See `KeyStore.waiting_units`."""
        return [item for _, item in sorted(self._waiting.items(), key=lambda entry: entry[0])]

    def findings(self, *, after: int, limit: int) -> list[tuple[int, Finding]]:
        """See `KeyStore.findings`."""
        return list(enumerate(self._findings, start=1))[after : after + limit]
