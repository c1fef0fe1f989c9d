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
from typing import Final

from schemas.compatibility import Change, Direction, breaking, compare

FOLDER: Final = Path("schemas") / "released"
"""From the root of the repository."""

_INDEX: Final = "index.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A change that breaks whoever has the last release.

    Args:
        name: area, fact and major version of the type.
        change: what changed.
    """

    name: str
    change: Change


def broken(root: Path, published: Mapping[str, bytes]) -> tuple[Broken, ...]:
    """Compare what shall be published with the last release of each type.

    Args:
        root: root of the repository.
        published: the published schema of each type, by its name.

    Returns:
        Every change that needs a new major version; a type that is gone too.
    """
    found: list[Broken] = []
    for path in sorted((root / FOLDER).glob("*.json")):
        if path.name == _INDEX:
            continue
        text = published.get(path.stem)
        if text is None:
            changes: tuple[Change, ...] = (Change(path="", code="type_removed", breaks=frozenset(Direction)),)
        else:
            changes = breaking(compare(json.loads(path.read_bytes()), json.loads(text)))
        found += [Broken(name=path.stem, change=change) for change in changes]
    return tuple(found)


def freeze(root: Path, published: Mapping[str, bytes], on: date) -> None:
    """Make what is published the last release. Ask `broken` first.

    Args:
        root: root of the repository.
        published: the published schema of each type, by its name.
        on: the day of the release.
    """
    folder = root / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / _INDEX
    index: dict[str, list[dict[str, str]]] = json.loads(path.read_bytes()) if path.is_file() else {}
    for name, text in published.items():
        (folder / f"{name}.json").write_bytes(text)
        digests = index.setdefault(json.loads(text)["x-simpul-type"], [])
        digest = hashlib.sha256(text).hexdigest()
        if all(one["sha256"] != digest for one in digests):
            digests.append({"sha256": digest, "date": on.isoformat()})
    path.write_text(json.dumps(index, indent=2, sort_keys=True) + "\n", encoding="utf-8")
