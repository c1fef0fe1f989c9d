"""Whether a published table gives away what it hides: complementary suppression, decided exactly.

A table with totals is a flow: from a source through rows, cells and columns to a sink, and back as the grand
total; what an arc may carry is what its entry says of it. How far a hidden entry may move is how much flow can be led
round it (Gusfield, A Graph Theoretic Approach to Statistical Data Security, SIAM J. Comput. 17(3), 1988). All is
whole numbers, so nothing is lost by it.

An entry is a count of k or more, `BELOW` (0 to k - 1, so that a zero says nothing either), or None (k or more, hidden
lest another be derived). Nothing can be learnt of a hidden entry that its mark does not say:

- whatever is `BELOW` can be any of 0 to k - 1;
- nor do totals alone keep it below k: were its mark not known, it could be k. So hidden entries that somebody could
  add up from what is shown, in whatever shape, add up to k at the least;
- whatever is None can be one of k counts at the least.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, Literal

BELOW: Final = "<11"

Entry = int | Literal["<11"] | None
_NO_LIMIT: Final = 1 << 60


class Verdict(Enum):
    """What can be said of a table."""

    SAFE = auto()
    CONTRADICTORY = auto()
    DERIVABLE = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table of counts as it is to be published.

    Args:
        cells: rows of entries, all of one length; a table of one dimension has rows of one entry.
        row_totals: of each row, or None where no row totals are published.
        column_totals: of each column, or None likewise.
        total: of all cells, or None likewise.
    """

    cells: Sequence[Sequence[Entry]]
    row_totals: Sequence[Entry] | None = None
    column_totals: Sequence[Entry] | None = None
    total: Entry = None


@dataclass(slots=True)
class _Arc:
    """One entry: what it may still gain and lose beside what it carries."""

    start: int
    end: int
    least: int
    more: int
    less: int
    entry: Entry
    """What is shown of it; a number also for a total that is not published, which hides nothing."""


def judge(table: Table, k: int) -> Verdict:
    """Say whether a table gives away what it hides.

    Args:
        table: as it is to be published.
        k: the least count that may be shown.

    Returns:
        CONTRADICTORY if no counts fit it; DERIVABLE if something can be learnt of a hidden entry that its mark does
        not say; else SAFE.
    """
    marked = _Flow(table, k, most_below=k - 1)
    if not marked.balance():
        return Verdict.CONTRADICTORY
    unmarked = _Flow(table, k, most_below=k)
    unmarked.balance()
    if all(_is_free(arc, marked, k) for arc in marked.arcs) and all(
        unmarked.range_of(arc, k)[1] >= k for arc in unmarked.arcs if arc.entry == BELOW
    ):
        return Verdict.SAFE
    return Verdict.DERIVABLE


def _is_free(arc: "_Arc", flow: "_Flow", k: int) -> bool:
    if isinstance(arc.entry, int):
        return True
    low, high = flow.range_of(arc, k)
    return (low, high) == (0, k - 1) if arc.entry == BELOW else high - low >= k - 1


