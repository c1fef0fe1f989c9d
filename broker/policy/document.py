"""The agreements as a file: strict TOML, read once, every slip refused with its place.

Where roles are listed, a set is written as the roles that it stands for, so that nobody further on knows of sets.
What the file means (does the role exist, has the type that field) is judged by `compilation`; here is only its form.
"""

from __future__ import annotations

import tomllib
from datetime import date
from importlib import resources
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, ValidationInfo

from broker.errors import MisconfiguredError

Text = Annotated[str, Field(min_length=1, max_length=2000)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$")]
Names = Annotated[list[Name], Field(max_length=64)]
SomeNames = Annotated[list[Name], Field(min_length=1, max_length=64)]


def _spelt_out(names: list[str], info: ValidationInfo) -> list[str]:
    sets: dict[str, list[str]] = info.context or {}
    return [role for name in names for role in sets.get(name, [name])]


Roles = Annotated[SomeNames, AfterValidator(_spelt_out)]
"""Roles, and sets of roles, each of them spelt out."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class BothLanguages(_Part):
    """A name in Indonesian and English."""

    id: Text
    en: Text


class AreaRow(_Part):
    """Who reads and who writes the topic of an area."""

    readers: Roles
    writers: Roles


class ConditionRow(_Part):
    """One condition: exactly one of `field`, `attribute`, `recipient_in`, `recipient_sent` and `fact`."""

    field: Name | None = None
    attribute: Literal["basis"] | None = None
    is_: Annotated[list[str | bool] | None, Field(alias="is", min_length=1, max_length=64)] = None
    present: Literal[True] | None = None
    recipient_in: Name | None = None
    recipient_sent: Name | None = None
    fact: Name | None = None
    judged_by: Literal["both", "sender"] = "both"


class SenderRow(_Part):
    """Roles that may send, under conditions that must all hold."""

    roles: Roles
    when: list[ConditionRow] = []


class TopicRow(_Part):
    """Roles that read the type on its area's topic, and which compartments they may open."""

    roles: Roles
    compartments: Names


class RecipientRow(_Part):
    """Roles that may have a copy in their mailbox, which compartments, and under which conditions."""

    roles: Roles
    compartments: Names
    when: list[ConditionRow] = []


class AgreementRow(_Part):
    """One agreement about one type of event."""

    id: Name
    type: Name
    text_id: Text
    text_en: Text
    purposes: SomeNames
    bases: SomeNames
    lawrefs: SomeNames
    valid_until: date
    answers: Name | None = None
    applies: list[ConditionRow] = []
    narrowed: Names = []
    narrowed_to_known: Names = []
    sender: Annotated[list[SenderRow], Field(min_length=1)]
    topic: list[TopicRow] = []
    recipient: list[RecipientRow] = []


class Sets(BaseModel):
    """The sets of a file, which are read before the rest of it."""

    model_config = ConfigDict(frozen=True, strict=True)

    sets: dict[Name, SomeNames] = {}


class Document(_Part):
    """The whole file."""

    format: Literal[1]
    roles: Annotated[dict[Name, BothLanguages], Field(min_length=1)]
    sets: dict[Name, SomeNames] = {}
    areas: dict[Name, AreaRow]
    agreement: Annotated[list[AgreementRow], Field(min_length=1)]


def default_agreements() -> bytes:
    """Return the agreements that ship with Simpul, as TOML."""
    return (resources.files("broker.policy") / "agreements.toml").read_bytes()


def read_document(toml: bytes) -> Document:
    """Read agreements.

    Args:
        toml: UTF-8, as in `agreements.toml`.

    Returns:
        The file, of the right form, its sets spelt out.

    Raises:
        MisconfiguredError: it is no TOML or not of that form; `detail` names the place.
    """
    try:
        tree = tomllib.loads(toml.decode())
        return Document.model_validate(tree, context=Sets.model_validate(tree).sets)
    except ValidationError as error:
        place = ".".join(str(step) for step in error.errors(include_input=False, include_url=False)[0]["loc"])
        raise MisconfiguredError("config.agreements", f"{place}: not as the format says") from error
    except ValueError as error:  # TOMLDecodeError and UnicodeDecodeError
        raise MisconfiguredError("config.agreements", "not TOML in UTF-8") from error
