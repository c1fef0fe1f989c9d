"""What the end-to-end tests start from."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from broker.kafka.running import Running
from tests.nodes import Exchange


@pytest.fixture
def exchange(durable_kafka: Running, tmp_path: Path) -> Iterator[Exchange]:
    """Return an exchange on the session's Kafka; its nodes end with the test."""
    made = Exchange(durable_kafka, tmp_path)
    try:
        yield made
    finally:
        made.close()
