"""The only place where objects meet: settings in, running parts out, closed in order.

`open_store` opens a node's folder for whoever reads it or adds to its outbox beside the running node; `Node` is the
running node itself: relay, reader, delivery and adapter as tasks of one group, of which none ends alone.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, Final, Protocol

import structlog

from broker.clock import SystemClock
from broker.errors import MisconfiguredError, SimpulError
from broker.federation.insecure_folder import InsecureFolderFederation
from broker.kafka.publisher import KafkaPublisher
from broker.kafka.subscription import KafkaSubscription
from broker.names import AgencyId
from broker.pipeline.clearance import Clearance
from broker.pipeline.delivery import Consumer, Delivering
from broker.pipeline.inbound import Inbound
from broker.pipeline.outbound import Outbound
from broker.pipeline.reading import InboxReader
from broker.pipeline.receiver import Receiver
from broker.pipeline.relay import Relay
from broker.pipeline.sender import Sender, Stores
from broker.pipeline.trust import Trust
from broker.sealing.atrest import AtRest
from broker.sealing.keyring import Keyring
from broker.sealing.unseal import Verifier
from broker.settings import NodeSettings, read_node
from broker.storage.inbox import SqliteInbox
from broker.storage.keyfile import open_receiving_keys, open_signing_key, read_node_key
from broker.storage.keys import SqliteKeyStore
from broker.storage.outbox import SqliteOutbox
from broker.telemetry import Counts, KillsAt
from broker.threads import Thread

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
    from pathlib import Path

    from broker.pipeline.trust import InForce
    from broker.ports import FederationHome, Probe, Publisher, Sink, Subscription
    from broker.stages import Draft

STORE: Final = "store"
"""Where in the node's folder its three databases lie."""

FEDERATION_LOOK_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """A node's folder, opened: what it has sent and received, and what opens it."""

    settings: NodeSettings
    at_rest: AtRest = field(repr=False)
    trust: Trust
    outbox: SqliteOutbox
    inbox: SqliteInbox
    keys: SqliteKeyStore
    keyring: Keyring = field(repr=False)
    reader: InboxReader
    clearance: Clearance

    @property
    def me(self) -> AgencyId:
        """The agency that this node is of."""
        return self.settings.id


@contextmanager
def open_store(folder: Path) -> Iterator[Store]:
    """Open a node's folder, whether its node runs or not.

    Raises:
        MisconfiguredError: a setting, key or file is not as it must be.
        StorageError: a database cannot be opened.
    """
    settings = read_node(folder)
    at_rest = AtRest(read_node_key(settings.path(settings.node_key)))
    trust = Trust(_federation_home(settings), SystemClock())
    with ExitStack() as closing:
        store = settings.folder / STORE
        outbox = SqliteOutbox(store, source=settings.id, at_rest=at_rest)
        closing.callback(outbox.close)
        inbox = SqliteInbox(store, at_rest=at_rest)
        closing.callback(inbox.close)
        keys = SqliteKeyStore(store, at_rest=at_rest)
        closing.callback(keys.close)
        # One of each for all threads: what one of them learns of a key or an event holds for the others.
        keyring = Keyring(keys.data_key)
        reader = InboxReader(inbox, keys, keyring)
        clearance = Clearance(
            source=settings.id,
            secret=at_rest.secret("ids"),
            in_force=trust.in_force,
            sent=outbox.cause,
            received=reader.cause,
        )
        yield Store(
            settings=settings,
            at_rest=at_rest,
            trust=trust,
            outbox=outbox,
            inbox=inbox,
            keys=keys,
            keyring=keyring,
            reader=reader,
            clearance=clearance,
        )


def probe_of(settings: NodeSettings) -> Counts:
    """Return what is told of each station: counts, or where a test has set it, kills."""
    kill_at = settings.insecure_kill_at
    return Counts() if kill_at is None else KillsAt(kill_at)


def outbound(store: Store, thread: Thread, *, probe: Probe, wake: Callable[[], None]) -> Outbound:
    """Return the way into a node's outbox; also beside the running node, which notices by itself."""
    return Outbound(
        outbox=store.outbox,
        thread=thread,
        clearance=store.clearance,
        clock=SystemClock(),
        probe=probe,
        wake=wake,
    )


def _federation_home(settings: NodeSettings) -> FederationHome:
    if settings.insecure_federation_folder is None:
        raise MisconfiguredError("config.no-federation", "insecure_federation_folder")
    return InsecureFolderFederation(settings.path(settings.insecure_federation_folder))


class Adapter(Protocol):
    """What a node asks of the adapter that it runs; found by its entry point in the group `simpul.adapters`."""

    async def feed(
        self,
        folder: Path,
        settings: Mapping[str, str],
        accept: Callable[[Sequence[Draft]], Awaitable[Sequence[Any]]],
        tell: Callable[[str, Mapping[str, object]], None],
    ) -> None:
        """Hand in drafts from the agency's own records until cancelled."""

    def sink(self, folder: Path, settings: Mapping[str, str]) -> Sink:
        """Return where delivered events go."""


