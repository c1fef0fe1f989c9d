"""Who is a victim of trafficking, and the little that immigration is told of it (area `victim`).

UU 6/2011 Art. 86 keeps administrative immigration measures from victims, so immigration must know whom it holds
for. It learns that Art. 86 applies and where not to look, under a reference of its own, and nothing else (ADR 0011).
"""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from schemas.base import Compartment, Envelope, EventData, Fact, Maybe, OpenPart, Source, refuse
from schemas.people import PersonRef
from schemas.scalars import Text500, Unique, Yes
from schemas.vocabulary import Act, Alpha2, ExploitationPurpose, Means


class TraffickingStatus(StrEnum):
    """Whether the person is a victim: HTCDS 2.0 `vic_TraffickingStatus`."""

    POSSIBLE = "PossibleVictimOfTrafficking"
    ACTUAL = "ActualVictimOfTrafficking"
    NOT = "NotAVictimOfTrafficking"


class DecidedBy(StrEnum):
    """What kind of organisation decided: HTCDS 2.0 `vic_TraffickingStatusDecisionMakingOrg`."""

    POLICE = "Police"
    NGO = "NGO"
    COURT = "CourtOrProsecution"
    GOVERNMENT = "NonPoliceGovernmentalOrganization"
    OTHER = "Other"


class ExploitationType(StrEnum):
    """How the person was exploited: HTCDS 2.0 `vic_TypeOfExploitation`; `purpose.crime` added, which it lacks."""

    FORCED_LABOUR = "ForcedLabour"
    SEXUAL = "SexualExploitation"
    CHILD_LABOUR = "ChildLabour"
    FORCED_MARRIAGE = "ForcedMarriage"
    SERVITUDE = "Servitude"
    FORCED_MILITARY = "ForcedMilitaryByNonStateActors"
    ORGAN_REMOVAL = "OrganRemoval"
    FORCED_BEGGING = "ForcedBegging"
    FORCED_ADOPTION = "ForcedAdoption"
    SURROGACY = "Surrogacy"
    OTHER = "Other"
    FORCED_CRIME = "purpose.crime"


class RelationshipToTrafficker(StrEnum):
    """How the trafficker knew the person: HTCDS 2.0 `vic_RelationshipToTrafficker`, spelt as there."""

    FAMILIAL = "Familial"
    ACQUAINTED = "Acquainted"
    UNACQUAINTED = "Unaquainted"


class RecruitmentMethod(StrEnum):
    """Where the person was recruited: HTCDS 2.0 `vic_MethodOfRecruitment`."""

    BUSINESS = "AtAPlaceOfBusiness"
    EDUCATION = "AtAnEducationalInstitution"
    WORK = "AtWork"
    SOCIAL_NETWORKS = "ThroughOnlineSocialNetworks"
    ONLINE_ADVERTISEMENT = "ThroughAnOnlineAdvertisement"
    TELEVISION = "ThroughATelevisionAdvert"
    NEWSPAPER = "ThroughANewspaperAdvert"
    FAMILY = "ThroughFamilyOrFamilyEvents"
    FRIENDS = "ThroughFriendsOrSocialEvents"
    OTHER = "Other"


class Placement(StrEnum):
    """Where the person is instead of a detention house, never which place: UU 6/2011 Art. 87."""

    OTHER_PLACE = "other_specified_place"
    NOT_APPLICABLE = "not_applicable"


DocToken = Annotated[
    PersonRef,
    Source("own; the reference under which immigration itself named the document or person, no MatchToken"),
]


class VictimStatusDeterminedOpen(OpenPart):
    """What every recipient sees; immigration is none of them."""

    trafficking_status: TraffickingStatus
    decided_by_type: DecidedBy


class VictimStatusDeterminedIdentity(Compartment):
    """About whom; and, where immigration knows the person or a document of theirs, by which reference."""

    person_ref: PersonRef
    doc_token: Maybe[DocToken] = None


class VictimStatusDeterminedNarrative(Compartment):
    """On what the decision rests: act, means and purpose of UU 21/2007 Art. 1(1), and what is known around them."""

    is_minor: Annotated[bool, Source("UU 21/2007 Art. 1(5): under 18, so that no means need be shown")]
    act: Annotated[tuple[Act, ...], Field(max_length=6), Unique()] = ()
    means: Annotated[tuple[Means, ...], Field(max_length=10), Unique()] = ()
    purpose: Annotated[tuple[ExploitationPurpose, ...], Field(max_length=9), Unique()] = ()
    exploitation_type: Annotated[tuple[ExploitationType, ...], Field(max_length=12), Unique()] = ()
    industry: Annotated[
        Maybe[str],
        Field(pattern=r"^[A-U]$", max_length=1),
        Source("ISIC Rev. 4 section; the letter of HTCDS 2.0 vic_ForcedLabourIndustry"),
    ] = None
    relationship_to_trafficker: Maybe[RelationshipToTrafficker] = None
    method_of_recruitment: Annotated[tuple[RecruitmentMethod, ...], Field(max_length=10), Unique()] = ()
    country_of_exploitation: Annotated[tuple[Alpha2, ...], Field(max_length=12), Unique()] = ()
    appeal: Annotated[Maybe[Text500], Source("own; how and until when the decision may be challenged")] = None
    placement: Maybe[Placement] = None


