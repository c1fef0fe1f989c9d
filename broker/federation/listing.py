"""What the federation's files say, read strictly: JSON and base64 that have one spelling, ids that stand once."""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from broker import strict_json
from broker.errors import MisconfiguredError
from broker.names import AgencyId, KeyId, Role, agency_id
from broker.ports import Agency, ReceivingKey, SigningKey
from broker.sealing.private_keys import receiving_key_id, signing_key_id

MAX_FILE_BYTES = 8 * 1024 * 1024
"""A thousand agencies with two keys of each kind."""

T = TypeVar("T")


def _canonical(text: str) -> str:
    try:
        canonical = b64encode(b64decode(text, validate=True)).decode() == text
    except (Base64Error, ValueError):
        canonical = False
    if not canonical:
        msg = "base64 as RFC 4648 §4 and §3.5 write it"
        raise ValueError(msg)
    return text


def _utc(text: str) -> str:
    moment = datetime.fromisoformat(text)
    if moment.strftime("%Y-%m-%dT%H:%M:%SZ") != text:
        msg = "UTC and whole seconds, ending in Z"
        raise ValueError(msg)
    return text


_Bytes32 = Annotated[str, Field(min_length=44, max_length=44), AfterValidator(_canonical)]
_Bytes1184 = Annotated[str, Field(min_length=1580, max_length=1580), AfterValidator(_canonical)]
_Moment = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9-]{5}T[0-9:]{8}Z$"), AfterValidator(_utc)]
_Hex = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
_Text = Annotated[str, Field(min_length=1, max_length=200)]


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", hide_input_in_errors=True)


class NamesRow(_Row):
    """An agency's name in Indonesian and English."""

    id: _Text
    en: _Text


class SigningKeyRow(_Row):
    """An Ed25519 public key (RFC 8032)."""

    key_id: _Hex
    ed25519: _Bytes32
    not_before: _Moment
    not_after: _Moment


class ReceivingKeyRow(_Row):
    """A hybrid public key: ML-KEM-768 (FIPS 203) and X25519 (RFC 7748)."""

    key_id: _Hex
    mlkem768: _Bytes1184
    x25519: _Bytes32
    not_before: _Moment
    not_after: _Moment


class AgencyRow(_Row):
    """One agency."""

    id: Annotated[str, AfterValidator(agency_id)]
    role: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,62}$")]
    names: NamesRow
    signing_keys: list[SigningKeyRow]
    receiving_keys: list[ReceivingKeyRow]


class AgenciesFile(_Row):
    """`agencies.json`."""

    agencies: Annotated[list[AgencyRow], Field(min_length=1, max_length=10_000)]


_Catalogue = dict[
    Annotated[str, Field(pattern=r"^id\.simpul\.[a-z]+\.[a-z-]+\.v[1-9][0-9]?$")],
    Annotated[list[Annotated[str, Field(pattern=r"^urn:simpul:schema:sha256:[0-9a-f]{64}$")]], Field(min_length=1)],
]
_AGENCIES = TypeAdapter(AgenciesFile)
_AGENCY = TypeAdapter(AgencyRow)
_CATALOGUE: TypeAdapter[dict[str, list[str]]] = TypeAdapter(_Catalogue)


def read_agencies(raw: bytes) -> dict[AgencyId, Agency]:
    """Read `agencies.json`.

    Raises:
        MisconfiguredError: `config.federation`; `detail` names the place.
    """
    name = "agencies.json"
    found: dict[AgencyId, Agency] = {}
    keys: set[KeyId] = set()
    for index, row in enumerate(_read(raw, _AGENCIES, name).agencies):
        place = f"{name}: agencies.{index}"
        agency = _agency(row, place)
        if agency.id in found:
            raise refused(f"{place}.id: two agencies have this id")
        ids = [key.key_id for key in agency.signing] + [key.key_id for key in agency.receiving]
        if len(set(ids)) != len(ids) or not keys.isdisjoint(ids):
            raise refused(f"{place}: a key stands twice")
        keys.update(ids)
        found[agency.id] = agency
    return found


