"""What an opened part holds: JSON that has one meaning, then a value of the catalogue.

Every fast parser takes a member name that stands twice, and keeps the last: two readers could understand one signed
text differently, so it is refused. Foreign errors are dropped, not chained: they carry the whole text, and name members
by names that came from outside.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeVar

import orjson
from pydantic import ValidationError

from broker.errors import Fault, InvalidEventError
from schemas.base import faults
from schemas.catalogue import UnknownTypeError, find

if TYPE_CHECKING:
    from collections.abc import Callable

    from schemas.base import Compartment
    from schemas.catalogue import EventKind
    from schemas.envelope import CoverEvent

T = TypeVar("T")


class _NameTwiceError(ValueError):
    """Carries nothing: the name came from outside."""


def read_cover(content: bytes) -> tuple[EventKind, CoverEvent[Any], dict[str, Any]]:
    """Read a cover.

    Returns:
        The kind of event, the cover, and its members as they stand.

    Raises:
        InvalidEventError: `invalid.cover`.
    """
    members = _parse(content, "invalid.cover")
    try:
        kind = find(members["type"])
    except (UnknownTypeError, KeyError, TypeError):
        kind = None
    if kind is None:
        raise _refusal("invalid.cover")
    return kind, _validate(kind.cover.validate_json, content, "invalid.cover"), members


def read_compartment(content: bytes, model: type[Compartment]) -> Compartment:
    """Read a compartment.

    Raises:
        InvalidEventError: `invalid.compartment`.
    """
    _parse(content, "invalid.compartment")
    return _validate(model.model_validate_json, content, "invalid.compartment")


def _validate(read: Callable[[bytes], T], content: bytes, code: str) -> T:
    try:
        return read(content)
    except ValidationError as error:
        found = tuple(Fault(code=code, path=fault.path) for fault in faults(error))
    raise _refusal(code, found)


def _parse(content: bytes, code: str) -> dict[str, Any]:
    try:
        value = orjson.loads(content)
        # The compact form has each name once by construction, and what nodes write is compact.
        once = orjson.dumps(value) == content or _each_name_once(content)
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):  # the latter: nested 254 deep
        value, once = None, False
    if not once or not isinstance(value, dict):
        raise _refusal(code)
    return value


def _each_name_once(content: bytes) -> bool:
    try:
        json.loads(content, object_pairs_hook=_names_once, parse_int=len, parse_float=len)
    except _NameTwiceError:
        return False
    return True


def _names_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _NameTwiceError
    return found


def _refusal(code: str, found: tuple[Fault, ...] = ()) -> InvalidEventError:
    return InvalidEventError(code, "the catalogue refuses what a part holds", found)
