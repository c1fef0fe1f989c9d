"""The names of topics, read strictly: one that only looks like a mailbox is none.

`docs/wire.md` §2. Whose stream a record may stand in is told by its topic, so a name has exactly one reading.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from broker.errors import UntrustedError
from broker.names import AGENCY_FORM, AgencyId

if TYPE_CHECKING:
    from broker.names import Topic


class Kind(StrEnum):
    """The kinds of topics that carry records of agencies."""

    AREA = "area"
    MAIL = "mail"
    KEYS = "keys"


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicName:
    """A topic's kind and, where it is one of a pair, the two agencies."""

    kind: Kind
    source: AgencyId | None = None
    recipient: AgencyId | None = None


_PAIR: Final = re.compile(rf"simpul\.(mail|keys)\.({AGENCY_FORM})\.({AGENCY_FORM})")
_AREA: Final = re.compile(r"simpul\.(?!(?:mail|keys|federation)\Z)[a-z]+")


@lru_cache(maxsize=4096)
def read_topic(topic: Topic) -> TopicName:
    """Read a topic's name.

    Raises:
        UntrustedError: `untrusted.topic`; it is none of the exchange, or carries no records of agencies.
    """
    pair = _PAIR.fullmatch(topic)
    if pair is not None:
        kind, source, recipient = pair.groups()
        return TopicName(kind=Kind(kind), source=AgencyId(source), recipient=AgencyId(recipient))
    if _AREA.fullmatch(topic) is None:
        raise UntrustedError("untrusted.topic", "no agency writes records to a topic of this name")
    return TopicName(kind=Kind.AREA)
