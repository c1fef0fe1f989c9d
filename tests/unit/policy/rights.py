"""Who may send what to whom, written a second time by hand: it must say what `agreements.toml` says, and no more.

One row an agreement, as people speak of it: who sends, then for whom what opens. What stands in brackets must hold, and
a dagger marks what the sender alone can judge; a `Scene` plays each word. `open` means the open part alone, and `all`
are all roles but the operator.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from broker.names import AgencyId, EventId
from broker.ports import Cause
from tests.unit.policy.federations import CAUSE_ID, ROLES, SUBJECT
from tests.unit.validation.bodies import NUMBERS

ROLE_NAMES: Final = frozenset(ROLES.values())
OPERATOR: Final = "operator"

_TABLE: Final = """
E01 | social-services, immigration, ngo | police, social-services, migrant-workers, immigration, ngo: narrative
E02 | social-services, immigration, ngo [own]; police, social-services, migrant-workers, immigration, ngo [received†]
    | social-services, immigration, ngo [asked]: narrative;
      police, social-services, migrant-workers, immigration, ngo [routed]: narrative
E03 | immigration | police: identity, narrative; migrant-workers [deferred]: identity;
      counter-terrorism [terror]: identity, narrative
E04 | immigration, police, ngo | immigration, police: identity, narrative
E05 | immigration | migrant-workers, manpower: identity, narrative; police [coached]: identity, narrative
E06 | police | immigration, police: identity, narrative
E07 | police, immigration; social-services [child]
    | police, immigration, migrant-workers: narrative, place; social-services [child]: narrative, place;
      counter-terrorism [terror]: narrative; ngo [shelter, named†]: narrative
E07-ack | police, immigration, migrant-workers, social-services, counter-terrorism, ngo [received]
    | police, immigration, social-services [asked]: narrative
E08 | any [received] | any [asked]: open
E09 | ngo, social-services, immigration, police
    | social-services: identity, narrative; police [vital]: narrative; police [consent, named†]: narrative
E10 | police, social-services, ngo
    | social-services, witness-protection, migrant-workers: identity, narrative; ngo [named†]: narrative
E10T | police, social-services, ngo | immigration: identity
E11 | police | witness-protection: narrative; social-services, immigration, task-force: open;
      counter-terrorism [terror]: open
E12 | police | witness-protection: narrative; social-services: open; ngo [named†]: open
E13 | counter-terrorism, police, immigration | counter-terrorism, police, immigration: network
E14 | police, task-force | all [linked†]: narrative
E15 | ngo, social-services, witness-protection
    | social-services, ngo, witness-protection, migrant-workers, social-affairs [may know]: identity, narrative;
      police [may know]: identity
E16 | immigration, police, ngo, social-services, witness-protection
    | social-services, ngo, witness-protection, migrant-workers, social-affairs [named†]:
      identity, narrative, place, safe_contact
E17 | social-services, ngo, witness-protection, migrant-workers, social-affairs [received]
    | immigration, police [asked]: open; social-services, ngo, witness-protection [asked]: narrative
E18 | social-services, ngo, witness-protection, social-affairs
    | social-services, ngo, witness-protection [named†]: narrative, health
E19 | ngo, social-services, witness-protection
    | social-services, witness-protection, police-ppa [may know]: narrative, place
E20 | ngo, social-affairs, social-services | social-services, ngo, witness-protection [named†]: narrative
E21 | social-services, ngo, social-affairs | immigration, police, ngo, social-services, witness-protection: open
E22 | all | all: open
E23 | social-services, ngo, immigration
    | task-force: narrative; police [of police, named†]: narrative;
      immigration [of immigration, named†]: narrative; immigration [of a hotline, named†]: narrative;
      social-services, ngo, witness-protection, migrant-workers, social-affairs, manpower [named†]: narrative
E24 | all | all: open
E25 | all | all [named†]: narrative
C01 | any | any [named†]: open
C02 | any | any [named†]: open
C03 | any | any [named†]: open
C04 | operator, task-force | any: open
C05 | operator, task-force | any: open
"""
TOPICS: Final = {"E07": "alert", "E13": "intel", "E22": "outreach", "E24": "outreach"}
"""Types that may go onto their area's topic, when all its readers are in the audience."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Right:
    """Some roles, what must hold, and what opens."""

    roles: frozenset[str]
    words: frozenset[str]
    daggers: frozenset[str]
    """Words that the sender alone can judge."""
    opens: frozenset[str] = frozenset()

    def holds(self, role: str, words: frozenset[str], *, sending: bool) -> bool:
        """Say whether it is a role's right in a scene, as the sender or as the recipient judges."""
        return role in self.roles and words >= (self.words | self.daggers if sending else self.words)


def _read(side: str) -> tuple[Right, ...]:
    return tuple(_right(row) for row in side.split(";"))


def _right(row: str) -> Right:
    who, _, opens = row.partition(":")
    names, _, words = who.partition("[")
    roles = frozenset(name.strip() for name in names.split(","))
    if roles in ({"all"}, {"any"}):
        roles = ROLE_NAMES - ({OPERATOR} if "all" in roles else set())
    said = [word.strip() for word in words.strip(" ]").split(",") if word]
    return Right(
        roles=roles,
        words=frozenset(word for word in said if not word.endswith("†")),
        daggers=frozenset(word.rstrip("†") for word in said if word.endswith("†")),
        opens=frozenset(part.strip() for part in opens.split(",")) - {"open", ""},
    )


_ROWS: Final = [row.split("|") for row in _TABLE.replace("\n ", " ").strip().split("\n")]
ROWS: Final = [number.strip() for number, _, _ in _ROWS]
SENDERS: Final = {number.strip(): _read(senders) for number, senders, _ in _ROWS}
READERS: Final = {number.strip(): _read(readers) for number, _, readers in _ROWS}


