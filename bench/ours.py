"""Our line with no store but that of keys: checked, cleared, sealed, acknowledged; fetched, verified, opened, admitted.

What is sent starts as a checked event, as FastStream's does as a validated model; `check` is shown beside it.

In batches of 256, as the relay makes them under load. Key records are made, sealed, published, read and opened as they
are needed, and count.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from bench.events import SENDER, drafts
from bench.meter import Meter
from bench.world import READERS, make
from broker.clock import SystemClock
from broker.kafka.publisher import KafkaPublisher
from broker.kafka.subscription import KafkaSubscription
from broker.names import AgencyId, area_topic, keys_topic, mail_topic
from broker.pipeline.clearance import Clearance
from broker.pipeline.keyplan import KeyPlanner
from broker.pipeline.sealer import Sealer
from broker.pipeline.sender import Sender
from broker.policy import admit
from broker.ports import Accepted
from broker.sealing.atrest import AtRest
from broker.sealing.keyrecords import is_wrap, open_unit, open_wrap
from broker.sealing.keyring import Keyring
from broker.sealing.private_keys import HeldReceivingKeys
from broker.sealing.unseal import Verifier, open_record
from broker.stages import Closed
from broker.storage.keys import SqliteKeyStore
from broker.validation import check

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from bench.world import World
    from broker.names import KeyId, Topic
    from broker.stages import Draft, Fetched, Sealed

BATCH: Final = 256


async def measure(mix: str, bootstrap: str, folder: Path, count: int, out: Meter, into: Meter) -> None:
    """Measure both directions over a real Kafka."""
    world = make()
    sending = _Sending(world, bootstrap, folder)
    receiving = _Receiving(world, mix, bootstrap)
    # Connected, the readers of the catalogue built and the day's wrapping keys made, before anything is measured.
    await sending.send(drafts(mix, 1, count), Meter(1))
    await receiving.receive(sending.begin, 1, Meter(1))
    for first in range(0, count, BATCH):
        await sending.send(drafts(mix, min(BATCH, count - first), first), out)
    await sending.close()
    await receiving.receive(sending.begin, count, into)


class _Sending:
    """The sending side, its keys in the store of a node."""

    def __init__(self, world: World, bootstrap: str, folder: Path) -> None:
        at_rest = AtRest(os.urandom(32))
        self._in_force = world.in_force
        self._keys = SqliteKeyStore(folder, at_rest=at_rest)
        sender = Sender(
            source=SENDER,
            signer=world.signers[SENDER],
            secret=at_rest.secret("ids"),
            ciphers=Keyring(self._keys.data_key),
            tag=at_rest.tag,
        )
        self._secret = sender.secret
        self._planner = KeyPlanner(sender=sender, keys=self._keys, random=os.urandom)
        self._sealer = Sealer(sender=sender, random=os.urandom)
        self._clearance = Clearance(
            source=SENDER,
            secret=sender.secret,
            in_force=lambda: world.in_force,
            sent=lambda _: None,
            received=lambda *_: None,
        )
        self._publisher = KafkaPublisher(bootstrap)
        self.begin: dict[Topic, int] = {}
        """Where on each topic the first record went."""

    async def send(self, batch: Sequence[Draft], meter: Meter) -> None:
        """Send a batch all the way."""
        now = SystemClock().now()
        federation, rules = self._in_force.federation, self._in_force.rules
        with meter.measured("check", counts=False):
            checked = [check(draft, source=SENDER, secret=self._secret) for draft in batch]
        with meter.measured("clear"):
            passed = [self._clearance.clear(one, rules, {}) for one in checked]
        events = [
            (Accepted(row=row, event_id=one.checked.event_id, draft=draft, accepted_at=now), one)
            for row, (draft, one) in enumerate(zip(batch, passed, strict=True))
        ]
        with meter.measured("keys"):
            needs = {need for one in passed for need in one.needs}
            plan = self._planner.known(needs, federation, now) or self._planner.plan(needs, federation, now)
        with meter.measured("seal"):
            sealed = self._sealer.seal(events, plan, federation=1, now=now)
            self._sealer.stored(sealed.batch)
        with meter.measured("publish"):
            await self._publish(sealed.batch.records)
        assert len(sealed.events) == len(batch)

    async def _publish(self, records: Sequence[Sealed]) -> None:
        for part in ([one for one in records if not one.event_id], [one for one in records if one.event_id]):
            if part:
                offsets = await self._publisher.publish(part)
                for record, offset in zip(part, offsets, strict=True):
                    self.begin.setdefault(record.topic, offset)

    async def close(self) -> None:
        """Stop."""
        await self._publisher.close()
        self._keys.close()


class _Receiving:
    """The receiving side, its keys in memory."""

    def __init__(self, world: World, mix: str, bootstrap: str) -> None:
        self._me = me = AgencyId(READERS[mix])
        topic = area_topic("alert") if mix == "ordinary" else mail_topic(SENDER, me)
        self._topics = (keys_topic(SENDER, me), topic)
        self._bootstrap = bootstrap
        self._in_force = world.in_force
        self._verifier = Verifier(me)
        self._unwrapper = HeldReceivingKeys([world.receivers[me]])
        self._wrapping: dict[KeyId, bytes] = {}
        self._data: dict[KeyId, bytes] = {}
        self._keyring = Keyring(lambda _source, key_id: self._data.get(key_id))
        self._next: dict[Topic, int] = {}

    async def receive(self, begin: Mapping[Topic, int], count: int, meter: Meter) -> None:
        """Connect, and take in that many events."""
        subscription = KafkaSubscription(self._bootstrap)
        await subscription.assign({topic: self._next.get(topic, begin[topic]) for topic in self._topics})
        waiting: list[Fetched] = []
        admitted = 0
        while admitted < count:
            with meter.measured("fetch"):
                fetched = await subscription.fetch(wait_ms=1000, limit=500)
            with meter.measured("keys"):
                self.take_keys([one for one in fetched if one.key is not None])
            waiting += [one for one in fetched if one.key is None]
            before = len(waiting)
            waiting = self.take_events(waiting, meter)
            admitted += before - len(waiting)
            self._next |= {one.topic: one.offset + 1 for one in fetched}
        await subscription.close()

    def take_keys(self, records: list[Fetched]) -> None:
        """Verify and open key records; those of one source come in order, so a wrap comes before its units."""
        for record in records:
            verified = self._verifier.verify(record, self._in_force.federation)
            if is_wrap(verified):
                key_id, key = open_wrap(verified, reader=self._me, unwrapper=self._unwrapper)
                self._wrapping[key_id] = key
                continue
            found = open_unit(verified, lambda _source, key_id: self._wrapping.get(key_id))
            assert not isinstance(found, bytes), "the wrapping key comes first"
            self._data[found.key_id] = found.key

    def take_events(self, records: list[Fetched], meter: Meter) -> list[Fetched]:
        """Verify, open and admit events; return those whose key has not come yet."""
        with meter.measured("verify"):
            verified = [self._verifier.verify(record, self._in_force.federation) for record in records]
        with meter.measured("open"):
            views = [open_record(one, self._keyring) for one in verified]
        late = [record for record, view in zip(records, views, strict=True) if isinstance(view, Closed)]
        opened = [view for view in views if not isinstance(view, Closed)]
        with meter.measured("admit"):
            for view in opened:
                admit(view, self._in_force.rules, reader=self._me, causes={})
        return late
