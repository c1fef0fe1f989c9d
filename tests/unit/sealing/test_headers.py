"""The nine headers and the leaf."""

from dataclasses import replace
from typing import Final

import pytest

from broker.errors import UntrustedError
from broker.names import AgencyId, Lane, Leaf, RecordId, Topic
from broker.sealing.encoding import parse_seal_unverified
from broker.sealing.headers import NAMES, encode_headers, leaf_of, parse_headers_unverified
from broker.stages import FetchedHeaders
from tests.vector_builder.bad import alert
from tests.vector_builder.forging import leaf_by_the_letter

RECORD_ID = RecordId("5f1b1a0e-6f0e-8c56-9d39-0b2f6a3f0001")


def headers(sequence: int = 1) -> FetchedHeaders:
    """Nine proper headers."""
    eight = encode_headers(
        record_id=RECORD_ID,
        source=AgencyId("polres"),
        lane=Lane(bytes(range(16))),
        sequence=sequence,
        previous=Leaf(bytes(32)),
    )
    return (*eight, ("ce_seal", b"AAAA"))


@pytest.mark.parametrize("sequence", [1, 9_999_999_999_999_999])
def test_headers_are_read_as_they_were_written(sequence: int) -> None:
    """From the first place in a stream to the last."""
    found = parse_headers_unverified(headers(sequence))
    assert (found.record_id, found.source, found.sequence) == (RECORD_ID, "polres", sequence)
    assert (found.lane, found.previous, found.seal) == (bytes(range(16)), bytes(32), b"AAAA")
    assert found.all == headers(sequence)
    assert tuple(name for name, _ in found.all) == NAMES


IMPROPER: Final = {"none": None, "empty": b"", "line feed": b"\n", "too long": b"A" * 8_193}
OF_THE_SEAL: Final = ("empty", "line feed")
"""What the headers leave to the Seal, whose own form is judged with it."""


@pytest.mark.parametrize(
    ("name", "how"), [(name, how) for name in NAMES for how in IMPROPER if name != "ce_seal" or how not in OF_THE_SEAL]
)
def test_a_header_without_a_proper_value_is_refused(name: str, how: str) -> None:
    """Kafka carries headers without values; they are refused like any other form that is wrong."""
    value = IMPROPER[how]
    assert refused(tuple((each, value if each == name else old) for each, old in headers())) == "untrusted.headers"


@pytest.mark.parametrize("how", OF_THE_SEAL)
def test_a_seal_without_a_proper_form_is_refused_with_the_seal(how: str) -> None:
    """Not by the headers, which hold any text there, but by what reads the Seal."""
    text = IMPROPER[how] or b""
    found = parse_headers_unverified(tuple((each, text if each == "ce_seal" else old) for each, old in headers()))
    with pytest.raises(UntrustedError) as caught:
        parse_seal_unverified(found.seal)
    assert caught.value.code == "untrusted.seal"


def test_no_value_can_borrow_from_the_next() -> None:
    """Values are matched together; a line feed in one of them cannot shift the others."""
    listed = list(headers())
    for at in range(7):
        joined = (listed[at][1] or b"") + b"\n" + (listed[at + 1][1] or b"")
        moved = [*listed]
        moved[at], moved[at + 1] = (NAMES[at], joined), (NAMES[at + 1], b"")
        assert refused(tuple(moved)) == "untrusted.headers"


def test_any_other_list_of_names_is_refused() -> None:
    """One missing, one twice, one unknown, two exchanged, none."""
    nine = headers()
    assert refused(()) == "untrusted.headers"
    assert refused((*nine, ("ce_time", b""))) == "untrusted.headers"
    for at in range(9):
        assert refused(nine[:at] + nine[at + 1 :]) == "untrusted.headers"
        assert refused(nine[: at + 1] + nine[at:]) == "untrusted.headers"
        assert refused((*nine[:at], (nine[at][0].upper(), nine[at][1]), *nine[at + 1 :])) == "untrusted.headers"
        if at < 8:
            assert refused((*nine[:at], *nine[at + 1 :], nine[at])) == "untrusted.headers"


def test_the_leaf_is_that_of_the_specification() -> None:
    """Made word by word from wire.md §6, the leaf is the same; with a record key, and with none of a value."""
    record = alert()
    for each in (
        record,
        replace(record, key=b""),
        replace(record, key=b"wrap/0"),
        replace(record, value=None),
        replace(record, value=b""),
        replace(record, topic=Topic("simpul.mail.a.b")),
    ):
        parsed = parse_headers_unverified(each.headers)
        assert leaf_of(each.topic, each.key, parsed.all, each.value) == leaf_by_the_letter(each)


def test_leaves_tell_null_from_empty() -> None:
    """Null and empty differ, for record key and value; no two of these records share a leaf."""
    record = alert()
    parsed = parse_headers_unverified(record.headers)
    leaves = {leaf_of(record.topic, key, parsed.all, value) for key in (None, b"", b"k") for value in (None, b"", b"v")}
    assert len(leaves) == 9


def test_the_seal_is_outside_of_the_leaf() -> None:
    """The leaf is signed by way of the seal, so it cannot hold it."""
    record = alert()
    parsed = parse_headers_unverified(record.headers)
    other = (*parsed.all[:-1], ("ce_seal", b"BBBB"))
    assert leaf_of(record.topic, None, other, record.value) == leaf_of(record.topic, None, parsed.all, record.value)


def refused(listed: FetchedHeaders) -> str:
    """Return the code with which it is refused; it must be."""
    with pytest.raises(UntrustedError) as caught:
        parse_headers_unverified(listed)
    return caught.value.code
