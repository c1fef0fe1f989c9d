"""Police cases (area `case`)."""

from enum import StrEnum
from re import sub
from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from schemas.base import Compartment, EventData, Fact, Maybe, Model, OpenPart, Source, refuse
from schemas.codelists import OneOf
from schemas.people import PersonRef
from schemas.scalars import Day, Line80, Line200, Moment, Text1000, Unique
from schemas.vocabulary import Nexus, PlaceCode

_CANONICAL = (
    r"^(LP|DUMAS)/([A-C]/)?[0-9]{1,5}/(I|II|III|IV|V|VI|VII|VIII|IX|X|XI|XII)/[0-9]{4}/SPKT[A-Z0-9_.]*"
    r"/[A-Z0-9][A-Z0-9/.-]{0,120}$"
)


class ReportModel(StrEnum):
    """Who reported: letter of the police report number, A found by police, B reported; or a complaint."""

    A = "A"
    B = "B"
    DUMAS = "dumas"


class OffenceGroup(StrEnum):
    """Which group of offences: police statistics; trafficking, sexual violence, migrants, documents."""

    TPPO = "tppo"
    TPKS = "tpks"
    PMI = "pmi"
    DOKUMEN = "dokumen"
    LAIN = "lain"


class CaseRegisteredOpen(OpenPart):
    """What every recipient sees of a new case."""

    report_model: ReportModel
    unit_code: Annotated[
        str,
        Field(pattern=r"^[A-Z0-9][A-Z0-9 ._-]{0,59}$", max_length=60),
        Source("police unit, as police write it"),
    ]
    offence_group: OffenceGroup
    nexus: Nexus = Nexus.NONE


class LpNumber(Model):
    """A police report number: patterns seen in practice, as no specification was found (unverified)."""

    rules = ("lp_canonical",)

    canonical: Annotated[str, Field(pattern=_CANONICAL, max_length=200)]
    original: Line200

    @model_validator(mode="after")
    def _rules(self) -> Self:
        if canonical_lp(self.original) != self.canonical:
            refuse("lp_canonical", "The canonical number is the original in upper case without spaces.")
        return self


class Article(Model):
    """A charge; law and article move with reforms, hence the version of the list that they were read from."""

    law: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{2,39}$", max_length=40)]
    article: Annotated[str, Field(pattern=r"^[0-9]{1,4}[A-Z]?(\([0-9]{1,2}\))?([a-z])?$", max_length=11)]
    version: Annotated[str, Field(pattern=r"^[0-9A-Za-z.-]{1,20}$", max_length=20)]


_Count = Annotated[int, Field(ge=0, le=10_000)]


class VictimCounts(Model):
    """How many victims, by sex and age: police statistics."""

    women_adult: _Count
    women_child: _Count
    men_adult: _Count
    men_child: _Count


class CaseRegisteredNarrative(Compartment):
    """What the case is about, without any victim's identity."""

    lp_number: LpNumber
    articles: Annotated[tuple[Article, ...], Field(min_length=1, max_length=16), Unique()]
    tkp: Annotated[PlaceCode, Source("Kemendagri region code of the scene (TKP)")]
    occurred_on: Day
    victim_counts: VictimCounts
    modus: Annotated[tuple[Annotated[str, OneOf("modus")], ...], Field(min_length=1, max_length=10), Unique()]
    suspect_refs: Annotated[tuple[PersonRef, ...], Field(max_length=50), Unique()] = ()


class CaseRegistered(EventData):
    """E11: police registered a case."""

    fact: ClassVar[Fact] = Fact(
        number="E11",
        area="case",
        name="case.registered.v1",
        title_id="Perkara didaftarkan",
        title_en="Case registered",
        about_id="Memberitahukan bahwa kepolisian mendaftarkan perkara.",
        about_en="Tells that the police registered a case.",
    )
    open: CaseRegisteredOpen
    narrative: CaseRegisteredNarrative


class CaseProgressedOpen(OpenPart):
    """What every recipient sees: how far the case has come, and of nobody in it."""

    stage: Annotated[str, OneOf("case-stages"), Source("SPPT-TI stage names")]
    sp2hp: Annotated[Maybe[Annotated[str, OneOf("sp2hp")]], Field(alias="sp2hp"), Source("police practice, SP2HP")] = (
        None
    )


class CaseProgressedNarrative(Compartment):
    """Which case, and what those who protect its victims need to prepare for."""

    lp_number: LpNumber
    spdp_no: Annotated[
        Maybe[Line80], Source("number of the notice that an investigation began (SPDP); its form is unverified")
    ] = None
    next_hearing: Maybe[Moment] = None
    victim_safe_note: Annotated[
        Maybe[Text1000], Source("own; written so that it may be read to the victim, and names nobody")
    ] = None
    protective_orders: Annotated[tuple[Line200, ...], Field(max_length=10), Unique()] = ()


class CaseProgressed(EventData):
    """E12: a case reached another stage."""

    fact: ClassVar[Fact] = Fact(
        number="E12",
        area="case",
        name="case.progressed.v1",
        title_id="Perkembangan perkara",
        title_en="Case progressed",
        about_id="Memberitahukan tahap yang dicapai perkara, agar pendamping dan pelindung korban dapat bersiap.",
        about_en="Tells which stage a case has reached, so that those who protect its victims can prepare.",
    )
    open: CaseProgressedOpen
    narrative: CaseProgressedNarrative


def canonical_lp(original: str) -> str:
    """Bring a police report number into the form in which numbers are compared.

    Args:
        original: as written, in whatever case and spacing.

    Returns:
        Upper case, without white space.
    """
    return sub(r"\s+", "", original).upper()
