"""`simpul verify`: check exported records offline, with the federation's folder and nothing else."""

from __future__ import annotations

import base64
import binascii
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from broker.cli.terminal import Exit, JsonOption, explain, out, print_json, word
from broker.errors import MisconfiguredError, UntrustedError
from broker.federation.insecure_folder import InsecureFolderFederation
from broker.names import Topic
from broker.sealing.batch import dsse_envelope
from broker.sealing.encoding import parse_seal_unverified
from broker.sealing.unseal import Verifier
from broker.stages import Fetched, Verified


def verify(
    file: Annotated[Path, typer.Argument(help="Hasil simpul event --export. / What simpul event --export wrote.")],
    *,
    federation: Annotated[Path, typer.Option(help="Folder federasi. / The federation's folder.")],
    json: JsonOption = False,
) -> None:
    """Periksa rekaman secara luring. / Check exported records offline: who sealed them, and that nothing was changed.

    Exit code 0: every record holds; 3: one does not.

    Contoh / example: simpul verify bukti.json --federation federation
    """
    trusted = InsecureFolderFederation(federation).load()
    verifier = Verifier(None)
    held = True
    for number, one in enumerate(_records(file), start=1):
        try:
            verified = verifier.verify(_fetched(one), trusted)
            _require_own_envelope(one, verified)
        except UntrustedError as error:
            held = False
            _refused(number, error, json=json)
            continue
        _holds(number, verified, json=json)
    if not held:
        raise typer.Exit(Exit.REFUSED)


def _require_own_envelope(one: Any, verified: Verified) -> None:  # noqa: ANN401 - JSON from anywhere
    """A file that shows another envelope than its record's own would let two readers see two statements."""
    if one.get("dsse") != dsse_envelope(parse_seal_unverified(dict(verified.fetched.headers)["ce_seal"] or b"")):
        raise UntrustedError("untrusted.export", "the envelope in the file is not the record's own")


def _holds(number: int, verified: Verified, *, json: bool) -> None:
    if json:
        facts = {
            "source": verified.source,
            "topic": verified.fetched.topic,
            "sequence": verified.sequence,
            "leaf": verified.leaf.hex(),
            "signing_key": verified.signing_key.hex(),
            "federation": verified.federation,
        }
        print_json({"record": number, "ok": True, **facts})
        return
    out.print(
        word(
            f"Rekaman {number}: sah. Disegel oleh {verified.source}, urutan {verified.sequence} "
            f"pada {verified.fetched.topic}.",
            f"Record {number}: holds. Sealed by {verified.source}, number {verified.sequence} "
            f"on {verified.fetched.topic}.",
        )
    )


def _refused(number: int, error: UntrustedError, *, json: bool) -> None:
    if json:
        print_json({"record": number, "ok": False, "code": error.code})
        return
    out.print(word(f"Rekaman {number}: TIDAK sah.", f"Record {number}: does NOT hold."), style="red")
    for line in explain(error):
        out.print(f"  {line}", markup=False)


def _records(file: Path) -> list[Any]:
    try:
        found = orjson.loads(file.read_bytes())
    except (OSError, orjson.JSONDecodeError) as error:
        raise MisconfiguredError("config.no-file", file.name) from error
    records = found if isinstance(found, list) else [found]
    if not records:
        raise MisconfiguredError("config.no-file", file.name)
    return records


def _fetched(one: Any) -> Fetched:  # noqa: ANN401 - JSON from anywhere
    try:
        return Fetched(
            topic=Topic(str(one["topic"])),
            offset=int(one["offset"]),
            timestamp_ms=int(one["timestamp_ms"]),
            key=None if one["key"] is None else base64.b64decode(one["key"], validate=True),
            value=None if one["value"] is None else base64.b64decode(one["value"], validate=True),
            headers=tuple(
                (str(name), None if value is None else str(value).encode("latin-1")) for name, value in one["headers"]
            ),
        )
    except (KeyError, TypeError, ValueError, binascii.Error) as error:
        raise UntrustedError("untrusted.export", "the file does not hold an exported record") from error
