"""The only reader of the environment and of a node's settings file; typed, frozen, with no unsafe default.

A node's folder holds `node.toml`; whatever weakens security is named `insecure_…`, is refused where `production` is
set, and is warned of at each start. Secrets are never here: settings name the files in which they lie.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from broker.errors import MisconfiguredError
from broker.names import AgencyId, agency_id
from broker.ports import Station

if TYPE_CHECKING:
    from collections.abc import Mapping

NODE_FILE: Final = "node.toml"

Language = Literal["id", "en"]


class Environment(BaseSettings):
    """What the environment says, each variable with the prefix `SIMPUL_`."""

    model_config = SettingsConfigDict(env_prefix="SIMPUL_", frozen=True, extra="ignore", env_ignore_empty=True)

    node: Path | None = None
    """The node's folder, where no `--node` is given."""
    lang: Language = "id"
    kafka_bootstrap: str | None = None
    """`host:port,host:port` of a Kafka that is there already."""
    kafka: Literal["kafka", "docker", "embedded"] | None = None
    """Forces how a Kafka of our own is started."""
    cache: Path | None = None
    """Where Kafka's jars and data lie."""
    log: Literal["debug", "info", "warning", "error"] = "info"


class NodeSettings(BaseModel):
    """What `node.toml` says. Paths are relative to the node's folder."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", hide_input_in_errors=True)

    folder: Annotated[Path, Field(strict=False)]
    agency: Annotated[str, AfterValidator(agency_id)]
    kafka_bootstrap: Annotated[str, Field(pattern=r"^[^\s,]+:\d+(,[^\s,]+:\d+)*$")]
    node_key: Annotated[str, Field(pattern=r"^file:.+")]
    """URI of the node's own key: a file of mode 0600."""
    signing_key: Annotated[str, Field(pattern=r"^file:.+")]
    receiving_keys: Annotated[list[str], Field(min_length=1)]
    """URIs of the receiving keys, the current one first."""
    adapter: str | None = None
    adapter_settings: dict[str, str] = {}
    production: bool = False
    insecure_federation_folder: str | None = None
    """A federation that nobody signed, as a folder."""
    insecure_kill_at: Annotated[Station | None, Field(strict=False)] = None
    """For tests alone: the process kills itself when it first passes this station."""

    @field_validator("receiving_keys")
    @classmethod
    def _are_uris(cls, uris: list[str]) -> list[str]:
        if any(not uri.startswith("file:") for uri in uris):
            msg = "a key is named by a URI, such as file:keys/receiving.key"
            raise ValueError(msg)
        return uris

    def path(self, text: str) -> Path:
        """Return a path of the settings, relative to the node's folder, as it is on this machine."""
        return self.folder / text.removeprefix("file:")

    @property
    def id(self) -> AgencyId:
        """The agency that this node is of."""
        return AgencyId(self.agency)

    @property
    def insecure(self) -> list[str]:
        """The names of the switches in use that weaken security."""
        return [name for name in type(self).model_fields if name.startswith("insecure_") and getattr(self, name)]


def environment() -> Environment:
    """Read the environment.

    Raises:
        MisconfiguredError: `config.environment`, naming the variable.
    """
    try:
        return Environment()
    except ValidationError as error:
        raise MisconfiguredError("config.environment", _fields(error, prefix="SIMPUL_")) from error


def node_folder(given: Path | None) -> Path:
    """Return the node's folder: the one given, else `SIMPUL_NODE`, else this folder if it is one.

    Raises:
        MisconfiguredError: `config.no-node`.
    """
    folder = given or environment().node or Path()
    if not (folder / NODE_FILE).is_file():
        raise MisconfiguredError("config.no-node", str(folder))
    return folder.resolve()


def read_node(folder: Path) -> NodeSettings:
    """Read a node's settings; `SIMPUL_KAFKA_BOOTSTRAP` wins over the file.

    Raises:
        MisconfiguredError: `config.node-file`, `config.node-setting` or `config.insecure`, naming the setting.
    """
    try:
        values = tomllib.loads((folder / NODE_FILE).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise MisconfiguredError("config.node-file", NODE_FILE) from error
    bootstrap = environment().kafka_bootstrap
    overridden = {} if bootstrap is None else {"kafka_bootstrap": bootstrap}
    try:
        settings = NodeSettings.model_validate({**values, **overridden, "folder": folder})
    except ValidationError as error:
        raise MisconfiguredError("config.node-setting", _fields(error)) from error
    if settings.production and settings.insecure:
        raise MisconfiguredError("config.insecure", ", ".join(settings.insecure))
    return settings


def write_node(folder: Path, values: Mapping[str, str | list[str] | dict[str, str]]) -> None:
    """Write a new `node.toml`.

    Raises:
        MisconfiguredError: `config.node-exists`.
    """
    lines = [f"{name} = {_toml(value)}" for name, value in values.items() if not isinstance(value, dict)]
    for name, table in values.items():
        if isinstance(table, dict) and table:
            lines += ["", f"[{name}]", *(f"{key} = {_toml(value)}" for key, value in table.items())]
    try:
        with (folder / NODE_FILE).open("x", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
    except FileExistsError as error:
        raise MisconfiguredError("config.node-exists", NODE_FILE) from error


def _toml(value: str | list[str]) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _fields(error: ValidationError, prefix: str = "") -> str:
    names = {str(fault["loc"][0]) if fault["loc"] else "?" for fault in error.errors(include_input=False)}
    return ", ".join(sorted(prefix + name.upper() if prefix else name for name in names))
