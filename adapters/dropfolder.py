"""A folder into which an agency's system drops files of records: read, mapped, accepted, moved away.

Rules:

- a file is taken once its name no longer ends in `.part` or `.tmp` and its size has stood still for one look;
- it is moved to `done/` only when each of its records is durable in the outbox, ordinary, or in the rejects file;
  one that cannot be read at all goes to `rejected/`;
- beside a moved file lies `<name>.rejects.csv` if anything was rejected: row, field, code and sentences, no value;
  a thousand rows, then how many more there are;
- a crash anywhere reads the file again, and adds nothing, since ids are derived from what the records are;
- what is not here yet (the node's store, a register) makes a file wait, visibly, and holds up no other file.
"""

from __future__ import annotations

import asyncio
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING, NoReturn

from adapters.contract import (
    WHOLE_FILE,
    Accept,
    FileRole,
    Mapped,
    Offer,
    Ordinary,
    Reject,
    Result,
    Source,
    Tell,
    settings_of,
)
from adapters.journal import write_whole
from adapters.tables import write_line
from broker.codes import registry
from broker.errors import InvalidEventError, RejectedError, SimpulError, StorageError, UnavailableError
from broker.files import OWNER_ONLY_FOLDER, opened_plain, sync_folder

if TYPE_CHECKING:
    import os
    from pathlib import Path

    from broker.ports import Sink

BATCH = 256
"""Drafts that are made durable together: one transaction of the outbox."""
MAX_BYTES = 64 * 1024 * 1024
LOOK_SECONDS = 1.0
MAX_PAUSE_SECONDS = 60.0
REJECTS_HEADER = ("file", "row", "field", "code", "id", "en", "do_id", "do_en")

MAX_REJECTS = 1000
"""Rows of a rejects file: whoever sees so many mends the export, not the rows."""

_UNFINISHED = (".part", ".tmp")
_OURS = ".rejects.csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileProgress:
    """How far a file has come; sent after each batch and at the end."""

    file: str = field(repr=False)
    total: int
    done: int = 0
    accepted: int = 0
    ordinary: int = 0
    rejected: int = 0
    left_out: int = 0
    """How many recipients, of all accepted records together, a role stands for and no agreement lets have them."""
    finished: bool = False


def _quiet(_: object) -> None:
    """Tell nobody."""


async def run(
    source: Source,
    accept: Accept,
    *,
    progress: Callable[[FileProgress], None] = _quiet,
    waiting: Callable[[SimpulError], None] = _quiet,
    interval: float = LOOK_SECONDS,
) -> NoReturn:
    """Watch a drop folder until cancelled; a file at hand stays where it is, and is read again at the next start.

    Args:
        source: the adapter's source.
        accept: makes drafts durable in the outbox.
        progress: told after each batch.
        waiting: told when a file has to wait, and why; it is tried again by itself.
        interval: seconds between two looks; while something waits, up to a minute.
    """
    folder = DropFolder(source)
    pause = interval
    while True:
        held_up = False
        try:
            for name in await asyncio.to_thread(folder.ready):
                held_up |= not await _take(folder, name, accept, progress, waiting)
        except UnavailableError as error:
            waiting(error)
            held_up = True
        pause = min(pause * 2, MAX_PAUSE_SECONDS) if held_up else interval
        await asyncio.sleep(pause)


async def _take(
    folder: DropFolder,
    name: str,
    accept: Accept,
    progress: Callable[[FileProgress], None],
    waiting: Callable[[SimpulError], None],
) -> bool:
    """Bring one file to its end; false if it has to wait."""
    try:
        await _bring_in(folder, name, accept, progress)
    except UnavailableError as error:
        waiting(error)
        return False
    return True


