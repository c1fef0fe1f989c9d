"""The agreements of one federation version, ready to be asked: who has which role, reads which topic, may write where.

- Deny is the default: an agency, role, type, area or topic that is not in the federation gets nothing.
- A mailbox exists between two agencies if an agreement lets either send the other anything at all; receipts and keys
  go the same ways. An agency always has the topic in which it keeps keys for itself.
- Decisions are remembered by all that they depend on, never by the event: rules are made anew for a new federation.
"""

from __future__ import annotations

from collections.abc import Mapping
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from broker.errors import MisconfiguredError
from broker.names import AgencyId, EventId, Role, Topic, area_topic, keys_topic, mail_topic
from broker.policy.compilation import Agreements, compile_agreements

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from broker.policy.agreement import Agreement
    from broker.ports import Federation
    from schemas.base import OpenPart

_REMEMBERED: Final = 4096

V = TypeVar("V")


class Memory(Generic[V]):
    """Remembers decisions, so many that an honest node never fills it; whoever fills it only makes it forget."""

    def __init__(self) -> None:
        self._known: dict[Hashable, V] = {}
        self.get = self._known.get

    def put(self, key: Hashable, value: V) -> None:
        """Remember a decision."""
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        self._known[key] = value


class Rules:
    """What may be asked of the agreements of one federation version. Made by `compile_rules`."""

    def __init__(self, federation: Federation, agreements: Agreements, reachable: frozenset[AgencyId]) -> None:
        self.version: Final = federation.version
        self.reachable: Final = reachable
        self.roles: Final[Mapping[AgencyId, Role]] = {one.id: one.role for one in federation.agencies.values()}
        self.dataschemas: Final = federation.dataschemas
        self.outgoing: Final[Memory[Any]] = Memory()
        self.incoming: Final[Memory[Any]] = Memory()
        self._agreements: Final = agreements
        self._by_id: Final = {one.id: one for several in agreements.by_type.values() for one in several}
        self._fields: Final = {name: _reader(several) for name, several in agreements.by_type.items()}
        self.events_named: Final[Mapping[str, Callable[[OpenPart], tuple[EventId, ...]]]] = {
            name: _named_by(fields)
            for name, several in agreements.by_type.items()
            if (fields := tuple({field: None for one in several for field in one.narrowed_to_known}))
        }
        """What reads those events of a type that its copies name only to who knows them."""
        self._with_role: Final = {
            role: tuple(sorted(agency for agency, its in self.roles.items() if its == role))
            for role in agreements.roles
        }
        pairs = _pairs(agreements)
        self._reads: Final = {agency: self._read_by(agency, pairs) for agency in self.roles}
        self._writes: Final = {agency: self._written_by(agency, pairs) for agency in self.roles}
        self._may_write: Final = {agency: frozenset(topics) for agency, topics in self._writes.items()}

    def agreements_on(self, type_name: str) -> tuple[Agreement, ...]:
        """Return the agreements about a type, in the order of the file; none means that nobody may send it."""
        return self._agreements.by_type.get(type_name, ())

    def agreement(self, agreement_id: str) -> Agreement | None:
        """Return an agreement by its id, with its text in both languages."""
        return self._by_id.get(agreement_id)

    def role_names(self) -> Mapping[str, tuple[str, str]]:
        """Return every role there is, with its name in Indonesian and English."""
        return self._agreements.roles

    def agencies_with(self, role: str) -> tuple[AgencyId, ...] | None:
        """Return the agencies of a role, sorted; None if the agreements know no such role."""
        return self._with_role.get(role)

    def kept_from(self, named: frozenset[str]) -> frozenset[AgencyId]:
        """Return agencies that an event names as kept from it, with the units of their roles: `police-ppa` of police.

        A unit sits in the house of the agency that it belongs to, and reads what is written there.
        """
        if not named:
            return frozenset()
        agencies = frozenset(map(AgencyId, named))
        units = tuple(f"{self.roles[agency]}-" for agency in agencies if agency in self.roles)
        return agencies.union(agency for agency, role in self.roles.items() if role.startswith(units))

    def roles_told(self, type_name: str) -> tuple[str, ...]:
        """Return the roles to which agreements let a type be sent at all, sorted."""
        clauses = [clause for one in self.agreements_on(type_name) for clause in one.recipients]
        return tuple(sorted(frozenset().union(*(clause.roles for clause in clauses))))

    def fields_asked(self, type_name: str) -> Callable[[OpenPart], Hashable]:
        """Return what reads those fields of a type's open part on which its agreements depend."""
        return self._fields.get(type_name, _nothing)

    def topic_readers(self, area: str, source: AgencyId) -> frozenset[AgencyId]:
        """Return who reads an area's topic, beside the source; empty if the area has none."""
        known = self._agreements.areas.get(area)
        if known is None:
            return frozenset()
        return frozenset(agency for agency, role in self.roles.items() if role in known.readers) - {source}

    def topics_read_by(self, agency: AgencyId) -> tuple[Topic, ...]:
        """Return the area, mail and keys topics that an agency reads, sorted; none if it is not in the federation."""
        return self._reads.get(agency, ())

    def topics_written_by(self, agency: AgencyId) -> tuple[Topic, ...]:
        """Return the area, mail and keys topics that an agency may write to, sorted."""
        return self._writes.get(agency, ())

    def may_write(self, source: AgencyId, topic: Topic) -> bool:
        """Say whether a topic is one to which an agency may write."""
        return topic in self._may_write.get(source, frozenset())

    def _read_by(self, agency: AgencyId, pairs: frozenset[tuple[str, str]]) -> tuple[Topic, ...]:
        role = self.roles[agency]
        areas = [area_topic(name) for name, area in self._agreements.areas.items() if role in area.readers]
        others = self._partners(agency, pairs)
        mail = [mail_topic(other, agency) for other in others]
        keys = [keys_topic(other, agency) for other in (*others, agency)]
        return tuple(sorted((*areas, *mail, *keys)))

    def _written_by(self, agency: AgencyId, pairs: frozenset[tuple[str, str]]) -> tuple[Topic, ...]:
        role = self.roles[agency]
        areas = [area_topic(name) for name, area in self._agreements.areas.items() if role in area.writers]
        others = self._partners(agency, pairs)
        mail = [mail_topic(agency, other) for other in others]
        keys = [keys_topic(agency, other) for other in (*others, agency)]
        return tuple(sorted((*areas, *mail, *keys)))

    def _partners(self, agency: AgencyId, pairs: frozenset[tuple[str, str]]) -> list[AgencyId]:
        role = self.roles[agency]
        return [other for other, its in self.roles.items() if other != agency and (role, its) in pairs]


