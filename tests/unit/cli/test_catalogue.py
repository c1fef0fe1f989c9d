"""`simpul catalogue`: what may be said, for people in their language and for programs, and whether a draft says it."""

import json
from pathlib import Path
from typing import Any

import pytest

from broker.cli.terminal import Exit
from schemas import shipped
from schemas.catalogue import KINDS
from schemas.shipped import Counterexample
from tests.commands import simpul_here

_E07 = "id.simpul.alert.issued.v1"
_ROOT = Path(__file__).resolve().parents[3]
_PUBLISHED = _ROOT / "schemas" / "published" / "alert.issued.v1.json"


@pytest.fixture
def draft(tmp_path: Path) -> Path:
    """The example of an alert in a file."""
    path = tmp_path / "draft.json"
    path.write_bytes(shipped.example(_E07))
    return path


def test_list() -> None:
    """Every type, in the order of the catalogue."""
    rows = simpul_here("catalogue", "list", "--json").rows
    assert [(row["number"], row["type"], row["dataschema"]) for row in rows] == [
        (kind.number, kind.type, kind.dataschema) for kind in KINDS
    ]
    assert "Peringatan" in simpul_here("catalogue", "list").out
    assert "Alert" in simpul_here("catalogue", "list", SIMPUL_LANG="en").out


@pytest.mark.parametrize("name", ["E07", "e07", "alert.issued", "alert.issued.v1", _E07])
def test_a_type_is_found_by_number_and_name(name: str) -> None:
    """However a person may call it."""
    assert simpul_here("catalogue", "example", name).out.encode() == shipped.example(_E07)


@pytest.mark.parametrize("command", ["show", "example", "diff"])
def test_a_type_that_is_none(command: str) -> None:
    """Is a wrong command line."""
    answer = simpul_here("catalogue", command, "E99")
    assert (answer.code, answer.out) == (Exit.USAGE, "")


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        pytest.param("id", ("Kesepakatan E07-ack", "pengirim menerima", "kotak surat", "Isian"), id="Indonesian"),
        pytest.param("en", ("Agreement E07-ack", "the sender received", "mailbox", "Field"), id="English"),
    ],
)
def test_show(lang: str, said: tuple[str, ...]) -> None:
    """What it is for, who may, and its fields, in words."""
    answer = simpul_here("catalogue", "show", "E07", SIMPUL_LANG=lang)
    assert answer.code == Exit.OK
    assert all(one in answer.out for one in (*said, _E07, "msgType", "invalid.ack-state"))


def test_show_for_programs() -> None:
    """The published schema, and the agreements as they are written."""
    (row,) = simpul_here("catalogue", "show", "E07", "--json").rows
    assert row["schema"] == json.loads(_PUBLISHED.read_bytes())
    assert [one["id"] for one in row["agreements"]] == ["E07-alert", "E07-ack"]


