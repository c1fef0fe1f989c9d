"""Starting, finding again and stopping a Kafka of our own, also where an earlier start went wrong."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from broker.errors import MisconfiguredError, TransportError
from broker.kafka import choice, docker, embedded, jars, probe, processes
from broker.kafka.choice import KafkaChoice, choose, status, stop
from broker.kafka.running import EMBEDDED, KAFKA, Note, Running, load, lock
from tests.kafka_fixture import fresh_cache

pytestmark = pytest.mark.kafka

needs_java = pytest.mark.skipif(jars.find_java() is None, reason="NOT TESTED: no Java, so no real Kafka")

START = """
import sys; from pathlib import Path; from broker.kafka.choice import KafkaChoice, choose
print("ready", flush=True); sys.stdin.readline()
print(choose(KafkaChoice(kind=sys.argv[2], cache=Path(sys.argv[1]))).bootstrap)
"""


@pytest.fixture(params=[pytest.param(KAFKA, marks=needs_java), EMBEDDED])
def wish(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[KafkaChoice]:
    """Return a wish for each kind that we start as a process, in a cache of its own; it is stopped afterwards."""
    cache = fresh_cache(tmp_path) if request.param == KAFKA else tmp_path
    wished = KafkaChoice(kind=request.param, cache=cache)
    yield wished
    stop(wished)


@pytest.fixture
def real(tmp_path: Path) -> Iterator[KafkaChoice]:
    """Return a wish for a real Kafka in a cache of its own; it is stopped afterwards."""
    wished = KafkaChoice(kind=KAFKA, cache=fresh_cache(tmp_path))
    yield wished
    stop(wished)


def gone(running: Running) -> bool:
    """Wait until the first process of a Kafka has ended; say whether it did."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if not processes.is_ours(running.nodes[0].pid, str(running.folder)):
            return True
        time.sleep(0.02)
    return False


def test_start_status_stop(wish: KafkaChoice) -> None:
    """A start answers, a second one finds it, a stop ends it and leaves nothing that answers."""
    assert status(wish) is None
    running = choose(wish)
    assert running.kind == wish.kind
    assert running.bootstrap.startswith("127.0.0.1:")
    assert probe.count_brokers(running.bootstrap) == 1
    assert choose(wish) == status(wish) == running
    stopped = stop(wish)
    assert stopped is not None
    assert stopped.cleanly
    assert gone(running)
    assert status(wish) is None
    assert stop(wish) is None


def test_it_stands_apart(wish: KafkaChoice) -> None:
    """The process has a session of its own, no standard input, and none of our environment."""
    (node,) = choose(wish).nodes
    assert os.getsid(node.pid) == node.pid != os.getsid(0)
    assert Path(f"/proc/{node.pid}/fd/0").readlink() == Path(os.devnull)
    environment = Path(f"/proc/{node.pid}/environ").read_bytes()
    assert {row.split(b"=")[0] for row in environment.split(b"\0") if row} <= {b"LC_ALL"}


@needs_java
def test_it_fits_into_half_a_gibibyte(kafka: Running) -> None:
    """The resident memory of a broker stays small."""
    if kafka.kind != KAFKA:
        pytest.skip("NOT TESTED: this session's Kafka is not ours to measure")
    for node in kafka.nodes:
        used = processes.resident_mib(node.pid)
        assert used is not None
        assert used < 512


@needs_java
def test_it_keeps_its_address(real: KafkaChoice) -> None:
    """After a stop the next start answers at the same port, so that clients find it again."""
    first = choose(real)
    stop(real)
    assert choose(real).bootstrap == first.bootstrap


