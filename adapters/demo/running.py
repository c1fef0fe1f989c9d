"""One run from the command line: makes it, runs it to its end or to a signal, writes the report, cleans up."""

from __future__ import annotations

import asyncio
import signal
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from adapters.demo.play import Play
from adapters.demo.report import Report
from adapters.demo.scenario import Language, Samples, scenario
from adapters.demo.telling import Teller
from adapters.demo.workplace import Workplace
from broker.cli.terminal import Exit, exit_code
from broker.errors import MisconfiguredError, SimpulError
from broker.kafka import choice

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What was asked for on the command line."""

    headless: bool
    report: Path | None
    keep: bool
    language: Language
    samples: Path | None
    started: float
    """By the monotonic clock, in seconds."""


def run(wishes: Wishes) -> int:
    """Run the demo.

    Returns:
        The exit code: 0 only if everything held.
    """
    teller = Teller(scenario(), wishes.language, silent=wishes.headless)
    try:
        workplace = Workplace(choice.from_environment().cache)
    except SimpulError as error:
        teller.failed(error.code, error.detail, None)
        return exit_code(error)
    report = Report()
    play = Play(
        played=scenario(),
        samples=Samples(folder=wishes.samples),
        workplace=workplace,
        teller=teller,
        report=report,
        report_file=wishes.report,
        keep=wishes.keep,
        started=wishes.started,
    )
    look_into = True
    try:
        code = asyncio.run(_until_told(play, wishes))
        look_into = wishes.keep and report.ok
    except SimpulError as error:
        code = exit_code(error) if isinstance(error, MisconfiguredError) else Exit.FAILED
        teller.failed(error.code, error.detail, workplace.folder)
    finally:
        # The threads of the run have ended by now, so whatever they started is known.
        workplace.close(keep=look_into)
    return code


async def _until_told(play: Play, wishes: Wishes) -> int:
    """Run to the end, or until Ctrl-C or SIGTERM; a run that does not come to its end leaves a report, too."""
    running = asyncio.create_task(play.run())
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, running.cancel)
    try:
        await running
    except asyncio.CancelledError:
        play.teller.stopped()
    finally:
        if wishes.report is not None and not play.report.ok:
            play.report.seconds["total"] = round(time.monotonic() - wishes.started, 3)
            play.report.write(wishes.report)
    return Exit.OK if play.report.ok else Exit.FAILED
