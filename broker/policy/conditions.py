"""The closed vocabulary of conditions, each a pure function of what an agreement may know of an event.

- `field` … `is` / `present`: a field of the open part.
- `attribute` … `is`: the basis of the event.
- `recipient_in`: a field of the open part that lists agencies.
- `recipient_sent`: a field of the open part that lists events.
- `fact`: one of FACTS.

There is no expression language: what a lawyer cannot read in one line does not belong into an agreement.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from schemas.catalogue import find

if TYPE_CHECKING:
    from broker.names import AgencyId, EventId
    from broker.ports import Cause
    from schemas.base import OpenPart


_NEVER_LINKED: Final = "victim"
KEPT_FROM: Final = "forbidden.kept-from"
"""Told to the sender alone: who is kept from an event must not learn that there is something to be kept from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the agreements are asked about: an event, seen from the sender's or from a recipient's side."""

    type: str
    source: AgencyId
    source_role: str
    purpose: str = field(repr=False)
    basis: str = field(repr=False)
    lawref: str = field(repr=False)
    day: str = field(repr=False)
    """UTC day of the event, `YYYY-MM-DD`."""
    subject: str | None = field(repr=False)
    open: OpenPart = field(repr=False)
    cause: Cause | None = field(repr=False)
    """The event that this one answers, if this node knows it."""
    known: Mapping[EventId, Cause] = field(repr=False)
    """What this node knows of the events that this one answers or names."""
    kept_from: frozenset[AgencyId] = field(repr=False)
    """Agencies that must not have the event, as far as its parts have opened here."""
    recipients: frozenset[AgencyId]
    named: frozenset[AgencyId]
    sending: bool
    """Whether the sender asks. Only then are conditions asked that only the sender can judge."""


Test = Callable[[Asked, "AgencyId"], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A condition as it is asked.

    Args:
        code: what a refusal is called.
        clause: the condition as it reads in the agreement.
        test: whether it holds for an event and a recipient.
        sender_only: whether only the sender can judge it.
        of_cause: whether it can be judged only by who knows the event that is answered.
        remembered: whether a decision by it may be remembered; not where it looks at what no two events have in common.
        attribute: the attribute of the open part that it reads, or empty.
    """

    code: str
    clause: str
    test: Test
    sender_only: bool = False
    of_cause: bool = False
    remembered: bool = True
    attribute: str = ""

    def failure(self, asked: Asked, recipient: AgencyId) -> str:
        """Return why the condition does not hold, as a code; empty if it holds or is not to be asked."""
        if self.sender_only and not asked.sending:
            return ""
        if self.of_cause and asked.cause is None:
            return "forbidden.cause-unknown"
        return "" if self.test(asked, recipient) else self.code


def _sender_is_cause_source(asked: Asked, _: AgencyId) -> bool:
    return asked.cause is not None and asked.cause.source == asked.source


def _sender_received_cause(asked: Asked, _: AgencyId) -> bool:
    return asked.cause is not None and asked.source in asked.cause.audience


def _recipient_is_cause_source(asked: Asked, recipient: AgencyId) -> bool:
    return asked.cause is not None and asked.cause.source == recipient


def _recipient_is_cause_audience(asked: Asked, recipient: AgencyId) -> bool:
    return asked.cause is not None and recipient in asked.cause.audience


def _recipient_is_named(asked: Asked, recipient: AgencyId) -> bool:
    return recipient in asked.named


def _one_recipient(asked: Asked, _: AgencyId) -> bool:
    return len(asked.recipients) == 1


def _not_kept_from_recipient(asked: Asked, recipient: AgencyId) -> bool:
    return recipient not in asked.kept_from


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A word of the vocabulary that looks at more than the open part."""

    code: str
    test: Test
    of_cause: bool
    about_recipient: bool
    """Whether it makes sense of a recipient alone, and so not as a condition on senders."""
    of_draft: bool = False
    """Whether it is seen in the draft alone, so that only the sender can judge it."""
    remembered: bool = True
    """As of a condition."""


FACTS: Final[Mapping[str, Fact]] = {
    "sender-is-cause-source": Fact(
        code="forbidden.not-source-of-cause", test=_sender_is_cause_source, of_cause=True, about_recipient=False
    ),
    "sender-received-cause": Fact(
        code="forbidden.not-received", test=_sender_received_cause, of_cause=True, about_recipient=False
    ),
    "recipient-is-cause-source": Fact(
        code="forbidden.not-the-asker", test=_recipient_is_cause_source, of_cause=True, about_recipient=True
    ),
    "recipient-is-cause-audience": Fact(
        code="forbidden.not-told-before", test=_recipient_is_cause_audience, of_cause=True, about_recipient=True
    ),
    "recipient-is-named": Fact(
        code="forbidden.not-by-name",
        test=_recipient_is_named,
        of_cause=False,
        about_recipient=True,
        of_draft=True,
    ),
    "one-recipient": Fact(
        code="forbidden.several-recipients",
        test=_one_recipient,
        of_cause=False,
        about_recipient=True,
        of_draft=True,
    ),
    "not-kept-from-recipient": Fact(
        code=KEPT_FROM,
        test=_not_kept_from_recipient,
        of_cause=False,
        about_recipient=True,
        remembered=False,
    ),
}


def field_is(attribute: str, values: frozenset[object]) -> Test:
    """Whether a field of the open part is one of some values."""
    return lambda asked, _: getattr(asked.open, attribute) in values


def field_present(attribute: str) -> Test:
    """Whether a field of the open part is there."""
    return lambda asked, _: getattr(asked.open, attribute) is not None


def basis_is(values: frozenset[str]) -> Test:
    """Whether the legal basis of the event is one of some values."""
    return lambda asked, _: asked.basis in values


def recipient_in(attribute: str) -> Test:
    """Whether a field of the open part lists the recipient."""
    return lambda asked, recipient: recipient in getattr(asked.open, attribute)


def recipient_sent(attribute: str) -> Test:
    """Whether the recipient sent one of the events that a field of the open part lists."""

    def test(asked: Asked, recipient: AgencyId) -> bool:
        named = known_to(getattr(asked.open, attribute), recipient, asked.known)
        return any(asked.known[event_id].source == recipient for event_id in named)

    return test


def known_to(event_ids: Iterable[EventId], reader: AgencyId, known: Mapping[EventId, Cause]) -> tuple[EventId, ...]:
    """Return those of some events that an agency sent or received, as far as this node knows.

    None that determines or protects a victim: whoever has the reduced twin could be told which case it belongs to.
    """
    causes = ((event_id, known.get(event_id)) for event_id in event_ids)
    return tuple(
        event_id
        for event_id, cause in causes
        if cause and (reader == cause.source or reader in cause.audience) and find(cause.type).area != _NEVER_LINKED
    )
