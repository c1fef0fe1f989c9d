"""Takes events in: verified, put in their place in the stream, opened, admitted, and committed in one transaction.

Rules:
- A validly sealed record advances its stream, whatever becomes of its event; its event is opened only at its turn.
- What is at fault goes into quarantine with a code, and the rest goes on: nothing blocks, nothing is skipped silently.
- An event is known by (source, event id). A further record adds the parts that are not held yet, is dropped if it adds
  nothing, and is quarantined with a finding if anything but audience and what is withheld differs.
- What was sealed before this agency joined, and so not for it, is passed over and counted. When it joined is a fact of
  the inbox, not of the keys listed now: those are renewed, and what waits for a key must outlive that.
- A cover whose key has not come waits; a part whose key has not come completes its event later.
- This node's own records are not unsealed but compared with what its outbox says that it sealed.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import timedelta
from functools import reduce
from typing import TYPE_CHECKING, Final

from broker import telemetry
from broker.errors import ForbiddenError, RejectedError, UntrustedError
from broker.pipeline.completeness import Placed, Streams
from broker.pipeline.reading import cause_named_by, cause_of, contradicts, merge
from broker.pipeline.remarks import Remarks, claimed_source
from broker.policy import admit
from broker.ports import Cause, EntryKind, Finding, Keep, State, Station, Taken
from broker.sealing.unseal import open_record, require_sound, sealed_at
from broker.stages import Closed, Opened

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from broker.names import AgencyId, EventId, KeyId, Leaf, Topic
    from broker.pipeline.receiver import Receiver
    from broker.pipeline.trust import InForce
    from broker.ports import Kept
    from broker.stages import Admitted, Fetched, Verified

CLOCK_PATIENCE: Final = timedelta(minutes=10)
"""How far the time in a seal may lie beyond this node's clock before that is reported."""


