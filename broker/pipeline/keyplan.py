"""Which keys a batch of events needs: those at hand, those to be made, and the records that carry new ones.

Rules:
- One data key for each erasure unit and exact set of readers with their receiving keys, the source among them. So
  changed readers, or a renewed receiving key, get a new key, and nobody gains history by accident.
- Each new data key goes to each of its readers, and to the source itself, under that pair's wrapping key of the UTC
  day; a wrapping key is made once a day, recipient and receiving key.
- What names a unit in a pair is of that pair alone, and its numbers are never used again.
- A plan is durable in the key store before it is returned.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from broker.errors import RejectedError
from broker.ports import NewKeys
from broker.sealing.keyrecords import new_data_key, new_wrapping_key, unit_record, wrap_record

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from broker.names import AgencyId, KeyId
    from broker.pipeline.clearance import Need
    from broker.pipeline.sender import Sender
    from broker.ports import DataKey, Federation, KeyStore, Randomness, ReceivingKey, WrappingKey
    from broker.stages import Unsealed

BATCH_BYTES: Final = 16
_REMEMBERED: Final = 8192


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPlan:
    """The data key of each need, and what is new of them."""

    keys: Mapping[Need, DataKey] = field(repr=False)
    records: tuple[Unsealed, ...] = field(default=(), repr=False)
    """The key records, in the order in which they are to be sealed."""
    batch: bytes | None = None
    """The id under which the key store holds what is new; none where nothing is."""


class KeyPlanner:
    """Plans keys for this node's events. Its state is but a memory of what the key store holds."""

    def __init__(self, *, sender: Sender, keys: KeyStore, random: Randomness) -> None:
        """Take the sender, its key store and where keys come from."""
        self._sender = sender
        self._keys = keys
        self._random = random
        self._receiving = _Receiving(None)
        self._own: OrderedDict[tuple[str, bytes], DataKey] = OrderedDict()
        self._wrapping: dict[tuple[AgencyId, KeyId, str], WrappingKey] = {}

    def forget(self) -> None:
        """Forget what may have been discarded in the key store."""
        self._own.clear()
        self._wrapping.clear()

    def known(self, needs: Collection[Need], federation: Federation, now: datetime) -> KeyPlan | None:
        """Return the plan if every key is at hand; else None, and `plan` must be asked on the key store's thread.

        Raises:
            RejectedError: `outbound.no-receiving-key`.
        """
        found = {}
        for need in needs:
            name = (need[0], self._readers(need[1], federation, now))
            key = self._own.get(name)
            if key is None:
                return None
            self._own.move_to_end(name)
            found[need] = key
        return KeyPlan(keys=found)

    def reachable(self, readers: frozenset[AgencyId], federation: Federation, now: datetime) -> None:
        """See that every one of the readers has a receiving key in force.

        Raises:
            RejectedError: `outbound.no-receiving-key`, naming the agency.
        """
        self._readers(readers, federation, now)

    def plan(self, needs: Collection[Need], federation: Federation, now: datetime) -> KeyPlan:
        """Return a key for every need; new ones are durable, not yet announced.

        Raises:
            RejectedError: `outbound.no-receiving-key`.
            StorageError: nothing was made.
        """
        tags = {need: self._readers(need[1], federation, now) for need in needs}
        found = self._look(tags)
        missing = [need for need in tags if need not in found]
        if not missing:
            return KeyPlan(keys=found)
        making = _Making(day=now.strftime("%Y-%m-%d"))
        gifts = {
            need: [
                (recipient, self._pair_unit(recipient, need[0]))
                for recipient in (*sorted(need[1]), self._sender.source)
            ]
            for need in missing
        }
        pairs = {pair for given in gifts.values() for _, pair in given}
        numbers = dict(self._keys.used_numbers(pairs))
        for need, given in gifts.items():
            data_key = found[need] = new_data_key(self._random)
            making.data_keys.append((self._unit(need[0]), tags[need], data_key))
            for recipient, pair in given:
                self._give(data_key, self._wrap(recipient, making), pair, numbers, making)
        batch = self._random(BATCH_BYTES)
        self._keys.add(making.new_keys(batch, self._sender.source, numbers))
        for need in missing:
            self._remember((need[0], tags[need]), found[need])
        self._wrapping = {name: key for name, key in self._wrapping.items() if name[2] == making.day} | making.wrapping
        return KeyPlan(keys=found, records=tuple(making.records), batch=batch)

    def _look(self, tags: Mapping[Need, bytes]) -> dict[Need, DataKey]:
        """Return the keys at hand, in memory or in the store."""
        found, unknown = {}, {}
        for need, readers in tags.items():
            key = self._own.get((need[0], readers))
            if key is None:
                unknown[need] = (self._unit(need[0]), readers)
            else:
                found[need] = key
        stored = self._keys.own_data_keys({unit for unit, _ in unknown.values()}) if unknown else {}
        for need, name in unknown.items():
            key = stored.get(name)
            if key is not None:
                found[need] = key
                self._remember((need[0], name[1]), key)
        return found

    def _wrap(self, recipient: AgencyId, making: _Making) -> WrappingKey:
        """Return the wrapping key of a recipient and the day, made now if need be."""
        receiving = self._receiving.of(recipient)
        name = (recipient, receiving.key_id, making.day)
        wrapping = making.wrapping.get(name) or self._wrapping.get(name)
        if wrapping is None:
            wrapping = self._keys.own_wrapping_key(*name)
        if wrapping is None:
            wrapping = new_wrapping_key(self._random, source=self._sender.source, receiving=receiving)
            making.wrapping_keys.append((making.day, wrapping))
            making.records.append(wrap_record(self._sender.secret, wrapping, source=self._sender.source))
        making.wrapping[name] = wrapping
        return wrapping

    def _give(
        self,
        data_key: DataKey,
        wrapping: WrappingKey,
        pair_unit: bytes,
        numbers: dict[bytes, int],
        making: _Making,
    ) -> None:
        """Add the record that carries a data key to one recipient."""
        numbers[pair_unit] += 1
        making.records.append(
            unit_record(
                self._sender.secret,
                data_key,
                wrapping,
                source=self._sender.source,
                pair_unit=pair_unit,
                number=numbers[pair_unit],
                random=self._random,
            )
        )

    def _remember(self, name: tuple[str, bytes], key: DataKey) -> None:
        self._own[name] = key
        if len(self._own) > _REMEMBERED:
            self._own.popitem(last=False)

    def _readers(self, readers: frozenset[AgencyId], federation: Federation, now: datetime) -> bytes:
        """Return the blinded tag of an exact set of readers and their receiving keys."""
        if not self._receiving.holds(federation, now):
            self._receiving = _Receiving(federation, now)
            self._wrapping.clear()
        tag = self._receiving.tags.get(readers)
        if tag is None:
            fields = []
            for agency in sorted({*readers, self._sender.source}):
                fields += [agency.encode(), self._receiving.of(agency).key_id]
            tag = self._receiving.tags[readers] = self._sender.tag("keys/readers", *fields)
        return tag

    def _unit(self, unit: str) -> bytes:
        return self._sender.tag("keys/unit", unit.encode())

    def _pair_unit(self, recipient: AgencyId, unit: str) -> bytes:
        return self._sender.tag("keys/pair-unit", recipient.encode(), unit.encode())


