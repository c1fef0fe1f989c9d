"""The law's structure of a victim's status, and the little of it that immigration is told."""

import json
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as some

from schemas.victim import (
    DecidedBy,
    ExploitationType,
    Placement,
    ProtectionNotified,
    RecruitmentMethod,
    RelationshipToTrafficker,
    TraffickingStatus,
    VictimStatusDetermined,
)
from schemas.vocabulary import Act, ExploitationPurpose, Means
from tests.unit.schemas.samples import CASE, EVENT, GONE, changed, codes, cover, example, kind, refused

_POSSIBLE = {"data__open__traffickingStatus": "PossibleVictimOfTrafficking"}
_NOT = {"data__open__traffickingStatus": "NotAVictimOfTrafficking"}
_LEAST = {"data__narrative": {"isMinor": False}, "data__identity": {"personRef": "p-1"}}
_ADULT = {"data__narrative__isMinor": False}


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"data__narrative__means": []}, id="child, no means shown"),
        pytest.param(_ADULT, id="adult with all three elements"),
        pytest.param({**_POSSIBLE, **_LEAST}, id="possible victim, nothing shown yet"),
        pytest.param({**_NOT, **_LEAST}, id="no victim"),
        pytest.param({**_NOT, "data__narrative__placement": GONE}, id="no victim, no placement"),
        pytest.param(
            {"data__identity__docToken": GONE, "data__narrative__placement": GONE}, id="not known to immigration"
        ),
        pytest.param({"data__narrative__exploitationType": ["purpose.crime"]}, id="what HTCDS lacks"),
        pytest.param({"data__narrative__relationshipToTrafficker": "Unaquainted"}, id="misspelt as in HTCDS"),
    ],
)
def test_what_a_status_may_say(changes: dict[str, Any]) -> None:
    """Good variants pass."""
    assert refused("E10", **changes) == set()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"data__narrative__act": []}, "act_missing", id="no act"),
        pytest.param({"data__narrative__purpose": []}, "purpose_missing", id="no purpose"),
        pytest.param({**_ADULT, "data__narrative__means": []}, "means_missing", id="adult without means"),
        pytest.param({"data__narrative__placement": GONE}, "placement_missing", id="known, but placed nowhere"),
        pytest.param({"data__narrative__isMinor": GONE}, "missing", id="age left open"),
        pytest.param({"data__narrative__act": ["act.recruit", "act.recruit"]}, "repeats", id="one act twice"),
        pytest.param({"data__narrative__means": ["act.recruit"]}, "enum", id="act for a means"),
        pytest.param({"data__narrative__placement": "detention_house"}, "enum", id="detention house"),
        pytest.param({"data__narrative__placement": "Rumah Aman Contoh"}, "enum", id="name of a shelter"),
        pytest.param({"data__narrative__industry": "J_Information"}, "string_too_long", id="more than the letter"),
        pytest.param({"data__narrative__industry": "V"}, "string_pattern_mismatch", id="no section of ISIC"),
        pytest.param({"data__narrative__relationshipToTrafficker": "Unacquainted"}, "enum", id="spelt unlike HTCDS"),
        pytest.param({"data__open__traffickingStatus": "Possible"}, "enum", id="status in short"),
        pytest.param({"data__open__decidedByType": "Imigrasi"}, "enum", id="unknown decider"),
        pytest.param({"data__identity__docToken": "1709015403100000"}, "string_pattern_mismatch", id="NIK as token"),
        pytest.param(
            {"data__identity__docToken": {"alg": "oprf-v1", "keyEpoch": 1, "field": "passport", "value": "A" * 43}},
            "string_type",
            id="match token",
        ),
        pytest.param({"data__identity__person": {}}, "extra_forbidden", id="more than references"),
        pytest.param({"data__open__exploitationType": []}, "extra_forbidden", id="exploitation in the open part"),
    ],
)
def test_what_a_status_may_not_say(changes: dict[str, Any], expected: str) -> None:
    """Each broken rule is found, and named by its code."""
    assert expected in refused("E10", **changes)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"data__open__art86": False}, "literal_error", id="Art. 86 does not apply"),
        pytest.param({"data__open__art86": GONE}, "missing", id="Art. 86 not mentioned"),
        pytest.param({"data__open__traffickingStatus": "Possible"}, "extra_forbidden", id="status"),
        pytest.param({"data__open__place": "x"}, "extra_forbidden", id="place"),
        pytest.param({"data__open__placement": "Rumah Aman Contoh"}, "enum", id="name of a shelter"),
        pytest.param({"data__narrative": {"isMinor": True}}, "extra_forbidden", id="narrative"),
        pytest.param({"data__identity__personRef": "p-1"}, "extra_forbidden", id="reference of those who protect"),
        pytest.param({"data__identity__givenName": "SARI"}, "extra_forbidden", id="name"),
        pytest.param({"data__identity": GONE}, "missing", id="about nobody"),
    ],
)
def test_what_a_twin_may_not_say(changes: dict[str, Any], expected: str) -> None:
    """There is no field for more than it is for."""
    assert expected in refused("E10T", **changes)


