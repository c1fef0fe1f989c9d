"""The four attacks, made live by a process that is no node, and what the attacked nodes' stores say of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson

from adapters.demo import node_processes, words
from adapters.demo.waiting import until
from broker.errors import UnavailableError
from broker.names import Topic

if TYPE_CHECKING:
    from collections.abc import Sequence

    from adapters.demo.node_processes import NodeProcesses
    from adapters.demo.onlooker import Journey, Onlooker
    from adapters.demo.scenario import Refusal, Said
    from adapters.demo.workplace import Workplace
    from broker.names import AgencyId
    from broker.ports import QuarantineRow

_ATTEMPT_SECONDS: Final = 30.0
_REFUSED_SECONDS: Final = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of an attempt."""

    attempt: str
    at: AgencyId
    code: str
    place: tuple[Topic, int] | None = None
    """Where in Kafka the bytes lie; none where nothing was written."""
    further: tuple[tuple[Said, str], ...] = ()
    """What else was tried, and the code with which it stayed closed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What the attacks take place on."""

    bootstrap: str
    workplace: Workplace
    nodes: NodeProcesses
    onlooker: Onlooker
    journeys: dict[int, Sequence[Journey]]
    """The events of each step."""

    async def attempt(self, refusal: Refusal) -> Outcome:
        """Make one attempt and see what came of it.

        Raises:
            UnavailableError: `demo.attempt-failed`, `demo.not-refused`: it could not be made, or was not refused.
        """
        name, at = refusal.attempt, refusal.at
        topic, offset = self._copy(refusal.step, refusal.taken)
        if name == "foreign-mailbox":
            return await self._reading(name, at, topic, offset)
        to, _ = self._copy(refusal.step, at)
        told = await self._outsider(name, topic, offset, "--to", to)
        place = (Topic(told["topic"]), int(told["offset"]))
        row = await self._quarantined(name, at, place)
        return Outcome(attempt=name, at=at, code=row.code, place=place)

    async def _reading(self, name: str, at: AgencyId, topic: Topic, offset: int) -> Outcome:
        told = await self._outsider(name, topic, offset, "--node", str(self.workplace.node(at)))
        if told["opened"] or not (told["code"] and told["cover"] and told["wrap"]):
            raise UnavailableError("demo.not-refused", name)
        further = ((words.WITHOUT_THE_CHECK, str(told["cover"])), (words.NOR_THE_KEYS, str(told["wrap"])))
        return Outcome(attempt=name, at=at, code=str(told["code"]), further=further)

    async def _quarantined(self, name: str, agency: AgencyId, place: tuple[Topic, int]) -> QuarantineRow:
        def look() -> QuarantineRow | None:
            self.nodes.require_alive()
            return self.onlooker.set_aside(agency, *place)

        return await until(
            look, seconds=_REFUSED_SECONDS, late=lambda: UnavailableError("demo.not-refused", f"{name}, {agency}")
        )

    def _copy(self, step: int, reader: AgencyId) -> tuple[Topic, int]:
        """Return where the copy of a step's event lies that a reader got."""
        for journey in self.journeys.get(step, ()):
            for copy in journey.sent.copies:
                if reader in copy.audience and copy.offset is not None:
                    return copy.topic, copy.offset
        raise UnavailableError("demo.attempt-failed", f"step {step} has no copy for {reader}")

    async def _outsider(self, name: str, topic: Topic, offset: int, *more: str) -> dict[str, Any]:
        answer = await node_processes.run(
            *("adapters.demo.outsider", name, "--kafka", self.bootstrap, "--topic", topic, "--offset", str(offset)),
            *more,
            seconds=_ATTEMPT_SECONDS,
        )
        if answer.code != 0:
            raise UnavailableError("demo.attempt-failed", f"{name}: {answer.err.strip()[-200:]}")
        told: dict[str, Any] = orjson.loads(answer.out)
        return told
