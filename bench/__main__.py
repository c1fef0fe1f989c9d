"""Runs every line in a process of its own, round after round, and prints medians and ratios.

    python -m bench [--rounds N] [--events N] [--out FILE]

A warm-up round is thrown away. Figures are CPU microseconds an event; on a noisy machine trust the ratios, which all
come from this one run.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any, Final

import orjson
from rich.console import Console
from rich.table import Table

from bench import catalogue
from bench.events import AGENCIES
from broker.kafka.choice import choose, from_environment, stop
from broker.kafka.running import KAFKA, Running
from broker.kafka.topics import ensure_topics_of

LINES: Final = (
    ("raw_send raw_getmany", "ordinary"),
    ("faststream_publish faststream_consume", "ordinary"),
    ("handbuilt_publish handbuilt_consume", "ordinary"),
    ("sealed opened", "ordinary"),
    ("node_out node_in", "ordinary"),
    ("sealed opened", "new_case"),
    ("node_out node_in", "new_case"),
)
"""Pairs of figures, each measured together on a topic or a folder of their own, and the mix that they are of."""

_LINE_SECONDS: Final = 600
Figures = dict[str, dict[str, list[dict[str, Any]]]]


def _run_line(pair: str, mix: str, running: Running, events: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "bench.line", *pair.split(), "--mix", mix]
    with tempfile.TemporaryDirectory(prefix="simpul-bench-") as folder:
        done = subprocess.run(  # noqa: S603 - our own module
            [*command, "--bootstrap", running.bootstrap, "--events", str(events), "--folder", folder],
            stdout=subprocess.PIPE,
            timeout=_LINE_SECONDS,
            check=True,
        )
    result: dict[str, Any] = orjson.loads(done.stdout.splitlines()[-1])
    return result


def _measure(running: Running, rounds: int, events: int, console: Console) -> Figures:
    figures: Figures = {"ordinary": {}, "new_case": {}}
    for number in range(rounds + 1):
        for pair, mix in LINES:
            console.print(f"  {'warm-up' if number == 0 else f'round {number}'}: {mix} {pair}", style="dim")
            for name, figure in _run_line(pair, mix, running, events).items():
                if number:
                    figures[mix].setdefault(name, []).append(figure)
    return figures


def _table(figures: Figures) -> Table:
    ordinary = {name: median(one["us"] for one in runs) for name, runs in figures["ordinary"].items()}
    table = Table(
        title="CPU µs an event (median)",
        title_justify="left",
        caption="sealed begins at a checked event, as FastStream begins at a validated model: check stands beside it.",
        caption_justify="left",
    )
    for column in ("mix", "line", "µs", "spread", "events/s", "ratio to its peer"):
        table.add_column(column, justify="left" if column in {"mix", "line", "ratio to its peer"} else "right")
    for mix, lines in figures.items():
        for name, runs in lines.items():
            us = sorted(one["us"] for one in runs)
            rate = median(one["per_second"] for one in runs)
            table.add_row(
                mix, name, f"{median(us):.1f}", f"{us[0]:.1f}-{us[-1]:.1f}", f"{rate:,.0f}",
                _ratio(name, median(us), ordinary),
            )  # fmt: skip
    return table


def _ratio(name: str, us: float, ordinary: dict[str, float]) -> str:
    out = name in {"sealed", "node_out"}
    if not out and name not in {"opened", "node_in"}:
        return ""
    plain, secure = ("faststream_publish", "handbuilt_publish") if out else ("faststream_consume", "handbuilt_consume")
    return f"{us / ordinary[plain]:.2f} × {plain}; {ordinary[secure] / us:.1f} times cheaper than {secure}"


def _stages(figures: Figures, console: Console) -> None:
    for mix, lines in figures.items():
        for name, runs in lines.items():
            stages = {stage: median(one["stages"].get(stage, 0.0) for one in runs) for stage in runs[-1]["stages"]}
            if stages:
                console.print(f"{mix} {name}: " + ", ".join(f"{stage} {us:.1f}" for stage, us in stages.items()))


def main() -> int:
    """Measure, print and write `build/bench.json`.

    Returns:
        0; 1 where no real Kafka could be used.
    """
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--events", type=int, default=5120)
    parser.add_argument("--out", type=Path, default=Path("build/bench.json"))
    options = parser.parse_args()
    console = Console(highlight=False)
    choice = from_environment()
    running = choose(choice, tell=lambda note: console.print(note.en, style="dim"))
    try:
        if not running.durable:
            console.print("The bench needs a real Kafka: install Java 17 and Maven.", style="red")
            return 1
        asyncio.run(ensure_topics_of(running, list(AGENCIES)))
        of_catalogue = catalogue.figures()
        figures = _measure(running, options.rounds, options.events, console)
    finally:
        if running.kind == KAFKA:
            stop(choice)
    console.print(_table(figures))
    _stages(figures, console)
    console.print(catalogue.told(of_catalogue))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    result: dict[str, dict[str, float]] = {
        mix: {name: round(median(one["us"] for one in runs), 2) for name, runs in lines.items()}
        for mix, lines in figures.items()
    }
    result["catalogue"] = of_catalogue
    options.out.write_bytes(orjson.dumps(result, option=orjson.OPT_INDENT_2))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
