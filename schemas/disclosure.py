"""Whether a published table gives away what it hides: complementary suppression, decided exactly.

A table with totals is a flow: from a source through rows, cells and columns to a sink, and back as the grand
total; what an arc may carry is what its entry says of it. A hidden entry is safe if the flow can be led round it in
another way, and only then (Gusfield, A Graph Theoretic Approach to Statistical Data Security, SIAM J. Comput. 17(3),
1988). All is whole numbers, so nothing is lost by it.

An entry is a count of k or more, `BELOW` (0 to k - 1, so that a zero says nothing either), or None (k or more, hidden
lest another be derived).
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
    more: int
    less: int
    hidden: bool


def judge(table: Table, k: int) -> Verdict:
    """Say whether a table gives away what it hides.

    Args:
        table: as it is to be published.
        k: the least count that may be shown.

    Returns:
        CONTRADICTORY if no counts fit it; DERIVABLE if a hidden entry has one possible value, or if the hidden entries
        of a row, a column or the whole add up to less than k; else SAFE.
    """
    if any(_small_rest(entries, total, k) for entries, total in _lines(table)):
        return Verdict.DERIVABLE
    flow = _Flow(table, k)
    if not flow.balance():
        return Verdict.CONTRADICTORY
    return Verdict.DERIVABLE if any(arc.hidden and flow.is_fixed(arc) for arc in flow.arcs) else Verdict.SAFE


def _lines(table: Table) -> Iterator[tuple[Sequence[Entry], Entry]]:
    """Each sum that the table states, as its terms and its total."""
    whole = _whole(table)
    yield [entry for row in table.cells for entry in row], whole
    if table.row_totals is not None:
        yield from zip(table.cells, table.row_totals, strict=True)
        yield table.row_totals, whole
    if table.column_totals is not None:
        yield from zip(zip(*table.cells, strict=True), table.column_totals, strict=True)
        yield table.column_totals, whole


def _whole(table: Table) -> Entry:
    """The grand total, which anybody can add up where the totals of one kind are all shown."""
    for totals in (table.row_totals, table.column_totals):
        if table.total is None and totals is not None:
            shown = [entry for entry in totals if isinstance(entry, int)]
            if len(shown) == len(totals):
                return sum(shown)
    return table.total


def _small_rest(entries: Sequence[Entry], total: Entry, k: int) -> bool:
    """Whether what is hidden in a line adds up to a count that could not have been shown."""
    shown = [entry for entry in entries if isinstance(entry, int)]
    return isinstance(total, int) and len(shown) < len(entries) and 0 <= total - sum(shown) < k


class _Flow:
    """The table as a circulation; nodes are numbers, `balance` makes it hold everywhere."""

    def __init__(self, table: Table, k: int) -> None:
        rows, columns = len(table.cells), len(table.cells[0])
        source, sink = 0, rows + columns + 1
        self.arcs: list[_Arc] = []
        self._excess = [0] * (sink + 1)
        self._leaving: list[list[_Arc]] = [[] for _ in self._excess]
        self._arriving: list[list[_Arc]] = [[] for _ in self._excess]
        for i, row in enumerate(table.cells):
            self._add(source, 1 + i, _bounds(table.row_totals, i, k))
            for j, entry in enumerate(row):
                self._add(1 + i, 1 + rows + j, (*_range(entry, k), not isinstance(entry, int)))
        for j in range(columns):
            self._add(1 + rows + j, sink, _bounds(table.column_totals, j, k))
        self._add(sink, source, _bounds(None if table.total is None else (table.total,), 0, k))

    def _add(self, start: int, end: int, bounds: tuple[int, int, bool]) -> None:
        least, most, hidden = bounds
        arc = _Arc(start=start, end=end, more=most - least, less=0, hidden=hidden)
        self.arcs.append(arc)
        self._leaving[start].append(arc)
        self._arriving[end].append(arc)
        self._excess[start] -= least
        self._excess[end] += least

    def balance(self) -> bool:
        """Lead what is too much at one node to where it lacks; say whether that can be done."""
        for node in range(len(self._excess)):
            while self._excess[node] > 0:
                way = self._way(node, None, None)
                if way is None:
                    return False
                self._send(node, way)
        return True

    def _send(self, node: int, way: list[tuple[_Arc, bool]]) -> None:
        last, forward = way[-1]
        goal = last.end if forward else last.start
        amount = min(self._excess[node], -self._excess[goal], *(arc.more if ahead else arc.less for arc, ahead in way))
        for arc, ahead in way:
            step = amount if ahead else -amount
            arc.more -= step
            arc.less += step
        self._excess[node] -= amount
        self._excess[goal] += amount

    def is_fixed(self, arc: _Arc) -> bool:
        """Whether an entry has one possible value: no way round it lets it gain or lose."""
        grows = arc.more > 0 and self._way(arc.end, arc.start, arc) is not None
        shrinks = arc.less > 0 and self._way(arc.start, arc.end, arc) is not None
        return not grows and not shrinks

    def _way(self, start: int, goal: int | None, without: _Arc | None) -> list[tuple[_Arc, bool]] | None:
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
    def _back(start: int, node: int, reached: dict[int, tuple[int, _Arc, bool]]) -> list[tuple[_Arc, bool]]:
        way: list[tuple[_Arc, bool]] = []
        while node != start:
            node, arc, ahead = reached[node]
            way.append((arc, ahead))
        return way[::-1]


def _bounds(totals: Sequence[Entry] | None, place: int, k: int) -> tuple[int, int, bool]:
    """What a total may be. One that is not published is anything, and nothing that is hidden."""
    if totals is None:
        return 0, _NO_LIMIT, False
    return (*_range(totals[place], k), not isinstance(totals[place], int))


def _range(entry: Entry, k: int) -> tuple[int, int]:
    if isinstance(entry, int):
        return entry, entry
    return (0, k - 1) if entry == BELOW else (k, _NO_LIMIT)
