"""`simpul catalogue diff`: what changed between two schemas, and whom it breaks.

A schema may be a file from anybody: it is read up to a size, must expand to no more than a schema of ours may, and what
it says reaches a terminal as text alone. The type that it names is looked up in the catalogue, never opened as a file.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from broker import strict_json
from broker.cli.naming import kind_named, short_name
from broker.cli.reading import read_schema
from broker.cli.terminal import print_json, say, shown, word
from broker.errors import MisconfiguredError
from schemas.compatibility import Change, compare

if TYPE_CHECKING:
    from collections.abc import Sequence

    from broker.publication.words import Words

_MAX_DEPTH: Final = 64
_MAX_NODES: Final = 20_000
"""Fifty times what the largest schema of the catalogue has once its definitions stand where they are used."""
_LONGEST: Final = 400


def changes_between(old: str, new: str | None) -> tuple[Change, ...] | None:
    """Compare two schemas.

    Args:
        old: a file or a type.
        new: a file or a type; None for what the catalogue has of the type of `old`.

    Returns:
        Every change, or None where `old` is a type alone that was never released.

    Raises:
        MisconfiguredError: a file is no published schema.
        typer.BadParameter: the catalogue has no such type.
    """
    from schemas.releases import released_schema

    before = _schema(old) if new is not None or _is_file(old) else released_schema(short_name(kind_named(old)))
    if before is None:
        return None
    after = _of_type(str(before["x-simpul-type"])) if new is None else _schema(new)
    try:
        return compare(before, after)
    except (AttributeError, LookupError, TypeError, ValueError, RecursionError) as error:
        # Ours are compared in the tests; so it is a file whose parts are not of the kind that a schema's are.
        raise MisconfiguredError("config.no-schema", old if _is_file(old) else new or "") from error


def tell(changes: Sequence[Change], *, json: bool) -> None:
    """Tell the changes, for people in words or for programs."""
    for change in changes:
        breaks = sorted(one.value for one in change.breaks)
        if json:
            print_json({"path": change.path, "code": change.code, "breaks": breaks, "detail": change.detail})
            continue
        say(f"{'✗' if breaks else '·'} {_said(change)}", style="red" if breaks else "")
        for one in breaks:
            say(f"    → {_in('breaks', one)}")
    if not changes and not json:
        say(word("Tidak ada perbedaan.", "There is no difference."))


def _said(change: Change) -> str:
    code = " ".join(one for one in (change.code, change.detail) if one)
    return shown(f"{change.path or '-'}: {_in('changes', change.code)} ({code})", _LONGEST)


def _in(group: str, code: str) -> str:
    from broker.publication.words import words_of

    words: Words = words_of(group, code)
    return word(words.id, words.en)


def _schema(name: str) -> dict[str, Any]:
    """Read a published schema: a file's, or that of a type of this catalogue."""
    return _of_file(name) if _is_file(name) else _of_type(name)


def _of_type(name: str) -> dict[str, Any]:
    from schemas.publish import schema_of

    return schema_of(kind_named(name).data)


def _of_file(name: str) -> dict[str, Any]:
    try:
        found = strict_json.parse(read_schema(name))
        if not isinstance(found, dict) or not {"properties", "x-simpul-type"} <= found.keys():
            raise MisconfiguredError("config.no-schema", name)
        _weight(found, found, 0, {})
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise MisconfiguredError("config.no-schema", name) from error
    return found


def _is_file(name: str) -> bool:
    """Say whether a word of the command line is meant as a file, there or not."""
    return name == "-" or "/" in name or name.endswith(".json") or (len(name) < _LONGEST and Path(name).is_file())


def _weight(root: dict[str, Any], value: object, depth: int, known: dict[str, int]) -> int:
    """Count what a schema holds once its definitions stand where they are used; each is counted once.

    Raises:
        ValueError: too much, too deep, or without end.
    """
    if depth > _MAX_DEPTH:
        msg = "too deep, or without end"
        raise ValueError(msg)
    inner = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    total = 1 + sum(_weight(root, one, depth + 1, known) for one in inner)
    if isinstance(value, dict) and isinstance(value.get("$ref"), str):
        name = value["$ref"].rpartition("/")[2]
        if name not in known:
            known[name] = _weight(root, root["$defs"][name], depth + 1, known)
        total += known[name]
    if total > _MAX_NODES:
        msg = "too much"
        raise ValueError(msg)
    return total
