"""Alerts between agencies, and their acknowledgements (area `alert`)."""

from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from schemas.base import Compartment, EventData, Fact, Maybe, OpenPart, Source, refuse
from schemas.scalars import Line80, Line160, Line200, Line500, RoleName, Text2000, Unique, Uuid
from schemas.vocabulary import (
    AckState,
    AlertCode,
    Category,
    Certainty,
    MsgType,
    Nexus,
    PlaceCode,
    ResponseType,
    Severity,
    Urgency,
)

# Bound once: in Python 3.11 each look at a member of an enum costs as much as validating a field.
_ALERT, _ACK = MsgType.ALERT, MsgType.ACK
_Point = Annotated[
    str,
    Field(pattern=r"^-?[0-9]{1,2}\.[0-9]{1,6},-?[0-9]{1,3}\.[0-9]{1,6}$", max_length=24),
    Source("CAP 1.2 §3.2.4, WGS 84 latitude,longitude"),
]


class AlertIssuedOpen(OpenPart):
    """What every recipient of an alert sees: CAP 1.2 codes, no words, no place, no person."""

    rules = ("references_missing",)

    msg_type: MsgType
    references: Annotated[tuple[Uuid, ...], Field(max_length=16), Unique(), Source("CAP 1.2 §3.2.1 references")] = ()
    category: Category
    event_code: AlertCode
    urgency: Urgency
    severity: Severity
    certainty: Certainty
    response_type: ResponseType
    nexus: Nexus = Nexus.NONE
    may_involve_child: bool = False

    def is_answer(self) -> bool:
        """An acknowledgement answers the alert that it acknowledges."""
        return self.msg_type is _ACK

    def check(self) -> None:
        """Whatever is not a new alert names the events that it is about (CAP 1.2 §3.2.1)."""
        if not self.references and self.msg_type is not _ALERT:
            refuse("references_missing", "Whatever is not a new alert names the alert that it is about.")


class AlertIssuedNarrative(Compartment):
    """What is said in words; or, in an acknowledgement, who acknowledges and what they do."""

    rules = ("ack_incomplete", "alert_or_ack")

    headline: Annotated[Maybe[Line160], Source("CAP 1.2 §3.2.2 headline")] = None
    description: Annotated[Maybe[Text2000], Source("CAP 1.2 §3.2.2 description")] = None
    instruction: Annotated[Maybe[Text2000], Source("CAP 1.2 §3.2.2 instruction")] = None
    contact: Annotated[Maybe[Line200], Source("CAP 1.2 §3.2.2 contact; a desk, not a person")] = None
    params: Annotated[
        Maybe[Annotated[dict[Line80, Line200], Field(min_length=1, max_length=16)]],
        Source("CAP 1.2 §3.2.2 parameter"),
    ] = None
    ack_by: Maybe[RoleName] = None
    ack_state: Maybe[AckState] = None

    @model_validator(mode="after")
    def _rules(self) -> Self:
        if (self.headline is None) is (self.ack_state is None):
            refuse(
                "alert_or_ack",
                "The narrative holds the headline of an alert or the state of an acknowledgement.",
            )
        if (self.ack_by is None) is not (self.ack_state is None):
            refuse("ack_incomplete", "An acknowledgement says by which role, and what that role does.")
        return self


class AlertIssuedPlace(Compartment):
    """Where, more finely than the regency of the envelope."""

    area: Annotated[Maybe[Line500], Source("CAP 1.2 §3.2.4 areaDesc")] = None
    place_code: Maybe[PlaceCode] = None
    point: Maybe[_Point] = None


class AlertIssued(EventData):
    """E07: an alert, its update, cancellation, error or acknowledgement (CAP 1.2)."""

    rules = ("ack_state",)

    fact: ClassVar[Fact] = Fact(
        number="E07",
        area="alert",
        name="alert.issued.v1",
        title_id="Peringatan dikeluarkan",
        title_en="Alert issued",
        about_id="Memperingatkan instansi yang harus segera bertindak, dan menjawab peringatan.",
        about_en="Alerts those who must act now, and acknowledges an alert.",
    )
    open: AlertIssuedOpen
    narrative: AlertIssuedNarrative
    place: Maybe[AlertIssuedPlace] = None

    def check(self) -> None:
        """An acknowledgement, and nothing else, says what is being done."""
        if (self.open.msg_type is _ACK) is (self.narrative.ack_state is None):
            refuse("ack_state", "An acknowledgement, and nothing else, says in the narrative what is being done.")
