"""What an opened part holds: JSON that has one meaning, then a value of the catalogue, with rules across parts.

Foreign errors are dropped, not chained: they carry the whole text, and name members by names that came from outside.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from broker import strict_json
from broker.errors import Fault, InvalidEventError
from schemas.base import EventData, faults
from schemas.catalogue import UnknownTypeError, find

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from schemas.base import Compartment, OpenPart
    from schemas.catalogue import EventKind
    from schemas.envelope import CoverEvent

T = TypeVar("T")


def read_cover(content: bytes) -> tuple[EventKind, CoverEvent[Any], dict[str, Any]]:
    """Read a cover: strictly under the schema that this release publishes, tolerantly under another.

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
    read = kind.reading(members.get("dataschema")).cover.validate_json
    return kind, _validate(read, content, "invalid.cover"), members


def read_compartment(content: bytes, kind: EventKind, name: str, dataschema: str) -> Compartment:
    """Read a compartment, as strictly as its cover.

    Args:
        content: what the part holds.
        kind: the kind of event.
        name: a compartment that the type may have.
        dataschema: the schema that the cover names.

    Raises:
        InvalidEventError: `invalid.compartment`.
    """
    _parse(content, "invalid.compartment")
    read = kind.reading(dataschema).compartments[name].validate_json
    return _validate(read, content, "invalid.compartment")


def require_rules(kind: EventKind, open_part: OpenPart, compartments: Mapping[str, Compartment]) -> None:
    """Ask the rules that bind several parts, as a draft is asked them: a source need not have.

    Nothing is asked while a compartment that every event of the type has is closed: no reader can judge by half.

    Args:
        kind: the kind of event.
        open_part: its open part.
        compartments: those that opened, by name.

    Raises:
        InvalidEventError: `invalid.compartment`, with the path of the whole as of a draft.
    """
    if kind.data.check is EventData.check:  # most types have no such rule, and to put the parts together takes time
        return
    whole = kind.assembled(open_part, compartments)
    if whole is None:
        return
    broken = False
    try:
        whole.check()
    except PydanticCustomError:
        broken = True
    if broken:  # out here, so that the foreign error is not its context
        raise _refusal("invalid.compartment", (Fault(code="invalid.compartment", path="data"),))


def _validate(read: Callable[[bytes], T], content: bytes, code: str) -> T:
    try:
        return read(content)
    except ValidationError as error:
        found = tuple(Fault(code=code, path=fault.path) for fault in faults(error))
    raise _refusal(code, found)


def _parse(content: bytes, code: str) -> dict[str, Any]:
    try:
        value = strict_json.parse(content)
    except strict_json.NotJsonError:
        value = None
    if not isinstance(value, dict):
        raise _refusal(code)
    return value


def _refusal(code: str, found: tuple[Fault, ...] = ()) -> InvalidEventError:
    return InvalidEventError(code, "the catalogue refuses what a part holds", found)
