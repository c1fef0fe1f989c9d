"""Screening for signs of trafficking (area `victim`): what was observed, and what the ILO rule makes of it."""

from enum import StrEnum
from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from schemas.base import Compartment, EventData, Fact, Maybe, OpenPart, Source, refuse
from schemas.ilo import (
    Classification,
    Dimensions,
    Indicator,
    Profile,
    Result,
    assess,
    dimensions_of,
    is_child,
    require_weights,
)
from schemas.people import PersonRef
from schemas.scalars import RoleName, Unique
from schemas.vocabulary import Language


class ChildSafeguard(StrEnum):
    """What protected the child in the interview: own list, after UU 21/2007 Arts. 39-40."""

    COMPANION = "companion_present"
    ACCUSED_ABSENT = "accused_absent"
    CHILD_ROOM = "child_friendly_room"
    TRAINED = "trained_interviewer"
    RECORDED = "recorded_once"
    GUARDIAN_CHECKED = "guardian_conflict_checked"


class ScreeningCompletedOpen(OpenPart):
    """What every recipient sees of a screening: which set of indicators, and what it indicates."""

    rules = ("profile_age",)

    profile: Profile
    result: Result
    is_minor_band: Annotated[bool, Source("UU 21/2007 Art. 1(5): under 18, or likely so")]

    def check(self) -> None:
        """Who is or may be under 18 is screened as a child, and nobody else is."""
        if self.is_minor_band is not is_child(self.profile):
            refuse("profile_age", "A minor is screened with a profile for children, an adult with one for adults.")


class ScreeningCompletedIdentity(Compartment):
    """Who was screened."""

    person_ref: PersonRef


class ScreeningCompletedNarrative(Compartment):
    """What was observed and how; the dimensions are what the rule computes from the indicators, and nothing else."""

    rules = ("dimensions_not_computed",)

    indicators: Annotated[tuple[Indicator, ...], Field(max_length=80), Unique(by=("framework", "code"))]
    dimensions: Dimensions
    classification: Annotated[
        Maybe[Classification], Source("ILO/EC Delphi (2009); absent where the profile has no table of weights")
    ] = None
    tool_version: Annotated[str, Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z._+-]{0,39}$", max_length=40)]
    interviewer_role: RoleName
    interpreter: bool
    language: Language
    trauma_pause: Annotated[
        bool, Source("WHO (2003) interviewing rules: whether the interview was paused for distress")
    ]
    child_safeguards: Annotated[tuple[ChildSafeguard, ...], Field(max_length=6), Unique()] = ()

    @model_validator(mode="after")
    def _rules(self) -> Self:
        if self.dimensions != dimensions_of(self.indicators):
            refuse("dimensions_not_computed", "The dimensions are what the rule computes from the indicators.")
        return self


class ScreeningCompleted(EventData):
    """E09: somebody was screened for signs of trafficking; an indication, never a legal finding."""

    rules = (
        "child_unprotected",
        "classification_not_computed",
        "indicator_unknown",
        "indicator_weight",
        "result_not_computed",
    )

    fact: ClassVar[Fact] = Fact(
        number="E09",
        area="victim",
        name="screening.completed.v1",
        title_id="Penapisan selesai",
        title_en="Screening completed",
        about_id="Memberitahukan hasil penapisan tanda perdagangan orang; petunjuk, bukan putusan.",
        about_en="Tells what a screening for signs of trafficking indicates; an indication, no finding.",
    )
    open: ScreeningCompletedOpen
    identity: ScreeningCompletedIdentity
    narrative: ScreeningCompletedNarrative

    def person_ref(self) -> str:
        """Who was screened."""
        return self.identity.person_ref

    def check(self) -> None:
        """Weights are those of the profile's table; classification and result follow; a child is safeguarded."""
        narrative, profile = self.narrative, self.open.profile
        require_weights(profile, narrative.indicators)
        found = assess(profile, narrative.indicators)
        if narrative.classification is not found.classification:
            refuse("classification_not_computed", "The classification is what follows from the dimensions.")
        if self.open.result is not found.result:
            refuse("result_not_computed", "The result is what follows from the classification.")
        if is_child(profile) and not narrative.child_safeguards:
            refuse("child_unprotected", "A child is screened with at least one safeguard.")
