"""What the contract suites run on."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.contract.kafkas import KINDS, Twin, memory_twin, running_twin


@pytest.fixture(params=KINDS)
def started_twin(request: pytest.FixtureRequest) -> Twin:
    """Return a Kafka in memory, the real one, and the embedded server, one after the other."""
    # Not in the loop: starting one blocks.
    if request.param == "memory":
        return memory_twin()
    return running_twin(
        request.param, request.getfixturevalue("durable_kafka" if request.param == "kafka" else "embedded_kafka")
    )


@pytest_asyncio.fixture
async def kafka_twin(started_twin: Twin) -> AsyncIterator[Twin]:
    """Return a Kafka whose ports are closed with the test."""
    yield started_twin
    await started_twin.close()
