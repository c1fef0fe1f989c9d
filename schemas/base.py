"""The frozen, strict parents of every event model.

Rules enforced here, for all models below:

- bytes become values once, by `validate_json`; nothing is coerced, nothing unknown is
  accepted, nothing is null but a cell of statistics;
- a value never shows: not in `repr`, not in `str`, not in a validation error's text (STYLE.md §4.7);
- a field that may be absent is `Maybe[...]`; a JSON null is refused, so that one meaning has one spelling.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar, NoReturn, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationError
from pydantic.alias_generators import to_camel
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError

PREFIX = "id.simpul."
"""Reverse-DNS prefix of every type (CloudEvents 1.0, `type`); the one place to change it."""

COMPARTMENTS = ("identity", "narrative", "place", "network", "health", "docs", "safe_contact")
"""Every compartment there is, in catalogue order (DESIGN.md §2)."""

_known_names: set[str] = set()


@dataclass(frozen=True, slots=True)
class _NotNull:
    """Unwraps `T | None` for validation, so that absent is allowed and null is refused."""

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        schema = handler(source)
        if schema["type"] != "nullable":
            message = "Maybe[...] holds a type that may be absent, and nothing else"
            raise TypeError(message)
        inner: CoreSchema = schema["schema"]
        return inner


T = TypeVar("T")
Maybe = Annotated[T | None, _NotNull()]
"""A field that may be absent (write `= None`), and is never null when present."""


@dataclass(frozen=True, slots=True)
class Source:
    """The standard and clause that a field comes from; published as `x-simpul-source`."""

    text: str

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {**handler(schema), "x-simpul-source": self.text}


class Model(BaseModel):
    """A frozen value made from JSON, in camelCase; refuses what it does not know, never shows itself."""

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="forbid",
        alias_generator=to_camel,
        validate_by_alias=True,
        validate_by_name=False,
        serialize_by_alias=True,
        hide_input_in_errors=True,
        allow_inf_nan=False,
        defer_build=True,  # a node uses few of the types: each is built when it is first read or written
    )

    rules: ClassVar[tuple[str, ...]] = ()
    """Codes with which the model itself refuses what its fields allow; published as `x-simpul-rules`."""

    @classmethod
    def __pydantic_init_subclass__(cls, **_: object) -> None:
        _known_names.update(field.alias or name for name, field in cls.model_fields.items())

    def to_json(self) -> bytes:
        """Write the value as compact JSON, leaving out what is absent.

        Returns:
            UTF-8 bytes with the JSON names of the catalogue.
        """
        return self.__pydantic_serializer__.to_json(self, by_alias=True, exclude_none=True)

    def __repr__(self) -> str:
        return type(self).__name__

    def __str__(self) -> str:
        return type(self).__name__

    def __repr_args__(self) -> list[tuple[str | None, Any]]:  # what rich and devtools print
        return []


class Envelope(Protocol):
    """What an open part may ask of the event that it belongs to."""

    @property
    def time(self) -> datetime:
        """When it happened."""
        ...

    @property
    def rounding(self) -> timedelta:
        """By less than how much each of the two times may be rounded: the time down, the expiry time up."""
        ...

    @property
    def expirytime(self) -> datetime | None:
        """When it expires, if it does."""
        ...

    @property
    def tlp(self) -> str:
        """How far it may go."""
        ...

    @property
    def priority(self) -> str:
        """How much it hurries."""
        ...

    @property
    def subject(self) -> str | None:
        """The case that it belongs to, if to one."""
        ...

    @property
    def area(self) -> str | None:
        """The regency or province, if it is said."""
        ...

    @property
    def correlationid(self) -> str | None:
        """What it belongs together with, if it is said."""
        ...

    @property
    def causationid(self) -> str | None:
        """The event that it answers, if it answers one."""
        ...


class OpenPart(Model):
    """What every recipient of an event may see."""

    def is_answer(self) -> bool:
        """Tell whether the event answers another, which makes `causationid` mandatory (DESIGN.md §4)."""
        return False

    def check(self) -> None:
        """Check the rules that bind several fields; drafts and covers call it once they are read.

        Raises:
            PydanticCustomError: a rule is broken (see `refuse`).
        """

    def check_envelope(self, envelope: "Envelope") -> None:
        """Check the rules that bind the open part and the envelope; drafts and covers call it after `check`.

        A cover's times are rounded: what a draft may say, its cover may say too (`Envelope.rounding`).

        Args:
            envelope: the draft or the cover.

        Raises:
            PydanticCustomError: a rule is broken (see `refuse`).
        """


class Compartment(Model):
    """A part of an event that only a part of its audience may open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """What the catalogue says about a type beside its fields.

    Args:
        number: the catalogue's number, `E07`.
        area: the area whose file and topic it belongs to.
        name: area, fact and major version, as `alert.issued.v1`.
        title_id: title in Indonesian.
        title_en: title in English.
        about_id: what it is for, one sentence in Indonesian.
        about_en: the same in English.
    """

    number: str
    area: str
    name: str
    title_id: str
    title_en: str
    about_id: str
    about_en: str

    @property
    def type(self) -> str:
        """The full CloudEvents `type`."""
        return PREFIX + self.name


class EventData(Model):
    """The `data` of an event: its open part, and a field for each compartment, named as the compartment.

    A subclass for each type narrows `open`, adds its compartments and states its `fact`.
    """

    fact: ClassVar[Fact]
    open: OpenPart

    def person_ref(self) -> str | None:
        """Name the person whom the event concerns, within its case; the unit of erasure (DESIGN.md §5).

        Returns:
            The person's reference, or None where the event concerns no one person.
        """
        return None

    def kept_from(self) -> frozenset[str]:
        """Name the agencies that must not have the event, whatever the agreements say.

        Returns:
            Agency ids; empty for most types.
        """
        return frozenset()

    def twin(self) -> "EventData | None":
        """Make the reduced event that is sent beside this one to those who may not have it.

        Returns:
            Data of another type, or None for most types.
        """
        return None

    def is_answer(self) -> bool:
        """Tell whether the event answers another, which makes `causationid` mandatory (DESIGN.md §4)."""
        return self.open.is_answer()

    def check(self) -> None:
        """Check the rules that bind several parts; drafts call it, after that of the open part.

        Raises:
            PydanticCustomError: a rule is broken (see `refuse`).
        """


@dataclass(frozen=True, slots=True)
class Fault:
    """One broken rule: where (a JSON path without values) and which (a stable code)."""

    path: str
    code: str


def refuse(code: str, sentence: str) -> NoReturn:
    """Refuse a value from within a validator.

    Args:
        code: stable, lower-case, underscores.
        sentence: the rule in plain words, without any value.

    Raises:
        PydanticCustomError: always.
    """
    raise PydanticCustomError(code, sentence)


def faults(error: ValidationError) -> tuple[Fault, ...]:
    """Say what is wrong without repeating anything that came from outside.

    `ValidationError.errors()` holds inputs, and its `loc` holds names that the sender invented (an unknown
    field, a key of a map). Here every name that no model of ours has becomes `?`.

    Args:
        error: what `validate_json` raised.

    Returns:
        The faults in the order in which they were found.
    """
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return tuple(Fault(path=".".join(_safe(step) for step in fault["loc"]), code=fault["type"]) for fault in found)


def _safe(step: int | str) -> str:
    return str(step) if isinstance(step, int) or step in _known_names else "?"
