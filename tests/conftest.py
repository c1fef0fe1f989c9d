"""What holds for every test: our code never blocks the event loop."""

from collections.abc import Iterator

import pytest
from blockbuster import BlockBuster, blockbuster_ctx

pytest_plugins = ["tests.kafka_fixture"]


@pytest.fixture(autouse=True)
def blockbuster() -> Iterator[BlockBuster]:
    """Make a blocking call of our packages inside the event loop raise BlockingError."""
    with blockbuster_ctx(["broker", "schemas"]) as detector:
        yield detector
