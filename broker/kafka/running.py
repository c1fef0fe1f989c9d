"""What is known of the Kafka that runs: one file in the cache, written whole or not at all, and one lock.

A file that cannot be read, or names processes that are gone, is as good as none: whoever starts next clears it away.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from broker.errors import TransportError
from broker.files import held, replace_whole

KAFKA: Final = "kafka"
DOCKER: Final = "docker"
EMBEDDED: Final = "embedded"
EXTERNAL: Final = "external"

_LOCK_SECONDS: Final = 180.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A sentence for whoever waits, in Indonesian and English. A warning must not be missed."""

    id: str
    en: str
    warning: bool = False


Tell = Callable[[Note], None]
"""Takes progress and warnings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One process of a Kafka that was started here."""

    node_id: int
    pid: int
    port: int
    controller_port: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A Kafka that answers, or was started and should."""

    kind: str
    """`external`, `kafka`, `docker` or `embedded`."""
    bootstrap: str
    """Comma-separated `host:port`, as clients take it."""
    brokers: int
    version: str = ""
    nodes: tuple[Node, ...] = ()
    folder: Path | None = None
    """Where data and logs lie."""
    control: Path | None = None
    """The pipe through which the embedded server is told of topics."""
    container: str | None = None

    @property
    def replication(self) -> int:
        """How many copies of each topic this cluster can keep: at most three."""
        return min(3, self.brokers)

    @property
    def min_insync(self) -> int:
        """How many copies must have a record before it counts as written: one may always be away."""
        return max(1, self.replication - 1)

    @property
    def durable(self) -> bool:
        """Whether a record outlives the process that took it."""
        return self.kind != EMBEDDED


def home(cache: Path) -> Path:
    """Return the folder for everything of Kafka's in a cache folder, made for its owner alone."""
    folder = cache / "kafka"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def save(cache: Path, running: Running) -> None:
    """Write down what runs."""
    content = json.dumps(asdict(running), default=str, indent=1).encode()
    replace_whole(home(cache) / "state.json", content)


def load(cache: Path) -> Running | None:
    """Return what was last written down, whether or not it still runs; none if there is nothing to be read."""
    try:
        row = json.loads((home(cache) / "state.json").read_text(encoding="utf-8"))
        return Running(
            kind=str(row["kind"]),
            bootstrap=str(row["bootstrap"]),
            brokers=int(row["brokers"]),
            version=str(row["version"]),
            nodes=tuple(Node(**{key: int(value) for key, value in node.items()}) for node in row["nodes"]),
            folder=None if row["folder"] is None else Path(row["folder"]),
            control=None if row["control"] is None else Path(row["control"]),
            container=None if row["container"] is None else str(row["container"]),
        )
    except (FileNotFoundError, ValueError, TypeError, KeyError, AttributeError):
        return None


def forget(cache: Path) -> None:
    """Remove what was written down."""
    (home(cache) / "state.json").unlink(missing_ok=True)


@contextmanager
def lock(cache: Path, seconds: float = _LOCK_SECONDS) -> Iterator[None]:
    """Hold the one lock of a cache folder, so that two starts do not race. It falls with the process that holds it.

    Raises:
        TransportError: somebody else has held it for too long.
    """
    with ExitStack() as holding:
        try:
            holding.enter_context(held(home(cache) / "lock", seconds=seconds))
        except BlockingIOError as error:
            raise TransportError("kafka.start-locked") from error
        yield
