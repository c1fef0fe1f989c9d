"""Plays the scenario: sets up, sends step by step, waits until each event has arrived, then attacks.

Nothing is told that the stores did not say: an event counts as sent when its sender's outbox holds it, as delivered
when the recipient's inbox does, as refused when a node has quarantined it.
"""

from __future__ import annotations

import asyncio
import csv
import io
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from adapters.demo import founding, kafka_at_hand, node_processes, operator_view, words
from adapters.demo.node_processes import NodeProcesses
from adapters.demo.onlooker import Journey, Onlooker, places
from adapters.demo.refusals import Scene
from adapters.demo.report import Refused, Report
from adapters.demo.scenario import Played, Samples, Scenario, Step, filled
from adapters.demo.waiting import until
from broker.clock import SystemClock
from broker.errors import UnavailableError
from broker.ports import SendState

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from adapters.demo.telling import Teller
    from adapters.demo.workplace import Workplace
    from broker.names import AgencyId, EventId

_SEND_SECONDS: Final = 30.0
_TAKEN_SECONDS: Final = 30.0
_ARRIVED_SECONDS: Final = 30.0
_REJECTS: Final = ".rejects.csv"


@dataclass(slots=True, kw_only=True)
class Play:
    """One run."""

    played: Scenario
    samples: Samples
    workplace: Workplace
    teller: Teller
    report: Report
    report_file: Path | None
    keep: bool
    started: float
    """By the monotonic clock, in seconds."""

    async def run(self) -> None:
        """Play it all, and end whatever was started.

        Raises:
            SimpulError: something did not hold; the report says how far it came.
        """
        async with AsyncExitStack() as closing:
            self.teller.opening()
            at_hand = await asyncio.to_thread(kafka_at_hand.find, self.workplace.kafka_cache, self.teller.note)
            closing.push_async_callback(asyncio.to_thread, at_hand.stop)
            self.report.plays_on(at_hand.running)
            self.report.seconds["kafka"] = self._seconds()
            self.teller.kafka(at_hand.running, self._seconds())
            if at_hand.own is None:
                self.teller.shared()
            nodes = NodeProcesses(self.workplace)
            closing.push_async_callback(nodes.stop)
            await self._set_up(nodes, at_hand)
            folders = {member.agency: self.workplace.node(member.agency) for member in self.played.cast}
            onlooker = await asyncio.to_thread(Onlooker, folders)
            closing.push_async_callback(asyncio.to_thread, onlooker.close)
            scene = Scene(
                bootstrap=at_hand.running.bootstrap,
                workplace=self.workplace,
                nodes=nodes,
                onlooker=onlooker,
                journeys={},
            )
            await self._steps(scene)
            await self._refusals(scene)
            self.report.seconds["total"] = self._seconds()
            self.report.ok = True
            if self.report_file is not None:
                self.report.write(self.report_file)
            self.teller.ending(self.report, self.workplace.folder if self.keep else None)
            if self.keep:
                await self._until_told(scene)

    async def _set_up(self, nodes: NodeProcesses, at_hand: kafka_at_hand.KafkaAtHand) -> None:
        before = self._seconds()
        self.teller.progress(words.FOUNDING)
        await founding.found(self.played, self.workplace, at_hand.running)
        self.teller.progress(words.STARTING)
        for member in self.played.cast:
            await nodes.start(member.agency)
        await nodes.ready()
        self.report.seconds["setup"] = round(self._seconds() - before, 3)
        self.teller.nodes(nodes.pids, self._seconds() - before)

    async def _steps(self, scene: Scene) -> None:
        known: dict[int, Played] = {}
        for step in self.played.steps:
            self.teller.step(step)
            self.teller.how(step)
            sent = await self._sent(step, scene, known)
            journeys = [await self._arrived(one.source, one.sent.event_id, scene) for one in sent]
            self.report.seconds.setdefault("first_delivery", self._first(journeys[0]))
            scene.journeys[step.number] = journeys
            known[step.number] = Played(event_id=journeys[0].sent.event_id, subject=journeys[0].sent.route.subject)
            for journey in journeys:
                await self._tell(journey, scene)

    async def _sent(self, step: Step, scene: Scene, known: dict[int, Played]) -> list[Journey]:
        """Let a step's sender send, and return the events that its outbox then holds."""
        row = await asyncio.to_thread(scene.onlooker.last_row, step.sender)
        for name in step.drafts:
            await self._send_draft(step, name, known)
        if step.files:
            await self._drop(step, scene)
        sent = await asyncio.to_thread(scene.onlooker.sent_after, step.sender, row)
        if not sent:
            raise UnavailableError("demo.not-sent", f"{step.number}, {step.sender}")
        return sent

    async def _send_draft(self, step: Step, name: str, known: dict[int, Played]) -> None:
        draft = self.workplace.folder / name
        draft.write_bytes(filled(name, self.samples.read(name), known))
        node = str(self.workplace.node(step.sender))
        answer = await node_processes.run("broker", "send", str(draft), "--node", node, seconds=_SEND_SECONDS)
        if answer.code != 0:
            code = answer.err.strip().partition(":")[0][:80]  # the command's first line begins with it
            raise UnavailableError("demo.not-sent", f"{step.number}, {step.sender}: {code}")

    async def _drop(self, step: Step, scene: Scene) -> None:
        """Drop native files as an agency's system would, and wait until the adapter has dealt with the last."""
        folder = self.workplace.node(step.sender) / "drop"
        folder.mkdir(mode=0o700, exist_ok=True)
        for name in step.files:
            part = folder / f"{name}.part"
            part.write_bytes(self.samples.read(name))
            part.rename(folder / name)
        name = step.files[-1]

        def look() -> Path | None:
            scene.nodes.require_alive()
            return next((folder / end / name for end in ("done", "rejected") if (folder / end / name).exists()), None)

        moved = await until(
            look,
            seconds=_TAKEN_SECONDS,
            late=lambda: UnavailableError("demo.not-sent", f"{step.number}, {step.sender}, {name}"),
        )
        self.teller.rejects(_rejects(moved.with_name(name + _REJECTS)))

    async def _arrived(self, source: AgencyId, event_id: EventId, scene: Scene) -> Journey:
        """Wait until an event is in the inbox of each of its recipients, with all its keys."""

        def look() -> Journey | None:
            scene.nodes.require_alive()
            journey = scene.onlooker.journey(source, event_id)
            if journey is not None and journey.sent.state is SendState.REFUSED:
                code = journey.sent.refusal.code if journey.sent.refusal else ""
                raise UnavailableError("demo.not-sent", f"{source}: {code}")
            there = journey is not None and journey.sent.state is SendState.PUBLISHED and not journey.late
            return journey if there else None

        def late() -> UnavailableError:
            journey = scene.onlooker.journey(source, event_id)
            waited = ", ".join(journey.late) if journey is not None else ""
            return UnavailableError("demo.not-delivered", f"{source} → {waited}")

        return await until(look, seconds=_ARRIVED_SECONDS, late=late)

    async def _tell(self, journey: Journey, scene: Scene) -> None:
        seen = await operator_view.look(scene.bootstrap, places([journey]))
        told = {journey.source, *journey.audience}
        others = [member.agency for member in self.played.cast if member.agency not in told]
        why = await asyncio.to_thread(scene.onlooker.why_not, journey, others)
        self.report.travelled(journey)
        self.teller.journey(journey, seen, why)

    async def _refusals(self, scene: Scene) -> None:
        self.teller.refusals()
        for refusal in self.played.refusals:
            outcome = await scene.attempt(refusal)
            self.report.refusals.append(Refused(attempt=outcome.attempt, at=outcome.at, code=outcome.code))
            self.teller.refusal(refusal, outcome)

    async def _until_told(self, scene: Scene) -> None:
        """Leave everything running until cancelled; say so if a node ends."""
        self.teller.kept(self.workplace.folder, scene.bootstrap)
        while True:
            await asyncio.sleep(1)
            scene.nodes.require_alive()

    def _first(self, journey: Journey) -> float:
        """Return when an event first arrived, in seconds since the start."""
        ago = SystemClock().now() - min(arrival.at for arrival in journey.arrivals.values())
        return round(self._seconds() - ago.total_seconds(), 3)

    def _seconds(self) -> float:
        return round(time.monotonic() - self.started, 3)


def _rejects(file: Path) -> Sequence[tuple[int, str, str]]:
    """Read row, field and code of what did not become an event."""
    if not file.exists():
        return []
    rows = csv.DictReader(io.StringIO(file.read_text(encoding="utf-8")), delimiter=";")
    return [(int(row["row"]), row["field"], row["code"]) for row in rows]
