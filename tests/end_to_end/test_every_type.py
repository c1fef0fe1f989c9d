"""Every type of the catalogue goes over a real Kafka: from a role that may send it, to those who may have it.

One table, written from the agreements as people agreed them and not from the file that the nodes read. What each node
holds at the end is compared with it as a whole, so that nobody has anything that the table does not give.
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import pytest

from broker.kafka import jars
from broker.kafka.running import Running
from broker.names import EventId, area_topic, mail_topic
from broker.ports import Delivery
from schemas.catalogue import KINDS, EventKind
from tests.commands import until
from tests.nodes import Exchange, Node

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.slow,
    pytest.mark.skipif(jars.find_java() is None, reason="NOT TESTED: no Java, so no real Kafka"),
    pytest.mark.timeout(240),
]

AGENCIES = {
    "police": "polres-bengkulu-tengah",
    "immigration": "imigrasi-bengkulu",
    "counter-terrorism": "bnpt",
    "social-services": "uptd-ppa-bengkulu-tengah",
    "ngo": "yayasan-contoh",
    "witness-protection": "lpsk",
    "migrant-workers": "bp3mi-bengkulu",
    "task-force": "gugus-tugas-tppo",
    "police-ppa": "unit-ppa",
    "manpower": "disnaker",
    "social-affairs": "dinsos",
    "operator": "operator",
}
"""Role to the id that the shipped examples use for an agency of it."""

ALL = [role for role in AGENCIES if role != "operator"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What the agreements say of one type: who sends it, who opens which parts of it, who may not send it."""

    number: str
    sender: str
    readers: dict[str, str]
    """Role to the compartments that it opens; empty where it sees the open part alone."""
    forbidden: str | None
    """A role that may not send it; none where every role may."""
    code: str = "forbidden.sender"
    """How that role is refused."""
    topic: str | None = None
    """The area on whose topic it goes; by mailbox alone if none."""
    answers: str | None = None
    """The number of the type that it answers."""
    changes: tuple[tuple[str, Any], ...] = ()
    """What differs from the shipped example; paths with dots."""


def everybody(sender: str) -> dict[str, str]:
    """Return that everybody but the sender and the operator sees the open part."""
    return {role: "" for role in ALL if role != sender}


