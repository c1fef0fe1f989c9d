"""A sending node for tests: real sealing, policy and SQLite files, a Kafka in memory, and a death at any station."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from broker.kafka.memory import MemoryKafka
from broker.names import AgencyId, EventId, KeyId, Lane, Role, Topic, keys_topic
from broker.pipeline.clearance import Clearance
from broker.pipeline.outbound import Outbound
from broker.pipeline.relay import Relay
from broker.pipeline.sender import Sender, Stores
from broker.pipeline.trust import InForce
from broker.policy import compile_rules, default_agreements
from broker.ports import Agency, Cause, Federation, ReceivingKey, SigningKey, Station
from broker.sealing.atrest import AtRest
from broker.sealing.keyrecords import is_wrap, open_unit, open_wrap
from broker.sealing.keyring import Keyring
from broker.sealing.private_keys import RECEIVING_BYTES, Ed25519Signer, HeldReceivingKeys, HybridReceiver
from broker.sealing.unseal import Verifier, open_record
from broker.stages import Draft, Opened
from broker.storage.keys import SqliteKeyStore
from broker.storage.outbox import SqliteOutbox
from broker.threads import Thread
from schemas.catalogue import KINDS
from tests.unit.validation.bodies import body, draft

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from broker.ports import Publisher
    from broker.stages import Fetched, Verified

IMI = AgencyId("imigrasi-bengkulu")
POL = AgencyId("polres-bengkulu-tengah")
UPTD = AgencyId("uptd-ppa-bengkulu-tengah")
NGO = AgencyId("yayasan-contoh")
BP3MI = AgencyId("bp3mi-bengkulu")
LPSK = AgencyId("lpsk")
ROLES = {
    IMI: "immigration",
    POL: "police",
    UPTD: "social-services",
    NGO: "ngo",
    BP3MI: "migrant-workers",
    LPSK: "witness-protection",
}
SOURCE = POL
AGREEMENTS = default_agreements()
READERS = (IMI, BP3MI, UPTD, NGO, POL)
TO_ALL = "role:police role:immigration role:migrant-workers"
NOON = datetime(2026, 8, 7, 12, 1, tzinfo=UTC)

P = ParamSpec("P")
R = TypeVar("R")

SIGNER = Ed25519Signer(b"s" * 32)
RECEIVERS = {agency: HybridReceiver(os.urandom(RECEIVING_BYTES)) for agency in READERS}
_FROM, _UNTIL = NOON - timedelta(days=30), NOON + timedelta(days=300)


class KilledError(Exception):
    """The process died."""


@dataclass(slots=True)
class Death:
    """A probe that counts, and kills at one passing of one station."""

    station: Station | None = None
    passing: int = 1
    seen: Counter[Station] = field(default_factory=Counter)
    passings: Counter[Station] = field(default_factory=Counter)

    def passed(self, station: Station, count: int = 1) -> None:
        """Count, and die where it was asked for."""
        self.seen[station] += count
        self.passings[station] += 1
        if station is self.station and self.passings[station] == self.passing:
            raise KilledError(station)


@dataclass(slots=True)
class HeldClock:
    """A clock that a test moves."""

    time: datetime = NOON

    def now(self) -> datetime:
        """Return the held time."""
        return self.time

    def monotonic(self) -> float:
        """Return the held time in seconds."""
        return self.time.timestamp()


def receiving_key(agency: AgencyId, receiver: HybridReceiver) -> ReceivingKey:
    """Return the public half as the federation lists it."""
    return ReceivingKey(
        key_id=receiver.key_id,
        agency=agency,
        mlkem768=receiver.mlkem768,
        x25519=receiver.x25519,
        not_before=_FROM,
        not_after=_UNTIL,
    )


def federation(
    receiving: Mapping[AgencyId, tuple[ReceivingKey, ...]] | None = None,
    *,
    version: int = 1,
    toml: bytes = AGREEMENTS,
) -> Federation:
    """Six agencies; those of `READERS` have receiving keys, the source a signing key."""
    listed = {agency: (receiving_key(agency, receiver),) for agency, receiver in RECEIVERS.items()}
    held = {**listed, **(receiving or {})}
    signing = SigningKey(key_id=SIGNER.key_id, agency=SOURCE, public=SIGNER.public, not_before=_FROM, not_after=_UNTIL)
    agencies = {
        name: Agency(id=name, role=Role(role), name_id=name, name_en=name, signing=(), receiving=held.get(name, ()))
        for name, role in ROLES.items()
    }
    return Federation(
        version=version,
        agencies=agencies,
        signing_keys={signing.key_id: signing},
        agreements_toml=toml,
        dataschemas={kind.type: frozenset({kind.dataschema}) for kind in KINDS},
    )


def in_force(found: Federation) -> InForce:
    """Compile a federation."""
    return InForce(federation=found, rules=compile_rules(found))


FEDERATION = federation()
FORCE = in_force(FEDERATION)


def alert(number: int, *, case: str = "LP/1", audience: str = TO_ALL, **changes: Any) -> Draft:
    """An alert of the police about a case."""
    return draft(body("E07", subject=case, audience=audience, **changes), record_id=f"alert {number}")


def kafka_for(force: InForce) -> MemoryKafka:
    """A Kafka with every topic that the source may write to; its clock counts records."""
    counted = iter(range(1, 1_000_000))
    return MemoryKafka(force.rules.topics_written_by(SOURCE), now_ms=lambda: next(counted))


class Node:
    """A sending node over one store folder."""

    def __init__(
        self,
        folder: Path,
        publisher: Publisher,
        *,
        force: Callable[[], InForce],
        probe: Death | None = None,
        clock: HeldClock | None = None,
        source: AgencyId = SOURCE,
        inbox_cause: Callable[[EventId], Cause | None] = lambda _: None,
    ) -> None:
        at_rest = AtRest(b"n" * 32)
        self.probe = probe or Death()
        self.clock = clock or HeldClock()
        self.outbox = SqliteOutbox(folder, source=source, at_rest=at_rest)
        self.keys = SqliteKeyStore(folder, at_rest=at_rest)
        self.threads = [Thread(name) for name in ("outbox", "keys", "work")]
        secret = at_rest.secret("ids")
        clearance = Clearance(
            source=source,
            secret=secret,
            in_force=force,
            sent=self.outbox.cause,
            received=lambda event_id, _: inbox_cause(event_id),
        )
        self.relay = Relay(
            sender=Sender(
                source=source, signer=SIGNER, secret=secret, ciphers=Keyring(self.keys.data_key), tag=at_rest.tag
            ),
            stores=Stores(
                outbox=self.outbox,
                outbox_thread=self.threads[0],
                keys=self.keys,
                keys_thread=self.threads[1],
                work_thread=self.threads[2],
            ),
            clearance=clearance,
            publisher=publisher,
            clock=self.clock,
            probe=self.probe,
            random=os.urandom,
        )
        self.outbound = Outbound(
            outbox=self.outbox,
            thread=self.threads[0],
            clearance=clearance,
            clock=self.clock,
            probe=self.probe,
            wake=self.relay.wake,
        )

    async def accept(self, drafts: Sequence[Draft]) -> list[EventId]:
        """Hand in drafts that must all be accepted."""
        results = await self.outbound.accept(drafts)
        assert [item.refused for item in results] == [None] * len(drafts)
        return [item.event_id for item in results if item.event_id is not None]

    async def ask(self, call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Ask a store, off the loop."""
        return await self.threads[0].run(call, *args, **kwargs)

    async def relay_until(self, done: Callable[[], bool], *, within: float = 20) -> None:
        """Run the relay until something holds; whatever ends the relay before is raised."""
        running = asyncio.create_task(self.relay.run())
        try:
            async with asyncio.timeout(within):
                while not running.done() and not await self.threads[0].run(done):
                    await asyncio.wait([running], timeout=0.01)
            if running.done():
                running.result()
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    def all_sent(self) -> bool:
        """Whether nothing waits and nothing is unpublished."""
        backlog = self.outbox.backlog()
        return backlog.accepted == 0 and backlog.unpublished == 0

    async def close(self) -> None:
        """Let go of the files, as a dead process does."""
        for thread in self.threads:
            await thread.close()
        await asyncio.to_thread(self.outbox.close)
        await asyncio.to_thread(self.keys.close)


