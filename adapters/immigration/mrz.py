"""The machine-readable zone of a passport: ICAO Doc 9303 part 4, TD3, two lines of 44 characters.

Rules:

- every check digit is verified: number, birth, expiry, optional data, composite (Doc 9303-3 §4.9, weights 7-3-1);
- an empty optional-data field may have `<` or `0` as its check digit (Doc 9303-4 §4.2.2.2);
- optional data never leave: Indonesian passports are seen to hold digits of the NIK there. The published lines have
  the field blanked and the composite digit made anew, since the old one would still tell one digit of it.

The weights are coprime to 10, so one changed character goes unnoticed only if its value is the same modulo 10: within
{0 A K U <}, {1 B L V}, {2 C M W}, {3 D N X}, {4 E O Y}, {5 F P Z}, {6 G Q}, {7 H R}, {8 I S}, {9 J T}.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, timedelta

_LINE = re.compile(r"[A-Z0-9<]{44}")
_FIRST = re.compile(r"P[A-Z<][A-Z<]{3}[A-Z<]{39}")
_WEIGHTS = (7, 3, 1)
_FILLER = "<"
_EMPTY_OPTIONAL = _FILLER * 15
_UNKNOWN_DATE = re.compile(r"[0-9]{0,4}<{2,6}")
_SEXES = {"M": 1, "F": 2, "<": 0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Passport:
    """What a machine-readable zone says, all of it checked."""

    document_type: str
    issuer: str = field(repr=False)
    family_name: str = field(repr=False)
    given_name: str = field(repr=False)
    """Empty where the holder has one name alone, as many Indonesians do."""
    number: str = field(repr=False)
    nationality: str = field(repr=False)
    birth: date | None = field(repr=False)
    """None where the document does not know it."""
    sex: int = field(repr=False)
    """ISO/IEC 5218: 0 not known, 1 male, 2 female."""
    expiry: date = field(repr=False)
    lines: tuple[str, str] = field(repr=False)
    """Both lines with the optional data blanked, and a composite digit that fits."""


def character_value(character: str) -> int:
    """Return the value of a character for check digits (Doc 9303-3 §4.9): 0–9, A–Z as 10–35, `<` as 0."""
    return 0 if character == _FILLER else int(character, 36)


def check_digit(text: str) -> str:
    """Return the check digit of a field (Doc 9303-3 §4.9)."""
    return str(sum(character_value(one) * _WEIGHTS[place % 3] for place, one in enumerate(text)) % 10)


def read(first: str, second: str, *, on: date) -> tuple[Passport | None, tuple[tuple[str, str], ...]]:
    """Read a machine-readable zone.

    Args:
        first: the upper line.
        second: the lower line.
        on: the day on which the document was read, by which the century of the birth is known.

    Returns:
        The passport; or None and everything that is wrong, each as (`MRZ1` or `MRZ2`, code).
    """
    faults = []
    if _FIRST.fullmatch(first) is None or first[5] == _FILLER:
        faults.append(("MRZ1", "adapter.mrz-form"))
    if _LINE.fullmatch(second) is None or second[20] not in _SEXES:
        faults.append(("MRZ2", "adapter.mrz-form"))
    if faults:
        return None, tuple(faults)
    faults = [("MRZ2", code) for code in _wrong_digits(second)]
    birth, expiry = date_of_birth(second[13:19], on), _day(second[21:27], century=2000)
    if birth is None and _UNKNOWN_DATE.fullmatch(second[13:19]) is None:
        faults.append(("MRZ2", "adapter.mrz-birth"))
    if expiry is None:
        faults.append(("MRZ2", "adapter.mrz-expiry"))
    if faults or expiry is None:
        return None, tuple(faults)
    return _passport(first, second, birth, expiry), ()


def _wrong_digits(line: str) -> list[str]:
    """Name each check digit that does not fit; the composite one only where it is not wrong because of another."""
    optional = line[28:42]
    right = {
        "adapter.mrz-check-number": line[9] == check_digit(line[0:9]),
        "adapter.mrz-check-birth": line[19] == check_digit(line[13:19]),
        "adapter.mrz-check-expiry": line[27] == check_digit(line[21:27]),
        "adapter.mrz-check-optional": line[42] == check_digit(optional)
        or (optional == _FILLER * 14 and line[42] == _FILLER),
    }
    wrong = [code for code, fits in right.items() if not fits]
    if not wrong and line[43] != _composite(line):
        wrong.append("adapter.mrz-check-composite")
    return wrong


def _composite(line: str) -> str:
    return check_digit(line[0:10] + line[13:20] + line[21:43])


def _passport(first: str, second: str, birth: date | None, expiry: date) -> Passport:
    family, _, given = first[5:].strip(_FILLER).partition("<<")
    blanked = second[:28] + _EMPTY_OPTIONAL
    return Passport(
        document_type=first[0:2].rstrip(_FILLER),
        issuer=first[2:5].rstrip(_FILLER),
        family_name=_name(family),
        given_name=_name(given),
        number=second[0:9].rstrip(_FILLER),
        nationality=second[10:13].rstrip(_FILLER),
        birth=birth,
        sex=_SEXES[second[20]],
        expiry=expiry,
        lines=(first, blanked + _composite(blanked)),
    )


def _name(text: str) -> str:
    return " ".join(part for part in text.split(_FILLER) if part)


def date_of_birth(digits: str, on: date) -> date | None:
    """Read YYMMDD as a date of birth: in this century unless that lies after `on`, else in the one before.

    Returns:
        The date, or None where the digits are not one.
    """
    century = on.year // 100 * 100
    this, before = _day(digits, century=century), _day(digits, century=century - 100)
    return this if this is not None and this <= on else before


def _day(digits: str, *, century: int) -> date | None:
    if re.fullmatch(r"[0-9]{6}", digits) is None:
        return None
    try:
        return date(century + int(digits[:2]), 1, 1).replace(month=int(digits[2:4]), day=int(digits[4:6]))
    except ValueError:
        return None


def is_minor(birth: date, *, on: date) -> bool:
    """Say whether somebody is under eighteen: UU 21/2007 Art. 1(5)."""
    try:
        eighteenth = birth.replace(year=birth.year + 18)
    except ValueError:  # born on 29 February: of age on 1 March
        eighteenth = birth.replace(year=birth.year + 18, day=28) + timedelta(days=1)
    return on < eighteenth