async def _bring_in(folder: DropFolder, name: str, accept: Accept, progress: Callable[[FileProgress], None]) -> None:
    try:
        total, batches = await asyncio.to_thread(folder.read, name)
    except RejectedError as error:
        reject = Reject(file=name, row=WHOLE_FILE, field=error.detail, code=error.code)
        await asyncio.to_thread(folder.finish, name, [reject], readable=False)
        progress(FileProgress(file=name, total=0, rejected=1, finished=True))
        return
    rejects: list[Reject] = []
    more = 0
    seen = FileProgress(file=name, total=total)
    while batch := await asyncio.to_thread(batches):
        refused, left_out = await _accept(name, batch, accept)
        shown = refused[: MAX_REJECTS - len(rejects)]
        rejects += shown
        more += len(refused) - len(shown)
        seen = _after(seen, batch, refused, left_out)
        progress(seen)
    await asyncio.to_thread(folder.finish, name, rejects, more=more, readable=True)
    progress(replace(seen, finished=True))


async def _accept(name: str, batch: list[Mapped], accept: Accept) -> tuple[list[Reject], int]:
    """Hand in a batch; return what was rejected, and how many recipients were left out."""
    offers = [one for one in batch if isinstance(one, Offer)]
    refused = [one for one in batch if isinstance(one, Reject)]
    results = await accept([one.draft for one in offers]) if offers else []
    for one, result in zip(offers, results, strict=True):
        refused += _rejects(name, one, result)
    return sorted(refused, key=lambda reject: reject.row), sum(len(result.left_out) for result in results)


def _rejects(name: str, one: Offer, result: Result) -> list[Reject]:
    error = result.refused
    if error is None:
        return []
    faults = error.faults if isinstance(error, InvalidEventError) else ()
    fields = [fault.path for fault in faults] or [""]
    return [Reject(file=name, row=one.row, field=path, code=error.code) for path in fields]


def _after(seen: FileProgress, batch: list[Mapped], refused: list[Reject], left_out: int) -> FileProgress:
    rows = {one.row for one in batch}
    bad = {reject.row for reject in refused} & rows
    offered = {one.row for one in batch if isinstance(one, Offer)}
    return replace(
        seen,
        done=min(seen.total, seen.done + len(rows - {WHOLE_FILE})),
        accepted=seen.accepted + len(offered - bad),
        ordinary=seen.ordinary + sum(isinstance(one, Ordinary) for one in batch),
        rejected=seen.rejected + len(bad),
        left_out=seen.left_out + left_out,
    )


class FolderAdapter:
    """An adapter whose source is a drop folder (`adapters.contract.Adapter`)."""

    def __init__(
        self,
        name: str,
        *,
        source: Callable[[Path, Mapping[str, str]], Source],
        sink: Callable[[Path], Sink],
        settings: Mapping[str, str],
    ) -> None:
        """Put an adapter together.

        Args:
            name: the name of its entry point.
            source: makes the source from the node's folder and the settings.
            sink: makes the sink from the node's folder.
            settings: every setting that the adapter knows, with its default.
        """
        self.name = name
        self._source = source
        self._sink = sink
        self._settings = settings

    def source(self, folder: Path, settings: Mapping[str, str]) -> Source:
        """Return the source that reads `<folder>/drop`."""
        return self._source(folder, settings)

    async def feed(self, folder: Path, settings: Mapping[str, str], accept: Accept, tell: Tell) -> None:
        """Watch `<folder>/drop` until cancelled, and tell of each batch (`adapter-progress`) and wait."""

        def progress(seen: FileProgress) -> None:
            counts = ("total", "done", "accepted", "ordinary", "rejected", "left_out", "finished")
            tell("adapter-progress", {name: getattr(seen, name) for name in counts})

        def waiting(error: SimpulError) -> None:
            tell("adapter-waiting", {"code": error.code})

        source = self._source(folder, settings)
        await run(source, accept, progress=progress, waiting=waiting)

    def sink(self, folder: Path, settings: Mapping[str, str]) -> Sink:
        """Return the sink that writes into `<folder>/delivered`."""
        settings_of(settings, self._settings)
        return self._sink(folder)


