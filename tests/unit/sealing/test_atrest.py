"""What the node keeps to itself: opens under its own key, label and context alone."""

import pytest

from broker.errors import MisconfiguredError, StorageError
from broker.sealing.atrest import AtRest
from tests.vector_builder.world import Draws, derived

AT_REST = AtRest(derived("node key"), random=Draws("at rest"))
UNREADABLE = "store.unreadable"


@pytest.mark.parametrize("plaintext", [b"", b"isi", bytes(100_000)], ids=["empty", "short", "large"])
def test_what_is_sealed_opens_with_its_label_and_context(plaintext: bytes) -> None:
    """The same key, label and context give it back; the blob is 28 bytes longer."""
    blob = AT_REST.seal("draft", plaintext, b"context")
    assert len(blob) == len(plaintext) + 28
    assert AT_REST.open("draft", blob, b"context") == plaintext
    assert AtRest(derived("node key")).open("draft", blob, b"context") == plaintext


def test_nothing_else_opens_it() -> None:
    """Another node, label or context, one flipped bit, anything cut off or added."""
    blob = AT_REST.seal("draft", b"isi", b"context")
    assert refused(AtRest(derived("another node key")), "draft", blob, b"context") == UNREADABLE
    assert refused(AT_REST, "inbox", blob, b"context") == UNREADABLE
    assert refused(AT_REST, "draft", blob, b"") == UNREADABLE
    assert refused(AT_REST, "draft", blob + b"\0", b"context") == UNREADABLE
    for at in range(len(blob)):
        assert refused(AT_REST, "draft", blob[:at] + bytes([blob[at] ^ 1]) + blob[at + 1 :], b"context") == UNREADABLE
        assert refused(AT_REST, "draft", blob[:at], b"context") == UNREADABLE


def refused(at_rest: AtRest, label: str, blob: bytes, context: bytes) -> str:
    """Return the code with which it is refused; it must be."""
    with pytest.raises(StorageError) as caught:
        at_rest.open(label, blob, context)
    return caught.value.code


def test_each_label_has_a_secret_of_its_own() -> None:
    """Secrets differ by label and node, and are the same after a restart."""
    secrets = {AT_REST.secret("a"), AT_REST.secret("b"), AtRest(derived("another node key")).secret("a")}
    assert len(secrets) == 3
    assert AT_REST.secret("a") == AtRest(derived("node key")).secret("a")


def test_tags_find_and_tell_nothing_else() -> None:
    """The same fields give the same tag; no shift of bytes between fields does, nor another label."""
    tag = AT_REST.tag("person", b"ab", b"c")
    assert tag == AT_REST.tag("person", b"ab", b"c")
    assert len(tag) == 16
    others = [AT_REST.tag("person", b"a", b"bc"), AT_REST.tag("person", b"abc"), AT_REST.tag("case", b"ab", b"c")]
    assert tag not in others


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_a_node_key_of_another_length_stops_the_start(size: int) -> None:
    """The setting is named."""
    with pytest.raises(MisconfiguredError) as caught:
        AtRest(bytes(size))
    assert caught.value.code == "config.node-key"


def test_the_node_key_does_not_show_itself() -> None:
    """Neither in the representation of what holds it, nor of what derives from it."""
    assert derived("node key").hex() not in repr(AT_REST)
    assert repr(derived("node key")) not in repr(AT_REST)
