"""Every code that is raised is registered, every registered code is raised, and each speaks both languages."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from broker import errors
from broker.codes import CodeText, registry, text_of
from broker.validation.faults import code_of
from tests.rule_codes import all_rules

ROOT: Final = Path(__file__).parents[3]
ROOMS: Final = ("broker", "adapters")
ERRORS: Final = frozenset(
    name for name, each in vars(errors).items() if isinstance(each, type) and issubclass(each, errors.SimpulError)
)
FORM: Final = re.compile(r"[a-z]+\.[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
FILE: Final = re.compile(r"`|[a-z]+\.toml |simpul ")
STATIONS: Final = frozenset(
    "start check clear seal publish transport fetch unseal stream admit deliver store map command demo".split()  # noqa: SIM905
)

NOT_CODES: Final[dict[str, str]] = {
    # A text of a code's form and of a known group that is none, and what it is.
    "kafka.log": "the file that Kafka's own program writes into",
    "kafka.out": "a file in which Kafka's own program writes what it prints",
    "keys.db": "a file of the node's store",
}
RAISED_ELSEWHERE: Final[dict[str, str]] = {
    # A registered code that stands in no module, and why.
}


@cache
def modules() -> dict[Path, ast.Module]:
    """Every module of our packages, parsed."""
    return {path: ast.parse(path.read_bytes()) for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))}


def calls(tree: ast.Module) -> Iterator[tuple[str, ast.Call]]:
    """Every call by name: `UntrustedError(…)`, `errors.UntrustedError(…)`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            yield (node.func.id if isinstance(node.func, ast.Name) else node.func.attr), node


def codes_of(call: ast.Call, name: str) -> Iterator[ast.expr]:
    """What a call gives as a code: the first argument of an error, and whatever is called `code`."""
    if name in ERRORS and call.args:
        yield call.args[0]
    yield from (keyword.value for keyword in call.keywords if keyword.arg == "code")


def leaves(given: ast.expr) -> Iterator[ast.expr]:
    """The branches of `a if … else b` and of `a or b`."""
    if isinstance(given, ast.IfExp):
        yield from leaves(given.body)
        yield from leaves(given.orelse)
    elif isinstance(given, ast.BoolOp):
        for each in given.values:
            yield from leaves(each)
    else:
        yield given


def given_codes() -> Iterator[tuple[Path, ast.expr]]:
    """Every expression that is given as a code, and where."""
    for path, tree in modules().items():
        for name, call in calls(tree):
            for given in codes_of(call, name):
                yield from ((path, leaf) for leaf in leaves(given))


def texts(tree: ast.Module) -> Iterator[str]:
    """Every text of a module that is no docstring and stands alone."""
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value


def said() -> set[str]:
    """Every text of our modules, and the codes that validation makes of the names of the catalogue's rules."""
    return {text for tree in modules().values() for text in texts(tree)} | {code_of(rule) for rule in all_rules()}


def groups() -> frozenset[str]:
    """What stands before the dot in any registered code."""
    return frozenset(code.partition(".")[0] for code in registry())


def where(path: Path, code: str) -> str:
    """A line that says what is missing."""
    return f"{path.relative_to(ROOT)}: {code}"


def test_every_code_that_is_raised_is_registered() -> None:
    """What is given to an error, a fault, a finding or a refusal as its code stands in the registry."""
    found = [
        (path, given.value)
        for path, given in given_codes()
        if isinstance(given, ast.Constant) and isinstance(given.value, str) and given.value
    ]
    assert len(found) > 100
    assert sorted({where(path, code) for path, code in found if code not in registry()}) == []


def test_every_text_of_the_form_of_a_code_is_registered() -> None:
    """Codes that reach an error by way of a table or a function are found by their form and group."""
    strays = {
        where(path, text)
        for path, tree in modules().items()
        for text in texts(tree)
        if FORM.fullmatch(text) and text.partition(".")[0] in groups()
        if text not in registry() and text not in NOT_CODES
    }
    assert sorted(strays) == []


def test_no_code_is_put_together() -> None:
    """A code stands in one piece where it is given, so that it can be searched for."""
    built = {
        f"{path.relative_to(ROOT)}:{given.lineno}"
        for path, given in given_codes()
        if isinstance(given, ast.JoinedStr | ast.BinOp)
    }
    assert sorted(built) == []


def test_every_registered_code_is_raised() -> None:
    """A code that stands in no module is a promise that nothing keeps."""
    assert sorted(set(registry()) - said() - set(RAISED_ELSEWHERE)) == []


def test_every_exception_to_these_rules_is_needed() -> None:
    """What is excused here exists, and gives its reason."""
    assert {text for text in NOT_CODES if text not in said() or text in registry()} == set()
    assert {code for code in RAISED_ELSEWHERE if code not in registry() or code in said()} == set()
    assert all(NOT_CODES.values())
    assert all(RAISED_ELSEWHERE.values())


@pytest.mark.parametrize("code", sorted(registry()))
def test_a_code_speaks_both_languages(code: str) -> None:
    """A sentence and what to do, in Indonesian and in English, without a place for a value."""
    text = text_of(code)
    assert FORM.fullmatch(code)
    assert text.station in STATIONS
    sentences = [text.id, text.en, text.do_id, text.do_en]
    for sentence in sentences:
        assert sentence == sentence.strip()
        assert sentence.endswith((".", "?"))
        assert sentence[0].isupper() or FILE.match(sentence)
        assert not re.search(r"[{}%]|\n", sentence)
    assert text.id != text.en
    assert text.do_id != text.do_en


def test_the_codes_of_the_wire_are_registered() -> None:
    """Every row of wire.md §11."""
    page = (ROOT / "docs" / "wire.md").read_text(encoding="utf-8")
    table = page.split("## 11. Codes")[1].split("## 12.")[0]
    rows = re.findall(r"^\| (`.*?) \|", table, flags=re.MULTILINE)
    codes = [code for row in rows for code in re.findall(r"`([a-z.-]+)`", row)]
    assert len(codes) >= 17
    assert [code for code in codes if code not in registry()] == []


def test_no_code_is_registered_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two files with the same code stop the registry."""
    row = 'station = "start"\nid = "a"\nen = "b"\ndo_id = "c"\ndo_en = "d"\n'
    for name in ("one.toml", "two.toml"):
        (tmp_path / name).write_text(f'["config.same"]\n{row}', encoding="utf-8")
    monkeypatch.setattr("broker.codes.resources.files", lambda _: tmp_path)
    registry.cache_clear()
    try:
        with pytest.raises(ValueError, match=r"config\.same is registered twice"):
            registry()
        (tmp_path / "two.toml").unlink()
        assert registry()["config.same"] == CodeText(
            code="config.same", station="start", id="a", en="b", do_id="c", do_en="d"
        )
    finally:
        monkeypatch.undo()
        registry.cache_clear()


def test_no_error_is_raised_without_a_code() -> None:
    """Every call of an error class gives a code."""
    without = {
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for path, tree in modules().items()
        for name, call in calls(tree)
        if name in ERRORS and not list(codes_of(call, name))
    }
    assert sorted(without) == []
