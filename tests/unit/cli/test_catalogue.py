"""`simpul catalogue`: what may be said, for people in their language and for programs, and whether a draft says it."""

import json
import re
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from broker.cli.terminal import Exit
from broker.publication.words import known
from schemas import releases, shipped
from schemas.catalogue import KINDS
from schemas.codelists import listing, listings
from schemas.compatibility import Direction
from schemas.shipped import Counterexample
from tests.commands import simpul_here

_E07 = "id.simpul.alert.issued.v1"
_HOSTILE = "\x1b[31mE\u202e99"
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


@pytest.mark.parametrize("name", ["E07", "e07", "E7", "e7", "07", "7", "alert.issued", "alert.issued.v1", _E07])
def test_a_type_is_found_by_number_and_name(name: str) -> None:
    """However a person may call it."""
    assert simpul_here("catalogue", "example", name).out.encode() == shipped.example(_E07)


@pytest.mark.parametrize("command", ["show", "example", "diff"])
def test_a_type_that_is_none(command: str) -> None:
    """Is a wrong command line, which says what word was wrong and where all types are, for programs too."""
    answer = simpul_here("catalogue", command, "E99")
    assert (answer.code, answer.out) == (Exit.USAGE, "")
    assert "E99" in answer.err
    assert "simpul catalogue list" in answer.err
    if command != "example":
        answer = simpul_here("catalogue", command, "E99", "--json")
        assert (answer.code, answer.rows[0]["code"]) == (Exit.USAGE, "usage.command-line")


@pytest.mark.parametrize("arguments", [("show", _HOSTILE), ("codes", _HOSTILE), ("validate", _HOSTILE)])
def test_what_is_typed_cannot_steer_the_terminal(arguments: tuple[str, ...]) -> None:
    """Control characters and direction overrides never come back as they were."""
    answer = simpul_here("catalogue", *arguments)
    assert answer.code != Exit.OK
    assert not {"\x1b", "\u202e"} & set(answer.out + answer.err)


def test_codes() -> None:
    """Every code list, and each code of one with its words in both languages."""
    assert [row["list"] for row in simpul_here("catalogue", "codes", "--json").rows] == [one.name for one in listings()]
    services = listing("services")
    rows = simpul_here("catalogue", "codes", "services", "--json").rows
    assert [(row["code"], row["id"], row["en"]) for row in rows] == [
        (one.code, one.id, one.en) for one in services.codes
    ]
    told = simpul_here("catalogue", "codes", "services").out
    assert all(one.code in told for one in services.codes)
    assert "law-references" in simpul_here("catalogue", "codes").out
    assert simpul_here("catalogue", "codes", "none").code == Exit.USAGE


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


def test_show_tells_what_a_draft_needs() -> None:
    """The envelope, each role, purpose and law by its code, and where the codes of a list are."""
    told = simpul_here("catalogue", "show", "E16").out
    assert all(
        one in told for one in ("correlationid?", "role:social-services", "protection", "pdp20-2-a", "uu31-2014")
    )
    assert re.search(r"daftar\s[^a-z]*services", told)
    assert "simpul catalogue codes" in told


def test_show_for_programs() -> None:
    """The published schema, the envelope, and the agreements as they are written."""
    (row,) = simpul_here("catalogue", "show", "E07", "--json").rows
    assert row["schema"] == json.loads(_PUBLISHED.read_bytes())
    assert [one["id"] for one in row["agreements"]] == ["E07-alert", "E07-ack"]
    assert {"time", "audience"} <= set(row["envelope"]["required"])


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


@pytest.mark.parametrize("command", [("catalogue", "validate"), ("send",)])
def test_a_file_that_is_not_there(command: tuple[str, ...], tmp_path: Path) -> None:
    """Is told with what to do about a draft, for programs too."""
    answer = simpul_here(*command, tmp_path / "none")
    assert answer.code == Exit.MISCONFIGURED
    assert "config.no-draft" in answer.err
    assert simpul_here(*command, tmp_path / "none", "--json").rows[0]["code"] == "config.no-draft"


