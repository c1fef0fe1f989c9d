"""The ILO rule against an oracle written from its words, over every case there is."""

from collections import Counter
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as some
from pydantic_core import PydanticCustomError

from schemas.codelists import listing
from schemas.ilo import (
    Dimensions,
    Framework,
    Indicator,
    Profile,
    assess,
    classify,
    dimensions_of,
    is_child,
    is_positive,
    require_weights,
    table,
)
from schemas.vocabulary import Weight

_SUFFICIENT = [Counter(bundle) for bundle in ("SS", "SM", "SW", "MMM", "MMW")]
"""2 strong; 1 strong and 1 medium or weak; 3 medium; 2 medium and 1 weak: more than that is no less."""
_LABOUR = [Profile.ADULT_LABOUR, Profile.CHILD_LABOUR]
_SEXUAL = [Profile.ADULT_SEXUAL, Profile.CHILD_SEXUAL]
_NAMES = [f"d{number}" for number in range(1, 7)]


def _sign(code: str, weight: str, framework: str = "ilo-delphi") -> Indicator:
    return Indicator(framework=Framework(framework), code=code, weight=Weight(weight), observedBy="ngo")


def _dimensions(positive: set[int]) -> Dimensions:
    return Dimensions.model_validate({name: number in positive for number, name in enumerate(_NAMES, 1)})


def _signs_for(profile: Profile, positive: set[int]) -> list[Indicator]:
    """All signs that the table has for these dimensions, which makes each positive."""
    return [_sign(code, weight) for code, weight in table(profile).items() if int(code[1]) in positive]


@pytest.mark.parametrize(
    ("strong", "medium", "weak"),
    [pytest.param(*counts, id="S{}M{}W{}".format(*counts)) for counts in product(range(5), repeat=3)],
)
def test_a_dimension_is_positive_on_what_suffices(strong: int, medium: int, weak: int) -> None:
    """Of each multiset with up to four of a weight: positive exactly if it holds one of the sufficient ones."""
    signs = "S" * strong + "M" * medium + "W" * weak
    held = Counter(signs)
    expected = any(bundle <= held for bundle in _SUFFICIENT)
    assert is_positive(Weight(letter) for letter in signs) is expected
    assert is_positive(Weight(letter) for letter in reversed(signs)) is expected


def _adult(positive: set[int]) -> str:
    if {4, 5} <= positive and positive & {1, 2, 3, 6}:
        return "trafficking_indicated"
    return "deception+exploitation" if {1, 4} <= positive else "exploited" if 4 in positive else "not_indicated"


def _child(positive: set[int]) -> str:
    return "trafficking_indicated" if 4 in positive else "not_indicated"


@pytest.mark.parametrize("number", range(64))
def test_what_the_dimensions_amount_to(number: int) -> None:
    """Each of the 64 combinations, for adults and for children."""
    positive = {place + 1 for place in range(6) if number >> place & 1}
    assert classify(_dimensions(positive), child=False) == _adult(positive)
    assert classify(_dimensions(positive), child=True) == _child(positive)


@pytest.mark.parametrize("number", range(64))
@pytest.mark.parametrize("profile", _LABOUR)
def test_what_the_signs_result_in(profile: Profile, number: int) -> None:
    """Indicated where trafficking is; not indicated where nothing is positive; inconclusive between the two."""
    positive = {place + 1 for place in range(6) if number >> place & 1}
    found = assess(profile, _signs_for(profile, positive))
    classification = (_child if is_child(profile) else _adult)(positive)
    assert found.dimensions == _dimensions(positive)
    assert found.classification == classification
    if classification == "trafficking_indicated":
        assert found.result == "indicated"
    else:
        assert found.result == ("inconclusive" if positive else "not_indicated")


@pytest.mark.parametrize("profile", _SEXUAL)
@pytest.mark.parametrize("number", range(64))
def test_without_a_table_no_signs_decide(profile: Profile, number: int) -> None:
    """Own weights make dimensions positive, but neither indicate nor rule out: whoever sets them would set the end."""
    positive = {place + 1 for place in range(6) if number >> place & 1}
    found = assess(profile, [_sign(f"d{one}.{n:02}", "S") for one in positive for n in (1, 2)])
    assert found.dimensions == _dimensions(positive)
    assert found.classification is None
    assert found.result == ("inconclusive" if positive else "not_indicated")


