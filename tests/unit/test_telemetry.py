"""The log: a line for what a person must know, with declared fields alone."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from broker import telemetry
from broker.names import Topic
from broker.ports import Finding, Quarantined
from broker.stages import Fetched
from tests.unit.pipeline.sending import NOON

TOPIC = Topic("simpul.alert")


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """Where the lines go."""
    held = io.StringIO()
    before, root = structlog.get_config(), logging.getLogger()
    handlers, level = root.handlers[:], root.level
    telemetry.configure("info", held)
    yield held
    structlog.configure(**before)
    root.handlers[:] = handlers
    root.setLevel(level)


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    """Every line, without its time."""
    read = [json.loads(line) for line in stream.getvalue().splitlines()]
    return [{name: value for name, value in line.items() if name != "timestamp"} for line in read]


def test_trouble_has_a_line_when_it_begins_and_when_it_is_over(stream: io.StringIO) -> None:
    """With the part of the node, the code, and the topic where it is about one."""
    telemetry.trouble("relay", "kafka.topic-absent", TOPIC)
    telemetry.trouble_over("relay", "kafka.topic-absent", TOPIC)
    telemetry.trouble("reader", "kafka.unreachable")
    about = {"part": "relay", "code": "kafka.topic-absent", "topic": TOPIC}
    assert lines(stream) == [
        {"event": "trouble", "level": "warning", **about},
        {"event": "trouble-over", "level": "info", **about},
        {"event": "trouble", "level": "warning", "part": "reader", "code": "kafka.unreachable"},
    ]


def test_findings_and_quarantined_records_have_a_line_for_all_that_are_alike(stream: io.StringIO) -> None:
    """Code, topic, first offset, source and count; neither detail nor evidence nor anything of a record."""
    fetched = Fetched(topic=TOPIC, offset=3, timestamp_ms=0, key=None, value=b"secret", headers=())
    bad = Quarantined(fetched=fetched, source="a", code="untrusted.seal", station="unseal", at=NOON)
    telemetry.remarked(
        quarantine=[bad, bad, bad],
        findings=[Finding(code="stream.fork", source="b", topic=TOPIC, offset=4, at=NOON, detail="more")],
    )
    shared = {"level": "warning", "topic": TOPIC}
    assert lines(stream) == [
        {"event": "quarantined", "code": "untrusted.seal", "offset": 3, "source": "a", "count": 3, **shared},
        {"event": "finding", "code": "stream.fork", "offset": 4, "source": "b", "count": 1, **shared},
    ]


def test_a_field_that_is_not_declared_is_dropped(stream: io.StringIO) -> None:
    """No careless call puts a person into a log."""
    structlog.get_logger().info("said", subject="somebody", code="a.b")
    assert lines(stream) == [{"event": "said", "level": "info", "code": "a.b"}]
