"""Children: stricter rules on existing types (UU 27/2022 Art. 25, UU 11/2012 Art. 19)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.people import Person, PersonMinimum
from schemas.vocabulary import AgeBand
from tests.unit.schemas.samples import GONE, codes, refused

_STATES = ["given", "overridden", "vital_interest", "child_best_interest"]
_GUARDIANS = st.none() | st.fixed_dictionaries(
    {"relation": st.just("ibu"), "consentGiven": st.booleans(), "conflict": st.booleans()}
)
_CHILD_BANDS = {"0-8", "9-17"}


@given(
    minor=st.none() | st.booleans(),
    band=st.none() | st.sampled_from([band.value for band in AgeBand]),
    years=st.none() | st.integers(0, 120),
)
def test_a_minor_is_under_eighteen_in_every_field(
    minor: bool | None,  # noqa: FBT001
    band: str | None,
    years: int | None,
) -> None:
    """`isMinor` contradicts neither the age band nor the years."""
    said = {"personRef": "p-1", "isMinor": minor, "ageBand": band, "ageYears": years}
    person = {name: value for name, value in said.items() if value is not None}
    band_agrees = minor is None or band is None or minor is (band in _CHILD_BANDS)
    years_agree = minor is None or years is None or minor is (years < 18)
    expected = set() if band_agrees and years_agree else {"minor_age"}
    assert codes(Person.__pydantic_validator__, person) == expected
    least = {name: value for name, value in person.items() if name != "ageYears"}
    assert codes(PersonMinimum.__pydantic_validator__, least) == (set() if band_agrees else {"minor_age"})


@pytest.mark.parametrize(
    ("said", "child"),
    [
        pytest.param('{"personRef":"p"}', False, id="nothing said"),
        pytest.param('{"personRef":"p","isMinor":true}', True, id="minor"),
        pytest.param('{"personRef":"p","isMinor":false,"ageYears":18}', False, id="adult"),
        pytest.param('{"personRef":"p","ageBand":"9-17"}', True, id="by the band"),
        pytest.param('{"personRef":"p","ageBand":"18-20"}', False, id="adult by the band"),
        pytest.param('{"personRef":"p","ageYears":17}', True, id="by the years"),
        pytest.param('{"personRef":"p","ageYears":18}', False, id="adult by the years"),
    ],
)
def test_a_person_is_a_child_if_any_age_says_so(said: str, child: bool) -> None:  # noqa: FBT001
    """The flag, else the band, else the years."""
    assert Person.model_validate_json(said).is_child() is child


def test_a_document_that_makes_a_child_older_is_no_contradiction() -> None:
    """The birth date is the document's; whether the person is a child is what the officer found."""
    changes = {"data__identity__person__birthDate": "2001-03-14", "data__identity__person__isMinor": True}
    assert refused("E16", **changes) == set()


@given(state=st.sampled_from(_STATES), guardian=_GUARDIANS, child=st.booleans(), by_band=st.booleans())
def test_a_referral_by_consent_needs_somebody_who_may_give_it(
    state: str,
    guardian: dict[str, Any] | None,
    child: bool,  # noqa: FBT001
    by_band: bool,  # noqa: FBT001
) -> None:
    """All consent states, guardians and ages: a conflict never carries consent, a child needs a guardian's."""
    ages: dict[str, Any] = {"data__identity__person__ageBand": "9-17" if child else "18-20"}
    ages["data__identity__person__isMinor"] = GONE if by_band else child
    may_be_asked = guardian is not None and not guardian["conflict"] and guardian["consentGiven"]
    expected = set()
    if state == "given" and guardian is not None and guardian["conflict"]:
        expected = {"guardian_conflict"}
    elif child and (state == "overridden" or (state == "given" and not may_be_asked)):
        expected = {"child_consent"}
    found = refused(
        "E16",
        **ages,
        data__open__consentState=state,
        data__identity__guardian=GONE if guardian is None else guardian,
    )
    assert found == expected


_CHILD: dict[str, Any] = {"data__identity__isMinor": True}
_NARROWED = {"data__open__change": "narrowed", "data__open__deadline": "2026-08-10T11:15:00+07:00"}
_WITHDRAWN = {**_NARROWED, "data__open__change": "withdrawn", "data__narrative__withheldFrom": GONE}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"data__identity__isMinor": False}, set(), id="adult"),
        pytest.param(_CHILD, {"child_consent"}, id="child alone"),
        pytest.param({**_CHILD, "data__narrative__assent": True}, {"child_consent"}, id="child alone, assenting"),
        pytest.param({**_CHILD, **_NARROWED}, {"child_consent"}, id="child alone narrows"),
        pytest.param({**_CHILD, "data__narrative__givenBy": "parent"}, {"assent_missing"}, id="child not asked"),
        pytest.param({**_CHILD, "data__narrative__givenBy": "court"}, {"assent_missing"}, id="court, child not asked"),
        pytest.param(
            {**_CHILD, "data__narrative__givenBy": "parent", "data__narrative__assent": True}, set(), id="parent"
        ),
        pytest.param(
            {**_CHILD, "data__narrative__givenBy": "guardian", "data__narrative__assent": False},
            set(),
            id="child does not assent, and that is said",
        ),
        pytest.param({**_CHILD, **_WITHDRAWN}, set(), id="child takes it back"),
        pytest.param(
            {
                **_CHILD,
                "data__narrative__givenBy": "guardian",
                "data__narrative__guardianConflict": True,
                "data__narrative__assent": True,
            },
            {"guardian_conflict"},
            id="guardian in conflict",
        ),
    ],
)
def test_a_child_never_consents_alone_and_is_always_asked(changes: dict[str, Any], expected: set[str]) -> None:
    """Giving needs a grown-up and the child's own word; taking back needs nothing more."""
    assert refused("E15", **changes) == expected
