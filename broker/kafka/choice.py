"""Which Kafka to use: another one's, a real one started here, Docker's, or the embedded server; in this order.

1. What was asked for by name is used or refused, never replaced by something else.
2. What already runs from this cache folder is used again.
3. The embedded server comes last, with a warning. A Kafka that could run but breaks is an error, not a reason to go
   on with something that forgets.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from broker.errors import MisconfiguredError, TransportError
from broker.kafka import apache, docker, embedded, jars, probe
from broker.kafka.running import DOCKER, EMBEDDED, EXTERNAL, KAFKA, Note, Running, Tell, forget, load, lock
from broker.settings import environment

KINDS: Final = (KAFKA, DOCKER, EMBEDDED)

_SIZES: Final = (1, 3)


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaChoice:
    """What the environment says about Kafka; `broker.settings` reads it."""

    bootstrap: str | None = None
    """`SIMPUL_KAFKA_BOOTSTRAP`: a cluster that somebody else runs."""
    kind: str | None = None
    """`SIMPUL_KAFKA`: `kafka`, `docker` or `embedded`, and nothing else will do."""
    cache: Path
    """`SIMPUL_CACHE`: where jars, data, logs and the state file lie."""


def from_environment() -> KafkaChoice:
    """Return what the environment says, with the cache folder of this installation where none is named.

    Raises:
        MisconfiguredError: a variable is not what it should be.
    """
    said = environment()
    return KafkaChoice(bootstrap=said.kafka_bootstrap, kind=said.kafka, cache=said.cache or _default_cache())


def _default_cache() -> Path:
    checkout = Path(__file__).resolve().parents[2]
    if (checkout / "deploy" / "kafka" / "pom.xml").exists():
        return checkout / ".cache"
    caches = Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache")
    return caches / "simpul"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """What was stopped, and whether it ended when asked."""

    running: Running
    cleanly: bool


def quiet(_note: Note) -> None:
    """Tell nobody."""


def choose(choice: KafkaChoice, *, brokers: int | None = None, tell: Tell = quiet) -> Running:
    """Return a Kafka that answers, started now if need be. Blocks: call it from a thread.

    Args:
        choice: what the environment says.
        brokers: 1 or 3; none means whatever runs already, else one.
        tell: takes progress and warnings.

    Raises:
        MisconfiguredError: what was asked for cannot be had here, or something else runs.
        TransportError: it was started and does not come up, or a foreign cluster does not answer.
    """
    if choice.kind is not None and choice.kind not in KINDS:
        raise MisconfiguredError("kafka.kind-unknown", f"SIMPUL_KAFKA is one of {', '.join(KINDS)}")
    if brokers is not None and brokers not in _SIZES:
        raise MisconfiguredError("kafka.brokers-unknown", "1 or 3")
    if choice.bootstrap is not None:
        return _external(choice.bootstrap)
    with lock(choice.cache):
        left = load(choice.cache)
        if left is not None and _any_alive(left):
            _check_suits(left, choice, brokers)
            if _answers(left):
                return left
            if left.kind == KAFKA:
                # Some of its nodes are gone, or it is still coming up: start completes it.
                return apache.start(choice.cache, left.brokers, tell)
            _stop(left)
        forget(choice.cache)
        return _start(choice, brokers or 1, tell)


def status(choice: KafkaChoice) -> Running | None:
    """Return the Kafka that a client would get now, if it answers; nothing is started. Blocks for some seconds."""
    if choice.bootstrap is not None:
        count = probe.count_brokers(choice.bootstrap)
        return Running(kind=EXTERNAL, bootstrap=choice.bootstrap, brokers=count) if count else None
    left = load(choice.cache)
    return left if left is not None and _any_alive(left) and _answers(left) else None


def stop(choice: KafkaChoice) -> Stopped | None:
    """Stop what runs from this cache folder; none if nothing does. Data stay. Blocks.

    Raises:
        MisconfiguredError: the cluster is somebody else's.
    """
    if choice.bootstrap is not None:
        raise MisconfiguredError("kafka.not-ours", "SIMPUL_KAFKA_BOOTSTRAP")
    with lock(choice.cache):
        left = load(choice.cache)
        stopped = None
        if left is not None and _any_alive(left):
            stopped = Stopped(running=left, cleanly=_stop(left))
        forget(choice.cache)
        return stopped


def _external(bootstrap: str) -> Running:
    count = probe.count_brokers(bootstrap)
    if count == 0:
        raise TransportError("kafka.unreachable", "SIMPUL_KAFKA_BOOTSTRAP")
    return Running(kind=EXTERNAL, bootstrap=bootstrap, brokers=count)


def _start(choice: KafkaChoice, brokers: int, tell: Tell) -> Running:
    if choice.kind == KAFKA or (choice.kind is None and _can_run_apache(choice.cache)):
        return apache.start(choice.cache, brokers, tell)
    if brokers > 1:
        raise MisconfiguredError("kafka.java-missing", "three brokers run from the jars alone: Java 17 and Maven")
    if choice.kind == EMBEDDED:
        return embedded.start(choice.cache, tell)
    if docker.reachable():
        return docker.start(choice.cache, tell)
    if choice.kind == DOCKER:
        raise MisconfiguredError("kafka.docker-missing")
    return embedded.start(choice.cache, tell)


def _can_run_apache(cache: Path) -> bool:
    return jars.find_java() is not None and (jars.cached(cache) is not None or jars.find_maven() is not None)


def _check_suits(left: Running, choice: KafkaChoice, brokers: int | None) -> None:
    """Refuse to hand out something else than what was asked for.

    Raises:
        MisconfiguredError: another kind or size runs.
    """
    if (choice.kind is not None and left.kind != choice.kind) or (brokers is not None and left.brokers != brokers):
        raise MisconfiguredError("kafka.other-running", f"{left.kind}, brokers: {left.brokers}")


def _any_alive(running: Running) -> bool:
    if running.kind == KAFKA:
        return bool(apache.alive(running))
    return docker.alive(running) if running.kind == DOCKER else embedded.alive(running)


def _answers(running: Running) -> bool:
    return probe.count_brokers(running.bootstrap) >= running.brokers


def _stop(running: Running) -> bool:
    if running.kind == KAFKA:
        return apache.stop(running)
    return docker.stop(running) if running.kind == DOCKER else embedded.stop(running)
