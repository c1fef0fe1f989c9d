"""A receiving node for tests, and sources held in the hand: real sealing, policy and SQLite files, Kafka in memory."""

from __future__ import annotations

import asyncio
import os
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from broker.kafka.memory import MemoryKafka, MemorySubscription
from broker.names import AgencyId, EventId, Lane, Topic
from broker.pipeline.delivery import Consumer, Delivering
from broker.pipeline.inbound import Inbound
from broker.pipeline.reading import InboxReader, Unreadable
from broker.pipeline.receiver import Receiver
from broker.policy import clear
from broker.ports import Cause, DataKey, Delivery, SigningKey, WrappingKey
from broker.sealing.atrest import AtRest
from broker.sealing.keyrecords import new_data_key, new_wrapping_key, unit_record, wrap_record
from broker.sealing.keyring import Keyring
from broker.sealing.private_keys import Ed25519Signer, HeldReceivingKeys
from broker.sealing.seal import record_id, seal_batch, seal_copy
from broker.sealing.unseal import Verifier
from broker.stages import Cleared, Draft, Sealed, StreamHead, Unsealed
from broker.storage.inbox import SqliteInbox
from broker.storage.keys import SqliteKeyStore
from broker.storage.outbox import SqliteOutbox
from broker.threads import Thread
from broker.validation import check
from tests.unit.pipeline.sending import (
    IMI,
    NGO,
    NOON,
    POL,
    RECEIVERS,
    ROLES,
    UPTD,
    Death,
    HeldClock,
    federation,
    in_force,
    receiving_key,
)
from tests.unit.validation.bodies import SECRET

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence
    from pathlib import Path

    from broker.pipeline.trust import InForce
    from broker.ports import Entry, Finding, Subscription, Unwrapper
    from broker.stages import Fetched, Opened

ME: Final = IMI
"""The agency that receives in these tests."""

ALERT: Final = Topic("simpul.alert")
SIGNERS: Final = {agency: Ed25519Signer(os.urandom(32)) for agency in (POL, UPTD, NGO, IMI)}
GENESIS_HEAD: Final = StreamHead(sequence=0, leaf=bytes(32))  # type: ignore[arg-type]  # as in GENESIS


def listed(*, version: int = 1, **changes: Any) -> InForce:
    """The federation of these tests: every source's signing key is listed."""
    signing = [
        SigningKey(
            key_id=signer.key_id,
            agency=agency,
            public=signer.public,
            not_before=NOON - timedelta(days=30),
            not_after=NOON + timedelta(days=300),
        )
        for agency, signer in SIGNERS.items()
    ]
    found = replace(federation(version=version), signing_keys={key.key_id: key for key in signing})
    return in_force(replace(found, **changes))


FORCE: Final = listed()


@dataclass(frozen=True, slots=True)
class Sent:
    """What a source has sealed: the key records, and the events."""

    keys: list[Sealed]
    events: list[Sealed]

    @property
    def event_ids(self) -> list[EventId]:
        """The ids of the events, in order."""
        return [record.event_id for record in self.events if record.event_id is not None]


