"""What people and programs do beside the running node, with the shipped commands: codes, languages, two outputs."""

import asyncio
import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest

from broker.kafka import jars
from broker.kafka.running import Running
from broker.names import mail_topic
from broker.stages import Fetched
from tests.commands import simpul, simpul_here, until
from tests.drafts import alert, referral
from tests.nodes import Exchange, Node
from tests.raw_kafka import write_all

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.slow,
    pytest.mark.skipif(jars.find_java() is None, reason="NOT TESTED: no Java, so no real Kafka"),
]

LANGUAGES = [pytest.param("id", id="Indonesian"), pytest.param("en", id="English")]


@dataclass(slots=True)
class Pair:
    """Two running nodes; one has sent the other an alert and a referral, and the operator a record of rubbish."""

    exchange: Exchange
    sender: Node
    reader: Node
    third: Node
    alert: str
    referral: str


@pytest.fixture(scope="module")
def pair(kafka: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Return the pair, with what was sent in place."""
    if not kafka.durable:
        pytest.skip("NOT TESTED: the embedded server has no durability")
    exchange = Exchange(kafka, tmp_path_factory.mktemp("beside"))
    try:
        sender, reader, third = exchange.found(
            ("police", None), ("migrant-workers", "hotline"), ("social-services", None)
        )
        sender.start()
        reader.start()
        drafts = exchange.folder / "alert.json", exchange.folder / "referral.json"
        drafts[0].write_bytes(orjson.dumps(alert("POL-1", reader.id, third.id)))
        drafts[1].write_bytes(orjson.dumps(referral("RUJUK-1", reader.id)))
        sent = [simpul("send", draft, "--node", sender.folder, "--json") for draft in drafts]
        assert [one.code for one in sent] == [0, 0], sent
        until(lambda: len(reader.inbox()) == 2, said=reader.said)
        rubbish = Fetched(
            topic=mail_topic(sender.id, reader.id), offset=0, timestamp_ms=0, key=None, value=b"x", headers=()
        )
        asyncio.run(write_all(kafka.bootstrap, [rubbish]))
        until(lambda: len(reader.quarantine()) == 1)
        yield Pair(exchange, sender, reader, third, *(one.rows[0]["id"] for one in sent))
    finally:
        exchange.close()


def test_send_again_adds_nothing(pair: Pair) -> None:
    """The same draft sent again is the same event, and says so."""
    draft = pair.exchange.folder / "alert.json"
    again = simpul("send", draft, "--node", pair.sender.folder, "--json")
    (row,) = again.rows
    assert (again.code, row["id"], row["new"]) == (0, pair.alert, False)
    assert {copy["topic"] for copy in row["copies"]} == {
        "simpul.alert",
        mail_topic(pair.sender.id, pair.third.id),
    }


@pytest.mark.parametrize("lang", LANGUAGES)
def test_send_from_standard_input(pair: Pair, lang: str) -> None:
    """A draft comes through standard input, and what became of it is told in the person's language."""
    body = orjson.dumps(alert("POL-1", pair.reader.id, pair.third.id))
    told = simpul_here("send", "-", "--node", pair.sender.folder, stdin=body, SIMPUL_LANG=lang)
    assert told.code == 0
    assert pair.alert in told.out
    assert ("kotak keluar" in told.out) is (lang == "id")
    assert ("outbox" in told.out) is (lang == "en")


REFUSED: list[Any] = [
    pytest.param({"type": "id.simpul.unknown.v1"}, 3, "invalid", id="unknown type"),
    pytest.param({"priority": "P9"}, 3, "priority", id="unknown priority"),
    pytest.param({"audience": ""}, 3, "audience", id="nobody"),
    pytest.param({"purpose": "rights"}, 3, "E07", id="another purpose"),
]


@pytest.mark.parametrize(("change", "code", "named"), REFUSED)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_refused_draft(pair: Pair, change: dict[str, str], code: int, named: str, lang: str) -> None:
    """A draft that is refused gives exit code 3, a code and a sentence, and leaves nothing in the outbox."""
    body = orjson.dumps({**alert("POL-REFUSED", pair.reader.id), **change})
    told = simpul_here("send", "-", "--node", pair.sender.folder, stdin=body, SIMPUL_LANG=lang)
    assert told.code == code, told
    assert ("Yang dapat dilakukan" in told.err) is (lang == "id"), told.err
    assert ("What to do" in told.err) is (lang == "en"), told.err
    assert told.out == ""
    assert "Traceback" not in told.err
    assert named or told.err


def test_unknown_agency_is_refused(pair: Pair) -> None:
    """Nobody gets what is addressed to an agency that is not there: refused, not dropped."""
    body = orjson.dumps(alert("POL-NOBODY", "kantor-khayalan"))
    told = simpul_here("send", "-", "--node", pair.sender.folder, stdin=body)
    assert told.code == 3, told


def test_tail_for_programs(pair: Pair) -> None:
    """The inbox as JSON lines: attributes, what opened, what did not; types are chosen by their short names."""
    rows = simpul("tail", "--node", pair.reader.folder, "--json").rows
    assert [row["id"] for row in rows] == [pair.alert, pair.referral]
    assert set(rows[1]["data"]) == {"open", "identity", "narrative", "place", "safe_contact"}
    assert rows[0]["source"] == f"urn:simpul:agency:{pair.sender.id}"
    only = simpul("tail", "--node", pair.reader.folder, "--type", "referral.requested", "--json").rows
    assert [row["id"] for row in only] == [pair.referral]


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(["tail", "--type", "no.such"], id="no such type"),
        pytest.param(["tail", "--nope"], id="no such option"),
        pytest.param(["nope"], id="no such command"),
        pytest.param(["send"], id="nothing to send"),
        pytest.param(["quarantine", "show", "x"], id="no number"),
    ],
)
def test_wrong_command_line(pair: Pair, words: list[str]) -> None:
    """A wrong command line gives exit code 2 and a line that says what is wrong, never a traceback."""
    told = simpul_here(*words, SIMPUL_NODE=str(pair.reader.folder))
    assert (told.code, told.out) == (2, "")
    assert "Error" in told.err
    assert "Traceback" not in told.err


