"""The second implementation of docs/wire.md agrees with every vector of tests/vectors, or one of the three is wrong."""

import base64
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from tests.second_decoder.keys import Keys, ReceivingKey
from tests.second_decoder.notation import SOURCE_PREFIX, Cursor, RefusedError, read_time
from tests.second_decoder.parts import Part, derive_key_id, open_part, read_part
from tests.second_decoder.reader import Outcome, Reader, Verified
from tests.second_decoder.record import Unverified
from tests.second_decoder.seal import PAYLOAD_TYPE, SigningKey
from tests.second_decoder.stream import Link, Stream

VECTORS = Path(__file__).parents[1] / "vectors"
FILES = sorted(path.relative_to(VECTORS).as_posix() for path in VECTORS.glob("*/*"))
BUILDERS_OWN = {"README.md", "hpke.json", "events.json"}
COMMON = {"format", "name", "description", "kind"}
HOLDS = {"reader", "federation", "receiving_keys", "wrapping_keys", "data_keys"}
RECORDS = COMMON | HOLDS | {"stream", "catalogue", "records", "expect"}


def load(name: str) -> dict[str, Any]:
    """Read one vector file and check that it is of a form that this test knows."""
    vector: dict[str, Any] = json.loads((VECTORS / name).read_bytes())
    assert vector["format"] == "simpul-vector/1"
    assert f"{vector['name']}.json" == Path(name).name
    assert set(vector) == (COMMON | {"parts"} if vector["kind"] == "parts" else RECORDS)
    return vector


def files_of(kind: str) -> list[str]:
    """Name the vector files of one kind."""
    return [name for name in FILES if load(name)["kind"] == kind]


def test_no_file_is_skipped() -> None:
    """Every file below tests/vectors is read by a test of this module or is the builder's own."""
    there = {path.relative_to(VECTORS).as_posix() for path in VECTORS.rglob("*") if path.is_file()}
    assert there == {*files_of("records"), *files_of("parts"), *BUILDERS_OWN}
    assert {name.split("/")[0] for name in FILES} == {"good", "bad"}


@pytest.mark.parametrize("name", files_of("records"))
def test_records(name: str) -> None:
    """What the reader says of each record is what the vector expects."""
    vector = load(name)
    reader = make_reader(vector)
    assert len(vector["records"]) == len(vector["expect"]) > 0
    said: list[Outcome] = []
    for number, written in enumerate(vector["records"]):
        outcome = reader.read(unverified(written))
        said.append(outcome)
        expected = vector["expect"][number]
        releases = expected.get("releases", [])
        assert len(outcome.releases) == len(releases), number
        own = {name: value for name, value in expected.items() if name not in {"releases", "then"}}
        compare(outcome, own, needs_catalogue=vector["catalogue"])
        for released, held in zip(outcome.releases, releases, strict=True):
            compare(released, vector["expect"][held]["then"], needs_catalogue=vector["catalogue"])
            said.append(released)
        if name.startswith("good/"):
            check_envelope(written, outcome, reader)
    refused = [outcome for outcome in said if outcome.refusal is not None]
    assert bool(refused) == name.startswith("bad/") or vector["catalogue"]


@pytest.mark.parametrize("name", files_of("parts"))
def test_parts(name: str) -> None:
    """Each Part opens to the content given, or is refused with the code given."""
    for given in load(name)["parts"]:
        key = bytes.fromhex(given["key"])
        place = given["topic"], SOURCE_PREFIX + given["source"], given["id"], given["part_name"]
        cursor = Cursor(rest=base64.b64decode(given["part"], validate=True), code="untrusted.value")
        if "content" in given:
            assert open_part(read_whole(cursor), key, place) == base64.b64decode(given["content"], validate=True)
        else:
            with pytest.raises(RefusedError) as refused:
                open_part(read_whole(cursor), key, place)
            assert refused.value.code == given["refused"], given["name"]


