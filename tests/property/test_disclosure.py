"""Laws of published tables, held against every table of counts that fits what is shown."""

from collections.abc import Iterator
from itertools import product
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.disclosure import BELOW, Entry, Table, Verdict, judge
from tests.unit.schemas.samples import GONE, changed, codes, example, kind

_K = 2
"""Small, so that every table can be tried."""


@st.composite
def _published(draw: st.DrawFn, k: int = _K, most: int = 3, shown_most: int | None = None) -> Table:
    """A table made from counts as an honest office would: what is small is hidden, and some of what is not."""
    rows, columns = draw(st.integers(1, most)), draw(st.integers(1, most))
    count = st.integers(0, shown_most or k + 2)
    counts = [[draw(count) for _ in range(columns)] for _ in range(rows)]

    def entry(value: int, *, may_hide: bool = True) -> Entry:
        if value < k:
            return BELOW
        return None if may_hide and draw(st.integers(0, 2)) == 0 else value

    cells = [[entry(value) for value in line] for line in counts]
    row_totals = [entry(sum(line)) for line in counts] if draw(st.booleans()) else None
    column_totals = [entry(sum(line)) for line in zip(*counts, strict=True)] if draw(st.booleans()) else None
    total = entry(sum(map(sum, counts)), may_hide=False) if draw(st.booleans()) else None
    return Table(cells=cells, row_totals=row_totals, column_totals=column_totals, total=total)


def _fits(entry: Entry, value: int, k: int, *, lifted: bool = False) -> bool:
    if isinstance(entry, int):
        return value == entry
    return value < k + lifted if entry == BELOW else value >= k


def _marks(table: Table) -> list[Entry]:
    """The hidden entries, in the order of `_worlds`."""
    cells = [entry for line in table.cells for entry in line]
    totals = [*(table.row_totals or ()), *(table.column_totals or ()), *([] if table.total is None else [table.total])]
    return [entry for entry in (*cells, *totals) if not isinstance(entry, int)]


def _worlds(table: Table, k: int, most: int, *, lifted: bool = False) -> Iterator[tuple[int, ...]]:
    """Every hidden entry, cells before totals, in each table of counts that fits; none larger than `most`.

    Where marks are lifted, what is below k may be k as well.
    """
    flat = [entry for line in table.cells for entry in line]
    choices = [[value for value in range(most + 1) if _fits(entry, value, k, lifted=lifted)] for entry in flat]
    width = len(table.cells[0])
    hidden = [place for place, entry in enumerate(flat) if not isinstance(entry, int)]
    for values in product(*choices):
        lines = [values[at : at + width] for at in range(0, len(values), width)]
        row_sums, column_sums = [sum(line) for line in lines], [sum(line) for line in zip(*lines, strict=True)]
        stated = [*zip(table.row_totals or (), row_sums, strict=table.row_totals is not None)]
        stated += [*zip(table.column_totals or (), column_sums, strict=table.column_totals is not None)]
        stated += [] if table.total is None else [(table.total, sum(values))]
        if all(_fits(entry, value, k, lifted=lifted) for entry, value in stated):
            totals = (value for entry, value in stated if not isinstance(entry, int))
            yield (*(values[place] for place in hidden), *totals)


def _tells(table: Table, k: int, most: int) -> bool:
    """Whether something hidden cannot be all that its mark allows, by trying; the three rules of the module."""
    marks = _marks(table)
    worlds, lifted = (list(zip(*_worlds(table, k, most, lifted=one), strict=True)) for one in (False, True))
    for mark, values, beyond in zip(marks, worlds, lifted, strict=True):
        if mark == BELOW:
            if set(values) != set(range(k)) or k not in beyond:
                return True
        elif max(values) - min(values) < k - 1:
            return True
    return False


@settings(max_examples=300, deadline=None)
@given(table=_published())
def test_a_table_is_safe_exactly_if_nothing_hidden_is_found(table: Table) -> None:
    """Trying every table of counts gives the same verdict, for cells and for totals.

    The counts tried go one beyond those from which the table was made: where an entry can change at all, it can
    change by one, with no other changing by more.
    """
    assert judge(table, _K) is (Verdict.DERIVABLE if _tells(table, _K, _K + 3) else Verdict.SAFE)


@settings(max_examples=300, deadline=None)
@given(table=_published())
def test_no_group_of_hidden_cells_of_a_safe_table_has_a_small_sum(table: Table) -> None:
    """Whatever can be added up and taken away: no set of hidden cells has one possible sum below k."""
    cells = sum(not isinstance(entry, int) for line in table.cells for entry in line)
    if judge(table, _K) is not Verdict.SAFE or cells == 0:
        return
    worlds = list(_worlds(table, _K, _K + 3))
    for chosen in product((False, True), repeat=cells):
        sums = {sum(value for value, one in zip(world, chosen, strict=False) if one) for world in worlds}
        assert not any(chosen) or len(sums) > 1 or min(sums) >= _K


@settings(max_examples=200, deadline=None)
@given(table=_published(most=2), place=st.integers(0, 3), more=st.sampled_from([-2, -1, 1, 2]))
def test_a_table_that_no_counts_fit_is_never_safe(table: Table, place: int, more: int) -> None:
    """A total that is off is found wherever no counts make up for it."""
    totals = table.row_totals or table.column_totals
    if totals is None or not isinstance(totals[place % len(totals)], int):
        return
    off = [
        entry + more if isinstance(entry, int) and at == place % len(totals) else entry
        for at, entry in enumerate(totals)
    ]
    spoilt = Table(
        cells=table.cells,
        row_totals=off if totals is table.row_totals else table.row_totals,
        column_totals=off if totals is table.column_totals else table.column_totals,
        total=table.total,
    )
    if judge(spoilt, _K) is Verdict.SAFE:
        assert list(_worlds(spoilt, _K, 4 * (_K + 3)))


@settings(max_examples=60, deadline=None)
@given(table=_published(k=11, most=2, shown_most=24))
def test_whatever_the_schema_accepts_hides_what_it_hides(table: Table) -> None:
    """With eleven, through the schema itself: whatever is below eleven can be any of 0 to 10."""
    document = _drafted(table)
    if codes(kind("E24").draft, document) != set():
        return
    for mark, values in zip(_marks(table), zip(*_worlds(table, 11, 35), strict=True), strict=True):
        assert len(set(values)) >= 11
        assert mark is None or set(values) == set(range(11))


def _drafted(table: Table) -> dict[str, Any]:
    stated = {
        "rowTotals": table.row_totals if table.row_totals is not None else GONE,
        "columnTotals": table.column_totals if table.column_totals is not None else GONE,
        "total": table.total if table.total is not None else GONE,
    }
    blank = dict.fromkeys((f"data__open__{name}" for name in stated), 0)
    return changed(
        changed(example("E24"), **blank),
        data__open__rows=["9-17", "18-20"][: len(table.cells)],
        data__open__columns=["Woman", "Man"][: len(table.cells[0])],
        data__open__cells=[list(line) for line in table.cells],
        **{f"data__open__{name}": value for name, value in stated.items()},
    )