@needs_java
def test_a_port_that_somebody_took_is_left_alone(real: KafkaChoice) -> None:
    """Where the old port is taken meanwhile, another one is chosen."""
    first = choose(real)
    stop(real)
    with socket.socket() as squatter:
        squatter.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        squatter.bind(("127.0.0.1", first.nodes[0].port))
        squatter.listen()
        second = choose(real)
    assert second.bootstrap != first.bootstrap
    assert probe.count_brokers(second.bootstrap) == 1


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("", id="empty"),
        pytest.param("{", id="cut off"),
        pytest.param("[]", id="something else"),
        pytest.param('{"kind": "kafka"}', id="half"),
    ],
)
def test_a_broken_state_file_is_no_hindrance(tmp_path: Path, content: str) -> None:
    """What a crash left in the state file is passed over."""
    wished = KafkaChoice(kind=EMBEDDED, cache=tmp_path)
    (tmp_path / "kafka").mkdir()
    (tmp_path / "kafka" / "state.json").write_text(content)
    assert status(wished) is None
    try:
        assert choose(wished).kind == EMBEDDED
    finally:
        assert stop(wished) is not None


def test_somebody_else_s_process_is_never_touched(tmp_path: Path) -> None:
    """A state file whose pid now belongs to another process: that one is neither believed in nor ended."""
    wished = KafkaChoice(kind=EMBEDDED, cache=tmp_path)
    choose(wished)
    stop(wished)
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], stdin=subprocess.DEVNULL)
    try:
        row = {
            "kind": "kafka",
            "bootstrap": "127.0.0.1:1",
            "brokers": 1,
            "version": "",
            "nodes": [{"node_id": 1, "pid": other.pid, "port": 1, "controller_port": 2}],
            "folder": str(tmp_path / "kafka" / "1-broker"),
            "control": None,
            "container": None,
        }
        (tmp_path / "kafka" / "state.json").write_text(json.dumps(row))
        assert status(wished) is None
        assert stop(wished) is None
        choose(wished)
        stop(wished)
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_after_a_kill_it_is_started_again(wish: KafkaChoice) -> None:
    """A process that was killed is noticed, and the next start brings a new one."""
    first = choose(wish)
    os.kill(first.nodes[0].pid, signal.SIGKILL)
    assert gone(first)
    assert status(wish) is None
    second = choose(wish)
    assert second.nodes[0].pid != first.nodes[0].pid
    assert probe.count_brokers(second.bootstrap) == 1


def test_starts_do_not_race(wish: KafkaChoice) -> None:
    """Processes that start at the same moment get the same Kafka."""
    command = [sys.executable, "-c", START, str(wish.cache), str(wish.kind)]
    racers = [subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE) for _ in range(3)]
    for each in racers:
        assert each.stdout is not None
        assert each.stdout.readline() == b"ready\n"
    for each in racers:
        assert each.stdin is not None
        each.stdin.write(b"\n")
        each.stdin.flush()
    addresses = {each.communicate(timeout=50)[0] for each in racers}
    assert len(addresses) == 1
    # Nor does one more run that nobody knows of.
    mark = str(wish.cache / "kafka")
    pids = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
    assert len([pid for pid in pids if processes.is_ours(pid, mark)]) == 1
    running = status(wish)
    assert running is not None
    assert addresses == {f"{running.bootstrap}\n".encode()}


def test_a_lock_that_is_held_has_its_code(tmp_path: Path) -> None:
    """Whoever waits too long for another start is told so."""
    with lock(tmp_path), pytest.raises(TransportError) as raised, lock(tmp_path, 0.2):
        pass
    assert raised.value.code == "kafka.start-locked"


def test_another_kind_is_not_handed_out(tmp_path: Path) -> None:
    """Asked for by name or size, something else that runs is refused, not given."""
    choose(KafkaChoice(kind=EMBEDDED, cache=tmp_path))
    try:
        for wished, brokers in ((KafkaChoice(kind=KAFKA, cache=tmp_path), None), (KafkaChoice(cache=tmp_path), 3)):
            with pytest.raises(MisconfiguredError) as raised:
                choose(wished, brokers=brokers)
            assert raised.value.code == "kafka.other-running"
    finally:
        stop(KafkaChoice(cache=tmp_path))


