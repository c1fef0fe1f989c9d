"""`simpul node`: make a node's folder, with fresh keys."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from broker.assembly import find_adapter
from broker.cli.terminal import JsonOption, out, print_json, word
from broker.clock import SystemClock
from broker.founding import NewAgency, new_node
from broker.kafka.choice import from_environment, status
from broker.names import agency_id
from broker.policy import default_agreements
from broker.policy.document import read_document

app = typer.Typer(help="Simpul milik sebuah instansi. / An agency's node.", no_args_is_help=True)

_KEY_YEARS = 2


def _kafka() -> str:
    """Return the Kafka that is named, else the one that runs here, else where one usually is."""
    running = status(from_environment())
    return "127.0.0.1:9092" if running is None else running.bootstrap


@app.command("new")
def new(
    folder: Annotated[Path, typer.Argument(help="Folder baru. / A new folder.")],
    *,
    agency: Annotated[str, typer.Option(help="Id instansi. / The agency's id.")],
    role: Annotated[str, typer.Option(help="Peran. / Role: police, immigration, ngo, …")],
    name_id: Annotated[str, typer.Option(help="Nama (Indonesia). / Name in Indonesian.")],
    name_en: Annotated[str, typer.Option(help="Nama (Inggris). / Name in English.")],
    federation: Annotated[Path, typer.Option(help="Folder federasi. / The federation's folder.")],
    adapter: Annotated[str | None, typer.Option(help="Adaptor. / Adapter.")] = None,
    json: JsonOption = False,
) -> None:
    """Buat folder simpul dengan kunci baru. / Make a node's folder with fresh keys.

    What the federation must list of the agency is written to FOLDER/agency.json.

    Contoh / example: simpul node new polres --agency polres-bengkulu-tengah --role police
    --name-id "Polres Bengkulu Tengah" --name-en "Bengkulu Tengah Police" --federation ../federation --adapter police
    """
    now = SystemClock().now()
    try:
        named = agency_id(agency)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--agency") from error
    roles = read_document(default_agreements()).roles
    if role not in roles:
        known = ", ".join(sorted(roles))
        raise typer.BadParameter(word(f"peran dikenal: {known}", f"known roles: {known}"), param_hint="--role")
    if adapter is not None:
        find_adapter(adapter)
    entry = new_node(
        folder,
        NewAgency(id=named, role=role, name_id=name_id, name_en=name_en, adapter=adapter),
        kafka_bootstrap=_kafka(),
        federation=federation,
        valid=(now, now + timedelta(days=365 * _KEY_YEARS)),
    )
    if json:
        print_json({"folder": str(folder), "agency": str(entry)})
        return
    out.print(
        word(
            f"Simpul dibuat di {folder}. Serahkan {entry} kepada gugus tugas untuk dicatat dalam federasi.",
            f"The node is in {folder}. Give {entry} to the task force, to be listed in the federation.",
        )
    )