@dataclass(slots=True, kw_only=True)
class _Making:
    """What is being made for one plan."""

    day: str
    data_keys: list[tuple[bytes, bytes, DataKey]] = field(default_factory=list, repr=False)
    wrapping_keys: list[tuple[str, WrappingKey]] = field(default_factory=list, repr=False)
    wrapping: dict[tuple[AgencyId, KeyId, str], WrappingKey] = field(default_factory=dict, repr=False)
    records: list[Unsealed] = field(default_factory=list, repr=False)

    def new_keys(self, batch: bytes, source: AgencyId, numbers: Mapping[bytes, int]) -> NewKeys:
        """Return it as the key store takes it."""
        return NewKeys(
            batch=batch,
            source=source,
            data_keys=self.data_keys,
            wrapping_keys=self.wrapping_keys,
            numbers=numbers,
        )


class _Receiving:
    """The receiving key of each agency under one federation, for as long as none of them begins or ends."""

    def __init__(self, federation: Federation | None, now: datetime | None = None) -> None:
        self._federation = federation
        self._since = self._until = now
        self._keys: dict[AgencyId, ReceivingKey] = {}
        self.tags: dict[frozenset[AgencyId], bytes] = {}
        if federation is None or now is None:
            return
        edges = []
        for agency in federation.agencies.values():
            valid = [key for key in agency.receiving if key.not_before <= now < key.not_after]
            if valid:
                # The newest: an agency that has published a new one has it already.
                self._keys[agency.id] = max(valid, key=lambda key: (key.not_before, key.key_id))
            edges += [edge for key in agency.receiving for edge in (key.not_before, key.not_after) if edge > now]
        self._until = min(edges, default=None)

    def holds(self, federation: Federation, now: datetime) -> bool:
        """Say whether it still is as it was looked up."""
        if self._federation is not federation or self._since is None or now < self._since:
            return False
        return self._until is None or now < self._until

    def of(self, agency: AgencyId) -> ReceivingKey:
        """Return an agency's receiving key.

        Raises:
            RejectedError: `outbound.no-receiving-key`.
        """
        key = self._keys.get(agency)
        if key is None:
            raise RejectedError("outbound.no-receiving-key", agency)
        return key