@asynccontextmanager
async def node(folder: Path, publisher: Publisher, **given: Any) -> AsyncIterator[Node]:
    """Run a node over a folder, and let go of it."""
    given.setdefault("force", lambda: FORCE)
    running = await asyncio.to_thread(Node, folder, publisher, **given)
    try:
        yield running
    finally:
        await running.close()


# --- what the readers see -------------------------------------------------------------------------------------------


class Reader:
    """Reads all of a Kafka as one agency, with nothing but its receiving key and the federation."""

    def __init__(self, agency: AgencyId, found: Federation) -> None:
        self.agency = agency
        self._federation = found
        self._verifier = Verifier(None)
        self._unwrapper = HeldReceivingKeys([RECEIVERS[agency]])

    def verified(self, records: Sequence[Fetched]) -> list[Verified]:
        """Verify every record."""
        return [self._verifier.verify(record, self._federation) for record in records]

    def keyring(self, kafka: MemoryKafka) -> Keyring:
        """Return what opens the source's events."""
        held = self.keys(kafka)
        return Keyring(lambda _, key_id: held.get(key_id))

    def keys(self, kafka: MemoryKafka) -> dict[KeyId, bytes]:
        """Take every key of the source's key topic for this reader."""
        records = self.verified(kafka.records.get(keys_topic(SOURCE, self.agency), []))
        wraps: dict[KeyId, bytes] = dict(
            open_wrap(item, reader=self.agency, unwrapper=self._unwrapper) for item in records if is_wrap(item)
        )
        held: dict[KeyId, bytes] = {}
        for item in records:
            if is_wrap(item):
                continue
            found = open_unit(item, lambda _, key_id: wraps.get(key_id))
            assert not isinstance(found, bytes), "a data key came under a wrapping key that did not come"
            held[found.key_id] = found.key
        return held

    def events(self, kafka: MemoryKafka, topic: Topic) -> Iterator[Opened]:
        """Open every event of a topic that this agency reads."""
        keyring = self.keyring(kafka)
        for item in self.verified(kafka.records[topic]):
            opened = open_record(item, keyring)
            assert isinstance(opened, Opened), "a cover did not open"
            yield opened


