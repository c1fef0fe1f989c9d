"""What goes to the public, and what the public thinks of it (area `outreach`).

What is published here is meant for everybody: words stand in the open part, TLP is clear, and no compartment
exists. Feedback has no field for who gave it.
"""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from schemas.base import Compartment, Envelope, EventData, Fact, Maybe, OpenPart, Source, refuse
from schemas.scalars import TEXT, Line160, Line200, Text2000, Unique
from schemas.vocabulary import AreaCode, Language, Tlp

OPEN_LIMIT = 28 * 1024
"""Bytes of the open part as JSON, so that it fits a part of 32 KiB beside the envelope (DESIGN.md §4)."""

_CLEAR = Tlp.CLEAR
_Body = Annotated[
    str,
    Field(pattern=TEXT, min_length=1, max_length=16_000),
    Source("CommonMark; it is text: whoever shows it lets no HTML through"),
]


def require_clear(envelope: Envelope) -> None:
    """Refuse what goes to everybody and is marked as if it did not.

    Args:
        envelope: of what is published.

    Raises:
        PydanticCustomError: it is not clear.
    """
    if envelope.tlp != _CLEAR:
        refuse("tlp_not_clear", "What is published for everybody is marked TLP clear.")


class OutreachKind(StrEnum):
    """What was published: own list."""

    BULLETIN = "bulletin"
    CAMPAIGN = "campaign_activity"
    PAGE = "information_page"
    SAFETY_ONLINE = "safety_online"


class ReachBand(StrEnum):
    """How many people it reached: own list."""

    TO_49 = "<50"
    TO_199 = "50-199"
    TO_999 = "200-999"
    MORE = ">999"


class OutreachPublishedOpen(OpenPart):
    """What everybody may read."""

    rules = ("outreach_too_large", "tlp_not_clear")

    kind: OutreachKind
    title: Line160
    body_markdown: _Body
    language: Language
    place: Annotated[Maybe[AreaCode], Source("Kemendagri region code of an activity, regency at the finest")] = None
    reach_band: Maybe[ReachBand] = None
    sources: Annotated[tuple[Line200, ...], Field(max_length=20), Unique(), Source("own; titles or addresses")] = ()

    def check(self) -> None:
        """Title, body and sources together are at most 28 KiB as JSON in UTF-8."""
        if len(self.to_json()) > OPEN_LIMIT:
            refuse("outreach_too_large", "What is published is larger than 28 KiB.")

    def check_envelope(self, envelope: Envelope) -> None:
        """What is published is for everybody: TLP clear (FIRST TLP 2.0)."""
        require_clear(envelope)


class OutreachPublished(EventData):
    """E22: a bulletin, an activity, a page, advice on safety online."""

    fact: ClassVar[Fact] = Fact(
        number="E22",
        area="outreach",
        name="outreach.published.v1",
        title_id="Informasi publik diterbitkan",
        title_en="Outreach published",
        about_id="Menyebarkan peringatan, kampanye, dan informasi pencegahan kepada semua orang.",
        about_en="Spreads warnings, campaigns and advice on prevention to everybody.",
    )
    open: OutreachPublishedOpen


class FeedbackAbout(StrEnum):
    """What the feedback is about: own list."""

    HOTLINE = "hotline"
    REFERRAL = "referral"
    POLICE = "police"
    IMMIGRATION = "immigration"
    INFORMATION = "information"
    OTHER = "other"


class FeedbackReceivedOpen(OpenPart):
    """What every recipient of feedback sees: a mark, without words."""

    about: FeedbackAbout
    score: Annotated[int, Field(ge=1, le=5), Source("own; 1 very bad to 5 very good")]


class FeedbackReceivedNarrative(Compartment):
    """What was said; nothing here, nor anywhere else in the event, says who said it."""

    text: Text2000
    wants_reply: bool


class FeedbackReceived(EventData):
    """E23: somebody says how they were served, without saying who they are."""

    fact: ClassVar[Fact] = Fact(
        number="E23",
        area="outreach",
        name="feedback.received.v1",
        title_id="Umpan balik masyarakat diterima",
        title_en="Feedback received",
        about_id="Menyampaikan penilaian masyarakat tanpa nama kepada gugus tugas dan instansi yang dinilai.",
        about_en="Brings anonymous feedback to the task force and to the agency that it is about.",
    )
    open: FeedbackReceivedOpen
    narrative: Maybe[FeedbackReceivedNarrative] = None
