"""Our line with no store but that of keys: checked, cleared, sealed, acknowledged; fetched, verified, opened, admitted.

What is sent starts as a checked event, as FastStream's does as a validated model; `check` is shown beside it.

In batches of 256, as the relay makes them under load. Key records are made, sealed, published, read and opened as they
are needed, and count.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from bench.events import SENDER, drafts
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
    from collections.abc import Sequence
    from pathlib import Path

    from bench.meter import Meter
    from bench.world import World
    from broker.names import KeyId, Topic
    from broker.stages import Fetched, Sealed

BATCH: Final = 256


async def measure(mix: str, bootstrap: str, folder: Path, count: int, out: Meter, into: Meter) -> None:
    """Measure both directions over a real Kafka."""
    world = make()
    publisher = KafkaPublisher(bootstrap)
    begin = await _send(world, mix, folder, publisher, count, out)
    await publisher.close()
    await _receive(world, mix, bootstrap, begin, count, into)


async def _send(
    world: World, mix: str, folder: Path, publisher: KafkaPublisher, count: int, meter: Meter
) -> dict[Topic, int]:
    at_rest = AtRest(os.urandom(32))
    sender = Sender(source=SENDER, signer=world.signers[SENDER], secret=at_rest.secret("ids"), tag=at_rest.tag)
    keys = SqliteKeyStore(folder, at_rest=at_rest)
    planner = KeyPlanner(sender=sender, keys=keys, random=os.urandom)
    sealer = Sealer(sender=sender, ciphers=Keyring(keys.data_key), random=os.urandom)
    clearance = Clearance(source=SENDER, secret=sender.secret, in_force=lambda: world.in_force, causes=())
    begin: dict[Topic, int] = {}
    batches = [drafts(mix, min(BATCH, count - first), first) for first in range(0, count, BATCH)]
    federation, rules = world.in_force.federation, world.in_force.rules
    for number, batch in enumerate(batches):
        now = SystemClock().now()
        with meter.measured("check", counts=False):
            checked = [check(draft, source=SENDER, secret=sender.secret) for draft in batch]
        with meter.measured("clear"):
            passed = [clearance.clear(one, rules, {}) for one in checked]
        events = [
            (Accepted(row=row, event_id=one.checked.event_id, draft=draft, accepted_at=now), one)
            for row, (draft, one) in enumerate(zip(batch, passed, strict=True))
        ]
        with meter.measured("keys"):
            needs = {need for one in passed for need in one.needs}
            plan = planner.known(needs, federation, now) or planner.plan(needs, federation, now)
        with meter.measured("seal"):
            sealed = sealer.seal(events, plan, federation=1, now=now)
            sealer.stored(sealed.batch)
        with meter.measured("publish"):
            await _publish(publisher, sealed.batch.records, begin)
        assert len(sealed.events) == len(batch), number
    keys.close()
    return begin


async def _publish(publisher: KafkaPublisher, records: Sequence[Sealed], begin: dict[Topic, int]) -> None:
    for part in ([one for one in records if not one.event_id], [one for one in records if one.event_id]):
        if part:
            offsets = await publisher.publish(part)
            for record, offset in zip(part, offsets, strict=True):
                begin.setdefault(record.topic, offset)


async def _receive(world: World, mix: str, bootstrap: str, begin: dict[Topic, int], count: int, meter: Meter) -> None:
    me = AgencyId(READERS[mix])
    topic = area_topic("alert") if mix == "ordinary" else mail_topic(SENDER, me)
    subscription = KafkaSubscription(bootstrap)
    reader = _Reader(world, me)
    await subscription.assign({name: begin[name] for name in (keys_topic(SENDER, me), topic)})
    waiting: list[Fetched] = []
    while reader.admitted < count:
        with meter.measured("fetch"):
            fetched = await subscription.fetch(wait_ms=1000, limit=500)
        with meter.measured("keys"):
            reader.take_keys([one for one in fetched if one.key is not None])
        waiting += [one for one in fetched if one.key is None]
        waiting = reader.take_events(waiting, meter)
    await subscription.close()


class _Reader:
    """The receiving side, its keys in memory."""

    def __init__(self, world: World, me: AgencyId) -> None:
        self._me = me
        self._in_force = world.in_force
        self._verifier = Verifier(me)
        self._unwrapper = HeldReceivingKeys([world.receivers[me]])
        self._wrapping: dict[KeyId, bytes] = {}
        self._data: dict[KeyId, bytes] = {}
        self._keyring = Keyring(lambda _source, key_id: self._data.get(key_id))
        self.admitted = 0

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
        self.admitted += len(opened)
        return late