class Source:
    """Seals what a test wants, and leaves it to the test what of it Kafka gets, when, and in which order."""

    def __init__(self, agency: AgencyId = POL, *, signer: Ed25519Signer | None = None) -> None:
        self.agency = agency
        self.signer = signer or SIGNERS[agency]
        self.heads: dict[Topic, StreamHead] = {}
        self.lane = Lane(os.urandom(16))
        self.wrapping: dict[AgencyId, WrappingKey] = {}
        self._numbers = 0
        self._ciphers = Keyring(lambda *_: None)

    def new_lane(self) -> None:
        """Start the relay anew."""
        self.lane = Lane(os.urandom(16))

    def clear(self, draft: Draft, causes: Mapping[EventId, Cause] | None = None) -> Cleared:
        """Check a draft and clear it."""
        return clear(check(draft, source=self.agency, secret=SECRET), FORCE.rules, causes or {})

    def send(self, *drafts: Draft, batch: int = 256) -> Sent:
        """Seal events that the agreements allow, with all their keys."""
        return self.seal(*[self.clear(draft) for draft in drafts], batch=batch)

    def seal(self, *cleared: Cleared, batch: int = 256) -> Sent:
        """Seal events that may be anything, so many in a batch."""
        keys: list[Unsealed] = []
        events: list[Unsealed] = []
        for event in cleared:
            for copy in event.copies:
                made = {part.readers: new_data_key(os.urandom) for part in copy.parts}
                for readers, data_key in made.items():
                    for reader in sorted({*readers, self.agency}):
                        keys += self.key_records(data_key, reader)
                events.append(
                    seal_copy(
                        copy,
                        cleared=event,
                        record_id=record_id(SECRET, event.event_id, copy.topic),
                        keys=made,
                        ciphers=self._ciphers,
                        random=os.urandom,
                    )
                )
        return Sent(keys=self.place(keys), events=self.place(events, batch=batch))

    def key_records(self, data_key: DataKey, reader: AgencyId) -> list[Unsealed]:
        """Give a reader a data key, and first the wrapping key if it has none yet."""
        if reader not in RECEIVERS:
            return []
        records = []
        if reader not in self.wrapping:
            receiving = receiving_key(reader, RECEIVERS[reader])
            self.wrapping[reader] = new_wrapping_key(os.urandom, source=self.agency, receiving=receiving)
            records.append(wrap_record(SECRET, self.wrapping[reader], source=self.agency))
        self._numbers += 1
        unit = unit_record(
            SECRET,
            data_key,
            self.wrapping[reader],
            source=self.agency,
            pair_unit=bytes(16),
            number=self._numbers,
            random=os.urandom,
        )
        return [*records, unit]

    def place(self, records: Sequence[Unsealed], *, batch: int = 256) -> list[Sealed]:
        """Give records their places in the streams and sign them."""
        sealed: list[Sealed] = []
        for topic in dict.fromkeys(record.topic for record in records):
            of_topic = [record for record in records if record.topic == topic]
            for start in range(0, len(of_topic), batch):
                some, self.heads[topic] = seal_batch(
                    of_topic[start : start + batch],
                    source=self.agency,
                    topic=topic,
                    lane=self.lane,
                    head=self.heads.get(topic, GENESIS_HEAD),
                    signer=self.signer,
                    sealed_at=NOON,
                    federation=1,
                )
                sealed += some
        return sealed


def kafka(force: InForce = FORCE) -> MemoryKafka:
    """A Kafka with every topic that anybody writes to."""
    topics = {topic for agency in ROLES for topic in force.rules.topics_written_by(agency)}
    return MemoryKafka(sorted(topics))


class Prompt(MemorySubscription):
    """Does not wait for what may still come."""

    async def fetch(self, *, wait_ms: int, limit: int) -> list[Fetched]:
        """See `Subscription.fetch`."""
        del wait_ms
        return await super().fetch(wait_ms=0, limit=limit)


def put(into: MemoryKafka, *records: Sequence[Sealed]) -> None:
    """Let Kafka have records, in this order."""
    for some in records:
        for record in some:
            into.append(record)
    into.stir()


class KeepingSink:
    """A consumer's system that outlives the node: keeps each event once by its name, and every call."""

    def __init__(self) -> None:
        self.events: dict[tuple[AgencyId, EventId], Opened] = {}
        self.calls: list[list[EventId]] = []
        self.fail: Callable[[Sequence[Delivery]], Exception | None] = lambda _: None

    async def deliver(self, events: Sequence[Delivery]) -> None:
        """Take events, or fail as a test wants."""
        self.calls.append([one.event.opened.event_id for one in events])
        error = self.fail(events)
        if error is not None:
            raise error
        for one in events:
            opened = one.event.opened
            self.events[opened.source, opened.event_id] = opened


