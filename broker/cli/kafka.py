"""`simpul kafka`: start and stop a Kafka on this machine, see whether it answers, create its topics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from broker.cli.terminal import Exit, JsonOption, err, note, out, print_json, table, word
from broker.errors import MisconfiguredError, TransportError

if TYPE_CHECKING:
    from broker.kafka.running import Note, Running
    from broker.names import AgencyId

app = typer.Typer(help="Kafka di mesin ini. / Kafka on this machine.", no_args_is_help=True)

BrokersOption = Annotated[
    int | None, typer.Option("--brokers", help="1 atau 3 broker. / 1 or 3 brokers.", show_default="1")
]
AgenciesOption = Annotated[
    str, typer.Option("--agencies", help="Id semua instansi, dipisah koma. / Ids of all agencies, by commas.")
]


@app.command("start")
def start(*, brokers: BrokersOption = None, json: JsonOption = False) -> None:
    """Nyalakan Kafka, atau pakai yang sudah berjalan. / Start a Kafka, or use the one that runs.

    Apache Kafka from Maven Central where Java 17 and Maven are, else Docker's official image, else the embedded
    server, which forgets everything. SIMPUL_KAFKA_BOOTSTRAP, SIMPUL_KAFKA and SIMPUL_CACHE decide otherwise.

    Contoh / example: simpul kafka start --brokers 3
    """
    from broker.kafka.choice import choose, from_environment

    try:
        running = choose(from_environment(), brokers=brokers, tell=_tell)
    except TransportError as error:
        if error.detail:
            err.print(error.detail, markup=False)
        raise
    if json:
        print_json(_row(running))
        return
    out.print(word("Kafka siap:", "Kafka is ready:"), running.bootstrap)
    _describe(running)


@app.command("stop")
def stop(*, json: JsonOption = False) -> int:
    """Hentikan Kafka mesin ini; datanya tetap. / Stop this machine's Kafka; its data stay."""
    from broker.kafka.choice import from_environment
    from broker.kafka.choice import stop as stop_running

    stopped = stop_running(from_environment())
    if json:
        print_json({"stopped": stopped is not None, "cleanly": stopped is not None and stopped.cleanly})
    elif stopped is None:
        note("Tidak ada Kafka yang berjalan.", "No Kafka was running.")
    elif stopped.cleanly:
        out.print(word("Kafka dihentikan.", "Kafka is stopped."))
    else:
        note(
            "Kafka tidak berhenti pada waktunya dan dihentikan paksa.",
            "Kafka did not stop in time and was ended by force.",
        )
    return Exit.OK


@app.command("status")
def status(*, json: JsonOption = False) -> int:
    """Apakah Kafka menjawab, dan di mana. / Whether Kafka answers, and where; exit code 1 if not."""
    from broker.kafka.choice import from_environment
    from broker.kafka.choice import status as current

    running = current(from_environment())
    if json:
        print_json({"running": False} if running is None else {"running": True, **_row(running)})
    elif running is None:
        note("Tidak ada Kafka yang menjawab.", "No Kafka answers.")
    else:
        _describe(running)
    return Exit.FAILED if running is None else Exit.OK


@app.command("topics")
def topics(*, agencies: AgenciesOption, json: JsonOption = False) -> None:
    """Buat semua topik untuk instansi-instansi ini. / Create every topic for these agencies; repeat at will.

    Contoh / example: simpul kafka topics --agencies bnpt,polres-bengkulu-tengah,uptd-ppa-bengkulu-tengah
    """
    import asyncio

    from broker.kafka.choice import from_environment
    from broker.kafka.choice import status as current
    from broker.kafka.topics import ensure_topics_of, topics_of

    ids = _agencies(agencies)
    running = current(from_environment())
    if running is None:
        raise TransportError("kafka.unreachable")
    created = asyncio.run(ensure_topics_of(running, ids))
    if json:
        print_json({"created": created, "topics": len(topics_of(ids))})
        return
    out.print(
        word(
            f"{len(created)} topik dibuat, {len(topics_of(ids)) - len(created)} sudah ada.",
            f"{len(created)} topics created, {len(topics_of(ids)) - len(created)} were there.",
        )
    )


def _agencies(text: str) -> list[AgencyId]:
    from broker.names import agency_id

    try:
        return [agency_id(item.strip()) for item in text.split(",")]
    except ValueError as error:
        raise MisconfiguredError("kafka.agencies", "--agencies") from error


def _tell(said: Note) -> None:
    err.print(word(said.id, said.en), style="bold yellow" if said.warning else "", markup=False)
    if said.warning:
        # A warning is given in both languages, whoever reads.
        err.print(word(said.en, said.id), style="bold yellow", markup=False)


def _row(running: Running) -> dict[str, object]:
    return {
        "kind": running.kind,
        "bootstrap": running.bootstrap,
        "brokers": running.brokers,
        "version": running.version,
        "durable": running.durable,
        "pids": [node.pid for node in running.nodes if node.pid],
        "folder": None if running.folder is None else str(running.folder),
        "container": running.container,
    }


def _describe(running: Running) -> None:
    from broker.kafka.processes import resident_mib

    rows = [
        (word("jenis", "kind"), f"{running.kind} {running.version}".strip()),
        (word("alamat", "bootstrap"), running.bootstrap),
        ("broker", str(running.brokers)),
    ]
    for node in running.nodes:
        used = resident_mib(node.pid) if node.pid else None
        if used is not None:
            rows.append((f"pid {node.pid}", f"{used:.0f} MiB"))
    if running.folder is not None:
        rows.append((word("folder", "folder"), str(running.folder)))
    table("Kafka", (word("apa", "what"), word("nilai", "value")), rows)
