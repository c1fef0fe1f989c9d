"""Statistics for everybody (area `outreach`): one small table an event, in which no count from 1 to 10 can stand.

- A cell is a count of 11 or more, `<11`, or null: 11 or more, hidden lest another cell be derived from a total. A
  zero is `<11` too, or its absence elsewhere would tell which of the small counts are zero.
- One table of one or two dimensions from closed lists; no words, so no name can slip in; no cross-table of one's own.
- What totals would give away is refused (`schemas.disclosure`).
- A regency is counted by the year, a province by the quarter at the finest.

Two tables of two events are not compared here: who publishes answers for that.
"""

from enum import StrEnum
from typing import Annotated, ClassVar, Literal

from pydantic import Field, PlainValidator, WithJsonSchema

from schemas.base import Envelope, EventData, Fact, Maybe, OpenPart, Source, refuse
from schemas.codelists import OneOf, listing
from schemas.disclosure import BELOW, Entry, Table, Verdict, judge
from schemas.outreach import require_clear
from schemas.scalars import Unique
from schemas.vocabulary import AreaCode

K = 11
"""The least count that may be shown: CTDC, k-anonymity."""

_MOST = 10_000_000


class AreaLevel(StrEnum):
    """How wide the area is that was counted: own list."""

    PROVINCE = "province"
    REGENCY = "regency"


class Scheme(StrEnum):
    """In whose categories it was counted; each is a code list."""

    IC_TIP = "ic-tip"
    CTDC = "ctdc"


class Method(StrEnum):
    """How people in small cells are protected: suppression, or differential privacy."""

    SUPPRESSION = "suppression"
    DP = "dp"


class Dimension(StrEnum):
    """What people are counted by: CTDC columns, grouped; then the groups of IC-TIP."""

    GENDER = "gender"
    AGE_BROAD = "ageBroad"
    EXPLOITATION = "exploitation"
    MEANS = "means"
    RECRUITER = "recruiterRelation"
    LABOUR = "typeOfLabour"
    SEXUAL = "typeOfSex"
    SEX = "sex"
    AGE = "age"
    FORM = "form"


_APART = frozenset({Dimension.GENDER, Dimension.AGE_BROAD, Dimension.SEX, Dimension.AGE})
"""Of these each person has one value; of any other a person may have several, which do not add up to people."""

_CROSSED = frozenset(
    {
        (Dimension.AGE_BROAD, Dimension.GENDER),
        (Dimension.EXPLOITATION, Dimension.GENDER),
        (Dimension.EXPLOITATION, Dimension.AGE_BROAD),
        (Dimension.AGE, Dimension.SEX),
        (Dimension.FORM, Dimension.SEX),
        (Dimension.FORM, Dimension.AGE),
    }
)
"""Rows and columns that may meet in one table; a free cross-table finds single people."""


def _check_entry(value: object) -> Entry:
    if value is None:
        return None
    if value == BELOW:
        return BELOW
    if type(value) is not int or not K <= value <= _MOST:  # True and 11.0 are no counts either
        refuse("stats_cell", "A cell is a count of 11 or more, <11, or null.")
    return value


def _check_total(value: object) -> Entry:
    if value is None:
        refuse("stats_total_null", "A grand total that is hidden is left out.")
    return _check_entry(value)


_COUNT = {"type": "integer", "minimum": K, "maximum": _MOST}
_SOURCE = Source("CTDC k-anonymity, k = 11; null is 11 or more, hidden lest another cell be derived")
Label = Annotated[str, OneOf("ctdc", "ic-tip")]
Cell = Annotated[
    Entry,
    PlainValidator(_check_entry),
    WithJsonSchema({"anyOf": [_COUNT, {"const": BELOW}, {"type": "null"}]}),
    _SOURCE,
]
Total = Annotated[
    int | Literal["<11"],
    PlainValidator(_check_total),
    WithJsonSchema({"anyOf": [_COUNT, {"const": BELOW}]}),
    Source("CTDC k-anonymity, k = 11; absent where it is hidden"),
]
_Labels = Annotated[tuple[Label, ...], Field(min_length=1, max_length=16), Unique()]
_Line = Annotated[tuple[Cell, ...], Field(max_length=16)]


