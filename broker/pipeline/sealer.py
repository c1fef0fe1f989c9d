"""The relay's stream on each topic: one round of events and key records becomes one sealed batch a topic.

It remembers the head and the lane of each topic, and moves on only when told that a batch was stored.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from broker.errors import InvalidEventError
from broker.limits import MAX_BATCH
from broker.names import GENESIS, Lane
from broker.ports import SealedBatch
from broker.sealing.seal import record_id, seal_batch, seal_copy
from broker.stages import StreamHead

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from broker.names import KeyId, Topic
    from broker.pipeline.clearance import Passed
    from broker.pipeline.keyplan import KeyPlan
    from broker.pipeline.sender import Sender
    from broker.ports import Accepted, Randomness
    from broker.stages import Sealed, Unsealed

LANE_BYTES: Final = 16
_START: Final = StreamHead(sequence=0, leaf=GENESIS)
_DRAWN_BYTES: Final = 8192


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What one round sealed, and what could not be."""

    batch: SealedBatch
    events: Sequence[tuple[Accepted, Passed]] = field(repr=False)
    refused: Sequence[tuple[Accepted, InvalidEventError]] = field(repr=False)


class Sealer:
    """Seals rounds, one after the other. Called from one thread at a time."""

    def __init__(self, *, sender: Sender, random: Randomness) -> None:
        """Take the sender and randomness."""
        self._sender = sender
        self._random = random
        self._heads: dict[Topic, StreamHead] = {}
        self._lanes: dict[Topic, Lane] = {}
        self._lanes_of: KeyId | None = None

    def stand(self, heads: Mapping[Topic, StreamHead]) -> None:
        """Go on from the heads that the outbox holds."""
        self._heads = dict(heads)

    def stored(self, batch: SealedBatch) -> None:
        """Move on: the batch is durable."""
        self._heads |= batch.heads

    def seal(
        self,
        events: Sequence[tuple[Accepted, Passed]],
        plan: KeyPlan,
        *,
        federation: int,
        now: datetime,
    ) -> Round:
        """Seal the copies of the events, and before them the plan's key records.

        Args:
            events: in the order in which they were accepted.
            plan: a data key for each of their needs.
            federation: the version in force.
            now: what the seals name as their time.

        Raises:
            KeyServiceError: the home of the signing key does not answer.
        """
        copies: list[Unsealed] = []
        sealable, refused = [], []
        random = _drawn(self._random)
        for accepted, passed in events:
            try:
                copies += self._copies(passed, plan, random)
            except InvalidEventError as error:  # too large once it is encrypted
                refused.append((accepted, error))
                continue
            sealable.append((accepted, passed))
        heads: dict[Topic, StreamHead] = {}
        sealed: list[Sealed] = []
        for records in (plan.records, copies):
            sealed += self._streams(records, heads, federation=federation, now=now)
        batch = SealedBatch(records=sealed, heads=heads, batch=plan.batch)
        return Round(batch=batch, events=sealable, refused=refused)

    def _copies(self, passed: Passed, plan: KeyPlan, random: Randomness) -> list[Unsealed]:
        cleared = passed.cleared
        unit = cleared.erasure_unit
        return [
            seal_copy(
                copy,
                cleared=cleared,
                record_id=record_id(self._sender.secret, cleared.event_id, copy.topic),
                keys={part.readers: plan.keys[unit, part.readers] for part in copy.parts},
                ciphers=self._sender.ciphers,
                random=random,
            )
            for copy in cleared.copies
        ]

    def _streams(
        self,
        records: Iterable[Unsealed],
        heads: dict[Topic, StreamHead],
        *,
        federation: int,
        now: datetime,
    ) -> list[Sealed]:
        """Give the records of each topic their places, signed together, at most 256 at a time."""
        by_topic: dict[Topic, list[Unsealed]] = {}
        for record in records:
            by_topic.setdefault(record.topic, []).append(record)
        sealed: list[Sealed] = []
        for topic, mine in by_topic.items():
            for start in range(0, len(mine), MAX_BATCH):
                some, heads[topic] = seal_batch(
                    mine[start : start + MAX_BATCH],
                    source=self._sender.source,
                    topic=topic,
                    lane=self._lane(topic),
                    head=heads.get(topic) or self._heads.get(topic, _START),
                    signer=self._sender.signer,
                    sealed_at=now,
                    federation=federation,
                )
                sealed += some
        return sealed

    def _lane(self, topic: Topic) -> Lane:
        """Return the lane of this start and this signing key on a topic."""
        key_id = self._sender.signer.key_id
        if key_id != self._lanes_of:
            self._lanes.clear()
            self._lanes_of = key_id
        lane = self._lanes.get(topic)
        if lane is None:
            lane = self._lanes[topic] = Lane(self._random(LANE_BYTES))
        return lane


def _drawn(random: Randomness) -> Randomness:
    """Draw randomness in large pieces: one call of the system for many nonces, each byte given once."""
    piece, at = b"", 0

    def draw(count: int) -> bytes:
        nonlocal piece, at
        if at + count > len(piece):
            piece, at = random(max(count, _DRAWN_BYTES)), 0
        at += count
        return piece[at - count : at]

    return draw
