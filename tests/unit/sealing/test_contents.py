"""What an opened part holds: JSON with one meaning, then a value of the catalogue; refusals tell nothing of it."""

import traceback

import pytest

from broker.errors import InvalidEventError
from broker.sealing.contents import read_compartment, read_cover, require_rules
from schemas.alert import AlertIssuedNarrative
from schemas.catalogue import find
from tests.vector_builder.writing import short_alert

COVER = short_alert("imigrasi-bengkulu").cover
NARRATIVE = short_alert("imigrasi-bengkulu").parts["narrative"]
ALERT = find("id.simpul.alert.issued.v1")
SECRET = b"Siti Rahmawati"


def test_a_cover_and_a_compartment_are_read() -> None:
    """The kind, the model and the members as they stand."""
    kind, cover, members = read_cover(COVER)
    assert (kind.number, cover.data.parts, members["priority"]) == ("E07", ("narrative", "place"), "P0")
    assert isinstance(read_compartment(NARRATIVE, kind, "narrative", kind.dataschema), AlertIssuedNarrative)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b" \n" + COVER.replace(b",", b" ,\t"), id="white space"),
        pytest.param(COVER.replace(b'"tlp"', b'"\\u0074lp"'), id="an escape in a name"),
        pytest.param(COVER.replace(b"17.09", b"\\u0031\\u0037.09"), id="an escape in a value"),
    ],
)
def test_json_may_be_written_in_any_way(text: bytes) -> None:
    """Another writer's white space and escapes are no fault."""
    assert read_cover(text)[2]["area"] == "17.09"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"null", id="null"),
        pytest.param(b"7", id="number"),
        pytest.param(b'"id.simpul.alert.issued.v1"', id="text"),
        pytest.param(b'["type"]', id="list"),
        pytest.param(b"{}", id="no type"),
        pytest.param(b'{"type":null}', id="null type"),
        pytest.param(b'{"type":{}}', id="type that is an object"),
        pytest.param(b'{"type":"id.simpul.alert.issued.v1"}', id="type alone"),
        pytest.param(COVER + b"x", id="text after it"),
        pytest.param(b"\xef\xbb\xbf" + COVER, id="byte order mark"),
        pytest.param(COVER.decode().encode("utf-16"), id="UTF-16"),
        pytest.param(COVER.replace(b"17.09", b"\xff"), id="not UTF-8"),
        pytest.param(COVER.replace(b"17.09", b"\xed\xa0\x80"), id="a surrogate in UTF-8"),
        pytest.param(COVER.replace(b"17.09", b"\\ud800"), id="half of a pair"),
        pytest.param(COVER.replace(b'"area":"17.09"', b'"area":NaN'), id="NaN"),
        pytest.param(COVER.replace(b'"area":"17.09"', b'"area":' + b"9" * 5_000), id="a number of 5,000 digits"),
        pytest.param(COVER.replace(b'"area":"17.09"', b'"area":1e999'), id="a number beyond all"),
        pytest.param(COVER.replace(b'"area":"17.09"', b'"area":"17.09","area":"17.09"'), id="a name twice"),
        pytest.param(COVER.replace(b'"area":"17.09"', b'"\\u0061rea":"17.71","area":"17.09"'), id="twice, escaped"),
        pytest.param(COVER.replace(b'"open":{', b'"open":{"nexus":"none",'), id="a name twice inside"),
        pytest.param(b"[" * 16_000 + b"]" * 16_000, id="lists in lists"),
        pytest.param(b'{"a":' * 6_000 + b"1" + b"}" * 6_000, id="objects in objects"),
        pytest.param(b'{"type":' + b"[" * 300 + b"]" * 300 + b"}", id="deeper than is written"),
        pytest.param(b'{"type":' + b"[" * 900 + b"]" * 900 + b', "a":1,"a":2}', id="deep, and a name twice"),
    ],
)
def test_whatever_is_no_cover_is_refused(text: bytes) -> None:
    """Always with the one code, whichever parser stumbles first."""
    with pytest.raises(InvalidEventError) as caught:
        read_cover(text)
    assert caught.value.code == "invalid.cover"
    with pytest.raises(InvalidEventError) as caught:
        read_compartment(text, ALERT, "narrative", ALERT.dataschema)
    assert caught.value.code == "invalid.compartment"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(COVER.replace(b'"area"', b'"' + SECRET + b'"'), id="a name that came from outside"),
        pytest.param(COVER.replace(b"17.09", SECRET), id="a value"),
        pytest.param(COVER.replace(b"id.simpul.alert.issued.v1", SECRET), id="a type"),
        pytest.param(COVER.replace(b'"narrative"', b'"' + SECRET + b'"'), id="a part"),
        pytest.param(COVER.replace(b'"area"', b'"%b":1,"%b"' % (SECRET, SECRET)), id="a name twice"),
        pytest.param(COVER + SECRET, id="no JSON"),
    ],
)
def test_a_refusal_tells_nothing_of_what_it_refuses(text: bytes) -> None:
    """Neither the error nor anything that it was raised from, in the traceback or behind it."""
    with pytest.raises(InvalidEventError) as caught:
        read_cover(text)
    error = caught.value
    assert error.__cause__ is None
    assert error.__context__ is None
    shown = "".join(traceback.format_exception(error)) + repr(error) + repr(error.faults)
    assert SECRET.decode() not in shown


def test_a_refusal_names_the_field() -> None:
    """The path of the field, as far as the catalogue knows its name; never what the sender called it."""
    with pytest.raises(InvalidEventError) as caught:
        read_cover(COVER.replace(b'"P0"', b'"P9"').replace(b'"area"', b'"' + SECRET + b'"'))
    assert {fault.path for fault in caught.value.faults} == {"priority", "?"}
    assert {fault.code for fault in caught.value.faults} == {"invalid.cover"}


@pytest.mark.parametrize("dataschema", [ALERT.dataschema, "urn:simpul:schema:sha256:" + "ab" * 32])
def test_parts_obey_the_rules_that_bind_them_together(dataschema: str) -> None:
    """A source that asked no rule is found out by whoever opens all parts of the type, of whatever release they are."""
    kind, cover, _ = read_cover(COVER.replace(ALERT.dataschema.encode(), dataschema.encode()))
    answer = b'{"ackBy":"immigration","ackState":"acting"}'
    honest, false = (read_compartment(text, kind, "narrative", dataschema) for text in (NARRATIVE, answer))
    require_rules(kind, cover.data.open, {"narrative": honest})
    require_rules(kind, cover.data.open, {})  # nobody can judge by half
    with pytest.raises(InvalidEventError) as caught:
        require_rules(kind, cover.data.open, {"narrative": false})
    error = caught.value
    assert (error.code, [fault.path for fault in error.faults]) == ("invalid.compartment", ["data"])
    assert error.__cause__ is None
    assert error.__context__ is None
