"""Says what changed between two published schemas of one type, and what of it breaks whom.

Within a major version (ADR 0012) a node of either age reads the other's events:

- BACKWARD is broken where the new schema refuses, or no longer has, what the old one says;
- FORWARD is broken where the old schema, read tolerantly, refuses what the new one says.

Compared is what a schema accepts; its words (titles, descriptions, sources) may change freely. What a
model refuses beyond its fields is known by the code of the rule alone: that a rule became stricter under the same code
cannot be seen here.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from schemas.relocation import relocated

Schema = Mapping[str, Any]


class Direction(StrEnum):
    """Who is broken."""

    BACKWARD = "backward"
    """Whoever reads with the new schema what was written under the old one."""
    FORWARD = "forward"
    """Whoever reads with the old schema what is written under the new one."""


_NONE: Final = frozenset[Direction]()
_BACKWARD: Final = frozenset({Direction.BACKWARD})
_FORWARD: Final = frozenset({Direction.FORWARD})
_BOTH: Final = _BACKWARD | _FORWARD

_LEAST: Final = ("minimum", "minLength", "minItems", "minProperties", "exclusiveMinimum")
_MOST: Final = ("maximum", "maxLength", "maxItems", "maxProperties", "exclusiveMaximum")
_INNER: Final = (("items", "[]"), ("propertyNames", "{name}"), ("additionalProperties", "{}"))
_SEEN: Final = frozenset(
    {"type", "properties", "required", "enum", "const", "default", *_LEAST, *_MOST, *(key for key, _ in _INNER)}
)
_WORDS: Final = frozenset({"title", "description", "examples", "$id", "$schema", "$defs", "x-simpul-source"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One difference.

    Args:
        path: where, `narrative.flags[].code`; `[]` is an item of a list, `{}` a value of a map.
        code: stable name of the kind of change.
        breaks: who is broken; nobody, if empty.
        detail: what exactly: a limit, a code, the code of a rule.
    """

    path: str
    code: str
    breaks: frozenset[Direction]
    detail: str = field(default="", compare=False)


def compare(old: Schema, new: Schema) -> tuple[Change, ...]:
    """Compare two published schemas of one type.

    Args:
        old: the schema that was released.
        new: the schema that shall be.

    Returns:
        Every change, those that break nobody too, by path and code.
    """
    before, after = _inlined(old, old), _inlined(new, new)
    changes = [
        *_compartments(before, after),
        *(
            change
            for name in sorted(before["properties"].keys() & after["properties"].keys())
            for change in _compared(before["properties"][name], after["properties"][name], name)
        ),
        *(Change(path=path, code=code, breaks=_BOTH) for path, code in relocated(before, after)),
        *_rules(old, new),
        *_area(old, new),
    ]
    return tuple(sorted(changes, key=lambda change: (change.path, change.code, change.detail)))


def breaking(changes: tuple[Change, ...]) -> tuple[Change, ...]:
    """Keep the changes that break somebody, and so need a new major version.

    Args:
        changes: what `compare` returned.
    """
    return tuple(change for change in changes if change.breaks)


def _inlined(root: Schema, schema: Any) -> Any:  # noqa: ANN401 - any JSON
    """Put every definition in its place (the catalogue has none that holds itself), and drop the words."""
    if isinstance(schema, list):
        return [_inlined(root, one) for one in schema]
    if not isinstance(schema, Mapping):
        return schema
    merged = {**root["$defs"][schema["$ref"].rpartition("/")[2]], **schema} if "$ref" in schema else schema
    return {
        # Names of properties are ours: one may well be called `title`.
        key: {name: _inlined(root, one) for name, one in value.items()}
        if key == "properties"
        else _inlined(root, value)
        for key, value in merged.items()
        if key not in _WORDS and key != "$ref"
    }


def _compartments(old: Schema, new: Schema) -> Iterator[Change]:
    """Compartments are what rights are given on: nothing about them changes within a major version."""
    were, are = old["properties"].keys(), new["properties"].keys()
    yield from (Change(path=name, code="compartment_removed", breaks=_BOTH) for name in were - are)
    yield from (Change(path=name, code="compartment_added", breaks=_BOTH) for name in are - were)
    both = were & are
    needed, needs = both & set(old["required"]), both & set(new["required"])
    yield from (Change(path=name, code="compartment_became_required", breaks=_BACKWARD) for name in needs - needed)
    yield from (Change(path=name, code="compartment_became_optional", breaks=_FORWARD) for name in needed - needs)


def _rules(old: Schema, new: Schema) -> Iterator[Change]:
    were, are = set(old.get("x-simpul-rules", ())), set(new.get("x-simpul-rules", ()))
    yield from (Change(path="", code="rule_added", breaks=_BACKWARD, detail=rule) for rule in are - were)
    yield from (Change(path="", code="rule_removed", breaks=_FORWARD, detail=rule) for rule in were - are)


def _area(old: Schema, new: Schema) -> Iterator[Change]:
    """The area of a type decides which topic it comes on, and whether its time is rounded."""
    yield from _constrained("area", old.get("x-simpul-area"), new.get("x-simpul-area"), "")