def opens_for(number: str, sender: str, reader: str, words: frozenset[str], *, sending: bool) -> frozenset[str] | None:
    """Return what a role may open of an event of another, in a scene; None where it may not have the event."""
    if not any(one.holds(sender, words, sending=sending) for one in SENDERS[number]):
        return None
    rights = [one.opens for one in READERS[number] if one.holds(reader, words, sending=sending)]
    return frozenset().union(*rights) if rights else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Circumstances of one event from one agency to another. In `changes`, READER stands for the latter."""

    words: frozenset[str] = frozenset()
    changes: Mapping[str, Any] = field(default_factory=dict)
    cause: tuple[str, str] | None = None
    """Who sent the event CAUSE_ID, and who received it."""


READER: Final = "the reader"
SOURCE: Final = "the source"
OTHER: Final = AgencyId("somebody-else")

_ANSWERS: Final = {"E02": "E01", "E07-ack": "E07", "E08": "E11", "E17": "E16"}
_ACK: Final = {
    "data__open__msgType": "Ack",
    "data__open__references": [CAUSE_ID],
    "data__narrative": {"ackBy": "ngo", "ackState": "received"},
}


def _scene(*words: str, cause: tuple[str, str] | None = None, **changes: Any) -> Scene:
    return Scene(words=frozenset(words), changes=changes, cause=cause)


def _answers(**changes: Any) -> list[Scene]:
    return [
        _scene("asked", "received", cause=(READER, SOURCE), **changes),
        _scene("asked", cause=(READER, OTHER), **changes),
        _scene("received", cause=(OTHER, SOURCE), **changes),
    ]


SCENES: Final[Mapping[str, list[Scene]]] = {
    "E02": [
        *_answers(data__open__routedTo=[]),
        _scene("received", "routed", cause=(OTHER, SOURCE), data__open__routedTo=[READER]),
        _scene("own", "routed", cause=(SOURCE, OTHER), data__open__routedTo=[READER]),
        _scene("routed", cause=(OTHER, OTHER), data__open__routedTo=[READER]),
    ],
    "E03": [
        _scene(data__open__decision="admitted", data__open__nexus="document_fraud"),
        _scene("deferred", data__open__decision="refused", data__open__nexus="none"),
        _scene("terror", data__open__decision="admitted", data__open__nexus="terror"),
    ],
    "E05": [
        _scene(data__open__reasonCode="no_recommendation"),
        _scene("coached", "by a third party", data__open__reasonCode="third_party_coaching"),
        _scene("coached", data__open__reasonCode="document_doubt"),
    ],
    "E07": [
        _scene(data__open__mayInvolveChild=False),
        _scene("child", data__open__mayInvolveChild=True),
        _scene("terror", data__open__mayInvolveChild=False, data__open__nexus="terror"),
        _scene("shelter", data__open__mayInvolveChild=False, data__open__eventCode="SHELTER_THREAT"),
    ],
    "E07-ack": _answers(**_ACK),
    "E08": _answers(data__open__forEvent=CAUSE_ID),
    "E09": [_scene(basis="pdp20-2-e"), _scene("consent", basis="pdp20-2-a"), _scene("vital", basis="pdp20-2-d")],
    "E11": [_scene(data__open__nexus="none"), _scene("terror", data__open__nexus="terror")],
    "E14": [
        _scene(data__open__events=[CAUSE_ID]),
        _scene("known", data__open__events=[CAUSE_ID], cause=(OTHER, READER)),
        _scene("linked", data__open__events=[CAUSE_ID], cause=(READER, SOURCE)),
    ],
    "E15": [
        _scene("may know", data__narrative__withheldFrom=[]),
        _scene(data__narrative__withheldFrom=[{"who": READER, "reason": "fear_of_harm"}]),
    ],
    "E17": _answers(),
    "E19": [
        _scene("may know", data__narrative__whoMustNotKnow=[]),
        _scene(data__narrative__whoMustNotKnow=[{"agency": READER}]),
        _scene("accused", data__narrative__riskType="official_complicity", data__narrative__accused=[READER]),
    ],
    "E23": [
        _scene("of police", data__open__about="police"),
        _scene("of immigration", data__open__about="immigration"),
        _scene("of a hotline", data__open__about="hotline"),
        _scene("of a referral", data__open__about="referral"),
    ],
}
"""The scenes of each row; a row without conditions has one."""


def changes_of(number: str, scene: Scene, reader: AgencyId) -> dict[str, Any]:
    """Return what makes an example the event of a scene."""
    changes = {name: _for(value, reader) for name, value in scene.changes.items()}
    if number in _ANSWERS:
        changes |= {"causationid": CAUSE_ID, "subject": SUBJECT}
    return changes


def _for(value: Any, reader: AgencyId) -> Any:
    if isinstance(value, dict):
        return {name: _for(inner, reader) for name, inner in value.items()}
    if isinstance(value, list):
        return [_for(inner, reader) for inner in value]
    return reader if value == READER else value


def causes_of(number: str, scene: Scene, source: AgencyId, reader: AgencyId) -> dict[EventId, Cause]:
    """Return what both nodes know of the event that a scene's event answers or names."""
    if scene.cause is None:
        return {}
    who = {SOURCE: source, READER: reader}
    sender, receiver = (who.get(name, AgencyId(name)) for name in scene.cause)
    kind = NUMBERS[_ANSWERS.get(number, "E01")]
    known = Cause(event_id=CAUSE_ID, type=kind, source=sender, subject=SUBJECT, audience=frozenset({receiver}))
    return {CAUSE_ID: known}
