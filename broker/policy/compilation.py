"""From the file to rules: what the words mean is checked here, against the catalogue and against each other.

A role, type, compartment, field, value, law or fact that does not exist is refused with its place; so is a topic whose
readers differ from its area's, a sender that may not write to it, and a recipient of whom nobody asks whether the event
is kept from it. Nothing is guessed and nothing skipped.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
from pydantic import TypeAdapter, ValidationError

from broker.errors import MisconfiguredError
from broker.names import PartName
from broker.policy.agreement import ANY, Agreement, Clause
from broker.policy.conditions import (
    FACTS,
    KEPT_FROM,
    Condition,
    basis_is,
    field_is,
    field_present,
    recipient_in,
    recipient_sent,
)
from broker.policy.document import AgreementRow, ConditionRow, Document, read_document
from schemas.base import EventData
from schemas.catalogue import EventKind, UnknownTypeError, find
from schemas.codelists import listing
from schemas.vocabulary import Basis, Purpose

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """Which roles read and write the topic of an area."""

    readers: frozenset[str]
    writers: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreements:
    """The file, compiled."""

    roles: Mapping[str, tuple[str, str]]
    """Role to its name in Indonesian and English."""
    areas: Mapping[str, Area]
    by_type: Mapping[str, tuple[Agreement, ...]]


def compile_agreements(toml: bytes) -> Agreements:
    """Compile agreements.

    Args:
        toml: UTF-8, as in `agreements.toml`.

    Returns:
        What can be asked.

    Raises:
        MisconfiguredError: the file is not of the form, or says what cannot be; `detail` names the place.
    """
    document = read_document(toml)
    _check_sets(document)
    areas = {name: _area(document, name) for name in document.areas}
    by_type: dict[str, tuple[Agreement, ...]] = {}
    ids: set[str] = set()
    for index, row in enumerate(document.agreement):
        if row.id in ids:
            raise _misconfigured(f"agreement.{index}.id", "two agreements have this id")
        ids.add(row.id)
        compiler = _Compiler(document, areas, row, f"agreement.{index}")
        by_type[row.type] = (*by_type.get(row.type, ()), compiler.agreement())
    roles = {name: (text.id, text.en) for name, text in document.roles.items()}
    return Agreements(roles=roles, areas=areas, by_type=by_type)


def _check_sets(document: Document) -> None:
    """A set holds roles that there are, and is none itself: no name means two things."""
    for name, roles in document.sets.items():
        if name in document.roles:
            raise _misconfigured(f"sets.{name}", "a role has this name")
        _known(roles, document.roles, f"sets.{name}")


def _area(document: Document, name: str) -> Area:
    row = document.areas[name]
    place = f"areas.{name}"
    return Area(
        readers=_known(row.readers, document.roles, f"{place}.readers"),
        writers=_known(row.writers, document.roles, f"{place}.writers"),
    )


class _Compiler:
    """Compiles one row, knowing where in the file it stands."""

    def __init__(self, document: Document, areas: Mapping[str, Area], row: AgreementRow, place: str) -> None:
        self._roles = document.roles
        self._areas = areas
        self._row = row
        self._place = place
        self._kind = _kind(row.type, f"{place}.type")
        self._fields: dict[str, tuple[str, FieldInfo]] = {
            info.alias or name: (name, info) for name, info in self._kind.open.model_fields.items()
        }

    def agreement(self) -> Agreement:
        row, place = self._row, self._place
        if row.answers not in (None, ANY):
            _kind(row.answers, f"{place}.answers")
        agreement = Agreement(
            id=row.id,
            type=row.type,
            text_id=_one_line(row.text_id),
            text_en=_one_line(row.text_en),
            purposes=_known(row.purposes, set(Purpose), f"{place}.purposes"),
            bases=_known(row.bases, set(Basis), f"{place}.bases"),
            lawrefs=_known(row.lawrefs, {entry.code for entry in listing("law-references").codes}, f"{place}.lawrefs"),
            valid_until=row.valid_until.isoformat(),
            answers=row.answers or "",
            narrowed=tuple(self._field(name, f"{place}.narrowed")[0] for name in row.narrowed),
            narrowed_to_known=tuple(
                self._field(name, f"{place}.narrowed_to_known")[0] for name in row.narrowed_to_known
            ),
            applies=self._conditions(row.applies, f"{place}.applies", about_recipient=False),
            senders=self._senders(),
            recipients=(*self._topic(), *self._recipients()),
        )
        self._check_topic(agreement)
        self._check_narrowed_to_known()
        self._check_kept_from(agreement)
        return agreement

    def _senders(self) -> tuple[Clause, ...]:
        clauses = []
        for index, sender in enumerate(self._row.sender):
            place = f"{self._place}.sender.{index}"
            conditions = self._conditions(sender.when, f"{place}.when", about_recipient=False)
            clauses.append(
                Clause(name=f"sender.{index}", roles=self._known(sender.roles, place), conditions=conditions)
            )
        return tuple(clauses)

    def _topic(self) -> tuple[Clause, ...]:
        return tuple(
            Clause(
                name=f"topic.{index}",
                roles=self._known(topic.roles, f"{self._place}.topic.{index}"),
                compartments=self._compartments(topic.compartments, f"{self._place}.topic.{index}"),
                on_topic=True,
            )
            for index, topic in enumerate(self._row.topic)
        )

    def _recipients(self) -> tuple[Clause, ...]:
        clauses = []
        for index, recipient in enumerate(self._row.recipient):
            place = f"{self._place}.recipient.{index}"
            clauses.append(
                Clause(
                    name=f"recipient.{index}",
                    roles=self._known(recipient.roles, place),
                    compartments=self._compartments(recipient.compartments, place),
                    conditions=self._conditions(recipient.when, f"{place}.when", about_recipient=True),
                )
            )
        return tuple(clauses)

    def _check_topic(self, agreement: Agreement) -> None:
        if not agreement.recipients:
            raise _misconfigured(self._place, "nobody may receive it")
        readers = agreement.topic_roles
        if not readers:
            return
        if agreement.narrowed_to_known:
            raise _misconfigured(
                f"{self._place}.topic", "what each reader knows differs, and a topic has one copy for all"
            )
        area = self._areas.get(self._kind.area)
        if area is None:
            raise _misconfigured(f"{self._place}.topic", "the area of this type has no topic")
        if readers != area.readers:
            raise _misconfigured(f"{self._place}.topic", "the readers are not those of the area")
        if not all(clause.roles <= area.writers for clause in agreement.senders):
            raise _misconfigured(f"{self._place}.sender", "a sender may not write to the area's topic")

    def _check_narrowed_to_known(self) -> None:
        """Nobody gets a copy that would name nothing: who sent one of the events is named that one."""
        for index, recipient in enumerate(self._row.recipient):
            if not {one.recipient_sent for one in recipient.when}.issuperset(self._row.narrowed_to_known):
                why = "what is narrowed to known events goes to those who sent one: ask `recipient_sent`"
                raise _misconfigured(f"{self._place}.recipient.{index}", why)

    def _check_kept_from(self, agreement: Agreement) -> None:
        """Whom an event names as kept from it, every clause must keep away."""
        if self._kind.data.kept_from is EventData.kept_from:
            return
        for clause in agreement.recipients:
            if not any(one.code == KEPT_FROM and not one.sender_only for one in clause.conditions):
                why = "an event of this type is kept from those whom it names: ask it of every recipient"
                raise _misconfigured(f"{self._place}.{clause.name}", why)

    def _conditions(self, rows: Iterable[ConditionRow], place: str, *, about_recipient: bool) -> tuple[Condition, ...]:
        return tuple(
            self._condition(row, f"{place}.{index}", about_recipient=about_recipient) for index, row in enumerate(rows)
        )

    def _condition(self, row: ConditionRow, place: str, *, about_recipient: bool) -> Condition:
        sender_only = row.judged_by == "sender"
        words = row.model_fields_set - {"judged_by"}
        if words == {"fact"} and row.fact is not None:
            return self._fact(row.fact, place, sender_only=sender_only, about_recipient=about_recipient)
        if words in ({"field", "is_"}, {"field", "present"}) and row.field is not None:
            return self._field_condition(row.field, row, place, sender_only=sender_only)
        if words == {"attribute", "is_"} and row.attribute is not None:
            return _basis_condition(row.is_ or [], place, sender_only=sender_only)
        if words == {"recipient_in"} and row.recipient_in is not None and about_recipient:
            attribute, _ = self._field(row.recipient_in, place)
            return Condition(
                code="forbidden.not-listed",
                clause=f"recipient in {row.recipient_in}",
                test=recipient_in(attribute),
                sender_only=sender_only,
                attribute=attribute,
            )
        if words == {"recipient_sent"} and row.recipient_sent is not None and about_recipient and sender_only:
            if row.recipient_sent not in self._row.narrowed_to_known:
                raise _misconfigured(place, "the agreement is not narrowed to known events of this field")
            attribute, _ = self._field(row.recipient_sent, place)
            return Condition(
                code="forbidden.not-its-event",
                clause=f"recipient sent one of {row.recipient_sent}",
                test=recipient_sent(attribute),
                sender_only=True,
                remembered=False,
            )
        raise _misconfigured(place, "not one condition of the vocabulary, or not one that can stand here")

    def _fact(self, name: str, place: str, *, sender_only: bool, about_recipient: bool) -> Condition:
        fact = FACTS.get(name)
        if fact is None:
            raise _misconfigured(place, "there is no such fact")
        if fact.about_recipient and not about_recipient:
            raise _misconfigured(place, "this fact is about a recipient")
        if fact.of_draft and not sender_only:
            raise _misconfigured(place, "only the sender can judge this fact")
        if fact.of_cause and not self._row.answers:
            raise _misconfigured(place, "this fact is about the event that is answered, and the agreement answers none")
        if fact.code == KEPT_FROM and self._kind.data.kept_from is EventData.kept_from:
            raise _misconfigured(place, "an event of this type names nobody who is kept from it")
        return Condition(
            code=fact.code,
            clause=name,
            test=fact.test,
            sender_only=sender_only,
            of_cause=fact.of_cause,
            remembered=fact.remembered,
        )

    def _field_condition(self, name: str, row: ConditionRow, place: str, *, sender_only: bool) -> Condition:
        attribute, info = self._field(name, place)
        if row.is_ is None:
            clause, test = f"{name} is present", field_present(attribute)
        else:
            words = [value if isinstance(value, str) else str(value).lower() for value in row.is_]
            clause = f"{name} is {' or '.join(words)}"
            test = field_is(attribute, frozenset(_value(info, value, place) for value in row.is_))
        return Condition(
            code="forbidden.condition", clause=clause, test=test, sender_only=sender_only, attribute=attribute
        )

    def _field(self, name: str, place: str) -> tuple[str, FieldInfo]:
        found = self._fields.get(name)
        if found is None:
            raise _misconfigured(place, "the open part of this type has no such field")
        return found

    def _known(self, roles: Iterable[str], place: str) -> frozenset[str]:
        return _known(roles, self._roles, f"{place}.roles")

    def _compartments(self, names: Iterable[str], place: str) -> frozenset[PartName]:
        known = _known(names, self._kind.compartments, f"{place}.compartments")
        return frozenset(PartName(name) for name in known)


def _basis_condition(values: list[str | bool], place: str, *, sender_only: bool) -> Condition:
    known = _known(map(str, values), set(Basis), place)
    return Condition(
        code="forbidden.condition",
        clause=f"basis is {' or '.join(map(str, values))}",
        test=basis_is(known),
        sender_only=sender_only,
    )


def _value(info: FieldInfo, value: str | bool, place: str) -> object:  # noqa: FBT001 - a value of the file
    """Read a value as the catalogue reads the field, so that a misspelt code never makes a rule that cannot hold."""
    adapter: TypeAdapter[Any] = TypeAdapter(info.rebuild_annotation())
    try:
        return adapter.validate_json(orjson.dumps(value), strict=True)
    except ValidationError as error:
        raise _misconfigured(place, "the field cannot have this value") from error


def _kind(name: str, place: str) -> EventKind:
    try:
        return find(name)
    except UnknownTypeError as error:
        raise _misconfigured(place, "the catalogue has no such type") from error


def _known(names: Iterable[str], known: Iterable[str], place: str) -> frozenset[str]:
    listed = list(names)
    found = frozenset(listed)
    if len(found) != len(listed):
        raise _misconfigured(place, "a name stands twice")
    if not found <= frozenset(known):
        raise _misconfigured(place, "a name that does not exist")
    return found


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _misconfigured(place: str, why: str) -> MisconfiguredError:
    return MisconfiguredError("config.agreements", f"{place}: {why}")