class EventFeed:
    """Takes events into the inbox. Its steps take turns, whichever thread calls."""

    def __init__(self, receiver: Receiver) -> None:
        """Take the stores, and what opens records for this agency."""
        self._receiver = receiver
        self._inbox = receiver.inbox
        self._reader = receiver.reader
        self._lock = threading.Lock()
        self._reported: set[tuple[str, Topic, AgencyId]] = set()

    def take(
        self,
        batch: Sequence[Fetched],
        in_force: InForce,
        *,
        offsets: Mapping[Topic, tuple[int, int]],
        at: datetime,
    ) -> None:
        """Take one batch of records in and make it durable.

        Args:
            batch: records of event topics, in order within each.
            in_force: the newest federation.
            offsets: topic to (offset expected in the inbox, offset of the next record to read).
            at: the time by this node's clock.

        Raises:
            StorageError: another reader was quicker, or a store is away; nothing was taken.
        """
        with self._lock:
            step = self._begin(in_force, at)
            placed = [one for seen in self._verified(batch, step) for one in step.streams.place(seen)]
            self._let_in(placed, step)
            self._commit(step, offsets=offsets, count=len(batch))

    def complete(self, keys: Sequence[tuple[AgencyId, KeyId]], in_force: InForce, *, at: datetime) -> None:
        """Go on with what waited for keys that are now held: covers are let in, missing parts are added.

        Raises:
            StorageError: a store is away, or another was quicker; nothing was changed.
        """
        with self._lock:
            waited = self._inbox.waiting_for(keys)
            if not waited:
                return
            step = self._begin(in_force, at)
            covers = [
                Placed(verified=kept.verified, row=kept.row, was=kept.state)
                for kept in waited
                if kept.state is State.WAITING
            ]
            self._let_in(covers, step)
            for kept in waited:
                if kept.state is State.ADMITTED:
                    self._add_late_parts(kept, frozenset(key_id for _, key_id in keys), step)
            self._commit(step, count=len(waited))

    def note_joining(self, in_force: InForce) -> None:
        """Note since when anything can be sealed for this agency: nobody had a key of it before.

        Raises:
            StorageError: the inbox is away.
        """
        me = in_force.federation.agencies.get(self._receiver.me)
        if me is not None and me.receiving:
            self._inbox.join(min(key.not_before for key in me.receiving))

    # --- one step ---------------------------------------------------------------------------------

    def _begin(self, in_force: InForce, at: datetime) -> _Step:
        remarks = Remarks(at=at)
        return _Step(in_force=in_force, remarks=remarks, streams=Streams(self._inbox, remarks))

    def _verified(self, batch: Iterable[Fetched], step: _Step) -> list[Verified]:
        """Verify each record; set aside what does not hold, and leave out this node's own."""
        verify, federation = self._receiver.verifier.verify, step.in_force.federation
        others: list[Verified] = []
        own: dict[Topic, list[Verified]] = {}
        for fetched in batch:
            try:
                seen = verify(fetched, federation)
            except UntrustedError as error:
                claim = claimed_source(fetched, federation)
                step.remarks.set_aside(fetched, claim, error.code, "unseal", proven=False)
                continue
            if seen.source == self._receiver.me:
                own.setdefault(fetched.topic, []).append(seen)
            else:
                others.append(seen)
        for topic, mine in own.items():
            self._compare(topic, mine, step)
        for newest in {(seen.fetched.topic, seen.source): seen for seen in others}.values():
            self._look_at_seal(newest, step)
        return others

    def _look_at_seal(self, seen: Verified, step: _Step) -> None:
        """Report, once a stream, a seal of a federation or a time that this node has not come to."""
        if seen.federation > step.in_force.federation.version:
            self._report_stream(seen, "inbound.newer-federation", f"version {seen.federation}", step)
        if sealed_at(seen) > step.remarks.at + CLOCK_PATIENCE:
            self._report_stream(seen, "inbound.sealed-ahead", f"sequence {seen.sequence}", step)

    def _report_stream(self, seen: Verified, code: str, detail: str, step: _Step) -> None:
        topic, source = seen.fetched.topic, seen.source
        if (code, topic, source) not in self._reported:
            step.reported.add((code, topic, source))
            # About the stream, not a record of it: with one offset for all, the inbox has it once, also when restarted.
            found = Finding(code=code, source=source, topic=topic, offset=0, at=step.remarks.at, detail=detail)
            step.remarks.findings.append(found)

    def _compare(self, topic: Topic, mine: Sequence[Verified], step: _Step) -> None:
        """Report each record under this agency's name that this node did not seal."""
        places: list[tuple[int, Leaf]] = [(seen.sequence, seen.leaf) for seen in mine]
        sealed = self._receiver.outbox.sealed_here(topic, places)
        for seen in mine:
            if seen.leaf not in sealed:
                step.remarks.find(seen, "inbound.not-ours", (seen.leaf,))
                step.remarks.set_aside(seen.fetched, seen.source, "inbound.not-ours", "unseal")

    def _let_in(self, placed: Sequence[Placed], step: _Step) -> None:
        """Open the records whose turn has come, and let in what the agreements allow, in order."""
        opened = [(one, view) for one in placed if (view := self._open(one, step)) is not None]
        known = self._inbox.known([view.event_id for _, view in opened])
        sources: dict[EventId, set[AgencyId]] = {}
        for source, event_id in known:
            sources.setdefault(event_id, set()).add(source)
        for one, view in opened:
            try:
                admitted = self._admit(view, step)
            except ForbiddenError as error:
                step.refuse(one, error.code, "admit")
                continue
            name = (view.source, view.event_id)
            if name in known or name in step.events:
                self._join(one, admitted, step)
            else:
                others = sources.setdefault(view.event_id, set())
                if others:
                    step.remarks.find(
                        view.verified, "inbound.same-id", (view.verified.leaf,), ", ".join(sorted(others))
                    )
                others.add(view.source)
                step.let_in(one, admitted, view, EntryKind.NEW)

    def _open(self, placed: Placed, step: _Step) -> Opened | None:
        """Open one record; what is closed waits for its key, and what is refused goes into quarantine."""
        try:
            view = open_record(placed.verified, self._receiver.keyring)
        except RejectedError as error:
            step.refuse(placed, error.code, "unseal")
            return None
        if isinstance(view, Opened):
            return view
        joined = self._inbox.joined()
        if joined is not None and sealed_at(view.verified) < joined.replace(microsecond=0):  # seals name whole seconds
            step.passed_over += 1
            step.drop(placed)
            return None
        step.keep.append(
            Keep(
                verified=placed.verified,
                state=State.WAITING,
                missing=(view.key_id,),
                row=placed.row,
                was=placed.was,
            )
        )
        return None

    def _admit(self, view: Opened, step: _Step) -> Admitted:
        causes: dict[EventId, Cause] = {}
        named = cause_named_by(view)
        if named is not None:
            cause = self._cause(named, step)
            if cause is not None:
                causes[named] = cause
        return admit(view, step.in_force.rules, reader=self._receiver.me, causes=causes)

    def _cause(self, event_id: EventId, step: _Step) -> Cause | None:
        """Return what is known of an event that is answered: sent by this node, or received, in this step too."""
        sent = self._receiver.outbox.cause(event_id)
        if sent is not None:
            return sent
        here = {name: view for name, view in step.events.items() if name[1] == event_id}
        if len(self._inbox.known([event_id]) | here.keys()) > 1:
            return None
        received = self._reader.cause(event_id)
        return received or next(map(cause_of, here.values()), None)

    def _join(self, placed: Placed, admitted: Admitted, step: _Step) -> None:
        """Add what a further record of a known event brings."""
        view, seen = admitted.opened, placed.verified
        name = (view.source, view.event_id)
        before = step.events.get(name) or self._reader.event(*name)
        if before is None or contradicts(before, view):
            # Where nothing of it opens any more, its keys were destroyed: a further record does not bring it back.
            code = "inbound.gone" if before is None else "inbound.contradicts"
            evidence = (seen.leaf,) if before is None else (before.verified.leaf, seen.leaf)
            step.remarks.find(seen, code, evidence)
            step.refuse(placed, code, "admit")
            return
        after = merge(before, view)
        completes = after.parts.keys() > before.parts.keys()
        if not completes and after.named == before.named:
            step.drop(placed)
            return
        try:
            require_sound(after)
        except RejectedError as error:
            step.refuse(placed, error.code, "unseal")
            return
        step.let_in(placed, admitted, after, EntryKind.COMPLETED if completes else None)

    def _add_late_parts(self, kept: Kept, arrived: frozenset[KeyId], step: _Step) -> None:
        """Complete an event by parts whose keys have come; what is not acceptable stays closed, and is reported."""
        refused, code = kept.refused, ""
        evidence: tuple[bytes, ...] = (kept.verified.leaf,)
        view: Opened | Closed | None = None
        try:
            view = self._reader.open(kept)
            if isinstance(view, Opened):
                self._admit(view, step)
                before = self._opened_before(kept, view, arrived, step)
                against = next((one for one in before if contradicts(one, view)), None)
                if against is None:
                    require_sound(reduce(merge, before, view))
                else:
                    code, evidence = "inbound.contradicts", (against.verified.leaf, *evidence)
        except RejectedError as error:
            code = error.code
        if code or view is None:
            view = open_record(kept.verified, self._reader.keyring(kept.refused | arrived))
            if isinstance(view, Opened):
                refused |= arrived & frozenset(view.missing.values())
        if isinstance(view, Closed):
            return
        if code:
            step.remarks.find(kept.verified, "inbound.part-refused", evidence, detail=code)
        else:
            step.late.append(view)
        step.keep.append(
            Keep(
                verified=kept.verified,
                state=State.ADMITTED,
                event_id=view.event_id,
                missing=tuple(key_id for key_id in _missing(view) if key_id not in refused),
                refused=tuple(sorted(refused)),
                entry=None if code else EntryKind.COMPLETED,
                row=kept.row,
                was=State.ADMITTED,
            )
        )

    def _opened_before(self, kept: Kept, view: Opened, arrived: frozenset[KeyId], step: _Step) -> list[Opened]:
        """Return the other records of the event of a completed one, as they stood before these keys."""
        name = (view.source, view.event_id)
        others = [other for other in self._inbox.event(view.event_id, view.source) if other.row != kept.row]
        opened = [open_record(other.verified, self._reader.keyring(other.refused | arrived)) for other in others]
        before = [one for one in opened if isinstance(one, Opened)]
        return before + [one for one in step.late if (one.source, one.event_id) == name]

    def _commit(self, step: _Step, *, count: int, offsets: Mapping[Topic, tuple[int, int]] | None = None) -> None:
        self._receiver.probe.passed(Station.OPENED, count)
        remarks = step.remarks
        self._inbox.commit(
            Taken(
                at=remarks.at,
                offsets=offsets or {},
                streams=step.streams.changes(),
                keep=[*step.keep, *step.streams.kept()],
                remove=step.remove,
                quarantine=remarks.quarantine,
                findings=remarks.findings,
            )
        )
        telemetry.remarked(quarantine=remarks.quarantine, findings=remarks.findings)
        self._reported |= step.reported
        telemetry.passed_over(step.passed_over)
        self._reader.forget_causes(event_id for _, event_id in step.events)
        self._receiver.probe.passed(Station.COMMITTED, count)


