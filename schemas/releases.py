"""What was released: the last schema of each type, and every digest that a type ever had.

`released/<name>.json` is the file that `published/` held at the last release; `released/index.json` lists the digests,
oldest first. A type without a release is new, and may still change in any way. A type is retired by deleting its
released file; its digests stay listed.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

from schemas.compatibility import Change, Direction, breaking, compare

FOLDER: Final = Path("schemas") / "released"
"""From the root of the repository."""

_INDEX: Final = "index.json"
_ROOT: Final = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A change that breaks whoever has the last release.

    Args:
        name: area, fact and major version of the type.
        change: what changed.
    """

    name: str
    change: Change


def released_schema(name: str, *, root: Path = _ROOT) -> dict[str, Any] | None:
    """Read the schema that a type had at its last release.

    Args:
        name: area, fact and major version of the type.
        root: root of the repository, or where the packages are installed.

    Returns:
        The schema, or None where the type was never released or is retired.
    """
    path = root / FOLDER / f"{name}.json"
    if not path.is_file():
        return None
    schema: dict[str, Any] = json.loads(path.read_bytes())
    return schema


def released_digests(*, root: Path = _ROOT) -> dict[str, list[str]]:
    """Read every digest that a type was ever released with.

    Args:
        root: root of the repository, or where the packages are installed.

    Returns:
        SHA-256 in hexadecimal, oldest first, by event type.
    """
    return {name: [one["sha256"] for one in digests] for name, digests in _index(root).items()}


def broken(root: Path, published: Mapping[str, bytes]) -> tuple[Broken, ...]:
    """Compare what shall be published with the last release of each type.

    Args:
        root: root of the repository.
        published: the published schema of each type, by its name.

    Returns:
        Every change that needs a new major version; a type that is gone too.
    """
    names = sorted(path.stem for path in (root / FOLDER).glob("*.json") if path.name != _INDEX)
    return tuple(Broken(name=name, change=one) for name in names for one in _breaking(root, name, published.get(name)))


def freeze(root: Path, published: Mapping[str, bytes], on: date) -> None:
    """Make what is published the last release. Ask `broken` first.

    Args:
        root: root of the repository.
        published: the published schema of each type, by its name.
        on: the day of the release.
    """
    folder = root / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    index = _index(root)
    for name, text in published.items():
        (folder / f"{name}.json").write_bytes(text)
        digests = index.setdefault(json.loads(text)["x-simpul-type"], [])
        digest = hashlib.sha256(text).hexdigest()
        if all(one["sha256"] != digest for one in digests):
            digests.append({"sha256": digest, "date": on.isoformat()})
    (folder / _INDEX).write_text(json.dumps(index, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def _breaking(root: Path, name: str, published: bytes | None) -> tuple[Change, ...]:
    old = released_schema(name, root=root)
    if old is None or published is None:
        return (Change(path="", code="type_removed", breaks=frozenset(Direction)),)
    return breaking(compare(old, json.loads(published)))


def _index(root: Path) -> dict[str, list[dict[str, str]]]:
    path = root / FOLDER / _INDEX
    index: dict[str, list[dict[str, str]]] = json.loads(path.read_bytes()) if path.is_file() else {}
    return index