def test_wrong_command_line_of_the_shipped_command(pair: Pair) -> None:
    """The same of the command as it is shipped."""
    told = simpul("tail", "--type", "no.such", "--node", pair.reader.folder)
    assert (told.code, told.out) == (2, "")
    assert "Traceback" not in told.err


@pytest.mark.parametrize("lang", LANGUAGES)
def test_tail_for_people(pair: Pair, lang: str) -> None:
    """The inbox in plain words, in the person's language, without what is inside the compartments."""
    told = simpul_here("tail", "--node", pair.reader.folder, SIMPUL_LANG=lang)
    assert told.code == 0
    assert pair.alert in told.out
    assert ("terbuka" in told.out) is (lang == "id")
    assert ("opens" in told.out) is (lang == "en")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_event(pair: Pair, lang: str) -> None:
    """One event, as its sender and as its reader know it; an unknown one gives exit code 1."""
    sent = simpul("event", pair.alert, "--node", pair.sender.folder, "--json").rows[0]["sent"]
    assert sent["state"] == "published"
    assert all(copy["offset"] is not None for copy in sent["copies"])
    received = simpul_here("event", pair.alert, "--node", pair.reader.folder, "--json").rows[0]["received"]
    assert (received["source"], received["closed"]) == (pair.sender.id, {})
    told = simpul_here("event", pair.alert, "--node", pair.reader.folder, SIMPUL_LANG=lang)
    assert ("segel sah" in told.out) is (lang == "id")
    assert ("the seal holds" in told.out) is (lang == "en")
    unknown = simpul_here(
        "event", "00000000-0000-8000-8000-000000000000", "--node", pair.reader.folder, SIMPUL_LANG=lang
    )
    assert (unknown.code, unknown.out) == (1, "")
    assert ("mengenal" in unknown.err) is (lang == "id")


@pytest.fixture
def evidence(pair: Pair, tmp_path: Path) -> Path:
    """Return the export of the alert by its reader, in a folder with the federation and nothing else."""
    told = simpul_here("event", pair.alert, "--node", pair.reader.folder, "--export")
    assert told.code == 0
    file = tmp_path / "bukti.json"
    file.write_text(told.out)
    return file


@pytest.mark.parametrize("lang", LANGUAGES)
def test_verify(pair: Pair, evidence: Path, lang: str) -> None:
    """An exported record is accepted offline, with the federation's folder alone."""
    federation = pair.exchange.federation
    told = simpul("verify", evidence, "--federation", federation, SIMPUL_LANG=lang)
    assert told.code == 0
    assert pair.sender.id in told.out
    assert ("sah" in told.out) is (lang == "id")
    (row,) = simpul_here("verify", evidence, "--federation", federation, "--json").rows
    assert (row["ok"], row["source"]) == (True, pair.sender.id)


def test_verify_what_the_sender_exports(pair: Pair, tmp_path: Path) -> None:
    """The sender's export holds every copy, and each holds."""
    file = tmp_path / "bukti.json"
    file.write_text(simpul_here("event", pair.alert, "--node", pair.sender.folder, "--export").out)
    told = simpul_here("verify", file, "--federation", pair.exchange.federation, "--json")
    assert told.code == 0
    assert [row["ok"] for row in told.rows] == [True, True]


