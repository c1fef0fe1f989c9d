"""A file of lines in an agency's own place, one for each delivered event, that only ever grows; and the sink over it.

Rules:

- the file is readable by its owner alone, and lines are on the disk before `append` returns;
- what a crash left of a last line is cut away, and the event is delivered again;
- which events are there is read back from the file, so a delivery that is repeated adds nothing;
- a line that cannot be read back stops the delivery: silently adding beside it could lose or double an event.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from threading import Lock
from typing import TYPE_CHECKING

from adapters.contract import received
from broker.errors import RejectedError, StorageError
from broker.files import OWNER_ONLY, OWNER_ONLY_FOLDER, replace_whole, sync_folder

if TYPE_CHECKING:
    from pathlib import Path

    from adapters.contract import Received
    from broker.ports import Delivery


class Journal:
    """An append-only file of lines, each known by a mark."""

    def __init__(self, path: Path, *, mark_of: Callable[[str], str], header: str = "") -> None:
        """Nothing is opened before the first `append`.

        Args:
            path: the file; its folder is made where needed.
            mark_of: the mark of a line that was written before; raises RejectedError where it is not one.
            header: the first line, or nothing.
        """
        self._path = path
        self._mark_of = mark_of
        self._header = header
        self._marks: set[str] = set()
        self._seen: tuple[int, int] | None = None
        self._lock = Lock()

    def append(self, lines: Sequence[tuple[str, str]]) -> int:
        """Write the lines whose mark is not there yet, in order.

        Args:
            lines: (mark, line without a line break).

        Returns:
            How many were new.

        Raises:
            StorageError: the file cannot be written, or holds a line that is not ours; nothing was added.
        """
        with self._lock:
            try:
                return self._append(lines)
            except OSError as error:
                self._seen = None
                raise StorageError("adapter.delivery-store") from error

    def _append(self, lines: Sequence[tuple[str, str]]) -> int:
        new_file = not self._path.exists()
        self._path.parent.mkdir(mode=OWNER_ONLY_FOLDER, parents=True, exist_ok=True)
        file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, OWNER_ONLY)
        try:
            size = self._known_size(file)
            new = {mark: line for mark, line in lines if mark not in self._marks}
            added = list(new.values())
            if size == 0 and self._header:
                added.insert(0, self._header)
            _write(file, size, "".join(f"{line}\n" for line in added).encode())
            self._marks.update(new)
            self._seen = _identity(file)
        finally:
            os.close(file)
        if new_file:
            sync_folder(self._path.parent)
        return len(new)

    def _known_size(self, file: int) -> int:
        """Return the size up to the last whole line, and know the marks of all of them."""
        identity = _identity(file)
        if identity == self._seen:
            return identity[1]
        content = _read_all(file)
        whole = content[: content.rfind(b"\n") + 1]
        lines = whole.decode("utf-8", errors="replace").split("\n")[:-1]
        if self._header and lines:
            if lines[0] != self._header:
                raise StorageError("adapter.delivery-unreadable", "line 1")
            lines[0] = ""
        self._marks = {self._mark(number, line) for number, line in enumerate(lines, start=1) if line}
        return len(whole)

    def _mark(self, number: int, line: str) -> str:
        try:
            return self._mark_of(line)
        except RejectedError as error:
            raise StorageError("adapter.delivery-unreadable", f"line {number}") from error


class JournalSink:
    """Appends a line for each delivered event (`broker.ports.Sink`)."""

    def __init__(
        self, path: Path, *, write: Callable[[Received], str], mark_of: Callable[[str], str], header: str = ""
    ) -> None:
        """Nothing is opened before the first delivery.

        Args:
            path: the file.
            write: makes the line of an event, without a line break.
            mark_of: the mark of the event of a line that was written before (`Received.mark`).
            header: the first line, or nothing.
        """
        self._journal = Journal(path, mark_of=mark_of, header=header)
        self._write = write

    async def deliver(self, events: Sequence[Delivery]) -> None:
        """Make the events durable as lines; as the contract says."""
        await asyncio.to_thread(self._deliver, events)

    def _deliver(self, events: Sequence[Delivery]) -> None:
        plain = [received(delivery.event.opened) for delivery in events]
        self._journal.append([(event.mark, self._write(event)) for event in plain])


def write_whole(path: Path, content: bytes) -> None:
    """Write a file of its own so that it is there wholly or not at all, readable by its owner alone.

    Raises:
        StorageError: it cannot be written.
    """
    try:
        path.parent.mkdir(mode=OWNER_ONLY_FOLDER, parents=True, exist_ok=True)
        replace_whole(path, content)
    except OSError as error:
        raise StorageError("adapter.delivery-store") from error


def _identity(file: int) -> tuple[int, int]:
    state = os.fstat(file)
    return state.st_ino, state.st_size


def _read_all(file: int) -> bytes:
    os.lseek(file, 0, os.SEEK_SET)
    pieces = []
    while piece := os.read(file, 1 << 20):
        pieces.append(piece)
    return b"".join(pieces)


def _write(file: int, at: int, content: bytes) -> None:
    """Write everything after `at` and have it on the disk; after an error the file is as long as before."""
    try:
        os.ftruncate(file, at)
        os.lseek(file, at, os.SEEK_SET)
        left = memoryview(content)
        while left:
            left = left[os.write(file, left) :]
        os.fsync(file)
    except OSError:
        with suppress(OSError):
            os.ftruncate(file, at)
        raise
