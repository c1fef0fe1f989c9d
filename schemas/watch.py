"""Requests to look out for somebody or something (area `watch`).

A request never lists anybody on cegah-tangkal: that stays in immigration's own system, by its own procedure. It
names what the recipient may do, ends by itself, and rests on an order whose number does not travel: nor does a hash of
it, which trying every number would undo.
"""

from enum import StrEnum
from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from schemas.base import Compartment, Envelope, EventData, Fact, Maybe, Model, OpenPart, Source, refuse
from schemas.people import Person, TravelDocument
from schemas.scalars import Line200, Moment, Text500, Uuid
from schemas.vocabulary import Pap


class WatchType(StrEnum):
    """What is asked: own list; none of them keeps anybody from travelling."""

    LOCATE = "locate_at_risk"
    IDENTIFY = "identify"
    CROSSING = "notify_on_crossing"
    DOCUMENT = "document_check"


class Vehicle(Model):
    """A vehicle as people describe it, with its plate where somebody read it."""

    plate: Annotated[
        Maybe[str],
        Field(pattern=r"^[A-Z0-9][A-Z0-9 -]{0,13}[A-Z0-9]$", max_length=15),
        Source("own; number plate in capitals, of any country"),
    ] = None
    description: Line200


class PermittedAction(Model):
    """What the recipient may do, as a level and in words."""

    pap: Pap
    text: Text500


class WatchRequestedOpen(OpenPart):
    """What every recipient sees of a request: what is asked, until when, on which order."""

    rules = ("watch_over",)

    watch_type: WatchType
    valid_until: Moment
    approval_ref: Annotated[Uuid, Source("RFC 9562 §5.4; random, the source alone keeps for which order it stands")]

    def check_envelope(self, envelope: Envelope) -> None:
        """A request ends after it is made."""
        if self.valid_until <= envelope.time:
            refuse("watch_over", "A request to watch is valid until after it is made.")


class WatchRequestedIdentity(Compartment):
    """Whom or what to look out for; at least one of the three."""

    rules = ("watch_for_nothing",)

    person: Maybe[Person] = None
    doc: Maybe[TravelDocument] = None
    vehicle: Maybe[Vehicle] = None

    @model_validator(mode="after")
    def _rules(self) -> Self:
        if self.person is None and self.doc is None and self.vehicle is None:
            refuse("watch_for_nothing", "A request to watch names a person, a document or a vehicle.")
        return self


class WatchRequestedNarrative(Compartment):
    """What may be done, and whom to tell."""

    permitted_action: PermittedAction
    contact_desk: Annotated[Line200, Source("own; a desk, not a person")]


class WatchRequested(EventData):
    """E06: investigators ask others to look out. It never lists anybody on cegah-tangkal."""

    fact: ClassVar[Fact] = Fact(
        number="E06",
        area="watch",
        name="watch.requested.v1",
        title_id="Pemantauan diminta",
        title_en="Watch requested",
        about_id="Meminta instansi memantau orang, dokumen, atau kendaraan untuk sementara; bukan cegah-tangkal.",
        about_en="Asks agencies to look out for a person, document or vehicle for a time; it is no travel ban.",
    )
    open: WatchRequestedOpen
    identity: WatchRequestedIdentity
    narrative: WatchRequestedNarrative

    def person_ref(self) -> str | None:
        """The person looked for, where it is one."""
        person = self.identity.person
        return None if person is None else person.person_ref