def test_a_file_without_end_is_refused() -> None:
    """It is read up to what a draft, or a schema, may have and no further."""
    answer = simpul_here("catalogue", "validate", "/dev/zero", "--json")
    assert answer.rows[0]["faults"] == [{"code": "invalid.too-large", "path": ""}]
    assert simpul_here("catalogue", "diff", "/dev/zero", "E07").code == Exit.MISCONFIGURED


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


def test_diff_with_what_was_never_released(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A type without a release is new, and breaks nobody."""
    monkeypatch.setattr(releases, "released_schema", partial(releases.released_schema, root=tmp_path))
    answer = simpul_here("catalogue", "diff", "C05")
    assert answer.code == Exit.OK
    assert "belum pernah dirilis" in answer.err
    (row,) = simpul_here("catalogue", "diff", "C05", "--json").rows
    assert not row["released"]


def test_diff_says_in_words_what_changed_and_whom_it_breaks(tmp_path: Path) -> None:
    """Names from a file reach the terminal as text; every code of a change has its words."""
    schema = json.loads(_PUBLISHED.read_bytes())
    schema["x-simpul-rules"].append(_HOSTILE)
    schema["$defs"]["AlertIssuedNarrative"]["properties"][_HOSTILE] = {"type": "string"}
    other = tmp_path / "other.json"
    other.write_text(json.dumps(schema))
    told = simpul_here("catalogue", "diff", "E07", other, SIMPUL_LANG="en").out
    assert "a rule is new (rule_added" in told
    assert "new nodes that read the events of old ones" in told
    assert "the field is new (field_added" in told
    assert not {"\x1b", "\u202e"} & set(told)
    sources = [(_ROOT / "schemas" / f"{name}.py").read_text() for name in ("compatibility", "relocation", "releases")]
    codes = {one for source in sources for one in re.findall(r'"([a-z]+(?:_[a-z]+)+)"', source)}
    assert codes == known("changes")
    assert {one.value for one in Direction} == known("breaks")


def test_diff_looks_the_type_of_a_file_up(tmp_path: Path) -> None:
    """It never opens it as a file."""
    other, secret = tmp_path / "other.json", tmp_path / "secret.json"
    secret.write_bytes(_PUBLISHED.read_bytes())
    other.write_text(json.dumps({**json.loads(_PUBLISHED.read_bytes()), "x-simpul-type": str(secret)}))
    assert simpul_here("catalogue", "diff", other).code == Exit.USAGE


def _schema_with(**parts: object) -> str:
    return json.dumps({**json.loads(_PUBLISHED.read_bytes()), **parts})


_DOUBLING = {
    f"D{number}": {"properties": {way: {"$ref": f"#/$defs/D{number + 1}"} for way in "ab"}} for number in range(60)
}


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "{}",
        '{"properties": {}}',
        pytest.param(_schema_with(properties=[]), id="properties that are a list"),
        pytest.param(_schema_with(properties={"open": 1}), id="a property that is a number"),
        pytest.param(_schema_with(required=7), id="required that is a number"),
        pytest.param(_schema_with(**{"$defs": {}}), id="no definitions"),
        pytest.param(_schema_with(**{"x-simpul-rules": [{}]}), id="a rule that is an object"),
        pytest.param(_schema_with(**{"$defs": {"A": {"$ref": "#/$defs/A"}}}), id="a definition of itself"),
        pytest.param(
            _schema_with(properties={"open": {"$ref": "#/$defs/D0"}}, **{"$defs": {**_DOUBLING, "D60": {}}}),
            id="definitions that double sixty times",
        ),
        pytest.param('{"properties":' * 900 + "1" + "}" * 900, id="nested 900 deep"),
        pytest.param(_schema_with(title="x" * 300_000), id="too large"),
    ],
)
def test_diff_of_what_is_no_schema(text: str, tmp_path: Path) -> None:
    """Is told as such, with what to do."""
    other = tmp_path / "other.json"
    other.write_text(text)
    answer = simpul_here("catalogue", "diff", other, "E07")
    assert answer.code == Exit.MISCONFIGURED
    assert "config.no-schema" in answer.err


@pytest.mark.parametrize("command", ["list", "show", "example", "codes", "validate", "diff"])
def test_help_has_an_example(command: str) -> None:
    """As every command's has."""
    assert f"simpul catalogue {command}" in simpul_here("catalogue", command, "--help").out
