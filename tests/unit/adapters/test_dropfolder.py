"""The drop folder: what is taken when, where it ends, and what a crash does."""

import asyncio
import csv
import io
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from adapters.contract import FileRole, Mapped, Offer, Ordinary, Reading, Reject, Source
from adapters.dropfolder import BATCH, MAX_REJECTS, DropFolder, FileProgress, rejects_file, run
from adapters.immigration import adapter as immigration
from adapters.tables import text_of
from broker.codes import registry
from broker.errors import Fault, InvalidEventError, SimpulError, StorageError, TransportError
from broker.names import AgencyId
from broker.stages import Draft, LeftOut, Origin

DEADLINE_SECONDS = 10


@dataclass
class Words:
    """A source of one word a line: `ok` is offered, `dull` is ordinary, anything else rejected."""

    folder: Path
    missing: bool = False
    read_names: list[str] = field(default_factory=list)

    def role(self, name: str) -> FileRole:
        """Text files hold words; `.ref` is reference."""
        if name.endswith(".ref"):
            return FileRole.REFERENCE
        return FileRole.RECORDS if name.endswith(".txt") else FileRole.STRANGER

    def read(self, name: str, content: bytes) -> Reading:
        """Read words."""
        self.read_names.append(name)
        if self.missing:
            raise StorageError("adapter.register-missing")
        lines = text_of(content).split()
        return Reading(total=len(lines), mapped=self._mapped(name, lines))

    def _mapped(self, name: str, lines: list[str]) -> Iterator[Mapped]:
        for row, line in enumerate(lines, start=1):
            if line == "dull":
                yield Ordinary(row=row)
            elif line.startswith("ok"):
                yield Offer(row=row, draft=Draft(origin=Origin(system="words", record_id=line), body=b"{}"))
            else:
                yield Reject(file=name, row=row, field="word", code="adapter.value-unknown")


@dataclass(frozen=True, slots=True, kw_only=True)
class Yes:
    """Accepted."""

    refused: None = None
    left_out: tuple[LeftOut, ...] = ()


@dataclass
class Taker:
    """A node that takes everything, unless it is down."""

    origins: list[str] = field(default_factory=list)
    left_out: tuple[LeftOut, ...] = ()
    down: SimpulError | None = None

    async def accept(self, drafts: Any) -> list[Yes]:
        """Take drafts."""
        await asyncio.sleep(0)
        if self.down is not None:
            raise self.down
        self.origins += [draft.origin.record_id for draft in drafts]
        return [Yes(left_out=self.left_out) for _ in drafts]


@pytest.fixture
def words(tmp_path: Path) -> Words:
    """A source of words with an empty drop folder."""
    folder = tmp_path / "drop"
    folder.mkdir()
    return Words(folder=folder)


