"""Danger to a person in care (area `service`).

Whoever is accused, or must not know, never gets the event: `kept_from` names their agencies, and the agreements leave
them out whatever else they allow.
"""

from enum import StrEnum
from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from schemas.base import Compartment, Envelope, EventData, Fact, Maybe, Model, OpenPart, Source, refuse
from schemas.people import PersonRef
from schemas.scalars import AgencyId, Line80, Text500, Text1000, Unique
from schemas.urgency import require_first
from schemas.vocabulary import PlaceCode


class RiskLevel(StrEnum):
    """How bad: own list; whatever is less is no safety event."""

    HIGH = "high"
    CRITICAL = "critical"


class RiskType(StrEnum):
    """What the danger is: own list."""

    TRAFFICKER_CONTACT = "trafficker_contact"
    FAMILY_PRESSURE = "family_pressure"
    LOCATION_EXPOSED = "location_exposed"
    SELF_HARM = "self_harm"
    OFFICIAL_COMPLICITY = "official_complicity"
    MEDIA = "media"


class RiskRaisedOpen(OpenPart):
    """What every recipient sees: that somebody is in danger, and how much."""

    rules = ("priority_low",)

    risk_level: RiskLevel

    def check_envelope(self, envelope: Envelope) -> None:
        """Nothing comes before a person in danger."""
        require_first(envelope)


class MustNotKnow(Model):
    """An agency, a person of the case, or somebody known by their relation alone, from whom this is kept."""

    rules = ("must_not_know_nobody",)

    agency: Maybe[AgencyId] = None
    person_ref: Maybe[PersonRef] = None
    relation: Maybe[Line80] = None

    @model_validator(mode="after")
    def _rules(self) -> Self:
        if self.agency is None and self.person_ref is None and self.relation is None:
            refuse("must_not_know_nobody", "Whoever must not know is an agency, a person or a relation.")
        return self


class RiskRaisedNarrative(Compartment):
    """Who is in danger, from what, what is asked, and who must not learn of it."""

    rules = ("accused_missing",)

    risk_type: RiskType
    about: PersonRef
    requested_action: Text1000
    who_must_not_know: Annotated[
        tuple[MustNotKnow, ...], Field(max_length=32), Unique(), Source("own; WHO (2003) interviewing rule 1")
    ] = ()
    accused: Annotated[
        tuple[AgencyId, ...],
        Field(max_length=32),
        Unique(),
        Source("own; agencies whose people are said to be complicit"),
    ] = ()

    @model_validator(mode="after")
    def _rules(self) -> Self:
        if self.risk_type is RiskType.OFFICIAL_COMPLICITY and not self.accused:
            refuse("accused_missing", "Official complicity names the agency that is accused.")
        return self


class RiskRaisedPlace(Compartment):
    """Where, as exactly as whoever protects the person must know it."""

    where: Text500
    place_code: Maybe[PlaceCode] = None


class RiskRaised(EventData):
    """E19: a person in care is in danger."""

    fact: ClassVar[Fact] = Fact(
        number="E19",
        area="service",
        name="safety.risk-raised.v1",
        title_id="Risiko keselamatan",
        title_en="Safety risk raised",
        about_id="Memperingatkan para pelindung bahwa seseorang terancam, tanpa diketahui pihak yang dituduh.",
        about_en="Warns those who protect a person that they are in danger, unseen by whoever is accused.",
    )
    open: RiskRaisedOpen
    narrative: RiskRaisedNarrative
    place: Maybe[RiskRaisedPlace] = None

    def person_ref(self) -> str:
        """Who is in danger."""
        return self.narrative.about

    def kept_from(self) -> frozenset[str]:
        """The accused, and every agency that must not know."""
        said = self.narrative
        return frozenset((*said.accused, *(one.agency for one in said.who_must_not_know if one.agency is not None)))
