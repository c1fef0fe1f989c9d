"""The parents of every model: strict, frozen, silent."""

from typing import Annotated, cast, get_args

import pytest
from pydantic import Field, TypeAdapter, ValidationError

from schemas.base import Envelope, EventData, Fault, Maybe, Model, OpenPart, faults, refuse
from schemas.scalars import Unique, Yes


class _Inner(Model):
    given_name: str
    nick_name: Maybe[str] = None


class _Outer(Model):
    inner: _Inner
    count: Maybe[Annotated[int, Field(ge=0)]] = None
    notes: Maybe[dict[str, int]] = None


def _fault_codes(text: str) -> tuple[Fault, ...]:
    with pytest.raises(ValidationError) as caught:
        _Outer.model_validate_json(text)
    return faults(caught.value)


def test_json_names_are_camel_case() -> None:
    """A field is read and written under its camelCase name."""
    value = _Outer.model_validate_json('{"inner":{"givenName":"Sari"}}')
    assert value.inner.given_name == "Sari"
    assert value.to_json() == b'{"inner":{"givenName":"Sari"}}'


def test_what_is_present_is_written() -> None:
    """A field that may be absent is written when it is there."""
    text = b'{"inner":{"givenName":"Sari","nickName":"S"},"count":0,"notes":{"a":1}}'
    assert _Outer.model_validate_json(text).to_json() == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param('{"inner":{"given_name":"S"}}', "extra_forbidden", id="python name"),
        pytest.param('{"inner":{"givenName":"S"},"more":1}', "extra_forbidden", id="unknown field"),
        pytest.param('{"inner":{"givenName":1}}', "string_type", id="number for text"),
        pytest.param('{"inner":{"givenName":"S"},"count":"1"}', "int_type", id="text for number"),
        pytest.param('{"inner":{"givenName":"S"},"count":1.0}', "int_type", id="fraction for number"),
        pytest.param('{"inner":{"givenName":"S"},"count":true}', "int_type", id="truth for number"),
        pytest.param('{"inner":{"givenName":"S"},"count":null}', "int_type", id="null"),
        pytest.param('{"inner":{"givenName":"S"},"count":-1}', "greater_than_equal", id="constraint within Maybe"),
        pytest.param('{"inner":{}}', "missing", id="missing field"),
        pytest.param('{"inner":{"givenName":"S"}', "json_invalid", id="broken JSON"),
    ],
)
def test_nothing_is_coerced_or_ignored(text: str, expected: str) -> None:
    """Whatever the schema does not say is refused."""
    assert expected in {fault.code for fault in _fault_codes(text)}


def test_a_value_is_frozen() -> None:
    """No field of a value can be set."""
    value = _Inner.model_validate_json('{"givenName":"Sari"}')
    with pytest.raises(ValidationError):
        value.given_name = "Rini"  # type: ignore[misc]


def test_a_value_shows_its_class_only() -> None:
    """Neither repr, str, format nor the error's text shows a value."""
    value = _Outer.model_validate_json('{"inner":{"givenName":"CONTOHSATU"}}')
    assert (repr(value), str(value), f"{value}") == ("_Outer", "_Outer", "_Outer")
    assert list(value.__repr_args__()) == []
    with pytest.raises(ValidationError) as caught:
        _Outer.model_validate_json('{"inner":{"givenName":"S"},"count":"CONTOHSATU"}')
    assert "CONTOHSATU" not in str(caught.value)
    assert "CONTOHSATU" not in repr(caught.value)


def test_faults_repeat_no_name_that_came_from_outside() -> None:
    """An unknown field and a key of a map become a question mark; our own names and places stay."""
    assert _fault_codes('{"inner":{"CONTOHSATU":1,"givenName":"S"}}') == (Fault("inner.?", "extra_forbidden"),)
    assert _fault_codes('{"inner":{"givenName":"S"},"notes":{"CONTOHSATU":"x"}}') == (Fault("notes.?", "int_type"),)


def test_maybe_is_for_what_may_be_absent() -> None:
    """A Maybe around what is never None is a mistake of ours, found when the model is made."""
    with pytest.raises(TypeError, match="may be absent"):
        TypeAdapter(Annotated[str, get_args(Maybe)[1]])


def test_a_plain_event_answers_nothing_and_concerns_nobody() -> None:
    """The defaults: no answer, no person, nothing to check."""
    plain = EventData.model_validate_json('{"open":{}}')
    assert isinstance(plain.open, OpenPart)
    assert (plain.is_answer(), plain.person_ref()) == (False, None)
    plain.check()
    plain.open.check()
    plain.open.check_envelope(cast("Envelope", None))


def test_refuse_gives_code_and_sentence() -> None:
    """A refusal has a stable code, and a sentence of ours."""
    with pytest.raises(ValueError, match="No value") as caught:
        refuse("a_code", "No value here.")
    assert getattr(caught.value, "type", None) == "a_code"


@pytest.mark.parametrize("said", ["1", "1.0", "false", '"true"', "null"])
def test_what_can_only_be_affirmed_is_true_and_nothing_like_it(said: str) -> None:
    """Not even the number that Python takes for true."""
    adapter: TypeAdapter[bool] = TypeAdapter(Yes)
    assert adapter.validate_json("true", strict=True) is True
    with pytest.raises(ValidationError):
        adapter.validate_json(said, strict=True)


class _Pair(Model):
    left: int
    right: int = 0


class _Lists(Model):
    plain: Annotated[tuple[_Pair, ...], Unique()] = ()
    by_left: Annotated[tuple[_Pair, ...], Unique(by=("left",))] = ()
    by_both: Annotated[tuple[_Pair, ...], Unique(by=("left", "right"))] = ()


@pytest.mark.parametrize(
    ("field", "items", "fault"),
    [
        pytest.param("plain", '[{"left":1},{"left":1,"right":1}]', None, id="alike in part"),
        pytest.param("plain", '[{"left":1},{"left":1,"right":0}]', "plain", id="the same, once with what is assumed"),
        pytest.param("byLeft", '[{"left":1},{"left":2}]', None, id="not alike"),
        pytest.param("byLeft", '[{"left":1},{"left":1,"right":1}]', "byLeft", id="alike in what counts"),
        pytest.param("byBoth", '[{"left":1},{"left":1,"right":1}]', None, id="not alike in both"),
        pytest.param("byBoth", '[{"left":1},{"left":1}]', "byBoth", id="alike in both"),
    ],
)
def test_a_list_repeats_nothing(field: str, items: str, fault: str | None) -> None:
    """No item twice, or none alike in the fields that are named; the fault names the list."""
    text = f'{{"{field}":{items}}}'
    if fault is None:
        _Lists.model_validate_json(text)
    else:
        with pytest.raises(ValidationError) as caught:
            _Lists.model_validate_json(text)
        assert faults(caught.value) == (Fault(path=fault, code="repeats"),)
    published = _Lists.model_json_schema()["properties"][field]
    assert published["uniqueItems"] is True
