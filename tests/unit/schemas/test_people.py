"""People and their travel documents."""

from typing import Any

import pytest

from schemas.catalogue import KINDS
from schemas.people import Checks, Person, TravelDocument, check_digit, mrz_checks
from tests.unit.schemas.samples import GONE, changed, codes

_LINE_1 = "P<IDNCONTOHDUA<<SARI" + "<" * 24
_LINE_2 = "X0000017<9IDN0703149F2908111<<<<<<<<<<<<<<<8"
_ALL = {"number": True, "birth": True, "expiry": True, "composite": True}
_PASSPORT = {"docType": "P", "number": "X0000017", "issuer": "IDN", "mrz": [_LINE_1, _LINE_2], "checks": _ALL}


@pytest.mark.parametrize(
    ("characters", "digit"),
    [("D23145890", "7"), ("340712", "7"), ("950712", "2"), ("L898902C3", "6"), ("ZE184226B<<<<<", "1"), ("", "0")],
)
def test_check_digits_are_those_of_icao(characters: str, digit: str) -> None:
    """The examples of ICAO 9303 part 3 §4.9 and part 4 appendix B."""
    assert check_digit(characters) == digit


@pytest.mark.parametrize("line", [_LINE_2, "X0000025<0IDN0309275F2908111<<<<<<<<<<<<<<<0"])
def test_the_sample_lines_hold(line: str) -> None:
    """Both passports of the scenario verify."""
    assert mrz_checks(line) == Checks.model_validate_json('{"number":true,"birth":true,"expiry":true,"composite":true}')


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({}, id="passport"),
        pytest.param({"mrz": GONE, "checks": GONE}, id="without MRZ"),
        pytest.param({"mrz": GONE}, id="checks without MRZ"),
        pytest.param({"mrz__1": _LINE_2[:42] + "08"}, id="zero for the digit of an empty field"),
        pytest.param(
            {"mrz__1": _LINE_2[:19] + "8" + _LINE_2[20:], "checks": {**_ALL, "birth": False, "composite": False}},
            id="a forged document reported as forged",
        ),
    ],
)
def test_a_good_document_is_accepted(changes: dict[str, Any]) -> None:
    """What ICAO allows passes, and so does an honest report of what does not hold."""
    assert codes(TravelDocument.__pydantic_validator__, changed(_PASSPORT, **changes)) == set()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"mrz__1": _LINE_2[:9] + "0" + _LINE_2[10:]}, "mrz_check_digit", id="bad check digit"),
        pytest.param({"checks": {**_ALL, "birth": False}}, "mrz_check_digit", id="good digit called bad"),
        pytest.param({"checks": GONE}, "mrz_check_digit", id="MRZ unchecked"),
        pytest.param({"number": "X0000025"}, "mrz_number", id="another number"),
        pytest.param(
            {"mrz__1": _LINE_2[:28] + "17090154031000" + _LINE_2[42:]},
            "string_pattern_mismatch",
            id="NIK in the optional field",
        ),
        pytest.param({"mrz__1": _LINE_2[:43]}, "string_pattern_mismatch", id="short line"),
        pytest.param({"mrz": [_LINE_1]}, "missing", id="one line"),
        pytest.param({"mrz": [_LINE_1, _LINE_2, _LINE_2]}, "too_long", id="three lines"),
        pytest.param({"number": "X00000171X"}, "string_too_long", id="ten characters"),
        pytest.param({"number": "x0000017"}, "string_pattern_mismatch", id="lower case"),
        pytest.param({"issuer": "ID"}, "string_pattern_mismatch", id="two-letter country"),
    ],
)
def test_a_bad_document_is_refused(changes: dict[str, Any], expected: str) -> None:
    """A slip of the pen, and anything that might carry a NIK, is refused."""
    assert expected in codes(TravelDocument.__pydantic_validator__, changed(_PASSPORT, **changes))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({}, set(), id="least"),
        pytest.param(
            {"gender": "NonConforming", "ageYears": 17, "childrenCount": 0, "phones": ["+628000000001"]},
            set(),
            id="more",
        ),
        pytest.param({"nik": "1709015403100000"}, {"extra_forbidden"}, id="NIK"),
        pytest.param({"identityNumber": "1"}, {"extra_forbidden"}, id="identity number"),
        pytest.param({"documentSex": 2}, {"literal_error"}, id="sex as a number"),
        pytest.param({"ageYears": 121}, {"less_than_equal"}, id="too old"),
        pytest.param({"citizenship": ["IDN"]}, {"string_too_long"}, id="three-letter citizenship"),
        pytest.param({"gender": "F"}, {"enum"}, id="sex for gender"),
    ],
)
def test_a_person_in_full(changes: dict[str, Any], expected: set[str]) -> None:
    """A person has a reference, and nothing that a register numbered."""
    assert codes(Person.__pydantic_validator__, changed({"personRef": "p-1"}, **changes)) == expected


def test_no_field_anywhere_is_a_national_number() -> None:
    """No property of any published type is named for a NIK or a reporter."""
    for kind in KINDS:
        text = str(kind.data.model_json_schema()).lower()
        assert "'nik'" not in text
        assert "reporter" not in text.replace("the reporter", "").replace("reporter holds", "")