class ProtectionNotifiedOpen(OpenPart):
    """That Art. 86 applies, whether the person is placed elsewhere, and what kind of organisation decided."""

    rules = ("twin_reduced",)

    art86: Annotated[Yes, Source("UU 6/2011 Art. 86: no administrative measures against victims")]
    placement: Placement
    decided_by: DecidedBy

    def check_envelope(self, envelope: Envelope) -> None:
        """The envelope tells no more than the data: no case, no place, nothing that the event belongs together with."""
        about = (envelope.subject, envelope.area, envelope.correlationid, envelope.causationid)
        if any(one is not None for one in about):
            refuse("twin_reduced", "The reduced twin names no case, no area, no cause and no correlation.")


class ProtectionNotifiedIdentity(Compartment):
    """To whom it applies, in immigration's own words."""

    doc_token: DocToken


class ProtectionNotified(EventData):
    """E10T: the reduced twin of E10, for immigration. No name, no place, no exploitation, no status."""

    fact: ClassVar[Fact] = Fact(
        number="E10T",
        area="victim",
        name="victim.protection-notified.v1",
        title_id="Pelindungan diberitahukan",
        title_en="Protection notified",
        about_id="Memberitahukan kepada Imigrasi bahwa Pasal 86 berlaku, dan tidak lebih dari itu.",
        about_en="Tells immigration that Article 86 applies, and nothing more.",
    )
    open: ProtectionNotifiedOpen
    identity: ProtectionNotifiedIdentity

    def person_ref(self) -> str:
        """Whoever immigration's reference names."""
        return self.identity.doc_token


class VictimStatusDetermined(EventData):
    """E10: an organisation decided whether somebody is a victim of trafficking."""

    rules = ("act_missing", "means_missing", "placement_missing", "purpose_missing")

    fact: ClassVar[Fact] = Fact(
        number="E10",
        area="victim",
        name="victim.status-determined.v1",
        title_id="Status korban ditetapkan",
        title_en="Victim status determined",
        about_id="Memberitahukan keputusan apakah seseorang korban perdagangan orang, kepada yang melindunginya.",
        about_en="Tells those who protect somebody whether that person was found to be a victim of trafficking.",
    )
    open: VictimStatusDeterminedOpen
    identity: VictimStatusDeterminedIdentity
    narrative: VictimStatusDeterminedNarrative

    def person_ref(self) -> str:
        """Whose status."""
        return self.identity.person_ref

    def check(self) -> None:
        """An actual victim was acted on for a purpose, an adult by some means; whom immigration knows has a placement.

        UU 21/2007 Art. 1(1); for children the means need not be shown (Palermo Protocol Art. 3(c)).
        """
        status, narrative = self.open.trafficking_status, self.narrative
        if status is TraffickingStatus.ACTUAL:
            if not narrative.act:
                refuse("act_missing", "Trafficking has at least one act.")
            if not narrative.purpose:
                refuse("purpose_missing", "Trafficking has at least one purpose.")
            if not narrative.means and not narrative.is_minor:
                refuse("means_missing", "Trafficking of an adult has at least one means.")
        if self._is_notified() and narrative.placement is None:
            refuse("placement_missing", "Who is protected and known to immigration has a placement.")

    def twin(self) -> ProtectionNotified | None:
        """Make what immigration may know of it: Art. 86, placement, kind of decider, its own reference; nothing else.

        Returns:
            The twin, or None where immigration knows no reference or the person was found to be no victim.
        """
        token, placement = self.identity.doc_token, self.narrative.placement
        if not self._is_notified() or token is None or placement is None:
            return None
        return ProtectionNotified(
            open=ProtectionNotifiedOpen(art86=True, placement=placement, decidedBy=self.open.decided_by_type),
            identity=ProtectionNotifiedIdentity(docToken=token),
        )

    def _is_notified(self) -> bool:
        return self.identity.doc_token is not None and self.open.trafficking_status is not TraffickingStatus.NOT
