"""`simpul send`: hand a draft to the node, which seals and publishes it as soon as it runs and Kafka is there."""

from __future__ import annotations

import asyncio
import hashlib
import sys
from typing import TYPE_CHECKING, Annotated, Final

import orjson
import typer

from broker.assembly import Store, open_store, outbound, probe_of
from broker.cli.terminal import JsonOption, NodeOption, out, print_json, word
from broker.errors import MisconfiguredError
from broker.settings import node_folder
from broker.stages import Draft, Origin
from broker.threads import Thread

if TYPE_CHECKING:
    from broker.pipeline.outbound import AcceptResult

SYSTEM: Final = "draft"
"""The native system of drafts that an officer writes."""


def send(
    file: Annotated[
        str, typer.Argument(help="Draf CloudEvents JSON, atau - untuk masukan standar. / A draft, or - for stdin.")
    ],
    node: NodeOption = None,
    *,
    json: JsonOption = False,
) -> None:
    """Kirim sebuah peristiwa. / Send an event: a draft as CloudEvents JSON.

    It returns once the event is durable in the outbox. The same draft sent twice is one event, a changed one another.

    Contoh / example: simpul send peringatan.json --node polres
    """
    body = _read(file)
    with open_store(node_folder(node)) as store:
        result = asyncio.run(_accept(store, Draft(origin=_origin(body), body=body)))
        if result.refused is not None:
            raise result.refused
        route = None if result.event_id is None else store.outbox.find(result.event_id)
        copies = [] if route is None else route.route.copies
        left_out = [{"agency": one.agency, "code": one.code} for one in result.left_out]
        if json:
            topics = [{"topic": topic, "audience": list(audience)} for topic, audience in copies]
            print_json({"id": result.event_id, "new": result.new, "copies": topics, "left_out": left_out})
            return
        out.print(
            word(
                f"Peristiwa {result.event_id} {'diterima' if result.new else 'sudah ada'} di kotak keluar.",
                f"Event {result.event_id} {'is' if result.new else 'was already'} in the outbox.",
            )
        )
        for topic, audience in copies:
            out.print(f"  {topic} → {', '.join(audience)}")
        for one in result.left_out:
            out.print(word(f"  tidak disertakan: {one.agency} ({one.code})", f"  left out: {one.agency} ({one.code})"))


def _read(file: str) -> bytes:
    try:
        if file == "-":
            return sys.stdin.buffer.read()
        with open(file, "rb") as handle:  # noqa: PTH123 - a name from the command line
            return handle.read()
    except OSError as error:
        raise MisconfiguredError("config.no-file", file) from error


def _origin(body: bytes) -> Origin:
    """Return where a draft comes from: its own `id` and what it says.

    So the same draft sent again adds nothing, and one that was changed is another event, as with any adapter's records.
    """
    digest = hashlib.sha256(body).hexdigest()
    try:
        draft = orjson.loads(body)
        name = draft.get("id") if isinstance(draft, dict) else None
    except orjson.JSONDecodeError:
        name = None
    if isinstance(name, str) and name:
        return Origin(system=SYSTEM, record_id=name, revision=digest)
    return Origin(system=SYSTEM, record_id=digest)


async def _accept(store: Store, draft: Draft) -> AcceptResult:
    thread = Thread("outbox")
    try:
        (result,) = await outbound(store, thread, probe=probe_of(store.settings), wake=lambda: None).accept([draft])
    finally:
        await thread.close()
    return result
