"""A federation in a folder: written, read back, changed, and spoilt in every way that we could think of."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from broker.codes import registry
from broker.errors import MisconfiguredError
from broker.federation.insecure_folder import InsecureFolderFederation, load_agency, write_agency, write_folder
from broker.names import AgencyId
from broker.policy import compile_rules, default_agreements
from broker.ports import Agency, Federation, FederationHome
from broker.sealing.private_keys import Ed25519Signer, HybridReceiver, new_private_bytes
from schemas.catalogue import KINDS

NOW = datetime(2026, 8, 6, 1, 20, tzinfo=UTC)
YEAR = (NOW, NOW + timedelta(days=365))
CATALOGUE = {kind.type: [kind.dataschema] for kind in KINDS}


def _agency(folder: Path, name: str, role: str) -> Agency:
    signing, receiving = new_private_bytes(os.urandom)
    path = write_agency(
        folder / f"{name}.json",
        agency=AgencyId(name),
        role=role,
        names=(f"Kantor {name}", f"Office {name}"),
        signer=Ed25519Signer(signing),
        receiver=HybridReceiver(receiving),
        valid=YEAR,
    )
    return load_agency(path)


@pytest.fixture
def agencies(tmp_path: Path) -> list[Agency]:
    """Two agencies with fresh keys."""
    return [_agency(tmp_path, "polres", "police"), _agency(tmp_path, "imigrasi", "immigration")]


@pytest.fixture
def folder(tmp_path: Path, agencies: list[Agency]) -> Path:
    """A federation of the two."""
    path = tmp_path / "federation"
    write_folder(path, agencies, default_agreements(), CATALOGUE, created=NOW)
    return path


def _refusal(home: FederationHome) -> MisconfiguredError:
    with pytest.raises(MisconfiguredError) as caught:
        home.load()
    return caught.value


def test_what_is_written_is_read_back(folder: Path, agencies: list[Agency]) -> None:
    """Agencies with their keys, agreements byte for byte, and schemas; and rules can be made of it."""
    federation = InsecureFolderFederation(folder).load()
    assert federation.version == 1
    assert dict(federation.agencies) == {agency.id: agency for agency in agencies}
    assert federation.agreements_toml == default_agreements()
    assert federation.dataschemas == {name: frozenset(urns) for name, urns in CATALOGUE.items()}
    assert set(federation.signing_keys) == {agency.signing[0].key_id for agency in agencies}
    assert compile_rules(federation).topics_read_by(AgencyId("polres"))


def test_a_type_may_have_several_schemas(agencies: list[Agency], tmp_path: Path) -> None:
    """So that agencies of one federation need not upgrade on one day."""
    newer = {name: [*urns, f"urn:simpul:schema:sha256:{'ab' * 32}"] for name, urns in CATALOGUE.items()}
    write_folder(tmp_path / "federation", agencies, default_agreements(), newer, created=NOW)
    federation = InsecureFolderFederation(tmp_path / "federation").load()
    assert federation.dataschemas == {name: frozenset(urns) for name, urns in newer.items()}


def test_new_version_is_noticed_and_the_old_object_kept_until_then(folder: Path, agencies: list[Agency]) -> None:
    """Loading again gives the same object until another version is written."""
    home = InsecureFolderFederation(folder)
    first = home.load()
    assert home.load() is first
    assert write_folder(folder, agencies[:1], default_agreements(), CATALOGUE, created=NOW) == 2
    second = home.load()
    assert (second.version, set(second.agencies)) == (2, {AgencyId("polres")})


def test_version_that_goes_back_is_refused(folder: Path, agencies: list[Agency]) -> None:
    """An older federation is refused by a node that has seen a newer one, also after a restart that remembers it."""
    old = {path.name: path.read_bytes() for path in folder.iterdir()}
    write_folder(folder, agencies[:1], default_agreements(), CATALOGUE, created=NOW)
    home = InsecureFolderFederation(folder)
    assert home.load().version == 2
    for name, content in old.items():
        (folder / name).write_bytes(content)
    assert _refusal(home).code == "config.federation-rollback"
    assert _refusal(InsecureFolderFederation(folder, newest_seen=2)).code == "config.federation-rollback"
    assert InsecureFolderFederation(folder, newest_seen=1).load().version == 1


def test_other_content_under_the_same_version_is_refused(folder: Path, agencies: list[Agency], tmp_path: Path) -> None:
    """Two federations of one number are not one federation."""
    home = InsecureFolderFederation(folder)
    home.load()
    other = tmp_path / "other"
    write_folder(other, agencies[:1], default_agreements(), CATALOGUE, created=NOW)
    for path in other.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    assert _refusal(home).code == "config.federation-rollback"


@pytest.mark.parametrize("name", ["agencies.json", "agreements.toml", "catalogue.json"])
def test_file_of_another_version_is_refused(folder: Path, name: str) -> None:
    """A file that the root does not name is not believed."""
    path = folder / name
    path.write_bytes(path.read_bytes() + b"\n")
    error = _refusal(InsecureFolderFederation(folder))
    assert (error.code, error.detail.partition(":")[0]) == ("config.federation", name)


@pytest.mark.parametrize("name", ["federation.toml", "agencies.json", "agreements.toml", "catalogue.json"])
def test_absent_file_is_refused(folder: Path, name: str) -> None:
    """All four files are needed."""
    (folder / name).unlink()
    error = _refusal(InsecureFolderFederation(folder))
    assert error.detail == f"{name}: cannot be read"


ROOTS = [
    pytest.param("version = 1", "version = 0", id="version zero"),
    pytest.param("version = 1", 'version = "1"', id="version no number"),
    pytest.param("version = 1\n", "", id="no version"),
    pytest.param("version = 1", "version = 1\nnote = 1", id="unknown key"),
    pytest.param("version = 1", "version = 1\nversion = 2", id="a key twice"),
    pytest.param("[sha256]", "[sha1]", id="no digests"),
]


@pytest.mark.parametrize(("good", "bad"), ROOTS)
def test_root_is_read_strictly(folder: Path, good: str, bad: str) -> None:
    """A root that is not of the form is refused."""
    path = folder / "federation.toml"
    text = path.read_text(encoding="utf-8")
    assert good in text
    path.write_text(text.replace(good, bad, 1), encoding="utf-8")
    assert _refusal(InsecureFolderFederation(folder)).code == "config.federation"


def _spoilt(folder: Path, name: str, content: bytes) -> MisconfiguredError:
    """Put content in the place of a file, named properly by the root."""
    (folder / name).write_bytes(content)
    files = ("agencies.json", "agreements.toml", "catalogue.json")
    digests = {one.partition(".")[0]: sha256((folder / one).read_bytes()).hexdigest() for one in files}
    lines = ["version = 1", "created = 2026-08-06T00:00:00Z", "[sha256]"]
    lines += [f'{one} = "{digest}"' for one, digest in digests.items()]
    (folder / "federation.toml").write_text("\n".join(lines), encoding="utf-8")
    return _refusal(InsecureFolderFederation(folder))


def _set(place: list[Any], value: Any) -> Any:
    def change(listed: Any) -> None:
        *steps, last = place
        for step in steps:
            listed = listed[step]
        listed[last] = value

    return change


A0: list[Any] = ["agencies", 0]
AGENCY_FAULTS = [
    pytest.param(_set([*A0, "id"], "imigrasi"), "agencies.1.id", id="an id twice"),
    pytest.param(_set([*A0, "id"], "-polres"), "agencies.0.id", id="an id that is none"),
    pytest.param(_set([*A0, "role"], "Police"), "agencies.0.role", id="a role that is none"),
    pytest.param(_set([*A0, "names"], {"id": "x"}), "agencies.0.names.en", id="one language only"),
    pytest.param(_set([*A0, "nik"], "1"), "agencies.0.nik", id="unknown field"),
    pytest.param(_set(["agencies"], []), "agencies", id="nobody"),
    pytest.param(_set([*A0, "signing_keys", 0, "key_id"], "00" * 16), "signing_keys.0.key_id", id="key id not its own"),
    pytest.param(_set([*A0, "receiving_keys", 0, "key_id"], "00" * 16), "receiving_keys.0.key_id", id="the same"),
    pytest.param(_set([*A0, "signing_keys", 0, "ed25519"], "AAAA"), "signing_keys.0.ed25519", id="short key"),
    pytest.param(_set([*A0, "signing_keys", 0, "ed25519"], "A" * 43 + "!"), "signing_keys.0.ed25519", id="no base64"),
    pytest.param(_set([*A0, "signing_keys", 0, "ed25519"], "A" * 42 + "B="), "signing_keys.0.ed25519", id="loose bits"),
    pytest.param(_set([*A0, "receiving_keys", 0, "x25519"], "A" * 44), "receiving_keys.0", id="33 bytes"),
    pytest.param(_set([*A0, "signing_keys", 0, "not_after"], "2020-01-01T00:00:00Z"), "not_after", id="ends first"),
    pytest.param(_set([*A0, "signing_keys", 0, "not_after"], "2030-01-01T00:00:00+07:00"), "not_after", id="no UTC"),
    pytest.param(_set([*A0, "signing_keys", 0, "not_after"], "2030-02-30T00:00:00Z"), "not_after", id="no day"),
    pytest.param(_set([*A0, "signing_keys", 0, "not_after"], 4102444800), "not_after", id="a number"),
]


@pytest.mark.parametrize(("change", "place"), AGENCY_FAULTS)
def test_agencies_are_read_strictly(folder: Path, change: Any, place: str) -> None:
    """Each fault is refused with its place."""
    listed = json.loads((folder / "agencies.json").read_bytes())
    change(listed)
    error = _spoilt(folder, "agencies.json", json.dumps(listed).encode())
    assert error.code == "config.federation"
    assert place in error.detail


def test_key_of_two_agencies_is_refused(folder: Path) -> None:
    """A key speaks for one agency."""
    listed = json.loads((folder / "agencies.json").read_bytes())
    listed["agencies"][0]["signing_keys"] = listed["agencies"][1]["signing_keys"]
    assert "a key stands twice" in _spoilt(folder, "agencies.json", json.dumps(listed).encode()).detail


RAW_FAULTS = [
    pytest.param("agencies.json", b'{"agencies":[],"agencies":[]}', id="a name twice"),
    pytest.param("agencies.json", b"\xff", id="no UTF-8"),
    pytest.param("agencies.json", b"[" * 100_000, id="nested"),
    pytest.param("agencies.json", b'{"agencies":NaN}', id="NaN"),
    pytest.param("catalogue.json", b"[]", id="no map"),
    pytest.param("catalogue.json", b'{"id.simpul.alert.issued.v1":[]}', id="a type without schemas"),
    pytest.param("catalogue.json", b'{"alert":["urn:simpul:schema:sha256:' + b"0" * 64 + b'"]}', id="no type"),
    pytest.param("catalogue.json", b'{"id.simpul.alert.issued.v1":["sha256:0"]}', id="no schema"),
    pytest.param(
        "catalogue.json",
        b'{"id.simpul.alert.issued.v1":["urn:simpul:schema:sha256:%b","urn:simpul:schema:sha256:%b"]}'
        % (b"0" * 64, b"0" * 64),
        id="a schema twice",
    ),
    pytest.param("agencies.json", b" " * (9 * 1024 * 1024), id="too large"),
]


@pytest.mark.parametrize(("name", "content"), RAW_FAULTS)
def test_files_have_one_meaning(folder: Path, name: str, content: bytes) -> None:
    """JSON that two readers could understand differently, or that is beyond all measure, is refused."""
    assert _spoilt(folder, name, content).code == "config.federation"


def test_half_written_folder_is_waited_for(folder: Path, agencies: list[Agency], tmp_path: Path) -> None:
    """A reader that comes while the files are being replaced gets the next version, whole."""
    home = InsecureFolderFederation(folder)
    assert home.load().version == 1
    after = tmp_path / "after"
    write_folder(after, agencies, default_agreements(), CATALOGUE, created=NOW)
    write_folder(after, agencies[:1], default_agreements(), CATALOGUE, created=NOW)
    (folder / "agencies.json").write_bytes((after / "agencies.json").read_bytes())
    got: list[Federation] = []
    reader = Thread(target=lambda: got.append(InsecureFolderFederation(folder).load()))
    reader.start()
    (after / "federation.toml").replace(folder / "federation.toml")  # as a writer does: all of it at once
    reader.join(timeout=10)
    assert [(one.version, set(one.agencies)) for one in got] == [(2, {AgencyId("polres")})]


def test_writer_refuses_what_could_not_be_read(tmp_path: Path, agencies: list[Agency]) -> None:
    """Nothing is written of a federation that is none, and no temporary file stays."""
    path = tmp_path / "none"
    twice = [agencies[0], replace(agencies[1], id=agencies[0].id)]
    with pytest.raises(MisconfiguredError):
        write_folder(path, twice, default_agreements(), CATALOGUE, created=NOW)
    with pytest.raises(MisconfiguredError):
        write_folder(path, [], default_agreements(), CATALOGUE, created=NOW)
    assert list(path.iterdir()) == []


def test_codes_are_registered() -> None:
    """Both codes of the room have their sentences."""
    assert {"config.federation", "config.federation-rollback"} <= set(registry())
