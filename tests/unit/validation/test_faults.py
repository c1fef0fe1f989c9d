"""The table of faults is total, and everything in it is registered."""

from __future__ import annotations

from typing import get_args

from pydantic_core.core_schema import ErrorType

from broker.codes import registry
from broker.validation.faults import PYDANTIC_CODES, code_of
from tests.rule_codes import all_rules


def test_every_kind_of_error_that_pydantic_has_is_in_the_table() -> None:
    """A pydantic that grows a new kind fails here, not in front of a person."""
    assert set(get_args(ErrorType)) - set(PYDANTIC_CODES) == set()


def test_every_rule_of_the_catalogue_has_its_text() -> None:
    """A rule added to the catalogue needs its sentences, and is called as no error of pydantic is."""
    assert {"audience_order", "mrz_number", "repeats", "stats_cell"} <= all_rules()
    assert {rule for rule in all_rules() if code_of(rule) != f"invalid.{rule.replace('_', '-')}"} == set()
    assert all_rules().isdisjoint(get_args(ErrorType))


def test_every_code_is_registered() -> None:
    """Each code that validation can give has its sentences in both languages."""
    codes = {code_of(kind) for kind in (*PYDANTIC_CODES, *all_rules(), "a kind of the future")}
    assert codes - set(registry()) == set()
    for code, text in registry().items():
        if code.startswith("invalid.") and text.station == "check":
            assert all((text.id, text.en, text.do_id, text.do_en))


def test_what_is_unknown_still_gets_a_code() -> None:
    """The table is total."""
    assert code_of("a kind of the future") == "invalid.rule"
    assert code_of("missing") == "invalid.missing"
    assert code_of("mrz_check_digit") == "invalid.mrz-check-digit"
