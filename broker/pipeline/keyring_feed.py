"""Takes in what the key topics bring: wrapping keys, and data keys under them.

Rules:
- Nothing is taken before its seal holds, and nothing under a source but its own keys; a held key is never replaced.
- Key records need no order: a missing place is no finding, and a data key that comes before its wrapping key waits.
- A null erases nothing: keys are destroyed by a sealed event, and the null only cleans the log.
- What this node gave itself is taken again where its key store lacks it (after a restore), but only what its outbox
  says that it sealed.
- Keys, heads and offsets are one transaction. Whoever waits for a key is told of it after that, never before.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from broker import telemetry
from broker.errors import UntrustedError
from broker.names import KeyId
from broker.pipeline.completeness import Place, track
from broker.pipeline.remarks import Remarks, claimed_source
from broker.ports import DataKey, ReceivedKeys, Taken
from broker.sealing.keyrecords import is_wrap, open_unit, open_wrap

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from broker.names import AgencyId, Leaf, Topic
    from broker.pipeline.receiver import Receiver
    from broker.ports import Federation, KeyStore
    from broker.stages import Fetched, StreamHead, Verified

STATION: Final = "keys"

MAX_WAITING: Final = 10_000
"""How many key records of one source wait for a wrapping key."""


@dataclass(slots=True, kw_only=True)
class _Step:
    """What one batch of key records comes to."""

    remarks: Remarks
    heads: dict[Topic, StreamHead]
    wrapping: dict[tuple[AgencyId, KeyId], bytes] = field(default_factory=dict, repr=False)
    data: dict[tuple[AgencyId, KeyId], DataKey] = field(default_factory=dict, repr=False)
    waiting: list[tuple[KeyId, Verified]] = field(default_factory=list)
    done_waiting: list[Verified] = field(default_factory=list)

    def report(self, seen: Verified, code: str, evidence: tuple[bytes, ...]) -> None:
        """Report a record, and set it aside."""
        self.remarks.find(seen, code, evidence)
        self.remarks.set_aside(seen.fetched, seen.source, code, STATION)


class KeyringFeed:
    """Reads key records into the key store. Called from one thread at a time."""

    def __init__(self, receiver: Receiver) -> None:
        """Take the stores, and what opens key records for this agency."""
        self._me = receiver.me
        self._keys = receiver.keys
        self._keyring = receiver.keyring
        self._unwrapper = receiver.unwrapper
        self._verifier = receiver.verifier
        self._inbox = receiver.inbox
        self._outbox = receiver.outbox

    def take(
        self,
        batch: Sequence[Fetched],
        federation: Federation,
        *,
        offsets: Mapping[Topic, tuple[int, int]],
        at: datetime,
    ) -> list[tuple[AgencyId, KeyId]]:
        """Take one batch of key records and make it durable.

        Args:
            batch: records of key topics, in order within each.
            federation: the newest one.
            offsets: topic to (offset expected in the key store, offset of the next record to read).
            at: the time by this node's clock.

        Returns:
            The data keys that came and were not held before, for those who wait for them.

        Raises:
            StorageError: another reader was quicker, or a store is away; nothing of the keys was taken.
            KeyServiceError: the home of the receiving keys does not answer; nothing was taken.
        """
        step = _Step(remarks=Remarks(at=at), heads=dict(self._keys.heads()))
        own: list[Verified] = []
        for fetched in batch:
            seen = self._verified(fetched, federation, step)
            if seen is None:
                continue
            if seen.source == self._me:
                own.append(seen)
            else:
                self._open(seen, step)
        for seen in self._sealed_here(own, step):
            self._open(seen, step)
        if step.wrapping:
            self._open_waiting(step)
        self._bound_waiting(step)
        # A key that is sent again is no news: nothing waits for it, and what it opened has been judged.
        new = [name for name in step.data if self._keys.data_key(*name) is None]
        self._commit(step, offsets)
        return new

    def _verified(self, fetched: Fetched, federation: Federation, step: _Step) -> Verified | None:
        try:
            seen = self._verifier.verify(fetched, federation)
        except UntrustedError as error:
            claim = claimed_source(fetched, federation)
            step.remarks.set_aside(fetched, claim, error.code, STATION, proven=False)
            return None
        topic = fetched.topic
        step.heads[topic], verdict = track(step.heads.get(topic), seen)
        if verdict.place is Place.FORKED:
            # A finding, and taken all the same: it can only add keys, and events may need them.
            step.remarks.find(seen, verdict.code, verdict.evidence)
        return seen

    def _sealed_here(self, own: Sequence[Verified], step: _Step) -> list[Verified]:
        """Return those of this node's own records that it did seal; the others are a finding."""
        places: dict[Topic, list[tuple[int, Leaf]]] = {}
        for seen in own:
            places.setdefault(seen.fetched.topic, []).append((seen.sequence, seen.leaf))
        leaves = {leaf for topic, some in places.items() for leaf in self._outbox.sealed_here(topic, some)}
        mine = []
        for seen in own:
            if seen.leaf in leaves:
                mine.append(seen)
            else:
                step.report(seen, "inbound.not-ours", (seen.leaf,))
        return mine

    def _open(self, seen: Verified, step: _Step) -> None:
        """Take the key of one record, if it holds one that is not held yet."""
        if seen.fetched.value is None:
            return
        try:
            if is_wrap(seen):
                if not self._holds_wrapping_of(seen):
                    key_id, key = open_wrap(seen, reader=self._me, unwrapper=self._unwrapper)
                    step.wrapping.setdefault((seen.source, key_id), key)
                return
            opened = open_unit(seen, _Wrapping(step, self._keys))
        except UntrustedError as error:
            step.remarks.set_aside(seen.fetched, seen.source, error.code, STATION)
            return
        if isinstance(opened, DataKey):
            step.data.setdefault((seen.source, opened.key_id), opened)
        else:
            step.waiting.append((opened, seen))

    def _holds_wrapping_of(self, seen: Verified) -> bool:
        """Spare the public-key operation for a wrapping key that is here: its id stands in the record's key."""
        key_id = bytes.fromhex((seen.fetched.key or b"").removeprefix(b"wrap/").decode())
        return self._keys.wrapping_key(seen.source, KeyId(key_id)) is not None

    def _open_waiting(self, step: _Step) -> None:
        """Try again the data keys that waited for the wrapping keys of this batch, those of this batch among them."""
        held = self._keys.waiting_units([key_id for _, key_id in step.wrapping])
        waiting, step.waiting = step.waiting, []
        for seen in held:
            self._open(seen, step)
        still = {(seen.fetched.topic, seen.fetched.offset) for _, seen in step.waiting}
        step.done_waiting = [seen for seen in held if (seen.fetched.topic, seen.fetched.offset) not in still]
        step.waiting = []
        for _, seen in waiting:
            self._open(seen, step)

    def _bound_waiting(self, step: _Step) -> None:
        """Set aside what waits beyond the bound: its source could otherwise fill the disk with what never opens."""
        room: dict[AgencyId, int] = {}
        waiting, step.waiting = step.waiting, []
        for key_id, seen in waiting:
            if seen.source not in room:
                room[seen.source] = MAX_WAITING - self._keys.waiting_of(seen.source)
            room[seen.source] -= 1
            if room[seen.source] >= 0:
                step.waiting.append((key_id, seen))
            else:
                step.remarks.set_aside(seen.fetched, seen.source, "inbound.too-many-keys-wait", STATION)

    def _commit(self, step: _Step, offsets: Mapping[Topic, tuple[int, int]]) -> None:
        remarks = step.remarks
        if remarks.quarantine:
            # The quarantine lies in the other store: first, so that a crash between the two loses nothing; a record
            # that is read again is not doubled there.
            self._inbox.commit(Taken(at=remarks.at, quarantine=remarks.quarantine))
        self._keys.commit(
            ReceivedKeys(
                data_keys=[(source, key) for (source, _), key in step.data.items()],
                wrapping_keys=[(source, key_id, key) for (source, key_id), key in step.wrapping.items()],
                waiting=step.waiting,
                done_waiting=step.done_waiting,
                heads=step.heads,
                offsets=offsets,
                findings=remarks.findings,
            )
        )
        telemetry.remarked(quarantine=remarks.quarantine, findings=remarks.findings)
        for (source, _), key in step.data.items():
            self._keyring.put(source, key)


class _Wrapping:
    """The wrapping keys of this batch, then those that are held."""

    def __init__(self, step: _Step, keys: KeyStore) -> None:
        self._step = step
        self._keys = keys

    def __call__(self, source: AgencyId, key_id: KeyId) -> bytes | None:
        fresh = self._step.wrapping.get((source, key_id))
        return fresh if fresh is not None else self._keys.wrapping_key(source, key_id)
