"""Writes what the models say for those who do not read Python: `python -m schemas.publish [--check | --release DAY]`.

For each type a JSON Schema 2020-12 of its `data`, and an index with the digest of each file. The same models give the
same bytes on every machine; `--check` exits 1 if a file is stale, or if a type is not compatible with its last release
any more; `--release` makes what is published the last release.
"""

import argparse
import hashlib
import json
import sys
from datetime import date
from pathlib import Path
from typing import Any

from schemas.base import EventData
from schemas.events import EVENTS, compartments_of
from schemas.releases import Broken, broken, freeze
from schemas.rules import rules_of

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_ROOT = Path(__file__).resolve().parent.parent


def schema_of(data: type[EventData]) -> dict[str, Any]:
    """Generate the published schema of a type's `data`: open part and compartments in one document.

    Args:
        data: the type's data model.

    Returns:
        A JSON Schema 2020-12 whose `$id` names no host.
    """
    fact = data.fact
    generated = _tidy(data.model_json_schema(by_alias=True, mode="validation"))
    return {
        **generated,
        "$schema": _DIALECT,
        "$id": f"urn:simpul:schema:{fact.name}",
        "title": f"{fact.title_id} / {fact.title_en}",
        "x-simpul-type": fact.type,
        "x-simpul-number": fact.number,
        "x-simpul-area": fact.area,
        "x-simpul-title": {"id": fact.title_id, "en": fact.title_en},
        "x-simpul-compartments": [
            {"name": name, "required": data.model_fields[name].is_required()} for name in compartments_of(data)
        ],
        "x-simpul-rules": sorted(rules_of(data)),
    }


def _tidy(schema: dict[str, Any]) -> dict[str, Any]:
    """Drop titles made from names and defaults that mean absent; say of every map which names it may have."""
    kept = {key: _tidied(key, value) for key, value in schema.items() if (key, value) != ("default", None)}
    if isinstance(kept.get("title"), str):
        del kept["title"]
    patterns: dict[str, Any] = kept.pop("patternProperties", {})
    for pattern, values in patterns.items():  # one at most: a map has one type of name
        kept["propertyNames"] = {**kept.get("propertyNames", {}), "pattern": pattern}
        kept["additionalProperties"] = values
    return kept


def _tidied(key: str, value: Any) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, list):
        return [_tidy(item) if isinstance(item, dict) else item for item in value]
    if not isinstance(value, dict):
        return value
    if key in {"properties", "$defs", "patternProperties"}:  # names here are ours, not JSON Schema's
        return {name: _tidy(schema) for name, schema in value.items()}
    return _tidy(value)


def rendered() -> dict[Path, bytes]:
    """Render every published file.

    Returns:
        The bytes of each file, by path from the root of the repository.
    """
    published = Path("schemas") / "published"
    documents = {data.fact: _bytes(schema_of(data)) for data in EVENTS}
    index = {
        fact.type: {"file": f"{fact.name}.json", "sha256": hashlib.sha256(text).hexdigest()}
        for fact, text in documents.items()
    }
    return {
        **{published / f"{fact.name}.json": text for fact, text in documents.items()},
        published / "index.json": _bytes(index),
    }


def stale(root: Path) -> list[Path]:
    """Say which published files differ from what the models say, or should not be there.

    Args:
        root: root of the repository.

    Returns:
        Paths from the root, sorted.
    """
    wanted = rendered()
    differing = {path for path, text in wanted.items() if not _holds(root / path, text)}
    present = {path.relative_to(root) for path in (root / "schemas" / "published").glob("*.json")}
    return sorted(differing | (present - wanted.keys()))


def _holds(path: Path, text: bytes) -> bool:
    return path.is_file() and path.read_bytes() == text


def _bytes(document: dict[str, Any]) -> bytes:
    return (json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()


def main(arguments: list[str] | None = None, *, root: Path = _ROOT) -> int:
    """Write the published files, check them, or make them the last release.

    Args:
        arguments: those of the command line, without the program's name.
        root: root of the repository.

    Returns:
        0; or 1 if a file is stale, or a change breaks whoever has the last release.
    """
    parser = argparse.ArgumentParser(prog="python -m schemas.publish", description=__doc__)
    instead = parser.add_mutually_exclusive_group()
    instead.add_argument("--check", action="store_true", help="change nothing; exit 1 if a file is stale or breaks")
    instead.add_argument("--release", type=date.fromisoformat, metavar="DAY", help="release what is published")
    asked = parser.parse_args(arguments)
    found = stale(root)
    if asked.check or asked.release:
        texts = {data.fact.name: _bytes(schema_of(data)) for data in EVENTS}
        breaks = broken(root, texts)
        sys.stderr.writelines([f"stale: {path.as_posix()}\n" for path in found])
        sys.stderr.writelines(map(_line, breaks))
        if found or breaks:
            return 1
        if asked.release:
            freeze(root, texts, asked.release)
        return 0
    wanted = rendered()
    for path in found:
        if path not in wanted:
            (root / path).unlink()
            continue
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(wanted[path])
    return 0


def _line(one: Broken) -> str:
    change = one.change
    whom = " ".join(sorted(change.breaks))
    return f"breaks {whom}: {one.name}: {' '.join(filter(None, (change.path, change.code, change.detail)))}\n"


if __name__ == "__main__":
    sys.exit(main())
