"""Strings, dates and numbers with their limits, checked without Python code on the hot path.

Patterns are written in the part of the language that Rust, ECMAScript and Python share: no look-around, no
short class for digits (it means those of every script), no inline flags.
"""

from dataclasses import dataclass
from datetime import date, datetime
from operator import attrgetter
from typing import Annotated, ClassVar, Literal

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.alias_generators import to_camel
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from schemas.base import Source, refuse

# Control characters, line and paragraph separators and direction overrides: a name that holds one can change
# what a coordinator reads on the screen.
_UNSEEN = r"\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069"
LINE = rf"^[^\u0000-\u001f{_UNSEEN}]+$"
TEXT = rf"^[^\u0000-\u0008\u000b-\u001f{_UNSEEN}]+$"

_DAY = r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_MINUTE = r"([01][0-9]|2[0-3]):[0-5][0-9]"
_CLOCK = rf"{_MINUTE}:[0-5][0-9]"
_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
AGENCY = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"


@dataclass(frozen=True, slots=True)
class _Written:
    """A date or time that must be written in one way; checked as text, then read, all of it in Rust."""

    pattern: str
    max_length: int
    format: Literal["date-time", "date"]

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        text = core_schema.str_schema(pattern=self.pattern, max_length=self.max_length, strict=True)
        if self.format == "date":
            return core_schema.chain_schema([text, core_schema.date_schema(strict=False)])
        return core_schema.chain_schema([text, core_schema.datetime_schema(strict=False, tz_constraint="aware")])

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {
            "type": "string",
            "format": self.format,
            "pattern": self.pattern,
            "maxLength": self.max_length,
        }


Moment = Annotated[
    datetime,
    _Written(rf"^{_DAY}T{_CLOCK}(\.[0-9]{{1,6}})?(Z|[+-]{_MINUTE})$", 32, "date-time"),
    Source("RFC 3339 §5.6, offset mandatory"),
]
UtcSecond = Annotated[
    datetime,
    _Written(rf"^{_DAY}T{_CLOCK}Z$", 20, "date-time"),
    Source("RFC 3339 §5.6, UTC, whole seconds"),
]
Day = Annotated[
    date,
    _Written(rf"^{_DAY}$", 10, "date"),
    Source("RFC 3339 §5.6 full-date"),
]


class Unique:
    """Annotates a list in which no item repeats, or no two items that are alike in the fields that are named."""

    rules: ClassVar[tuple[str, ...]] = ("repeats",)

    def __init__(self, *, by: tuple[str, ...] = ()) -> None:
        self._by = by
        self._key = attrgetter(*by) if by else None

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        published = {**handler(schema), "uniqueItems": True}
        return {**published, "x-simpul-unique": [to_camel(name) for name in self._by]} if self._by else published

    def _check(self, items: tuple[object, ...]) -> tuple[object, ...]:
        if len(set(items if self._key is None else map(self._key, items))) != len(items):
            refuse("repeats", "Nothing stands in the list twice.")
        return items


@dataclass(frozen=True, slots=True)
class OneNumberOf:
    """Annotates a whole number that must be one of a few; a choice of pydantic's own takes `true` for 1."""

    numbers: tuple[int, ...]

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.chain_schema(
            [core_schema.int_schema(strict=True), core_schema.literal_schema([*self.numbers])]
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"type": "integer", "enum": [*self.numbers]}


@dataclass(frozen=True, slots=True)
class _OnlyTrue:
    """A statement that can only be made, never denied; a choice of pydantic's own takes 1 for `true`."""

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.chain_schema([core_schema.bool_schema(strict=True), core_schema.literal_schema([True])])

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"const": True}


Yes = Annotated[bool, _OnlyTrue()]

Uuid = Annotated[str, Field(pattern=f"^{_UUID}$", max_length=36), Source("RFC 9562 §4, lower case")]
CaseUrn = Annotated[str, Field(pattern=f"^urn:simpul:case:{_UUID}$", max_length=52)]
AgencyId = Annotated[str, Field(pattern=f"^{AGENCY}$", max_length=63)]
AgencyUrn = Annotated[str, Field(pattern=f"^urn:simpul:agency:{AGENCY}$", max_length=81)]
RoleName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,62}$", max_length=63)]
SchemaUrn = Annotated[str, Field(pattern=r"^urn:simpul:schema:sha256:[0-9a-f]{64}$", max_length=89)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", max_length=64), Source("FIPS 180-4 SHA-256, hexadecimal")]

Line80 = Annotated[str, Field(pattern=LINE, min_length=1, max_length=80)]
Line160 = Annotated[str, Field(pattern=LINE, min_length=1, max_length=160)]
Line200 = Annotated[str, Field(pattern=LINE, min_length=1, max_length=200)]
Line500 = Annotated[str, Field(pattern=LINE, min_length=1, max_length=500)]
Text500 = Annotated[str, Field(pattern=TEXT, min_length=1, max_length=500)]
Text1000 = Annotated[str, Field(pattern=TEXT, min_length=1, max_length=1000)]
Text2000 = Annotated[str, Field(pattern=TEXT, min_length=1, max_length=2000)]
Text4000 = Annotated[str, Field(pattern=TEXT, min_length=1, max_length=4000)]