class _Flow:
    """The table as a circulation; nodes are numbers, `balance` makes it hold everywhere."""

    def __init__(self, table: Table, k: int, *, most_below: int) -> None:
        self._k = k
        self._most_below = most_below
        rows, columns = len(table.cells), len(table.cells[0])
        source, sink = 0, rows + columns + 1
        self.arcs: list[_Arc] = []
        self._excess = [0] * (sink + 1)
        self._leaving: list[list[_Arc]] = [[] for _ in self._excess]
        self._arriving: list[list[_Arc]] = [[] for _ in self._excess]
        for i, row in enumerate(table.cells):
            self._add_total(source, 1 + i, table.row_totals, i)
            for j, entry in enumerate(row):
                self._add(1 + i, 1 + rows + j, entry)
        for j in range(columns):
            self._add_total(1 + rows + j, sink, table.column_totals, j)
        self._add_total(sink, source, None if table.total is None else (table.total,), 0)

    def _add_total(self, start: int, end: int, totals: Sequence[Entry] | None, place: int) -> None:
        """Add a total; one that is not published may be anything, and nothing that is hidden."""
        if totals is not None:
            self._add(start, end, totals[place])
        else:
            self._join(_Arc(start=start, end=end, least=0, more=_NO_LIMIT, less=0, entry=0))

    def _add(self, start: int, end: int, entry: Entry) -> None:
        if isinstance(entry, int):
            least, most = entry, entry
        else:
            least, most = (0, self._most_below) if entry == BELOW else (self._k, _NO_LIMIT)
        self._join(_Arc(start=start, end=end, least=least, more=most - least, less=0, entry=entry))

    def _join(self, arc: _Arc) -> None:
        self.arcs.append(arc)
        self._leaving[arc.start].append(arc)
        self._arriving[arc.end].append(arc)
        self._excess[arc.start] -= arc.least
        self._excess[arc.end] += arc.least

    def balance(self) -> bool:
        """Lead what is too much at one node to where it lacks; say whether that can be done."""
        for node in range(len(self._excess)):
            while self._excess[node] > 0:
                way = self._way(node, None, None)
                if way is None:
                    return False
                self._send(node, way)
        return True

    def _send(self, node: int, way: "_Way") -> None:
        last, forward = way[-1]
        goal = last.end if forward else last.start
        amount = min(self._excess[node], -self._excess[goal], _narrowest(way))
        _move(way, amount)
        self._excess[node] -= amount
        self._excess[goal] += amount

    def range_of(self, arc: _Arc, enough: int) -> tuple[int, int]:
        """Say between which counts an entry can be, looking no further than `enough` to either side."""
        carried = arc.least + arc.less
        lost = self._led(arc.start, arc.end, arc, min(arc.less, enough))
        gained = self._led(arc.end, arc.start, arc, min(arc.more, enough))
        return carried - lost, carried + gained

    def _led(self, start: int, goal: int, around: _Arc, most: int) -> int:
        """Say how much can be led from one node to another without an arc, and leave all as it was."""
        ways: list[tuple[_Way, int]] = []
        led = 0
        while led < most and (way := self._way(start, goal, around)) is not None:
            amount = min(most - led, _narrowest(way))
            _move(way, amount)
            ways.append((way, amount))
            led += amount
        for way, amount in ways:
            _move(way, -amount)
        return led

    def _way(self, start: int, goal: int | None, without: _Arc | None) -> "_Way | None":
        """Find the shortest way to a node, or to one that lacks something, along what may still change."""
        reached: dict[int, tuple[int, _Arc, bool]] = {}
        waiting = deque([start])
        while waiting:
            node = waiting.popleft()
            if node != start and (self._excess[node] < 0 if goal is None else node == goal):
                return self._back(start, node, reached)
            for arc, ahead in self._open(node):
                after = arc.end if ahead else arc.start
                if arc is not without and after != start and after not in reached:
                    reached[after] = node, arc, ahead
                    waiting.append(after)
        return None

    def _open(self, node: int) -> Iterator[tuple[_Arc, bool]]:
        yield from ((arc, True) for arc in self._leaving[node] if arc.more > 0)
        yield from ((arc, False) for arc in self._arriving[node] if arc.less > 0)

    @staticmethod
    def _back(start: int, node: int, reached: dict[int, tuple[int, _Arc, bool]]) -> "_Way":
        way: _Way = []
        while node != start:
            node, arc, ahead = reached[node]
            way.append((arc, ahead))
        return way[::-1]


_Way = list[tuple[_Arc, bool]]
"""Arcs in order, each with or against its direction."""


def _narrowest(way: _Way) -> int:
    return min(arc.more if ahead else arc.less for arc, ahead in way)


def _move(way: _Way, amount: int) -> None:
    for arc, ahead in way:
        step = amount if ahead else -amount
        arc.more -= step
        arc.less += step
