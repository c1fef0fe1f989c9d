"""Finds fields that changed the part of an event in which they stand, and so are seen by others than before.

A field is known by its name and not by its path, so that one which leaves an object on its way out is found as well.
"""

from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]


def relocated(old: Schema, new: Schema) -> Iterator[tuple[str, str]]:
    """Find fields that moved between the parts of an event, or that were closed and now stand in the open too.

    Args:
        old: the schema that was released, its definitions inlined.
        new: the schema that shall be, likewise.

    Yields:
        The new path of each, with `field_opened` for one that the open part now shows and a compartment had, and
        `field_moved` for any other that left its part.
    """
    had = {part: dict(_named(schema, part)) for part, schema in old["properties"].items()}
    has = {part: dict(_named(schema, part)) for part, schema in new["properties"].items()}
    for part, fields in has.items():
        for path, name in fields.items():
            if path in had.get(part, {}):
                continue
            others = [other for other in had if other != part and name in had[other].values()]
            if part == "open" and others:
                yield path, "field_opened"
            elif any(name not in has.get(other, {}).values() for other in others):
                yield path, "field_moved"


def _named(schema: Schema, path: str) -> Iterator[tuple[str, str]]:
    """Every field within a schema, by path, with its name."""
    for name, inner in schema.get("properties", {}).items():
        yield f"{path}.{name}", name
        yield from _named(inner, f"{path}.{name}")
    for key, step in (("items", "[]"), ("additionalProperties", "{}")):
        if isinstance(schema.get(key), Mapping):
            yield from _named(schema[key], path + step)
