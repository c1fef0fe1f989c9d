"""Drafts of every type of the catalogue with a marker that stands nowhere else in each field that takes free text.

The examples of the catalogue are walked along the published schemas, so that a new field is planted by itself; a value
is kept where the catalogue accepts the draft with it.
"""

import base64
import copy
import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

from pydantic import ValidationError

from schemas.case import canonical_lp
from schemas.catalogue import KINDS, EventKind, find
from schemas.scalars import LINE, TEXT

_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
_MANY = 8
"""Deeper than any event of the catalogue is nested."""

Path = tuple[str | int, ...]


def marker() -> str:
    """Return a word that stands nowhere else."""
    return "ZQ" + "".join(secrets.choice(_LETTERS) for _ in range(14))


def forms(value: str) -> set[bytes]:
    """Return every way in which a text may end up in a file: as it is, wide, hexadecimal, base64 at any offset."""
    raw = value.encode()
    found = {raw, value.lower().encode(), value.encode("utf-16-le"), raw.hex().encode(), raw.hex().upper().encode()}
    for shift in range(3):
        # The first and last characters also hold bits of the neighbours.
        body = base64.b64encode(bytes(shift) + raw)[4 if shift else 0 : len(raw) // 3 * 4 - 4]
        found |= {body, body.translate(bytes.maketrans(b"+/", b"-_"))}
    return found


@dataclass(slots=True)
class Planted:
    """A draft, and the marker in each of its fields."""

    kind: EventKind
    body: dict[str, Any]
    markers: dict[Path, str] = field(default_factory=dict)

    @property
    def values(self) -> set[str]:
        """All markers."""
        return set(self.markers.values())


def planted(type_name: str) -> Planted:
    """Return an example of a type with a marker in each field that takes free text."""
    kind = find(type_name)
    example = json.loads((files("schemas") / "examples" / f"{type_name}.json").read_text())
    made = Planted(kind=kind, body={name: value for name, value in example.items() if name != "source"})
    schema = _schema(kind)
    for part, inner in schema["properties"].items():
        _walk(made, schema, inner, ("data", part))
    for name in {"lpNumber", "reportRef"} & example["data"].get("narrative", {}).keys():
        word = marker()
        number = f"LP/A/17/VIII/2026/SPKT/{word}/POLDA BENGKULU"
        both = {"original": number, "canonical": canonical_lp(number)}
        if _try(made, ("data", "narrative", name), both):
            made.markers["data", "narrative", name, "original"] = word
    for name in ("id", "subject"):
        if name == "id" or name in example:
            _try(made, (name,), marker())
    return made


def types() -> list[str]:
    """Return every type of the catalogue."""
    return [kind.type for kind in KINDS]


def free_fields(type_name: str) -> set[tuple[str, ...]]:
    """Return the fields that take free text, as the published schema has them, without places in lists."""
    schema = _schema(find(type_name))
    return {("data", part, *path) for part, inner in schema["properties"].items() for path in _free(schema, inner, ())}


def _schema(kind: EventKind) -> dict[str, Any]:
    name = kind.type.removeprefix("id.simpul.")
    found: dict[str, Any] = json.loads((files("schemas") / "published" / f"{name}.json").read_text())
    return found


def _resolve(schema: dict[str, Any], inner: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in inner:
        inner = schema["$defs"][inner["$ref"].rpartition("/")[2]]
    return inner


def _is_free(inner: dict[str, Any]) -> bool:
    if inner.get("type") != "string" or {"enum", "const", "format"} & inner.keys():
        return False
    return inner.get("pattern") in {None, LINE, TEXT}


def _free(schema: dict[str, Any], inner: dict[str, Any], path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    inner = _resolve(schema, inner)
    if _is_free(inner):
        yield path
    if len(path) > _MANY:
        return
    for name, one in inner.get("properties", {}).items():
        yield from _free(schema, one, (*path, name))
    if "items" in inner:
        yield from _free(schema, inner["items"], path)


def _walk(made: Planted, schema: dict[str, Any], inner: dict[str, Any], path: Path) -> None:
    inner = _resolve(schema, inner)
    if _get(made.body, path) is None and not _try(made, path, _made_up(schema, inner)):
        return
    value = _get(made.body, path)
    if isinstance(value, dict):
        properties = inner.get("properties", {})
        for name, one in properties.items():
            _walk(made, schema, one, (*path, name))
        for name in value.keys() - properties.keys():
            _anything(made, (*path, name))
    elif isinstance(value, list):
        for place in range(len(value)):
            _walk(made, schema, inner.get("items", {}), (*path, place))
    elif isinstance(value, str):
        _plant(made, path)


def _anything(made: Planted, path: Path) -> None:
    """Plant into JSON of somebody else's making, such as a STIX bundle."""
    value = _get(made.body, path)
    inner = value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for name in list(inner):
        _anything(made, (*path, name))
    if isinstance(value, str):
        _plant(made, path)


def _plant(made: Planted, path: Path) -> None:
    number = "+6289" + "".join(secrets.choice("0123456789") for _ in range(10))
    for value in (marker(), number, secrets.token_hex(32)):
        if _try(made, path, value):
            made.markers[path] = value
            return


def _made_up(schema: dict[str, Any], inner: dict[str, Any]) -> Any:
    """Return some value for a field that the example leaves out."""
    inner = _resolve(schema, inner)
    if "enum" in inner:
        return inner["enum"][0]
    if "properties" in inner:
        wanted = inner.get("required", []) or list(inner["properties"])[:1]
        return {name: _made_up(schema, inner["properties"][name]) for name in wanted}
    if inner.get("type") == "array":
        return [_made_up(schema, inner.get("items", {}))]
    return {"boolean": True, "integer": 1, "number": 0.5}.get(inner.get("type", ""), marker())


def _get(body: Any, path: Path) -> Any:
    for name in path:
        try:
            body = body[name]
        except (KeyError, IndexError):
            return None
    return body


def _try(made: Planted, path: Path, value: Any) -> bool:
    """Put a value into the draft if the catalogue takes it."""
    body = copy.deepcopy(made.body)
    inner = _get(body, path[:-1])
    if inner is None:
        return False
    inner[path[-1]] = value
    if path[0] == "data":
        try:
            made.kind.draft.validate_json(json.dumps(body).encode())
        except ValidationError:
            return False
    made.body = body
    if path[0] != "data":
        made.markers[path] = value
    return True