@pytest.mark.parametrize(
    ("wished", "brokers", "code"),
    [
        pytest.param({"kind": "rabbit"}, None, "kafka.kind-unknown", id="no such kind"),
        pytest.param({"kind": KAFKA}, 2, "kafka.brokers-unknown", id="two brokers"),
        pytest.param({"kind": KAFKA}, None, "kafka.java-missing", id="no Java"),
        pytest.param({"kind": "docker"}, None, "kafka.docker-missing", id="no Docker"),
        pytest.param({}, 3, "kafka.java-missing", id="three brokers without Java"),
        pytest.param({"bootstrap": "127.0.0.1:9"}, None, "kafka.unreachable", id="nobody at the address"),
    ],
)
def test_what_cannot_be_had_is_refused(
    bare_machine: Path, wished: dict[str, str], brokers: int | None, code: str
) -> None:
    """Each wish that this machine cannot fulfil has a code of its own, and nothing else is started instead."""
    with pytest.raises((MisconfiguredError, TransportError)) as raised:
        choose(KafkaChoice(cache=bare_machine, **wished), brokers=brokers)
    assert raised.value.code == code
    assert load(bare_machine) is None


@pytest.fixture
def bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a cache folder on a machine without Java, Maven and Docker."""
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    monkeypatch.setattr(jars, "find_java", jars.find_java.__wrapped__)
    return tmp_path / "cache"


def test_the_embedded_server_comes_last_with_a_warning(bare_machine: Path) -> None:
    """On a machine with nothing but Python something still starts, and says in both languages what it is not."""
    notes: list[Note] = []
    running = choose(KafkaChoice(cache=bare_machine), tell=notes.append)
    stop(KafkaChoice(cache=bare_machine))
    assert running.kind == EMBEDDED
    assert not running.durable
    assert notes == [embedded.WARNING]
    assert embedded.WARNING.warning


def test_a_foreign_cluster_is_used_and_not_stopped(kafka: Running, tmp_path: Path) -> None:
    """`SIMPUL_KAFKA_BOOTSTRAP` comes before all else; it is asked whether it answers, and is nobody's to stop."""
    wished = KafkaChoice(bootstrap=kafka.bootstrap, cache=tmp_path)
    running = choose(wished)
    assert (running.kind, running.bootstrap, running.brokers) == ("external", kafka.bootstrap, kafka.brokers)
    assert status(wished) == running
    with pytest.raises(MisconfiguredError) as raised:
        stop(wished)
    assert raised.value.code == "kafka.not-ours"


def test_other_jars_than_ours_are_not_run(tmp_path: Path) -> None:
    """A jar whose digest is not the one that we know is refused by name."""
    for line in jars.shipped("jars.sha256").read_text().splitlines():
        (tmp_path / line.split()[1]).write_bytes(b"not it")
    with pytest.raises(MisconfiguredError) as raised:
        jars._check(tmp_path)
    assert raised.value.code == "kafka.jars-altered"
    assert "kafka-clients-4.3.1.jar" in raised.value.detail


@needs_java
def test_full_cache_needs_no_maven(real: KafkaChoice, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Once the jars are in the cache, Maven is not asked for."""
    monkeypatch.setattr(jars, "find_maven", lambda: None)
    assert choose(KafkaChoice(cache=real.cache)).kind == KAFKA
    with pytest.raises(MisconfiguredError) as raised:
        jars.fetch(tmp_path / "other", choice.quiet)
    assert raised.value.code == "kafka.jars-missing"


@pytest.mark.docker
@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.skipif(not docker.reachable(), reason="NOT TESTED: no Docker engine answers")
def test_docker_too(tmp_path: Path) -> None:
    """The official image starts, answers and is stopped."""
    wished = KafkaChoice(kind="docker", cache=tmp_path)
    try:
        assert choose(wished).kind == "docker"
    finally:
        stop(wished)
    assert status(wished) is None
