"""Federations, node folders and shipped `simpul serve` processes, for tests that run everything for real.

Every exchange makes up agencies that no other test has, on the Kafka of the session; whatever it started is ended with
it, by pid, also after a failure. Nothing here sleeps for a fixed time: `until` waits for a condition, to a deadline.
"""

import asyncio
import itertools
import json
import secrets
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from broker.assembly import Node as AssembledNode
from broker.assembly import Store, Threads, open_store, outbound
from broker.federation.insecure_folder import InsecureFolderFederation, load_agency, write_folder
from broker.founding import NewAgency, new_node
from broker.kafka.memory import MemoryKafka
from broker.kafka.running import Running
from broker.kafka.topics import ensure_topics_of, topics_of
from broker.names import AgencyId, EventId, Topic, agency_id
from broker.pipeline.outbound import AcceptResult
from broker.pipeline.reading import Unreadable
from broker.policy import default_agreements
from broker.ports import Delivery
from broker.stages import Draft, Fetched, Origin
from broker.telemetry import Counts
from broker.threads import Thread
from schemas.catalogue import KINDS
from tests.commands import SIMPUL, SOON, clean_environment, until
from tests.raw_kafka import read_all

_numbers = itertools.count(1)
_session = secrets.token_hex(3)


@dataclass(slots=True)
class Node:
    """One agency's folder, and its process while it runs."""

    id: AgencyId
    role: str
    folder: Path
    _process: subprocess.Popen[bytes] | None = None
    _store: Store | None = None
    _opened: ExitStack = field(default_factory=ExitStack)

    # --- its process

    def start(self, *, kill_at: str | None = None, ready: bool = True, **environment: str) -> None:
        """Start `simpul serve`, with or without the setting that kills it at a station."""
        assert self._process is None or self._process.poll() is not None, "it runs already"
        self.set("insecure_kill_at", kill_at)
        number = len(list(self.folder.glob("../*.run-*.err"))) + 1
        out, err = (self.folder.with_name(f"{self.id}.run-{number}.{name}") for name in ("out", "err"))
        with out.open("wb") as standard, err.open("wb") as errors:
            self._process = subprocess.Popen(
                [SIMPUL, "serve", "--node", str(self.folder)],
                stdin=subprocess.DEVNULL,
                stdout=standard,
                stderr=errors,
                env=clean_environment(**environment),
            )
        if ready and kill_at is None:
            until(lambda: b'"started"' in err.read_bytes() or self._process_ended(), said=err.read_text)
            assert not self._process_ended(), err.read_text()

    def _process_ended(self) -> bool:
        return self._process is None or self._process.poll() is not None

    @property
    def pid(self) -> int:
        """The id of its process."""
        assert self._process is not None
        return self._process.pid

    @property
    def runs(self) -> bool:
        """Whether its process lives."""
        return not self._process_ended()

    def was_killed(self, seconds: float = SOON) -> None:
        """Wait until it has died, and see that it was SIGKILL that ended it."""
        until(self._process_ended, seconds, said=lambda: f"{self.id} did not die\n{self.said()}")
        assert self._process is not None
        assert self._process.returncode == -signal.SIGKILL, self.said()

    def end(self, number: signal.Signals = signal.SIGTERM, seconds: float = SOON) -> int | None:
        """End its process, if it lives; return its exit code."""
        if self._process is None:
            return None
        if self._process.poll() is None:
            self._process.send_signal(number)
            try:
                self._process.wait(seconds)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(seconds)
                raise
        code, self._process = self._process.returncode, None
        return code

    def outputs(self) -> list[Path]:
        """Return the files with all that its processes have printed."""
        return sorted(self.folder.parent.glob(f"{self.id}.run-*"))

    def said(self) -> str:
        """Return all that its processes have printed."""
        return "\n".join(path.read_text(errors="replace") for path in self.outputs())

    def log(self) -> list[dict[str, Any]]:
        """Return the lines of its logs."""
        return [orjson.loads(line) for line in self.said().splitlines() if line.startswith("{")]

    # --- its folder

    def set(self, name: str, value: str | None) -> None:
        """Write a setting into node.toml, or take it out."""
        file = self.folder / "node.toml"
        lines = [line for line in file.read_text().splitlines() if not line.startswith(f"{name} =")]
        if value is not None:
            lines.insert(0, f"{name} = {json.dumps(value)}")
        file.write_text("\n".join(lines) + "\n")

    @property
    def store(self) -> Store:
        """Its store, opened beside the running node."""
        if self._store is None:
            self._store = self._opened.enter_context(open_store(self.folder))
        return self._store

    def close_store(self) -> None:
        """Close what was opened beside the node."""
        self._opened.close()
        self._store = None

    def accept(self, *bodies: Mapping[str, Any]) -> list[AcceptResult]:
        """Put drafts into its outbox in one go, as `simpul send` does with one."""

        async def accept() -> list[AcceptResult]:
            thread = Thread("outbox")
            try:
                drafts = [Draft(origin=_origin(body), body=orjson.dumps(body)) for body in bodies]
                return await outbound(self.store, thread, probe=Counts(), wake=lambda: None).accept(drafts)
            finally:
                await thread.close()

        store = self.store
        assert store is not None
        return asyncio.run(accept())

    def send(self, *bodies: Mapping[str, Any]) -> list[EventId]:
        """Put drafts into its outbox, all of which must be new and accepted; return their events."""
        results = self.accept(*bodies)
        for result in results:
            if result.refused is not None:
                raise result.refused
        assert all(result.new for result in results)
        return [result.event_id for result in results if result.event_id is not None]

    def seal(self, *bodies: Mapping[str, Any]) -> list[Fetched]:
        """Seal drafts as its relay does, and return the records (new keys first) without giving them to any Kafka."""
        kafka = MemoryKafka(topics_of(list(self.store.trust.in_force().federation.agencies)))
        self.send(*bodies)

        threads = Threads()
        sealing = AssembledNode(self.store).relay(kafka.publisher(), threads)

        async def seal() -> None:
            relay = asyncio.create_task(sealing.run())
            try:
                async with asyncio.timeout(SOON):
                    while not await threads.outbox.run(self.all_published):  # noqa: ASYNC110 - SQLite tells nobody
                        await asyncio.sleep(0.01)
            finally:
                relay.cancel()
                await asyncio.wait([relay])
                await threads.close()

        asyncio.run(seal())
        records = [record for some in kafka.records.values() for record in some]
        return sorted(records, key=lambda record: not record.topic.startswith("simpul.keys."))

    def all_published(self) -> bool:
        """Say whether nothing waits in its outbox."""
        backlog = self.store.outbox.backlog()
        return not (backlog.accepted or backlog.unpublished)

    def copy(self, folder: Path) -> "Node":
        """Return a copy of its folder, as somebody would restore it from a backup."""
        self.close_store()
        shutil.copytree(self.folder, folder / self.folder.name)
        shutil.copytree(self.folder.parent / "federation", folder / "federation")
        return Node(id=self.id, role=self.role, folder=folder / self.folder.name)

    # --- what has come to it

    def entries(self) -> list[Delivery | Unreadable]:
        """Return its whole inbox."""
        found: list[Delivery | Unreadable] = []
        after = 0
        while True:
            some, last = self.store.reader.entries(after, 500)
            if last == after:
                return found
            found, after = found + some, last

    def inbox(self) -> list[tuple[AgencyId, EventId]]:
        """Return (source, event id) of each entry of its inbox."""
        opened = [one.event.opened for one in self.entries() if isinstance(one, Delivery)]
        return [(one.source, one.event_id) for one in opened]

    def delivered(self) -> list[tuple[str, str]]:
        """Return (source, event id) of each line of the file of its sink (the hotline's form)."""
        from adapters.hotline import native  # noqa: PLC0415 - only where the hotline's sink is used

        file = self.folder / "delivered" / "masuk.jsonl"
        lines = file.read_text().splitlines() if file.exists() else []
        rows = [native.read_delivered(line) for line in lines]
        return [(row.dari, row.id) for row in rows]

    def quarantine(self, *sources: str) -> list[tuple[Topic, int, str]]:
        """Return (topic, offset, code) of what it has set aside; of topics that other tests write, only of sources."""
        rows = self.store.inbox.quarantined(0, 1000)
        mine = [row for row in rows if row.source in sources or ".mail." in row.topic or ".keys." in row.topic]
        return [(row.topic, row.offset, row.code) for row in mine]

    def findings(self) -> list[str]:
        """Return the codes of all that was found, in events and keys."""
        events = self.store.inbox.findings(0, 1000)
        keys = self.store.keys.findings(after=0, limit=1000)
        return [finding.code for _, finding in (*events, *keys)]


