"""Who may send a type, who may open what of it, under which condition and on which law: the agreements in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from broker.policy.compilation import compile_agreements
from broker.policy.document import default_agreements, read_document
from broker.publication.words import Words, joined, words_of
from schemas.codelists import listing

if TYPE_CHECKING:
    from collections.abc import Iterable

    from broker.policy.document import AgreementRow, ConditionRow, Document, RecipientRow, SenderRow, TopicRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Law:
    """A law to which an event may refer."""

    code: str
    text: Words
    unverified: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Roles that may send, under conditions that must all hold."""

    roles: tuple[str, ...]
    conditions: tuple[Words, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """Roles that may have the event, what they may open beside the open part, and how it reaches them."""

    roles: tuple[str, ...]
    conditions: tuple[Words, ...]
    compartments: tuple[str, ...]
    on_topic: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Right:
    """One agreement in words."""

    agreement: str
    text: Words
    applies: tuple[Words, ...]
    senders: tuple[Sender, ...]
    recipients: tuple[Recipient, ...]
    answers: str
    purposes: tuple[str, ...]
    bases: tuple[str, ...]
    laws: tuple[Law, ...]
    valid_until: str


def agreed() -> Document:
    """Return the default agreements, once all of them were found to say what can be.

    Raises:
        MisconfiguredError: one does not.
    """
    toml = default_agreements()
    compile_agreements(toml)
    return read_document(toml)


def rights_on(type_name: str, document: Document) -> tuple[Right, ...]:
    """Tell what the agreements say about a type.

    Args:
        type_name: CloudEvents `type` in full.
        document: the agreements.

    Returns:
        A right for each agreement, in the order of the file; none means that nobody may send it.
    """
    return tuple(_right(row) for row in document.agreement if row.type == type_name)


def role_words(role: str, document: Document) -> Words:
    """Return what people call a role."""
    text = document.roles[role]
    return Words(id=text.id, en=text.en)


def _right(row: AgreementRow) -> Right:
    return Right(
        agreement=row.id,
        text=Words(id=_one_line(row.text_id), en=_one_line(row.text_en)),
        applies=_conditions(row.applies),
        senders=tuple(_sender(sender) for sender in row.sender),
        recipients=(*(_reader(topic) for topic in row.topic), *(_recipient(one) for one in row.recipient)),
        answers=row.answers or "",
        purposes=tuple(row.purposes),
        bases=tuple(row.bases),
        laws=tuple(_law(code) for code in row.lawrefs),
        valid_until=row.valid_until.isoformat(),
    )


def _sender(row: SenderRow) -> Sender:
    return Sender(roles=tuple(row.roles), conditions=_conditions(row.when))


def _reader(row: TopicRow) -> Recipient:
    return Recipient(roles=tuple(row.roles), conditions=(), compartments=tuple(row.compartments), on_topic=True)


def _recipient(row: RecipientRow) -> Recipient:
    return Recipient(
        roles=tuple(row.roles),
        conditions=_conditions(row.when),
        compartments=tuple(row.compartments),
        on_topic=False,
    )


def _conditions(rows: Iterable[ConditionRow]) -> tuple[Words, ...]:
    return tuple(_condition(row) for row in rows)


def _condition(row: ConditionRow) -> Words:
    asked = row.model_dump(exclude_unset=True)
    by_sender = asked.pop("judged_by", "both") == "sender"
    said = _of_fact(asked.pop("fact")) if "fact" in asked else _of_field(asked)
    return words_of("conditions", "sender").filled(condition=said) if by_sender else said


def _of_fact(fact: str) -> Words:
    return words_of("facts", fact)


def _of_field(asked: dict[str, Any]) -> Words:
    """Say a condition that names a field or an attribute, such as `field … is` or `recipient_in`."""
    values = asked.pop("is_", None)
    if values is not None:
        (name,) = asked.values()
        return words_of("conditions", "is").filled(field=name, values=joined([_value(one) for one in values], "or"))
    if asked.pop("present", False):
        (name,) = asked.values()
        return words_of("conditions", "present").filled(field=name)
    ((condition, name),) = asked.items()
    return words_of("conditions", condition).filled(field=name)


def _value(value: str | bool) -> Words:  # noqa: FBT001 - a value of the file
    if isinstance(value, bool):
        return words_of("conditions", str(value).lower())
    return Words(id=value, en=value)


def _law(code: str) -> Law:
    entry = listing("law-references").find(code)
    if entry is None:  # the agreements were compiled against this very list
        raise KeyError(code)
    return Law(code=code, text=Words(id=entry.id, en=entry.en), unverified=entry.unverified)


def _one_line(text: str) -> str:
    return " ".join(text.split())
