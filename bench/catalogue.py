"""What the catalogue costs: validating the ordinary event, and being imported. `python -m bench.catalogue`.

Validating is one call of the reader of drafts with the ordinary event of the bench. Importing is measured in processes
of their own, as CPU time, with bytecode that an earlier one has written; the share of pydantic itself is told apart.
Both have a limit, which is told beside the figure and whether it holds.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from statistics import median
from typing import Final

import orjson

from bench.events import alert

_CALLS: Final = 2000
_ROUNDS: Final = 25
_IMPORTS: Final = 9
_LIMITS: Final = {"validate_us": 10.0, "import_ms": 200.0}
_IMPORT: Final = """
import time
begin = time.process_time()
import pydantic, pydantic.json_schema
from pydantic import BaseModel, create_model
between = time.process_time()
import schemas.catalogue
print(between - begin, time.process_time() - between)
"""


def validation_us() -> float:
    """Measure the ordinary event, in CPU microseconds; the median of many rounds."""
    from schemas.catalogue import find  # noqa: PLC0415 - the peers never load the catalogue

    event = alert(0)
    body = orjson.dumps(event)
    validate = find(event["type"]).draft.validate_json
    figures = []
    for _ in range(_ROUNDS):
        begin = time.process_time()
        for _ in range(_CALLS):
            validate(body)
        figures.append((time.process_time() - begin) / _CALLS * 1e6)
    return median(figures[1:])


def import_ms() -> tuple[float, float]:
    """Measure importing the catalogue in a fresh process.

    Returns:
        Medians in CPU milliseconds: of pydantic alone, and of what comes on top.
    """
    with tempfile.TemporaryDirectory(prefix="simpul-bench-") as cache:
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": cache}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        figures = [_imported(environment) for _ in range(_IMPORTS + 1)][1:]
    return median(one[0] for one in figures), median(one[1] for one in figures)


def _imported(environment: dict[str, str]) -> tuple[float, float]:
    done = subprocess.run(  # noqa: S603 - our own few lines
        [sys.executable, "-c", _IMPORT], env=environment, capture_output=True, check=True
    )
    pydantic, ours = (float(one) * 1e3 for one in done.stdout.split())
    return pydantic, ours


def figures() -> dict[str, float]:
    """Measure both."""
    pydantic, ours = import_ms()
    return {
        "validate_us": round(validation_us(), 2),
        "import_ms": round(pydantic + ours, 1),
        "import_ms_of_pydantic": round(pydantic, 1),
    }


def told(figures: dict[str, float]) -> str:
    """Say them in a line, each with its limit."""
    return (
        f"catalogue: validating the ordinary event {figures['validate_us']:.1f} µs "
        f"({_judged(figures, 'validate_us', 'µs')}); importing {figures['import_ms']:.0f} ms CPU "
        f"({_judged(figures, 'import_ms', 'ms')}), of which pydantic itself {figures['import_ms_of_pydantic']:.0f}"
    )


def _judged(figures: dict[str, float], name: str, unit: str) -> str:
    limit = _LIMITS[name]
    return f"limit {limit:.0f} {unit}: {'holds' if figures[name] <= limit else 'EXCEEDED'}"


if __name__ == "__main__":
    print(told(figures()))
