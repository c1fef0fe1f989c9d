"""What a person agrees to, and when they no longer do (area `consent`)."""

from enum import StrEnum
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from schemas.base import Compartment, Envelope, EventData, Fact, Maybe, Model, OpenPart, Source, refuse
from schemas.envelope import CompartmentName
from schemas.people import PersonRef
from schemas.scalars import AgencyId, Line80, Moment, RoleName, Sha256, Unique
from schemas.urgency import require_in_time
from schemas.vocabulary import Purpose


class Change(StrEnum):
    """What happened to the consent: UU 27/2022 Arts. 22, 40."""

    GRANTED = "granted"
    NARROWED = "narrowed"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


_GIVING = frozenset({Change.GRANTED, Change.NARROWED})


class GivenBy(StrEnum):
    """Who spoke: UU 27/2022 Art. 25, with the child's best interest where no guardian may speak."""

    SELF = "self"
    PARENT = "parent"
    GUARDIAN = "guardian"
    COURT = "court"
    BEST_INTEREST = "social_worker_child_best_interest"


class Medium(StrEnum):
    """How the consent is kept: UU 27/2022 Art. 22(1)."""

    WRITTEN = "written"
    RECORDED = "recorded"


class Prompt(StrEnum):
    """What the person was told: HTCDS 2.0 `con_Consent`, seven spoken prompts."""

    INTERVIEW = "agrees_to_interview"
    PURPOSE = "purpose_explained"
    USE = "actual_and_potential_use"
    RESEARCH = "non_identifying_research"
    REQUEST = "right_to_request_data"
    STORAGE = "storage_time"
    WITHDRAWAL = "how_to_withdraw"


class WithheldReason(StrEnum):
    """Why somebody shall not see it: Primero transitions, reasons to withhold."""

    FEAR = "fear_of_harm"
    OWN_WORDS = "will_tell_themselves"
    OTHER = "other"


class Scope(Model):
    """One thing agreed to: this purpose, this role, this part of the data, until then."""

    purpose: Purpose
    recipient_role: RoleName
    data_class: Annotated[CompartmentName, Source("own; the compartments of an event")]
    until: Maybe[Moment] = None


class Evidence(Model):
    """Proof of consent, itself kept by the source: UU 27/2022 Arts. 22 and 24."""

    form: Line80
    version: Annotated[str, Field(pattern=r"^[0-9A-Za-z.-]{1,20}$", max_length=20)]
    recorded_at: Moment
    medium: Medium
    hash: Sha256


class Withheld(Model):
    """An agency that the person does not want to see it, and why."""

    who: AgencyId
    reason: WithheldReason


class ConsentChangedOpen(OpenPart):
    """What every holder sees: that something changed, and by when it must have acted."""

    rules = ("deadline_exact", "deadline_late", "deadline_missing", "deadline_past")

    change: Change
    deadline: Annotated[Maybe[Moment], Source("UU 27/2022 Arts. 40-41: 3x24 hours")] = None

    def check(self) -> None:
        """Whatever takes consent away sets a deadline."""
        if self.change is not Change.GRANTED and self.deadline is None:
            refuse("deadline_missing", "Consent that ends or narrows says by when holders must have acted.")

    def check_envelope(self, envelope: Envelope) -> None:
        """The deadline lies within 3x24 hours (UU 27/2022 Arts. 40-41)."""
        if self.deadline is not None:
            require_in_time(self.deadline, envelope)


class ConsentChangedIdentity(Compartment):
    """Whose consent."""

    person_ref: PersonRef
    is_minor: Annotated[Maybe[bool], Source("UU 21/2007 Art. 1(5): under 18")] = None


class ConsentChangedNarrative(Compartment):
    """What was agreed, by whom, with which proof."""

    scopes: Annotated[tuple[Scope, ...], Field(max_length=40), Unique()] = ()
    given_by: GivenBy
    guardian_conflict: bool
    assent: Annotated[Maybe[bool], Source("own; the child's own word beside the guardian's")] = None
    evidence: Maybe[Evidence] = None
    prompts_covered: Annotated[tuple[Prompt, ...], Field(max_length=7), Unique()] = ()
    withheld_from: Annotated[tuple[Withheld, ...], Field(max_length=32), Unique(by=("who",))] = ()
    alternative_basis: Annotated[
        Maybe[Literal["pdp20-2-c", "pdp20-2-d", "pdp20-2-e"]],
        Source("UU 27/2022 Art. 20(2): what carries the processing when consent does not"),
    ] = None


class ConsentChanged(EventData):
    """E15: consent was granted, narrowed, withdrawn, or ran out."""

    rules = ("assent_missing", "child_consent", "consent_unproven", "guardian_conflict", "withheld_on_withdrawal")

    fact: ClassVar[Fact] = Fact(
        number="E15",
        area="consent",
        name="consent.changed.v1",
        title_id="Persetujuan berubah",
        title_en="Consent changed",
        about_id="Memberitahukan kepada pemegang data apa yang disetujui seseorang, dan kapan tidak lagi.",
        about_en="Tells holders of data what a person agrees to, and when no longer.",
    )
    open: ConsentChangedOpen
    identity: ConsentChangedIdentity
    narrative: ConsentChangedNarrative

    def person_ref(self) -> str:
        """Whose consent it is."""
        return self.identity.person_ref

    def kept_from(self) -> frozenset[str]:
        """Every agency that the person does not want to see it."""
        return frozenset(one.who for one in self.narrative.withheld_from)

    def check(self) -> None:
        """A grant has scope and proof; no child gives it alone, nor a guardian in conflict (UU 27/2022 Arts. 22-25)."""
        said = self.narrative
        if self.open.change is Change.GRANTED and (said.evidence is None or not said.scopes):
            refuse("consent_unproven", "A granted consent states its scopes and its proof.")
        if said.guardian_conflict and said.given_by in {GivenBy.PARENT, GivenBy.GUARDIAN}:
            refuse("guardian_conflict", "A guardian in conflict with the child cannot speak for the child.")
        if said.withheld_from and self.open.change not in _GIVING:
            # Whoever holds the data must learn that it may not, the feared one most of all.
            refuse("withheld_on_withdrawal", "Consent that ended is withheld from nobody: every holder must learn it.")
        # Whoever takes a consent back is asked for nothing more, a child neither.
        if not self.identity.is_minor or self.open.change not in _GIVING:
            return
        if said.given_by is GivenBy.SELF:
            refuse("child_consent", "A child alone does not give consent.")
        if said.assent is None:
            refuse("assent_missing", "Consent for a child says whether the child agrees.")
