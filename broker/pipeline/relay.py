"""The relay: what the outbox has accepted is sealed, stored, published, marked. One task a node.

    accepted --clear again--> --keys durable--> sealed --one transaction--> stored --keys first--> published --> marked

Rules:
- What is stored is published, the very same bytes, until Kafka has acknowledged it, whatever crashes in between.
- A lane is opened by the first record sealed after a start, and that is after everything stored before is published.
- New drafts are sealed only while Kafka is reachable: after an error the stored records come first, with a back-off.
- New drafts are sealed only with a signing key that readers accept: otherwise they wait, and the trouble shows.
- Key records are acknowledged before any event record that needs them is published.
- Key store and outbox agree on a batch by its id: stored in the outbox it is announced, else its keys are discarded.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from broker.errors import RejectedError, UnavailableError
from broker.limits import MAX_BATCH
from broker.pipeline.backoff import Backoff
from broker.pipeline.keyplan import KeyPlanner
from broker.pipeline.outbound import QUARTER_HOUR
from broker.pipeline.publishing import Publishing
from broker.pipeline.sealer import Sealer
from broker.ports import Refusal, Station

if TYPE_CHECKING:
    from datetime import datetime

    from broker.pipeline.clearance import Clearance, Passed
    from broker.pipeline.sealer import Round
    from broker.pipeline.sender import Sender, Stores
    from broker.pipeline.trust import InForce
    from broker.ports import Accepted, Clock, Probe, Publisher, Randomness

LOOK_SECONDS: Final = 0.03
"""How often the relay looks whether another process has added to the outbox."""

_LONGEST_SECONDS: Final = 5.0


class Relay:
    """Moves what the outbox holds to Kafka. `run` is its task; `wake` tells it that something was added."""

    def __init__(
        self,
        *,
        sender: Sender,
        stores: Stores,
        clearance: Clearance,
        publisher: Publisher,
        clock: Clock,
        probe: Probe,
        random: Randomness,
    ) -> None:
        """Take what it works with; nothing is read or written yet.

        Args:
            sender: who this node is.
            stores: outbox and key store with their threads.
            clearance: asked again before an event is sealed.
            publisher: writes to Kafka.
            clock: the time.
            probe: told of each station.
            random: where keys, lanes and nonces come from.
        """
        self._sender = sender
        self._stores = stores
        self._clearance = clearance
        self._publishing = Publishing(stores=stores, publisher=publisher, clock=clock, probe=probe)
        self._clock = clock
        self._probe = probe
        self._planner = KeyPlanner(sender=sender, keys=stores.keys, random=random)
        self._sealer = Sealer(sender=sender, random=random)
        self._added = asyncio.Event()
        self._seen = -1
        self._quarter = -1
        self.backoff = Backoff("relay", longest=_LONGEST_SECONDS, clock=clock, random=random)

    def wake(self) -> None:
        """Tell the relay that this process has added to the outbox."""
        self._added.set()

    async def run(self) -> None:
        """Work until cancelled. Only a mistake of the program ends it otherwise."""
        while True:
            try:
                await self._settle()
                await self._publishing.stored()
                while True:
                    if self._publishing.due():
                        await self._publishing.stored()
                    more = await self._round()
                    self.backoff.over()
                    if not more:
                        await self._wait()
            except UnavailableError as error:
                await self.backoff.wait(error)

    # --- start, and after every error ---------------------------------------------------------------------------

    async def _settle(self) -> None:
        """Make key store and outbox agree, and stand where the outbox stands."""
        stores = self._stores
        self._planner.forget()
        for batch in await stores.keys_thread.run(stores.keys.unannounced):
            stored = await stores.outbox_thread.run(stores.outbox.has_batch, batch)
            settle = stores.keys.announce if stored else stores.keys.discard
            await stores.keys_thread.run(settle, batch)
        self._sealer.stand(await stores.outbox_thread.run(stores.outbox.heads))

    # --- one round ----------------------------------------------------------------------------------------------

    async def _wait(self) -> None:
        """Wait until something was added, here or by another process, or a quarter-hour mark has passed."""
        stores = self._stores
        while not self._added.is_set():
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._added.wait()
            except TimeoutError:
                seen = await stores.outbox_thread.run(stores.outbox.change_mark)
                if seen != self._seen or _quarter(self._clock.now()) != self._quarter or self._publishing.due():
                    return

    async def _round(self) -> bool:
        """Take what waits, at most a batch of it, all the way; say whether there was anything."""
        stores = self._stores
        self._added.clear()
        now = self._clock.now()
        in_force = self._clearance.in_force()
        found, events = await stores.outbox_thread.run(self._take, in_force, now)
        if not events:
            return found
        self._require_signing_key(in_force, now)
        needs = {need for _, item in events for need in item.needs}
        plan = self._planner.known(needs, in_force.federation, now)
        if plan is None:
            plan = await stores.keys_thread.run(self._planner.plan, needs, in_force.federation, now)
        sealed = await stores.work_thread.run(
            self._sealer.seal, events, plan, federation=in_force.federation.version, now=now
        )
        self._passed(Station.SEALED, len(sealed.events))
        rows = await stores.outbox_thread.run(self._store, sealed)
        self._sealer.stored(sealed.batch)
        self._passed(Station.STORED, len(sealed.events))
        if plan.batch is not None:
            await stores.keys_thread.run(stores.keys.announce, plan.batch)
        await self._publishing.publish(rows, sealed.batch.records)
        return True

    def _require_signing_key(self, in_force: InForce, now: datetime) -> None:
        """Seal nothing that every reader would refuse.

        Raises:
            UnavailableError: the federation in force does not list this node's signing key, or not as valid now.
        """
        sender = self._sender
        key = in_force.federation.signing_keys.get(sender.signer.key_id)
        if key is None or key.agency != sender.source:
            raise UnavailableError("outbound.signing-key", "not listed for this agency")
        if not key.not_before <= now.replace(microsecond=0) <= key.not_after:  # seals name whole seconds
            raise UnavailableError("outbound.signing-key", "not valid now")

    def _take(self, in_force: InForce, now: datetime) -> tuple[bool, list[tuple[Accepted, Passed]]]:
        """Return whether any draft waits, and those that may still leave; set the others aside.

        Called on the outbox's thread.
        """
        outbox = self._stores.outbox
        self._seen = outbox.change_mark()
        self._quarter = _quarter(now)
        rows = outbox.waiting(MAX_BATCH, now)
        kept = {row: self._clearance.take(row) for row in rows}
        unread = [row for row, item in kept.items() if item is None]
        read = {draft.row: draft for draft in outbox.drafts(unread)} if unread else {}
        events = []
        for row in rows:
            item = kept[row]
            draft = item[0] if item else read.get(row)
            if draft is None:
                continue
            try:
                passed = item[1] if item else None
                if passed is None or passed.rules is not in_force.rules:
                    ((_, passed), *_) = self._clearance.ask(draft.draft, in_force.rules, {})
                for _, readers in passed.needs:
                    self._planner.reachable(readers, in_force.federation, now)
            except RejectedError as error:
                self._refuse(draft, error, now)
                continue
            events.append((draft, passed))
        return bool(rows), events

    def _store(self, sealed: Round) -> list[int]:
        """Store a round, and set aside what could not be sealed. Called on the outbox's thread."""
        now = self._clock.now()
        events = [(accepted, passed.route) for accepted, passed in sealed.events]
        rows = self._stores.outbox.store(events=events, sealed=sealed.batch, at=now)
        for accepted, error in sealed.refused:
            self._refuse(accepted, error, now)
        return rows

    def _refuse(self, accepted: Accepted, error: RejectedError, now: datetime) -> None:
        refusal = Refusal(code=error.code, detail=error.detail, at=now)
        self._stores.outbox.refuse(accepted, refusal)

    def _passed(self, station: Station, count: int) -> None:
        if count:
            self._probe.passed(station, count)


def _quarter(now: datetime) -> int:
    return int(now.timestamp() // QUARTER_HOUR.total_seconds())
