"""How large an event may be, judged before anything is parsed and again before anything is sent.

- A part's plaintext is `uint16 length`, content, zeros up to the next power of two from 256 B to 32 KiB.
- A Kafka value is at most 64 KiB (DESIGN.md §4). The cover is judged by its largest possible size, so that no
  copy of a checked event can turn out too large later.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from broker.errors import Fault, InvalidEventError
from broker.limits import MAX_CONTENT, MAX_VALUE_BYTES, padded_size
from schemas.envelope import MAX_AUDIENCE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from broker.names import PartName

MAX_BODY: Final = 64 * 1024
"""Bytes of a draft."""

_PART_OVERHEAD: Final = 16 + 12 + 2 + 16
"""Key id, nonce, length of the ciphertext, tag."""
_ROOM_IN_COVER: Final = MAX_AUDIENCE + 640
"""What a copy adds to a cover: audience, names of parts, withheld list, braces."""
_ROOM_PER_ATTRIBUTE: Final = 6
"""Two names' quotes, colon and comma."""
_SURELY_FITS: Final = 12 * 1024
"""So much content, with the longest cover and the most padding, stays below both limits."""


def require_fitting(attributes: Mapping[str, str], open_json: bytes, parts: Mapping[PartName, bytes]) -> None:
    """Refuse an event of which a part, or all parts together, would be too large on the wire.

    Args:
        attributes: the cover's attributes but the audience.
        open_json: the open part.
        parts: JSON of each compartment.

    Raises:
        InvalidEventError: it is too large; the fault names the part, or the largest one.
    """
    if len(open_json) + sum(map(len, parts.values())) <= _SURELY_FITS:
        return
    cover = len(open_json) + _ROOM_IN_COVER
    for attribute, value in attributes.items():
        cover += len(attribute) + len(value) + _ROOM_PER_ATTRIBUTE
    sizes: dict[str, int] = {"open": cover}
    for part, content in parts.items():
        sizes[part] = len(content)
    if max(sizes.values()) > MAX_CONTENT or value_size(sizes.values()) > MAX_VALUE_BYTES:
        raise _too_large(max(sizes, key=lambda part: sizes[part]))


def value_size(contents: Iterable[int]) -> int:
    """Return the bytes of a Kafka value whose parts have contents of these sizes."""
    return sum(padded_size(2 + size) + _PART_OVERHEAD for size in contents)


def _too_large(part: str) -> InvalidEventError:
    path = f"data.{part}"
    return InvalidEventError("invalid.too-large", path, (Fault(code="invalid.too-large", path=path),))
