"""Handing a person on to those who can help, and their answer (area `referral`)."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from schemas.base import Compartment, EventData, Fact, Maybe, OpenPart, Source, refuse
from schemas.codelists import OneOf
from schemas.people import ContactSafety, Guardian, PersonMinimum
from schemas.scalars import Line200, Moment, Text2000, Unique
from schemas.vocabulary import Phone


class Timeframe(StrEnum):
    """How soon: Primero, service response timeframes."""

    HOUR_1 = "1_hour"
    HOURS_3 = "3_hours"
    DAY_1 = "1_day"
    DAYS_3 = "3_days"


class ConsentState(StrEnum):
    """On what the referral rests; Primero refuses a referral without it, and so does this schema."""

    GIVEN = "given"
    OVERRIDDEN = "overridden"
    VITAL_INTEREST = "vital_interest"
    CHILD_BEST_INTEREST = "child_best_interest"


_WITHOUT_CONSENT = frozenset({ConsentState.CHILD_BEST_INTEREST, ConsentState.VITAL_INTEREST})
"""On what a child's referral may rest where no guardian may be asked; to override is no ground of its own."""


class ReferralReason(StrEnum):
    """Why: HTCDS 2.0 `cas_ReasonForOutgoingReferral`."""

    SERVICES = "AdditionalServicesRequired"
    MIGRATION = "MigrationOrChangeOfLocation"
    OTHER = "Other"


class ReferralRequestedOpen(OpenPart):
    """What every recipient sees of a referral: which service, how soon, on what it rests."""

    service: Annotated[str, OneOf("services")]
    timeframe: Timeframe
    consent_state: ConsentState


class ReferralRequestedIdentity(Compartment):
    """Who is referred, and who speaks for them if they are a child."""

    person: PersonMinimum
    guardian: Maybe[Guardian] = None


class ReferralRequestedNarrative(Compartment):
    """Why, and what is needed and feared."""

    reason: ReferralReason
    details: Annotated[Maybe[Text2000], Source("HTCDS 2.0 cas_OutgoingReferralDetails")] = None
    needs: Annotated[tuple[Line200, ...], Field(max_length=20), Unique()] = ()
    risks: Annotated[tuple[Line200, ...], Field(max_length=20), Unique()] = ()


class ReferralRequestedPlace(Compartment):
    """Where and how the person is handed over."""

    handover_plan: Text2000


class ReferralRequestedSafeContact(Compartment):
    """How the person may be contacted; a number never travels without the rules for calling it."""

    contact_safety: ContactSafety
    phones: Annotated[tuple[Phone, ...], Field(max_length=5), Unique()] = ()


class ReferralRequested(EventData):
    """E16: an agency asks one other to help a person."""

    rules = ("child_consent", "guardian_conflict")

    fact: ClassVar[Fact] = Fact(
        number="E16",
        area="referral",
        name="referral.requested.v1",
        title_id="Rujukan diminta",
        title_en="Referral requested",
        about_id="Meminta satu penyedia layanan membantu seseorang.",
        about_en="Asks one provider of services to help a person.",
    )
    open: ReferralRequestedOpen
    identity: ReferralRequestedIdentity
    narrative: ReferralRequestedNarrative
    place: Maybe[ReferralRequestedPlace] = None
    safe_contact: Annotated[Maybe[ReferralRequestedSafeContact], Field(alias="safe_contact")] = None

    def person_ref(self) -> str:
        """Who is referred."""
        return self.identity.person.person_ref

    def check(self) -> None:
        """A guardian in conflict consents for nobody; for a child only another guardian does (UU 27/2022 Art. 25)."""
        state, guardian = self.open.consent_state, self.identity.guardian
        if state is ConsentState.GIVEN and guardian is not None and guardian.conflict:
            refuse("guardian_conflict", "A guardian in conflict with the child cannot speak for the child.")
        if not self.identity.person.is_child() or state in _WITHOUT_CONSENT:
            return
        if state is not ConsentState.GIVEN or guardian is None or not guardian.consent_given:
            refuse("child_consent", "A child's referral rests on a guardian's consent, best or vital interest.")


class State(StrEnum):
    """Where the referral stands: Primero transition states."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    REVOKED = "revoked"
    DONE = "done"


class ResponseReason(StrEnum):
    """Why it was rejected or revoked: own list."""

    CAPACITY = "capacity"
    OUT_OF_SCOPE = "out_of_scope"
    DECLINED = "declined_by_survivor"
    UNSAFE = "unsafe"
    OTHER = "other"


class ReferralRespondedOpen(OpenPart):
    """What every recipient sees of the answer; to immigration and police nothing else."""

    rules = ("reason_missing",)

    state: State
    reason_code: Maybe[ResponseReason] = None

    def is_answer(self) -> bool:
        """A response answers the request."""
        return True

    def check(self) -> None:
        """A rejection says why (Primero: a rejected transition has a reason)."""
        if self.state is State.REJECTED and self.reason_code is None:
            refuse("reason_missing", "A rejected referral says why.")


class ReferralRespondedNarrative(Compartment):
    """What the referrer needs to know to act on the answer."""

    note: Maybe[Text2000] = None
    appointment: Maybe[Moment] = None


class ReferralResponded(EventData):
    """E17: the answer to a referral."""

    fact: ClassVar[Fact] = Fact(
        number="E17",
        area="referral",
        name="referral.responded.v1",
        title_id="Rujukan dijawab",
        title_en="Referral responded",
        about_id="Menjawab rujukan: diterima, ditolak, dicabut, atau selesai.",
        about_en="Answers a referral: accepted, rejected, revoked or done.",
    )
    open: ReferralRespondedOpen
    narrative: Maybe[ReferralRespondedNarrative] = None
