"""Reads the inbox: what lies there sealed is opened again, each time, with the keys that are held at that time.

Rules:
- An event is shown with every part that its records have brought and that opens; one view, whichever came first.
- What does not open any more (its keys were destroyed) is a result of its own, never an error and never an empty event.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import orjson

from broker.errors import RejectedError
from broker.names import EventId
from broker.ports import Cause, Delivery
from broker.sealing.keyring import Keyring
from broker.sealing.unseal import open_record
from broker.stages import Admitted, Closed, Opened

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from broker.names import AgencyId, KeyId, PartName
    from broker.ports import Entry, Inbox, Kept, KeyStore

_CAUSES_KEPT: Final = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """An entry whose event does not open (any more)."""

    entry: int
    code: str


class InboxReader:
    """Opens what the inbox holds. May be called from several threads."""

    def __init__(self, inbox: Inbox, keys: KeyStore, keyring: Keyring) -> None:
        """Take the inbox and this node's data keys."""
        self._inbox = inbox
        self._keys = keys
        self._keyring = keyring
        self._causes: OrderedDict[EventId, Cause] = OrderedDict()
        self._forgotten = 0
        self._lock = threading.Lock()

    def read(self, entry: Entry) -> Delivery | Unreadable:
        """Open the event of an entry, as it stands now.

        Raises:
            StorageError: a store is away.
        """
        try:
            opened = self.merged(self._inbox.records(entry.row))
        except RejectedError as error:
            return Unreadable(entry=entry.number, code=error.code)
        if opened is None:
            return Unreadable(entry=entry.number, code="inbound.unreadable")
        return Delivery(entry=entry.number, kind=entry.kind, event=_read_back(opened))

    def entries(
        self, after: int, limit: int, *, types: frozenset[str] | None = None
    ) -> tuple[list[Delivery | Unreadable], int]:
        """Read entries in order.

        Args:
            after: the number of the last entry that is not wanted any more.
            limit: the most entries to look at.
            types: event types to return; all if none. What does not open is returned always.

        Returns:
            The events, and the number of the last entry looked at: the next `after`.
        """
        entries = self._inbox.entries(after, limit)
        found = [self.read(entry) for entry in entries]
        wanted = [one for one in found if types is None or isinstance(one, Unreadable) or _type_of(one) in types]
        return wanted, entries[-1].number if entries else after

    def event(self, source: AgencyId, event_id: EventId) -> Opened | None:
        """Open an event by its name; None if it is not here or does not open.

        Raises:
            RejectedError: what was accepted once does not hold any more (a catalogue that changed).
            StorageError: a store is away.
        """
        return self.merged(self._inbox.event(event_id, source))

    def cause(self, event_id: EventId, among: frozenset[AgencyId] = frozenset()) -> Cause | None:
        """Return what this node was sent of an event that another one answers or names.

        Args:
            event_id: its id, which whoever learns it can use for an event of its own.
            among: who is answered. Of several sources that use the id, the one among these is meant.

        Returns:
            None if it is not here, or if it is not certain which source is meant.
        """
        with self._lock:
            known, forgotten = self._causes.get(event_id), self._forgotten
        if known is not None:
            return known
        sources = {source for source, _ in self._inbox.known([event_id])}
        alone = len(sources) == 1
        meant = sources if alone else sources & among
        if len(meant) != 1:
            # Whoever learnt an id could else put an event of its own in the place of the one that is answered.
            return None
        try:
            opened = self.merged(self._inbox.event(event_id, *meant))
        except RejectedError:
            return None
        if opened is None:
            return None
        cause = cause_of(opened)
        with self._lock:
            if alone and forgotten == self._forgotten:  # else a further record may have come since it was read
                self._causes[event_id] = cause
                if len(self._causes) > _CAUSES_KEPT:
                    self._causes.popitem(last=False)
        return cause

    def forget_causes(self, event_ids: Iterable[EventId]) -> None:
        """Drop what is remembered of events of which further records have been committed."""
        with self._lock:
            self._forgotten += 1
            for event_id in event_ids:
                self._causes.pop(event_id, None)

    def merged(self, records: Sequence[Kept]) -> Opened | None:
        """Open the records of one event and put their parts together; None if none of them opens."""
        views = [view for kept in records if isinstance(view := self.open(kept), Opened)]
        if not views:
            return None
        first, *others = views
        for other in others:
            first = merge(first, other)
        return first

    def open(self, kept: Kept) -> Opened | Closed:
        """Open one record, leaving closed what was refused when its key came late."""
        return open_record(kept.verified, self.keyring(kept.refused))

    def keyring(self, refused: frozenset[KeyId]) -> Keyring:
        """Return the data keys without some."""
        if not refused:
            return self._keyring
        load = self._keys.data_key
        return Keyring(lambda source, key_id: None if key_id in refused else load(source, key_id), capacity=16)


