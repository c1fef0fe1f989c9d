"""Section 5 of docs/wire.md: what can be told of a cover and a compartment without the catalogue.

Left to somebody who has the catalogue and the agreements: whether the type is published as `dataschema` says; the codes
of `purpose`, `basis`, `lawref`, `tlp`, `pap`, `priority`, `status`, `area` and of `withheld`; which attributes a type
needs; what stands in `open` and in a compartment. All that is refused with `invalid.cover` and
`invalid.compartment`, codes that this module raises only for what the page itself says. The rest of step 10 and all of
step 11 are out of its reach.
"""

import json
from typing import Any, NoReturn, TypeGuard

from tests.second_decoder.notation import AGENCY, SOURCE, UUID, RefusedError, matches, read_time
from tests.second_decoder.record import Topic

NAMES = ("identity", "narrative", "place", "network", "health", "docs", "safe_contact")
MOST_DEEP = 254
NEVER_WITHHELD = frozenset({"health", "safe_contact"})
STEPS_OF_15_MINUTES = frozenset(
    {"tip", "victim", "consent", "referral", "service", "safety", "reintegration", "screening"}
)
CODED = ("purpose", "basis", "lawref", "tlp", "pap", "priority", "status")

REQUIRED = {
    "specversion": "1[.]0",
    "id": UUID,
    "source": SOURCE,
    "datacontenttype": "application/json",
    "dataschema": "urn:simpul:schema:sha256:[0-9a-f]{64}",
    "audience": f"{AGENCY}(?: {AGENCY})*",
}
TYPES = {
    "id.simpul.tip.received.v1": {"narrative", "safe_contact"},
    "id.simpul.tip.triaged.v1": {"narrative"},
    "id.simpul.border.crossing-flagged.v1": {"identity", "narrative"},
    "id.simpul.traveldoc.status-reported.v1": {"identity", "narrative"},
    "id.simpul.passport.application-deferred.v1": {"identity", "narrative"},
    "id.simpul.watch.requested.v1": {"identity", "narrative"},
    "id.simpul.alert.issued.v1": {"narrative", "place"},
    "id.simpul.screening.completed.v1": {"identity", "narrative"},
    "id.simpul.victim.status-determined.v1": {"identity", "narrative"},
    "id.simpul.victim.protection-notified.v1": {"identity"},
    "id.simpul.case.registered.v1": {"narrative"},
    "id.simpul.case.progressed.v1": {"narrative"},
    "id.simpul.intel.bundle-shared.v1": {"network"},
    "id.simpul.linkage.detected.v1": {"narrative"},
    "id.simpul.consent.changed.v1": {"identity", "narrative"},
    "id.simpul.referral.requested.v1": {"identity", "narrative", "place", "safe_contact"},
    "id.simpul.referral.responded.v1": {"narrative"},
    "id.simpul.service.progressed.v1": {"narrative", "health"},
    "id.simpul.safety.risk-raised.v1": {"narrative", "place"},
    "id.simpul.reintegration.followed-up.v1": {"narrative"},
    "id.simpul.service.capacity-reported.v1": set(),
    "id.simpul.data.duty-raised.v1": {"narrative"},
    "id.simpul.participant.notice-served.v1": set(),
    "id.simpul.outreach.published.v1": set(),
    "id.simpul.feedback.received.v1": {"narrative"},
    "id.simpul.stats.published.v1": set(),
    "id.simpul.control.receipt-given.v1": set(),
    "id.simpul.control.heartbeat-sent.v1": set(),
    "id.simpul.control.keys-changed.v1": set(),
    "id.simpul.control.policy-changed.v1": set(),
    "id.simpul.control.participant-changed.v1": set(),
}
"""The compartments of each type."""

ANSWERS = frozenset(
    {
        "id.simpul.tip.triaged.v1",
        "id.simpul.participant.notice-served.v1",
        "id.simpul.referral.responded.v1",
    }
)
OPTIONAL = {
    "subject": f"urn:simpul:case:{UUID}",
    "notice": "idsecret-1",
    "correlationid": UUID,
    "causationid": UUID,
}