@pytest.mark.parametrize(
    ("compacted", "story", "said"),
    [
        pytest.param(False, "a1< a2<a1 b3<a2", "next next next", id="each lane goes on where the one before ended"),
        pytest.param(False, "a1< a2<a1 a1<", "next next resent", id="a resend"),
        pytest.param(False, "a1< b1<", "next stream.fork", id="another leaf at a known sequence"),
        pytest.param(False, "a1< a2<b1 a2<a1", "next stream.fork next", id="a fork does not stop the stream"),
        pytest.param(False, "a1<x0", "stream.fork", id="a first record that names a leaf"),
        pytest.param(False, "a1< b2<a1 a3<b2", "next next stream.closed-lane", id="nothing follows in a closed lane"),
        pytest.param(False, "a1< b2<a1 a3<a2", "next next stream.fork", id="a closed lane and another leaf"),
        pytest.param(False, "a1< b2<a1 a4<a3", "next next stream.closed-lane", id="nor beyond a gap"),
        pytest.param(
            False,
            "a1< a2<a1 b2<a1 b3<a2",
            "next next stream.fork stream.closed-lane",
            id="a lane that began with a fork",
        ),
        pytest.param(
            False, "a1< b2<a1 a1x< b3<b2", "next next stream.fork next", id="a fork in an older lane closes no other"
        ),
        pytest.param(False, "a1< a3<a2 a3<a2 a2<a1", "next held held next+next", id="a gap, filled"),
        pytest.param(False, "a1< a3<x2 a2<a1", "next held next+stream.fork", id="held, and then a fork"),
        pytest.param(True, "a4<a3 b9<b8 b10<b9", "next next next", id="missing sequences of a key topic"),
        pytest.param(True, "a4<a3 a2<a1 a2<a1", "next next resent", id="a resend of what the log has dropped"),
        pytest.param(True, "a4<a3 a5<x4", "next next", id="a key record that names another leaf"),
        pytest.param(True, "a4<a3 b4<a3 b5<b4", "next next next", id="a restored source gives its keys"),
        pytest.param(True, "a4<a3 b5<a4 a6<b5", "next next next", id="a closed lane of a key topic"),
    ],
)
def test_stream(*, compacted: bool, story: str, said: str) -> None:
    """Section 8 of the page, a line of its table at a time; `a2<a1` is record 2 in lane a, which names leaf a1."""
    stream: Stream[None] = Stream(compacted=compacted)
    assert " ".join(place(stream, written) for written in story.split()) == said


def place(stream: Stream[None], written: str) -> str:
    """Place a record of a story, and what it releases."""
    name, _, before = written.partition("<")
    previous = before.encode().ljust(32, b"\0")
    link = Link(
        lane=name[0],
        sequence=int(name[1:].rstrip("x")),
        previous=previous,
        leaf=name.encode().ljust(32, b"\0"),
        carried=None,
    )
    try:
        said = stream.place(link).value
    except RefusedError as refusal:
        said = refusal.code
    return "+".join([said, *("next" if refusal is None else refusal.code for _, refusal in stream.release())])


def read_whole(cursor: Cursor) -> Part:
    """Read exactly one Part."""
    part = read_part(cursor)
    cursor.end()
    return part


def make_reader(vector: dict[str, Any]) -> Reader:
    """Make the reader of a vector, with the keys that it begins with."""
    receiving = {}
    for given in vector["receiving_keys"]:
        key = ReceivingKey(
            mlkem=MLKEM768PrivateKey.from_seed_bytes(bytes.fromhex(given["mlkem768_seed"])),
            x25519=X25519PrivateKey.from_private_bytes(bytes.fromhex(given["x25519"])),
        )
        assert key.derive_id().hex() == given["key_id"]
        receiving[key.derive_id()] = key
    keys = Keys(receiving=receiving, wrapping=symmetric(vector["wrapping_keys"]), data=symmetric(vector["data_keys"]))
    assert vector["stream"] in {"followed", "sampled"}
    return Reader(
        agency=vector["reader"],
        federation=[signing_key(given) for given in vector["federation"]["signing_keys"]],
        keys=keys,
        follow=vector["stream"] == "followed",
    )


