"""What a record may be at most: the numbers of docs/wire.md §12, each written here and nowhere else."""

from __future__ import annotations

from typing import Final

MAX_VALUE_BYTES: Final = 65_536
MAX_HEADER_BYTES: Final = 8_192
"""Of the value of any header."""

MAX_PARTS: Final = 8
MIN_PLAINTEXT: Final = 256
MAX_PLAINTEXT: Final = 32_768
"""Of a Part, in bytes, padded."""

MAX_CONTENT: Final = MAX_PLAINTEXT - 2
"""Of a Part, in bytes: its plaintext begins with a uint16 length."""

MAX_BATCH: Final = 256
"""Records that are signed together."""

MAX_PATH_BYTES: Final = 512
MAX_PAYLOAD_BYTES: Final = 4_096
MAX_HPKE_BYTES: Final = 4_096


def padded_size(size: int) -> int:
    """Return the power of two, from 256 to 32,768, that a Part's plaintext of `size` bytes is padded to."""
    return int(1 << (size - 1 | MIN_PLAINTEXT - 1).bit_length())