TABLE = (
    Row(
        number="E01",
        sender="social-services",
        readers={"police": "narrative", "migrant-workers": "narrative", "immigration": "narrative", "ngo": "narrative"},
        forbidden="police",
    ),
    Row(
        number="E02",
        sender="police",
        readers={"social-services": "narrative", "migrant-workers": "narrative"},
        answers="E01",
        changes=(("data.open.routedTo", ["bp3mi-bengkulu"]),),
        forbidden="counter-terrorism",
    ),
    Row(
        number="E03",
        sender="immigration",
        readers={"police": "identity narrative", "migrant-workers": "identity"},
        forbidden="police",
    ),
    Row(
        number="E04",
        sender="immigration",
        readers={"police": "identity narrative"},
        forbidden="social-services",
    ),
    Row(
        number="E05",
        sender="immigration",
        readers={
            "migrant-workers": "identity narrative",
            "manpower": "identity narrative",
            "police": "identity narrative",
        },
        changes=(("data.open.reasonCode", "document_doubt"),),
        forbidden="police",
    ),
    Row(number="E06", sender="police", readers={"immigration": "identity narrative"}, forbidden="immigration"),
    Row(
        number="E07",
        sender="police",
        readers={
            "immigration": "narrative place",
            "migrant-workers": "narrative place",
            "social-services": "narrative place",
        },
        topic="alert",
        changes=(("data.open.mayInvolveChild", True), ("data.open.nexus", "none")),
        forbidden="ngo",
    ),
    Row(
        number="E08",
        sender="police",
        readers={"immigration": ""},
        answers="E03",
        forbidden="ngo",
        code="forbidden.cause-unknown",
    ),
    Row(
        number="E09",
        sender="ngo",
        readers={"social-services": "identity narrative", "police": "narrative"},
        changes=(("basis", "pdp20-2-d"),),
        forbidden="counter-terrorism",
    ),
    Row(
        number="E10",
        sender="police",
        readers={
            "social-services": "identity narrative",
            "witness-protection": "identity narrative",
            "migrant-workers": "identity narrative",
            "ngo": "narrative",
        },
        forbidden="immigration",
    ),
    Row(
        number="E11",
        sender="police",
        readers={"witness-protection": "narrative", "social-services": "", "immigration": "", "task-force": ""},
        forbidden="immigration",
    ),
    Row(
        number="E12",
        sender="police",
        readers={"witness-protection": "narrative", "social-services": "", "ngo": ""},
        forbidden="immigration",
    ),
    Row(
        number="E13",
        sender="counter-terrorism",
        readers={"police": "network", "immigration": "network"},
        topic="intel",
        forbidden="social-services",
    ),
    Row(
        number="E14",
        sender="police",
        readers={"immigration": "narrative", "counter-terrorism": "narrative"},
        changes=(("data.open.events", ["@E03", "@E13"]),),
        forbidden="immigration",
    ),
    Row(
        number="E15",
        sender="ngo",
        readers={
            "social-services": "identity narrative",
            "witness-protection": "identity narrative",
            "migrant-workers": "identity narrative",
            "social-affairs": "identity narrative",
            "police": "identity",
        },
        forbidden="immigration",
    ),
    Row(
        number="E16",
        sender="immigration",
        readers={"social-services": "identity narrative place safe_contact"},
        forbidden="counter-terrorism",
    ),
    Row(
        number="E17",
        sender="social-services",
        readers={"immigration": ""},
        answers="E16",
        forbidden="ngo",
        code="forbidden.cause-unknown",
    ),
    Row(number="E18", sender="ngo", readers={"social-services": "narrative health"}, forbidden="police"),
    Row(
        number="E19",
        sender="ngo",
        readers={
            "social-services": "narrative place",
            "witness-protection": "narrative place",
            "police-ppa": "narrative place",
        },
        forbidden="police",
    ),
    Row(number="E20", sender="social-affairs", readers={"social-services": "narrative"}, forbidden="immigration"),
    Row(
        number="E21",
        sender="social-services",
        readers={"immigration": "", "police": "", "ngo": "", "witness-protection": ""},
        forbidden="police",
    ),
    Row(number="E22", sender="immigration", readers=everybody("immigration"), topic="outreach", forbidden="operator"),
    Row(
        number="E23",
        sender="ngo",
        readers={"task-force": "narrative", "immigration": "narrative"},
        changes=(("data.open.about", "immigration"),),
        forbidden="counter-terrorism",
    ),
    Row(number="E24", sender="task-force", readers=everybody("task-force"), topic="outreach", forbidden="operator"),
    Row(
        number="E25",
        sender="social-services",
        readers={"ngo": "narrative", "police": "narrative"},
        forbidden="operator",
    ),
    Row(number="C01", sender="police", readers={"immigration": ""}, forbidden=None),
    Row(number="C02", sender="ngo", readers={"social-services": ""}, forbidden=None),
    Row(number="C03", sender="immigration", readers={"police": ""}, forbidden=None),
    Row(number="C04", sender="task-force", readers={"police": "", "operator": ""}, forbidden="police"),
    Row(number="C05", sender="operator", readers={"police": "", "task-force": ""}, forbidden="police"),
)
TWIN = "E10T"
"""Not sent by itself: it goes beside E10, to immigration."""
TWIN_READERS = {"immigration": "identity"}


def kind(number: str) -> EventKind:
    """Find a type by its number."""
    return next(one for one in KINDS if one.number == number)


@pytest.fixture(scope="module")
def nodes(kafka: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Node]]:
    """Return a running node for each role."""
    if not kafka.durable:
        pytest.skip("NOT TESTED: the embedded server has no durability")
    exchange = Exchange(kafka, tmp_path_factory.mktemp("every-type"))
    try:
        found = dict(zip(AGENCIES, exchange.found(*((role, None) for role in AGENCIES)), strict=True))
        for node in found.values():
            node.start(ready=False)
        for node in found.values():
            until(lambda node=node: '"started"' in node.said(), 60, said=node.said)  # type: ignore[misc]
        yield found
    finally:
        exchange.close()


def body(row: Row, sender: str, nodes: dict[str, Node], sent: dict[str, str]) -> dict[str, Any]:
    """Return the shipped example of a type as a draft of this exchange, to those who may have it."""
    text = (files("schemas") / "examples" / f"{kind(row.number).type}.json").read_text()
    draft: dict[str, Any] = json.loads(text)
    for path, value in row.changes:
        *way, last = path.split(".")
        inner = draft
        for step in way:
            inner = inner[step]
        inner[last] = value
    del draft["source"]
    draft["id"] = f"{row.number}-{sender}"
    if "subject" in draft:
        draft["subject"] = f"case-of-{row.number}"
    if row.answers:
        draft["causationid"] = sent[row.answers]
        if row.number == "E08":
            draft["data"]["open"]["forEvent"] = sent[row.answers]
        cause = nodes[sender].store.reader.cause(EventId(sent[row.answers]))
        assert cause is not None
        draft["subject"] = cause.subject
        if cause.subject is None:
            del draft["subject"]
    draft["audience"] = " ".join(nodes[role].id for role in row.readers)
    written = json.dumps(draft)
    for role, name in AGENCIES.items():
        written = written.replace(f'"{name}"', f'"{nodes[role].id}"')
    for number, event_id in sent.items():
        written = written.replace(f'"@{number}"', f'"{event_id}"')
    whole: dict[str, Any] = json.loads(written)
    return whole


