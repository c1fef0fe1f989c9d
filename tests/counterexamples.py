"""Draws counterexamples from the published schemas and freezes them: `python -m tests.counterexamples [NUMBER…]`.

Of each kind of fault that a schema can have, hypothesis finds the simplest one in each type; the node's own check says
with which code and path it is refused. What a person wrote is left as it is.
"""

import json
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import jsonschema_rs
import orjson
from hypothesis import HealthCheck, find, settings
from hypothesis.errors import NoSuchExample

from broker.validation.trial import tried
from schemas.catalogue import KINDS, EventKind
from schemas.publish import schema_of
from schemas.shipped import Counterexample, example, grouped
from tests.schema_faults import Spoil, spoils, spoilt

FOLDER = Path(__file__).resolve().parent.parent / "schemas" / "counterexamples"
_SETTINGS = settings(derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck))


def drawn(kind: EventKind) -> list[Counterexample]:
    """Draw one counterexample for each kind of fault, each from another part as long as there is one."""
    found: list[Counterexample] = []
    taken: set[str] = set()
    for what in dict.fromkeys(spoil.what for spoil in spoils(kind.type)):
        parts = list(dict.fromkeys(spoil.part for spoil in spoils(kind.type) if spoil.what == what))
        for part in sorted(parts, key=lambda part: (not part, part in taken, parts.index(part))):
            one = _simplest(kind, what, part)
            if one is not None:
                taken.add(part)
                found.append(one)
                break
    return found


def _simplest(kind: EventKind, what: str, part: str) -> Counterexample | None:
    validator = jsonschema_rs.validator_for(schema_of(kind.data))

    def is_one(drawn: tuple[Spoil, Counterexample]) -> bool:
        spoil, one = drawn
        if (spoil.what, spoil.part) != (what, part):
            return False
        document = one.spoil(json.loads(example(kind.type)))
        return len(set(tried(orjson.dumps(document)))) == 1 and not validator.is_valid(document["data"])

    try:
        _, one = find(spoilt(kind.type), is_one, settings=_SETTINGS)
    except NoSuchExample:
        return None
    (fault,) = set(tried(orjson.dumps(one.spoil(json.loads(example(kind.type))))))
    return replace(one, code=fault.code, path=fault.path)


def written(rows: dict[str, list[Counterexample]]) -> str:
    """Write a file: one counterexample a line, in ASCII, for some hold what a screen would not show."""
    groups = []
    for group, some in rows.items():
        lines = ",\n".join(f"    {json.dumps(_row(one))}" for one in some)
        groups.append(f'  "{group}": [\n{lines}\n  ]' if some else f'  "{group}": []')
    return "{\n" + ",\n".join(groups) + "\n}\n"


def _row(one: Counterexample) -> dict[str, Any]:
    row = asdict(one)
    if one.do == "remove":
        del row["value"]
    if one.times == 1:
        del row["times"]
    return row


def main(numbers: list[str]) -> None:
    """Draw anew for some types, or for all."""
    for kind in KINDS:
        if not numbers or kind.number in numbers:
            rows = {"written": list(grouped(kind.type).get("written", ())), "drawn": drawn(kind)}
            (FOLDER / f"{kind.type}.json").write_text(written(rows), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
