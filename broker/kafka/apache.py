"""A real Apache Kafka in KRaft mode on 127.0.0.1, from jars alone: one node, or three that stand in for each other.

Each node is broker and controller at once. Ports are chosen free and kept for the next start, so that clients find
it again; data stay until somebody removes the folder. Listeners are plain text, since nothing leaves the machine:
`_listeners` is the one place to put mTLS.
"""

from __future__ import annotations

import base64
import json
import subprocess
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from broker.errors import MisconfiguredError, TransportError
from broker.kafka import jars, probe, processes
from broker.kafka.running import KAFKA, Node, Note, Running, Tell, home, save

_READY_SECONDS: Final = {1: 60.0, 3: 120.0}
_FORMAT_SECONDS: Final = 60.0
_TRIES: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """What a start needs to know."""

    cache: Path
    folder: Path
    java: jars.Java
    jars: Path
    brokers: int


def start(cache: Path, brokers: int, tell: Tell) -> Running:
    """Start what is not running yet of a Kafka with this many brokers, and return when it answers.

    Args:
        cache: the cache folder; the caller holds its lock.
        brokers: 1 or 3.
        tell: is told of progress.

    Raises:
        MisconfiguredError: Java or the jars cannot be had.
        TransportError: it does not come up; the detail names its log.
    """
    java = jars.find_java()
    if java is None:
        raise MisconfiguredError("kafka.java-missing", f"Java {jars.OLDEST_JAVA} or newer")
    plan = _Plan(
        cache=cache,
        folder=home(cache) / f"{brokers}-brokers" if brokers > 1 else home(cache) / "1-broker",
        java=java,
        jars=jars.fetch(cache, tell),
        brokers=brokers,
    )
    plan.folder.mkdir(mode=0o700, exist_ok=True)
    tell(
        Note(
            id=f"Menyalakan Apache Kafka {jars.KAFKA_VERSION} ({brokers} broker) …",
            en=f"Starting Apache Kafka {jars.KAFKA_VERSION} ({brokers} broker{'s' if brokers > 1 else ''}) …",
        )
    )
    for _ in range(_TRIES):
        running = _begin(plan)
        if _comes_up(plan, running):
            return running
        processes.end([node.pid for node in running.nodes], str(plan.folder))
        if all(processes.is_free(node.port) for node in running.nodes):
            break
        # Somebody took a port between our choice and Kafka's: choose again.
        _ports_file(plan).unlink(missing_ok=True)
    raise TransportError("kafka.start-failed", f"see {plan.folder}/node-*/kafka.log and kafka.out")


def stop(running: Running) -> bool:
    """Stop the nodes that are ours.

    Returns:
        Whether all stopped cleanly in time.
    """
    return processes.end([node.pid for node in running.nodes], str(running.folder))


def alive(running: Running) -> list[Node]:
    """Return the nodes whose process lives and is ours."""
    return [node for node in running.nodes if processes.is_ours(node.pid, str(running.folder))]


def _begin(plan: _Plan) -> Running:
    ports = _ports(plan)
    for number in range(1, plan.brokers + 1):
        _configure(plan, number, ports)
    _format(plan)
    nodes = tuple(
        Node(
            node_id=number,
            pid=_living(plan, number) or _launch(plan, number),
            port=ports[number - 1][0],
            controller_port=ports[number - 1][1],
        )
        for number in range(1, plan.brokers + 1)
    )
    running = Running(
        kind=KAFKA,
        bootstrap=",".join(f"{processes.LOOPBACK}:{node.port}" for node in nodes),
        brokers=plan.brokers,
        version=jars.KAFKA_VERSION,
        nodes=nodes,
        folder=plan.folder,
    )
    save(plan.cache, running)
    return running


def _comes_up(plan: _Plan, running: Running) -> bool:
    deadline = time.monotonic() + _READY_SECONDS[plan.brokers]
    return probe.wait_ready(
        running.bootstrap,
        brokers=plan.brokers,
        deadline=deadline,
        alive=lambda: len(alive(running)) == plan.brokers,
    )


def _ports_file(plan: _Plan) -> Path:
    return plan.folder / "ports.json"


def _ports(plan: _Plan) -> list[tuple[int, int]]:
    """Return (client port, controller port) of each node: those of the last time while they can be had."""
    try:
        kept = [(int(a), int(b)) for a, b in json.loads(_ports_file(plan).read_text(encoding="utf-8"))]
    except (FileNotFoundError, ValueError, TypeError):
        kept = []
    living = [_living(plan, number) for number in range(1, plan.brokers + 1)]
    if len(kept) == plan.brokers and all(
        pid is not None or all(processes.is_free(port) for port in pair) for pid, pair in zip(living, kept, strict=True)
    ):
        return kept
    # Every node names the controllers of all: with one port lost, all start anew.
    processes.end([pid for pid in living if pid is not None], str(plan.folder))
    found = processes.free_ports(2 * plan.brokers)
    chosen = list(zip(found[::2], found[1::2], strict=True))
    _ports_file(plan).write_text(json.dumps(chosen), encoding="utf-8")
    return chosen


