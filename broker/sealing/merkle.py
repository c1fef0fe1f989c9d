"""The Merkle tree over the records that leave together (RFC 9162 §2.1), at most 256 leaves.

The leaves given here are already hashes with the 0x00 prefix of RFC 9162; inner nodes are `SHA-256(0x01 ‖ left ‖
right)`.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Final

from broker.errors import UntrustedError

if TYPE_CHECKING:
    from collections.abc import Sequence

_HASH: Final = 32

Climbed = dict[int, tuple[int, bytes, bytes]]
"""The last way that led up to a root: on each level the node, its hash, and what was left of the path."""


def tree(leaves: Sequence[bytes]) -> tuple[bytes, list[bytes]]:
    """Return the root, and for each leaf its inclusion path (the hashes one after the other).

    Args:
        leaves: 1 to 256 leaf hashes of 32 bytes.
    """
    levels: list[list[bytes]] = [list(leaves)]
    while len(levels[-1]) > 1:
        below = levels[-1]
        above = [sha256(b"\x01" + below[at] + below[at + 1]).digest() for at in range(0, len(below) - 1, 2)]
        if len(below) % 2:
            above.append(below[-1])  # the odd one moves up unhashed: the split of RFC 9162 at the largest power of two
        levels.append(above)
    return levels[-1][0], [_path(levels, index) for index in range(len(leaves))]


def _path(levels: list[list[bytes]], index: int) -> bytes:
    siblings = []
    for level in levels[:-1]:
        beside = index ^ 1
        if beside < len(level):
            siblings.append(level[beside])
        index >>= 1
    return b"".join(siblings)


def verify_inclusion(
    leaf: bytes, *, index: int, size: int, path: bytes, root: bytes, climbed: Climbed | None = None
) -> None:
    """Check that `leaf` stands at `index` of the tree with that `size` and `root` (RFC 9162 §2.1.3.2).

    Args:
        leaf: the record's.
        index: where the seal says that it stands.
        size: how many leaves the signed statement says that there are.
        path: what the seal gives, the hashes one after the other.
        root: of the signed statement.
        climbed: what earlier calls for this size and root have left behind; this call adds to it.

    Raises:
        UntrustedError: `untrusted.path` where it does not, or where the path is longer or shorter than it must be.
    """
    node, last = index, size - 1
    if not 0 <= node <= last:
        raise UntrustedError("untrusted.path", "the index is outside the batch")
    climbed = {} if climbed is None else climbed
    found = leaf
    steps: Climbed = {}
    for at in range(0, len(path), _HASH):
        while node == last and node & 1 == 0 and node:
            node >>= 1
            last >>= 1
        if last == 0:
            raise UntrustedError("untrusted.path", "the path is too long")
        sibling = path[at : at + _HASH]
        found = sha256(b"\x01" + sibling + found if node & 1 else b"\x01" + found + sibling).digest()
        node >>= 1
        last >>= 1
        step = (node, found, path[at + _HASH :])
        if climbed.get(last) == step:  # from here another record went the very same way, to the root
            climbed.update(steps)
            return
        steps[last] = step
    if last != 0 or found != root:
        raise UntrustedError("untrusted.path", "the record is not in the batch that was signed")
    climbed.update(steps)
