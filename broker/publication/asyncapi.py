"""The catalogue and the agreements as one AsyncAPI 3.0 document.

- Channels are the topics: one for each area that has a topic, one for all mailboxes, one for all topics of keys.
- What lies on Kafka is the sealed record, whose headers and blind value each channel describes first (`docs/wire.md`).
  The other messages are the events inside, as a node is handed them; they carry the record's headers as a trait.
- Operations are those of each role on each channel; `x-simpul-rights` names the agreement behind each message.
- No server is named: where Kafka is, is each federation's own affair.
"""

from __future__ import annotations

import json
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

from broker.limits import MAX_VALUE_BYTES
from broker.names import AGENCY_FORM, TYPE_PREFIX, AgencyId, area_topic, keys_topic, mail_topic
from broker.publication.draft7 import as_draft7
from broker.publication.rights import Recipient, Right, Sender, role_words
from broker.sealing.headers import CONTENT_TYPE, RECORD_TYPE
from broker.sealing.headers import NAMES as HEADERS
from schemas.base import EventData
from schemas.envelope import DraftEvent

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from broker.policy.document import Document
    from broker.publication.entries import Entry
    from broker.publication.words import Words

Json = dict[str, Any]

_MAIL: Final = "mail"
_KEYS: Final = "keys"
_RECORD: Final = "sealedRecord"
_KEY_RECORDS: Final = ("wrapRecord", "unitRecord")
_BINDING: Final = "0.5.0"
_SEND, _RECEIVE = "send", "receive"
_HEX32, _HEX64 = "[0-9a-f]{32}", "[0-9a-f]{64}"
_UUID8: Final = "[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"


def asyncapi(entries: Sequence[Entry], document: Document) -> Json:
    """Write the document.

    Args:
        entries: every type of the catalogue.
        document: the agreements.

    Returns:
        AsyncAPI 3.0 as JSON.
    """
    messages = {entry.name: _event_message(entry) for entry in entries}
    schemas = {"record.headers": _headers(), **_draft()}
    for entry in entries:
        schemas |= as_draft7(entry.schema, entry.name)
        schemas[entry.name]["x-simpul-dataschema"] = entry.kind.dataschema
    return {
        "asyncapi": "3.0.0",
        "id": "urn:simpul:catalogue",
        "info": _info(),
        "defaultContentType": "application/cloudevents+json",
        "channels": _channels(entries, document),
        "operations": _operations(entries, document),
        "components": {
            "messages": {**_records(), **messages},
            "messageTraits": {_RECORD: _trait()},
            "schemas": schemas,
        },
    }


