"""The death of Kafka under running nodes, and how long an event takes while nothing else happens."""

import json
import os
import signal
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from broker.kafka import jars, processes
from broker.kafka.choice import KafkaChoice, choose, stop
from broker.kafka.running import KAFKA, Running
from tests.commands import simpul, until
from tests.drafts import alert, referral
from tests.kafka_fixture import fresh_cache
from tests.nodes import Exchange

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.slow,
    pytest.mark.skipif(jars.find_java() is None, reason="NOT TESTED: no Java, so no broker to kill"),
]

RECOVERY_SECONDS = 30.0
"""From a broker that answers again to all in the inbox; a relay waits five seconds at the most, a reader thirty."""


@pytest.fixture
def mine(tmp_path: Path) -> Iterator[KafkaChoice]:
    """Return a Kafka that this test may break; it is stopped afterwards."""
    wished = KafkaChoice(kind=KAFKA, cache=fresh_cache(tmp_path))
    yield wished
    stop(wished)


def kill(running: Running) -> None:
    """Kill the broker, and return when it is dead."""
    pid = running.nodes[0].pid
    os.kill(pid, signal.SIGKILL)
    until(lambda: not processes.is_ours(pid, str(running.folder)))


def tell(figure: str) -> None:
    """Print what was measured; `pytest -rP` or `-s` shows it."""
    sys.stdout.write(f"{figure}\n")


@pytest.mark.timeout(150)
def test_broker_dies_under_running_nodes(mine: KafkaChoice, tmp_path: Path) -> None:
    """Kafka is killed with events in flight, and others come while it is dead: each is there once in the end."""
    running = choose(mine)
    exchange = Exchange(running, tmp_path / "nodes")
    try:
        roles = ("police", None), ("migrant-workers", "hotline"), ("social-services", None)
        sender, reader, third = exchange.found(*roles)
        sender.start()
        reader.start()
        events = sender.send(*(alert(f"before-{number}", reader.id) for number in range(20)))
        until(lambda: len(reader.inbox()) == 20)
        events += sender.send(*(alert(f"flight-{number}", reader.id, third.id) for number in range(50)))
        kill(running)
        events += sender.send(*(referral(f"dead-{number}", reader.id) for number in range(10)))
        assert (sender.runs, reader.runs) == (True, True)
        assert choose(mine).bootstrap == running.bootstrap
        again = time.monotonic()
        until(lambda: len(reader.inbox()) >= 80, RECOVERY_SECONDS, said=lambda: (sender.said(), reader.said()))
        tell(f"all 80 events in the inbox {time.monotonic() - again:.1f} s after the broker answered again")
        until(sender.all_published)
        until(lambda: len(reader.delivered()) >= 80)
        wanted = sorted((sender.id, event) for event in events)
        assert sorted(reader.inbox()) == wanted
        assert sorted(reader.delivered()) == wanted
        assert (reader.quarantine(), reader.findings()) == ([], [])
        assert (sender.runs, reader.runs) == (True, True)
        assert (sender.end(), reader.end()) == (0, 0)
    finally:
        exchange.close()


def test_idle_latency(exchange: Exchange, tmp_path: Path) -> None:
    """Nothing else happens: from `simpul send` to the other inbox. Measured and told, not judged."""
    sender, reader = exchange.found(("police", None), ("migrant-workers", "hotline"))
    sender.start()
    reader.start()
    noticed: list[float] = []
    known: list[float] = []
    arrived: list[float] = []
    sender.send(referral("first", reader.id))
    until(lambda: len(reader.inbox()) == 1)
    draft = tmp_path / "draft.json"
    for number in range(8):
        draft.write_text(json.dumps(alert(f"idle-{number}", reader.id)))
        sent = simpul("send", draft, "--node", sender.folder, "--json")
        (row,) = sent.rows
        until(lambda: len(reader.inbox()) == len(arrived) + 2)
        until(sender.all_published)
        told = sender.store.outbox.find(row["id"])
        assert told is not None
        (copy,) = told.copies
        assert copy.published_at is not None
        entry = reader.store.inbox.entries(len(arrived) + 1, 1)[0]
        for some, at in zip((noticed, known, arrived), (copy.stored_at, copy.published_at, entry.at), strict=True):
            some.append((at - told.accepted_at).total_seconds() * 1000)
    for what, some in (("sealed and stored", noticed), ("acknowledged", known), ("in the other inbox", arrived)):
        tell(f"from accepted to {what}: median {statistics.median(some):.0f} ms, worst {max(some):.0f} ms")
    assert len(arrived) == 8