def find_adapter(name: str) -> Adapter:
    """Return an installed adapter.

    Raises:
        MisconfiguredError: `config.no-adapter`.
    """
    for entry in entry_points(group="simpul.adapters"):
        if entry.name == name:
            adapter: Adapter = entry.load()
            return adapter
    raise MisconfiguredError("config.no-adapter", name)


class Threads:
    """The threads of a running node: one for each database, one that seals, one for consumers that may be slow."""

    def __init__(self) -> None:
        """Make them; each starts with its first call."""
        self.outbox = Thread("outbox")
        self.keys = Thread("keys")
        self.inbox = Thread("inbox")
        self.seal = Thread("seal")
        self.sink = Thread("sink")

    async def close(self) -> None:
        """Let each finish what it was asked for."""
        for thread in (self.outbox, self.keys, self.inbox, self.seal, self.sink):
            await thread.close()


class Node:
    """One agency's running node."""

    def __init__(self, store: Store) -> None:
        """Take the opened folder; nothing runs yet."""
        self._store = store
        self._probe = probe_of(store.settings)
        self._log = structlog.get_logger()

    async def run(self) -> None:
        """Run until cancelled.

        Raises:
            MisconfiguredError: the node must not start like this.
        """
        settings = self._store.settings
        adapter = None if settings.adapter is None else find_adapter(settings.adapter)
        for name in settings.insecure:
            self._log.warning("insecure", setting=name)
        publisher = KafkaPublisher(settings.kafka_bootstrap, client_id=f"simpul-{settings.id}")
        subscription = KafkaSubscription(settings.kafka_bootstrap, client_id=f"simpul-{settings.id}")
        threads = Threads()
        try:
            async with asyncio.TaskGroup() as tasks:
                for task in self._tasks(adapter, publisher, subscription, threads):
                    tasks.create_task(task)
                self._log.info("started", agency=settings.id, federation=self._in_force().federation.version)
        finally:
            await publisher.close()
            await subscription.close()
            await threads.close()
            self._log.info("stopped", agency=settings.id, stations=dict(self._probe.passed_by_station))

    def _in_force(self) -> InForce:
        return self._store.trust.in_force()

    def _tasks(
        self,
        adapter: Adapter | None,
        publisher: Publisher,
        subscription: Subscription,
        threads: Threads,
    ) -> Iterator[Coroutine[Any, Any, None]]:
        store, settings = self._store, self._store.settings
        relay = self.relay(publisher, threads)
        inbound = self.inbound(subscription, threads)
        yield relay.run()
        yield inbound.run()
        yield self._watch_federation()
        if adapter is None:
            return
        sink = adapter.sink(settings.folder, settings.adapter_settings)
        delivering = Delivering(
            Consumer(name=f"adapter/{settings.adapter}", sink=sink),
            inbox=store.inbox,
            reader=store.reader,
            thread=threads.sink,
            clock=SystemClock(),
            probe=self._probe,
            random=os.urandom,
        )
        inbound.tell(delivering.wake)
        yield delivering.run()
        accept = outbound(store, threads.outbox, probe=self._probe, wake=relay.wake).accept
        yield adapter.feed(settings.folder, settings.adapter_settings, accept, self._tell)

    def relay(self, publisher: Publisher, threads: Threads) -> Relay:
        """Return what seals and publishes."""
        store = self._store
        return Relay(
            sender=self._sender(),
            stores=Stores(
                outbox=store.outbox,
                outbox_thread=threads.outbox,
                keys=store.keys,
                keys_thread=threads.keys,
                work_thread=threads.seal,
            ),
            clearance=store.clearance,
            publisher=publisher,
            clock=SystemClock(),
            probe=self._probe,
            random=os.urandom,
        )

    def inbound(self, subscription: Subscription, threads: Threads) -> Inbound:
        """Return what reads Kafka into the inbox."""
        return Inbound(
            receiver=self._receiver(),
            subscription=subscription,
            in_force=self._in_force,
            thread=threads.inbox,
            clock=SystemClock(),
            random=os.urandom,
        )

    def _sender(self) -> Sender:
        store = self._store
        return Sender(
            source=store.me,
            signer=open_signing_key(store.at_rest, store.settings.path(store.settings.signing_key)),
            secret=store.at_rest.secret("ids"),
            ciphers=store.keyring,
            tag=store.at_rest.tag,
        )

    def _receiver(self) -> Receiver:
        store = self._store
        paths = [store.settings.path(uri) for uri in store.settings.receiving_keys]
        return Receiver(
            me=store.me,
            inbox=store.inbox,
            outbox=store.outbox,
            keys=store.keys,
            keyring=store.keyring,
            reader=store.reader,
            unwrapper=open_receiving_keys(store.at_rest, paths),
            verifier=Verifier(store.me),
            probe=self._probe,
        )

    async def _watch_federation(self) -> None:
        while True:
            await asyncio.sleep(FEDERATION_LOOK_SECONDS)
            try:
                if await asyncio.to_thread(self._store.trust.look_again):
                    self._log.info("federation", federation=self._in_force().federation.version)
            except SimpulError as error:
                self._log.error("federation", code=error.code)

    def _tell(self, event: str, fields: Mapping[str, object]) -> None:
        self._log.info(event, **fields)