def rendered(entries: Sequence[Entry], document: Document) -> bytes:
    """Return the document as it is published: sorted, indented, UTF-8."""
    return (json.dumps(asyncapi(entries, document), indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def _info() -> Json:
    return {
        "title": "Simpul",
        "version": version("simpul"),
        "description": (
            "Instansi bertukar peristiwa kasus TPPO yang bertanda tangan dan tersegel. Yang tersimpan di Kafka adalah "
            "rekaman tersegel; pesan lainnya adalah peristiwa di dalamnya.\n\n"
            "Agencies exchange signed, sealed case events against human trafficking. What lies on Kafka is the sealed "
            "record; the other messages are the events inside."
        ),
        "license": {"name": "Apache-2.0"},
        "contact": {"name": "Simpul"},
        "tags": [{"name": "trafficking"}, {"name": "kafka"}, {"name": "cloudevents"}],
    }


# Channels


def _channels(entries: Sequence[Entry], document: Document) -> Json:
    source, recipient = AgencyId("{source}"), AgencyId("{recipient}")
    parameters = {
        "source": {"description": f"Instansi pengirim / the agency that writes: {AGENCY_FORM}"},
        "recipient": {"description": f"Instansi penerima / the agency that reads: {AGENCY_FORM}"},
    }
    on_area = {
        area: [entry.name for entry in entries if entry.kind.area == area and _on_topic(entry)]
        for area in document.areas
    }
    by_mail = [entry.name for entry in entries if entry.rights]
    areas = {
        area: _channel(area_topic(area), "Topik bidang / topic of an area", [_RECORD, *names], compacted=False)
        for area, names in on_area.items()
    }
    mail = _channel(mail_topic(source, recipient), "Kotak surat / mailbox", [_RECORD, *by_mail], compacted=False)
    keys = _channel(keys_topic(source, recipient), "Topik kunci / topic of keys", _KEY_RECORDS, compacted=True)
    return {**areas, _MAIL: {**mail, "parameters": parameters}, _KEYS: {**keys, "parameters": parameters}}


def _channel(address: str, title: str, messages: Iterable[str], *, compacted: bool) -> Json:
    return {
        "address": address,
        "title": title,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
        "bindings": {
            "kafka": {
                "partitions": 1,
                "topicConfiguration": {"cleanup.policy": ["compact" if compacted else "delete"]},
                "bindingVersion": _BINDING,
            }
        },
    }


def _on_topic(entry: Entry) -> bool:
    return any(recipient.on_topic for right in entry.rights for recipient in right.recipients)


# Messages


def _event_message(entry: Entry) -> Json:
    name = entry.name
    return {
        "name": entry.kind.type,
        "title": _both(entry.title),
        "summary": _both(entry.about),
        "contentType": "application/cloudevents+json",
        "traits": [{"$ref": f"#/components/messageTraits/{_RECORD}"}],
        "payload": {
            "allOf": [
                {"$ref": "#/components/schemas/draft"},
                {
                    "type": "object",
                    "required": ["data"],
                    "properties": {
                        "type": {"const": entry.kind.type},
                        "data": {"$ref": f"#/components/schemas/{name}"},
                    },
                },
            ]
        },
        "examples": [{"name": "example", "payload": json.loads(entry.example)}],
        "x-simpul-number": entry.kind.number,
        "x-simpul-compartments": list(entry.kind.compartments),
    }


def _records() -> Json:
    wrap, unit = _KEY_RECORDS
    parts = (
        "Satu sampul, lalu kompartemen, semua tersegel. / One cover, then compartments, all sealed (docs/wire.md §4)."
    )
    return {
        _RECORD: _record("Rekaman tersegel / sealed record", parts, {"type": "null"}),
        wrap: _record("Kunci pembungkus / wrapping key", "docs/wire.md §9: Wrap", _key(f"^wrap/{_HEX32}$")),
        unit: _record("Kunci data / data key", "docs/wire.md §9: Part", _key(f"^unit/{_HEX32}/[1-9][0-9]*$")),
    }


def _key(pattern: str) -> Json:
    return {"type": "string", "pattern": pattern}


def _record(title: str, value: str, key: Json) -> Json:
    return {
        "name": RECORD_TYPE.decode(),
        "title": title,
        "contentType": CONTENT_TYPE.decode(),
        "headers": {"$ref": "#/components/schemas/record.headers"},
        "payload": {"type": "string", "format": "binary", "maxLength": MAX_VALUE_BYTES, "description": value},
        "bindings": {"kafka": {"key": key, "bindingVersion": _BINDING}},
    }


def _trait() -> Json:
    return {
        "headers": {"$ref": "#/components/schemas/record.headers"},
        "bindings": {"kafka": {"key": {"type": "null"}, "bindingVersion": _BINDING}},
    }


# Schemas


def _headers() -> Json:
    """The nine headers of a record, as docs/wire.md §3 has them."""
    forms = (
        {"const": CONTENT_TYPE.decode()},
        {"const": "1.0"},
        {"pattern": f"^{_UUID8}$"},
        {"pattern": f"^urn:simpul:agency:{AGENCY_FORM}$"},
        {"const": RECORD_TYPE.decode()},
        {"pattern": f"^{_HEX32}$"},
        {"pattern": "^[0-9]{16}$"},
        {"pattern": f"^{_HEX64}$"},
        {"contentEncoding": "base64"},
    )
    return {
        "type": "object",
        "description": "docs/wire.md §3",
        "properties": {name: {"type": "string", **form} for name, form in zip(HEADERS, forms, strict=True)},
        "required": list(HEADERS),
        "additionalProperties": False,
    }


def _draft() -> dict[str, Json]:
    """The attributes of an event as it is handed to a node; `data` is each type's own."""
    schema = DraftEvent[EventData].model_json_schema(by_alias=True, mode="validation")
    del schema["properties"]["data"]
    schema["required"].remove("data")
    # Each message adds the `data` of its type, so that this half cannot forbid what it does not know.
    del schema["additionalProperties"]
    for unused in ("EventData", "OpenPart"):
        schema["$defs"].pop(unused)
    return as_draft7({**schema, "title": "CloudEvents 1.0"}, "draft")


# Operations


def _operations(entries: Sequence[Entry], document: Document) -> Json:
    found: dict[tuple[str, str, str], dict[str, list[Json]]] = {}
    for entry in entries:
        for right in entry.rights:
            for role, action, channel, told in _uses(entry, right):
                rights = found.setdefault((role, action, channel), {}).setdefault(entry.name, [])
                rights.append({"agreement": right.agreement, **told})
    operations = {
        f"{role}.{action}.{channel}": _operation(role, action, channel, by_type, document)
        for (role, action, channel), by_type in sorted(found.items())
    }
    # Keys go the ways that events and receipts go, in both directions; and each agency keeps keys for itself.
    keys: dict[str, list[Json]] = {name: [] for name in _KEY_RECORDS}
    for role in sorted({role for role, _, _ in found}):
        for action in (_SEND, _RECEIVE):
            operations[f"{role}.{action}.{_KEYS}"] = _operation(role, action, _KEYS, keys, document)
    return operations


def _uses(entry: Entry, right: Right) -> Iterator[tuple[str, str, str, Json]]:
    """Tell which roles send and receive a type by a right, on which channel, under what conditions.

    Readers of a topic have a copy in their mailbox where not all of them are in the audience.
    """
    channels = [entry.kind.area, _MAIL] if any(one.on_topic for one in right.recipients) else [_MAIL]
    for sender in right.senders:
        for role in sender.roles:
            for channel in channels:
                yield role, _SEND, channel, _told(right, sender)
    for recipient in right.recipients:
        for role in recipient.roles:
            for channel in (entry.kind.area, _MAIL) if recipient.on_topic else (_MAIL,):
                yield role, _RECEIVE, channel, {**_told(right, recipient), "compartments": list(recipient.compartments)}


def _told(right: Right, party: Sender | Recipient) -> Json:
    conditions = (*right.applies, *party.conditions)
    return {"conditions": [{"id": one.id, "en": one.en} for one in conditions]} if conditions else {}


def _operation(role: str, action: str, channel: str, by_type: dict[str, list[Json]], document: Document) -> Json:
    verb = "mengirim / sends" if action == _SEND else "menerima / receives"
    operation: Json = {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "title": f"{_both(role_words(role, document))}: {verb}",
        "messages": [{"$ref": f"#/channels/{channel}/messages/{name}"} for name in by_type],
        "x-simpul-role": role,
    }
    rights = {f"{TYPE_PREFIX}{name}": rights for name, rights in by_type.items() if rights}
    return {**operation, "x-simpul-rights": rights} if rights else operation


def _both(words: Words) -> str:
    return f"{words.id} / {words.en}"
