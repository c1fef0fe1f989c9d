"""Events that say something else than the agreements let pass, and stores that lose something."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson

from broker.names import COVER
from tests.unit.pipeline.receiving import ME, Sent, Source, keys_to_me

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from broker.stages import Cleared, ClearedPart, Sealed


def with_cover(cleared: Cleared, change: Callable[[dict[str, Any]], None]) -> Cleared:
    """Let the covers of an event say something else than the agreements let pass."""
    return with_part(cleared, COVER, change)


def with_part(cleared: Cleared, name: str, change: Callable[[dict[str, Any]], None]) -> Cleared:
    """Let a part of an event say something else than the catalogue let pass."""

    def changed(part: ClearedPart) -> ClearedPart:
        if part.name != name:
            return part
        content = orjson.loads(part.content)
        change(content)
        return replace(part, content=orjson.dumps(content))

    copies = [replace(copy, parts=tuple(map(changed, copy.parts))) for copy in cleared.copies]
    return replace(cleared, copies=tuple(copies))


def without_part(cleared: Cleared, name: str) -> Cleared:
    """Leave a compartment out of every copy, as a first record of an event may."""
    shorter = with_cover(cleared, lambda cover: cover["data"]["parts"].remove(name))
    copies = [replace(copy, parts=tuple(part for part in copy.parts if part.name != name)) for copy in shorter.copies]
    return replace(shorter, copies=tuple(copies))


def lose_keys(folder: Path) -> None:
    """Lose the key store, as a restore from a backup does."""
    for file in folder.glob("keys.db*"):
        file.unlink()


def pages(folder: Path) -> bytes:
    """Everything that stands in the files of a store."""
    return b"".join(file.read_bytes() for file in folder.iterdir() if file.is_file())


def with_late_key(police: Source, cleared: Cleared, name: str) -> tuple[Sent, list[Sealed]]:
    """Seal an event whose named part has a key of its own; return what is sent, and that key's record."""
    (copy,) = cleared.copies
    others = frozenset({ME, police.agency})
    parts = tuple(replace(part, readers=others) if part.name == name else part for part in copy.parts)
    sent = police.seal(replace(cleared, copies=(replace(copy, parts=parts),)))
    late = keys_to_me(sent)[-1:]
    return replace(sent, keys=[record for record in sent.keys if record not in late]), late
