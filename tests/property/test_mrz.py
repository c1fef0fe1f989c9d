"""Laws of the machine-readable zone: ICAO Doc 9303-3 §4.9 and 9303-4 §4.2.2."""

from datetime import date, timedelta

from hypothesis import assume, given
from hypothesis import strategies as some

from adapters.immigration import mrz
from schemas.people import mrz_checks

ON = date(2026, 8, 7)
DIGITS = "0123456789"
CHARACTERS = DIGITS + "ABCDEFGHIJKLMNOPQRSTUVWXYZ<"
FIRST = "P<IDNCONTOHDUA<<SARI" + "<" * 24
CHECKED = (*range(10), *range(13, 20), *range(21, 43))
"""Places of the second line that a check digit covers, or is."""

numbers = some.text(CHARACTERS[:-1], min_size=1, max_size=9)
optionals = some.text(CHARACTERS, max_size=14)
births = some.dates(date(1930, 1, 1), ON)
expiries = some.dates(date(2026, 1, 1), date(2099, 12, 31))


def line(number: str, birth: date, expiry: date, optional: str) -> str:
    """Write the second line of a passport with right digits."""
    body = number.ljust(9, "<")
    body += mrz.check_digit(body) + "IDN"
    for day in (birth, expiry):
        digits = f"{day:%y%m%d}"
        body += digits + mrz.check_digit(digits) + ("F" if day is birth else "")
    filled = optional.ljust(14, "<")
    body += filled + mrz.check_digit(filled)
    return body + mrz.check_digit(body[0:10] + body[13:20] + body[21:43])


lines = some.builds(line, numbers, births, expiries, optionals)


@given(numbers, births, expiries, optionals)
def test_a_right_line_reads_back(number: str, birth: date, expiry: date, optional: str) -> None:
    """What was written is what is read, and the catalogue's own check agrees with the blanked line."""
    passport, faults = mrz.read(FIRST, line(number, birth, expiry, optional), on=ON)
    assert faults == ()
    assert passport is not None
    assert (passport.number, passport.expiry) == (number, expiry)
    assert passport.birth in {birth, birth.replace(year=birth.year + 100) if birth.year + 100 <= ON.year else birth}
    assert passport.lines[1][28:43] == "<" * 15
    checks = mrz_checks(passport.lines[1])
    assert all((checks.number, checks.birth, checks.expiry, checks.composite))


@given(lines, some.sampled_from(CHECKED), some.sampled_from(CHARACTERS))
def test_one_changed_character_is_noticed_as_far_as_the_weights_allow(right: str, place: int, other: str) -> None:
    """A change is noticed unless both characters have the same value modulo 10: 7, 3 and 1 are coprime to 10.

    A check digit that is no digit is always noticed, but for `<` in the place of 0 after empty optional data.
    """
    assume(other != right[place])
    wrong = right[:place] + other + right[place + 1 :]
    noticed = mrz.read(FIRST, wrong, on=ON)[0] is None
    same = mrz.character_value(other) % 10 == mrz.character_value(right[place]) % 10
    if not same:
        assert noticed
    elif noticed:
        # Stricter than the weights: dates are digits, and so are check digits.
        assert place in {9, *range(13, 20), *range(21, 28), 42}


@given(lines, some.integers(0, 43))
def test_a_composite_digit_stands_for_all_others(right: str, place: int) -> None:
    """Whatever is covered and changes by a value not divisible by 10 breaks the composite digit too."""
    assume(place in CHECKED and right[place] in DIGITS)
    other = DIGITS[(int(right[place]) + 1) % 10]
    wrong = right[:place] + other + right[place + 1 :]
    assert mrz.check_digit(wrong[0:10] + wrong[13:20] + wrong[21:43]) != wrong[43]


@given(some.text(max_size=60), some.text(max_size=60))
def test_anything_else_is_refused_and_nothing_raises(first: str, second: str) -> None:
    """Noise gives faults, never an exception."""
    passport, faults = mrz.read(first, second, on=ON)
    assert (passport is None) == bool(faults)


@given(births)
def test_the_century_is_the_latest_that_is_not_in_the_future(birth: date) -> None:
    """A two-digit year is read as the most recent one; nobody is younger than unborn or, therefore, over a hundred."""
    found = mrz.date_of_birth(f"{birth:%y%m%d}", ON)
    assert found is not None
    assert found <= ON
    assert ON - found < timedelta(days=36600)
    assert (found.month, found.day, found.year % 100) == (birth.month, birth.day, birth.year % 100)


@given(some.dates(date(1930, 1, 1), date(2020, 1, 1)))
def test_of_age_from_the_eighteenth_birthday(birth: date) -> None:
    """UU 21/2007 Art. 1(5): under eighteen; who was born on a leap day is of age on 1 March."""
    leapling = (birth.month, birth.day) == (2, 29)
    year = birth.year + 18
    birthday = date(year, 3, 1) if leapling else birth.replace(year=year)
    assert mrz.is_minor(birth, on=birthday - timedelta(days=1))
    assert not mrz.is_minor(birth, on=birthday)
