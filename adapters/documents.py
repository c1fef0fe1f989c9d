"""Records in JSON files: read strictly, and what is wrong named by our own names only.

Rules:

- an object in which a name stands twice has no one meaning, and refuses the file;
- a file holds one record, a list of them, or an object with the list under `results`, as KoboToolbox answers;
- a fault names the path of a field that the documented format knows; a name that the file invented becomes `?`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, ValidationError

from adapters.contract import Faults, Records, T
from adapters.tables import require_few, text_of
from broker import strict_json
from broker.errors import InvalidEventError

Thing = dict[str, Any]

_CODES: Final = {
    "missing": "adapter.value-missing",
    "extra_forbidden": "adapter.field-unknown",
    "enum": "adapter.value-unknown",
    "literal_error": "adapter.value-unknown",
}


class NativeModel(BaseModel):
    """A record as an agency's system writes it: frozen, strict, closed, and never shown."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", hide_input_in_errors=True, allow_inf_nan=False)

    def __repr__(self) -> str:
        return type(self).__name__

    def __str__(self) -> str:
        return type(self).__name__

    def __repr_args__(self) -> list[tuple[str | None, Any]]:
        return []


def read_json(content: bytes) -> Any:  # noqa: ANN401 - JSON is whatever it is until a model has read it
    """Parse a file.

    Raises:
        InvalidEventError: it is not UTF-8, not JSON, or an object has two members of one name.
    """
    text = text_of(content).encode()
    try:
        return strict_json.parse(text)
    except strict_json.NameTwiceError:
        code = "adapter.json-name-twice"
    except strict_json.NotJsonError:
        code = "adapter.json-broken"
    raise InvalidEventError(code)


def read_records(content: bytes, read: Callable[[int, Any], T | Faults]) -> Records[T]:
    """Read a file of records.

    Args:
        content: the file.
        read: makes a record of a row, from 1, and its JSON, or says what is wrong with it.

    Raises:
        InvalidEventError: it is not JSON, holds neither an object nor a list, or too many records.
    """
    values = _values(read_json(content))
    require_few(len(values))
    return Records(total=len(values), rows=((row, read(row, value)) for row, value in enumerate(values, start=1)))


def _values(value: object) -> list[Any]:
    if isinstance(value, dict) and isinstance(value.get("results"), list):
        return list(value["results"])
    if isinstance(value, list):
        return value
    if isinstance(value, dict):
        return [value]
    raise InvalidEventError("adapter.record-shape")


def faults_of(error: ValidationError) -> Faults:
    """Say what is wrong with a record, without anything that came from outside."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return [
        (
            _path(fault["loc"], foreign=fault["type"] == "extra_forbidden"),
            _CODES.get(fault["type"], "adapter.value-form"),
        )
        for fault in found
    ]


def _path(steps: tuple[int | str, ...], *, foreign: bool) -> str:
    known = [str(step) for step in steps]
    return ".".join([*known[:-1], "?"] if foreign else known)
