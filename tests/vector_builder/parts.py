"""Parts alone (wire.md §4): contents of every border size, and paddings that are refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from broker.names import RecordId
from broker.sealing.encoding import encode_part
from broker.sealing.parts import record_context, seal_part
from tests.vector_builder.good import ALL
from tests.vector_builder.vector import FORMAT, base64_of
from tests.vector_builder.world import POLICE, derived
from tests.vector_builder.writing import ALERT_TOPIC, cipher_of

if TYPE_CHECKING:
    from tests.vector_builder.vector import Json

_RECORD: Final = RecordId("5f1b1a0e-6f0e-8c56-9d39-0b2f6a3f0001")
_NAME: Final = "narrative"
_SIZES: Final = (0, 1, 253, 254, 255, 510, 511, 1_022, 1_023, 16_382, 16_383, 32_765, 32_766)


def good_parts() -> Json:
    """Return the JSON of `good/parts.json`."""
    return _file("Contents of every border size, from none to the largest.", [_good(size) for size in _SIZES])


def bad_parts() -> Json:
    """Return the JSON of `bad/parts.json`."""
    return _file("Plaintexts that are not padded as they must be, under the right key and name.", _bad())


def _file(description: str, parts: list[Json]) -> Json:
    return {"format": FORMAT, "name": "parts", "description": description, "kind": "parts", "parts": parts}


def _good(size: int) -> Json:
    content = derived(f"content of {size} bytes", size)
    part = seal_part(
        cipher_of(ALL),
        ALL.key_id,
        nonce=derived(f"nonce of {size}", 12),
        context=record_context(ALERT_TOPIC, POLICE, _RECORD),
        name=_NAME,
        content=content,
    )
    return _bound(part) | {"content": base64_of(content)}


def _bound(part: bytes) -> Json:
    return {
        "topic": ALERT_TOPIC,
        "source": POLICE,
        "id": _RECORD,
        "part_name": _NAME,
        "key": ALL.key.hex(),
        "part": base64_of(part),
    }


def _bad() -> list[Json]:
    plaintexts = {
        "first-zero-is-one": b"\0\2{}\1".ljust(256, b"\0"),
        "last-zero-is-one": b"\0\2{}".ljust(255, b"\0") + b"\1",
        "254-in-512": b"\0\xfe".ljust(512, b"\0"),
        "255-in-256": b"\0\xff".ljust(256, b"\0"),
        "32767-in-32768": b"\x7f\xff".ljust(32_768, b"\0"),
        "32767-in-32769": b"\x7f\xff".ljust(32_769, b"\0"),
        "32767-in-65490": b"\x7f\xff".ljust(65_490, b"\0"),
        "0-in-128": bytes(128),
        "0-in-2": bytes(2),
        "1-byte": bytes(1),
        "0-bytes": b"",
        "0-in-255": bytes(255),
        "0-in-257": bytes(257),
        "0-in-512": bytes(512),
    }
    return [_refused(name, plaintext) for name, plaintext in plaintexts.items()]


def _refused(name: str, plaintext: bytes) -> Json:
    nonce = derived(f"nonce of {name}", 12)
    context = record_context(ALERT_TOPIC, POLICE, _RECORD)
    associated = context + len(_NAME).to_bytes(4, "big") + _NAME.encode() + (16).to_bytes(4, "big") + ALL.key_id
    part = encode_part(ALL.key_id, nonce, cipher_of(ALL).encrypt(nonce, plaintext, associated))
    return {"name": name} | _bound(part) | {"refused": "untrusted.padding"}
