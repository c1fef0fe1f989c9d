"""A count from 1 to 10 cannot be expressed, nor derived from what is expressed."""

import json
from typing import Any

import pytest

from tests.unit.schemas.samples import GONE, changed, codes, example, kind, refused

_LOW = "<11"
_ONE = {
    "data__open__columnsBy": GONE,
    "data__open__columns": GONE,
    "data__open__columnTotals": GONE,
    "data__open__rowsBy": "gender",
    "data__open__rows": ["Woman", "Man", "genderUnknown"],
}


def _one(*cells: Any, **more: Any) -> dict[str, Any]:
    """A table of one dimension."""
    return {**_ONE, "data__open__cells": [[cell] for cell in cells], **more}


def _two(*lines: list[Any], **totals: Any) -> dict[str, Any]:
    """A table of ages and genders with the totals that are named."""
    rows = ["9-17", "18-20", "21-23"][: len(lines)]
    columns = ["Woman", "Man", "genderUnknown"][: len(lines[0])]
    named = {f"data__open__{name}": value for name, value in totals.items()}
    return {
        "data__open__columnTotals": GONE,
        "data__open__rows": rows,
        "data__open__columns": columns,
        "data__open__cells": list(lines),
        **named,
    }


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param(_one(20, 30, _LOW), id="one dimension without total"),
        pytest.param(_one(_LOW, _LOW, _LOW, data__open__total=11), id="eleven hidden in three cells"),
        pytest.param(_one(20, 30, 40, data__open__total=90), id="nothing hidden"),
        pytest.param(_one(20, _LOW, None, data__open__total=61), id="a large cell hidden to protect a small one"),
        pytest.param(_one(_LOW, _LOW, _LOW, data__open__total=_LOW), id="total too small to show"),
        pytest.param(_one(_LOW, _LOW, _LOW), id="nothing shown"),
        pytest.param(_two([_LOW, None], [None, _LOW], rowTotals=[40, 40], columnTotals=[40, 40]), id="a ring of four"),
        pytest.param(_two([20, 30], [40, 50], rowTotals=[50, 90], columnTotals=[60, 80], total=140), id="all shown"),
        pytest.param(_two([_LOW, 30], [_LOW, 50], [_LOW, 20], columnTotals=[12, 100]), id="three hidden in a column"),
        pytest.param(_two([_LOW, _LOW], [30, 50], rowTotals=[_LOW, 80]), id="total of a row hidden"),
        pytest.param({"data__open__period": "2026"}, id="province by the year"),
        pytest.param(
            {**_one(_LOW, 20, 30), "data__open__areaLevel": "regency", "data__open__area": "17.09"}
            | {"data__open__period": "2026"},
            id="regency by the year",
        ),
        pytest.param(
            {"data__open__method": "dp", "data__open__columnTotals": GONE}, id="differential privacy without totals"
        ),
        pytest.param(
            _one(_LOW, 20, 30, data__open__rowsBy="means")
            | {"data__open__rows": ["meansThreats", "meansFalsePromises", "meansWithholdDocs"]},
            id="means without total",
        ),
        pytest.param(
            _one(_LOW, 20, 30, data__open__rowsBy="sex", data__open__scheme="ic-tip")
            | {"data__open__rows": ["sexFemale", "sexMale", "sexUnknown"]},
            id="the other scheme",
        ),
    ],
)
def test_what_statistics_allow(changes: dict[str, Any]) -> None:
    """Good tables pass."""
    assert refused("E24", **changes) == set()


