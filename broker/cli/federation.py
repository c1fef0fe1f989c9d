"""`simpul federation`: write the unsigned federation that development and exercises use."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from broker.cli.terminal import JsonOption, out, print_json, word
from broker.clock import SystemClock
from broker.errors import MisconfiguredError
from broker.federation.insecure_folder import load_agency, write_folder
from broker.policy import default_agreements
from schemas.catalogue import listed_schemas

app = typer.Typer(help="Daftar kepercayaan. / The trust list.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Daftar kepercayaan. / The trust list."""


@app.command("insecure-write")
def insecure_write(
    folder: Annotated[Path, typer.Argument(help="Folder federasi. / The federation's folder.")],
    agencies: Annotated[
        list[Path], typer.Argument(help="agency.json tiap instansi. / Each agency's agency.json.", metavar="AGENCY...")
    ],
    *,
    agreements: Annotated[
        Path | None, typer.Option(help="Kesepakatan TOML; bawaan bila kosong. / Agreements; the default ones if none.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Tulis federasi tanpa tanda tangan, untuk latihan. / Write an unsigned federation, for exercises.

    It lists the given agencies, the agreements and this release's catalogue, one version after the one that is there.
    Running nodes take it up by themselves.

    Contoh / example: simpul federation insecure-write federation polres/agency.json imigrasi/agency.json
    """
    version = write_folder(
        folder,
        [load_agency(path) for path in agencies],
        default_agreements() if agreements is None else _read(agreements),
        listed_schemas(),
        created=SystemClock().now(),
    )
    if json:
        print_json({"folder": str(folder), "version": version})
        return
    out.print(word(f"Federasi versi {version} di {folder}.", f"Federation version {version} in {folder}."))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise MisconfiguredError("config.no-file", path.name) from error