def compile_rules(federation: Federation, *, reachable: frozenset[AgencyId] | None = None) -> Rules:
    """Compile the agreements of a federation.

    Args:
        federation: one version of the trust list.
        reachable: the agencies that have a receiving key in force, without which nothing can be sealed for them; all
            if none are given.

    Returns:
        Rules that hold for that version.

    Raises:
        MisconfiguredError: the agreements are not of the form or say what cannot be, or an agency has a role that
            they do not know; `detail` names the place.
    """
    agreements = compile_agreements(federation.agreements_toml)
    for agency in federation.agencies.values():
        if agency.role not in agreements.roles:
            raise MisconfiguredError("config.agreements", f"agencies.{agency.id}: the agreements know no such role")
    return Rules(federation, agreements, frozenset(federation.agencies) if reachable is None else reachable)


def _pairs(agreements: Agreements) -> frozenset[tuple[str, str]]:
    """Pairs of roles, in both directions, of which one may send the other something."""
    found: set[tuple[str, str]] = set()
    for agreement in (one for several in agreements.by_type.values() for one in several):
        senders = {role for clause in agreement.senders for role in clause.roles}
        recipients = {role for clause in agreement.recipients for role in clause.roles}
        found |= {(one, other) for one in senders for other in recipients}
    for area in agreements.areas.values():
        found |= {(one, other) for one in area.writers for other in area.readers}
    return frozenset(found | {(other, one) for one, other in found})


def _reader(agreements: tuple[Agreement, ...]) -> Callable[[OpenPart], Hashable]:
    asked = {condition.attribute for one in agreements for condition in one.conditions if condition.attribute}
    attributes = sorted(asked.union(*(one.narrowed for one in agreements)))
    return attrgetter(*attributes) if attributes else _nothing


def _nothing(_: OpenPart) -> Hashable:
    return ()


def _named_by(fields: tuple[str, ...]) -> Callable[[OpenPart], tuple[EventId, ...]]:
    return lambda part: tuple(event_id for field in fields for event_id in getattr(part, field))