def places(kafka: MemoryKafka, found: Federation) -> dict[Topic, dict[int, Verified]]:
    """Check every stream of the source, and return for each topic what stands at each place.

    Whatever was published twice has the same bytes; places follow each other without gap, each naming the leaf before;
    a lane that was left never comes back; no record key of a key topic is used twice.
    """
    verifier = Verifier(None)
    streams: dict[Topic, dict[int, Verified]] = {}
    for topic, records in kafka.records.items():
        stream: dict[int, Verified] = {}
        for record in records:
            item = verifier.verify(record, found)
            again = stream.setdefault(item.sequence, item)
            assert (again.fetched.key, again.fetched.headers, again.fetched.value) == (
                record.key,
                record.headers,
                record.value,
            )
        _check_chain(stream)
        used = [item.fetched.key for item in stream.values() if item.fetched.key is not None]
        assert len(used) == len(set(used))
        streams[topic] = stream
    return streams


def _check_chain(stream: Mapping[int, Verified]) -> None:
    assert sorted(stream) == list(range(1, len(stream) + 1))
    before, lanes = bytes(32), list[Lane]()
    for sequence in sorted(stream):
        item = stream[sequence]
        assert item.previous == before
        before = item.leaf
        if not lanes or lanes[-1] != item.lane:
            lanes.append(item.lane)
    assert len(lanes) == len(set(lanes))