@pytest.mark.parametrize("what", ["value", "topic", "header", "signature", "not a record", "not JSON"])
@pytest.mark.parametrize("lang", LANGUAGES)
def test_verify_refuses(pair: Pair, evidence: Path, what: str, lang: str) -> None:
    """Whatever was changed in an export, verifying says no with exit code 3, in words."""
    record = json.loads(evidence.read_text())
    if what == "value":
        value = bytearray(base64.b64decode(record["value"]))
        value[len(value) // 2] ^= 1
        record["value"] = base64.b64encode(value).decode()
    elif what == "topic":
        record["topic"] = "simpul.intel"
    elif what == "header":
        record["headers"][2][1] = "00000000-0000-8000-8000-000000000000"
    elif what == "signature":
        seal = record["headers"][8][1]
        record["headers"][8][1] = seal[:40] + chr(ord(seal[40]) ^ 1) + seal[41:]
    evidence.write_text("{}" if what == "not a record" else json.dumps(record)[: 99 if what == "not JSON" else None])
    told = simpul_here("verify", evidence, "--federation", pair.exchange.federation, SIMPUL_LANG=lang)
    assert told.code == (5 if what == "not JSON" else 3), told
    assert "Traceback" not in told.err
    if what != "not JSON":
        assert ("TIDAK sah" in told.out or "Yang dapat dilakukan" in told.err) is (lang == "id")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_quarantine(pair: Pair, lang: str) -> None:
    """The rubbish is listed and shown, for people in their language and for programs; a wrong number gives 1."""
    listed = simpul("quarantine", "list", "--node", pair.reader.folder, "--json").rows
    (row,) = [one for one in listed if one["topic"] == mail_topic(pair.sender.id, pair.reader.id)]
    assert row["code"] == "untrusted.headers"
    told = simpul_here("quarantine", "list", "--node", pair.reader.folder, SIMPUL_LANG=lang, COLUMNS="300")
    assert ("mengaku dari" in told.out) is (lang == "id")
    assert ("claims to be from" in told.out) is (lang == "en")
    (shown,) = simpul_here("quarantine", "show", str(row["number"]), "--node", pair.reader.folder, "--json").rows
    assert base64.b64decode(shown["record"]["value"]) == b"x"
    person = simpul_here("quarantine", "show", str(row["number"]), "--node", pair.reader.folder, SIMPUL_LANG=lang)
    assert ("Yang dapat dilakukan" in person.out) is (lang == "id")
    assert simpul_here("quarantine", "show", "999999", "--node", pair.reader.folder).code == 1
    empty = simpul_here("quarantine", "list", "--node", pair.sender.folder, SIMPUL_LANG=lang)
    assert empty.code == 0


def test_second_serve_is_refused(pair: Pair) -> None:
    """A second node on the same folder does not start, and the first goes on."""
    told = simpul("serve", "--node", pair.reader.folder)
    assert told.code == 5
    assert "config.store-held" in told.err
    assert pair.reader.runs


def a_node(exchange: Exchange) -> Node:
    """Return a node that does not run."""
    (node, _) = exchange.found(("police", None), ("ngo", None))
    return node


def test_open_key_file_is_refused(exchange: Exchange) -> None:
    """A node key that others may read stops the start, and says which file; its bytes are never printed."""
    node = a_node(exchange)
    key = node.folder / "keys" / "node.key"
    key.chmod(0o644)
    told = simpul("serve", "--node", node.folder)
    assert told.code == 5
    assert "config.node-key" in told.err
    assert key.read_bytes().hex() not in told.err.lower()


@pytest.mark.parametrize(
    "name", ["agency", "kafka_bootstrap", "node_key", "signing_key", "receiving_keys", "insecure_federation_folder"]
)
def test_missing_setting_is_named(exchange: Exchange, name: str) -> None:
    """A required setting that is missing stops the start and is named."""
    node = a_node(exchange)
    node.set(name, None)
    told = simpul_here("serve", "--node", node.folder)
    assert told.code == 5, told
    assert name in told.err
    assert "Traceback" not in told.err


def test_production_refuses_what_is_insecure(exchange: Exchange) -> None:
    """With `production` set, a switch that weakens security stops the start and is named."""
    node = a_node(exchange)
    file = node.folder / "node.toml"
    file.write_text("production = true\n" + file.read_text())
    told = simpul_here("serve", "--node", node.folder)
    assert told.code == 5
    assert "insecure_federation_folder" in told.err


def test_no_secret_is_printed(pair: Pair) -> None:
    """No key of a node stands in anything that it or a command has printed."""
    told = pair.reader.said() + simpul_here("tail", "--node", pair.reader.folder).out
    for path in (pair.reader.folder / "keys").iterdir():
        secret = path.read_bytes()
        for form in (secret.hex(), base64.b64encode(secret).decode(), repr(secret)):
            assert form not in told