class StatsPublishedOpen(OpenPart):
    """What everybody may read: one table, and how it was made."""

    rules = (
        "stats_area",
        "stats_cell",
        "stats_crossed",
        "stats_derivable",
        "stats_label",
        "stats_noise",
        "stats_overlap",
        "stats_period",
        "stats_shape",
        "stats_total_null",
        "stats_totals",
        "tlp_not_clear",
    )

    period: Annotated[
        str, Field(pattern=r"^20[0-9]{2}(-Q[1-4])?$", max_length=7), Source("ISO 8601-1 year; own, a quarter of it")
    ]
    area_level: AreaLevel
    area: AreaCode
    scheme: Scheme
    k: Annotated[Literal[11], Source("CTDC k-anonymity")]
    method: Method
    rows_by: Dimension
    columns_by: Maybe[Dimension] = None
    rows: _Labels
    columns: Maybe[_Labels] = None
    cells: Annotated[tuple[_Line, ...], Field(max_length=16)]
    row_totals: Maybe[_Line] = None
    column_totals: Maybe[_Line] = None
    total: Maybe[Total] = None

    def check(self) -> None:
        """Labels are those of the dimensions; no total contradicts the cells or lets a hidden one be derived."""
        self._check_where_and_when()
        self._check_labels()
        self._check_shape()
        self._check_totals()

    def _check_where_and_when(self) -> None:
        regency = self.area_level is AreaLevel.REGENCY
        if ("." in self.area) is not regency:
            refuse("stats_area", "The code of the area is of the level that is named.")
        if regency and "-" in self.period:
            refuse("stats_period", "A regency is counted by the year; only a province by the quarter.")

    def _check_labels(self) -> None:
        if self.columns_by is not None and (self.rows_by, self.columns_by) not in _CROSSED:
            refuse("stats_crossed", "Rows and columns are one of the pairs that may meet in a table.")
        known = listing(self.scheme)
        for labels, dimension in ((self.rows, self.rows_by), (self.columns or (), self.columns_by)):
            for label in labels:
                found = known.find(label)
                if found is None or found.parent != dimension:
                    refuse("stats_label", "A label is a value of its dimension, in the scheme that is named.")

    def _check_shape(self) -> None:
        width = 1 if self.columns is None else len(self.columns)
        fits = (
            (self.columns is None) is (self.columns_by is None)
            and len(self.cells) == len(self.rows)
            and all(len(line) == width for line in self.cells)
            and (self.row_totals is None or (self.columns is not None and len(self.row_totals) == len(self.rows)))
            and (self.column_totals is None or (self.columns is not None and len(self.column_totals) == width))
        )
        if not fits:
            refuse("stats_shape", "Cells and totals have the shape that the labels of rows and columns say.")

    def _check_totals(self) -> None:
        rows_apart = self.rows_by in _APART
        columns_apart = self.columns_by is None or self.columns_by in _APART
        summed = (
            (self.row_totals is None or columns_apart)
            and (self.column_totals is None or rows_apart)
            and (self.total is None or (rows_apart and columns_apart))
        )
        has_totals = not (self.row_totals is None and self.column_totals is None and self.total is None)
        if has_totals and self.method is Method.DP:  # each count and each total has noise of its own
            refuse("stats_noise", "Counts with noise have no totals, which would not be their sums.")
        if not summed:
            refuse("stats_overlap", "There are no totals over categories of which a person may have several.")
        if not has_totals:
            return  # without a sum nothing can be derived
        verdict = judge(self._table(), K)
        if verdict is Verdict.CONTRADICTORY:
            refuse("stats_totals", "The totals are sums of the cells.")
        if verdict is Verdict.DERIVABLE:
            refuse("stats_derivable", "No hidden cell can be derived from what is shown: hide another, or the total.")

    def _table(self) -> Table:
        return Table(
            cells=self.cells,
            row_totals=self.row_totals,
            column_totals=self.column_totals,
            total=self.total,
        )

    def check_envelope(self, envelope: Envelope) -> None:
        """What is published is for everybody: TLP clear (FIRST TLP 2.0)."""
        require_clear(envelope)


class StatsPublished(EventData):
    """E24: counts of a period, in which nobody can be found."""

    fact: ClassVar[Fact] = Fact(
        number="E24",
        area="outreach",
        name="stats.published.v1",
        title_id="Statistik diterbitkan",
        title_en="Statistics published",
        about_id="Menerbitkan jumlah untuk evaluasi; angka di bawah 11 tidak pernah terlihat.",
        about_en="Publishes counts for evaluation; none below 11 ever shows.",
    )
    open: StatsPublishedOpen
