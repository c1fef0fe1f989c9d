"""What becomes of a person in care, and how much room there is for the next (area `service`).

Case work goes to the case manager alone. No field says where a shelter is.
"""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from schemas.base import Compartment, EventData, Fact, Maybe, OpenPart, Source
from schemas.codelists import OneOf
from schemas.people import PersonRef
from schemas.scalars import Line500, OneNumberOf, Text1000, Text2000, Unique
from schemas.vocabulary import Language


class ServiceState(StrEnum):
    """Where a service stands: own list, after Primero's states of a service."""

    STARTED = "started"
    ONGOING = "ongoing"
    COMPLETED = "completed"
    STOPPED = "stopped"


class PlanType(StrEnum):
    """What the support plan is for: HTCDS 2.0 `spl_Type`."""

    EDUCATION = "Education"
    FINANCIAL = "Financial"
    HEALTH = "Health"
    LABOUR_EXPLOITATION = "LabourExploitationRehabilitation"
    LEGAL = "Legal"
    LIVELIHOOD = "Livelihood"
    RIGHTS_TRAINING = "RightsBasedTraining"
    SEXUAL_EXPLOITATION = "SexualExploitationRehabilitation"
    SOCIAL_CARE = "SocialCare"


class HealthProvider(StrEnum):
    """Who treats: own list; a kind, so that no clinic is named."""

    HEALTH_CENTRE = "health_centre"
    HOSPITAL = "hospital"
    PSYCHOLOGIST = "psychologist"
    OTHER = "other"


class ServiceProgressedOpen(OpenPart):
    """What the case manager sees first: which service, and where it stands."""

    service: Annotated[str, OneOf("services")]
    service_state: ServiceState


class ServiceProgressedNarrative(Compartment):
    """Whose service, what it aims at, and what it has cost."""

    person_ref: PersonRef
    plan_type: Maybe[PlanType] = None
    objectives: Annotated[Maybe[Text1000], Source("HTCDS 2.0 spl_Objectives")] = None
    sessions: Annotated[Maybe[int], Field(ge=0, le=1000)] = None
    cost_idr: Annotated[
        Maybe[int], Field(ge=0, le=1_000_000_000_000), Source("own; rupiah, what restitution may claim")
    ] = None
    restitution_evidence: Annotated[
        Maybe[bool], Source("own; whether the provider holds proof that restitution may rest on")
    ] = None


class ServiceProgressedHealth(Compartment):
    """What belongs to health, specific data: UU 27/2022 Art. 4(2)(a)."""

    provider: HealthProvider
    findings: Maybe[Text2000] = None


class ServiceProgressed(EventData):
    """E18: a service began, goes on, or ended."""

    fact: ClassVar[Fact] = Fact(
        number="E18",
        area="service",
        name="service.progressed.v1",
        title_id="Perkembangan layanan",
        title_en="Service progressed",
        about_id="Memberi tahu manajer kasus, dan hanya dia, tentang jalannya layanan bagi seseorang.",
        about_en="Tells the case manager, and nobody else, how a service for a person goes.",
    )
    open: ServiceProgressedOpen
    narrative: ServiceProgressedNarrative
    health: Maybe[ServiceProgressedHealth] = None

    def person_ref(self) -> str:
        """Who is served."""
        return self.narrative.person_ref


class Schooling(StrEnum):
    """Whether the person learns: own list; a code, so that no child's school is ever named (UU 11/2012 Art. 19)."""

    ATTENDING = "attending"
    COMPLETED = "completed"
    LEFT = "left"
    NONE = "none"


class ReTraffickingRisk(StrEnum):
    """How likely it is to happen again: own list."""

    LOW = "low"
    MEDIUM = "med"
    HIGH = "high"


class ReintegrationFollowedUpOpen(OpenPart):
    """What the case manager sees first: how long after the return."""

    month: Annotated[int, OneNumberOf((1, 3, 6, 12, 24)), Source("own; months since the person returned")]


class ReintegrationFollowedUpNarrative(Compartment):
    """How the person is, and what they wish."""

    person_ref: PersonRef
    housing: Maybe[Line500] = None
    income: Maybe[Line500] = None
    schooling: Maybe[Schooling] = None
    safety: Maybe[Line500] = None
    training_completed: Maybe[bool] = None
    re_trafficking_risk: ReTraffickingRisk
    wishes: Annotated[Maybe[Text1000], Source("own; in the person's words")] = None


class ReintegrationFollowedUp(EventData):
    """E20: somebody asked how a person fares after their return."""

    fact: ClassVar[Fact] = Fact(
        number="E20",
        area="service",
        name="reintegration.followed-up.v1",
        title_id="Reintegrasi ditindaklanjuti",
        title_en="Reintegration followed up",
        about_id="Memberi tahu manajer kasus tentang keadaan dan keinginan seseorang sesudah pulang.",
        about_en="Tells the case manager how a person fares after the return, and what they wish.",
    )
    open: ReintegrationFollowedUpOpen
    narrative: ReintegrationFollowedUpNarrative

    def person_ref(self) -> str:
        """Who was asked."""
        return self.narrative.person_ref


class SlotsBand(StrEnum):
    """How many places are free: own bands, so that one arrival or departure does not show."""

    NONE = "0"
    FEW = "1-2"
    SOME = "3-5"
    MANY = ">5"


class CapacityReportedOpen(OpenPart):
    """All that is said: what is free and for whom. Never an address."""

    service: Annotated[str, OneOf("services")]
    slots_band: SlotsBand
    accepts_children: bool
    accepts_men: Annotated[bool, Source("own; male victims are under-identified")]
    languages: Annotated[tuple[Language, ...], Field(max_length=16), Unique()] = ()


class CapacityReported(EventData):
    """E21: how much room a provider has; an event without any compartment."""

    fact: ClassVar[Fact] = Fact(
        number="E21",
        area="service",
        name="service.capacity-reported.v1",
        title_id="Daya tampung dilaporkan",
        title_en="Capacity reported",
        about_id="Memberi tahu instansi perujuk layanan mana yang masih menerima, dan siapa; alamatnya tidak pernah.",
        about_en="Tells those who refer which service has room, and for whom; never its address.",
    )
    open: CapacityReportedOpen
