"""A federation that nobody signed: four files in a folder. For development, tests and the demo; never for real people.

`federation.toml` is the root: version, date, and the SHA-256 of each of the three other files, so that files of two
versions cannot be mixed and a half-written folder is never believed. It is written last. Whoever can write the folder
is trusted, hence the name; a node in production refuses the setting (`insecure_federation_folder`).
"""

from __future__ import annotations

import time
import tomllib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from threading import Lock
from typing import TYPE_CHECKING, Annotated, Final

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from broker.errors import MisconfiguredError
from broker.federation.listing import MAX_FILE_BYTES, agency_json, read_agencies, read_agency, read_catalogue, refused
from broker.files import replace_whole
from broker.names import AgencyId, Role
from broker.ports import Agency, Federation, ReceivingKey, SigningKey

if TYPE_CHECKING:
    from pathlib import Path

    from broker.sealing.private_keys import Ed25519Signer, HybridReceiver

ROOT: Final = "federation.toml"
AGENCIES: Final = "agencies.json"
AGREEMENTS: Final = "agreements.toml"
CATALOGUE: Final = "catalogue.json"

_TRIES: Final = 50
_PAUSE_SECONDS: Final = 0.01
_Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Digests(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    agencies: _Digest
    agreements: _Digest
    catalogue: _Digest


class _Root(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    version: Annotated[int, Field(ge=1, le=2**53)]
    created: datetime
    sha256: _Digests


class InsecureFolderFederation:
    """A `FederationHome` in a folder. Every `load` looks again; what has not changed is not read twice."""

    def __init__(self, path: Path, *, newest_seen: int = 0) -> None:
        """Take the folder.

        Args:
            path: where the four files lie.
            newest_seen: the highest version that this node has ever believed; an older one is refused.
        """
        self._path = path
        self._newest_seen = newest_seen
        self._root = b""
        self._known: Federation | None = None
        self._lock = Lock()

    def load(self) -> Federation:
        """Return the federation as it is now in the folder.

        Raises:
            MisconfiguredError: `config.federation`: there is none, or a file is not as it ought to be;
                `config.federation-rollback`: it is older than one seen before, or another of the same version.
        """
        with self._lock:
            root = _read_file(self._path / ROOT)
            if self._known is not None and root == self._root:
                return self._known
            federation, root = _read_folder(self._path)
            same_but_other = self._known is not None and federation.version == self._known.version
            if federation.version < self._newest_seen or same_but_other:
                raise MisconfiguredError("config.federation-rollback", f"{ROOT}: version")
            self._newest_seen, self._known, self._root = federation.version, federation, root
            return federation


def write_folder(
    path: Path,
    agencies: Iterable[Agency],
    agreements_toml: bytes,
    catalogue: Mapping[str, Iterable[str]],
    *,
    created: datetime,
) -> int:
    """Write a federation, one version after the one that is there.

    Args:
        path: the folder; made if it is not there.
        agencies: all agencies with their public keys.
        agreements_toml: as in the default agreements.
        catalogue: event type to its `dataschema` values.
        created: the time of writing, aware.

    Returns:
        The version.

    Raises:
        MisconfiguredError: it would not be read back, or what is there is no federation.
    """
    path.mkdir(parents=True, exist_ok=True)
    files = {
        AGENCIES: orjson.dumps({"agencies": [agency_json(one) for one in agencies]}, option=orjson.OPT_INDENT_2),
        AGREEMENTS: agreements_toml,
        CATALOGUE: orjson.dumps({name: sorted(urns) for name, urns in catalogue.items()}, option=orjson.OPT_INDENT_2),
    }
    read_agencies(files[AGENCIES])
    read_catalogue(files[CATALOGUE])
    there = (path / ROOT).exists()
    version = _root_of(_read_file(path / ROOT)).version + 1 if there else 1
    lines = [
        f"version = {version}",
        f"created = {created.astimezone(UTC).strftime('%Y-%m-%dT%H:%M:%SZ')}",
        "",
        "[sha256]",
        *(f'{name.partition(".")[0]} = "{sha256(content).hexdigest()}"' for name, content in files.items()),
    ]
    for name, content in files.items():
        _replace(path / name, content)
    _replace(path / ROOT, ("\n".join(lines) + "\n").encode())
    return version


def write_agency(
    path: Path,
    *,
    agency: AgencyId,
    role: str,
    names: tuple[str, str],
    signer: Ed25519Signer,
    receiver: HybridReceiver,
    valid: tuple[datetime, datetime],
) -> Path:
    """Write what a federation is to list of a new agency: its name, role and public keys.

    Args:
        path: the file to write.
        agency: the agency's id.
        role: its role in the agreements.
        names: its name in Indonesian and English.
        signer: its signing key, of which the public half is written.
        receiver: its receiving key, likewise.
        valid: from when to when both keys are valid, aware.

    Returns:
        The file.

    Raises:
        MisconfiguredError: `config.federation`; it would not be read back.
    """
    listed = Agency(
        id=agency,
        role=Role(role),
        name_id=names[0],
        name_en=names[1],
        signing=(_listed_signing_key(agency, signer, valid),),
        receiving=(_listed_receiving_key(agency, receiver, valid),),
    )
    content = orjson.dumps(agency_json(listed), option=orjson.OPT_INDENT_2)
    read_agency(content, path.name)
    _replace(path, content)
    return path


def _listed_signing_key(agency: AgencyId, signer: Ed25519Signer, valid: tuple[datetime, datetime]) -> SigningKey:
    return SigningKey(
        key_id=signer.key_id, agency=agency, public=signer.public, not_before=valid[0], not_after=valid[1]
    )


def _listed_receiving_key(agency: AgencyId, receiver: HybridReceiver, valid: tuple[datetime, datetime]) -> ReceivingKey:
    return ReceivingKey(
        key_id=receiver.key_id,
        agency=agency,
        mlkem768=receiver.mlkem768,
        x25519=receiver.x25519,
        not_before=valid[0],
        not_after=valid[1],
    )


def load_agency(path: Path) -> Agency:
    """Read what `write_agency` wrote.

    Raises:
        MisconfiguredError: `config.federation`.
    """
    return read_agency(_read_file(path), path.name)


def _read_folder(path: Path) -> tuple[Federation, bytes]:
    """Read all files of one version; while a writer is between two files, look again."""
    wrong = ""
    for tries_left in reversed(range(_TRIES)):
        raw = _read_file(path / ROOT)
        root = _root_of(raw)
        files = {name: _read_file(path / name) for name in (AGENCIES, AGREEMENTS, CATALOGUE)}
        digests = {AGENCIES: root.sha256.agencies, AGREEMENTS: root.sha256.agreements, CATALOGUE: root.sha256.catalogue}
        others = [name for name, content in files.items() if sha256(content).hexdigest() != digests[name]]
        if not others:
            return _federation(root.version, files), raw
        wrong = others[0]
        if tries_left:
            time.sleep(_PAUSE_SECONDS)
    raise refused(f"{wrong}: not the file that {ROOT} names")


def _federation(version: int, files: Mapping[str, bytes]) -> Federation:
    agencies = read_agencies(files[AGENCIES])
    return Federation(
        version=version,
        agencies=agencies,
        signing_keys={key.key_id: key for agency in agencies.values() for key in agency.signing},
        agreements_toml=files[AGREEMENTS],
        dataschemas=read_catalogue(files[CATALOGUE]),
    )


def _root_of(raw: bytes) -> _Root:
    try:
        return _Root.model_validate(tomllib.loads(raw.decode()))
    except (ValidationError, ValueError) as error:
        raise refused(f"{ROOT}: not as the format says") from error


def _read_file(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise refused(f"{path.name}: cannot be read") from error
    if len(raw) > MAX_FILE_BYTES:
        raise refused(f"{path.name}: too large")
    return raw


def _replace(path: Path, content: bytes) -> None:
    """Write a file that is public by nature: names, public keys, agreements."""
    try:
        replace_whole(path, content, mode=0o644)
    except OSError as error:
        raise refused(f"{path.name}: cannot be written") from error
