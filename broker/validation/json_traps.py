"""JSON that two readers could understand differently is refused before the catalogue sees it.

Byte order marks, invalid UTF-8, lone surrogates, NaN, infinities and text after the document are refused by
the parser; keys given twice, which every fast parser takes silently, by the check below.
"""

from __future__ import annotations

import json
from typing import Any, NoReturn

import orjson

from broker.errors import Fault, InvalidEventError
from broker.validation.limits import MAX_BODY


class _KeyTwiceError(ValueError):
    """Carries nothing: the key came from outside."""


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
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        value = None  # left here, not chained: this error carries the whole document
    if not isinstance(value, dict):
        _refuse("invalid.json")
    # The compact form is free of double keys by construction, and what most callers send is compact already.
    if _compact(value) != body:
        _require_keys_once(body)
    return value


def _compact(value: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError:  # nested 254 deep
        _refuse("invalid.json")


def _require_keys_once(body: bytes) -> None:
    try:
        json.loads(body, object_pairs_hook=_keys_once, parse_int=len, parse_float=len)
    except _KeyTwiceError:
        _refuse("invalid.key-twice")


def _keys_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _KeyTwiceError
    return found


def _refuse(code: str) -> NoReturn:
    raise InvalidEventError(code, faults=(Fault(code=code),))
