"""JSON with one meaning: written in any way, but no name twice, and nothing that is not JSON."""

import pytest

from broker import strict_json


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param(b'{"a":{"b":1},"b":[{"b":2}]}', {"a": {"b": 1}, "b": [{"b": 2}]}, id="compact"),
        pytest.param(b' {\n"a" : "\\u0062" }', {"a": "b"}, id="white space and an escape"),
        pytest.param(b'{"a":1.50}', {"a": 1.5}, id="a number in another spelling"),
        pytest.param(b'[1,"a",null]', [1, "a", None], id="no object"),
    ],
)
def test_one_meaning_is_read_however_it_is_written(text: bytes, value: object) -> None:
    """Only the meaning counts, not the spelling."""
    assert strict_json.parse(text) == value


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b'{"a":1,"a":1}', id="the same value"),
        pytest.param(b'{"a":1,"\\u0061":2}', id="once in disguise"),
        pytest.param(b'[{"b":[{"a":1,"c":2,"a":3}]}]', id="far inside"),
    ],
)
def test_a_name_twice_is_refused(text: bytes) -> None:
    """At any depth, and however it is spelt."""
    with pytest.raises(strict_json.NameTwiceError):
        strict_json.parse(text)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\xef\xbb\xbf{}", id="a byte order mark"),
        pytest.param(b'{"rahasia":NaN}', id="NaN"),
        pytest.param(b'{"rahasia":"\xff"}', id="invalid UTF-8"),
        pytest.param(b'{"rahasia":"\\ud800"}', id="a lone surrogate"),
        pytest.param(b"[" * 300 + b"]" * 300, id="deep"),
        pytest.param(b"[" * 30_000 + b"]" * 30_000, id="very deep"),
    ],
)
def test_what_is_no_json_is_refused(text: bytes) -> None:
    """With an error that says nothing of the text, and has nothing behind it that does."""
    with pytest.raises(strict_json.NotJsonError) as caught:
        strict_json.parse(text)
    assert not caught.value.args
    assert caught.value.__context__ is None
