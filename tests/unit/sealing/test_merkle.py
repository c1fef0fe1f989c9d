"""The tree against a recursive reading of RFC 9162 §2.1, and paths that must not hold."""

from hashlib import sha256

import pytest

from broker.errors import UntrustedError
from broker.limits import MAX_BATCH
from broker.sealing import merkle
from broker.sealing.merkle import Climbed, tree, verify_inclusion

LEAVES = [sha256(bytes([at])).digest() for at in range(MAX_BATCH)]
ABSENT = "untrusted.path"


def reference_root(leaves: list[bytes]) -> bytes:
    """MTH of RFC 9162 §2.1.1, of leaves that are hashed already."""
    if len(leaves) == 1:
        return leaves[0]
    split = largest_power_below(len(leaves))
    return sha256(b"\x01" + reference_root(leaves[:split]) + reference_root(leaves[split:])).digest()


def reference_path(index: int, leaves: list[bytes]) -> bytes:
    """PATH of RFC 9162 §2.1.3.1."""
    if len(leaves) == 1:
        return b""
    split = largest_power_below(len(leaves))
    if index < split:
        return reference_path(index, leaves[:split]) + reference_root(leaves[split:])
    return reference_path(index - split, leaves[split:]) + reference_root(leaves[:split])


def largest_power_below(size: int) -> int:
    """The largest power of two smaller than `size`."""
    power = 1
    while power * 2 < size:
        power *= 2
    return power


@pytest.mark.parametrize("size", range(1, MAX_BATCH + 1))
def test_root_and_paths_are_those_of_the_rfc(size: int) -> None:
    """Root and every inclusion path agree with the recursive definition, for every size there is."""
    leaves = LEAVES[:size]
    root, paths = tree(leaves)
    assert root == reference_root(leaves)
    probed = range(size) if size <= 40 else {0, 1, size // 2, size - 2, size - 1}
    for index in probed:
        assert paths[index] == reference_path(index, leaves)
    for index in range(size):
        verify_inclusion(leaves[index], index=index, size=size, path=paths[index], root=root)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 13, 33])
def test_a_path_holds_for_one_leaf_at_one_index_of_one_tree(size: int) -> None:
    """No other index, leaf or root is taken, nor a path that is longer or shorter."""
    root, paths = tree(LEAVES[:size])
    for index, path in enumerate(paths):
        for other in set(range(size + 2)) - {index}:
            assert refused(LEAVES[index], index=other, size=size, path=path, root=root) == ABSENT
        assert refused(LEAVES[index + 1], index=index, size=size, path=path, root=root) == ABSENT
        assert refused(LEAVES[index], index=index, size=size, path=path, root=sha256(root).digest()) == ABSENT
        assert refused(LEAVES[index], index=index, size=size, path=path + bytes(32), root=root) == ABSENT
        if path:
            assert refused(LEAVES[index], index=index, size=size, path=path[:-32], root=root) == ABSENT
            assert refused(LEAVES[index], index=index, size=size, path=path[32:], root=root) == ABSENT


@pytest.mark.parametrize("size", [2, 3, 5, 8])
def test_an_inner_node_is_no_leaf(size: int) -> None:
    """The root of a tree does not pass for the leaf of a batch of one, nor a node for a leaf of a smaller tree."""
    root, paths = tree(LEAVES[:size])
    node = sha256(b"\x01" + LEAVES[0] + LEAVES[1]).digest()
    assert refused(node, index=0, size=size, path=paths[0][32:], root=root) == ABSENT


@pytest.mark.parametrize(
    ("index", "size"),
    [
        pytest.param(-1, 1, id="before the first"),
        pytest.param(1, 1, id="behind the last"),
        pytest.param(0, 0, id="none"),
    ],
)
def test_an_index_outside_of_the_batch_is_refused(index: int, size: int) -> None:
    """An index must be one of the batch."""
    assert refused(LEAVES[0], index=index, size=size, path=b"", root=LEAVES[0]) == ABSENT


@pytest.mark.parametrize("size", [2, 3, 5, 13, 64])
def test_no_byte_of_a_path_may_change_after_others_have_climbed(size: int) -> None:
    """What is remembered of a tree takes no other path, no other leaf and no other index than without it."""
    root, paths = tree(LEAVES[:size])
    climbed: Climbed = {}
    for index, path in enumerate(paths):
        verify_inclusion(LEAVES[index], index=index, size=size, path=path, root=root, climbed=climbed)
        before = dict(climbed)
        for at in range(len(path)):
            changed = path[:at] + bytes([path[at] ^ 1]) + path[at + 1 :]
            assert refused(LEAVES[index], index=index, size=size, path=changed, root=root, climbed=climbed) == ABSENT
        assert (
            refused(LEAVES[index], index=index, size=size, path=path + bytes(32), root=root, climbed=climbed) == ABSENT
        )
        assert refused(LEAVES[index], index=index, size=size, path=path[:-32], root=root, climbed=climbed) == ABSENT
        assert refused(LEAVES[index], index=index ^ 1, size=size, path=path, root=root, climbed=climbed) == ABSENT
        assert refused(LEAVES[index + 1], index=index, size=size, path=path, root=root, climbed=climbed) == ABSENT
        assert climbed == before, "what was refused leaves nothing behind"


def test_records_that_follow_one_another_climb_only_to_where_their_ways_meet(monkeypatch: pytest.MonkeyPatch) -> None:
    """All 256 records of a batch together take less than two hashes a record, not eight."""
    hashed = []

    def counting(content: bytes) -> object:
        hashed.append(content)
        return sha256(content)

    root, paths = tree(LEAVES)
    monkeypatch.setattr(merkle, "sha256", counting)
    climbed: Climbed = {}
    for index, path in enumerate(paths):
        verify_inclusion(LEAVES[index], index=index, size=MAX_BATCH, path=path, root=root, climbed=climbed)
    assert len(hashed) < 2.1 * MAX_BATCH
    assert len(climbed) == 8


def refused(leaf: bytes, *, index: int, size: int, path: bytes, root: bytes, climbed: Climbed | None = None) -> str:
    """Return the code with which it is refused; it must be."""
    with pytest.raises(UntrustedError) as caught:
        verify_inclusion(leaf, index=index, size=size, path=path, root=root, climbed=climbed)
    return caught.value.code
