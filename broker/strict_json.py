"""JSON that has one meaning, or none.

Every fast parser takes a member name that stands twice, and keeps the last: two readers could understand one signed
text differently. NaN, infinities, lone surrogates, a byte order mark and whatever follows the document are refused by
the parser itself. What is raised says nothing of the text, and nothing that does is chained to it.
"""

from __future__ import annotations

import json
from typing import Any

import orjson


class NotJsonError(ValueError):
    """The text is not JSON in UTF-8, or nested deeper than 254 levels."""


class NameTwiceError(NotJsonError):
    """An object has two members of one name."""


def parse(text: bytes) -> Any:  # noqa: ANN401 - JSON
    """Parse a text in which no object, at any depth, has two members of one name.

    Args:
        text: UTF-8, of a size that the caller has judged.

    Raises:
        NameTwiceError: a name stands twice.
        NotJsonError: it is no JSON.
    """
    value, compact = _parsed(text)
    # The compact form has each name once by construction, and what nodes and most callers write is compact.
    if compact != text and not _each_name_once(text):
        raise NameTwiceError
    return value


def _parsed(text: bytes) -> tuple[Any, bytes]:
    try:
        value = orjson.loads(text)
        return value, orjson.dumps(value)
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):  # the latter: nested too deep to be written again
        pass
    raise NotJsonError


def _each_name_once(text: bytes) -> bool:
    try:
        json.loads(text, object_pairs_hook=_names_once, parse_int=len, parse_float=len)
    except NameTwiceError:
        return False
    return True


def _names_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise NameTwiceError
    return found