class ReadingNode:
    """A receiving node over one store folder."""

    def __init__(
        self,
        folder: Path,
        subscription: Subscription,
        *,
        force: Callable[[], InForce] = lambda: FORCE,
        probe: Death | None = None,
        clock: HeldClock | None = None,
        unwrapper: Unwrapper | None = None,
    ) -> None:
        at_rest = AtRest(b"n" * 32)
        self.folder = folder
        self.probe = probe or Death()
        self.clock = clock or HeldClock()
        self.inbox = SqliteInbox(folder, at_rest=at_rest)
        self.keys = SqliteKeyStore(folder, at_rest=at_rest)
        self.outbox = SqliteOutbox(folder, source=ME, at_rest=at_rest)
        self.thread = Thread("reader")
        self.delivery_thread = Thread("delivery")
        self.subscription = subscription
        keyring = Keyring(self.keys.data_key)
        self.reader = InboxReader(self.inbox, self.keys, keyring)
        self.inbound = Inbound(
            receiver=Receiver(
                me=ME,
                inbox=self.inbox,
                outbox=self.outbox,
                keys=self.keys,
                keyring=keyring,
                reader=self.reader,
                unwrapper=unwrapper or HeldReceivingKeys([RECEIVERS[ME]]),
                verifier=Verifier(ME),
                probe=self.probe,
            ),
            subscription=subscription,
            in_force=force,
            thread=self.thread,
            clock=self.clock,
            random=os.urandom,
        )

    async def drain(self) -> None:
        """Read until Kafka has nothing more."""
        self.clock.time += timedelta(seconds=6)
        while await self.inbound.turn():
            pass

    def delivering(self, sink: KeepingSink, name: str = "case-app", **given: Any) -> Delivering:
        """A consumer of this node."""
        return Delivering(
            Consumer(name=name, sink=sink, **given),
            inbox=self.inbox,
            reader=self.reader,
            thread=self.delivery_thread,
            clock=self.clock,
            probe=self.probe,
            random=os.urandom,
        )

    async def entries(self) -> list[Entry]:
        """Every entry of the inbox."""
        return await self.thread.run(self.inbox.entries, 0, 1000)

    async def views(self) -> list[Delivery | Unreadable]:
        """Every entry, opened."""
        found, _ = await self.thread.run(self.reader.entries, 0, 1000)
        return found

    async def opened(self) -> list[Opened]:
        """The event of every entry; each must open."""
        views = await self.views()
        assert all(isinstance(view, Delivery) for view in views)
        return [view.event.opened for view in views if isinstance(view, Delivery)]

    async def event_ids(self) -> list[EventId]:
        """The id of the event of every entry."""
        return [one.event_id for one in await self.opened()]

    async def findings(self) -> list[Finding]:
        """Everything that was reported, about events and about keys."""
        of_events = await self.thread.run(self.inbox.findings, 0, 1000)
        of_keys = await self.thread.run(self.keys.findings, after=0, limit=1000)
        return [found for _, found in (*of_events, *of_keys)]

    async def codes(self) -> list[str]:
        """The code of every finding."""
        return [found.code for found in await self.findings()]

    async def quarantined(self) -> list[tuple[str, Topic, int]]:
        """Code, topic and offset of every quarantined record."""
        rows = await self.thread.run(self.inbox.quarantined, 0, 1000)
        return [(row.code, row.topic, row.offset) for row in rows]

    async def close(self) -> None:
        """Let go of the files, as a dead process does."""
        await self.thread.close()
        await self.delivery_thread.close()
        for store in (self.inbox, self.keys, self.outbox):
            await asyncio.to_thread(store.close)


@asynccontextmanager
async def reading(folder: Path, source: MemoryKafka, **given: Any) -> AsyncIterator[ReadingNode]:
    """Run a receiving node over a folder, and let go of it."""
    running = await asyncio.to_thread(ReadingNode, folder, given.pop("subscription", Prompt(source)), **given)
    try:
        yield running
    finally:
        await running.close()


def keys_to_me(sent: Sent) -> list[Sealed]:
    """The key records for the receiving node."""
    return [record for record in sent.keys if record.topic.endswith(f".{ME}")]


def rewritten(into: MemoryKafka, topic: Topic, change: Callable[[list[Fetched]], list[Fetched]]) -> None:
    """Let whoever runs Kafka rewrite a topic; offsets are given anew."""
    records = change(list(into.records[topic]))
    into.records[topic] = [replace(record, offset=offset) for offset, record in enumerate(records)]
    into._ends[topic] = len(records)
    into.stir()


async def until(condition: Callable[[], bool]) -> None:
    """Wait until something holds, with a deadline."""
    async with asyncio.timeout(20):
        while True:
            if condition():
                return
            await asyncio.sleep(0.01)
