"""A marker in every field of every type, through real nodes and a real Kafka: nowhere is one found in clear."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pytest

import adapters.demo
from broker.kafka import jars
from broker.kafka.running import Running
from broker.names import EventId
from broker.ports import Delivery
from tests.commands import simpul, simpul_here, until
from tests.nodes import Exchange, Node
from tests.planting import forms, marker, planted, types

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.slow,
    pytest.mark.skipif(jars.find_java() is None, reason="NOT TESTED: no Java, so no real Kafka"),
]

SAMPLES = Path(adapters.demo.__file__).parent / "samples"
PREFIX = "id.simpul."


@dataclass(slots=True)
class Run:
    """Nodes through which every type has gone, and what was planted."""

    exchange: Exchange
    nodes: dict[str, Node]
    words: set[str] = field(default_factory=set)
    """Markers in fields."""
    events: set[EventId] = field(default_factory=set)
    cases: set[str] = field(default_factory=set)

    def send(self, role: str, name: str, *audience: str, said: Mapping[str, Any] | None = None, **more: Any) -> EventId:
        """Send a planted event of a type by the shipped command, `said` in its open part, and return its id."""
        plant = planted(f"{PREFIX}{name}.v1")
        body = {**plant.body, "audience": " ".join(self.nodes[one].id for one in audience), **more}
        body["data"]["open"] |= said or {}
        _without_agencies(body["data"].get("narrative", {}))
        if "causationid" in more and "subject" not in more:
            body.pop("subject", None)
        self.words |= plant.values
        told = simpul_here("send", "-", "--node", self.nodes[role].folder, "--json", stdin=orjson.dumps(body))
        assert told.code == 0, told.err
        assert not [word for word in plant.values if word in told.out + told.err]
        event: EventId = told.rows[0]["id"]
        self.events.add(event)
        return event

    def arrives(self, role: str, count: int) -> None:
        """Wait until a node has so many events."""
        node = self.nodes[role]
        until(lambda: len(node.inbox()) >= count, said=lambda: (node.inbox(), node.said()))

    def case_of(self, event: EventId) -> str:
        """Return the subject under which social services got an event."""
        opened = [one.event.opened for one in self.nodes["social-services"].entries() if isinstance(one, Delivery)]
        return next(view.attributes["subject"] for view in opened if view.event_id == event)

    def drop(self, role: str, name: str, content: bytes) -> None:
        """Put a native file into a node's drop folder, and wait until it is done."""
        folder = self.nodes[role].folder / "drop"
        folder.mkdir(exist_ok=True)
        (folder / f"{name}.tmp").write_bytes(content)
        (folder / f"{name}.tmp").rename(folder / name)
        if "register" not in name:
            until(lambda: any((folder / done / name).exists() for done in ("done", "rejected")))


