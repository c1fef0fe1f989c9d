"""Laws of the schemas, for whatever anyone may write."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from broker.validation.faults import code_of
from schemas.base import faults
from schemas.catalogue import KINDS, Reader
from schemas.people import check_digit
from tests.unit.schemas.samples import changed, codes, cover, example, kind

_NUMBERS = st.sampled_from([one.number for one in KINDS])
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
_SECRET = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF), min_size=4, max_size=20)
"""Letters that appear in nothing that we write."""


def _places(value: Any, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = [place for key, one in inner for place in _places(one, (*path, str(key)))]
    return [path, *found] if path else found


_PLACES = {one.number: _places(example(one.number)) for one in KINDS}


def unworded(found: set[str]) -> set[str]:
    """Return the codes of refusals that have no sentence of their own."""
    return {code for code in found if code_of(code) in {"invalid.field", "invalid.rule"}}


@given(data=st.data(), number=_NUMBERS, value=_JSON)
def test_whatever_stands_in_a_field_is_read_or_refused(data: st.DataObject, number: str, value: Any) -> None:
    """No JSON in any place makes a reader fail otherwise than by refusing."""
    place = data.draw(st.sampled_from(_PLACES[number]))
    assert unworded(codes(kind(number).draft, changed(example(number), **{"__".join(place): value}))) == set()


@given(bundle=_JSON, objects=st.lists(_JSON, max_size=3))
def test_whatever_stands_in_a_bundle_is_read_or_refused(bundle: Any, objects: list[Any]) -> None:
    """No JSON in or as a bundle makes the check fail otherwise than by refusing."""
    network = kind("E13").compartments["network"].__pydantic_validator__
    assert unworded(codes(network, {"bundle": bundle})) == set()
    for inner in objects:
        for name in ("id", "type", "identity_class", "object_marking_refs", "extensions", "target_ref", "source_ref"):
            for place in range(6):
                spoilt = changed(example("E13")["data"]["network"], **{f"bundle__objects__{place}__{name}": inner})
                assert unworded(codes(network, spoilt)) == set()


@given(data=st.data(), number=_NUMBERS, secret=_SECRET)
def test_no_value_ever_shows(data: st.DataObject, number: str, secret: str) -> None:
    """A value, or a name that the sender made up, is in no repr, no str, no error text and no fault."""
    place = data.draw(st.sampled_from(_PLACES[number]))
    as_name = data.draw(st.booleans())
    spoilt = changed(example(number), **{"__".join(place): {secret: secret} if as_name else secret})
    assert secret not in _shown(kind(number).draft, json.dumps(spoilt).encode())


def _shown(reader: Reader[Any], text: bytes) -> str:
    """All that a reader shows of a text, whether it takes it or not."""
    try:
        event = reader.validate_json(text)
    except ValidationError as error:
        return str(faults(error)) + "".join(fault["msg"] for fault in error.errors())
    return repr(event) + str(event) + repr(event.data) + repr(event.data.open)


@given(data=st.data(), number=_NUMBERS, name=st.text(min_size=1))
def test_an_unknown_field_is_refused_wherever_it_stands(data: st.DataObject, number: str, name: str) -> None:
    """Outside maps and bundles no object takes a field that its model has not."""
    document = example(number)
    objects = [
        place
        for place in _PLACES[number]
        if not {"params", "stixTypes", "bundle"} & set(place) and isinstance(_at(document, place), dict)
    ]
    place = data.draw(st.sampled_from(objects))
    _at(document, place)[f"x-{name}"] = 1
    assert codes(kind(number).draft, document) == {"extra_forbidden"}


def _at(document: Any, place: tuple[str, ...]) -> Any:
    for step in place:
        document = document[int(step)] if isinstance(document, list) else document[step]
    return document


@given(names=st.lists(st.from_regex(r"[a-z0-9](-?[a-z0-9]){0,7}", fullmatch=True), min_size=1, max_size=8))
def test_an_audience_is_sorted_and_unique_or_refused(names: list[str]) -> None:
    """A cover takes exactly the sorted audiences without repetition."""
    accepted = codes(kind("E07").cover, cover("E07", audience=" ".join(names))) == set()
    assert accepted is (names == sorted(set(names)))


@given(number=_NUMBERS)
def test_what_is_written_reads_the_same(number: str) -> None:
    """Reading what was written gives the same value, and writing it again the same bytes."""
    data = kind(number).draft.validate_json(json.dumps(example(number)).encode()).data
    again = type(data).model_validate_json(data.to_json())
    assert again == data
    assert again.to_json() == data.to_json()


@given(
    characters=st.text("0123456789", min_size=1, max_size=30),
    data=st.data(),
)
def test_a_wrong_digit_changes_the_check_digit(characters: str, data: st.DataObject) -> None:
    """Any one wrong digit is found: 7, 3 and 1 have no factor in common with 10 (ICAO 9303 part 3 §4.9)."""
    place = data.draw(st.integers(0, len(characters) - 1))
    other = data.draw(st.sampled_from([digit for digit in "0123456789" if digit != characters[place]]))
    assert check_digit(characters) != check_digit(characters[:place] + other + characters[place + 1 :])


@pytest.mark.parametrize("number", [one.number for one in KINDS])
def test_any_broken_byte_is_read_or_refused(number: str) -> None:
    """A cut-off draft is refused, wherever it is cut."""
    text = json.dumps(example(number)).encode()
    for end in range(0, len(text) - 1, 7):
        with pytest.raises(ValidationError):
            kind(number).draft.validate_json(text[:end])


@given(name=st.from_regex(r"(-[a-z0-9]{0,5}|[a-z0-9]{0,5}-)", fullmatch=True))
def test_an_agency_does_not_begin_or_end_in_a_hyphen(name: str) -> None:
    """The form of an agency's id is that of docs/wire.md §1, in an audience too."""
    assert codes(kind("E07").cover, cover("E07", audience=name)) != set()