@pytest.mark.parametrize("profile", _SEXUAL)
def test_without_a_table_one_weak_sign_is_not_nothing(profile: Profile) -> None:
    """What cannot be weighed does not rule anything out."""
    assert assess(profile, [_sign("d1.01", "W")]).result == "inconclusive"


@pytest.mark.parametrize("profile", list(Profile))
def test_a_sign_of_another_framework_counts_in_no_dimension(profile: Profile) -> None:
    """The rule is the ILO's; a sign that it cannot weigh leaves open what it would otherwise rule out."""
    found = assess(profile, [_sign("d4.01", "S", "iom"), _sign("d4.02", "S", "national")])
    assert found.dimensions == _dimensions(set())
    assert found.result == "inconclusive"


@pytest.mark.parametrize("profile", _LABOUR)
def test_a_sign_that_weighs_too_little_is_no_indication(profile: Profile) -> None:
    """One medium sign that the rule could weigh leaves the result not indicated."""
    assert assess(profile, [_sign("d4.02", "M")]).result == "not_indicated"


@pytest.mark.parametrize("profile", list(Profile))
def test_nothing_observed_is_not_indicated(profile: Profile) -> None:
    """Where nobody saw a sign, there is none to weigh."""
    assert assess(profile, []).result == "not_indicated"


@given(signs=some.lists(some.tuples(some.sampled_from(listing("ilo-indicators").codes), some.sampled_from("SMW"))))
def test_the_order_of_signs_does_not_matter_and_more_never_show_less(signs: list[tuple[object, str]]) -> None:
    """What is positive stays so with every further sign, in whatever order they come."""
    found = [_sign(str(getattr(entry, "code", "")), weight) for entry, weight in signs]
    before = dimensions_of(())
    for count in range(len(found) + 1):
        after = dimensions_of(found[:count])
        assert dimensions_of(reversed(found[:count])) == after
        assert all(getattr(after, name) or not getattr(before, name) for name in _NAMES)
        before = after


def test_the_table_has_67_indicators_in_six_dimensions() -> None:
    """10, 10, 16, 9, 15 and 7, as published by the ILO; two of them are for adults alone."""
    codes = [entry.code for entry in listing("ilo-indicators").codes]
    assert [sum(code.startswith(name) for code in codes) for name in _NAMES] == [10, 10, 16, 9, 15, 7]
    assert table(Profile.ADULT_LABOUR).keys() == set(codes)
    assert set(codes) - table(Profile.CHILD_LABOUR).keys() == {"d3.08", "d4.08"}
    assert not table(Profile.ADULT_SEXUAL)
    assert not table(Profile.CHILD_SEXUAL)


@pytest.mark.parametrize(
    ("profile", "sign", "expected"),
    [
        pytest.param("adult_labour", ("d1.10", "W"), None, id="weak for an adult"),
        pytest.param("child_labour", ("d1.10", "S"), None, id="strong for a child"),
        pytest.param("adult_labour", ("d1.10", "S"), "indicator_weight", id="adult weighed as a child"),
        pytest.param("child_labour", ("d4.08", "M"), "indicator_unknown", id="for adults alone"),
        pytest.param("adult_labour", ("d1.11", "S"), "indicator_unknown", id="no such number"),
        pytest.param("adult_sexual", ("d1.11", "S"), None, id="no table to look into"),
        pytest.param("adult_labour", ("d1.11", "S", "iom"), None, id="another framework's own code"),
    ],
)
def test_weights_are_those_of_the_table(profile: str, sign: tuple[str, ...], expected: str | None) -> None:
    """A sign of the ILO weighs what the profile's table says, where there is one."""
    code = None
    try:
        require_weights(Profile(profile), [_sign(*sign)])
    except PydanticCustomError as error:
        code = error.type
    assert code == expected


def test_what_a_caller_does_to_a_table_stays_with_the_caller() -> None:
    """The rule's own weights cannot be changed from outside."""
    table(Profile.ADULT_SEXUAL)["d1.01"] = Weight.STRONG
    assert not table(Profile.ADULT_SEXUAL)
