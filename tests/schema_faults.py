"""Ways to spoil a draft by its published schema: every place of it, every keyword that speaks of that place."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from hypothesis import strategies as st

from schemas.catalogue import find
from schemas.publish import schema_of
from schemas.shipped import Change, Counterexample, example

Schema = dict[str, Any]

_OTHER: dict[str, list[Any]] = {
    "string": [1, True, [], {}],
    "boolean": ["true", 1, []],
    "integer": ["1", 1.5, True, []],
    "number": ["1", True, []],
    "array": ["x", {}, 1],
    "object": ["x", [], 1],
}
_WORD = st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoil:
    """One way to break one keyword in one place, `value` being drawn."""

    what: str
    at: str
    do: Change
    value: st.SearchStrategy[Any]
    times: int = 1

    @property
    def part(self) -> str:
        """The part of the event's data in which the place lies."""
        return [*self.at.split("/"), ""][2]

    def counterexample(self, value: Any) -> Counterexample:
        """Make the counterexample that has this value; its code and path are not known yet."""
        name = re.sub("[^a-z0-9]+", "-", f"{self.what} {self.at.removeprefix('/data')}".lower()).strip("-")
        return Counterexample(name=name, at=self.at, do=self.do, value=value, times=self.times, code="", path="")


@cache
def spoils(type_name: str) -> tuple[Spoil, ...]:
    """List every way to spoil the example of a type by its schema."""
    schema = schema_of(find(type_name).data)
    return tuple(_of(schema, schema, json.loads(example(type_name))["data"], "/data"))


def spoilt(type_name: str) -> st.SearchStrategy[tuple[Spoil, Counterexample]]:
    """Draw one of them, and what is written there."""
    return st.sampled_from(spoils(type_name)).flatmap(
        lambda spoil: spoil.value.map(lambda value: (spoil, spoil.counterexample(value)))
    )


def _of(root: Schema, schema: Schema, value: Any, at: str) -> Iterator[Spoil]:
    schema = _followed(root, schema)
    if not any(one.get("type") == "null" for one in schema.get("anyOf", ())):
        yield Spoil(what="null", at=at, do="set", value=st.none())
    if "enum" in schema or "const" in schema:
        allowed = schema.get("enum", [schema.get("const")])
        yield Spoil(what="unknown-code", at=at, do="set", value=_WORD.filter(lambda word: word not in allowed))
    if "anyOf" in schema:
        yield Spoil(what="wrong-type", at=at, do="set", value=st.sampled_from([[], {}, True]))
    if "type" in schema:
        yield Spoil(what="wrong-type", at=at, do="set", value=st.sampled_from(_OTHER[schema["type"]]))
    if isinstance(value, dict):
        yield from _of_object(root, schema, value, at)
    elif isinstance(value, list):
        yield from _of_list(root, schema, value, at)
    elif isinstance(value, str):
        yield from _of_text(schema, value, at)
    else:
        yield from _of_number(schema, at)


def _of_object(root: Schema, schema: Schema, value: dict[str, Any], at: str) -> Iterator[Spoil]:
    known = schema.get("properties", {})
    others = schema.get("additionalProperties", {})
    if others is False:
        name = next(name for name in ("unknown", "unknownField") if name not in known)
        yield Spoil(what="unknown-field", at=f"{at}/{name}", do="add", value=st.sampled_from([True, 1, "x"]))
    for name in schema.get("required", ()):
        if name in value:
            yield Spoil(what="missing", at=f"{at}/{_escaped(name)}", do="remove", value=st.none())
    for name in sorted(known.keys() - value.keys()):
        yield Spoil(what="null", at=f"{at}/{_escaped(name)}", do="add", value=st.none())
    if schema.get("minProperties", 0) > 0:
        yield Spoil(what="too-few", at=at, do="set", value=st.just({}))
    if "pattern" in schema.get("propertyNames", {}):
        yield Spoil(what="bad-name", at=f"{at}/\u0007", do="add", value=st.just(next(iter(value.values()), "x")))
    for name, inner in value.items():
        below = known.get(name, others)
        if isinstance(below, dict) and below:
            yield from _of(root, below, inner, f"{at}/{_escaped(name)}")


def _of_list(root: Schema, schema: Schema, value: list[Any], at: str) -> Iterator[Spoil]:
    if value and "maxItems" in schema:
        yield Spoil(what="too-many", at=at, do="set", value=st.just(value[:1]), times=schema["maxItems"] + 1)
    if schema.get("minItems", 0) > 0:
        yield Spoil(what="too-few", at=at, do="set", value=st.just([]))
    if value and schema.get("uniqueItems") and len(value) < schema.get("maxItems", len(value) + 1):
        yield Spoil(what="twice", at=f"{at}/{len(value)}", do="add", value=st.just(value[0]))
    below = schema.get("prefixItems", [schema["items"]] * len(value) if "items" in schema else [])
    for place, (item, inner) in enumerate(zip(below, value, strict=False)):
        yield from _of(root, item, inner, f"{at}/{place}")


def _of_text(schema: Schema, value: str, at: str) -> Iterator[Spoil]:
    if "maxLength" in schema:
        yield Spoil(what="too-long", at=at, do="set", value=st.just("x"), times=schema["maxLength"] + 1)
    if schema.get("minLength", 0) > 0:
        yield Spoil(what="too-short", at=at, do="set", value=st.just(""))
    if "pattern" in schema:
        longest = schema.get("maxLength", len(value))
        texts = st.text(min_size=1, max_size=8) | st.sampled_from(["?", f"{value[: longest - 1]}\u202e", f" {value}"])
        yield Spoil(
            what="bad-pattern",
            at=at,
            do="set",
            value=texts.filter(lambda text: len(text) <= longest and not re.search(schema["pattern"], text)),
        )


def _of_number(schema: Schema, at: str) -> Iterator[Spoil]:
    if "minimum" in schema:
        yield Spoil(what="too-small", at=at, do="set", value=st.integers(max_value=schema["minimum"] - 1))
    if "maximum" in schema:
        yield Spoil(what="too-large", at=at, do="set", value=st.integers(min_value=schema["maximum"] + 1))


def _followed(root: Schema, schema: Schema) -> Schema:
    if "$ref" not in schema:
        return schema
    return {**root["$defs"][schema["$ref"].rpartition("/")[2]], **schema}


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
