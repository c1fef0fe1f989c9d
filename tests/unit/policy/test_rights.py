"""Every type, sender, recipient and circumstance: `clear`, `admit` and `explain` say what the table says."""

from __future__ import annotations

from importlib import resources
from itertools import product

import orjson
import pytest

from broker.errors import ForbiddenError
from broker.names import COVER, AgencyId, PartName, area_topic, mail_topic
from broker.policy import admit, clear, explain
from broker.stages import Checked, Cleared, ClearedPart, Copy
from schemas.envelope import NEVER_MENTIONED
from tests.unit.policy.arrivals import opened
from tests.unit.policy.asking import shown
from tests.unit.policy.federations import ROLES, rules
from tests.unit.policy.rights import (
    OPERATOR,
    READERS,
    ROWS,
    SCENES,
    SENDERS,
    TOPICS,
    Scene,
    causes_of,
    changes_of,
    opens_for,
)
from tests.unit.validation.bodies import NUMBERS, checked

TWINS = {AgencyId(f"{agency}-2"): role for agency, role in ROLES.items()}
"""A second agency of each role: an agency never sends to itself, and one of its own role may be its reader."""

RULES = rules({**ROLES, **TWINS})
PAIRS = list(product(ROLES, TWINS))
VICTIM_SIDE = ["E01", "E02", "E09", "E10", "E10T", "E15", "E16", "E17", "E18", "E19", "E20", "E21"]


def _number(row: str) -> str:
    return row.removesuffix("-ack")


def _played(row: str, scene: Scene, source: AgencyId, reader: AgencyId, audience: str) -> Checked:
    return checked(_number(row), source, audience=audience, **changes_of(row, scene, reader))


def _sent_anyway(event: Checked, reader: AgencyId, parts: set[str]) -> Cleared:
    """What a source seals that asks no agreement: some parts, the others withheld, into a mailbox."""
    names = [name for name in event.compartments if name in parts]
    withheld = [name for name in event.compartments if name not in {*parts, *NEVER_MENTIONED}]
    data: dict[str, object] = {"open": orjson.Fragment(event.open_json), "parts": names}
    if withheld:
        data["withheld"] = dict.fromkeys(withheld, "withheld.agreement")
    cover = orjson.dumps({**event.attributes, "audience": reader, "data": data})
    sealed = [(PartName(COVER), cover), *((name, event.compartments[name]) for name in names)]
    own = frozenset({reader})
    copy = Copy(
        topic=mail_topic(event.source, reader),
        audience=(reader,),
        parts=tuple(ClearedPart(name=name, content=content, readers=own) for name, content in sealed),
    )
    return Cleared(event_id=event.event_id, source=event.source, erasure_unit=event.erasure_unit, copies=(copy,))


CASES = [
    pytest.param(row, scene, id=f"{row}: {', '.join(sorted(scene.words)) or 'nothing in particular'}")
    for row in ROWS
    for scene in SCENES.get(row, [Scene()])
]


@pytest.mark.parametrize(("row", "scene"), CASES)
@pytest.mark.parametrize("by_name", [True, False], ids=["named", "by role"])
def test_sender_lets_go_exactly_what_the_table_says(row: str, scene: Scene, by_name: bool) -> None:  # noqa: FBT001
    """For each pair of roles: those parts or none, and `explain` says the same without sending."""
    words = scene.words | ({"named"} if by_name else frozenset())
    for source, reader in PAIRS:
        sender, role = ROLES[source], TWINS[reader]
        event = _played(row, scene, source, reader, reader if by_name else f"role:{role}")
        causes = causes_of(row, scene, source, reader)
        opens = opens_for(row, sender, role, words, sending=True)
        try:
            found = shown(clear(event, RULES, causes)).get(reader)
        except ForbiddenError:
            found = None
        said = explain(event, reader, RULES, causes)
        expected = None if opens is None else opens & event.compartments.keys()
        assert found == expected, f"{row}: {sender} to {role}"
        assert said.allowed is (opens is not None), f"{row}: {sender} to {role}"
        assert said.compartments == (opens or frozenset())


@pytest.mark.parametrize(("row", "scene"), CASES)
def test_recipient_lets_in_exactly_what_the_table_says(row: str, scene: Scene) -> None:
    """Of a source that asks nobody: those parts and none beyond, whatever the sender alone could have judged."""
    for source, reader in PAIRS:
        sender, role = ROLES[source], TWINS[reader]
        event = _played(row, scene, source, reader, reader)
        causes = causes_of(row, scene, source, reader)
        opens = opens_for(row, sender, role, scene.words, sending=False)
        every = set(map(str, event.compartments))
        for parts in (every, every & (opens or set())):
            if "narrative" not in parts and row in {"E15", "E19"} and "may know" not in scene.words:
                continue  # who is kept away is said there: the cover alone is judged without it
            arrived = opened(_sent_anyway(event, reader, parts), reader)
            try:
                admit(arrived, RULES, reader=reader, causes=causes)
            except ForbiddenError:
                assert opens is None or not parts <= opens, f"{row}: {sender} to {role}"
            else:
                assert opens is not None, f"{row}: {sender} to {role}"
                assert parts <= opens, f"{row}: {sender} to {role}"


ALONE = [number for number in NUMBERS if number not in ("E02", "E08", "E14", "E17")]
"""Types whose example neither answers nor names an event, which a node would have to know."""


@pytest.mark.parametrize("number", ALONE)
def test_example_may_be_sent_as_it_stands(number: str) -> None:
    """The catalogue's examples and the agreements speak of one exchange: everybody in the audience is told."""
    example = resources.files("schemas") / "examples" / f"{NUMBERS[number]}.json"
    source = orjson.loads(example.read_bytes())["source"].rpartition(":")[2]
    assert clear(checked(number, source), rules(), {}).left_out == ()


def test_every_type_has_its_row() -> None:
    """What the catalogue has, the table has; nothing else."""
    assert {_number(row) for row in ROWS} == NUMBERS.keys()


def test_operator_has_its_part_in_control_alone() -> None:
    """The operator of the exchange sends and receives nothing that is about people."""
    for row in ROWS:
        sides = (*SENDERS[row], *READERS[row])
        control = row.startswith("C") or row == "E08"
        assert any(OPERATOR in one.roles for one in sides) is control, row


def test_counter_terrorism_never_has_a_victim_side_type() -> None:
    """Neither as sender nor as recipient, on any condition."""
    for row in VICTIM_SIDE:
        assert all("counter-terrorism" not in one.roles for one in (*SENDERS[row], *READERS[row])), row


@pytest.mark.parametrize("row", TOPICS)
def test_topic_is_for_all_of_its_readers_together(row: str) -> None:
    """One copy on the topic if all its readers are in the audience; mailboxes if one of them is missing."""
    area, ours = TOPICS[row], rules()
    source = next(agency for agency, role in ROLES.items() if any(role in one.roles for one in SENDERS[row]))
    readers = sorted(ours.topic_readers(area, source))
    event = checked(row, source, audience=" ".join(readers))
    assert [(copy.topic, copy.audience) for copy in clear(event, ours, {}).copies] == [
        (area_topic(area), tuple(readers))
    ]
    fewer = clear(checked(row, source, audience=" ".join(readers[1:])), ours, {})
    assert [copy.topic for copy in fewer.copies] == [mail_topic(source, reader) for reader in readers[1:]]