def _compared(old: Schema, new: Schema, path: str) -> Iterator[Change]:
    if old.get("type") != new.get("type"):
        detail = f"{old.get('type')} to {new.get('type')}"
        yield Change(path=path, code="type_changed", breaks=_BOTH, detail=detail)
        return
    if ("default" in old, old.get("default")) != ("default" in new, new.get("default")):
        # Whoever leaves the field out says something else from now on.
        yield Change(path=path, code="default_changed", breaks=_BOTH)
    yield from _limits(old, new, path)
    yield from _codes(old, new, path)
    yield from _fields(old, new, path)
    yield from _inner(old, new, path)
    yield from _others(old, new, path)


def _limits(old: Schema, new: Schema, path: str) -> Iterator[Change]:
    for key in (*_LEAST, *_MOST):
        was, now = old.get(key), new.get(key)
        if was == now:
            continue
        grew = was is None or now is None or now > was
        narrowed = now is not None and (was is None or grew is (key in _LEAST))
        code, breaks = ("limit_narrowed", _BACKWARD) if narrowed else ("limit_widened", _FORWARD)
        yield Change(path=path, code=code, breaks=breaks, detail=f"{key} {_said(was)} to {_said(now)}")


def _said(limit: object) -> str:
    return "none" if limit is None else str(limit)


def _codes(old: Schema, new: Schema, path: str) -> Iterator[Change]:
    """Closed choices stay as they are; a code list may grow, since whoever reads tolerantly takes codes to come."""
    were, are = _choices(old), _choices(new)
    listed, lists = _listing(old), _listing(new)
    if listed != lists:
        yield Change(path=path, code="code_list_changed", breaks=_BOTH, detail=f"{_said(listed)} to {_said(lists)}")
    elif were is None or are is None:
        if were is not are:
            code, breaks = ("choice_closed", _BACKWARD) if were is None else ("choice_opened", _FORWARD)
            yield Change(path=path, code=code, breaks=breaks)
    else:
        removed, added = ("code_removed", "code_added") if lists else ("enum_value_removed", "enum_value_added")
        known, knows = set(map(json.dumps, were)), set(map(json.dumps, are))  # true is not 1
        yield from (Change(path=path, code=removed, breaks=_BACKWARD, detail=one) for one in known - knows)
        breaks = _NONE if lists else _FORWARD
        yield from (Change(path=path, code=added, breaks=breaks, detail=one) for one in knows - known)


def _choices(schema: Schema) -> list[Any] | None:
    return [schema["const"]] if "const" in schema else schema.get("enum")


def _listing(schema: Schema) -> str | None:
    """The names of the code lists, without their versions."""
    found: list[dict[str, str]] | None = schema.get("x-simpul-codes")
    return None if found is None else ", ".join(one["name"] for one in found)


def _fields(old: Schema, new: Schema, path: str) -> Iterator[Change]:
    were, are = old.get("properties", {}), new.get("properties", {})
    needed, needs = set(old.get("required", ())), set(new.get("required", ()))
    for name in sorted(were.keys() | are.keys()):
        inner = f"{path}.{name}"
        if name not in are:
            # Nobody refuses what is no longer said, unless it was required; but what was said is lost.
            yield Change(path=inner, code="field_removed", breaks=_BOTH if name in needed else _BACKWARD)
        elif name not in were and name in needs:
            yield Change(path=inner, code="required_field_added", breaks=_BACKWARD)
        elif name not in were:
            yield Change(path=inner, code="field_added", breaks=_NONE)
        else:
            if name in needs - needed:
                yield Change(path=inner, code="became_required", breaks=_BACKWARD)
            if name in needed - needs:
                yield Change(path=inner, code="became_optional", breaks=_FORWARD)
            yield from _compared(were[name], are[name], inner)


def _inner(old: Schema, new: Schema, path: str) -> Iterator[Change]:
    """Items of lists, and names and values of maps."""
    for key, step in _INNER:
        was, now = old.get(key, True), new.get(key, True)
        if isinstance(was, Mapping) and isinstance(now, Mapping):
            yield from _compared(was, now, path + step)
        elif was != now:
            yield from _constrained(key, None if was is True else was, None if now is True else now, path)


def _others(old: Schema, new: Schema, path: str) -> Iterator[Change]:
    """Patterns, formats, and whatever else restricts: there or not, since nobody can tell which is narrower."""
    for key in sorted(old.keys() | new.keys()):
        if key == "x-simpul-unique" or (key not in _SEEN and not key.startswith("x-simpul-")):
            yield from _constrained(key, old.get(key), new.get(key), path)


def _constrained(key: str, was: object, now: object, path: str) -> Iterator[Change]:
    if was == now:
        return
    breaks = _BACKWARD if was is None else _FORWARD if now is None else _BOTH
    code = {"pattern": "pattern_changed", "format": "format_changed"}.get(key, "constraint_changed")
    yield Change(path=path, code=code, breaks=breaks, detail=key)
