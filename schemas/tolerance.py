"""Reads what was written under another schema of the same type and major version (ADR 0012).

- Fields that a model does not know are dropped, at any depth.
- A code of a code list may be one that this release's list does not have: lists are data, and grow.
- All else holds as ever: closed choices, limits, rules, and every attribute of the envelope, which no `dataschema`
  speaks of.

Made from the very models that read strictly, so that there is nothing to keep in step; those stay as they are.
"""

from typing import Any, cast

from pydantic import BaseModel
from pydantic_core import CoreSchema, SchemaValidator

from schemas.codelists import CODE, CODES_OF
from schemas.envelope import Attributes, CoverData

_ENVELOPE = (Attributes, CoverData)
_PLAIN = frozenset({"cls", "config", "default", "expected", "function", "metadata", "serialization"})
"""Keys of a core schema beneath which no schema lies."""


def tolerant(model: type[BaseModel]) -> SchemaValidator:
    """Make the tolerant reader of a model.

    Args:
        model: a model that reads strictly.

    Returns:
        A reader whose values are of that same model.
    """
    model.model_rebuild()  # if it was never used
    # Else the strict readers that the models within carry already would be used in the place of what is made here.
    opened = cast("CoreSchema", _opened(model.__pydantic_core_schema__, envelope=False))
    return SchemaValidator(opened, _use_prebuilt=False)


def _opened(schema: Any, *, envelope: bool) -> Any:  # noqa: ANN401 - a core schema is any mapping
    if isinstance(schema, list):
        return [_opened(one, envelope=envelope) for one in schema]
    if not isinstance(schema, dict):
        return schema
    kind = schema.get("type")
    if kind == "model":
        envelope = issubclass(schema["cls"], _ENVELOPE)
    if kind == "literal" and not envelope and CODES_OF in schema.get("metadata", {}):
        return CODE
    opened = {
        # Names of fields are ours: one may well be called `default`.
        key: {name: _opened(field, envelope=envelope) for name, field in value.items()}
        if key == "fields"
        else value
        if key in _PLAIN
        else _opened(value, envelope=envelope)
        for key, value in schema.items()
    }
    if not envelope and kind == "model":
        opened["config"] = {**schema["config"], "extra_fields_behavior": "ignore"}
    return opened
