"""Anonymous tips and what becomes of them (area `tip`). No model here can hold who reported."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from schemas.base import Compartment, EventData, Fact, Maybe, Model, OpenPart, Source
from schemas.codelists import OneOf
from schemas.scalars import (
    AgencyId,
    Day,
    Line200,
    RoleName,
    Sha256,
    Text500,
    Text1000,
    Text2000,
    Text4000,
    Unique,
    Uuid,
    Yes,
)
from schemas.vocabulary import App, Language, PlaceCode, Priority, Reliability


class Channel(StrEnum):
    """How the tip came in: own list, after SAPA 129, police and SP4N-LAPOR practice."""

    WEB = "web"
    APP = "app"
    PHONE = "phone"
    WHATSAPP = "whatsapp"
    IN_PERSON = "in_person"
    LETTER = "letter"
    LAPOR = "lapor"


class CountBand(StrEnum):
    """How many people seem affected: own list."""

    ONE = "1"
    TO_5 = "2-5"
    TO_10 = "6-10"
    MORE = ">10"


class Attachment(Model):
    """A file that travels apart under its own key; only one stripped of its metadata may be named."""

    hash: Sha256
    pointer: Annotated[str, Field(pattern=r"^[a-z][a-z0-9+.-]{1,15}:[!-~]{1,180}$", max_length=197)]
    stripped_metadata: Yes


class TipReceivedOpen(OpenPart):
    """What every recipient of a tip sees."""

    channel: Channel
    danger_now: bool
    may_involve_child: bool


class TipReceivedNarrative(Compartment):
    """What was reported: HTCDS 2.0 guidance for helplines, SP4N-LAPOR practice."""

    tracking_hash: Annotated[Sha256, Source("own; hash of the code that only the reporter holds")]
    language: Maybe[Language] = None
    what_text: Text4000
    when_text: Maybe[Text500] = None
    from_: Annotated[Maybe[Day], Field(alias="from")] = None
    to: Maybe[Day] = None
    place_text: Maybe[Text500] = None
    place_code: Maybe[PlaceCode] = None
    victim_descr: Maybe[Text1000] = None
    victim_count_band: Maybe[CountBand] = None
    perp_descr: Maybe[Text1000] = None
    signs: Annotated[tuple[Annotated[str, OneOf("signs")], ...], Field(max_length=16), Unique()] = ()
    recruit_channels: Annotated[tuple[App, ...], Field(max_length=15), Unique()] = ()
    attachments: Annotated[tuple[Attachment, ...], Field(max_length=10), Unique(by=("hash",))] = ()
    wants_reply: bool


class TipReceivedSafeContact(Compartment):
    """How the reporter may be reached, if they chose to say; opens for the tip line alone."""

    safe_contact: Line200


class TipReceived(EventData):
    """E01: somebody reported something, without saying who they are."""

    fact: ClassVar[Fact] = Fact(
        number="E01",
        area="tip",
        name="tip.received.v1",
        title_id="Laporan masyarakat diterima",
        title_en="Tip received",
        about_id="Meneruskan laporan tanpa nama kepada instansi yang dapat bertindak.",
        about_en="Passes an anonymous report to the agencies that can act on it.",
    )
    open: TipReceivedOpen
    narrative: TipReceivedNarrative
    safe_contact: Annotated[Maybe[TipReceivedSafeContact], Field(alias="safe_contact")] = None


class Outcome(StrEnum):
    """What the tip turned out to be: own list."""

    ACTIONABLE = "actionable"
    NEED_MORE = "need_more"
    DUPLICATE = "duplicate"
    UNRELATED = "unrelated"
    MALICIOUS = "malicious"


class TipTriagedOpen(OpenPart):
    """What every recipient of a triage sees; `routedTo` on each copy holds only that copy's readers."""

    outcome: Outcome
    routed_to: Annotated[tuple[AgencyId, ...], Field(max_length=32), Unique()]
    priority_after: Priority

    def is_answer(self) -> bool:
        """A triage answers the tip."""
        return True


class TipTriagedNarrative(Compartment):
    """How the tip was graded, and what the reporter may read under their code."""

    source_reliability: Reliability
    info_credibility: Annotated[int, Field(ge=1, le=6), Source("Admiralty scale, MISP taxonomy version 5")]
    duplicate_of: Maybe[Uuid] = None
    reason: Text2000
    reply_text: Maybe[Text1000] = None
    reviewed_by: Annotated[RoleName, Source("own; a role, never a name")]


class TipTriaged(EventData):
    """E02: a tip was judged and passed on."""

    fact: ClassVar[Fact] = Fact(
        number="E02",
        area="tip",
        name="tip.triaged.v1",
        title_id="Laporan masyarakat ditelaah",
        title_en="Tip triaged",
        about_id="Memberitahukan hasil telaah laporan dan jawaban bagi pelapor.",
        about_en="Says what came of a tip, and what its reporter may read.",
    )
    open: TipTriagedOpen
    narrative: TipTriagedNarrative