def read_agency(raw: bytes, name: str) -> Agency:
    """Read one agency, as `agency_json` wrote it.

    Raises:
        MisconfiguredError: `config.federation`; `detail` names the file and the place.
    """
    return _agency(_read(raw, _AGENCY, name), name)


def read_catalogue(raw: bytes) -> dict[str, frozenset[str]]:
    """Read `catalogue.json`: event type to the `dataschema` values in force.

    Raises:
        MisconfiguredError: `config.federation`; `detail` names the place.
    """
    name = "catalogue.json"
    listed = _read(raw, _CATALOGUE, name)
    for type_name, schemas in listed.items():
        if len(set(schemas)) != len(schemas):
            raise refused(f"{name}: {type_name}: a schema stands twice")
    return {type_name: frozenset(schemas) for type_name, schemas in listed.items()}


def agency_json(agency: Agency) -> dict[str, Any]:
    """Write what the federation lists of an agency, as a JSON value."""
    return {
        "id": agency.id,
        "role": agency.role,
        "names": {"id": agency.name_id, "en": agency.name_en},
        "signing_keys": [
            {"key_id": key.key_id.hex(), "ed25519": b64encode(key.public).decode(), **_validity(key)}
            for key in agency.signing
        ],
        "receiving_keys": [
            {
                "key_id": key.key_id.hex(),
                "mlkem768": b64encode(key.mlkem768).decode(),
                "x25519": b64encode(key.x25519).decode(),
                **_validity(key),
            }
            for key in agency.receiving
        ],
    }


def refused(detail: str) -> MisconfiguredError:
    """Return the refusal of a federation, naming the place."""
    return MisconfiguredError("config.federation", detail)


def _agency(row: AgencyRow, place: str) -> Agency:
    agency = AgencyId(row.id)
    return Agency(
        id=agency,
        role=Role(row.role),
        name_id=row.names.id,
        name_en=row.names.en,
        signing=tuple(
            _signing_key(key, agency, f"{place}.signing_keys.{at}") for at, key in enumerate(row.signing_keys)
        ),
        receiving=tuple(
            _receiving_key(key, agency, f"{place}.receiving_keys.{at}") for at, key in enumerate(row.receiving_keys)
        ),
    )


def _signing_key(row: SigningKeyRow, agency: AgencyId, place: str) -> SigningKey:
    public = b64decode(row.ed25519)
    not_before, not_after = _period(row, place)
    key_id = _key_id(row.key_id, signing_key_id(public), place)
    return SigningKey(key_id=key_id, agency=agency, public=public, not_before=not_before, not_after=not_after)


def _receiving_key(row: ReceivingKeyRow, agency: AgencyId, place: str) -> ReceivingKey:
    mlkem768, x25519 = b64decode(row.mlkem768), b64decode(row.x25519)
    not_before, not_after = _period(row, place)
    return ReceivingKey(
        key_id=_key_id(row.key_id, receiving_key_id(mlkem768, x25519), place),
        agency=agency,
        mlkem768=mlkem768,
        x25519=x25519,
        not_before=not_before,
        not_after=not_after,
    )


def _key_id(listed: str, derived: KeyId, place: str) -> KeyId:
    if bytes.fromhex(listed) != derived:
        raise refused(f"{place}.key_id: not the id of this key")
    return derived


def _period(row: SigningKeyRow | ReceivingKeyRow, place: str) -> tuple[datetime, datetime]:
    not_before, not_after = datetime.fromisoformat(row.not_before), datetime.fromisoformat(row.not_after)
    if not_before >= not_after:
        raise refused(f"{place}.not_after: not after not_before")
    return not_before, not_after


def _validity(key: SigningKey | ReceivingKey) -> dict[str, str]:
    return {"not_before": _written(key.not_before), "not_after": _written(key.not_after)}


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _read(raw: bytes, adapter: TypeAdapter[T], name: str) -> T:
    if len(raw) > MAX_FILE_BYTES:
        raise refused(f"{name}: too large")
    try:
        strict_json.parse(raw)
        return adapter.validate_json(raw, strict=True)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        place = ".".join(str(step) for step in first["loc"])
        raise refused(f"{name}: {place}: {first['type']}") from error
    except ValueError as error:
        raise refused(f"{name}: not JSON in UTF-8, or a name stands twice") from error