class DropFolder:
    """The files of one drop folder. Everything here blocks: it is called in a thread."""

    def __init__(self, source: Source) -> None:
        """Watch the source's folder; it is made at the first look."""
        self._source = source
        self._folder = source.folder
        self._sizes: dict[str, tuple[int, int, int]] = {}
        self._taken: dict[str, tuple[int, int, int]] = {}

    def ready(self) -> list[str]:
        """Return the names of the files that can be taken, in the order of their names.

        Raises:
            StorageError: the folder cannot be read.
        """
        try:
            self._folder.mkdir(mode=OWNER_ONLY_FOLDER, parents=True, exist_ok=True)
            before, self._sizes = self._sizes, dict(self._look())
        except OSError as error:
            raise StorageError("adapter.drop-folder") from error
        return sorted(name for name, size in self._sizes.items() if before.get(name) == size)

    def read(self, name: str) -> tuple[int, Callable[[], list[Mapped]]]:
        """Begin to map a file.

        Returns:
            The number of records, and what gives the next batch of them, an empty one at the end.

        Raises:
            RejectedError: the file cannot be read at all.
            UnavailableError: it has to wait.
        """
        if self._source.role(name) is not FileRole.RECORDS:
            raise InvalidEventError("adapter.file-unknown")
        path = self._folder / name
        try:
            with opened_plain(path) as (file, state):
                content = b"" if state.st_size > MAX_BYTES else file.read(MAX_BYTES + 1)
        except OSError as error:
            raise StorageError("adapter.drop-folder") from error
        # It may have grown since: then it is read up to the bound, and taken again later.
        if max(state.st_size, len(content)) > MAX_BYTES:
            raise InvalidEventError("adapter.file-too-large")
        self._taken[name] = _size(state)
        reading = self._source.read(name, content)
        mapped = iter(reading.mapped)
        return reading.total, lambda: list(islice(mapped, BATCH))

    def finish(self, name: str, rejects: list[Reject], *, readable: bool, more: int = 0) -> None:
        """Write the rejects file and move the file away; if it was changed meanwhile, it is read again instead.

        Raises:
            StorageError: the folder cannot be written.
        """
        try:
            taken = self._taken.pop(name, None)
            if taken is not None and _size((self._folder / name).lstat()) != taken:
                return
            target = self._free_name(self._folder / ("done" if readable else "rejected"), name)
            if rejects:
                write_whole(target.with_name(target.name + _OURS), rejects_file(rejects, more))
            (self._folder / name).rename(target)
            sync_folder(target.parent)
            sync_folder(self._folder)
        except OSError as error:
            raise StorageError("adapter.drop-folder") from error

    def _look(self) -> list[tuple[str, tuple[int, int, int]]]:
        found = []
        for path in self._folder.iterdir():
            state = path.lstat()
            # A link could move or publish a file from elsewhere: only plain files are ever taken.
            if not stat.S_ISREG(state.st_mode) or path.name.startswith(".") or path.name.endswith(_UNFINISHED):
                continue
            if self._source.role(path.name) is not FileRole.REFERENCE:
                found.append((path.name, _size(state)))
        return found

    def _free_name(self, folder: Path, name: str) -> Path:
        folder.mkdir(mode=OWNER_ONLY_FOLDER, exist_ok=True)
        stem, dot, ending = name.rpartition(".")
        target, number = folder / name, 1
        while target.exists():
            number += 1
            target = folder / (f"{stem}.{number}.{ending}" if dot else f"{name}.{number}")
        return target


def rejects_file(rejects: list[Reject], more: int = 0) -> bytes:
    """Write the rejects file: semicolons, a line a reject, what it means and what to do in both languages.

    Args:
        rejects: what is listed.
        more: how many more there are; a last row says so.
    """
    if more:
        last = Reject(file=rejects[-1].file, row=WHOLE_FILE, field=str(more), code="adapter.rejects-more")
        rejects = [*rejects, last]
    lines = [write_line(REJECTS_HEADER, delimiter=";")]
    for reject in rejects:
        text = registry().get(reject.code) or registry()["adapter.refused"]
        cells = (reject.file, str(reject.row), reject.field, reject.code, text.id, text.en, text.do_id, text.do_en)
        lines.append(write_line([" ".join(cell.split()) for cell in cells], delimiter=";"))
    return "".join(f"{line}\n" for line in lines).encode(errors="replace")


def _size(state: os.stat_result) -> tuple[int, int, int]:
    return state.st_ino, state.st_size, state.st_mtime_ns
