"""The drafts that ship with the catalogue: of each type one good example, and ways to spoil it that must be refused.

A counterexample changes the example in one place, and names the code and the path with which a node refuses it
(the codes are those that `simpul send` tells). Those under `written` were written by a
person, one at least for each rule of the type; those under `drawn` were drawn from the published schema.
"""

import json
from copy import deepcopy
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Literal

Change = Literal["set", "add", "remove"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterexample:
    """One way to spoil an example.

    Args:
        name: what is wrong, in words joined by hyphens.
        at: the place, as a JSON Pointer (RFC 6901) into the draft.
        do: `set` what is there to a value, `add` what is not there, or `remove` what is.
        value: what is set or added.
        times: how often a text or a list of one item is repeated to make the value.
        code: the code with which it is refused.
        path: the place that the refusal names.
    """

    name: str
    at: str
    do: Change
    value: Any = None
    times: int = 1
    code: str
    path: str

    def spoil(self, example: dict[str, Any]) -> dict[str, Any]:
        """Return a spoilt copy of the example.

        Raises:
            LookupError: the example has no such place, or has it where it is to be added.
        """
        copy = deepcopy(example)
        *way, last = [step.replace("~1", "/").replace("~0", "~") for step in self.at.split("/")[1:]]
        inner: Any = copy
        for step in way:
            inner = inner[int(step)] if isinstance(inner, list) else inner[step]
        key: Any = int(last) if isinstance(inner, list) else last
        there = 0 <= key < len(inner) if isinstance(inner, list) else key in inner
        if there is (self.do == "add"):
            msg = f"{self.name}: the example {'has' if there else 'does not have'} this place"
            raise LookupError(msg)
        if self.do == "remove":
            del inner[key]
        elif isinstance(inner, list) and self.do == "add":
            inner.append(self._whole_value())
        else:
            inner[key] = self._whole_value()
        return copy

    def _whole_value(self) -> Any:  # noqa: ANN401 - any JSON
        return self.value if self.times == 1 else self.value * self.times


def example(type_name: str) -> bytes:
    """Read the good example of a type.

    Args:
        type_name: CloudEvents `type` in full.

    Returns:
        A draft as JSON in UTF-8, laid out for people.

    Raises:
        FileNotFoundError: none ships.
    """
    return (files("schemas") / "examples" / f"{type_name}.json").read_bytes()


def counterexamples(type_name: str) -> tuple[Counterexample, ...]:
    """Read the counterexamples of a type, those that a person wrote first.

    Args:
        type_name: CloudEvents `type` in full.

    Returns:
        All of them; none where none ship.
    """
    return tuple(one for group in ("written", "drawn") for one in grouped(type_name).get(group, ()))


def grouped(type_name: str) -> dict[str, tuple[Counterexample, ...]]:
    """Read the counterexamples of a type by who made them, `written` and `drawn`."""
    place = files("schemas") / "counterexamples" / f"{type_name}.json"
    if not place.is_file():
        return {}
    groups: dict[str, list[dict[str, Any]]] = json.loads(place.read_bytes())
    return {group: tuple(Counterexample(**row) for row in rows) for group, rows in groups.items()}
