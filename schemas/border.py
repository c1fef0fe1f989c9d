"""What strikes immigration at the border (area `border`); ordinary movements never travel."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from schemas.base import Compartment, EventData, Fact, Maybe, Model, OpenPart, Source
from schemas.codelists import OneOf
from schemas.people import PersonMinimum, TravelDocument
from schemas.scalars import Text2000
from schemas.vocabulary import Alpha2, Nexus, Weight


class Direction(StrEnum):
    """Which way: practice of Indonesian immigration (BCM)."""

    DEPARTURE = "departure"
    ARRIVAL = "arrival"


class BcmStatus(StrEnum):
    """What the border control system showed: BCM colours, green nothing, orange unfinished, red a hit."""

    GREEN = "green"
    ORANGE = "orange"
    RED = "red"


class Decision(StrEnum):
    """What the officer decided: practice of Indonesian immigration (BCM)."""

    ADMITTED = "admitted"
    DEFERRED = "deferred"
    REFUSED = "refused"
    REFERRED_SCREENING = "referred_screening"


class Flag(Model):
    """One thing that struck the officer, and how much it counts."""

    code: Annotated[str, OneOf("border-flags")]
    weight: Weight


class CrossingFlaggedOpen(OpenPart):
    """What every recipient sees of a flagged crossing."""

    direction: Direction
    tpi: Annotated[
        str,
        Field(pattern=r"^[A-Z][A-Z0-9-]{1,19}$", max_length=20),
        Source("immigration checkpoint (TPI) code as immigration writes it"),
    ]
    bcm_status: BcmStatus
    decision: Decision
    group_size: Annotated[int, Field(ge=1, le=500)]
    nexus: Nexus = Nexus.NONE


class CrossingFlaggedIdentity(Compartment):
    """Who crossed, with which document."""

    person: PersonMinimum
    doc: TravelDocument


class CrossingFlaggedNarrative(Compartment):
    """Why it was flagged; at least one flag, for exceptions only are shared (UU 6/2011 Art. 89(2)(a))."""

    flags: Annotated[tuple[Flag, ...], Field(min_length=1, max_length=16)]
    itinerary: Annotated[tuple[Alpha2, ...], Field(max_length=12)] = ()
    carrier_code: Annotated[Maybe[str], Field(pattern=r"^[A-Z0-9][A-Z0-9-]{1,11}$", max_length=12)] = None
    interview_note: Maybe[Text2000] = None


class CrossingFlagged(EventData):
    """E03: a border crossing that an officer found suspicious."""

    fact: ClassVar[Fact] = Fact(
        number="E03",
        area="border",
        name="border.crossing-flagged.v1",
        title_id="Perlintasan ditandai",
        title_en="Border crossing flagged",
        about_id="Memberitahukan perlintasan yang mencurigakan, dan hanya itu.",
        about_en="Tells of a suspicious border crossing, and of none other.",
    )
    open: CrossingFlaggedOpen
    identity: CrossingFlaggedIdentity
    narrative: CrossingFlaggedNarrative

    def person_ref(self) -> str:
        """The traveller."""
        return self.identity.person.person_ref