@pytest.mark.parametrize(
    ("name", "value"), [("subject", CASE), ("area", "17.09"), ("correlationid", EVENT), ("causationid", EVENT)]
)
def test_the_envelope_of_a_twin_tells_nothing_more(name: str, value: str) -> None:
    """No case, place, cause or correlation: neither a draft of its own nor a cover may name one."""
    assert refused("E10T", **{name: value}) == {"twin_reduced"}
    assert codes(kind("E10T").cover, cover("E10T")) == set()
    assert codes(kind("E10T").cover, cover("E10T", **{name: value})) == {"twin_reduced"}


def _read(**changes: Any) -> VictimStatusDetermined:
    document = changed(example("E10"), **changes)
    data = kind("E10").draft.validate_json(json.dumps(document).encode()).data
    assert isinstance(data, VictimStatusDetermined)
    return data


def test_the_twin_of_the_example_is_the_example_of_the_twin() -> None:
    """What is shipped for people to read is what the function makes."""
    twin = _read().twin()
    assert isinstance(twin, ProtectionNotified)
    assert json.loads(twin.to_json()) == example("E10T")["data"]


@pytest.mark.parametrize(
    ("changes", "made"),
    [
        pytest.param({}, True, id="actual"),
        pytest.param(_POSSIBLE, True, id="possible"),
        pytest.param(_NOT, False, id="no victim"),
        pytest.param({"data__identity__docToken": GONE}, False, id="not known to immigration"),
        pytest.param({**_NOT, "data__narrative__placement": GONE}, False, id="no victim, no placement"),
    ],
)
def test_when_there_is_a_twin(changes: dict[str, Any], made: bool) -> None:  # noqa: FBT001 - a parameter of the table
    """Only for a possible or actual victim whom immigration itself has named."""
    assert (_read(**changes).twin() is not None) is made


def test_no_other_type_has_a_twin() -> None:
    """An alert has none, nor has the twin itself."""
    for number in ("E07", "E10T"):
        document = json.dumps(example(number)).encode()
        assert kind(number).draft.validate_json(document).data.twin() is None


def _some(codes: Any) -> some.SearchStrategy[list[Any]]:
    return some.lists(some.sampled_from([code.value for code in codes]), unique=True, min_size=1)


_REFERENCE = some.from_regex(r"[A-Za-z][A-Za-z0-9._-]{5,40}", fullmatch=True)
_FULL = some.fixed_dictionaries(
    {
        "open": some.fixed_dictionaries(
            {
                "traffickingStatus": some.sampled_from([status.value for status in TraffickingStatus]),
                "decidedByType": some.sampled_from([kind_of.value for kind_of in DecidedBy]),
            }
        ),
        "identity": some.fixed_dictionaries({"personRef": _REFERENCE}, optional={"docToken": _REFERENCE}),
        "narrative": some.fixed_dictionaries(
            {
                "isMinor": some.booleans(),
                "act": _some(Act),
                "means": _some(Means),
                "purpose": _some(ExploitationPurpose),
                "exploitationType": _some([one for one in ExploitationType if one is not ExploitationType.OTHER]),
                "methodOfRecruitment": _some([one for one in RecruitmentMethod if one is not RecruitmentMethod.OTHER]),
                "relationshipToTrafficker": some.sampled_from([one.value for one in RelationshipToTrafficker]),
                "countryOfExploitation": some.lists(some.sampled_from(["ID", "KH", "MM"]), unique=True),
                "appeal": some.text("0123456789 abcdefgh", min_size=12).filter(str.strip),
                "placement": some.sampled_from([one.value for one in Placement]),
            },
            optional={"industry": some.sampled_from("ABCDEFGHIJ")},
        ),
    }
)


def _strings(value: Any) -> set[str]:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return {value} if isinstance(value, str) else {text for one in inner for text in _strings(one)}


@given(full=_FULL)
def test_a_twin_can_hold_nothing_else(full: dict[str, Any]) -> None:
    """Of all that a full event says, its twin repeats the token, the placement and the kind of decider alone."""
    told = {full["identity"].get("docToken"), full["narrative"]["placement"], full["open"]["decidedByType"]}
    assume(full["identity"]["personRef"] not in told)
    twin = VictimStatusDetermined.model_validate_json(json.dumps(full)).twin()
    victim = full["open"]["traffickingStatus"] != "NotAVictimOfTrafficking"
    assert (twin is not None) is (victim and "docToken" in full["identity"])
    if twin is None:
        return
    written = json.loads(twin.to_json())
    assert _strings(written) == told
    assert _strings(full) & _strings(written) == told
    assert written == {
        "open": {
            "art86": True,
            "placement": full["narrative"]["placement"],
            "decidedBy": full["open"]["decidedByType"],
        },
        "identity": {"docToken": full["identity"]["docToken"]},
    }


def test_a_twin_has_room_for_nothing_else() -> None:
    """Three codes and a reference; whoever adds a field must come by here."""
    schema = ProtectionNotified.model_json_schema()
    fields = {(name, field) for name, model in schema["$defs"].items() for field in model.get("properties", ())}
    assert fields == {
        ("ProtectionNotifiedOpen", "art86"),
        ("ProtectionNotifiedOpen", "placement"),
        ("ProtectionNotifiedOpen", "decidedBy"),
        ("ProtectionNotifiedIdentity", "docToken"),
    }
    assert schema["properties"].keys() == {"open", "identity"}
