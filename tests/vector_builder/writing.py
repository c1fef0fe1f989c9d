"""A proper source: it writes events and key records to one topic, in its lane, signed."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from broker.names import GENESIS, AgencyId, Lane, RecordId, Topic, derived_uuid, keys_topic
from broker.ports import WrappingKey
from broker.sealing.keyrecords import unit_record, wrap_record
from broker.sealing.parts import record_context, seal_part
from broker.sealing.private_keys import Ed25519Signer, hpke_seal
from broker.sealing.seal import seal_batch
from broker.stages import Fetched, StreamHead, Unsealed
from tests.vector_builder.vector import fetched
from tests.vector_builder.world import FEDERATION, POLICE, SEALED_AT, Draws, derived, key, receiving_key, signer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from broker.ports import DataKey

FOLDER: Final = Path(__file__).parents[1] / "vectors"
ALERT_TOPIC: Final = Topic("simpul.alert")
ALERT: Final = "id.simpul.alert.issued.v1"
_ORDER: Final = ("identity", "narrative", "place", "network", "health", "docs", "safe_contact")


def frozen(name: str) -> dict[str, Any]:
    """Read what was made once and kept: `events.json` or `hpke.json`."""
    content: dict[str, Any] = json.loads((FOLDER / name).read_bytes())
    return content


def compact(content: object) -> bytes:
    """Return JSON without white space, UTF-8."""
    return json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What is inside a record: the text of its cover and of its compartments, in order."""

    cover: bytes
    parts: Mapping[str, bytes]

    def with_parts(self, **texts: bytes) -> Event:
        """Return the same event with other texts in some compartments; the cover keeps its names."""
        return replace(self, parts={**self.parts, **texts})


def event(
    kind: str = ALERT,
    *,
    to: Sequence[str],
    parts: Mapping[str, object] | None = None,
    withheld: Mapping[str, str] | None = None,
    **attributes: Any,
) -> Event:
    """Return an event of the catalogue.

    Args:
        kind: its type; what is not given below comes from `events.json`.
        to: the audience, sorted agency ids.
        parts: compartments as JSON values, in place of all that the frozen event has.
        withheld: compartments withheld from this reader.
        attributes: attributes of the cover in place of those of the frozen event; None takes one out.
    """
    known = frozen("events.json")[kind]
    compartments = known["compartments"] if parts is None else parts
    names = [name for name in _ORDER if name in compartments and name not in (withheld or {})]
    inside: dict[str, object] = {"open": known["open"], "parts": names}
    if withheld:
        inside["withheld"] = withheld
    members = {**known["attributes"], "audience": " ".join(to), **attributes}
    cover = {name: value for name, value in members.items() if value is not None} | {"data": inside}
    return Event(cover=compact(cover), parts={name: compact(compartments[name]) for name in names})


def short_alert(*to: str, **attributes: Any) -> Event:
    """Return a small alert with two compartments."""
    return event(
        to=to,
        parts={"narrative": {"headline": "Empat orang diduga akan diberangkatkan"}, "place": {"placeCode": "17.71"}},
        **attributes,
    )


class Writer:
    """One source's stream on one topic."""

    def __init__(self, label: str, *, source: AgencyId = POLICE, topic: Topic = ALERT_TOPIC) -> None:
        """Take a label, from which lane, ids and nonces follow."""
        self.source = source
        self.topic = topic
        self.draws = Draws(label)
        self.head = StreamHead(sequence=0, leaf=GENESIS)
        self.lane = Lane(self.draws(16))
        self._label = label
        self._written = 0

    def new_lane(self) -> None:
        """Start the relay again."""
        self.lane = Lane(self.draws(16))

    def write(self, inside: Event, keys: Mapping[str, DataKey], *, names: Mapping[str, str] | None = None) -> Unsealed:
        """Encrypt an event.

        Args:
            inside: the event.
            keys: the key of the cover and of each compartment, by name.
            names: other names under which some of the parts are bound.
        """
        record_id = self._record_id()
        context = record_context(self.topic, self.source, record_id)
        parts = [
            seal_part(
                cipher_of(keys[name]),
                keys[name].key_id,
                nonce=self.draws(12),
                context=context,
                name=(names or {}).get(name, name),
                content=content,
            )
            for name, content in (("cover", inside.cover), *inside.parts.items())
        ]
        return Unsealed(topic=self.topic, record_id=record_id, key=None, value=b"".join(parts))

    def key_record(self, record_key: bytes, value: bytes | None) -> Unsealed:
        """Return a record of a compacted topic."""
        return Unsealed(topic=self.topic, record_id=self._record_id(), key=record_key, value=value)

    def seal(
        self,
        *records: Unsealed,
        by: Ed25519Signer | None = None,
        sealed_at: datetime = SEALED_AT,
        version: int = FEDERATION,
    ) -> tuple[Fetched, ...]:
        """Seal a batch, and go on from its last record."""
        sealed, self.head = seal_batch(
            records,
            source=self.source,
            topic=self.topic,
            lane=self.lane,
            head=self.head,
            signer=by or signer(self.source),
            sealed_at=sealed_at,
            federation=version,
        )
        return tuple(fetched(record) for record in sealed)

    def _record_id(self) -> RecordId:
        self._written += 1
        return RecordId(derived_uuid(derived("record ids"), self._label, self.topic, str(self._written)))


def cipher_of(data_key: DataKey) -> AESGCM:
    """Return the cipher of a key."""
    return AESGCM(data_key.key)


def wrapping(label: str, *, recipient: AgencyId, hpke: str) -> WrappingKey:
    """Return a wrapping key with its frozen ciphertext, found in `hpke.json` under a name."""
    secret = key(label)
    return WrappingKey(
        key_id=secret.key_id,
        key=secret.key,
        recipient=recipient,
        receiving_key_id=receiving_key(recipient).key_id,
        hpke=bytes.fromhex(frozen("hpke.json")[hpke]),
    )


def wrap(each: WrappingKey, *, source: AgencyId = POLICE) -> Unsealed:
    """Return the record of a wrapping key."""
    return wrap_record(derived("record ids"), each, source=source)


def unit(data_key: DataKey, each: WrappingKey, *, writer: Writer, number: int = 1) -> Unsealed:
    """Return the record of a data key."""
    return unit_record(
        derived("record ids"),
        data_key,
        each,
        source=writer.source,
        pair_unit=derived("pair unit", 16),
        number=number,
        random=writer.draws,
    )


def keys_writer(label: str, recipient: AgencyId) -> Writer:
    """Return the writer of the police's keys for one recipient."""
    return Writer(label, topic=keys_topic(POLICE, recipient))


def hpke_of(plaintext: bytes, *, recipient: AgencyId, info: bytes) -> str:
    """Make an HPKE ciphertext that is kept from then on."""
    return hpke_seal(receiving_key(recipient), plaintext, info).hex()