def _origin(body: Mapping[str, Any]) -> Origin:
    return Origin(system="draft", record_id=str(body["id"]))


class Exchange:
    """Agencies on one Kafka under one federation."""

    def __init__(self, kafka: Running, folder: Path) -> None:
        """Take the Kafka and an empty folder."""
        self.kafka = kafka
        self.folder = folder
        self.federation = folder / "federation"
        self.nodes: list[Node] = []

    def found(
        self, *agencies: tuple[str, str | None], settings: Mapping[str, Mapping[str, str]] | None = None
    ) -> list[Node]:
        """Make a node for each (role, adapter), the federation of all of them, and their topics."""
        now = datetime.now(UTC)
        self.folder.mkdir(parents=True, exist_ok=True)
        number = next(_numbers)
        for place, (role, adapter) in enumerate(agencies, start=1):
            name = agency_id(f"e{number}-{place}-{_session}")
            own = (settings or {}).get(role, {})
            said = {"status": "Exercise", **own} if adapter else {}
            folder = self.folder / name
            new_node(
                folder,
                NewAgency(id=name, role=role, name_id=name, name_en=name, adapter=adapter, adapter_settings=said),
                kafka_bootstrap=self.kafka.bootstrap,
                federation=self.federation,
                valid=(now - timedelta(minutes=5), now + timedelta(days=1)),
            )
            self.nodes.append(Node(id=name, role=role, folder=folder))
        self.publish_federation()
        asyncio.run(ensure_topics_of(self.kafka, [node.id for node in self.nodes]))
        return self.nodes

    def publish_federation(self) -> None:
        """Write the federation of all nodes that there are."""
        listed = [load_agency(node.folder / "agency.json") for node in self.nodes]
        catalogue = {kind.type: [kind.dataschema] for kind in KINDS}
        write_folder(self.federation, listed, default_agreements(), catalogue, created=datetime.now(UTC))

    def trusted(self) -> Any:
        """Return the federation in force."""
        return InsecureFolderFederation(self.federation).load()

    def records(self, topics: Sequence[Topic] | None = None) -> list[Fetched]:
        """Return everything that Kafka holds of this exchange's topics."""
        return asyncio.run(read_all(self.kafka.bootstrap, topics or topics_of([node.id for node in self.nodes])))

    def close(self) -> None:
        """End whatever runs."""
        for node in self.nodes:
            node.end(signal.SIGKILL)
            node.close_store()
