"""People and their travel documents, as compartments may hold them.

No model here has a field for the NIK: the national number never leaves an agency. A person is named within a
case by a reference that the source chooses at random, never by a number that a register gave.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from schemas.base import Maybe, Model, Source, refuse
from schemas.scalars import Day, Line80, Line160, Line200, Unique
from schemas.vocabulary import (
    AgeBand,
    Alpha2,
    Alpha3,
    Education,
    Gender,
    Language,
    MaritalStatus,
    Phone,
    PlaceCode,
)

PersonRef = Annotated[
    str,
    Field(pattern=r"^[A-Za-z][A-Za-z0-9._-]{0,63}$", max_length=64),
    Source("own; random within the case, begins with a letter, so that it is no NIK and no phone number"),
]
Sex = Annotated[
    Literal["0", "1", "2", "9"],
    Source("ISO 5218, as the document says: not known, male, female, not applicable"),
]

_ADULT = 18
_CHILDHOOD = frozenset({AgeBand.TO_8, AgeBand.TO_17})
_WEIGHTS = (7, 3, 1)
_LINE_1 = r"^[A-Z][A-Z<][A-Z<]{3}[A-Z<]{39}$"
# Document number and its digit, nationality, birth, sex, expiry, then the optional field: blank, for
# Indonesian passports may carry the NIK there.
_LINE_2 = r"^[A-Z0-9<]{9}[0-9][A-Z<]{3}[0-9]{6}[0-9][MF<][0-9]{6}[0-9]<{14}[0<][0-9]$"


class MatchToken(Model):
    """What stands for a number so that two agencies can tell that they hold the same one, and nobody can tell which.

    Made by a token service outside of the exchange, under a key that it changes with each epoch: a hash would be undone
    by trying every number there is. No event accepts one yet.
    """

    alg: Annotated[Literal["oprf-v1"], Source("own; after RFC 9497, oblivious pseudorandom functions")]
    key_epoch: Annotated[int, Field(ge=1, le=99_999)]
    field: Literal["nik", "passport", "phone", "account", "plate"]
    value: Annotated[
        str, Field(pattern=r"^[A-Za-z0-9_-]{22,86}$", max_length=86), Source("RFC 4648 §5, 16 to 64 bytes, no padding")
    ]


class Guardian(Model):
    """Who speaks for a child, and whether that is safe: UU 27/2022 Art. 25; UU 11/2012 Art. 19."""

    relation: Line80
    consent_given: bool
    conflict: bool


class ContactSafety(Model):
    """How a person may be contacted without putting them in danger: WHO (2003) interviewing rules 1 and 6."""

    safe_to_call: bool
    safe_hours: Maybe[Line80] = None
    codeword: Maybe[Line80] = None
    do_not_leave_message: bool


class Address(Model):
    """Where somebody lives: HTCDS 2.0 `prs_Mailing…`, the Kemendagri code standing for city and state."""

    street: Maybe[Line200] = None
    village: Maybe[Line80] = None
    kemendagri: Maybe[PlaceCode] = None


class PersonMinimum(Model):
    """As little of a person as a recipient needs to know whom it is about: HTCDS 2.0 Person, core fields."""

    rules = ("minor_age",)

    person_ref: PersonRef
    given_name: Annotated[Maybe[Line160], Source("HTCDS 2.0 prs_FirstName")] = None
    family_name: Annotated[Maybe[Line160], Source("HTCDS 2.0 prs_SecondName")] = None
    birth_date: Annotated[Maybe[Day], Source("HTCDS 2.0 prs_Birthdate")] = None
    age_band: Maybe[AgeBand] = None
    gender: Maybe[Gender] = None
    document_sex: Maybe[Sex] = None
    citizenship: Annotated[tuple[Alpha2, ...], Field(max_length=5), Unique(), Source("HTCDS 2.0 prs_Citizenship")] = ()
    languages: Annotated[
        tuple[Language, ...], Field(max_length=8), Unique(), Source("HTCDS 2.0 prs_PrimaryLanguage")
    ] = ()
    is_minor: Annotated[Maybe[bool], Source("UU 21/2007 Art. 1(5): under 18")] = None

    @model_validator(mode="after")
    def _band_rule(self) -> Self:
        # Not against the birth date: that is the document's, and it is children's documents that are made older.
        if (
            self.is_minor is not None
            and self.age_band is not None
            and self.is_minor is not (self.age_band in _CHILDHOOD)
        ):
            refuse("minor_age", "Whether a person is a minor agrees with the age that is given.")
        return self

    def is_child(self) -> bool:
        """Tell whether the person is said to be under 18; the stricter rules for children hang on it.

        Returns:
            Whether `isMinor` says so, or in its absence the age band; a birth date does not, for want of a clock.
        """
        return self.age_band in _CHILDHOOD if self.is_minor is None else self.is_minor


class Person(PersonMinimum):
    """A person in full, for those who care for them: HTCDS 2.0 Person, without identity numbers."""

    rules = ("minor_age",)

    aliases: Annotated[tuple[Line160, ...], Field(max_length=10), Unique()] = ()
    age_years: Annotated[Maybe[int], Field(ge=0, le=120)] = None
    phones: Annotated[tuple[Phone, ...], Field(max_length=5), Unique(), Source("HTCDS 2.0 prs_MobilePhone")] = ()
    address: Maybe[Address] = None
    education: Maybe[Education] = None
    marital_status: Maybe[MaritalStatus] = None
    children_count: Annotated[Maybe[int], Field(ge=0, le=30), Source("HTCDS 2.0 prs_NumberOfChildren")] = None
    guardian: Maybe[Guardian] = None

    @model_validator(mode="after")
    def _years_rule(self) -> Self:
        if self.is_minor is not None and self.age_years is not None and self.is_minor is not (self.age_years < _ADULT):
            refuse("minor_age", "Whether a person is a minor agrees with the age that is given.")
        return self

    def is_child(self) -> bool:
        """Tell the same, by the years where nothing else says it."""
        return super().is_child() or (self.is_minor is None and self.age_years is not None and self.age_years < _ADULT)


class Checks(Model):
    """Which check digits of the machine-readable zone hold: ICAO 9303 part 3 §4.9."""

    number: bool
    birth: bool
    expiry: bool
    composite: bool


class TravelDocument(Model):
    """A passport or similar: ICAO 9303 part 4 (TD3).

    `checks` must say what the digits of `mrz` say, so that a slip of the pen is refused and a forged document
    is reported as what it is. Whoever blanks the optional field computes the composite digit anew.
    """

    rules = ("mrz_check_digit", "mrz_number")

    doc_type: Annotated[str, Field(pattern=r"^[A-Z]{1,2}$", max_length=2), Source("ICAO 9303 part 4 §4.2.2")]
    number: Annotated[str, Field(pattern=r"^[A-Z0-9]{1,9}$", max_length=9), Source("ICAO 9303 part 4 §4.2.2")]
    issuer: Alpha3
    expiry: Maybe[Day] = None
    mrz: Annotated[
        Maybe[
            tuple[
                Annotated[str, Field(pattern=_LINE_1, max_length=44)],
                Annotated[str, Field(pattern=_LINE_2, max_length=44)],
            ]
        ],
        Source("ICAO 9303 part 4 §4.2.2, two lines of 44, optional data blank"),
    ] = None
    checks: Maybe[Checks] = None

    @model_validator(mode="after")
    def _rules(self) -> Self:
        if self.mrz is None:
            return self
        line = self.mrz[1]
        if line[:9].rstrip("<") != self.number:
            refuse("mrz_number", "The machine-readable zone carries the document's number.")
        if self.checks != mrz_checks(line):
            refuse("mrz_check_digit", "The checks say of each check digit whether it holds.")
        return self


def check_digit(characters: str) -> str:
    """Compute a check digit (ICAO 9303 part 3 §4.9: weights 7, 3, 1; letters 10 to 35; `<` is 0; modulo 10).

    Args:
        characters: `0-9`, `A-Z` and `<`.

    Returns:
        One digit.
    """
    values = (0 if character == "<" else int(character, 36) for character in characters)
    return str(sum(value * _WEIGHTS[place % 3] for place, value in enumerate(values)) % 10)


def mrz_checks(line: str) -> Checks:
    """Say which check digits of a TD3 line hold (ICAO 9303 part 4 §4.2.2.2).

    Args:
        line: the second line, 44 characters.

    Returns:
        One verdict each for number, birth, expiry and the whole.
    """
    return Checks.model_construct(
        number=check_digit(line[0:9]) == line[9],
        birth=check_digit(line[13:19]) == line[19],
        expiry=check_digit(line[21:27]) == line[27],
        composite=check_digit(line[0:10] + line[13:20] + line[21:43]) == line[43],
    )
