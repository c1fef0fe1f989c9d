"""Leads found by comparing events (area `intel`).

A linkage is a lead and nothing more: no agency may act on one by machine alone (UU 27/2022 Art. 34(2)(a) and (e)),
and no alert follows from one that nobody has reviewed. The tokens that were compared stay where they were compared.
"""

from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from schemas.base import Compartment, Envelope, EventData, Fact, Maybe, Model, OpenPart, Source, refuse
from schemas.scalars import RoleName, Text2000, Unique, Uuid
from schemas.vocabulary import Weight


class Rule(Model):
    """Which rule found it, in which version, so that a bad rule can be found and withdrawn: UU 27/2022 Art. 34."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{2,39}$", max_length=40)]
    version: Annotated[str, Field(pattern=r"^[0-9A-Za-z.-]{1,20}$", max_length=20)]


class LinkageDetectedOpen(OpenPart):
    """What every recipient sees: which rule, how strong, and which events, of those that it already has."""

    rules = ("linkage_reduced",)

    rule: Rule
    strength: Weight
    events: Annotated[
        tuple[Uuid, ...],
        Field(min_length=1, max_length=32),
        Unique(),
        Source("own; events that every recipient sent or received, so one may be all that is named"),
    ]

    def check_envelope(self, envelope: Envelope) -> None:
        """The envelope, which is one for all copies, names nothing that a reader may not know."""
        if any(one is not None for one in (envelope.subject, envelope.correlationid, envelope.causationid)):
            refuse("linkage_reduced", "A linkage names no case, no cause and no correlation beside its events.")


class LinkageDetectedNarrative(Compartment):
    """Why the rule fired, in words, and whether a person has looked at it."""

    rules = ("reviewer_role",)

    explanation: Text2000
    human_reviewed: Annotated[bool, Source("own; mandatory before any alert, UU 27/2022 Art. 34(2)(a)")]
    reviewer_role: Annotated[Maybe[RoleName], Source("own; a role, not a name")] = None

    @model_validator(mode="after")
    def _rules(self) -> Self:
        if self.human_reviewed is (self.reviewer_role is None):
            refuse("reviewer_role", "A reviewed lead, and no other, says in which role it was reviewed.")
        return self


class LinkageDetected(EventData):
    """E14: several sources point at one thing; a lead for a person to judge, never a ground to act by itself."""

    fact: ClassVar[Fact] = Fact(
        number="E14",
        area="intel",
        name="linkage.detected.v1",
        title_id="Keterkaitan terdeteksi",
        title_en="Linkage detected",
        about_id="Memberi petunjuk bahwa beberapa peristiwa berkaitan; untuk dinilai orang, bukan dasar tindakan.",
        about_en="Gives a lead that several events belong together; for a person to judge, never a ground to act.",
    )
    open: LinkageDetectedOpen
    narrative: LinkageDetectedNarrative
