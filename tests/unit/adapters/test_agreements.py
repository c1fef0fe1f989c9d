"""The samples, through each adapter with its ordinary settings, against the catalogue and the default agreements."""

import shutil
from pathlib import Path

import orjson
import pytest

from adapters import bnpt, hotline, immigration, ngo, police
from adapters.contract import Adapter, Offer
from broker import policy
from broker.names import AgencyId, Role
from broker.ports import Agency, Federation
from broker.stages import Cleared, Draft
from broker.validation import check
from schemas.catalogue import KINDS

CAST = {
    "imigrasi-bengkulu": "immigration",
    "polres-bengkulu-tengah": "police",
    "bnpt": "counter-terrorism",
    "uptd-ppa-bengkulu-tengah": "social-services",
    "yayasan-contoh": "ngo",
    "lpsk": "witness-protection",
    "gugus-tugas-tppo": "task-force",
    "bp3mi-bengkulu": "migrant-workers",
}
SCOPES = {"scopes": "protection:social-services:identity"}


@pytest.fixture(scope="module")
def rules() -> policy.Rules:
    """The default agreements in a federation of the demo's agencies."""
    agencies = {
        AgencyId(name): Agency(id=AgencyId(name), role=Role(role), name_id=name, name_en=name, signing=(), receiving=())
        for name, role in CAST.items()
    }
    dataschemas = {kind.type: frozenset([kind.dataschema]) for kind in KINDS}
    return policy.compile_rules(
        Federation(
            version=1,
            agencies=agencies,
            signing_keys={},
            agreements_toml=policy.default_agreements(),
            dataschemas=dataschemas,
        )
    )


def drafts(adapter: Adapter, folder: Path, files: list[Path], settings: dict[str, str]) -> list[Draft]:
    """Drop files and map the last of them."""
    (folder / "drop").mkdir()
    for file in files:
        shutil.copy(file, folder / "drop")
    reading = adapter.source(folder, settings).read(files[-1].name, files[-1].read_bytes())
    return [one.draft for one in reading.mapped if isinstance(one, Offer)]


def cleared(draft: Draft, source: str, rules: policy.Rules) -> Cleared:
    """Check and clear a draft as a node does."""
    return policy.clear(check(draft, source=AgencyId(source), secret=bytes(32)), rules, {})


@pytest.mark.parametrize(
    ("adapter", "source", "names", "settings", "readers"),
    [
        pytest.param(
            immigration.adapter,
            "imigrasi-bengkulu",
            ["02_register.csv", "02_bcm_apk.csv"],
            {},
            {"bp3mi-bengkulu": ["identity"], "polres-bengkulu-tengah": ["identity", "narrative"]},
            id="immigration",
        ),
        pytest.param(
            police.adapter,
            "polres-bengkulu-tengah",
            ["04_emp_row.csv"],
            {},
            {"gugus-tugas-tppo": [], "imigrasi-bengkulu": [], "lpsk": ["narrative"], "uptd-ppa-bengkulu-tengah": []},
            id="police",
        ),
        pytest.param(
            ngo.adapter,
            "yayasan-contoh",
            ["05_kobo.json"],
            SCOPES,
            {"lpsk": ["identity", "narrative"], "uptd-ppa-bengkulu-tengah": ["identity", "narrative"]},
            id="ngo",
        ),
        pytest.param(
            bnpt.adapter,
            "bnpt",
            ["03_stix.json"],
            {},
            {"imigrasi-bengkulu polres-bengkulu-tengah": ["network"]},
            id="bnpt",
        ),
        pytest.param(
            hotline.adapter,
            "uptd-ppa-bengkulu-tengah",
            ["01_tip_web.json"],
            {},
            {"polres-bengkulu-tengah": ["narrative"]},
            id="hotline",
        ),
    ],
)
def test_ordinary_settings_reach_those_whom_the_agreements_name(
    tmp_path: Path,
    samples: Path,
    rules: policy.Rules,
    adapter: Adapter,
    source: str,
    names: list[str],
    settings: dict[str, str],
    readers: dict[str, list[str]],
) -> None:
    """Nobody is left out, and each reader gets exactly the compartments of the default agreements."""
    found = drafts(adapter, tmp_path, [samples / name for name in names], settings)
    assert found
    for draft in found:
        event = cleared(draft, source, rules)
        assert event.left_out == ()
        copies = {" ".join(copy.audience): [part.name for part in copy.parts[1:]] for copy in event.copies}
        assert copies == readers


def test_a_safe_contact_leaves_for_nobody(tmp_path: Path, samples: Path, rules: policy.Rules) -> None:
    """It is in no copy: the tip line alone may open it."""
    tip = orjson.loads((samples / "01_tip_web.json").read_bytes()) | {"kontak_aman": "lewat warung"}
    file = tmp_path / "tip.json"
    file.write_bytes(orjson.dumps(tip))
    (draft,) = drafts(hotline.adapter, tmp_path, [file], {})
    event = cleared(draft, "uptd-ppa-bengkulu-tengah", rules)
    assert b"warung" in draft.body
    for copy in event.copies:
        for part in copy.parts:
            assert b"warung" not in part.content