def symmetric(given: Iterable[dict[str, str]]) -> dict[tuple[str, bytes], bytes]:
    """Read keys that are held from the beginning; their ids are derived."""
    held = {}
    for entry in given:
        key = bytes.fromhex(entry["key"])
        assert derive_key_id(key).hex() == entry["key_id"]
        held[SOURCE_PREFIX + entry["source"], derive_key_id(key)] = key
    return held


def signing_key(given: dict[str, str]) -> SigningKey:
    """Read a signing key of the trust list."""
    return SigningKey(
        key_id=bytes.fromhex(given["key_id"]),
        source=SOURCE_PREFIX + given["agency"],
        public=bytes.fromhex(given["public"]),
        not_before=read_time(given["not_before"], "vector"),
        not_after=read_time(given["not_after"], "vector"),
    )


def unverified(written: dict[str, Any]) -> Unverified:
    """Read a record from the form of section 13."""
    assert set(written) - {"dsse"} == {"topic", "offset", "timestamp_ms", "key", "headers", "value"}
    return Unverified(
        topic=written["topic"],
        key=nullable(written["key"]),
        headers=tuple((name, None if value is None else value.encode("latin-1")) for name, value in written["headers"]),
        value=nullable(written["value"]),
    )


def nullable(written: str | None) -> bytes | None:
    """Read base64 or null."""
    return None if written is None else base64.b64decode(written, validate=True)


def compare(outcome: Outcome, expected: dict[str, Any], *, needs_catalogue: bool) -> None:
    """Compare an outcome with what is expected; only a fault that needs the catalogue may be passed over."""
    said = describe(outcome)
    if needs_catalogue and said["outcome"] == "opened" and expected["outcome"] == "refused":
        assert expected["code"] in {"invalid.cover", "invalid.compartment"}
        assert said["verified"] == expected["verified"]
    else:
        assert said == expected


def describe(outcome: Outcome) -> dict[str, Any]:
    """Write an outcome as the vectors do."""
    said: dict[str, Any] = {"outcome": outcome.outcome}
    if outcome.verified is not None:
        said["verified"] = describe_verified(outcome.verified)
    if outcome.refusal is not None:
        said |= {"code": outcome.refusal.code, "step": outcome.refusal.step}
    if outcome.outcome == "opened":
        parts = {name: content.decode() for name, content in outcome.parts.items()}
        said |= {"cover": outcome.cover.decode(), "parts": parts, "closed": list(outcome.closed)}
    if outcome.key_id:
        said["key_id"] = outcome.key_id.hex()
    if outcome.key:
        said["key"] = outcome.key.hex()
    return said


def describe_verified(verified: Verified) -> dict[str, Any]:
    """Write what steps 1 to 7 have found as the vectors do."""
    return {
        "source": verified.headers["ce_source"].removeprefix(SOURCE_PREFIX),
        "id": verified.headers["ce_id"],
        "lane": verified.headers["ce_lane"],
        "sequence": int(verified.headers["ce_sequence"]),
        "previous": verified.headers["ce_previous"],
        "leaf": verified.leaf.hex(),
        "signing_key": verified.seal.key_id.hex(),
        "federation": verified.payload.federation,
        "index": verified.seal.index,
        "size": verified.payload.size,
    }


def check_envelope(written: dict[str, Any], outcome: Outcome, reader: Reader) -> None:
    """The envelope of a good record is the seal's, and its signature holds under DSSE v1."""
    assert outcome.verified is not None
    envelope = written["dsse"]
    payload = base64.b64decode(envelope["payload"], validate=True)
    (signature,) = envelope["signatures"]
    assert payload == outcome.verified.seal.payload
    assert signature["keyid"] == outcome.verified.seal.key_id.hex()
    assert envelope["payloadType"] == PAYLOAD_TYPE.decode()
    (key,) = [key for key in reader.federation if key.key_id.hex() == signature["keyid"]]
    encoded = b" ".join([b"DSSEv1", b"%d" % len(PAYLOAD_TYPE), PAYLOAD_TYPE, b"%d" % len(payload), payload])
    Ed25519PublicKey.from_public_bytes(key.public).verify(base64.b64decode(signature["sig"]), encoded)
