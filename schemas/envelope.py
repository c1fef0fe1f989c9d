"""What an event says about itself: CloudEvents 1.0 in JSON format, as a draft and as the cover on the wire.

A `DraftEvent` is what an adapter, an HTTP caller or an officer hands in: it may leave to the node whatever
the node can derive, and may name roles in its audience. A `CoverEvent` is what a recipient opens first: every
attribute is final, roles have become agencies, and its data are the open part with the names of the other
parts (DESIGN.md §4).
"""

from datetime import timedelta
from enum import StrEnum
from itertools import combinations
from re import compile as pattern
from typing import Annotated, Generic, Literal, Self, TypeVar

from pydantic import Field, model_validator

from schemas.base import COMPARTMENTS, PREFIX, EventData, Maybe, Model, OpenPart, Source, refuse
from schemas.codelists import OneOf
from schemas.scalars import AGENCY, AgencyUrn, CaseUrn, Line200, Moment, SchemaUrn, UtcSecond, Uuid
from schemas.vocabulary import AreaCode, Basis, Pap, Priority, Purpose, Status, Tlp

CompartmentName = Literal["identity", "narrative", "place", "network", "health", "docs", "safe_contact"]
WithheldName = Literal["identity", "narrative", "place", "network", "docs"]
NEVER_MENTIONED = frozenset({"health", "safe_contact"})
"""That there is such a part is itself told to nobody who may not open it (DESIGN.md §4)."""

MAX_AUDIENCE = 2048
"""Characters of the list of all recipients."""

ReasonCode = Annotated[str, Field(pattern=r"^[a-z][a-z0-9.-]{1,63}$", max_length=64)]

_ROLE_OR_AGENCY = rf"(role:[a-z][a-z0-9-]{{0,62}}|{AGENCY})"
_CASE_PREFIX = "urn:simpul:case:"
_CASE = pattern(r"urn:simpul:case:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_IN_ORDER = frozenset(some for count in range(len(COMPARTMENTS) + 1) for some in combinations(COMPARTMENTS, count))


class Notice(StrEnum):
    """The secrecy notice that goes with an identity: UU 21/2007 Art. 24 and 44."""

    IDSECRET_1 = "idsecret-1"


class Attributes(Model):
    """What draft and cover have in common. Names are CloudEvents 1.0 §3.1: lower case, no separators."""

    type: Annotated[
        str,
        Field(pattern=rf"^{PREFIX.replace('.', '[.]')}[a-z]+[.][a-z-]+[.]v[1-9][0-9]?$", max_length=80),
        Source("CloudEvents 1.0 §3.1.1"),
    ]
    purpose: Purpose
    basis: Basis
    lawref: Annotated[str, OneOf("law-references")]
    tlp: Tlp
    pap: Pap
    priority: Priority
    status: Status
    area: Maybe[AreaCode] = None
    correlationid: Maybe[Uuid] = None
    causationid: Maybe[Uuid] = None


D = TypeVar("D", bound=EventData)
O = TypeVar("O", bound=OpenPart)  # noqa: E741 - the letter of the interface


class DraftEvent(Attributes, Generic[D]):
    """An event as handed in, before the node checks, clears and seals it.

    `id` is the native record's id; `subject` is a case URN or the native case reference, from which the node
    derives one. Both stay at the node. `source` is the caller's own agency or absent.
    """

    specversion: Literal["1.0"] = "1.0"
    id: Maybe[Line200] = None
    source: Maybe[AgencyUrn] = None
    time: Moment
    subject: Maybe[Line200] = None
    datacontenttype: Literal["application/json"] = "application/json"
    audience: Annotated[str, Field(pattern=rf"^{_ROLE_OR_AGENCY}( {_ROLE_OR_AGENCY})*$", max_length=MAX_AUDIENCE)]
    expirytime: Maybe[Moment] = None
    data: D

    @property
    def rounding(self) -> timedelta:
        """A draft says its times as they are."""
        return timedelta(0)

    @model_validator(mode="after")
    def _rules(self) -> Self:
        data, subject = self.data, self.subject
        opened = data.open
        opened.check()
        data.check()
        names = self.audience.split(" ")
        if len({*names}) != len(names):
            refuse("audience_repeats", "The audience names a recipient twice.")
        if self.causationid is None and opened.is_answer():
            refuse("answer_without_cause", "An answer names in causationid the event that it answers.")
        if subject is not None and subject.startswith(_CASE_PREFIX) and not _CASE.fullmatch(subject):
            refuse("subject_case", "A subject that begins as a case URN ends in a lower-case UUID.")
        if self.expirytime is not None and self.expirytime <= self.time:
            refuse("expires_before_time", "The expiry time lies after the time of the event.")
        opened.check_envelope(self)
        return self


class CoverData(Model, Generic[O]):
    """The `data` of a cover: the open part, the other parts by name, what is withheld from this reader."""

    open: O
    parts: Annotated[tuple[CompartmentName, ...], Field(max_length=len(COMPARTMENTS))]
    withheld: Maybe[Annotated[dict[WithheldName, ReasonCode], Field(min_length=1)]] = None


class CoverEvent(Attributes, Generic[O]):
    """The cover on the wire: the catalogue's CloudEvent, without the parts that only some may open."""

    specversion: Literal["1.0"]
    id: Uuid
    source: AgencyUrn
    time: UtcSecond
    subject: Maybe[CaseUrn] = None
    datacontenttype: Literal["application/json"]
    dataschema: SchemaUrn
    audience: Annotated[str, Field(pattern=rf"^{AGENCY}( {AGENCY})*$", max_length=MAX_AUDIENCE)]
    notice: Maybe[Notice] = None
    expirytime: Maybe[UtcSecond] = None
    data: CoverData[O]

    @property
    def rounding(self) -> timedelta:
        """Those of a cover are rounded to a quarter of an hour at the coarsest (DESIGN.md §4)."""
        return timedelta(minutes=15)

    @model_validator(mode="after")
    def _rules(self) -> Self:
        data = self.data
        data.open.check()
        names = self.audience.split(" ")
        if names != sorted(set(names)):
            refuse("audience_order", "The audience of a cover is sorted and names nobody twice.")
        parts = data.parts
        if parts not in _IN_ORDER:
            refuse("parts_order", "Parts stand in catalogue order, none twice.")
        if data.withheld is not None and not data.withheld.keys().isdisjoint(parts):
            refuse("part_withheld", "A part is either present or withheld.")
        if "identity" in parts and self.notice is None:  # UU 21/2007 Art. 24: secrecy binds whoever was told of it
            refuse("notice_missing", "A cover with an identity part carries the secrecy notice.")
        if self.causationid is None and data.open.is_answer():
            refuse("answer_without_cause", "An answer names in causationid the event that it answers.")
        if self.expirytime is not None and self.expirytime <= self.time:
            refuse("expires_before_time", "The expiry time lies after the time of the event.")
        data.open.check_envelope(self)
        return self
