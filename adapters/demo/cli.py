"""`simpul demo` on the command line: options in, exit code out."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Literal

import typer


def demo(
    *,
    headless: Annotated[
        bool, typer.Option("--headless", help="Tanpa cerita, untuk program. / No narration, for programs.")
    ] = False,
    report: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Tulis laporan JSON. / Write a report as JSON.")
    ] = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Biarkan berjalan sampai Ctrl-C. / Leave it running until Ctrl-C.")
    ] = False,
    lang: Annotated[
        str | None, typer.Option(metavar="id|en", help="Bahasa; bawaan SIMPUL_LANG. / Language; default SIMPUL_LANG.")
    ] = None,
    samples: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            exists=True,
            file_okay=False,
            help="Berkas contoh sendiri, dengan nama yang sama. / Sample files of your own, of the same names.",
        ),
    ] = None,
) -> int:
    """Mainkan satu perkara antara delapan instansi. / Play one case between eight agencies, live on Kafka.

    Contoh / example: simpul demo --lang en
    """
    started = time.monotonic()
    # What the demo is made of is imported when it runs, so that other commands start quickly.
    from adapters.demo import running  # noqa: PLC0415

    return running.run(
        running.Wishes(
            headless=headless, report=report, keep=keep, language=_language(lang), samples=samples, started=started
        )
    )


def _language(text: str | None) -> Literal["id", "en"]:
    from broker.settings import environment  # noqa: PLC0415

    if text is None:
        return environment().lang
    if text == "en":
        return "en"
    if text == "id":
        return "id"
    raise typer.BadParameter("id | en", param_hint="--lang")
