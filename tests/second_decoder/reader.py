"""Section 10 of docs/wire.md: a reader that verifies records in order, up to what needs the catalogue (steps 9 to 11).

Written from the page alone, so that the page is tested with it; it shares no line with the broker and is not fast.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from tests.second_decoder.cover import read_cover, read_json
from tests.second_decoder.keys import KEY, Keys, Wrap, open_wrap, read_wrap
from tests.second_decoder.notation import RefusedError
from tests.second_decoder.parts import Part, derive_key_id, open_part, read_parts
from tests.second_decoder.record import Topic, Unverified, check_key_and_null, check_sizes, read_headers, read_topic
from tests.second_decoder.seal import (
    Payload,
    Seal,
    SigningKey,
    check_path,
    check_signature,
    find_signing_key,
    hash_leaf,
    read_payload,
    read_seal,
)
from tests.second_decoder.stream import Link, Standing, Stream


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """A record that has passed steps 1 to 7.

    Attributes:
        record: The record.
        topic: Its topic.
        headers: Its headers by name.
        seal: Its seal.
        payload: What the seal says.
        leaf: Its leaf.
    """

    record: Unverified
    topic: Topic
    headers: Mapping[str, str]
    seal: Seal
    payload: Payload
    leaf: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the reader says of one record.

    Attributes:
        outcome: `opened`, `closed`, `wrapping-key`, `data-key`, `waits`, `erased`, `resent`, `held` or `refused`.
        verified: The record, where steps 1 to 7 hold.
        cover: The exact text of the cover.
        parts: The exact text of each named part the key of which is held.
        closed: The named parts the key of which is not held.
        key_id: The key that the outcome speaks of.
        key: The key that the record gives.
        refusal: Why it was refused.
        releases: Records that waited for this one, for their turn or for its key, each with what is said of it now.
    """

    outcome: str
    verified: Verified | None = None
    cover: bytes = b""
    parts: Mapping[str, bytes] = field(default_factory=dict)
    closed: tuple[str, ...] = ()
    key_id: bytes = b""
    key: bytes = field(default=b"", repr=False)
    refusal: RefusedError | None = None
    releases: tuple["Outcome", ...] = ()


