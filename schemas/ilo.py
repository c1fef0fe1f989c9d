"""The ILO/EC screening rule (Delphi indicators, 2009), as pure functions: signs in, indication out.

An indication is never a finding: who is a victim is decided by people, with `victim.status-determined`. The rules:

- a dimension is positive on two strong signs, a strong and any other, three medium, or two medium and a weak one;
- adults: exploited (d4) under coercion (d5) after deception or coercion at recruitment (d1, d2), for which an abused
  vulnerability (d3, d6) may stand;
- children: exploited (d4); the means need not be shown (Palermo Protocol Art. 3(c));
- where there is no published table of weights here, as for sexual exploitation, nobody's own weights decide: nothing
  is classified, and whatever was observed leaves the result inconclusive. Help does not wait for a result.

The weights are data (`codes/ilo-indicators.json`, unverified): a table for another profile goes in there alone.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from schemas.base import Maybe, Model, Source, refuse
from schemas.codelists import listing
from schemas.scalars import RoleName, Text500
from schemas.vocabulary import Weight


class Profile(StrEnum):
    """Which of the four sets of indicators was used: ILO/EC Delphi indicators (2009)."""

    ADULT_LABOUR = "adult_labour"
    ADULT_SEXUAL = "adult_sexual"
    CHILD_LABOUR = "child_labour"
    CHILD_SEXUAL = "child_sexual"


class Framework(StrEnum):
    """Whose indicator it is: ILO/EC Delphi (2009), IOM Screening Interview Form, or a national list."""

    ILO = "ilo-delphi"
    IOM = "iom"
    NATIONAL = "national"


class Result(StrEnum):
    """What the screening says: NIEM 6.0 hs PreScreening practice; an indication, no finding."""

    INDICATED = "indicated"
    NOT_INDICATED = "not_indicated"
    INCONCLUSIVE = "inconclusive"


class Classification(StrEnum):
    """What the positive dimensions amount to: ILO/EC Delphi indicators (2009), analysis of the dimensions."""

    NOT_INDICATED = "not_indicated"
    EXPLOITED = "exploited"
    DECEIVED = "deception+exploitation"
    TRAFFICKED = "trafficking_indicated"


class Indicator(Model):
    """One sign that somebody observed, and how much it counts."""

    rules = ("indicator_code",)

    framework: Framework
    code: Annotated[
        str,
        Field(pattern=r"^[a-z][a-z0-9._-]{0,39}$", max_length=40),
        Source("of the framework; for ilo-delphi dimension and number, list ilo-indicators"),
    ]
    weight: Weight
    observed_by: RoleName
    note: Maybe[Text500] = None

    @model_validator(mode="after")
    def _rules(self) -> Self:
        if self.framework is Framework.ILO and not _is_ilo_code(self.code):
            refuse("indicator_code", "A code of the ILO names its dimension and its number within it.")
        return self


class Dimensions(Model):
    """Which elements of trafficking the signs show: ILO/EC Delphi indicators (2009)."""

    d1: Annotated[bool, Source("ILO/EC Delphi (2009): deceptive recruitment")]
    d2: Annotated[bool, Source("ILO/EC Delphi (2009): coercive recruitment")]
    d3: Annotated[bool, Source("ILO/EC Delphi (2009): recruitment by abuse of vulnerability")]
    d4: Annotated[bool, Source("ILO/EC Delphi (2009): exploitation")]
    d5: Annotated[bool, Source("ILO/EC Delphi (2009): coercion at destination")]
    d6: Annotated[bool, Source("ILO/EC Delphi (2009): abuse of vulnerability at destination")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """What follows from the signs; no classification where the profile has no table."""

    dimensions: Dimensions
    classification: Classification | None
    result: Result


_CHILDREN = frozenset({Profile.CHILD_LABOUR, Profile.CHILD_SEXUAL})
_DIMENSIONS = ("d1", "d2", "d3", "d4", "d5", "d6")
_TABLES: dict[str, dict[str, Weight]] = {profile: {} for profile in Profile}
for _entry in listing("ilo-indicators").codes:
    for _profile, _weight in _entry.maps.items():
        _TABLES[_profile][_entry.code] = Weight(_weight)


def is_child(profile: Profile) -> bool:
    """Tell whether a profile is for those under 18 (UU 21/2007 Art. 1(5))."""
    return profile in _CHILDREN


def table(profile: Profile) -> dict[str, Weight]:
    """Return the published weights of a profile by code.

    Args:
        profile: one of the four sets.

    Returns:
        Empty where there is no table here.
    """
    return dict(_TABLES[profile])


def is_positive(weights: Iterable[Weight]) -> bool:
    """Tell whether the signs of one dimension make it positive.

    Args:
        weights: of each sign of the dimension that was observed.

    Returns:
        True on 2 strong, 1 strong and 1 other, 3 medium, or 2 medium and 1 weak.
    """
    found = list(weights)
    strong, medium, weak = (found.count(weight) for weight in Weight)
    if strong:
        return strong + medium + weak > 1
    return medium > 2 or (medium == 2 and weak > 0)  # noqa: PLR2004 - the numbers of the rule


def dimensions_of(indicators: Iterable[Indicator]) -> Dimensions:
    """Work out the dimensions; only signs of the ILO count, as other frameworks have none.

    Args:
        indicators: what was observed, with weights that hold.

    Returns:
        Of each dimension whether it is positive.
    """
    weights: dict[str, list[Weight]] = {name: [] for name in _DIMENSIONS}
    for one in indicators:
        if one.framework is Framework.ILO:
            weights[one.code[:2]].append(one.weight)
    return Dimensions(**{name: is_positive(found) for name, found in weights.items()})


def classify(dimensions: Dimensions, *, child: bool) -> Classification:
    """Say what the dimensions amount to.

    Args:
        dimensions: which are positive.
        child: whether the person is under 18.

    Returns:
        The gravest classification that holds.
    """
    if not dimensions.d4:
        return Classification.NOT_INDICATED
    recruited = dimensions.d1 or dimensions.d2 or dimensions.d3 or dimensions.d6
    if child or (recruited and dimensions.d5):
        return Classification.TRAFFICKED
    return Classification.DECEIVED if dimensions.d1 else Classification.EXPLOITED


def assess(profile: Profile, indicators: Sequence[Indicator]) -> Assessment:
    """Apply the rule.

    The result is `indicated` where trafficking is, `not_indicated` where all that was observed could be weighed and
    no dimension is positive, and otherwise `inconclusive`: exploitation may not have begun, or nobody asked.

    Args:
        profile: the set of indicators used.
        indicators: what was observed, with weights that hold.

    Returns:
        Dimensions, classification and result.
    """
    found = dimensions_of(indicators)
    has_table = bool(_TABLES[profile])
    classification = classify(found, child=is_child(profile)) if has_table else None
    weighed = all(has_table and one.framework is Framework.ILO for one in indicators)
    if classification is Classification.TRAFFICKED:
        result = Result.INDICATED
    elif weighed and not any(getattr(found, name) for name in _DIMENSIONS):
        result = Result.NOT_INDICATED
    else:
        result = Result.INCONCLUSIVE
    return Assessment(dimensions=found, classification=classification, result=result)


def require_weights(profile: Profile, indicators: Iterable[Indicator]) -> None:
    """Refuse a sign of the ILO that the profile has not, or has with another weight.

    Args:
        profile: the set of indicators used; where it has no table, signs carry their own weights.
        indicators: what was observed.

    Raises:
        PydanticCustomError: `indicator_unknown` or `indicator_weight`.
    """
    weights = _TABLES[profile]
    if not weights:
        return
    for one in indicators:
        if one.framework is not Framework.ILO:
            continue
        weight = weights.get(one.code)
        if weight is None:
            refuse("indicator_unknown", "The profile has no such indicator.")
        if weight is not one.weight:
            refuse("indicator_weight", "An indicator weighs what the table of its profile says.")


def _is_ilo_code(code: str) -> bool:
    dimension, dot, number = code.partition(".")
    return dimension in _DIMENSIONS and dot == "." and len(number) == len("01") and number.isdecimal()
