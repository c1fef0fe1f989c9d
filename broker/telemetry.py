"""What the node tells of itself: logs and counts, with no field of an event in either.

A log line is JSON on standard error: a declared event name and declared fields, nothing else. A field that is not in
`FIELDS` is dropped before it is written, so that no careless call can put a person into a log. Lines of other libraries
go through the same door, from warnings up, as their logger's name and level alone: nobody vouches for their texts.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections import Counter
from typing import TYPE_CHECKING, Final, TextIO

import structlog

if TYPE_CHECKING:
    from collections.abc import Iterable, MutableMapping

    from broker.ports import Finding, Quarantined, Station

FIELDS: Final = frozenset(
    {
        "accepted",
        "agency",
        "code",
        "count",
        "done",
        "event",
        "federation",
        "finished",
        "level",
        "logger",
        "offset",
        "ordinary",
        "part",
        "rejected",
        "setting",
        "source",
        "stations",
        "timestamp",
        "topic",
        "total",
    }
)
"""Every field that a log line may have. Each is a name, a code, a number or a time; none comes from inside an event."""


def configure(level: str, stream: TextIO | None = None) -> None:
    """Send all logs, ours and foreign, through one handler.

    Args:
        level: `debug`, `info`, `warning` or `error`.
        stream: where lines go; standard error by default.
    """
    out = stream or sys.stderr
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _declared_only,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.WriteLoggerFactory(file=out),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers[:] = [_Foreign()]
    root.setLevel(logging.WARNING)
    # It says each failed attempt; `broker.kafka` translates every one of its errors, and trouble is told once.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)


def _declared_only(_logger: object, _method: str, line: MutableMapping[str, object]) -> MutableMapping[str, object]:
    return {name: value for name, value in line.items() if name in FIELDS}


class _Foreign(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        structlog.get_logger().log(record.levelno, "foreign", logger=record.name)


def trouble(part: str, code: str, topic: str | None = None) -> None:
    """Say that a part of the node stands still: once when that begins, and again only if its cause is another."""
    structlog.get_logger().warning("trouble", part=part, code=code, **_about(topic))


def trouble_over(part: str, code: str, topic: str | None = None) -> None:
    """Say that it goes on."""
    structlog.get_logger().info("trouble-over", part=part, code=code, **_about(topic))


def remarked(*, quarantine: Iterable[Quarantined] = (), findings: Iterable[Finding] = ()) -> None:
    """Say what has just been committed for a person to look at.

    One line for all of a batch that are alike, with the first offset: whoever floods a topic must not flood the log.
    """
    log = structlog.get_logger()
    records = [("quarantined", one.code, one.fetched.topic, one.source, one.fetched.offset) for one in quarantine]
    records += [("finding", found.code, found.topic, found.source, found.offset) for found in findings]
    alike: dict[tuple[str, str, str, str], list[int]] = {}
    for event, code, topic, source, offset in records:
        alike.setdefault((event, code, topic, source), []).append(offset)
    for (said, why, where, who), offsets in alike.items():
        log.warning(said, code=why, topic=where, source=who, offset=offsets[0], count=len(offsets))


def passed_over(count: int) -> None:
    """Say how many records of a batch were sealed before this agency joined, and so for others."""
    if count:
        structlog.get_logger().info("passed-over", count=count)


def _about(topic: str | None) -> dict[str, str]:
    return {} if topic is None else {"topic": topic}


class Counts:
    """A `Probe` that counts how many events have passed each station."""

    def __init__(self) -> None:
        """Start at nothing."""
        self.passed_by_station: Counter[Station] = Counter()

    def passed(self, station: Station, count: int = 1) -> None:
        """Note that `count` events have just passed `station`."""
        self.passed_by_station[station] += count


class KillsAt(Counts):
    """For tests alone: ends the process as a power cut would when it first passes a station."""

    def __init__(self, station: Station) -> None:
        """Take the station."""
        super().__init__()
        self._station = station

    def passed(self, station: Station, count: int = 1) -> None:
        """Count, or kill."""
        super().passed(station, count)
        if station is self._station and count:
            os.kill(os.getpid(), signal.SIGKILL)
