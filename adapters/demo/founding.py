"""Makes what the demo needs before anybody can speak: topics, nodes with fresh keys, and the federation of them.

The agreements are the default ones; the federation is a folder that nobody signed, as development and tests have it.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Final

from broker.clock import SystemClock
from broker.federation.insecure_folder import load_agency, write_folder
from broker.founding import NewAgency, new_node
from broker.kafka.topics import ensure_topics_of
from broker.policy import default_agreements
from schemas.catalogue import listed_schemas

if TYPE_CHECKING:
    from adapters.demo.scenario import Scenario
    from adapters.demo.workplace import Workplace
    from broker.kafka.running import Running

_KEY_DAYS: Final = 1
_AGO: Final = timedelta(minutes=5)


async def found(played: Scenario, workplace: Workplace, running: Running) -> None:
    """Make topics, nodes and federation.

    Raises:
        MisconfiguredError: a folder cannot be written.
        TransportError: Kafka does not create the topics.
    """
    await ensure_topics_of(running, [member.agency for member in played.cast])
    await asyncio.to_thread(_folders, played, workplace, running.bootstrap)


def _folders(played: Scenario, workplace: Workplace, bootstrap: str) -> None:
    now = SystemClock().now()
    entries = [
        new_node(
            workplace.node(member.agency),
            NewAgency(
                id=member.agency,
                role=member.role,
                name_id=member.name.id,
                name_en=member.name.en,
                adapter=member.adapter,
                adapter_settings=member.settings,
            ),
            kafka_bootstrap=bootstrap,
            federation=workplace.federation,
            valid=(now - _AGO, now + timedelta(days=_KEY_DAYS)),
        )
        for member in played.cast
    ]
    write_folder(
        workplace.federation,
        [load_agency(entry) for entry in entries],
        default_agreements(),
        listed_schemas(),
        created=now.astimezone(UTC),
    )