@asynccontextmanager
async def running(source: Source, accept: Any, **told: Any) -> AsyncIterator[None]:
    """Watch the folder while the block runs."""
    async with asyncio.timeout(DEADLINE_SECONDS), asyncio.TaskGroup() as group:
        watching = group.create_task(run(source, accept, interval=0.01, **told))
        try:
            yield
        finally:
            watching.cancel()


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something, at most until the deadline."""
    async with asyncio.timeout(DEADLINE_SECONDS):
        while not condition():  # noqa: ASYNC110 - a file on the disk sets no event
            await asyncio.sleep(0.005)


def rejected(path: Path) -> list[dict[str, str]]:
    """Read a rejects file."""
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8")), delimiter=";"))


@pytest.mark.asyncio
async def test_bad_rows_are_listed_and_the_rest_goes_on(words: Words) -> None:
    """Each record ends accepted, ordinary or in the rejects file; then the file moves to done."""
    (words.folder / "a.txt").write_text("ok1\nbad-word\ndull\nok2\n")
    taker = Taker()
    async with running(words, taker.accept):
        await until((words.folder / "done" / "a.txt").exists)
    assert taker.origins == ["ok1", "ok2"]
    (line,) = rejected(words.folder / "done" / "a.txt.rejects.csv")
    text = registry()["adapter.value-unknown"]
    assert (line["row"], line["field"], line["code"]) == ("2", "word", "adapter.value-unknown")
    assert (line["id"], line["en"], line["do_id"], line["do_en"]) == (text.id, text.en, text.do_id, text.do_en)
    file = words.folder / "done" / "a.txt.rejects.csv"
    assert "bad-word" not in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.asyncio
async def test_a_thousand_rejects_are_listed_then_their_number(words: Words) -> None:
    """A file that is wrong throughout does not grow a list of rejects a hundred times its size."""
    (words.folder / "a.txt").write_text("bad\n" * (MAX_REJECTS + 7))
    told: list[FileProgress] = []
    async with running(words, Taker().accept, progress=told.append):
        await until(lambda: bool(told) and told[-1].finished)
    *listed, last = rejected(words.folder / "done" / "a.txt.rejects.csv")
    assert (len(listed), told[-1].rejected) == (MAX_REJECTS, MAX_REJECTS + 7)
    assert (last["row"], last["field"], last["code"]) == ("0", "7", "adapter.rejects-more")


@pytest.mark.asyncio
async def test_progress_is_told_batch_by_batch(words: Words) -> None:
    """A long file says how far it is, and the last word is that it is finished."""
    (words.folder / "a.txt").write_text("\n".join(["ok"] * BATCH + ["dull"] * 2 + ["bad"]))
    told: list[FileProgress] = []
    async with running(words, Taker().accept, progress=told.append):
        await until(lambda: bool(told) and told[-1].finished)
    assert [one.done for one in told] == [BATCH, BATCH + 3, BATCH + 3]
    last = told[-1]
    assert (last.total, last.accepted, last.ordinary, last.rejected) == (BATCH + 3, BATCH, 2, 1)


@pytest.mark.asyncio
async def test_recipients_that_were_left_out_are_counted(words: Words) -> None:
    """Whom a role stands for and no agreement lets have an event: the number goes into the progress, no name."""
    (words.folder / "a.txt").write_text("\n".join(["ok"] * (BATCH + 1)))
    ngo = LeftOut(agency=AgencyId("yayasan-contoh"), code="forbidden.not-by-name", agreement="E07-alert", clause="x")
    told: list[FileProgress] = []
    async with running(words, Taker(left_out=(ngo,)).accept, progress=told.append):
        await until(lambda: bool(told) and told[-1].finished)
    assert [one.left_out for one in told] == [BATCH, BATCH + 1, BATCH + 1]
    assert told[-1].accepted == BATCH + 1


@pytest.mark.asyncio
async def test_unfinished_growing_and_foreign_files_are_left_or_refused(words: Words, tmp_path: Path) -> None:
    """`.part`, `.tmp`, hidden, links and reference files stay; a stranger goes to rejected with its code."""
    for name in ("a.txt.part", "b.tmp", ".c.txt", "d.ref"):
        (words.folder / name).write_text("ok\n")
    outside = tmp_path / "outside.txt"
    outside.write_text("ok\n")
    (words.folder / "0-link.txt").symlink_to(outside)
    (words.folder / "e.xlsx").write_text("ok\n")
    taker = Taker()
    async with running(words, taker.accept):
        await until((words.folder / "rejected" / "e.xlsx").exists)
    left = {path.name for path in words.folder.iterdir() if not path.is_dir()}
    assert left == {"a.txt.part", "b.tmp", ".c.txt", "d.ref", "0-link.txt"}
    assert taker.origins == []
    assert rejected(words.folder / "rejected" / "e.xlsx.rejects.csv")[0]["code"] == "adapter.file-unknown"


def test_a_file_is_taken_only_when_its_size_has_stood_still(words: Words) -> None:
    """The first look never takes a file; a second one does, unless it has grown."""
    file = words.folder / "a.txt"
    file.write_text("ok1\n")
    folder = DropFolder(words)
    assert folder.ready() == []
    file.write_text("ok1\nok2\n")
    assert folder.ready() == []
    assert folder.ready() == ["a.txt"]


@pytest.mark.asyncio
async def test_while_the_node_is_down_a_file_waits_and_is_told(words: Words) -> None:
    """Nothing is moved, it is said why, and the file goes in once the node is back."""
    (words.folder / "a.txt").write_text("ok1\n")
    taker = Taker(down=TransportError("kafka.unreachable"))
    waits: list[SimpulError] = []
    async with running(words, taker.accept, waiting=waits.append):
        await until(lambda: len(waits) > 1)
        assert (words.folder / "a.txt").exists()
        taker.down = None
        await until((words.folder / "done" / "a.txt").exists)
    assert {error.code for error in waits} == {"kafka.unreachable"}
    assert taker.origins == ["ok1"]


@pytest.mark.asyncio
async def test_one_waiting_file_holds_up_no_other(words: Words) -> None:
    """What is missing for one file does not stop the next."""

    @dataclass
    class Picky(Words):
        def read(self, name: str, content: bytes) -> Reading:
            self.missing = name == "a.txt"
            return Words.read(self, name, content)

    picky = Picky(folder=words.folder)
    (words.folder / "a.txt").write_text("ok1\n")
    (words.folder / "b.txt").write_text("ok2\n")
    taker = Taker()
    async with running(picky, taker.accept):
        await until((words.folder / "done" / "b.txt").exists)
    assert (words.folder / "a.txt").exists()


def test_a_file_that_was_changed_while_it_was_read_is_read_again(words: Words) -> None:
    """It is not moved away, so that what was added is not lost."""
    file = words.folder / "a.txt"
    file.write_text("ok1\n")
    folder = DropFolder(words)
    folder.read("a.txt")
    file.write_text("ok1\nok2\n")
    folder.finish("a.txt", [], readable=True)
    assert file.exists()
    folder.read("a.txt")
    folder.finish("a.txt", [], readable=True)
    assert not file.exists()


@pytest.mark.parametrize("swapped", ["link", "pipe"])
def test_what_is_swapped_between_look_and_read_is_not_read(words: Words, tmp_path: Path, swapped: str) -> None:
    """A link would publish a file from elsewhere, a pipe would hold the thread for ever."""
    file = words.folder / "a.txt"
    (tmp_path / "node.key").write_text("ok1\n")
    if swapped == "link":
        file.symlink_to(tmp_path / "node.key")
    else:
        os.mkfifo(file)
    with pytest.raises(StorageError) as caught:
        DropFolder(words).read("a.txt")
    assert caught.value.code == "adapter.drop-folder"
    assert words.read_names == []


def test_the_same_name_twice_keeps_both(words: Words) -> None:
    """A daily export under one name overwrites nothing in done."""
    for content in ("ok1\n", "ok2\n"):
        (words.folder / "a.txt").write_text(content)
        folder = DropFolder(words)
        folder.read("a.txt")
        folder.finish("a.txt", [], readable=True)
    assert (words.folder / "done" / "a.txt").read_text() == "ok1\n"
    assert (words.folder / "done" / "a.2.txt").read_text() == "ok2\n"


@pytest.mark.asyncio
async def test_a_file_that_cannot_be_read_goes_to_rejected(words: Words) -> None:
    """With its code, row 0."""
    (words.folder / "a.txt").write_bytes(b"\xff\xfe\x00")
    async with running(words, Taker().accept):
        await until((words.folder / "rejected" / "a.txt").exists)
    (line,) = rejected(words.folder / "rejected" / "a.txt.rejects.csv")
    assert (line["row"], line["code"]) == ("0", "adapter.file-bom")


@pytest.mark.asyncio
async def test_a_crash_before_the_move_adds_nothing(tmp_path: Path, samples: Path, node: Any) -> None:
    """Read to the end, accepted, killed before the move: the second reading gives events that are known."""
    folder = tmp_path / "drop"
    folder.mkdir()
    for name in ("02_bcm_apk.csv", "02_register.csv"):
        (folder / name).write_bytes((samples / name).read_bytes())
    source = immigration.source(tmp_path, {"status": "Exercise"})
    reading = source.read("02_bcm_apk.csv", (folder / "02_bcm_apk.csv").read_bytes())
    await node.accept([one.draft for one in reading.mapped if isinstance(one, Offer)])
    assert len(node.drafts) == 2
    async with running(source, node.accept):
        await until((folder / "done" / "02_bcm_apk.csv").exists)
    assert len(node.drafts) == 2
    assert (folder / "02_register.csv").exists()
    assert not (folder / "done" / "02_bcm_apk.csv.rejects.csv").exists()


@pytest.mark.asyncio
async def test_what_the_node_refuses_is_listed_with_its_row(words: Words) -> None:
    """A code and the path of each field, as the node gives them."""

    @dataclass(frozen=True)
    class No:
        refused: InvalidEventError
        left_out: tuple[LeftOut, ...] = ()

    async def refuse(drafts: Any) -> list[No]:
        await asyncio.sleep(0)
        faults = (Fault(code="invalid.missing", path="data.open"), Fault(code="invalid.missing", path="data.place"))
        return [No(InvalidEventError("invalid.missing", "", faults)) for _ in drafts]

    (words.folder / "a.txt").write_text("dull\nok1\n")
    async with running(words, refuse):
        await until((words.folder / "done" / "a.txt").exists)
    lines = rejected(words.folder / "done" / "a.txt.rejects.csv")
    assert [(line["row"], line["field"]) for line in lines] == [("2", "data.open"), ("2", "data.place")]
    assert {line["code"] for line in lines} == {"invalid.missing"}


@pytest.mark.asyncio
async def test_cancelled_it_leaves_an_unfinished_file_where_it_is(words: Words) -> None:
    """It is read from its beginning at the next start."""
    (words.folder / "a.txt").write_text("\n".join(["ok"] * (BATCH + 1)))
    taker = Taker()

    async def accept(drafts: Any) -> list[Yes]:
        if taker.origins:
            await asyncio.Event().wait()  # the second batch is never through
        return await taker.accept(drafts)

    async with running(words, accept):
        await until(lambda: bool(taker.origins))
    assert len(taker.origins) == BATCH
    assert (words.folder / "a.txt").exists()
    again = Taker()
    async with running(words, again.accept):
        await until((words.folder / "done" / "a.txt").exists)
    assert len(again.origins) == BATCH + 1


def test_a_file_name_that_is_a_formula_is_none_in_the_rejects_file() -> None:
    """No spreadsheet runs what somebody named a file."""
    content = rejects_file([Reject(file="=cmd|' /C calc'!A0.csv", row=1, field="", code="adapter.row-cells")])
    assert content.decode().splitlines()[1].startswith("'=cmd")


def test_rejects_and_progress_do_not_show_names_of_files() -> None:
    """A file may be named after a person; that does not reach a log."""
    assert "sari" not in repr(Reject(file="sari.csv", row=1, field="", code="adapter.row-cells"))
    assert "sari" not in repr(FileProgress(file="sari.csv", total=1))
    assert "sari" not in repr(Offer(row=1, draft=Draft(origin=Origin(system="s", record_id="sari"), body=b"sari")))


@pytest.mark.asyncio
async def test_an_adapter_feeds_a_node_until_cancelled_and_tells_counts_alone(
    tmp_path: Path, samples: Path, node: Any
) -> None:
    """As the node runs it: from the folder into the outbox, with progress and waits that hold no value."""
    folder = tmp_path / "drop"
    folder.mkdir()
    (folder / "02_bcm_apk.csv").write_bytes((samples / "02_bcm_apk.csv").read_bytes())
    told: list[tuple[str, dict[str, object]]] = []

    def tell(name: str, fields: Any) -> None:
        told.append((name, dict(fields)))
        if name == "adapter-waiting":
            (folder / "02_register.csv").write_bytes((samples / "02_register.csv").read_bytes())

    feeding = asyncio.create_task(immigration.feed(tmp_path, {"status": "Exercise"}, node.accept, tell))
    await until((folder / "done" / "02_bcm_apk.csv").exists)
    await until(lambda: bool(told) and told[-1][1].get("finished") is True)
    feeding.cancel()
    with pytest.raises(asyncio.CancelledError):
        await feeding
    assert told[0] == ("adapter-waiting", {"code": "adapter.register-missing"})
    counts = {"total": 2, "done": 2, "accepted": 2, "ordinary": 0, "rejected": 0, "left_out": 0, "finished": True}
    assert told[-1] == ("adapter-progress", counts)
    assert len(node.drafts) == 2