def judged_by(row: Row, sent: dict[str, str]) -> set[str]:
    """Return the events that must have come to the sender, since the agreements look at them."""
    named = {number for _, value in row.changes if isinstance(value, list) for number in value if number[0] == "@"}
    return {sent[number.removeprefix("@")] for number in {row.answers or "", *named} - {""}}


def opened_at(node: Node, numbers: dict[tuple[str, str], str]) -> dict[str, str] | None:
    """Return the parts that a node has opened, by the number of the type; None while a key is still to come."""
    found = {}
    for one in node.entries():
        assert isinstance(one, Delivery), one
        opened = one.event.opened
        if opened.missing:
            return None
        found[numbers[opened.source, opened.event_id]] = " ".join(opened.parts)
    return found


def test_the_table_is_the_catalogue() -> None:
    """The table names every type once, and nothing else."""
    assert [row.number for row in TABLE] + [TWIN] == sorted({one.number for one in KINDS}, key=_in_order)


def _in_order(number: str) -> tuple[bool, bool, str]:
    return number == TWIN, not number.startswith("E"), number


def test_who_may_send_what_and_who_opens_it(nodes: dict[str, Node]) -> None:
    """Each type is sent by a role that may: those of the table have it, with those parts open, and nobody else does.

    Each is tried by a role that may not, and refused there with its code.
    """
    sent: dict[str, str] = {}
    numbers: dict[tuple[str, str], str] = {}
    expected: dict[str, dict[str, str]] = {role: {} for role in AGENCIES}
    for row in TABLE:
        sender = nodes[row.sender]
        until(lambda row=row, node=sender: judged_by(row, sent) <= {one for _, one in node.inbox()}, said=sender.said)  # type: ignore[misc]
        draft = body(row, row.sender, nodes, sent)
        (accepted,) = sender.accept(draft)
        assert accepted.refused is None, (row.number, accepted.refused)
        assert accepted.new, row.number
        assert accepted.event_id is not None
        sent[row.number] = accepted.event_id
        numbers[sender.id, accepted.event_id] = row.number
        for role, parts in row.readers.items():
            expected[role][row.number] = parts
        route = sender.store.outbox.find(accepted.event_id)
        assert route is not None
        topics = {topic for topic, _ in route.route.copies}
        area = area_topic(kind(row.number).area)
        assert (area in topics) is (row.topic is not None), (row.number, topics)
        assert topics <= {area} | {mail_topic(sender.id, nodes[role].id) for role in row.readers}, row.number
        if row.forbidden is not None:
            other = nodes[row.forbidden]
            hostile = body(row, row.sender, nodes, sent) | {"id": f"{row.number}-{row.forbidden}"}
            (result,) = other.accept(hostile)
            assert result.refused is not None, (row.number, row.forbidden)
            assert (row.number, result.refused.code) == (row.number, row.code)
    twin = sent_beside(nodes["police"], sent["E10"])
    numbers[nodes["police"].id, twin] = TWIN
    for role, parts in TWIN_READERS.items():
        expected[role][TWIN] = parts
    for role, wanted in expected.items():
        node = nodes[role]
        until(
            lambda node=node, wanted=wanted: (opened_at(node, numbers) or {}).keys() >= wanted.keys(),  # type: ignore[misc]
            60,
            said=lambda node=node, wanted=wanted: (node.id, wanted, opened_at(node, numbers), node.said()[-2000:]),  # type: ignore[misc]
        )
    until(lambda: all(node.all_published() for node in nodes.values()))
    assert {role: opened_at(nodes[role], numbers) for role in AGENCIES} == expected
    assert {role: nodes[role].quarantine() for role in AGENCIES if nodes[role].quarantine()} == {}
    for row in (*TABLE, Row(number=TWIN, sender="police", readers=TWIN_READERS, forbidden=None)):
        sys.stdout.write(told(row, {role: opened_at(nodes[role], numbers) or {} for role in AGENCIES}) + "\n")


def told(row: Row, found: dict[str, dict[str, str]]) -> str:
    """Say in a line who received and opened what, for whoever runs this with `-s`."""
    way = f"topic {row.topic} and mail" if row.topic else "mail"
    readers = [f"{role} ({parts[row.number] or 'open part'})" for role, parts in found.items() if row.number in parts]
    refused = f"; refused from {row.forbidden}: {row.code}" if row.forbidden else ""
    return f"{row.number:<4} {row.sender} -> {way}: {', '.join(readers)}{refused}"


def sent_beside(node: Node, event_id: str) -> str:
    """Return the reduced event that a node sent beside a full one."""
    (twin,) = [row for row in node.store.outbox.events(limit=100) if row.route.type == kind(TWIN).type]
    assert twin.event_id != event_id
    return twin.event_id