def _living(plan: _Plan, number: int) -> int | None:
    """Return the pid of a node that still runs, whoever started it."""
    try:
        pid = int((_node(plan, number) / "pid").read_text(encoding="ascii"))
    except (FileNotFoundError, ValueError):
        return None
    return pid if processes.is_ours(pid, str(_node(plan, number))) else None


def _node(plan: _Plan, number: int) -> Path:
    return plan.folder / f"node-{number}"


def _configure(plan: _Plan, number: int, ports: list[tuple[int, int]]) -> None:
    node = _node(plan, number)
    node.mkdir(mode=0o700, exist_ok=True)
    copies = min(3, plan.brokers)
    insync = max(1, copies - 1)
    own = {
        "process.roles": "broker,controller",
        "node.id": number,
        "log.dirs": node / "data",
        # Voters by configuration, not in the log: a port that is lost can be changed.
        "controller.quorum.voters": ",".join(
            f"{voter}@{processes.LOOPBACK}:{pair[1]}" for voter, pair in enumerate(ports, start=1)
        ),
        **_listeners(*ports[number - 1]),
        "default.replication.factor": copies,
        "min.insync.replicas": insync,
        "offsets.topic.replication.factor": copies,
        "transaction.state.log.replication.factor": copies,
        "transaction.state.log.min.isr": insync,
        "share.coordinator.state.topic.replication.factor": copies,
        "share.coordinator.state.topic.min.isr": insync,
        # A broker that was killed is given up after this long: the others go on, or it may itself come back.
        "broker.session.timeout.ms": 3000 if plan.brokers == 1 else 6000,
        "broker.heartbeat.interval.ms": 500,
    }
    shared = jars.shipped("server.properties").read_text(encoding="utf-8")
    lines = "".join(f"{key}={value}\n" for key, value in own.items())
    (node / "server.properties").write_text(f"{shared}\n# This node.\n{lines}", encoding="utf-8")


def _listeners(port: int, controller_port: int) -> dict[str, str]:
    """Return what a node listens on. Plain text on loopback alone; mTLS would have its place here."""
    here = processes.LOOPBACK
    return {
        "listeners": f"NODES://{here}:{port},CONTROLLER://{here}:{controller_port}",
        "advertised.listeners": f"NODES://{here}:{port}",
        "listener.security.protocol.map": "NODES:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "inter.broker.listener.name": "NODES",
        "controller.listener.names": "CONTROLLER",
    }


def _java(plan: _Plan, number: int, *main: str) -> list[str]:
    log = _node(plan, number) / "kafka.log"
    # The second compiler pays only where there is TLS or replication to do; without it a start is quicker.
    compiler = ["-XX:TieredStopAtLevel=1"] if plan.brokers == 1 else []
    return [
        str(plan.java.program),
        "-Xms64m",
        "-Xmx256m",
        "-XX:+UseSerialGC",
        "-XX:+ExitOnOutOfMemoryError",
        "-XX:-UsePerfData",
        *compiler,
        "-Djava.awt.headless=true",
        f"-Dlog4j2.configurationFile={jars.shipped('log4j2.properties')}",
        f"-Dsimpul.kafka.log={log}",
        "-cp",
        f"{plan.jars}/*",
        *main,
    ]


def _format(plan: _Plan) -> None:
    """Make the data folders of new nodes, under the one id of the cluster.

    Raises:
        TransportError: Kafka's own tool refuses.
    """
    cluster = plan.folder / "cluster-id"
    if not cluster.exists():
        cluster.write_text(base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("="), encoding="ascii")
    for number in range(1, plan.brokers + 1):
        node = _node(plan, number)
        if (node / "data" / "meta.properties").exists():
            continue
        tool = ["kafka.tools.StorageTool", "format", "--ignore-formatted"]
        # Joined by "=": one id in sixty-four begins with a hyphen.
        tool += [f"--cluster-id={cluster.read_text(encoding='ascii')}", f"--config={node / 'server.properties'}"]
        try:
            done = subprocess.run(
                _java(plan, number, *tool),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=_FORMAT_SECONDS,
                check=False,
                env={"LC_ALL": "C.UTF-8"},
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise TransportError("kafka.start-failed", "Kafka's storage tool did not run") from error
        if done.returncode != 0:
            raise TransportError("kafka.start-failed", f"Kafka's storage tool: {done.stderr.strip()[-300:]}")


def _launch(plan: _Plan, number: int) -> int:
    node = _node(plan, number)
    command = _java(plan, number, "kafka.Kafka", str(node / "server.properties"))
    pid = processes.begin(command, cwd=node, output=node / "kafka.out")
    # Written before anything else can fail, so that a process is never lost.
    (node / "pid").write_text(str(pid), encoding="ascii")
    return pid