@dataclass(kw_only=True)
class Reader:
    """Reads records, one after the other.

    Attributes:
        agency: The AgencyId of the reader.
        federation: The signing keys that the federation lists.
        keys: The keys that are held; what records bring is added.
        follow: Whether to do step 8.
        streams: What is kept of each stream, by (source, topic).
        waiting: Data keys that wait for their wrapping key, by (source, id of the wrapping key).
    """

    agency: str
    federation: Sequence[SigningKey]
    keys: Keys
    follow: bool = True
    streams: dict[tuple[str, str], Stream[Verified]] = field(default_factory=dict)
    waiting: dict[tuple[str, bytes], list[Verified]] = field(default_factory=dict)

    def read(self, record: Unverified) -> Outcome:
        """Say what a record is.

        Args:
            record: The record.

        Returns:
            What is to be said of it, refusals too.
        """
        try:
            verified = self.verify(record)
        except RefusedError as refusal:
            return Outcome(outcome="refused", refusal=refusal)
        if not self.follow:
            return self._open(verified)
        stream = self.streams.setdefault(
            (verified.headers["ce_source"], record.topic), Stream(compacted=verified.topic.kind == "keys")
        )
        try:
            standing = stream.place(link(verified))
        except RefusedError as refusal:
            return Outcome(outcome="refused", verified=verified, refusal=refusal.at(8))
        if standing is not Standing.NEXT:
            return Outcome(outcome=standing.value, verified=verified)
        outcome = self._open(verified)
        releases = tuple(
            self._open(held.carried)
            if refusal is None
            else Outcome(outcome="refused", verified=held.carried, refusal=refusal.at(8))
            for held, refusal in stream.release()
        )
        return replace(outcome, releases=outcome.releases + releases)

    def verify(self, record: Unverified) -> Verified:
        """Do steps 1 to 7.

        Args:
            record: The record.

        Returns:
            The same, verified.

        Raises:
            RefusedError: With the code and the step.
        """
        step = 0
        try:
            step = 1
            check_sizes(record)
            headers = read_headers(record)
            step = 2
            topic = read_topic(record.topic, headers["ce_source"], self.agency)
            check_key_and_null(record, topic)
            step = 3
            seal = read_seal(headers["ce_seal"])
            step = 4
            key = find_signing_key(seal, headers["ce_source"], self.federation)
            step = 5
            payload = read_payload(seal, record.topic, headers, key)
            step = 6
            leaf = hash_leaf(record, headers)
            check_path(leaf, seal, payload)
            step = 7
            check_signature(seal, key)
        except RefusedError as refusal:
            raise refusal.at(step) from None
        return Verified(record=record, topic=topic, headers=headers, seal=seal, payload=payload, leaf=leaf)

    def _open(self, verified: Verified) -> Outcome:
        """Open a record that has its place in the stream: steps 9 and 10, or section 9 for a key record."""
        try:
            content = read_content(verified.record, verified.topic)
            if isinstance(content, Wrap):
                return self._take_wrap(verified, content)
            if content is None:
                return Outcome(outcome="erased", verified=verified)
            if verified.topic.kind == "keys":
                return self._take_unit(verified, content[0])
            return self._open_event(verified, content)
        except RefusedError as refusal:
            return Outcome(outcome="refused", verified=verified, refusal=refusal.at(9))

    def _take_wrap(self, verified: Verified, wrap: Wrap) -> Outcome:
        """Take a wrapping key, then the data keys that have waited for it."""
        source = verified.headers["ce_source"]
        key = open_wrap(wrap, (verified.record.key or b"").decode("ascii"), verified.topic, self.keys)
        self.keys.wrapping[source, wrap.wrapping_key_id] = key
        waiting = self.waiting.pop((source, wrap.wrapping_key_id), [])
        return Outcome(
            outcome="wrapping-key",
            verified=verified,
            key_id=wrap.wrapping_key_id,
            key=key,
            releases=tuple(self._open(unit) for unit in waiting),
        )

    def _take_unit(self, verified: Verified, part: Part) -> Outcome:
        """Take a data key, or let it wait for its wrapping key."""
        source = verified.headers["ce_source"]
        wrapping = self.keys.wrapping.get((source, part.key_id))
        if wrapping is None:
            self.waiting.setdefault((source, part.key_id), []).append(verified)
            return Outcome(outcome="waits", verified=verified, key_id=part.key_id)
        key = open_part(part, wrapping, place_of(verified, "key"))
        if len(key) != KEY:
            raise RefusedError("untrusted.key-record")
        key_id = derive_key_id(key)
        self.keys.data[source, key_id] = key
        return Outcome(outcome="data-key", verified=verified, key_id=key_id, key=key)

    def _open_event(self, verified: Verified, content: Sequence[Part]) -> Outcome:
        """Open the cover, then each named part the key of which is held."""
        source = verified.headers["ce_source"]
        first, *others = content
        key = self.keys.data.get((source, first.key_id))
        if key is None:
            return Outcome(outcome="closed", verified=verified, key_id=first.key_id)
        cover = open_part(first, key, place_of(verified, "cover"))
        names = read_cover(cover, source, verified.topic, len(others))
        opened: dict[str, bytes] = {}
        closed = []
        try:
            for name, part in zip(names, others, strict=True):
                key = self.keys.data.get((source, part.key_id))
                if key is None:
                    closed.append(name)
                else:
                    opened[name] = open_part(part, key, place_of(verified, name))
                    read_json(opened[name], "invalid.compartment")
        except RefusedError as refusal:
            raise refusal.at(10) from None
        return Outcome(outcome="opened", verified=verified, cover=cover, parts=opened, closed=tuple(closed))


def read_content(record: Unverified, topic: Topic) -> tuple[Part, ...] | Wrap | None:
    """Read the structures of a value, which must end where its bytes end.

    Args:
        record: The record.
        topic: Its topic.

    Returns:
        The Parts of an event, the one Part of a data key, the Wrap of a wrapping key, or null.

    Raises:
        RefusedError: `untrusted.value`.
    """
    if record.value is None:
        return None
    if record.key is not None and record.key.startswith(b"wrap/"):
        return read_wrap(record.value)
    parts = tuple(read_parts(record.value))
    if topic.kind == "keys" and len(parts) != 1:
        raise RefusedError("untrusted.value")
    return parts


def link(verified: Verified) -> Link[Verified]:
    """Say what a verified record claims of its place in its stream."""
    return Link(
        lane=verified.headers["ce_lane"],
        sequence=int(verified.headers["ce_sequence"]),
        previous=bytes.fromhex(verified.headers["ce_previous"]),
        leaf=verified.leaf,
        carried=verified,
    )


def place_of(verified: Verified, part_name: str) -> tuple[str, str, str, str]:
    """Say where a part stands, to which it is bound."""
    return verified.topic.name, verified.headers["ce_source"], verified.headers["ce_id"], part_name
