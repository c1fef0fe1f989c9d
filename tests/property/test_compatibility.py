"""The checker misses nothing that another validator sees: whatever it refuses was called breaking.

Schemas of the catalogue's kind are made and changed at will; jsonschema-rs says who refuses what.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jsonschema_rs
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.compatibility import Direction, breaking, compare

if TYPE_CHECKING:
    from collections.abc import Callable

CODE = "^[A-Za-z0-9][A-Za-z0-9._/+-]{0,63}$"
NAMES = ("alpha", "beta", "gamma", "delta")
_VALUES = ("a", "b", "c", "d")

Schema = dict[str, Any]


def _limits(draw: st.DrawFn, least: str, most: str, top: int) -> Schema:
    low, high = sorted((draw(st.integers(0, top)), draw(st.integers(0, top))))
    return {key: value for key, value in ((least, low), (most, high)) if draw(st.booleans())}


_SOME = st.lists(st.sampled_from(_VALUES), min_size=1, unique=True)
_LISTS = st.sampled_from([[{"name": name, "version": version}] for name, version in ("x1", "x2", "y1")])


@st.composite
def _strings(draw: st.DrawFn) -> Schema:
    return {"type": "string", **_limits(draw, "minLength", "maxLength", 3)}


@st.composite
def _integers(draw: st.DrawFn) -> Schema:
    return {"type": "integer", **_limits(draw, "minimum", "maximum", 5)}


leaves = st.one_of(
    _strings(),
    _integers(),
    st.just({"type": "boolean"}),
    st.fixed_dictionaries({"type": st.just("boolean"), "const": st.booleans()}),
    st.fixed_dictionaries({"type": st.just("string"), "pattern": st.sampled_from(["^a+$", "^[ab]+$"])}),
    st.fixed_dictionaries({"type": st.just("string"), "enum": _SOME}),
    st.fixed_dictionaries({"type": st.just("string"), "enum": _SOME, "x-simpul-codes": _LISTS}),
)


def _containers(inner: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
    @st.composite
    def lists(draw: st.DrawFn) -> Schema:
        return {"type": "array", "items": draw(inner), **_limits(draw, "minItems", "maxItems", 3)}

    @st.composite
    def maps(draw: st.DrawFn) -> Schema:
        names = {"propertyNames": {"pattern": draw(st.sampled_from(["^[a-z]+$", "^[abgd].*$"]))}}
        return {"type": "object", "additionalProperties": draw(inner), **names}

    return st.one_of(lists(), maps(), objects(inner))


@st.composite
def objects(draw: st.DrawFn, inner: st.SearchStrategy[Schema]) -> Schema:
    """An object with some fields, some of which are required."""
    fields = draw(st.dictionaries(st.sampled_from(NAMES), inner, max_size=3))
    needed = [name for name in sorted(fields) if draw(st.booleans())]
    return {"type": "object", "properties": fields, "required": needed, "additionalProperties": False}


values = st.recursive(leaves, _containers, max_leaves=4)


@st.composite
def changed(draw: st.DrawFn, schema: Schema) -> Schema:
    """The same schema, here and there another."""
    if draw(st.integers(0, 9)) == 0:
        return draw(values)
    copy = dict(schema)
    for key in ("items", "additionalProperties"):
        if isinstance(copy.get(key), dict):
            copy[key] = draw(changed(copy[key]))
    if "properties" in copy:
        fields = {name: draw(changed(field)) for name, field in copy["properties"].items() if draw(st.integers(0, 5))}
        added = draw(st.dictionaries(st.sampled_from(NAMES), values, max_size=1))
        copy["properties"] = {**added, **fields}
        needed = set(copy["required"]) ^ draw(st.sets(st.sampled_from(NAMES), max_size=1))
        copy["required"] = sorted(needed & copy["properties"].keys())
    for key in ("minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems"):
        if key in copy and draw(st.integers(0, 3)) == 0:
            copy[key] = max(0, copy[key] + draw(st.integers(-1, 1)))
    if "enum" in copy and draw(st.integers(0, 3)) == 0:
        copy["enum"] = draw(st.lists(st.sampled_from(_VALUES), min_size=1, unique=True))
    return copy


_PARTS = ("open", "narrative", "place")


@st.composite
def documents(draw: st.DrawFn) -> Schema:
    """A published schema."""
    parts = {name: draw(objects(values)) for name in _PARTS}
    return {"type": "object", "properties": parts, "required": ["open", "narrative"], "additionalProperties": False}


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Schema, Schema]:
    """A published schema, and what became of it."""
    old = draw(documents())
    parts = {name: {**part, **draw(changed(part))} for name, part in old["properties"].items()}
    kept = {name: part for name, part in parts.items() if part["type"] == "object" and "properties" in part}
    new = {**old, "properties": {**old["properties"], **kept}}
    return old, new


def instances(schema: Schema) -> st.SearchStrategy[Any]:
    """Values that a schema accepts, for the most part."""
    if "const" in schema:
        return st.just(schema["const"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    return _MADE[schema["type"]](schema)


def _range(schema: Schema, of: str, least: int, most: int) -> tuple[int, int]:
    low = schema.get(f"min{of}", least)
    return low, max(schema.get(f"max{of}", most), low)


def _text(schema: Schema) -> st.SearchStrategy[Any]:
    least, most = _range(schema, "Length", 0, 4)
    return st.text("ab", min_size=least, max_size=most)


def _list(schema: Schema) -> st.SearchStrategy[Any]:
    least, most = _range(schema, "Items", 0, 4)
    return st.lists(instances(schema["items"]), min_size=least, max_size=most)


def _object(schema: Schema) -> st.SearchStrategy[Any]:
    if isinstance(schema["additionalProperties"], dict):
        return st.dictionaries(
            st.sampled_from([*NAMES, "a1", "Z"]), instances(schema["additionalProperties"]), max_size=2
        )
    fields = {name: instances(field) for name, field in schema["properties"].items()}
    needed = {name: field for name, field in fields.items() if name in schema["required"]}
    return st.fixed_dictionaries(needed, optional={name: fields[name] for name in fields.keys() - needed.keys()})


_MADE: dict[str, Callable[[Schema], st.SearchStrategy[Any]]] = {
    "string": _text,
    "integer": lambda schema: st.integers(*_range(schema, "imum", -1, 6)),
    "boolean": lambda _: st.booleans(),
    "array": _list,
    "object": _object,
}


def tolerant(schema: Any) -> Any:
    """The schema as a tolerant reader has it: unknown fields pass, and codes of the form of a code."""
    if isinstance(schema, list):
        return [tolerant(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "x-simpul-codes" in schema:
        return {"type": "string", "pattern": CODE}
    return {key: tolerant(value) for key, value in schema.items() if (key, value) != ("additionalProperties", False)}


def _broken(old: Schema, new: Schema) -> set[Direction]:
    return {direction for change in breaking(compare(old, new)) for direction in change.breaks}


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(pairs(), st.data())
def test_what_the_new_refuses_of_the_old_was_called_breaking_backward(
    pair: tuple[Schema, Schema], data: st.DataObject
) -> None:
    """Whatever the old schema accepts and the new one does not."""
    old, new = pair
    said = data.draw(instances(old))
    if jsonschema_rs.is_valid(old, said) and not jsonschema_rs.is_valid(new, said):
        assert Direction.BACKWARD in _broken(old, new)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(pairs(), st.data())
def test_what_the_old_refuses_of_the_new_was_called_breaking_forward(
    pair: tuple[Schema, Schema], data: st.DataObject
) -> None:
    """Whatever the new schema accepts and the old one, read tolerantly, does not."""
    old, new = pair
    said = data.draw(instances(new))
    if jsonschema_rs.is_valid(new, said) and not jsonschema_rs.is_valid(tolerant(old), said):
        assert Direction.FORWARD in _broken(old, new)
