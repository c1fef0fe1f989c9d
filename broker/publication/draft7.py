"""A published schema in the dialect that AsyncAPI 3.0 reads by default: a superset of JSON Schema draft 7.

The catalogue keeps to what the two dialects share, but for three things: definitions, which AsyncAPI keeps in its
components; tuples; and the document's own name, which would change where its references lead.
"""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]


def as_draft7(schema: Json, name: str) -> dict[str, Json]:
    """Rewrite a schema.

    Args:
        schema: JSON Schema 2020-12, as `schemas.publish` writes it.
        name: what it is called among the components.

    Returns:
        The schema under its name, and its definitions under `<name>.<definition>`.
    """
    own = {key: value for key, value in schema.items() if key not in {"$schema", "$id", "$defs"}}
    definitions = {f"{name}.{key}": value for key, value in schema.get("$defs", {}).items()}
    return {key: _rewritten(value, name) for key, value in {name: own, **definitions}.items()}


def _rewritten(value: Any, name: str) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, list):
        return [_rewritten(one, name) for one in value]
    if not isinstance(value, dict):
        return value
    kept = {key: _rewritten(one, name) for key, one in value.items()}
    if isinstance(kept.get("$ref"), str):
        return {**kept, "$ref": f"#/components/schemas/{name}.{kept['$ref'].rpartition('/')[2]}"}
    if isinstance(kept.get("prefixItems"), list):
        kept["items"] = kept.pop("prefixItems")
        kept["additionalItems"] = False
    return kept
