"""Files that are there wholly or not at all, durable when a call returns, and locks that fall with their process.

Rules:
- What is written is for its owner alone unless the caller says otherwise.
- An `OSError` passes: what it means, and with which code, only the caller knows.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import tempfile
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OWNER_ONLY: Final = 0o600
OWNER_ONLY_FOLDER: Final = 0o700

_ASK_AGAIN_SECONDS: Final = 0.1


def write_new(path: Path, content: bytes) -> None:
    """Write a file that must not be there yet.

    Raises:
        FileExistsError: it is there, and stays as it is.
        OSError: it cannot be written; nothing is left of it.
    """
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, OWNER_ONLY)
    try:
        _fill(handle, content)
    except OSError:
        path.unlink()
        raise
    sync_folder(path.parent)


def replace_whole(path: Path, content: bytes, *, mode: int = OWNER_ONLY) -> None:
    """Write a file, new or in place of the one there: whoever reads sees the old one or the new one, whole.

    Raises:
        OSError: it cannot be written; what was there is still there.
    """
    handle, part = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        os.fchmod(handle, mode)
        _fill(handle, content)
        os.replace(part, path)  # noqa: PTH105 - a name from mkstemp
    except BaseException:
        os.unlink(part)  # noqa: PTH108 - the same
        raise
    sync_folder(path.parent)


@contextmanager
def opened_plain(path: Path) -> Iterator[tuple[BinaryIO, os.stat_result]]:
    """Open a plain file for reading; its state is that of the open file, which nobody can swap any more.

    Raises:
        FileNotFoundError: there is none.
        OSError: it cannot be opened, or a link, a pipe or a folder stands under that name.
    """
    # Without O_NONBLOCK, opening a pipe waits for somebody who writes into it.
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as file:
        state = os.fstat(handle)
        if not stat.S_ISREG(state.st_mode):
            raise OSError(errno.EINVAL, "not a plain file")
        yield file, state


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def held(path: Path, *, seconds: float | None = None) -> Iterator[None]:
    """Hold a lock file, made where it is missing, against every other process and every other holder in this one.

    Args:
        path: the file, in a folder that is there; it stays there.
        seconds: how long to wait for whoever holds it; without end if None.

    Raises:
        BlockingIOError: somebody else still holds it.
        OSError: the file cannot be opened.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, OWNER_ONLY)
    try:
        _lock(handle, seconds)
        yield
    finally:
        os.close(handle)


def _lock(handle: int, seconds: float | None) -> None:
    if seconds is None:
        fcntl.flock(handle, fcntl.LOCK_EX)
        return
    deadline = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise
            time.sleep(_ASK_AGAIN_SECONDS)
        else:
            return


def _fill(handle: int, content: bytes) -> None:
    """Write all of it, have it on the disk, and close."""
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
