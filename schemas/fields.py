"""Turns published schemas into rows, one a field."""

from collections.abc import Iterator
from dataclasses import dataclass
from json import dumps
from typing import Any

_LIMITS = ("minItems", "maxItems", "minProperties", "maxProperties", "minimum", "maximum", "maxLength")

Schema = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRow:
    """One field as a published schema has it.

    Args:
        part: `open`, or the name of the compartment.
        name: its way from the part, `[]` marking a list and `{}` a map.
        optional: whether it may be absent.
        kind: type or format.
        patterns: the forms that its text has: one, or that of each item of a list of fixed length.
        names: the form of the names of a map, or empty.
        name_lists: name and version of each code list from which the names of a map come.
        limits: keyword of JSON Schema and number, in the order in which they are told.
        code_lists: name and version of each code list from which its values come.
        codes: its values, where they are few and closed; a text that could be taken for a number stands in quotes.
        source: the standard and clause that it comes from, or empty.
    """

    part: str
    name: str
    optional: bool
    kind: str
    patterns: tuple[str, ...]
    names: str
    name_lists: tuple[str, ...]
    limits: tuple[tuple[str, int], ...]
    code_lists: tuple[str, ...]
    codes: tuple[str, ...]
    source: str


def rows(schema: Schema) -> Iterator[FieldRow]:
    """Tell every field of a published schema, the open part first.

    Args:
        schema: a published schema.

    Yields:
        A row for each field, one that holds others before these.
    """
    for part in ("open", *(compartment["name"] for compartment in schema["x-simpul-compartments"])):
        yield from _rows(schema, _follow(schema, schema["properties"][part]), part, "")


def rows_of(model: Schema, part: str) -> Iterator[FieldRow]:
    """Tell every field of a schema that stands alone, such as the attributes of a draft.

    Args:
        model: a JSON Schema of an object, with its definitions.
        part: what its rows are said to be of.

    Yields:
        A row for each field, one that holds others before these.
    """
    yield from _rows(model, model, part, "")


def _rows(root: Schema, model: Schema, part: str, prefix: str) -> Iterator[FieldRow]:
    for name, field in model.get("properties", {}).items():
        whole = _follow(root, field)
        inner, suffix = _unwrap(root, field)
        path = f"{prefix}{name}{suffix}"
        nested = "properties" in inner
        listed, names = _lists(inner), whole.get("propertyNames", {})
        yield FieldRow(
            part=part,
            name=path,
            optional=name not in model.get("required", ()),
            kind="object" if nested else _kind(inner),
            patterns=tuple(one["pattern"] for one in (inner, *whole.get("prefixItems", ())) if "pattern" in one),
            names=names.get("pattern", ""),
            name_lists=_lists(names),
            limits=_limits(field) if nested else _limits(field, inner),
            code_lists=listed,
            codes=() if listed else tuple(map(_code, inner.get("enum", ()))),
            source=_source(field, inner),
        )
        if nested:
            yield from _rows(root, inner, part, f"{path}.")


def _follow(root: Schema, field: Schema) -> Schema:
    reference = field.get("$ref")
    if reference is None:
        return field
    target: Schema = root["$defs"][reference.rpartition("/")[2]]
    return {**target, **{key: value for key, value in field.items() if key != "$ref"}}


def _unwrap(root: Schema, field: Schema) -> tuple[Schema, str]:
    field = _follow(root, field)
    if field.get("type") == "array":
        inner, suffix = _unwrap(root, {**_carried(field), **field.get("items", {})})
        return inner, f"[]{suffix}"
    values = field.get("additionalProperties")
    if isinstance(values, dict):
        return _follow(root, {**_carried(field), **values}), "{}"
    return field, ""


def _carried(field: Schema) -> Schema:
    return {key: field[key] for key in ("x-simpul-source",) if key in field}


def _kind(field: Schema) -> str:
    if "anyOf" in field:
        return " or ".join(_kind(one) for one in field["anyOf"])
    if "const" in field:
        return f"always {dumps(field['const'])}"
    if "format" in field:
        return str(field["format"])
    return str(field.get("type", "JSON"))


def _lists(field: Schema) -> tuple[str, ...]:
    return tuple(f"{one['name']} {one['version']}" for one in field.get("x-simpul-codes", ()))


def _code(code: object) -> str:
    """Write a value as JSON has it, without the quotes of a text that cannot be taken for anything else."""
    return code if isinstance(code, str) and not code.isdecimal() else dumps(code)


def _limits(*fields: Schema) -> tuple[tuple[str, int], ...]:
    found: dict[tuple[str, int], None] = {}
    for field in fields:
        found.update({(keyword, field[keyword]): None for keyword in _LIMITS if keyword in field})
    return tuple(found)


def _source(field: Schema, inner: Schema) -> str:
    source = field.get("x-simpul-source") or inner.get("x-simpul-source") or inner.get("description", "")
    return str(source).split("\n", maxsplit=1)[0]