@pytest.mark.parametrize("cell", [0, 1, 3, 10, -11, 11.0, "11", "<5", "", True, [], 10_000_001])
def test_no_other_cell_can_be_expressed(cell: Any) -> None:
    """Counts below eleven, zero too, and whatever is no count."""
    assert refused("E24", **_one(cell, 20, 30)) == {"stats_cell"}
    assert refused("E24", **_one(20, 30, 40, data__open__total=cell)) == {"stats_cell"}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param(_one(20, 30, _LOW, data__open__total=53), "stats_derivable", id="one hidden beside a total"),
        pytest.param(_one(20, 30, None, data__open__total=70), "stats_derivable", id="one large cell hidden"),
        pytest.param(_one(20, _LOW, _LOW, data__open__total=20), "stats_derivable", id="both hidden are zero"),
        pytest.param(_one(20, _LOW, _LOW, data__open__total=40), "stats_derivable", id="both hidden are ten"),
        pytest.param(_one(20, _LOW, _LOW, data__open__total=27), "stats_derivable", id="seven hidden in two cells"),
        pytest.param(_one(20, _LOW, _LOW, data__open__total=31), "stats_derivable", id="neither of two can be zero"),
        pytest.param(_one(20, _LOW, _LOW, data__open__total=30), "stats_derivable", id="exactly ten in two cells"),
        pytest.param(
            _one(None, _LOW, data__open__total=12) | {"data__open__rows": ["Woman", "Man"]},
            "stats_derivable",
            id="zero or one",
        ),
        pytest.param(
            _two([12, _LOW, 20], [13, _LOW, 20], [25, _LOW, _LOW], rowTotals=[None, None, 40], total=106),
            "stats_derivable",
            id="one child in the rows whose totals are hidden",
        ),
        pytest.param(
            _two([12, _LOW, 20], [13, _LOW, 20], [25, _LOW, _LOW], rowTotals=[None, None, 40], total=110),
            "stats_derivable",
            id="five of them",
        ),
        pytest.param(_one(20, _LOW, _LOW, data__open__total=41), "stats_totals", id="more hidden than can be"),
        pytest.param(_one(20, 30, 40, data__open__total=91), "stats_totals", id="wrong total"),
        pytest.param(_one(20, 30, _LOW, data__open__total=_LOW), "stats_totals", id="total below a cell"),
        pytest.param(_one(20, 30, 40, data__open__total=None), "stats_total_null", id="hidden grand total"),
        pytest.param(
            _two([_LOW, 30], [40, 50], rowTotals=[35, 90]), "stats_derivable", id="one hidden in a row with a total"
        ),
        pytest.param(_two([_LOW, 30], [40, 50], columnTotals=[45, 80]), "stats_derivable", id="one hidden in a column"),
        pytest.param(
            _two([_LOW, _LOW, 20], [_LOW, _LOW, _LOW], [20, 20, _LOW], rowTotals=[32, 18, 45])
            | {"data__open__columnTotals": [31, 32, 32]},
            "stats_derivable",
            id="one hidden in its row",
        ),
        pytest.param(
            _two([_LOW, _LOW, 20], [_LOW, _LOW, None], [20, 20, None], rowTotals=[32, 41, 60])
            | {"data__open__columnTotals": [35, 33, 65]},
            "stats_derivable",
            id="two hidden in every line and yet one follows from four totals",
        ),
        pytest.param(
            _two([_LOW, _LOW, 40], [20, 30, 50], rowTotals=[51, 100], columnTotals=[_LOW, _LOW, 90]),
            "stats_totals",
            id="hidden total below a cell",
        ),
        pytest.param(
            _two([_LOW, _LOW], [_LOW, 30], rowTotals=[20, 34], columnTotals=[14, 40], total=54),
            "stats_derivable",
            id="ten and ten",
        ),
        pytest.param(_one(20, 30), "stats_shape", id="a row too few"),
        pytest.param(_one(20, 30, 40, data__open__rowTotals=[20, 30, 40]), "stats_shape", id="row totals of one"),
        pytest.param(_one(20, 30, 40, data__open__columnTotals=[90]), "stats_shape", id="column total of one"),
        pytest.param(_two([20, 30], [40]), "stats_shape", id="ragged"),
        pytest.param(_two([20, 30], [40, 50], columnTotals=[60]), "stats_shape", id="a total too few"),
        pytest.param({"data__open__columns": GONE}, "stats_shape", id="columns of nothing"),
        pytest.param(_two([20, 30]) | {"data__open__rows": ["Woman"]}, "stats_label", id="not its own"),
        pytest.param({"data__open__rows": ["9-17", "9-17", "21-23", "24-26"]}, "repeats", id="label twice"),
        pytest.param({"data__open__scheme": "ic-tip"}, "stats_label", id="labels of the other scheme"),
        pytest.param({"data__open__method": "dp"}, "stats_noise", id="column totals of noisy counts"),
        pytest.param(
            _two([20, 30], [40, 50], rowTotals=[51, 92]) | {"data__open__method": "dp"},
            "stats_noise",
            id="row totals of noisy counts",
        ),
        pytest.param(_one(20, 30, 40, data__open__method="dp", data__open__total=90), "stats_noise", id="noisy total"),
        pytest.param({"data__open__rows__0": "ageBroad"}, "stats_label", id="the dimension as label"),
        pytest.param({"data__open__rows__0": "Siti CONTOH"}, "literal_error", id="a name for a label"),
        pytest.param({"data__open__rowsBy": "gender", "data__open__columnsBy": "gender"}, "stats_crossed", id="itself"),
        pytest.param({"data__open__rowsBy": "means", "data__open__columnsBy": "ageBroad"}, "stats_crossed", id="free"),
        pytest.param({"data__open__rowsBy": "village"}, "enum", id="a dimension of one's own"),
        pytest.param(
            _one(20, 30, 40, data__open__rowsBy="means", data__open__total=90)
            | {"data__open__rows": ["meansThreats", "meansFalsePromises", "meansWithholdDocs"]},
            "stats_overlap",
            id="total over means",
        ),
        pytest.param(
            _two([20, 30], [40, 50], columnTotals=[60, 80])
            | {"data__open__rowsBy": "exploitation", "data__open__rows": ["isForcedLabour", "isSexualExploit"]},
            "stats_overlap",
            id="column totals over forms of exploitation",
        ),
        pytest.param({"data__open__area": "17.09"}, "stats_area", id="regency called a province"),
        pytest.param({"data__open__areaLevel": "regency"}, "stats_area", id="province called a regency"),
        pytest.param({"data__open__area": "17.09.01"}, "string_too_long", id="district"),
        pytest.param(
            {"data__open__areaLevel": "regency", "data__open__area": "17.09"}, "stats_period", id="regency by quarter"
        ),
        pytest.param({"data__open__period": "2026-Q5"}, "string_pattern_mismatch", id="fifth quarter"),
        pytest.param({"data__open__period": "2026-06"}, "string_pattern_mismatch", id="a month"),
        pytest.param({"data__open__k": 5}, "literal_error", id="another k"),
        pytest.param({"data__open__method": "none"}, "enum", id="no protection"),
        pytest.param({"data__open__note": "x"}, "extra_forbidden", id="words"),
        pytest.param({"tlp": "amber"}, "tlp_not_clear", id="published and not clear"),
    ],
)
def test_what_statistics_refuse(changes: dict[str, Any], expected: str) -> None:
    """Each broken rule is found, and named by its code."""
    assert expected in refused("E24", **changes)


def test_row_totals_over_genders_are_sums_of_people() -> None:
    """Of forms of exploitation a person may have several, of genders one: rows may have totals, columns may not."""
    changes = _two([20, 30], [40, 50], rowTotals=[50, 90]) | {
        "data__open__rowsBy": "exploitation",
        "data__open__rows": ["isForcedLabour", "isSexualExploit"],
    }
    assert refused("E24", **changes) == set()


def test_a_hidden_cell_is_still_null_once_written() -> None:
    """What is absent is not written; a null in a line is no absence."""
    document = changed(example("E24"), **_one(20, _LOW, None, data__open__total=61))
    assert codes(kind("E24").draft, document) == set()
    data = kind("E24").draft.validate_json(json.dumps(document).encode()).data
    assert json.loads(data.to_json())["open"]["cells"] == [[20], [_LOW], [None]]
