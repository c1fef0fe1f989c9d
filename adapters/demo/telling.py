"""Tells the demo in the terminal, in Indonesian or English; readable at a hundred columns and without colours.

It only words what the stores and Kafka said (`onlooker`, `operator_view`); no value of an event is ever shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from adapters.demo import words
from adapters.demo.headlines import headline
from broker.codes import registry
from broker.kafka.running import EMBEDDED, EXTERNAL

if TYPE_CHECKING:
    from pathlib import Path

    from adapters.demo.onlooker import Journey
    from adapters.demo.operator_view import Seen
    from adapters.demo.refusals import Outcome
    from adapters.demo.report import Report
    from adapters.demo.scenario import Language, Refusal, Said, Scenario, Step
    from broker.kafka.running import Note, Running
    from broker.names import AgencyId

WIDTH: Final = 100
_SHOWN_CHARACTERS: Final = 44


class Teller:
    """Tells one run."""

    def __init__(self, played: Scenario, language: Language, *, silent: bool) -> None:
        """Take what is played.

        Args:
            played: the scenario.
            language: of the person at the terminal.
            silent: for programs: nothing is told but warnings, on standard error.
        """
        self._played = played
        self._language: Language = language
        self._out = Console(highlight=False, quiet=silent)
        if self._out.width > WIDTH:
            self._out = Console(highlight=False, quiet=silent, width=WIDTH)
        self._err = Console(highlight=False, stderr=True, width=self._out.width)
        self._headers_told = False

    # --- before

    def opening(self) -> None:
        """Say what is going to be shown."""
        self._out.print()
        self._heading(self._say(words.TITLE))
        self._paragraph(self._say(words.OPENING))

    def note(self, said: Note) -> None:
        """Tell progress of Kafka; a warning is told to programs' users too."""
        text = said.en if self._language == "en" else said.id
        if said.warning:
            self._err.print(Text(text, style="bold yellow"))
        else:
            self._line(text, style="dim")

    def progress(self, said: Said) -> None:
        """Tell what is being done."""
        self._line(self._say(said), style="dim")

    def kafka(self, running: Running, seconds: float) -> None:
        """Tell which Kafka it is."""
        named = words.KAFKA_FOREIGN if running.kind == EXTERNAL else words.KAFKA_OURS
        self._line(
            self._say(named).format(
                kind=f"{self._say(words.KINDS[running.kind])} {running.version}".strip(),
                brokers=running.brokers,
                s="" if running.brokers == 1 else "s",
                seconds=self._tenths(seconds),
            )
        )

    def shared(self) -> None:
        """Say that others may use this Kafka, too."""
        self._line(self._say(words.SHARED), style="dim")

    def nodes(self, pids: Mapping[AgencyId, int], seconds: float) -> None:
        """Tell who takes part."""
        self._line(self._say(words.NODES).format(count=len(pids), seconds=self._tenths(seconds)))
        table = self._table(words.CAST)
        for member in self._played.cast:
            adapter = member.adapter or self._say(words.NO_ADAPTER)
            table.add_row(member.short(self._language), member.name(self._language), adapter, str(pids[member.agency]))
        self._show(table)
        self._out.print()

    def not_shown(self) -> None:
        """Say what an embedded server cannot show."""
        self._heading(self._say(words.NOT_SHOWN_TITLE))
        self._paragraph(self._say(words.NOT_SHOWN))

    # --- the steps

    def step(self, step: Step) -> None:
        """Begin a step."""
        self._heading(f"{step.number} · {step.title(self._language)}", aside=step.when(self._language))
        self._paragraph(step.told(self._language))

    def how(self, step: Step) -> None:
        """Tell how a step's sender sends: what was done, before it is known what came of it."""
        done = words.DRAFT if step.drafts else words.DROPPED
        files = ", ".join(step.drafts or step.files)
        self._fact(words.HOW, self._say(done).format(files=files, agency=self._short(step.sender)))

    def rejects(self, rejects: Sequence[tuple[int, str, str]]) -> None:
        """Tell what of a native file became no event: row, field and code."""
        for row, field, code in rejects:
            told = self._say(words.REJECT).format(row=row, field=field, code=code, why=self._why(code))
            self._line(told, style="yellow")

    def journey(self, journey: Journey, seen: Sequence[Seen], why: Mapping[AgencyId, str]) -> None:
        """Tell of one event: what left, what Kafka's operator sees, who opens what and why not."""
        kind = next(iter(journey.arrivals.values())).event.kind
        title = kind.title_en if self._language == "en" else kind.title_id
        self._fact(words.EVENT, f"{title} ({kind.type.removeprefix('id.simpul.')})")
        if not self._headers_told:
            self._headers_told = True
            self._all_that_is_seen(seen[0])
        for place, one in enumerate(seen):
            self._fact(words.SEEN, self._glimpse(one), again=place > 0)
        reader, told = headline(journey)
        if told:
            self._fact(words.READ, f"{self._short(reader)}: {told}")
        table = self._table(words.ARRIVALS)
        codes: dict[str, None] = {}
        for agency, arrival in sorted(journey.arrivals.items()):
            closed = ", ".join(f"{self._part(name)} [{code}]" for name, code in arrival.closed.items())
            codes.update(dict.fromkeys(arrival.closed.values()))
            table.add_row(
                self._short(agency),
                f"{journey.milliseconds(agency)} ms",
                ", ".join(map(self._part, ("open", *arrival.opened))),
                Text(closed or "–"),
            )
        self._show(table)
        self._without(why)
        for code in codes:
            self._line(f"[{code}] {self._why(code)}", style="dim")
        self._out.print()

    def _without(self, why: Mapping[AgencyId, str]) -> None:
        by_code: dict[str, list[str]] = {}
        for agency, code in why.items():
            by_code.setdefault(code, []).append(self._short(agency))
        for place, (code, names) in enumerate(by_code.items()):
            self._fact(words.WITHOUT, f"{', '.join(names)} – {self._why(code)}", again=place > 0)

    def _all_that_is_seen(self, seen: Seen) -> None:
        self._line(self._say(words.ALL_THAT_IS_SEEN))
        table = Table(box=None, show_header=False, padding=(0, 2, 0, 2))
        for name, size, text in seen.headers:
            whole = len(text) <= _SHOWN_CHARACTERS
            shown = text if whole else f"{text[:_SHOWN_CHARACTERS]}… ({self._number(size)} B)"
            table.add_row(Text(name, style="dim"), Text(shown))
        told = self._say(words.CLOSED_VALUE).format(count=len(seen.parts), sizes=self._sizes(seen))
        table.add_row(Text(self._say(words.VALUE), style="dim"), told)
        self._show(table)

    def _glimpse(self, seen: Seen) -> str:
        return f"{seen.topic} · {self._sizes(seen)}"

    def _sizes(self, seen: Seen) -> str:
        return " + ".join(self._number(size) for size in seen.parts) + " B"

    # --- the refusals

    def refusals(self) -> None:
        """Begin the refusals."""
        self._heading(self._say(words.REFUSALS_TITLE))
        self._paragraph(self._say(words.REFUSALS))

    def refusal(self, refusal: Refusal, outcome: Outcome) -> None:
        """Tell of one attempt."""
        self._line(refusal.title(self._language), style="bold")
        self._paragraph(refusal.told(self._language))
        where = words.REFUSED_READING if outcome.place is None else words.REFUSED
        place = "" if outcome.place is None else f"{outcome.place[0]}, offset {outcome.place[1]}"
        told = self._say(where).format(agency=self._short(outcome.at), place=place)
        self._fact(words.OUTCOME, f"{told} [{outcome.code}] {self._why(outcome.code)}")
        for said, code in outcome.further:
            told = self._say(said).format(agency=self._short(outcome.at))
            self._fact(words.OUTCOME, f"{told} [{code}]", again=True)
        self._out.print()

    # --- after

    def ending(self, report: Report, folder: Path | None) -> None:
        """Sum up, and say how to go on."""
        self._heading(self._say(words.ENDING_TITLE))
        delivered = sum(len(event.delivered) for event in report.events)
        slowest = max((ms for event in report.events for ms in event.delivered.values()), default=0)
        self._line(
            self._say(words.SUMMARY).format(
                events=len(report.events),
                delivered=delivered,
                slowest=slowest,
                refusals=len(report.refusals),
                first=self._tenths(report.seconds["first_delivery"]),
                total=self._tenths(report.seconds["total"]),
            )
        )
        if folder is None:
            self._paragraph(self._say(words.GO_ON))
        if report.kafka.get("kind") == EMBEDDED:
            self._out.print()
            self.not_shown()

    def kept(self, folder: Path, bootstrap: str) -> None:
        """Say what still runs, and how to look into it."""
        self._paragraph(self._say(words.KEPT).format(folder=folder, kafka=bootstrap))
        for command in words.KEPT_COMMANDS:
            self._out.print(Text("    " + command.format(folder=folder)), soft_wrap=True)
        self._out.print()
        self._line(self._say(words.KEPT_UNTIL))

    def stopped(self) -> None:
        """Say that somebody stopped it."""
        self._err.print(Text(self._say(words.STOPPED)))

    def failed(self, code: str, detail: str, folder: Path | None) -> None:
        """Say what did not work."""
        text = registry().get(code)
        self._err.print()
        self._err.print(Text(f"{self._say(words.FAILED)} {self._why(code)} [{code}]", style="bold red"))
        if detail:
            cause = detail.rpartition(": ")[2]
            known = f" – {self._why(cause)}" if cause in registry() else ""
            self._err.print(Text(f"  {detail}{known}"), soft_wrap=True)
        if text is not None:
            self._err.print(Text(text.do_en if self._language == "en" else text.do_id))
        if folder is not None:
            self._err.print(Text(self._say(words.LOOK_INTO).format(folder=folder)), soft_wrap=True)

    # --- how it looks

    def _say(self, said: Said) -> str:
        return said(self._language)

    def _why(self, code: str) -> str:
        text = registry().get(code)
        if text is None:
            return code
        return text.en if self._language == "en" else text.id

    def _short(self, agency: str) -> str:
        return self._played.member(agency).short(self._language)

    def _part(self, name: str) -> str:
        return words.PART_NAMES[name](self._language)

    def _number(self, number: int) -> str:
        return f"{number:,}".replace(",", "." if self._language == "id" else ",")

    def _tenths(self, seconds: float) -> str:
        return f"{seconds:.1f}".replace(".", "," if self._language == "id" else ".")

    def _heading(self, text: str, aside: str = "") -> None:
        title = Text(f" {text} ", style="bold cyan")
        if aside:
            title.append(f"· {aside} ", style="dim")
        self._out.print(Rule(title, align="left", characters="─", style="cyan"))

    def _paragraph(self, text: str) -> None:
        self._out.print(Padding(Text(text), (0, 0, 1, 2), expand=False))

    def _line(self, text: str, style: str = "") -> None:
        self._out.print(Padding(Text(text, style=style), (0, 0, 0, 2), expand=False))

    def _fact(self, label: Said, text: str, *, again: bool = False) -> None:
        grid = Table.grid(padding=(0, 2))
        grid.add_column(width=13)
        grid.add_column(overflow="fold")
        grid.add_row(Text("" if again else self._say(label), style="bold"), Text(text))
        self._out.print(Padding(grid, (0, 0, 0, 2), expand=False))

    def _show(self, table: Table) -> None:
        self._out.print(Padding(table, (0, 0, 0, 2), expand=False))

    def _table(self, columns: Sequence[Said]) -> Table:
        table = Table(box=SIMPLE_HEAD, header_style="bold", padding=(0, 2, 0, 0), show_edge=False)
        for column in columns:
            table.add_column(self._say(column), overflow="fold")
        return table
