"""Every frozen record is read as its vector says, and the vectors are what their builder makes."""

import base64
import json
import re
from pathlib import Path
from typing import Final

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from broker.errors import UntrustedError
from broker.sealing.encoding import parse_parts_unverified
from broker.sealing.parts import open_part, record_context
from tests.vector_builder.__main__ import differing
from tests.vector_builder.reading import Json, Reading
from tests.vector_builder.writing import FOLDER

SPECIFICATION: Final = FOLDER.parents[1] / "docs" / "wire.md"


def records(kind: str) -> list[object]:
    """The vectors of a folder that hold records."""
    files = sorted(FOLDER.glob(f"{kind}/*.json"))
    assert files
    return [pytest.param(path, id=path.stem) for path in files if path.stem != "parts"]


def load(path: Path) -> Json:
    """A vector's JSON."""
    vector: Json = json.loads(path.read_bytes())
    return vector


@pytest.mark.parametrize("path", records("good"))
def test_a_good_record_gives_exactly_what_is_expected(path: Path) -> None:
    """Leaf, place, cover, parts and keys are those of the vector."""
    vector = load(path)
    assert Reading(vector).read() == vector["expect"]


@pytest.mark.parametrize("path", records("bad"))
def test_a_bad_record_is_refused_with_the_code_of_its_fault(path: Path) -> None:
    """It is refused with exactly that code; what comes before it is accepted."""
    vector = load(path)
    assert Reading(vector).read() == without_steps(vector["expect"])


def without_steps(expected: list[Json]) -> list[Json]:
    """Our code does not say in which step it refuses; the order of its checks shows in the code."""
    return [
        {
            name: without_steps([value])[0] if name == "then" else value
            for name, value in entry.items()
            if name != "step"
        }
        for entry in expected
    ]


def test_a_part_gives_exactly_its_content() -> None:
    """Contents of every border size are read back."""
    for part in load(FOLDER / "good" / "parts.json")["parts"]:
        assert base64.b64encode(opened(part)).decode() == part["content"]


def test_a_part_that_is_padded_otherwise_is_refused() -> None:
    """Whatever is not the one padding of its content is refused, though it lies under the right key."""
    for part in load(FOLDER / "bad" / "parts.json")["parts"]:
        with pytest.raises(UntrustedError) as caught:
            opened(part)
        assert (part["name"], caught.value.code) == (part["name"], part["refused"])


def opened(part: Json) -> bytes:
    """The content of a part that stands alone."""
    (parsed,) = parse_parts_unverified(base64.b64decode(part["part"]), most=1)
    context = record_context(part["topic"], part["source"], part["id"])
    return open_part(AESGCM(bytes.fromhex(part["key"])), parsed, context=context, name=part["part_name"])


def test_every_code_of_the_specification_has_a_bad_vector() -> None:
    """No row of wire.md §11 is without a record that shows it."""
    table = SPECIFICATION.read_text(encoding="utf-8").split("## 11. Codes")[1].split("## 12.")[0]
    codes = set(re.findall(r"`((?:untrusted|invalid|stream)\.[a-z-]+)`", table))
    shown = {entry["code"] for path in FOLDER.glob("bad/*.json") for entry in refused(load(path))}
    assert len(codes) >= 17
    assert shown == codes


def refused(vector: Json) -> list[Json]:
    """What a vector expects to be refused."""
    entries = [then for entry in vector.get("expect", []) for then in (entry, entry.get("then", {}))]
    return [entry for entry in entries if entry.get("outcome") == "refused"]


def test_every_bad_vector_refuses_something() -> None:
    """A bad vector of which nothing is refused would show nothing."""
    assert [path.stem for path in FOLDER.glob("bad/*.json") if path.stem != "parts" and not refused(load(path))] == []


def test_nothing_in_a_vector_looks_like_a_key_file() -> None:
    """The worthless keys are bare bytes: no scanner and no person takes them for a credential."""
    for path in FOLDER.rglob("*.json"):
        assert re.search(rb"-----BEGIN|PRIVATE KEY|CERTIFICATE", path.read_bytes()) is None


def test_the_vectors_are_what_their_builder_makes() -> None:
    """Rebuilt in memory, every file has the same bytes; none is missing and none is left over."""
    assert differing() == []
