"""The statement that is signed: one form, and checked by other people's software."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import Key, SSlibKey  # type: ignore[attr-defined]

from broker.errors import UntrustedError
from broker.names import AgencyId, Lane, Topic
from broker.sealing.batch import (
    PAYLOAD_TYPE,
    Batch,
    dsse_envelope,
    encode_payload,
    parse_payload_unverified,
    pre_authentication_encoding,
)
from tests.vector_builder.bad import alert
from tests.vector_builder.forging import seal_of
from tests.vector_builder.reading import Json
from tests.vector_builder.world import IMMIGRATION, POLICE, signer
from tests.vector_builder.writing import FOLDER

BATCH = Batch(
    source="urn:simpul:agency:polres-bengkulu-tengah",
    topic=Topic("simpul.alert"),
    lane=Lane(bytes(16)),
    size=3,
    root=bytes(range(32)),
    sealed_at=datetime(2026, 8, 7, 1, 25, 59, tzinfo=UTC),
    federation=7,
)


def public_key(*, agency: AgencyId = POLICE) -> Key:
    """An agency's key as securesystemslib holds it."""
    pair = signer(agency)
    return SSlibKey(pair.key_id.hex(), "ed25519", "ed25519", {"public": pair.public.hex()})


def test_a_payload_has_exactly_the_form_of_the_specification() -> None:
    """Written as wire.md §7 shows it, without white space."""
    lane, root = "0" * 32, bytes(range(32)).hex()
    assert encode_payload(BATCH).decode() == (
        f'{{"source":"urn:simpul:agency:polres-bengkulu-tengah","topic":"simpul.alert","lane":"{lane}","size":3,'
        f'"root":"{root}","sealed_at":"2026-08-07T01:25:59Z","federation":7}}'
    )
    assert json.loads(encode_payload(BATCH))["size"] == 3


@pytest.mark.parametrize(
    "batch",
    [
        pytest.param(BATCH, id="ordinary"),
        pytest.param(replace(BATCH, size=256, federation=0), id="largest batch, no version"),
        pytest.param(replace(BATCH, federation=10**15 - 1), id="largest version"),
        pytest.param(replace(BATCH, topic=Topic("simpul.mail.a.b"), size=1), id="mailbox"),
    ],
)
def test_a_payload_is_read_as_it_was_written(batch: Batch) -> None:
    """Reading gives what was written."""
    assert parse_payload_unverified(encode_payload(batch)) == batch


def test_the_time_is_written_in_utc_and_cut_to_seconds() -> None:
    """Another zone and fractions of a second do not reach the wire."""
    local = datetime(2026, 8, 7, 8, 25, 59, 999_999, tzinfo=timezone(timedelta(hours=7)))
    assert encode_payload(replace(BATCH, sealed_at=local)) == encode_payload(BATCH)


def test_the_pre_authentication_encoding_is_that_of_dsse() -> None:
    """Other people's implementation makes the same bytes of type and payload, lengths in bytes."""
    payload = "ä €".encode() + encode_payload(BATCH)
    assert pre_authentication_encoding(payload) == Envelope(payload, PAYLOAD_TYPE, {}).pae()


def test_other_peoples_software_checks_an_exported_envelope() -> None:
    """The library securesystemslib accepts the envelope of a seal, and finds our payload in it."""
    seal = seal_of(alert())
    envelope = Envelope.from_dict(json.loads(json.dumps(dsse_envelope(seal))))
    assert list(envelope.verify([public_key()], 1)) == [signer(POLICE).key_id.hex()]
    assert envelope.payload == seal.payload
    assert envelope.payload_type == PAYLOAD_TYPE


def test_other_peoples_software_refuses_a_changed_envelope() -> None:
    """A flipped bit of payload or signature, and another agency's key, are refused there too."""
    seal = seal_of(alert())
    flipped = seal.payload.replace(b'"size":1', b'"size":2')
    bad_signature = seal.signature[:-1] + bytes([seal.signature[-1] ^ 1])
    for changed in (replace(seal, payload=flipped), replace(seal, signature=bad_signature)):
        with pytest.raises(VerificationError):
            Envelope.from_dict(dsse_envelope(changed)).verify([public_key()], 1)
    with pytest.raises(VerificationError):
        Envelope.from_dict(dsse_envelope(seal)).verify([public_key(agency=IMMIGRATION)], 1)


def test_every_envelope_of_the_good_vectors_holds() -> None:
    """The library securesystemslib accepts each exported envelope of the vectors with the public key that they list."""
    checked = 0
    for path in sorted(FOLDER.glob("good/*.json")):
        vector: Json = json.loads(path.read_bytes())
        for record in vector.get("records", []):
            keys: list[Key] = [
                SSlibKey(each["key_id"], "ed25519", "ed25519", {"public": each["public"]})
                for each in vector["federation"]["signing_keys"]
            ]
            assert Envelope.from_dict(record["dsse"]).verify(keys, 1)
            checked += 1
    assert checked > 60


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(b"{", b" {", id="space before"),
        pytest.param(b"}", b"}\n", id="line feed after"),
        pytest.param(b":3,", b": 3,", id="space inside"),
        pytest.param(b":3,", b":+3,", id="sign"),
        pytest.param(b":3,", b":3e0,", id="exponent"),
        pytest.param(b":3,", b":0,", id="none"),
        pytest.param(b":3,", b":03,", id="leading zero"),
        pytest.param(b":7}", b":null}", id="null version"),
        pytest.param(b":7}", b":1000000000000000}", id="version too large"),
        pytest.param(b"2026-08-07", b"2026-13-07", id="no month"),
        pytest.param(b"T01:25:59Z", b"T24:00:00Z", id="no hour"),
        pytest.param(b"T01:25:59Z", b"T01:25:61Z", id="no second"),
        pytest.param(b"2026-08-07", b"0000-08-07", id="no year"),
        pytest.param(b"simpul.alert", b"simpul/alert", id="sign that no topic has"),
        pytest.param(b"simpul.alert", b"simpul.\xc3\xa9", id="not ASCII"),
        pytest.param(b"simpul.alert", b"s" * 250, id="topic too long"),
    ],
)
def test_a_payload_of_any_other_form_is_refused(old: bytes, new: bytes) -> None:
    """There is one form; whatever else a JSON parser would take is refused."""
    payload = encode_payload(BATCH)
    assert payload.count(old) == 1
    with pytest.raises(UntrustedError) as caught:
        parse_payload_unverified(payload.replace(old, new))
    assert caught.value.code == "untrusted.payload"
