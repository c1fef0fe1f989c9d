"""Versioned code lists: data in `codes/`, read once, turned into closed choices.

A list states its source, date and version. A code marked `unverified` is one that our research could not
confirm; it is data, to be corrected without touching code.
"""

import json
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

CODE: CoreSchema = core_schema.str_schema(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/+-]{0,63}$", max_length=64, strict=True)
"""The form of every code of every list, also of those to come."""

CODES_OF = "simpul-codes"
"""Under this key a core schema names the code lists that it is of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """One entry of a list, with its words in both languages and what it corresponds to elsewhere."""

    code: str
    id: str
    en: str
    unverified: bool = False
    parent: str | None = None
    maps: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A code list as published: where it comes from, when, and its codes in order."""

    name: str
    source: str
    date: str
    version: str
    codes: tuple[Code, ...]

    def find(self, code: str) -> Code | None:
        """Look a code up.

        Args:
            code: as written in an event.

        Returns:
            The entry, or None if the list does not have it.
        """
        return next((entry for entry in self.codes if entry.code == code), None)


@cache
def listing(name: str) -> Listing:
    """Read a code list.

    Args:
        name: file name in `codes/`, without its ending.

    Returns:
        The list, the same object at every call.

    Raises:
        FileNotFoundError: there is no such list.
    """
    raw: dict[str, Any] = json.loads((files("schemas") / "codes" / f"{name}.json").read_bytes())
    return Listing(
        name=name,
        source=raw["source"],
        date=raw["date"],
        version=raw["version"],
        codes=tuple(Code(**entry) for entry in raw["codes"]),
    )


def listings() -> tuple[Listing, ...]:
    """Read every code list.

    Returns:
        The lists, sorted by name.
    """
    names = sorted(path.name.removesuffix(".json") for path in (files("schemas") / "codes").iterdir())
    return tuple(listing(name) for name in names)


class OneOf:
    """Annotates a string that must be a code of one of the named lists."""

    def __init__(self, *names: str) -> None:
        self._names = names

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        codes = [entry.code for name in self._names for entry in listing(name).codes]
        # Written as text: a value read tolerantly may hold a code to come (schemas.tolerance).
        text = core_schema.simple_ser_schema("str")
        return core_schema.literal_schema(codes, metadata={CODES_OF: self._names}, serialization=text)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        lists = [{"name": name, "version": listing(name).version} for name in self._names]
        return {**handler(schema), "x-simpul-codes": lists}
