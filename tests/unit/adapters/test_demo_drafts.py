"""The officers' drafts of the demo are events, whether the scenario plays them yet or not."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from adapters.contract import Offer
from adapters.demo.scenario import Played, Samples, filled
from adapters.immigration import adapter as immigration
from adapters.ngo import adapter
from broker.names import AgencyId
from broker.stages import Draft, Origin
from broker.validation.drafts import check
from schemas import catalogue

if TYPE_CHECKING:
    from pathlib import Path

_FOLDER = resources.files("adapters.demo") / "samples"
_NATIVE = {"01_tip_web.json", "03_stix.json", "05_kobo.json"}
_DRAFTS = sorted(path.name for path in _FOLDER.iterdir() if path.name.endswith(".json") and path.name not in _NATIVE)
_PLAYED = {
    step: Played(
        event_id=f"5f1b1a0e-6f0e-8c56-9d39-0b2f6a3f{step:04}",
        subject=f"urn:simpul:case:5f1b1a0e-6f0e-8c56-9d39-0b2f6a3f{step:04}",
    )
    for step in range(1, 23)
}


def _draft(name: str) -> dict[str, Any]:
    document: dict[str, Any] = orjson.loads(filled(name, Samples().read(name), _PLAYED))
    return document


def test_the_folder_holds_drafts() -> None:
    """Drafts are found by what they are, so that a new one is tested too."""
    assert {"05_linkage.json", "06_alert.json", "17_safety.json", "20_withdrawn.json"} <= set(_DRAFTS)


@pytest.mark.parametrize("name", _DRAFTS)
def test_a_draft_is_an_exercise_that_the_catalogue_accepts(name: str) -> None:
    """With ids and cases of earlier steps filled in, every draft becomes an event of the node that sends it."""
    document = _draft(name)
    assert document["status"] == "Exercise"
    origin = Origin(system="test", record_id=name, revision="1")
    draft = Draft(body=orjson.dumps(document), origin=origin)
    checked = check(draft, source=AgencyId("yayasan-contoh"), secret=bytes(32))
    assert checked.kind is catalogue.find(document["type"])


def test_a_draft_refers_only_to_earlier_steps() -> None:
    """The step of a draft is the number with which its file begins."""
    for name in _DRAFTS:
        earlier = {step: played for step, played in _PLAYED.items() if step < int(name[:2])}
        assert filled(name, Samples().read(name), earlier) == filled(name, Samples().read(name), _PLAYED)


def test_the_survivor_of_three_steps_is_one_person(tmp_path: Path) -> None:
    """Consent, restitution and withdrawal name the person by the reference that the NGO's adapter gives."""
    settings = {"status": "Exercise", "scopes": "protection:social-services:identity"}
    (granted,) = adapter.source(tmp_path, settings).read("05_kobo.json", Samples().read("05_kobo.json")).mapped
    assert isinstance(granted, Offer)
    named = orjson.loads(granted.draft.body)["data"]["identity"]["personRef"]
    assert _draft("18_restitution.json")["data"]["identity"]["person"]["personRef"] == named
    assert _draft("20_withdrawn.json")["data"]["identity"]["personRef"] == named


def test_the_child_of_six_steps_is_one_person(tmp_path: Path) -> None:
    """Screening, referral and document name one traveller in one case; so do status, risk and immigration's twin."""
    screening, referral, document = (
        _draft(name) for name in ("10_screening_child.json", "11_referral.json", "16_document.json")
    )
    assert screening["subject"] == referral["subject"] == document["subject"]
    person = {"personRef": _crossing(tmp_path, "BKS-20260807-000231")}
    assert screening["data"]["identity"] == person
    assert referral["data"]["identity"]["person"].items() >= person.items()
    assert document["data"]["identity"]["holderRef"] == person["personRef"]
    status = _draft("15_status.json")
    assert status["subject"] == _PLAYED[11].subject
    assert status["data"]["identity"]["personRef"] == person["personRef"]
    assert _draft("17_safety.json")["data"]["narrative"]["about"] == person["personRef"]
    twin = catalogue.find(status["type"]).draft.validate_json(orjson.dumps(status)).data.twin()
    assert twin is not None
    assert twin.person_ref() == person["personRef"]


def test_immigration_finds_one_crossing_by_the_twin(tmp_path: Path) -> None:
    """The token of the twin is the reference of one traveller of the export, the child's, and of nobody else."""
    status = _draft("15_status.json")
    twin = catalogue.find(status["type"]).draft.validate_json(orjson.dumps(status)).data.twin()
    assert twin is not None
    crossings = _crossings(tmp_path)
    assert [case for case, person in crossings if person == twin.person_ref()] == ["BKS-20260807-000231"]
    assert len(crossings) == 2


def _crossing(folder: Path, case: str) -> str:
    return dict(_crossings(folder))[case]


def _crossings(folder: Path) -> list[tuple[str, str]]:
    """Read the demo's crossings as immigration does: the case of each, and its traveller's reference."""
    (folder / "drop").mkdir(exist_ok=True)
    export = Samples().read("02_bcm_apk.csv")
    mapped = (
        immigration.source(folder, {"status": "Exercise", "register": "none"}).read("02_bcm_apk.csv", export).mapped
    )
    bodies = [orjson.loads(one.draft.body) for one in mapped if isinstance(one, Offer)]
    return [(body["subject"], body["data"]["identity"]["person"]["personRef"]) for body in bodies]