def read_json(content: bytes, code: str) -> dict[str, Any]:
    """Read a JSON object, not too deep, in which no member stands twice.

    Args:
        content: The content of a part.
        code: The code to refuse with.

    Returns:
        The JSON object, each text of which can be written in UTF-8.

    Raises:
        RefusedError: If it is none.
    """

    def build(members: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({name for name, _ in members}) != len(members):
            raise RefusedError(code)
        return dict(members)

    def refuse(_constant: str) -> NoReturn:
        raise RefusedError(code)

    try:
        read = json.loads(content.decode("utf-8"), object_pairs_hook=build, parse_constant=refuse)
        json.dumps(read, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError) as error:
        raise RefusedError(code) from error
    if not isinstance(read, dict) or measure_depth(read) > MOST_DEEP:
        raise RefusedError(code)
    return read


def measure_depth(value: Any) -> int:
    """Count how deep objects and arrays stand in each other: 0 for a text or a number, 1 for an empty object."""
    depth, level = 0, [value]
    while level := [inner for inner in level if isinstance(inner, dict | list)]:
        depth += 1
        level = [child for inner in level for child in (inner.values() if isinstance(inner, dict) else inner)]
    return depth


def read_cover(content: bytes, ce_source: str, topic: Topic, parts: int) -> list[str]:
    """Step 9, second half: the content is a cover that fits its record.

    Args:
        content: The content of the first Part.
        ce_source: The header.
        topic: The topic of the record.
        parts: How many Parts follow the first.

    Returns:
        The names of these Parts, in their order.

    Raises:
        RefusedError: `untrusted.cover` if source or list of parts does not fit the record, else `invalid.cover`.
    """
    cover = read_json(content, "invalid.cover")
    check_attributes(cover)
    if cover["source"] != ce_source:
        raise RefusedError("untrusted.cover")
    names = read_names(cover.get("data"), TYPES[cover["type"]])
    if len(names) != parts:
        raise RefusedError("untrusted.cover")
    if "notice" in cover and "identity" not in names:
        raise RefusedError("invalid.cover")
    if "identity" in names and "notice" not in cover:
        raise RefusedError("invalid.cover")
    check_withheld(cover["data"], names, topic)
    return names


def check_attributes(cover: dict[str, Any]) -> None:
    """Check the attributes against the table of section 5, but for the codes of the catalogue.

    Args:
        cover: The cover.

    Raises:
        RefusedError: `invalid.cover`.
    """
    code = "invalid.cover"
    if not set(cover) <= {*REQUIRED, *OPTIONAL, *CODED, "type", "time", "area", "expirytime", "data"}:
        raise RefusedError(code)
    for name, form in REQUIRED.items():
        if not is_text(cover.get(name)) or not matches(form, cover[name]):
            raise RefusedError(code)
    for name, form in OPTIONAL.items():
        if name in cover and not (is_text(cover[name]) and matches(form, cover[name])):
            raise RefusedError(code)
    if not all(is_text(cover.get(name)) for name in CODED):
        raise RefusedError(code)
    if not all(is_text(cover.get(name, "")) for name in ("area", "expirytime")):
        raise RefusedError(code)
    check_type(cover)
    audience = cover["audience"].split(" ")
    if audience != sorted(set(audience)):
        raise RefusedError(code)


def check_type(cover: dict[str, Any]) -> None:
    """Check that the type is known, and what depends on it: the steps of the time, and the cause of an answer.

    Args:
        cover: The cover.

    Raises:
        RefusedError: `invalid.cover`.
    """
    code = "invalid.cover"
    if not is_text(cover.get("type")) or not is_text(cover.get("time")) or cover["type"] not in TYPES:
        raise RefusedError(code)
    if cover["type"] in ANSWERS and "causationid" not in cover:
        raise RefusedError(code)
    time = read_time(cover["time"], code)
    word = cover["type"].split(".")[2]
    if word in STEPS_OF_15_MINUTES and (time.minute % 15, time.second) != (0, 0):
        raise RefusedError(code)


def read_names(event_data: Any, compartments: set[str]) -> list[str]:
    """Read the names of the Parts after the cover.

    Args:
        event_data: The `data` of the cover.
        compartments: Those of its type.

    Returns:
        The names, each a compartment's, in the order of section 5.

    Raises:
        RefusedError: `invalid.cover`.
    """
    code = "invalid.cover"
    if not isinstance(event_data, dict) or not {"open", "parts"} <= set(event_data) <= {"open", "parts", "withheld"}:
        raise RefusedError(code)
    names = event_data["parts"]
    if not isinstance(event_data["open"], dict) or not isinstance(names, list):
        raise RefusedError(code)
    if names != [name for name in NAMES if name in names and name in compartments]:
        raise RefusedError(code)
    return [str(name) for name in names]


def check_withheld(event_data: dict[str, Any], names: list[str], topic: Topic) -> None:
    """Check `withheld`, which stands on mailbox copies alone.

    Args:
        event_data: The `data` of the cover.
        names: The compartments that came.
        topic: The topic of the record.

    Raises:
        RefusedError: `invalid.cover`.
    """
    if "withheld" not in event_data:
        return
    withheld = event_data["withheld"]
    if topic.kind != "mail" or not isinstance(withheld, dict) or not withheld:
        raise RefusedError("invalid.cover")
    for name, why in withheld.items():
        if name not in NAMES or name in NEVER_WITHHELD or name in names or not is_text(why):
            raise RefusedError("invalid.cover")


def is_text(value: object) -> TypeGuard[str]:
    """Whether a JSON value is a string."""
    return isinstance(value, str)
