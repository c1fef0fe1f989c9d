"""What strikes immigration at the border, and what becomes of travel documents (area `border`).

Ordinary movements never travel, and nothing here enters anybody on a list.
"""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from schemas.base import Compartment, Envelope, EventData, Fact, Maybe, Model, OpenPart, Source, refuse
from schemas.case import LpNumber
from schemas.codelists import OneOf
from schemas.people import PersonMinimum, PersonRef, TravelDocument
from schemas.scalars import Day, Line200, Text2000, Unique, Yes
from schemas.vocabulary import Alpha2, Nexus, Weight

_DEFERRAL = timedelta(days=180)
"""After so long a deferral is forgotten."""


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

    flags: Annotated[tuple[Flag, ...], Field(min_length=1, max_length=16), Unique(by=("code",))]
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


class DocumentStatus(StrEnum):
    """What became of a travel document: own list, after UU 6/2011 Art. 89(2)(a)."""

    LOST = "lost"
    STOLEN = "stolen"
    WITHHELD = "withheld_by_exploiter"
    FORGED = "forged"
    FALSE_DATA = "obtained_by_false_data"
    RECOVERED = "recovered"
    REVOKED = "revoked"


class DocumentStatusReportedOpen(OpenPart):
    """What every recipient sees: that a document has this status, not whose."""

    status_code: DocumentStatus


class DocumentStatusReportedIdentity(Compartment):
    """Which document, and who holds it where the case has a reference for that person."""

    doc: TravelDocument
    holder_ref: Maybe[PersonRef] = None


class DocumentStatusReportedNarrative(Compartment):
    """How it came about, and that INTERPOL was not told: only the issuing country may enter a document in SLTD."""

    circumstance: Text2000
    report_ref: Maybe[LpNumber] = None
    not_sltd: Annotated[Yes, Source("INTERPOL SLTD: entries by the issuing country alone, through its NCB")]


class DocumentStatusReported(EventData):
    """E04: a travel document was lost, withheld, forged, found again or revoked."""

    fact: ClassVar[Fact] = Fact(
        number="E04",
        area="border",
        name="traveldoc.status-reported.v1",
        title_id="Status dokumen perjalanan dilaporkan",
        title_en="Travel document status reported",
        about_id="Memberitahukan bahwa dokumen perjalanan hilang, ditahan, dipalsukan, ditemukan, atau dicabut.",
        about_en="Tells that a travel document was lost, withheld, forged, found again or revoked.",
    )
    open: DocumentStatusReportedOpen
    identity: DocumentStatusReportedIdentity
    narrative: DocumentStatusReportedNarrative

    def person_ref(self) -> str | None:
        """The holder, where known."""
        return self.identity.holder_ref


class DeferralReason(StrEnum):
    """Why a passport was not issued for now: practice of Indonesian immigration, UU 18/2017 for migrant workers."""

    NONPROCEDURAL_WORKER = "suspected_nonprocedural_worker"
    NO_RECOMMENDATION = "no_recommendation"
    PURPOSE_UNCLEAR = "purpose_unclear"
    DOCUMENT_DOUBT = "document_doubt"
    COACHING = "third_party_coaching"


class ApplicationDeferredOpen(OpenPart):
    """What every recipient sees of a deferral: why, and by the envelope until when."""

    rules = ("expiry_late", "expiry_missing")

    reason_code: DeferralReason

    def check_envelope(self, envelope: Envelope) -> None:
        """A deferral is no listing: it says when it expires, at most 180 days later."""
        if envelope.expirytime is None:
            refuse("expiry_missing", "A deferral says when it expires.")
        if envelope.expirytime - envelope.time > _DEFERRAL + 2 * envelope.rounding:  # both times are rounded
            refuse("expiry_late", "A deferral expires within 180 days.")


class ApplicationDeferredIdentity(Compartment):
    """Who applied."""

    applicant: PersonMinimum


class ApplicationDeferredNarrative(Compartment):
    """What the applicant said, and when the application is looked at again."""

    declared_destination: Maybe[Alpha2] = None
    declared_purpose: Maybe[Line200] = None
    companions: Annotated[int, Field(ge=0, le=50)]
    review_due: Day


class ApplicationDeferred(EventData):
    """E05: immigration put off a passport application; no guilt, no listing, forgotten within 180 days."""

    fact: ClassVar[Fact] = Fact(
        number="E05",
        area="border",
        name="passport.application-deferred.v1",
        title_id="Permohonan paspor ditunda",
        title_en="Passport application deferred",
        about_id="Memberitahukan penundaan permohonan paspor agar pemohon dibantu; bukan daftar hitam.",
        about_en="Tells that a passport application was put off, so that the applicant is helped; it is no blacklist.",
    )
    open: ApplicationDeferredOpen
    identity: ApplicationDeferredIdentity
    narrative: ApplicationDeferredNarrative

    def person_ref(self) -> str:
        """The applicant."""
        return self.identity.applicant.person_ref
