"""Apache Kafka from the official image, where a Docker engine runs; never required.

One broker, its port published on 127.0.0.1 alone, its data in a volume of its own named after the cache folder.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import time
from pathlib import Path
from typing import Final

from broker.errors import TransportError
from broker.kafka import jars, probe, processes
from broker.kafka.running import DOCKER, Node, Note, Running, Tell, save

IMAGE: Final = f"apache/kafka:{jars.KAFKA_VERSION}"

_ASK_SECONDS: Final = 10.0
_PULL_SECONDS: Final = 600.0
_STOP_SECONDS: Final = 60.0
_READY_SECONDS: Final = 90.0
_CONTROLLER_PORT: Final = 29093
_DATA: Final = "/var/lib/kafka/data"


def reachable() -> bool:
    """Say whether a Docker engine answers."""
    if shutil.which("docker") is None:
        return False
    return _docker("version", "--format", "{{.Server.Version}}", seconds=_ASK_SECONDS) is not None


def start(cache: Path, tell: Tell) -> Running:
    """Start the official image and return when Kafka answers.

    Args:
        cache: the cache folder; the caller holds its lock.
        tell: is told of progress.

    Raises:
        TransportError: the image cannot be had, or Kafka does not come up.
    """
    tell(Note(id=f"Menyalakan {IMAGE} lewat Docker …", en=f"Starting {IMAGE} through Docker …"))
    name = "simpul-kafka-" + hashlib.sha256(str(cache.resolve()).encode()).hexdigest()[:12]
    _docker("rm", "--force", name, seconds=_STOP_SECONDS)
    (port,) = processes.free_ports(1)
    command = ["run", "--detach", "--name", name, "--memory", "768m", "--volume", f"{name}:{_DATA}"]
    command += ["--publish", f"{processes.LOOPBACK}:{port}:{port}"]
    for key, value in _environment(port, name).items():
        command += ["--env", f"{key}={value}"]
    if _docker(*command, IMAGE, seconds=_PULL_SECONDS) is None:
        raise TransportError("kafka.start-failed", f"docker run {IMAGE}")
    running = Running(
        kind=DOCKER,
        bootstrap=f"{processes.LOOPBACK}:{port}",
        brokers=1,
        version=jars.KAFKA_VERSION,
        nodes=(Node(node_id=1, pid=0, port=port),),
        container=name,
    )
    save(cache, running)
    deadline = time.monotonic() + _READY_SECONDS
    if not probe.wait_ready(running.bootstrap, brokers=1, deadline=deadline, alive=lambda: alive(running)):
        raise TransportError("kafka.start-failed", f"see: docker logs {name}")
    return running


def stop(running: Running) -> bool:
    """Stop and remove the container; its volume keeps the data.

    Returns:
        Whether it stopped when asked.
    """
    name = running.container or ""
    stopped = _docker("stop", "--time", "20", name, seconds=_STOP_SECONDS) is not None
    _docker("rm", "--force", name, seconds=_STOP_SECONDS)
    return stopped


def discard(running: Running) -> None:
    """Remove the data of a container that was stopped and will not be started again."""
    _docker("volume", "rm", "--force", running.container or "", seconds=_STOP_SECONDS)


def alive(running: Running) -> bool:
    """Say whether the container runs."""
    told = _docker("inspect", "--format", "{{.State.Running}}", running.container or "", seconds=_ASK_SECONDS)
    return told == "true"


def _environment(port: int, name: str) -> dict[str, str]:
    """Return the settings as the image takes them: `KAFKA_` and the name in capitals, underscores for dots."""
    own = {
        "process.roles": "broker,controller",
        "node.id": "1",
        "log.dirs": _DATA,
        "controller.quorum.voters": f"1@localhost:{_CONTROLLER_PORT}",
        "listeners": f"NODES://:{port},CONTROLLER://localhost:{_CONTROLLER_PORT}",
        "advertised.listeners": f"NODES://{processes.LOOPBACK}:{port}",
        "listener.security.protocol.map": "NODES:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "inter.broker.listener.name": "NODES",
        "controller.listener.names": "CONTROLLER",
        "offsets.topic.replication.factor": "1",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
    }
    lines = jars.shipped("server.properties").read_text(encoding="utf-8").splitlines()
    shared = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    named = {"KAFKA_" + key.upper().replace(".", "_"): value for key, value in (shared | own).items()}
    # Sixteen bytes, as Kafka wants of the id of a cluster; the volume is bound to it.
    cluster = hashlib.sha256(name.encode()).hexdigest()[:22]
    return named | {
        "CLUSTER_ID": cluster,
        "KAFKA_HEAP_OPTS": "-Xms64m -Xmx256m -XX:+UseSerialGC",
        "KAFKA_LOG4J_ROOT_LOGLEVEL": "WARN",
    }


def _docker(*arguments: str, seconds: float) -> str | None:
    """Run the Docker client and return what it says; none if it fails or takes too long."""
    program = shutil.which("docker")
    if program is None:
        return None
    try:
        done = subprocess.run(
            [program, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
