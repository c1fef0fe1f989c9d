"""A running Kafka for a session of tests, found or started through the product's own launcher.

Brokers are shared and never cleaned: each test makes up its own agencies, and with them its own topics. Where Java is,
nothing but a real Kafka will do, unless `SIMPUL_KAFKA=embedded` is set on purpose.
"""

import itertools
import secrets
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from broker.kafka import choice, jars
from broker.kafka.choice import KafkaChoice
from broker.kafka.running import EMBEDDED, EXTERNAL, Note, Running, home
from broker.names import AgencyId, agency_id

_numbers = itertools.count(1)
_session = secrets.token_hex(3)


def _tell(note: Note) -> None:
    sys.stderr.write(note.en + "\n")


def fresh_cache(folder: Path) -> Path:
    """Return a cache folder with the jars of the ordinary one, and nothing else in it."""
    if jars.find_java() is not None and (jars.find_maven() or jars.cached(choice.from_environment().cache)):
        there = jars.fetch(choice.from_environment().cache, _tell)
        (home(folder) / there.name).symlink_to(there, target_is_directory=True)
    return folder


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Return the Kafka of this session: bootstrap, kind, replication."""
    said = choice.from_environment()
    mine = KafkaChoice(
        bootstrap=said.bootstrap, kind=said.kind, cache=fresh_cache(tmp_path_factory.mktemp("kafka-session"))
    )
    running = choice.choose(mine, tell=_tell)
    try:
        if running.kind == EMBEDDED and said.kind != EMBEDDED and jars.find_java() is not None:
            pytest.fail("Java is here, yet only the embedded server started: install Maven, or set SIMPUL_KAFKA")
        yield running
    finally:
        if running.kind != EXTERNAL:
            choice.stop(mine)


@pytest.fixture
def durable_kafka(kafka: Running) -> Running:
    """Return the Kafka of this session for a test of durability, rights or administration; skips without one."""
    if not kafka.durable:
        pytest.skip("NOT TESTED: the embedded server has neither durability nor administration")
    return kafka


@pytest.fixture(scope="session")
def embedded_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Return an embedded server, started because it was asked for by name."""
    mine = KafkaChoice(kind=EMBEDDED, cache=tmp_path_factory.mktemp("embedded-session"))
    yield choice.choose(mine, tell=_tell)
    choice.stop(mine)


@pytest.fixture
def make_agencies() -> Callable[[int], list[AgencyId]]:
    """Return a maker of agencies that no other test has."""

    def make(count: int) -> list[AgencyId]:
        return [agency_id(f"a{next(_numbers)}-{_session}") for _ in range(count)]

    return make
