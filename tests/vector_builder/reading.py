"""Reads a vector with the broker's own code, and says of each record what the vector's `expect` says.

The place in the stream (wire.md §8) is told here from the table alone; `broker.pipeline` has tests of its own.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from broker.errors import RejectedError, ReplayedError
from broker.names import GENESIS, AgencyId, KeyId, Topic
from broker.ports import DataKey, Federation, SigningKey
from broker.sealing.batch import parse_payload_unverified
from broker.sealing.encoding import parse_seal_unverified
from broker.sealing.keyrecords import is_wrap, open_unit, open_wrap
from broker.sealing.keyring import Keyring
from broker.sealing.private_keys import HeldReceivingKeys, HybridReceiver
from broker.sealing.topics import Kind, read_topic
from broker.sealing.unseal import Verifier, open_record
from broker.stages import Closed, Fetched

if TYPE_CHECKING:
    from collections.abc import Iterable

    from broker.names import Lane, Leaf
    from broker.stages import Verified

Json = dict[str, Any]
Held = dict[tuple[AgencyId, KeyId], bytes]


@dataclass
class Follower:
    """One stream, by the table of wire.md §8."""

    leaves: dict[int, Leaf] = field(default_factory=dict)
    lane: Lane | None = None
    closed: set[Lane] = field(default_factory=set)
    waiting: dict[int, int] = field(default_factory=dict)
    """Sequence to number of the record that is held there."""

    def place(self, seen: Verified) -> str:
        """Return `next`, `resent` or `held`.

        Raises:
            ReplayedError: a fork, or a lane that was closed.
        """
        last = len(self.leaves)
        if seen.sequence <= last:
            if self.leaves[seen.sequence] == seen.leaf:
                return "resent"
            raise self._fork(seen)
        if seen.sequence == last + 1 and seen.previous != self.leaves.get(last, GENESIS):
            raise self._fork(seen)
        if seen.lane in self.closed:
            raise ReplayedError("stream.closed-lane")
        if seen.sequence > last + 1:
            return "held"
        if self.lane is not None and self.lane != seen.lane:
            self.closed.add(self.lane)
        self.lane = seen.lane
        self.leaves[seen.sequence] = seen.leaf
        return "next"

    def _fork(self, seen: Verified) -> ReplayedError:
        if seen.lane != self.lane:
            self.closed.add(seen.lane)
        return ReplayedError("stream.fork")


class Reading:
    """One reader on its way through one vector."""

    def __init__(self, vector: Json) -> None:
        """Take a vector of `kind` `records`."""
        self._vector = vector
        self._reader = AgencyId(vector["reader"])
        self._federation = _federation(vector["federation"])
        self._verifier = Verifier(self._reader)
        self._wrapping = _held(vector["wrapping_keys"])
        self._data_keys = _held(vector["data_keys"])
        self._keyring = Keyring(lambda source, key_id: self._data_keys.get((source, key_id)))
        self._unwrapper = HeldReceivingKeys(
            HybridReceiver(bytes.fromhex(each["mlkem768_seed"]) + bytes.fromhex(each["x25519"]))
            for each in vector["receiving_keys"]
        )
        self._streams: dict[tuple[Topic, AgencyId], Follower] = {}
        self._seen: list[Verified | None] = []
        self._entries: list[Json] = []

    def read(self) -> list[Json]:
        """Read every record in order.

        Returns:
            What is to be said of each, in the form of `expect`, but for the `step` of what is refused.
        """
        for record in self._vector["records"]:
            self._entries.append(self._record(fetched_of(record)))
        return self._entries

    def _record(self, fetched: Fetched) -> Json:
        self._seen.append(None)
        entry: Json = {}
        try:
            seen = self._seen[-1] = self._verifier.verify(fetched, self._federation)
            entry["verified"] = facts(seen)
            if read_topic(fetched.topic).kind is Kind.KEYS:
                return entry | self._key_record(seen)
            return entry | self._event(seen)
        except RejectedError as error:
            return entry | {"outcome": "refused", "code": error.code}

    def _event(self, seen: Verified) -> Json:
        if self._vector["stream"] == "sampled":
            return self._opened(seen)
        stream = self._streams.setdefault((seen.fetched.topic, seen.source), Follower())
        place = stream.place(seen)
        if place == "held":
            stream.waiting[seen.sequence] = len(self._seen) - 1
        if place != "next":
            return {"outcome": place}
        released = []
        while (number := stream.waiting.pop(len(stream.leaves) + 1, None)) is not None:
            waited = self._seen[number]
            assert waited is not None
            self._entries[number]["then"] = {"verified": facts(waited)} | self._released(stream, waited)
            released.append(number)
        return self._opened(seen) | ({"releases": released} if released else {})

    def _released(self, stream: Follower, waited: Verified) -> Json:
        try:
            assert stream.place(waited) == "next"
            return self._opened(waited)
        except RejectedError as error:
            return {"outcome": "refused", "code": error.code}

    def _opened(self, seen: Verified) -> Json:
        found = open_record(seen, self._keyring)
        if isinstance(found, Closed):
            return {"outcome": "closed", "key_id": found.key_id.hex()}
        assert found.named == tuple(name for name in found.named if name in found.parts or name in found.missing)
        return {
            "outcome": "opened",
            "cover": found.cover.decode(),
            "parts": {name: part.content.decode() for name, part in found.parts.items()},
            "closed": list(found.missing),
        }

    def _key_record(self, seen: Verified) -> Json:
        if seen.fetched.value is None:
            return {"outcome": "erased"}
        if not is_wrap(seen):
            return self._unit(seen)
        key_id, key = open_wrap(seen, reader=self._reader, unwrapper=self._unwrapper)
        self._wrapping[seen.source, key_id] = key
        entry = {"outcome": "wrapping-key", "key_id": key_id.hex(), "key": key.hex()}
        released = [at for at, before in enumerate(self._entries) if _waits_for(before, key_id)]
        for number in released:
            waited = self._seen[number]
            assert waited is not None
            self._entries[number]["then"] = {"verified": facts(waited)} | self._unit(waited)
        return entry | ({"releases": released} if released else {})

    def _unit(self, seen: Verified) -> Json:
        found = open_unit(seen, lambda source, key_id: self._wrapping.get((source, key_id)))
        if isinstance(found, DataKey):
            self._data_keys[seen.source, found.key_id] = found.key
            return {"outcome": "data-key", "key_id": found.key_id.hex(), "key": found.key.hex()}
        return {"outcome": "waits", "key_id": found.hex()}


def fetched_of(record: Json) -> Fetched:
    """Read a record of a vector."""
    return Fetched(
        topic=Topic(record["topic"]),
        offset=record["offset"],
        timestamp_ms=record["timestamp_ms"],
        key=None if record["key"] is None else base64.b64decode(record["key"]),
        headers=tuple((name, None if value is None else value.encode("latin-1")) for name, value in record["headers"]),
        value=None if record["value"] is None else base64.b64decode(record["value"]),
    )


def facts(seen: Verified) -> Json:
    """Return what a seal proved, as `verified` has it."""
    seal = parse_seal_unverified(seen.fetched.headers[-1][1] or b"")
    return {
        "source": seen.source,
        "id": seen.record_id,
        "lane": seen.lane.hex(),
        "sequence": seen.sequence,
        "previous": seen.previous.hex(),
        "leaf": seen.leaf.hex(),
        "signing_key": seen.signing_key.hex(),
        "federation": seen.federation,
        "index": seal.index,
        "size": parse_payload_unverified(seal.payload).size,
    }


def _waits_for(entry: Json, key_id: KeyId) -> bool:
    return entry["outcome"] == "waits" and entry["key_id"] == key_id.hex() and "then" not in entry


def _held(keys: Iterable[Json]) -> Held:
    return {
        (AgencyId(each["source"]), KeyId(bytes.fromhex(each["key_id"]))): bytes.fromhex(each["key"]) for each in keys
    }


def _federation(listed: Json) -> Federation:
    keys = [
        SigningKey(
            key_id=KeyId(bytes.fromhex(each["key_id"])),
            agency=AgencyId(each["agency"]),
            public=bytes.fromhex(each["public"]),
            not_before=_time(each["not_before"]),
            not_after=_time(each["not_after"]),
        )
        for each in listed["signing_keys"]
    ]
    return Federation(
        version=listed["version"],
        agencies={},
        signing_keys={each.key_id: each for each in keys},
        agreements_toml=b"",
        dataschemas={},
    )


def _time(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
