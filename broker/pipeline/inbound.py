"""The reader: what Kafka holds for this agency comes into the key store and the inbox. One task a node.

    assign --> fetch --> keys first: verify, open, commit --> who waited for them --> events: verify, place, open,
    admit, commit

Rules:
- The offsets live in the stores, each moved in the transaction that stores what was read: a crash anywhere reads the
  same again, and nothing is doubled.
- What a batch costs the processor and the disk is spent on a thread, one batch at a time, so order is kept.
- After an error of the world the reader waits, longer each time, and begins again from what is durable.
- Where Kafka no longer has the next record of a topic, a finding says so, and the reader goes on with the oldest there.
- A federation that changed changes the topics without a restart.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from broker import telemetry
from broker.errors import TransportError, UnavailableError
from broker.names import KEYS_PREFIX
from broker.pipeline.backoff import Backoff, topic_of
from broker.pipeline.completeness import TOPIC_CUT
from broker.pipeline.event_feed import EventFeed
from broker.pipeline.keyring_feed import KeyringFeed
from broker.pipeline.overdue import report_overdue
from broker.ports import Finding, ReceivedKeys, Station, Taken

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from broker.names import AgencyId, KeyId, Topic
    from broker.pipeline.receiver import Receiver
    from broker.pipeline.trust import InForce
    from broker.ports import Calls, Clock, Randomness, Subscription
    from broker.stages import Fetched

BATCH: Final = 500
"""How many records are fetched and committed at once at the most."""

GAP_PATIENCE: Final = timedelta(minutes=5)

_WAIT_MS: Final = 500
_LOOK_SECONDS: Final = 5.0
_LONGEST_SECONDS: Final = 30.0
_MISSED_AT_ONCE: Final = 500


class Inbound:
    """Reads until cancelled."""

    def __init__(
        self,
        *,
        receiver: Receiver,
        subscription: Subscription,
        in_force: Callable[[], InForce],
        thread: Calls,
        clock: Clock,
        random: Randomness,
        gap_patience: timedelta = GAP_PATIENCE,
    ) -> None:
        """Take what it works with; nothing is read yet.

        Args:
            receiver: the stores, and what opens records for this agency.
            subscription: reads from Kafka.
            in_force: returns the newest federation; asked before each fetch.
            thread: where batches are worked on, one at a time.
            clock: the time.
            random: spreads the waiting after errors.
            gap_patience: how long a gap in a stream may stay open before it is reported.
        """
        self._receiver = receiver
        self._subscription = subscription
        self._in_force = in_force
        self._thread = thread
        self._clock = clock
        self._gap_patience = gap_patience
        self._events = EventFeed(receiver)
        self._keys = KeyringFeed(receiver)
        self._positions: dict[Topic, int] = {}
        self._topics: tuple[Topic, ...] | None = None
        self._noted: InForce | None = None
        self._looked_at = float("-inf")
        self._told: list[Callable[[], None]] = []
        self.backoff = Backoff("reader", longest=_LONGEST_SECONDS, clock=clock, random=random)

    async def run(self) -> None:
        """Work until cancelled. Only a mistake of the program ends it otherwise."""
        while True:
            try:
                await self.turn()
                self.backoff.over()
            except UnavailableError as error:
                if error.code == "kafka.offset-out-of-range":
                    await self._go_on_where_kafka_begins(error)
                await self.backoff.wait(error)

    async def turn(self) -> int:
        """Fetch once, and take in what came.

        Returns:
            How many records came.

        Raises:
            UnavailableError: the world is at fault; the next turn begins from what is durable.
        """
        in_force = self._in_force()
        topics = in_force.rules.topics_read_by(self._receiver.me)
        try:
            if in_force is not self._noted:
                await self._thread.run(self._events.note_joining, in_force)
                self._noted = in_force
            if topics != self._topics:
                await self._assign(topics, in_force)
            batch = await self._subscription.fetch(wait_ms=_WAIT_MS, limit=BATCH)
            if batch:
                self._receiver.probe.passed(Station.FETCHED, len(batch))
                await self._thread.run(self._take, batch, in_force)
                for wake in self._told:
                    wake()
            await self._look()
        except BaseException as error:
            if not isinstance(error, TransportError):
                # What was fetched may not be stored: read it again from where the stores are.
                self._topics = None
            raise
        return len(batch)

    def tell(self, wake: Callable[[], None]) -> None:
        """Call `wake`, from now on, whenever something was committed: a consumer need not look by itself."""
        self._told.append(wake)

    # --- one turn ---------------------------------------------------------------------------------

    async def _assign(self, topics: tuple[Topic, ...], in_force: InForce) -> None:
        """Read these topics from where the stores are; and go on with what a crash left waiting for keys."""
        self._positions = await self._thread.run(self._stored_offsets)
        await self._thread.run(self._complete_all, in_force)
        await self._subscription.assign({topic: self._positions.get(topic, 0) for topic in topics})
        self._topics = topics

    def _stored_offsets(self) -> dict[Topic, int]:
        return {**self._receiver.inbox.offsets(), **self._receiver.keys.offsets()}

    def _take(self, batch: Sequence[Fetched], in_force: InForce) -> None:
        """Take one batch in: its keys first, then who waited for them, then its events. On the thread."""
        at = self._clock.now()
        keys = [one for one in batch if is_keys_topic(one.topic)]
        if keys:
            offsets = self._moves(keys)
            taken = self._keys.take(keys, in_force.federation, offsets=offsets, at=at)
            self._moved(offsets)
            self._events.complete(taken, in_force, at=at)
        events = [one for one in batch if not is_keys_topic(one.topic)]
        if events:
            offsets = self._moves(events)
            self._events.take(events, in_force, offsets=offsets, at=at)
            self._moved(offsets)

    def _moves(self, batch: Sequence[Fetched]) -> dict[Topic, tuple[int, int]]:
        return {one.topic: (self._positions.get(one.topic, 0), one.offset + 1) for one in batch}

    def _moved(self, offsets: Mapping[Topic, tuple[int, int]]) -> None:
        self._positions.update({topic: following for topic, (_, following) in offsets.items()})

    def _complete_all(self, in_force: InForce) -> None:
        """Go on with whatever waits for a key that is held: a crash may have come between the two stores."""
        after = 0
        while missed := self._receiver.inbox.missing(after, _MISSED_AT_ONCE):
            after = missed[-1].number
            keys: dict[tuple[AgencyId, KeyId], bytes | None] = {
                (one.source, one.key_id): self._receiver.keys.data_key(one.source, one.key_id) for one in missed
            }
            held = [name for name, key in keys.items() if key is not None]
            self._events.complete(held, in_force, at=self._clock.now())

    async def _look(self) -> None:
        """Now and then report what has not come in time."""
        now = self._clock.monotonic()
        if now - self._looked_at < _LOOK_SECONDS:
            return
        self._looked_at = now
        await self._thread.run(
            report_overdue, self._receiver.inbox, at=self._clock.now(), gap_patience=self._gap_patience
        )

    # --- where Kafka no longer has what comes next ---------------------------------------------------

    async def _go_on_where_kafka_begins(self, error: UnavailableError) -> None:
        """Report records that Kafka no longer has, since waiting will not bring them back, and pass over them."""
        topic = topic_of(error)
        if topic is None:
            return
        try:
            earliest = await self._subscription.earliest(topic)
            await self._thread.run(self._pass_over, topic, earliest)
        except UnavailableError:
            # It is tried again with the next error of this kind.
            return
        finally:
            self._topics = None

    def _pass_over(self, topic: Topic, earliest: int) -> None:
        """Report that a topic was cut and go on from an offset, in one transaction. On the thread."""
        expected, at = self._positions.get(topic, 0), self._clock.now()
        detail = f"goes on with offset {earliest}"
        finding = Finding(code=TOPIC_CUT, source="", topic=topic, offset=expected, at=at, detail=detail)
        offsets = {topic: (expected, earliest)}
        if is_keys_topic(topic):
            self._receiver.keys.commit(
                ReceivedKeys(
                    data_keys=(),
                    wrapping_keys=(),
                    waiting=(),
                    done_waiting=(),
                    heads={},
                    offsets=offsets,
                    findings=[finding],
                )
            )
        else:
            self._receiver.inbox.commit(Taken(at=at, offsets=offsets, findings=[finding]))
        telemetry.remarked(findings=[finding])


def is_keys_topic(topic: Topic) -> bool:
    """Say whether key records travel on a topic."""
    return topic.startswith(KEYS_PREFIX)
