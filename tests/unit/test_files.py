"""Files that are there wholly or not at all, and locks that one holder has."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from broker import files
from broker.files import held, replace_whole, write_new

if TYPE_CHECKING:
    from pathlib import Path


def _no_disk(_: int) -> None:
    raise OSError(28, "No space left on device")


def test_a_new_file_is_for_its_owner_alone_and_never_overwrites(tmp_path: Path) -> None:
    """What is there stays as it is, and whoever writes again is told."""
    write_new(tmp_path / "key", b"first")
    with pytest.raises(FileExistsError):
        write_new(tmp_path / "key", b"second")
    assert (tmp_path / "key").read_bytes() == b"first"
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600


def test_a_file_is_replaced_whole_with_the_mode_asked_for(tmp_path: Path) -> None:
    """New or in place of another; nothing else is left in the folder."""
    replace_whole(tmp_path / "list", b"first")
    assert stat.S_IMODE((tmp_path / "list").stat().st_mode) == 0o600
    replace_whole(tmp_path / "list", b"second", mode=0o644)
    assert stat.S_IMODE((tmp_path / "list").stat().st_mode) == 0o644
    assert [(one.name, one.read_bytes()) for one in tmp_path.iterdir()] == [("list", b"second")]


def test_a_disk_that_fails_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither half a file nor a part of one."""
    replace_whole(tmp_path / "list", b"first")
    monkeypatch.setattr(files.os, "fsync", _no_disk)  # type: ignore[attr-defined]
    with pytest.raises(OSError, match="No space"):
        replace_whole(tmp_path / "list", b"second")
    with pytest.raises(OSError, match="No space"):
        write_new(tmp_path / "key", b"first")
    assert [(one.name, one.read_bytes()) for one in tmp_path.iterdir()] == [("list", b"first")]


def test_one_holder_at_a_time(tmp_path: Path) -> None:
    """Another is told after its time, and may hold the file when the first has let go."""
    with held(tmp_path / "lock"):
        for seconds in (0, 0.01):
            with pytest.raises(BlockingIOError), held(tmp_path / "lock", seconds=seconds):
                pytest.fail("two holders")
    with held(tmp_path / "lock", seconds=0):
        assert (tmp_path / "lock").exists()
