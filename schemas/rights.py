"""What a controller owes to the people whose data it holds (area `rights`)."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from schemas.base import Compartment, Envelope, EventData, Fact, Maybe, Model, OpenPart, Source, refuse
from schemas.envelope import CompartmentName
from schemas.people import PersonRef
from schemas.scalars import CaseUrn, Moment, Text1000, Unique
from schemas.urgency import require_first, require_in_time


class Duty(StrEnum):
    """What must be done: UU 27/2022 Arts. 30, 41, 43, 44, 46."""

    RECTIFY = "rectify"
    RESTRICT = "restrict"
    ERASE = "erase"
    DESTROY = "destroy"
    BREACH = "breach"


class DutyRaisedOpen(OpenPart):
    """What every holder sees: which duty, by when, and whether a legal case keeps the data from destruction."""

    rules = ("deadline_late", "deadline_past", "priority_low")

    duty: Duty
    deadline: Annotated[Moment, Source("UU 27/2022 Arts. 30, 40-42, 46: 3x24 hours")]
    legal_hold: Annotated[bool, Source("UU 27/2022 Arts. 42-44: data that a legal case needs")]

    def check_envelope(self, envelope: Envelope) -> None:
        """The deadline lies within 3x24 hours; nothing comes before a breach."""
        require_in_time(self.deadline, envelope)
        if self.duty is Duty.BREACH:
            require_first(envelope)


class Breach(Model):
    """What a notice of breach must say, and whether the person could be told safely: UU 27/2022 Art. 46(2)."""

    data_exposed: Annotated[
        tuple[CompartmentName, ...],
        Field(min_length=1, max_length=7),
        Unique(),
        Source("UU 27/2022 Art. 46(2)(a); kinds of data as the compartments of an event, never the data"),
    ]
    when_and_how: Annotated[Text1000, Source("UU 27/2022 Art. 46(2)(b)")]
    remedy: Annotated[Text1000, Source("UU 27/2022 Art. 46(2)(c)")]
    subject_notified: bool
    safe_channel_used: Annotated[bool, Source("own; WHO (2003) interviewing rule 1")]


class DutyRaisedNarrative(Compartment):
    """Whom and what it is about; of a breach, what the law wants told."""

    person_ref: Maybe[PersonRef] = None
    case_ref: Maybe[CaseUrn] = None
    scope: Text1000
    breach: Maybe[Breach] = None


class DutyRaised(EventData):
    """E25: a controller tells all holders of a duty towards the people whose data they hold."""

    rules = ("breach_details", "duty_on_nobody")

    fact: ClassVar[Fact] = Fact(
        number="E25",
        area="rights",
        name="data.duty-raised.v1",
        title_id="Kewajiban atas data pribadi",
        title_en="Data duty raised",
        about_id=(
            "Memberi tahu pemegang data tentang apa yang wajib dibetulkan, dibatasi, atau dimusnahkan, dan tentang "
            "kebocoran."
        ),
        about_en="Tells holders of data what they must correct, restrict or destroy, and of breaches.",
    )
    open: DutyRaisedOpen
    narrative: DutyRaisedNarrative

    def person_ref(self) -> str | None:
        """Whose data it is, if it is one person's."""
        return self.narrative.person_ref

    def check(self) -> None:
        """A breach says what was exposed, when and how, and what is done; any other duty names a person or a case."""
        said, breach = self.narrative, self.open.duty is Duty.BREACH
        if breach is (said.breach is None):
            refuse("breach_details", "A breach, and no other duty, says what was exposed and what is done.")
        if not breach and said.person_ref is None and said.case_ref is None:
            refuse("duty_on_nobody", "A duty that is no breach names the person or the case.")
