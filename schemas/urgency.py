"""How much some events hurry: the term that the law sets to holders of data, and what nothing comes before."""

from datetime import datetime, timedelta

from schemas.base import Envelope, refuse
from schemas.vocabulary import Priority

_TERM = timedelta(hours=72)
"""UU 27/2022 Arts. 30, 40-42, 46: 3x24 hours."""


def require_in_time(deadline: datetime, envelope: Envelope) -> None:
    """Refuse a deadline that is over when it is set, or later than the law allows.

    Args:
        deadline: by when holders must have acted.
        envelope: draft or cover of the event that sets it.

    Raises:
        PydanticCustomError: the deadline lies before the time of the event, or more than 72 hours after it.
    """
    left = deadline - envelope.time
    if left < timedelta(0):
        refuse("deadline_past", "A deadline does not lie before the time of the event.")
    if left > _TERM + envelope.rounding:
        refuse("deadline_late", "A deadline lies at most 3x24 hours after the time of the event.")


def require_first(envelope: Envelope) -> None:
    """Refuse an event that must go before all others and does not say so.

    Args:
        envelope: draft or cover of the event.

    Raises:
        PydanticCustomError: its priority is not P0.
    """
    if envelope.priority != Priority.P0:
        refuse("priority_low", "Danger to a person in care, and a breach, have priority P0.")
