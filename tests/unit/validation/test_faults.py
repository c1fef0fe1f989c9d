"""The table of faults is total, and everything in it is registered."""

from __future__ import annotations

import ast
from importlib import resources
from typing import get_args

from pydantic_core.core_schema import ErrorType

from broker.codes import registry
from broker.validation.faults import PYDANTIC_CODES, RULES, code_of


def _rules_of_the_catalogue() -> set[str]:
    found = set()
    for file in resources.files("schemas").iterdir():
        if not file.name.endswith(".py"):
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "refuse":
                assert isinstance(node.args[0], ast.Constant)
                found.add(str(node.args[0].value))
    return found


def test_every_kind_of_error_that_pydantic_has_is_in_the_table() -> None:
    """A pydantic that grows a new kind fails here, not in front of a person."""
    assert set(get_args(ErrorType)) - set(PYDANTIC_CODES) == set()


def test_every_rule_of_the_catalogue_is_in_the_table() -> None:
    """A rule added to the catalogue needs its sentences."""
    rules = _rules_of_the_catalogue()
    assert len(rules) > 20
    assert rules - RULES == set()
    assert RULES - rules == set()


def test_every_code_is_registered() -> None:
    """Each code that validation can give has its sentences in both languages."""
    codes = {code_of(kind) for kind in (*PYDANTIC_CODES, *RULES, "a kind of the future")}
    assert codes - set(registry()) == set()
    for code, text in registry().items():
        if code.startswith("invalid.") and text.station == "check":
            assert all((text.id, text.en, text.do_id, text.do_en))


def test_what_is_unknown_still_gets_a_code() -> None:
    """The table is total."""
    assert code_of("a kind of the future") == "invalid.rule"
    assert code_of("missing") == "invalid.missing"
    assert code_of("mrz_check_digit") == "invalid.mrz-check-digit"
