"""Which Kafka the demo plays on: another one's, the one that runs on this machine, or one of its own.

Two runs never meet on a Kafka of their own. On one that others use too, fresh keys keep them apart: what other runs
wrote verifies under no key of this federation, is quarantined, and moves no stream.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from broker.kafka import choice, docker, jars
from broker.kafka.choice import KafkaChoice
from broker.kafka.running import DOCKER, KAFKA, Running, Tell, home, lock


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaAtHand:
    """A Kafka that answers; `own` names it if it is to be stopped at the end."""

    running: Running
    own: KafkaChoice | None

    def stop(self) -> None:
        """Stop it if it was started for this run, and forget its data. Blocks."""
        if self.own is not None:
            choice.stop(self.own)
        if self.own is not None and self.running.kind == DOCKER:
            docker.discard(self.running)


def find(own_cache: Path, tell: Tell) -> KafkaAtHand:
    """Return a Kafka that answers, started now if need be. Blocks.

    Args:
        own_cache: where a Kafka of this run alone may have its data.
        tell: takes progress and warnings.

    Raises:
        MisconfiguredError: what was asked for cannot be had here.
        TransportError: it does not answer or come up.
    """
    said = choice.from_environment()
    if said.bootstrap is not None:
        return KafkaAtHand(running=choice.choose(said, tell=tell), own=None)
    there = choice.status(said)
    if there is not None and said.kind in {None, there.kind}:
        return KafkaAtHand(running=there, own=None)
    own = KafkaChoice(kind=said.kind, cache=own_cache)
    _lend_jars(said, own, tell)
    return KafkaAtHand(running=choice.choose(own, tell=tell), own=own)


def _lend_jars(said: KafkaChoice, own: KafkaChoice, tell: Tell) -> None:
    """Show the run's own Kafka the jars of the ordinary cache, fetched once for all."""
    if said.kind not in {None, KAFKA} or jars.find_java() is None:
        return
    if jars.cached(said.cache) is None and jars.find_maven() is None:
        return
    with lock(said.cache):
        there = jars.fetch(said.cache, tell)
    (home(own.cache) / there.name).symlink_to(there, target_is_directory=True)