@pytest.fixture(scope="module")
def run(kafka: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Let everything happen once; the tests search in what is left of it."""
    if not kafka.durable:
        pytest.skip("NOT TESTED: the embedded server keeps nothing to be searched")
    exchange = Exchange(kafka, tmp_path_factory.mktemp("leak"))
    try:
        roles = {
            "police": "police",
            "social-services": "hotline",
            "immigration": "immigration",
            "witness-protection": None,
            "ngo": None,
            "task-force": None,
        }
        made = exchange.found(*roles.items())
        run = Run(exchange, {node.role: node for node in made})
        for role in ("police", "social-services", "immigration", "task-force"):
            run.nodes[role].start(ready=False, SIMPUL_LOG="debug")
        _everything(run)
        yield run
    finally:
        exchange.close()


def _everything(run: Run) -> None:
    tip = run.send("social-services", "tip.received", "police")
    referral = run.send("police", "referral.requested", "social-services")
    run.send("police", "alert.issued", "immigration", "social-services")
    run.send("police", "case.registered", "witness-protection", "social-services", "immigration")
    run.send("immigration", "border.crossing-flagged", "police")
    run.send("police", "intel.bundle-shared", "immigration")
    run.send("social-services", "consent.changed", "witness-protection", "police", priority="P1")
    _of_the_law(run)
    _of_victims(run)
    _of_control(run)
    run.arrives("police", 3)
    run.arrives("social-services", 3)
    run.send("police", "tip.triaged", "social-services", causationid=tip)
    run.send("social-services", "referral.responded", "police", causationid=referral, subject=run.case_of(referral))
    run.send("police", "linkage.detected", "social-services", said={"events": [tip]})
    run.send("police", "participant.notice-served", "social-services", causationid=tip, said={"forEvent": tip})
    _native(run)
    run.arrives("police", 5)
    run.arrives("social-services", 5)
    run.arrives("immigration", 4)
    for node in run.nodes.values():
        if node.runs:
            until(node.all_published, said=node.said)
            run.events |= {event for _, event in node.inbox()}
            run.cases |= {
                one.event.opened.attributes["subject"]
                for one in node.entries()
                if isinstance(one, Delivery) and "subject" in one.event.opened.attributes
            }
    sent = {one.route.type for node in run.nodes.values() for one in node.store.outbox.events(limit=99)}
    assert sent == set(types())


def _without_agencies(narrative: dict[str, Any]) -> None:
    """Take out whom the example keeps its event from: agencies that this federation has not, by which it would stay."""
    narrative.pop("accused", None)
    narrative.pop("withheldFrom", None)
    for one in narrative.get("whoMustNotKnow", []):
        one.pop("agency", None)
    narrative["whoMustNotKnow"] = [one for one in narrative.pop("whoMustNotKnow", []) if one]
    if not narrative["whoMustNotKnow"]:
        del narrative["whoMustNotKnow"]


def _of_the_law(run: Run) -> None:
    """Send what police and immigration tell."""
    run.send("immigration", "traveldoc.status-reported", "police")
    run.send("immigration", "passport.application-deferred", "police", said={"reasonCode": "document_doubt"})
    run.send("police", "watch.requested", "immigration")
    run.send("police", "case.progressed", "witness-protection", "social-services")


def _of_victims(run: Run) -> None:
    """Send what those tell who care; the reduced twin goes beside the status, to immigration."""
    run.send("social-services", "screening.completed", "police", basis="pdp20-2-d")
    run.send("police", "victim.status-determined", "social-services", "witness-protection")
    run.send("social-services", "service.progressed", "ngo", priority="P1")
    run.send("social-services", "safety.risk-raised", "witness-protection")
    run.send("social-services", "reintegration.followed-up", "ngo", priority="P1")
    run.send("social-services", "service.capacity-reported", "police", "immigration", priority="P1")
    run.send("social-services", "data.duty-raised", "police", "ngo")


def _of_control(run: Run) -> None:
    """Send what is for everybody, and what nodes tell each other."""
    others = [role for role in run.nodes if role not in {"immigration", "task-force"}]
    run.send("immigration", "outreach.published", *others, "task-force")
    run.send("task-force", "stats.published", *others, "immigration")
    run.send("social-services", "feedback.received", "immigration", "task-force", said={"about": "immigration"})
    for name in ("receipt-given", "heartbeat-sent", "keys-changed"):
        run.send("police", f"control.{name}", "immigration")
    for name in ("policy-changed", "participant-changed"):
        run.send("task-force", f"control.{name}", "police")


def _native(run: Run) -> None:
    """Drop planted native records, and others that are refused."""
    words = [marker() for _ in range(12)]
    run.words |= set(words)
    case = (SAMPLES / "04_emp_row.csv").read_text()
    row = case.replace("TERLAPOR-1 (lidik)", words[0]).replace("POLDA BENGKULU", f"POLDA {words[1]}")
    run.drop("police", "perkara.csv", row.encode())
    run.drop("police", "salah.csv", row.replace("PENYELIDIKAN", words[2]).replace("17.09.03", words[3]).encode())
    run.drop("police", f"{words[4]}.csv", f"NO_LP,{words[5]}\n{words[6]}\n".encode())
    tip = orjson.loads((SAMPLES / "01_tip_web.json").read_bytes())
    tip |= {"tiket": f"BT-{words[7][2:6]}-{words[7][6:10]}", "lokasi_teks": words[8], "apa": words[9]}
    run.drop("social-services", "laporan.json", orjson.dumps([tip, {**tip, words[10]: words[11]}]))


def places_of(needles: Iterable[str], files: Iterable[Path]) -> list[str]:
    """Return where which of the words stands, in any form."""
    wanted = {form: one for one in needles for form in forms(one)}
    found = []
    for file in files:
        content = file.read_bytes()
        found += [f"{file.name}: {one}" for form, one in wanted.items() if form in content]
    return found


def of_nodes(run: Run) -> list[Path]:
    """Return all files of all nodes but the keys and what the adapters took and delivered in clear."""
    clear = {"drop", "delivered", "keys"}
    found = []
    for node in run.nodes.values():
        inside = [path for path in node.folder.rglob("*") if path.is_file()]
        found += [path for path in inside if not clear & set(path.relative_to(node.folder).parts)]
    return found


def of_kafka(run: Run) -> list[Path]:
    """Return Kafka's own logs and every segment with records."""
    folder = run.exchange.kafka.folder
    if folder is None:
        pytest.skip("NOT TESTED: this Kafka's files are not here")
    return [*folder.rglob("*.log"), *folder.rglob("kafka.out")]


def test_it_is_there_to_be_found(run: Run) -> None:
    """The search does find what lies in clear: the markers stand in the adapters' own folders and open in the inbox."""
    delivered = [path for node in run.nodes.values() for path in node.folder.glob("delivered/*") if path.is_file()]
    assert len(places_of(run.words, delivered)) > 20
    assert len(run.words) > 80
    shown = simpul("tail", "--node", run.nodes["police"].folder, "--json")
    assert [word for word in run.words if word in shown.out]


def test_outputs_and_logs_of_nodes(run: Run) -> None:
    """Nothing planted, no event's id and no case stands in what the nodes have printed, with the log level at debug."""
    files = [path for node in run.nodes.values() for path in node.outputs()]
    assert any(b"adapter-progress" in path.read_bytes() for path in files)
    assert places_of({*run.words, *run.cases}, files) == []


def test_stores_of_nodes(run: Run) -> None:
    """Nothing planted, no event's id, no case and no true type stands in a database's pages or any other file."""
    files = of_nodes(run)
    assert {"outbox.db", "inbox.db", "keys.db"} <= {path.name for path in files}
    assert places_of(run.words, files) == []
    assert places_of(run.cases, files) == []
    assert places_of(run.events, files) == []
    stores = [path for path in files if path.parent.name == "store"]
    assert places_of(types(), stores) == []


def test_kafka_files(run: Run) -> None:
    """Nothing planted, no event's id and no case stands in Kafka's logs or in its segments."""
    files = of_kafka(run)
    assert len(files) > 20
    assert places_of({*run.words, *run.cases, *run.events}, files) == []


def test_kafka_records(run: Run) -> None:
    """A record says nothing of true type, event, or who else is told: only its source stands in it."""
    names = {node.id for node in run.nodes.values()}
    records = [
        one for one in run.exchange.records() if any(f":{name}".encode() in str(one.headers).encode() for name in names)
    ]
    assert len(records) > 20
    for record in records:
        headers = b"\n".join(name.encode() + b"=" + (value or b"") for name, value in record.headers)
        whole = headers + (record.key or b"") + (record.value or b"")
        for event in run.events:
            assert event.encode() not in whole
            assert bytes.fromhex(event.replace("-", "")) not in whole
        for name in types():
            assert name.encode() not in whole
        source = dict(record.headers)["ce_source"] or b""
        others = {name for name in names if not source.endswith(name.encode()) and name not in record.topic}
        assert not [name for name in others if name.encode() in whole]


def test_raw_ids_in_stores(run: Run) -> None:
    """Neither do the sixteen bytes of an event's id stand in a page."""
    for path in of_nodes(run):
        content = path.read_bytes()
        for event in run.events:
            assert bytes.fromhex(event.replace("-", "")) not in content, path.name


def test_rejected_files_tell_no_value(run: Run) -> None:
    """What is written beside a file that was refused names rows, fields and codes, none of its values."""
    rejects = [path for node in run.nodes.values() for path in node.folder.rglob("*.rejects.csv")]
    assert len(rejects) >= 3
    told = b"".join(path.read_bytes() for path in rejects)
    names = {path.name.partition(".")[0] for path in rejects}
    assert not [word for word in run.words - names if word.encode() in told]


@pytest.mark.parametrize("type_name", types())
def test_refused_drafts_tell_no_value(run: Run, type_name: str) -> None:
    """A draft that is refused for one field gives none of its fields away, in either language or as JSON."""
    body = planted(type_name).body
    body = {**body, "priority": marker(), marker(): marker(), "audience": marker()}
    words = _words(body)
    for flags, language in ((["--json"], "id"), ([], "en")):
        told = simpul_here(
            "send", "-", "--node", run.nodes["police"].folder, *flags, stdin=orjson.dumps(body), SIMPUL_LANG=language
        )
        assert told.code == 3
        assert not [word for word in words if word in told.out + told.err]


def test_broken_drafts_tell_no_value(run: Run) -> None:
    """What is no JSON, or no draft at all, is refused without being repeated; so is a draft for whom no rule speaks."""
    word = marker()
    node = run.nodes["police"].folder
    for stdin in (word.encode(), f'{{"{word}": '.encode(), f'["{word}"]'.encode(), b"\xff" + word.encode(), b""):
        told = simpul_here("send", "-", "--node", node, stdin=stdin)
        assert told.code == 3
        assert word not in told.out + told.err
    body = {**planted("id.simpul.consent.changed.v1").body, "audience": "role:social-services"}
    told = simpul_here("send", "-", "--node", node, stdin=orjson.dumps(body))
    assert told.code == 3
    assert not [one for one in _words(body) if one in told.out + told.err]


def _words(value: Any) -> set[str]:
    if isinstance(value, dict):
        return {one for pair in value.items() for part in pair for one in _words(part)}
    if isinstance(value, list):
        return {one for part in value for one in _words(part)}
    return {value} if isinstance(value, str) and value.startswith(("ZQ", "+6289")) else set()
