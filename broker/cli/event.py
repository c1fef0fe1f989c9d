"""`simpul event`: one event, where it is, and its records for people without Kafka."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Annotated, Any, Final

import orjson
import typer

from broker.assembly import Store, open_store
from broker.cli.terminal import Exit, JsonOption, NodeOption, note, out, print_json, shown, word
from broker.errors import UntrustedError
from broker.names import EventId
from broker.pipeline.reading import closed, plain_parts
from broker.ports import SendState
from broker.sealing.batch import dsse_envelope
from broker.sealing.encoding import parse_seal_unverified
from broker.settings import node_folder
from broker.stages import Fetched

if TYPE_CHECKING:
    from broker.ports import SentEvent
    from broker.stages import Opened, Sealed


_STATES: Final = {
    SendState.ACCEPTED: "diterima di kotak keluar",
    SendState.SEALED: "tersegel, belum diterbitkan",
    SendState.PUBLISHED: "diterbitkan",
    SendState.REFUSED: "ditolak",
}


def event(
    event_id: Annotated[str, typer.Argument(metavar="ID", help="Id peristiwa. / The event's id.")],
    node: NodeOption = None,
    *,
    export: Annotated[
        bool, typer.Option("--export", help="Tulis rekaman utuh dengan amplop DSSE. / Write whole records, with DSSE.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Tampilkan satu peristiwa. / Show an event: its copies, who got them, what opens.

    Contoh / example: simpul event 5b0c… --node polres --export > bukti.json
    """
    with open_store(node_folder(node)) as store:
        sent = store.outbox.find(EventId(event_id))
        kept = store.inbox.event(EventId(event_id))
        if sent is None and not kept:
            note("Simpul ini tidak mengenal peristiwa itu.", "This node does not know that event.")
            raise typer.Exit(Exit.FAILED)
        if export:
            records = [_exported_sealed(record, sent) for record in store.outbox.records_of(EventId(event_id))]
            records += [exported(one.verified.fetched) for one in kept]
            print_json(records[0] if len(records) == 1 else records)
            return
        opened = store.reader.merged(kept) if kept else None
        if json:
            print_json({"sent": _sent_json(sent), "received": _received_json(opened)})
            return
        _show(store, sent, opened)


def exported(fetched: Fetched) -> dict[str, Any]:
    """Return a record as `docs/wire.md` §13 exports it."""
    headers = [[name, None if value is None else value.decode("latin-1")] for name, value in fetched.headers]
    return {
        "topic": fetched.topic,
        "offset": fetched.offset,
        "timestamp_ms": fetched.timestamp_ms,
        "key": None if fetched.key is None else base64.b64encode(fetched.key).decode(),
        "headers": headers,
        "value": None if fetched.value is None else base64.b64encode(fetched.value).decode(),
        "dsse": _envelope(fetched),
    }


def _envelope(fetched: Fetched) -> dict[str, object] | None:
    """Return the standard envelope of the seal; none for a record in quarantine that has no such thing."""
    try:
        return dsse_envelope(parse_seal_unverified(dict(fetched.headers).get("ce_seal") or b""))
    except UntrustedError:
        return None


def _exported_sealed(record: Sealed, sent: SentEvent | None) -> dict[str, Any]:
    copies = {copy.topic: copy for copy in sent.copies} if sent else {}
    copy = copies.get(record.topic)
    published = None if copy is None else copy.published_at
    return exported(
        Fetched(
            topic=record.topic,
            offset=-1 if copy is None or copy.offset is None else copy.offset,
            timestamp_ms=0 if published is None else int(published.timestamp() * 1000),
            key=record.key,
            value=record.value,
            headers=record.headers,
        )
    )


def _sent_json(sent: SentEvent | None) -> dict[str, Any] | None:
    if sent is None:
        return None
    return {
        "state": sent.state.value,
        "type": sent.route.type,
        "accepted_at": sent.accepted_at.isoformat(),
        "refused": None if sent.refusal is None else sent.refusal.code,
        "copies": [
            {
                "topic": copy.topic,
                "audience": list(copy.audience),
                "sequence": copy.sequence,
                "offset": copy.offset,
                "published_at": None if copy.published_at is None else copy.published_at.isoformat(),
            }
            for copy in sent.copies
        ],
        "left_out": [{"agency": one.agency, "code": one.code} for one in sent.route.left_out],
    }


def _received_json(opened: Opened | None) -> dict[str, Any] | None:
    if opened is None:
        return None
    verified = opened.verified
    return {
        "type": opened.kind.type,
        "source": opened.source,
        "topic": verified.fetched.topic,
        "sequence": verified.sequence,
        "leaf": verified.leaf.hex(),
        "signing_key": verified.signing_key.hex(),
        "opened": list(opened.parts),
        "closed": closed(opened),
    }


def _show(store: Store, sent: SentEvent | None, opened: Opened | None) -> None:
    if sent is not None:
        out.print(word(f"Dikirim oleh simpul ini: {_STATES[sent.state]}", f"Sent by this node: {sent.state.value}"))
        for copy in sent.copies:
            place = word("belum di Kafka", "not in Kafka yet") if copy.offset is None else f"offset {copy.offset}"
            out.print(f"  {copy.topic} ({place}) → {', '.join(copy.audience)}", markup=False)
        for one in sent.route.left_out:
            out.print(word(f"  tidak disertakan: {one.agency} ({one.code})", f"  left out: {one.agency} ({one.code})"))
    if opened is not None:
        name = store.trust.in_force().federation.agencies[opened.source]
        out.print(
            word(
                f"Ditandatangani oleh {name.name_id}; segel sah; urutan {opened.verified.sequence} dalam alirannya.",
                f"Signed by {name.name_en}; the seal holds; number {opened.verified.sequence} of its stream.",
            )
        )
        for part, fields in plain_parts(opened).items():
            for field, value in fields.items():
                text = value if isinstance(value, str) else orjson.dumps(value).decode()
                out.print(f"  {part}.{field}: {shown(text, 4000)}", markup=False)
        for part, code in closed(opened).items():
            out.print(word(f"Tertutup: {part} ({code})", f"Closed: {part} ({code})"))
