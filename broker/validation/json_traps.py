"""JSON that two readers could understand differently is refused before the catalogue sees it."""

from __future__ import annotations

from typing import Any, NoReturn

from broker import strict_json
from broker.errors import Fault, InvalidEventError
from broker.validation.limits import MAX_BODY


def parse_strictly(body: bytes) -> dict[str, Any]:
    """Parse an object that has no key twice at any depth.

    Args:
        body: at most 64 KiB of UTF-8.

    Returns:
        The object.

    Raises:
        InvalidEventError: it is too large, no JSON, no object, or has a key twice.
    """
    if len(body) > MAX_BODY:
        _refuse("invalid.too-large")
    try:
        value = strict_json.parse(body)
    except strict_json.NameTwiceError:
        _refuse("invalid.key-twice")
    except strict_json.NotJsonError:
        value = None
    if not isinstance(value, dict):
        _refuse("invalid.json")
    return value


def _refuse(code: str) -> NoReturn:
    raise InvalidEventError(code, faults=(Fault(code=code),)) from None
