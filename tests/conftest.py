"""What holds for every test: our code never blocks the event loop, and what it logs can be looked at."""

from collections.abc import Iterator, MutableMapping
from typing import Any

import pytest
from blockbuster import BlockBuster, blockbuster_ctx
from structlog.testing import capture_logs

Lines = list[MutableMapping[str, Any]]

pytest_plugins = ["tests.kafka_fixture"]


@pytest.fixture(autouse=True)
def blockbuster() -> Iterator[BlockBuster]:
    """Make a blocking call of our packages inside the event loop raise BlockingError."""
    with blockbuster_ctx(["broker", "schemas"]) as detector:
        yield detector


@pytest.fixture(autouse=True)
def log_lines() -> Iterator[Lines]:
    """Catch our log lines instead of writing them."""
    with capture_logs() as lines:
        yield lines