def merge(first: Opened, further: Opened) -> Opened:
    """Put the parts of a further record of the same event beside those of the first."""
    parts = {**further.parts, **first.parts}
    missing = {**further.missing, **first.missing}
    withheld = {**further.withheld, **first.withheld}
    named = first.named + tuple(name for name in further.named if name not in first.named)
    return replace(
        first,
        audience=tuple(sorted({*first.audience, *further.audience})),
        named=named,
        parts={name: parts[name] for name in named if name in parts},
        missing={name: missing[name] for name in named if name in missing and name not in parts},
        withheld={name: code for name, code in withheld.items() if name not in named},
    )


def contradicts(first: Opened, further: Opened) -> bool:
    """Say whether two records of one event differ in anything but audience and what is withheld."""
    if first.kind.type != further.kind.type or first.open != further.open:
        return True
    ours, theirs = dict(first.attributes), dict(further.attributes)
    ours.pop("audience", None)
    theirs.pop("audience", None)
    if ours != theirs:
        return True
    both = first.parts.keys() & further.parts.keys()
    if any(first.parts[name].model != further.parts[name].model for name in both):
        return True
    # Two records of one schema that is not ours may differ in what was dropped, and one that knows it would see it.
    return first.read_tolerantly and (
        _canonical(_open_as_it_came(first)) != _canonical(_open_as_it_came(further))
        or any(_canonical(_as_it_came(first, name)) != _canonical(_as_it_came(further, name)) for name in both)
    )


def cause_of(opened: Opened) -> Cause:
    """Return what an answer to this event is judged by."""
    return Cause(
        event_id=opened.event_id,
        type=opened.kind.type,
        source=opened.source,
        subject=opened.attributes.get("subject"),
        audience=frozenset(opened.audience),
    )


def cause_named_by(opened: Opened) -> EventId | None:
    """Return the event that this one answers."""
    name = opened.attributes.get("causationid")
    return None if name is None else EventId(name)


def plain_parts(opened: Opened) -> dict[str, Any]:
    """Return what opens here as plain JSON values by part: `open` first, then the compartments.

    Of what was read tolerantly, only what the catalogue here knows: nothing has checked the rest, which may hold
    whatever upsets a screen or a file. It stays in the record, for a release that knows it.
    """
    if opened.read_tolerantly:
        known = {"open": opened.open.to_json()} | {
            str(name): part.model.to_json() for name, part in opened.parts.items()
        }
        return {name: orjson.loads(content) for name, content in known.items()}
    return {"open": _open_as_it_came(opened)} | {str(name): _as_it_came(opened, name) for name in opened.parts}


def _open_as_it_came(opened: Opened) -> Any:  # noqa: ANN401 - any JSON
    return orjson.loads(opened.cover)["data"]["open"]


def _as_it_came(opened: Opened, name: PartName) -> Any:  # noqa: ANN401 - any JSON
    return orjson.loads(opened.parts[name].content)


def _canonical(value: Any) -> bytes:  # noqa: ANN401 - any JSON
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)  # in Python, true is 1


def closed(opened: Opened) -> dict[str, str]:
    """Return the compartments that this agency cannot open, each with a code that says why."""
    missing = dict.fromkeys(map(str, opened.missing), "closed.no-key")
    return missing | {str(name): code for name, code in opened.withheld.items()}


def _read_back(opened: Opened) -> Admitted:
    """Return an event of an entry to the stage that it had when it was committed.

    An entry is made of nothing but what `admit` let in, and is not judged again: what an agency was given under the
    agreements of the day stays given when they change.
    """
    return Admitted(opened=opened)


def _type_of(delivery: Delivery) -> str:
    return delivery.event.opened.kind.type