def test_all_that_ships_is_validated() -> None:
    """Every example is accepted, every counterexample refused as it says."""
    answer = simpul_here("catalogue", "validate", "--json")
    assert answer.code == Exit.OK
    assert [row["type"] for row in answer.rows] == [kind.type for kind in KINDS]
    assert all(row["ok"] and row["refused"] >= 5 and not row["wrong"] for row in answer.rows)
    told = simpul_here("catalogue", "validate")
    assert told.code == Exit.OK
    assert f"{len(KINDS)} contoh, {sum(row['refused'] for row in answer.rows)} contoh tandingan ditolak" in told.out


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"value": "Alert"}, id="accepted"),
        pytest.param({"code": "invalid.type"}, id="another code"),
        pytest.param({"path": "data.open"}, id="another path"),
    ],
)
def test_a_counterexample_that_does_not_hold_is_told(wrong: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is accepted, or refused otherwise than it says, fails the whole."""
    one = {"name": "wrong-one", "at": "/data/open/msgType", "do": "set", "value": "x", "code": "invalid.choice"}
    fault = Counterexample(**{**one, "path": "data.open.msgType", **wrong})
    monkeypatch.setattr("broker.validation.trial.counterexamples", lambda name: (fault,) if name == _E07 else ())
    answer = simpul_here("catalogue", "validate")
    assert answer.code == Exit.FAILED
    assert "E07 wrong-one" in answer.out
    (row,) = [row for row in simpul_here("catalogue", "validate", "--json").rows if not row["ok"]]
    assert row["wrong"] == ["wrong-one"]


def test_an_example_that_is_refused_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """It fails the whole too."""
    monkeypatch.setattr("broker.validation.trial.example", lambda _: b"{}")
    monkeypatch.setattr("broker.validation.trial.counterexamples", lambda _: ())
    answer = simpul_here("catalogue", "validate")
    assert answer.code == Exit.FAILED
    assert "DITOLAK" in answer.out
    assert "invalid.missing" in answer.out


def test_a_good_draft(draft: Path) -> None:
    """From a file or from standard input."""
    assert simpul_here("catalogue", "validate", draft).code == Exit.OK
    answer = simpul_here("catalogue", "validate", "-", "--json", stdin=draft.read_bytes())
    assert answer.rows == [{"file": "-", "ok": True, "faults": []}]


def test_a_bad_draft(draft: Path, tmp_path: Path) -> None:
    """Each fault is told with its code, its path, what it means and what to do; no value of it shows."""
    event = json.loads(draft.read_bytes())
    event["data"]["open"]["msgType"] = "SECRETVALUE"
    bad = tmp_path / "bad.json"
    bad.write_text(json.dumps(event))
    answer = simpul_here("catalogue", "validate", draft, bad)
    assert answer.code == Exit.REFUSED
    assert "invalid.choice, data.open.msgType" in answer.out
    assert "Yang dapat dilakukan" in answer.out
    assert "SECRETVALUE" not in answer.out + answer.err
    rows = simpul_here("catalogue", "validate", draft, bad, "--json").rows
    assert [row["ok"] for row in rows] == [True, False]
    assert rows[1]["faults"] == [{"code": "invalid.choice", "path": "data.open.msgType"}]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        pytest.param(b"{", "invalid.json", id="no JSON"),
        pytest.param(b"[]", "invalid.json", id="no object"),
        pytest.param(b'{"source":1}', "invalid.missing", id="no type"),
        pytest.param(b'{"type":"x","source":"urn:simpul:agency:a"}', "invalid.unknown-type", id="unknown type"),
    ],
)
def test_whatever_is_handed_in_is_refused_in_words(body: bytes, code: str) -> None:
    """Never by a crash."""
    answer = simpul_here("catalogue", "validate", "-", "--json", stdin=body)
    assert answer.code == Exit.REFUSED
    assert answer.rows[0]["faults"][0]["code"] == code


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """Is a wrong setting."""
    assert simpul_here("catalogue", "validate", tmp_path / "none").code == Exit.MISCONFIGURED


def test_diff(tmp_path: Path) -> None:
    """Two schemas are compared; what breaks somebody fails."""
    old = tmp_path / "old.json"
    old.write_bytes(_PUBLISHED.read_bytes())
    assert simpul_here("catalogue", "diff", old, "E07").code == Exit.OK
    assert "Tidak ada perbedaan" in simpul_here("catalogue", "diff", old).out
    schema = json.loads(old.read_bytes())
    schema["$defs"]["AlertIssuedNarrative"]["properties"]["headline"]["maxLength"] = 200
    old.write_text(json.dumps(schema))
    answer = simpul_here("catalogue", "diff", old, "--json")
    assert answer.code == Exit.FAILED
    assert [row["path"] for row in answer.rows if row["breaks"]] == ["narrative.headline"]


def test_diff_with_what_was_never_released() -> None:
    """A type without a release is new, and breaks nobody."""
    answer = simpul_here("catalogue", "diff", "C05")
    assert answer.code == Exit.OK
    assert "belum pernah dirilis" in answer.err


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"properties": {}}'])
def test_diff_of_what_is_no_schema(text: str, tmp_path: Path) -> None:
    """Is told as such, with what to do."""
    other = tmp_path / "other.json"
    other.write_text(text)
    answer = simpul_here("catalogue", "diff", other, "E07")
    assert answer.code == Exit.MISCONFIGURED
    assert "config.no-schema" in answer.err


@pytest.mark.parametrize("command", ["list", "show", "example", "validate", "diff"])
def test_help_has_an_example(command: str) -> None:
    """As every command's has."""
    assert f"simpul catalogue {command}" in simpul_here("catalogue", command, "--help").out