@dataclass(slots=True, kw_only=True)
class _Step:
    """What one step comes to: one transaction."""

    in_force: InForce
    remarks: Remarks
    streams: Streams
    keep: list[Keep] = field(default_factory=list)
    remove: list[tuple[int, State]] = field(default_factory=list)
    events: dict[tuple[AgencyId, EventId], Opened] = field(default_factory=dict, repr=False)
    """Events that this step lets in or adds to, with the parts that they then have."""
    late: list[Opened] = field(default_factory=list, repr=False)
    """Records that parts whose keys came late have completed in this step."""
    reported: set[tuple[str, Topic, AgencyId]] = field(default_factory=set)
    passed_over: int = 0

    def let_in(self, placed: Placed, admitted: Admitted, whole: Opened, entry: EntryKind | None) -> None:
        """Keep an admitted record, whose event then is `whole`."""
        view = admitted.opened
        self.events[view.source, view.event_id] = whole
        self.keep.append(
            Keep(
                verified=placed.verified,
                state=State.ADMITTED,
                event_id=view.event_id,
                missing=_missing(view),
                entry=entry,
                row=placed.row,
                was=placed.was,
            )
        )

    def refuse(self, placed: Placed, code: str, station: str) -> None:
        """Quarantine a record whose turn has come, and keep it no longer."""
        seen = placed.verified
        self.remarks.set_aside(seen.fetched, seen.source, code, station)
        self.drop(placed)

    def drop(self, placed: Placed) -> None:
        """Keep a record no longer, if it was kept."""
        if placed.row is not None and placed.was is not None:
            self.remove.append((placed.row, placed.was))


def _missing(view: Opened) -> tuple[KeyId, ...]:
    """Return the keys of an event's parts that are not here, each once."""
    return tuple(dict.fromkeys(view.missing.values()))
