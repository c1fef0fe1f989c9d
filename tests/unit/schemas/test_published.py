"""What is published is what the models say, to every validator alike."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # ships no types
import jsonschema_rs
import pytest

from schemas import publish
from schemas.catalogue import KINDS, EventKind
from tests.unit.schemas.samples import EVENT, GONE, changed, example, kind, refused

_ROOT = Path(publish.__file__).resolve().parent.parent
_NUMBERS = [one.number for one in KINDS]


def _published(of: EventKind) -> dict[str, Any]:
    index = json.loads((_ROOT / "schemas" / "published" / "index.json").read_bytes())
    document: dict[str, Any] = json.loads((_ROOT / "schemas" / "published" / index[of.type]["file"]).read_bytes())
    return document


def _verdicts(number: str, data: Any) -> tuple[bool, bool]:
    schema = _published(kind(number))
    return jsonschema.Draft202012Validator(schema).is_valid(data), jsonschema_rs.validator_for(schema).is_valid(data)


def test_the_published_files_are_current() -> None:
    """Whoever changes a model publishes again: python -m schemas.publish."""
    assert publish.stale(_ROOT) == []


def test_publishing_is_the_same_everywhere() -> None:
    """Another process with another hash seed writes the same bytes."""
    code = "import sys, schemas.publish as p; sys.stdout.buffer.write(b''.join(p.rendered().values()))"
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code], check=True, capture_output=True, env={**os.environ, "PYTHONHASHSEED": seed}
        ).stdout
        for seed in ("1", "2")
    }
    assert outputs == {b"".join(publish.rendered().values())}


def test_check_finds_what_is_stale(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A missing, a changed and a left-over file each fail the check; publishing mends all three."""
    assert publish.main([], root=tmp_path) == 0
    assert publish.main(["--check"], root=tmp_path) == 0
    (tmp_path / "schemas/published/alert.issued.v1.json").unlink()
    (tmp_path / "schemas/published/left.over.v1.json").write_text("{}")
    (tmp_path / "schemas/published/index.json").write_text("old")
    assert publish.main(["--check"], root=tmp_path) == 1
    assert capsys.readouterr().err.splitlines() == [
        "stale: schemas/published/alert.issued.v1.json",
        "stale: schemas/published/index.json",
        "stale: schemas/published/left.over.v1.json",
    ]
    assert publish.main([], root=tmp_path) == 0
    assert publish.main(["--check"], root=tmp_path) == 0


@pytest.mark.parametrize("number", _NUMBERS)
def test_dataschema_is_the_digest_of_the_file(number: str) -> None:
    """The catalogue names the very bytes that are published."""
    of = kind(number)
    text = (_ROOT / "schemas" / "published" / f"{of.type.removeprefix('id.simpul.')}.json").read_bytes()
    assert of.dataschema == f"urn:simpul:schema:sha256:{hashlib.sha256(text).hexdigest()}"


@pytest.mark.parametrize("number", _NUMBERS)
def test_a_published_schema_is_one(number: str) -> None:
    """It is valid JSON Schema 2020-12, titled in both languages, and names no host."""
    of = kind(number)
    schema = _published(of)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$id"].startswith("urn:simpul:schema:")
    assert schema["x-simpul-title"] == {"id": of.title_id, "en": of.title_en}
    assert [one["name"] for one in schema["x-simpul-compartments"]] == list(of.compartments)
    assert {one["name"] for one in schema["x-simpul-compartments"] if one["required"]} == of.required
    assert "http" not in json.dumps({key: value for key, value in schema.items() if key != "$schema"})


@pytest.mark.parametrize("number", _NUMBERS)
def test_other_validators_accept_the_example(number: str) -> None:
    """Two implementations of JSON Schema agree with pydantic on what is good."""
    assert refused(number) == set()
    assert _verdicts(number, example(number)["data"]) == (True, True)


@pytest.mark.parametrize(
    ("number", "changes"),
    [
        pytest.param("E01", {"data__reporter": {}}, id="unknown compartment"),
        pytest.param("E01", {"data__narrative__nik": "x"}, id="unknown field"),
        pytest.param("E01", {"data__narrative": GONE}, id="required compartment missing"),
        pytest.param("E01", {"data__safe_contact": None}, id="null for a compartment"),
        pytest.param("E01", {"data__narrative__whatText": "x" * 4001}, id="too long"),
        pytest.param("E01", {"data__narrative__whatText": ""}, id="empty"),
        pytest.param("E01", {"data__narrative__whatText": "a\u0007"}, id="control character"),
        pytest.param("E01", {"data__narrative__placeText": "a\u202eb"}, id="direction override"),
        pytest.param("E01", {"data__narrative__signs": ["documents_held"] * 17}, id="too many"),
        pytest.param("E01", {"data__narrative__signs": ["x"]}, id="not in the code list"),
        pytest.param("E01", {"data__narrative__attachments__0__strippedMetadata": False}, id="not the constant"),
        pytest.param("E01", {"data__open__dangerNow": "true"}, id="text for truth"),
        pytest.param("E02", {"data__open__routedTo": ["lpsk", "lpsk"]}, id="not unique"),
        pytest.param("E02", {"data__narrative__infoCredibility": 0}, id="below the least"),
        pytest.param("E02", {"data__narrative__infoCredibility": 7}, id="above the most"),
        pytest.param("E02", {"data__narrative__duplicateOf": "x"}, id="no UUID"),
        pytest.param("E03", {"data__narrative__flags": []}, id="too few"),
        pytest.param("E03", {"data__identity__doc__mrz": ["x", "y"]}, id="no MRZ"),
        pytest.param("E03", {"data__identity__doc__mrz": ["x"]}, id="half an MRZ"),
        pytest.param("E03", {"data__identity__person__birthDate": "14/03/2007"}, id="date of another country"),
        pytest.param("E03", {"data__open__groupSize": 1.5}, id="fraction"),
        pytest.param("E07", {"data__open__msgType": "alert"}, id="code in lower case"),
        pytest.param("E07", {"data__open__references": [EVENT, EVENT]}, id="reference twice"),
        pytest.param("E07", {"data__narrative__params": {}}, id="empty map"),
        pytest.param("E07", {"data__narrative__params": {"a\nb": "x"}}, id="bad name in a map"),
        pytest.param("E07", {"data__narrative__params": {"a": 1}}, id="bad value in a map"),
        pytest.param("E11", {"data__narrative__lpNumber": "LP"}, id="text for an object"),
        pytest.param("E11", {"data__narrative__tkp": "17.9"}, id="no region"),
        pytest.param("E13", {"data__network__bundle__objects": []}, id="empty bundle"),
        pytest.param("E13", {"data__network__bundle__objects__0__id": "x"}, id="bundle without marking"),
        pytest.param("E13", {"data__open__stixTypes": {"Identity": 1}}, id="bad type of object"),
        pytest.param("E15", {"data__narrative__evidence__recordedAt": "2026-08-07T11:20:43"}, id="no offset"),
        pytest.param("E16", {"data__open__consentState": GONE}, id="no consent state"),
        pytest.param("E16", {"data__safe_contact__phones": ["0800"]}, id="no E.164"),
        pytest.param("E17", {"data__open": []}, id="list for an object"),
        pytest.param("E14", {"data__open__events": [EVENT, EVENT]}, id="event twice"),
        pytest.param("E20", {"data__open__month": True}, id="truth for a number"),
        pytest.param("E20", {"data__open__month": 2}, id="number not among the few"),
        pytest.param("E21", {"data__narrative": {}}, id="compartment of a type without any"),
        pytest.param("E08", {"data__open__openedCompartments": ["identity", "identity"]}, id="compartment twice"),
        pytest.param("E22", {"data__open__place": "17.09.01.2001"}, id="village of an activity"),
        pytest.param("E24", {"data__open__cells__0__0": 3}, id="small count"),
        pytest.param("E24", {"data__open__cells__0__0": 0}, id="zero"),
        pytest.param("E24", {"data__open__cells__0__0": "<12"}, id="another bound"),
        pytest.param("E24", {"data__open__rows__0": "Siti"}, id="name for a label"),
        pytest.param("E24", {"data__open__k": 3}, id="another k"),
        pytest.param("C03", {"data__open__keyIds": []}, id="no key"),
    ],
)
def test_other_validators_refuse_the_same(number: str, changes: dict[str, Any]) -> None:
    """Two implementations of JSON Schema agree with pydantic on what is bad."""
    assert refused(number, **changes) != set()
    assert _verdicts(number, changed(example(number), **changes)["data"]) == (False, False)
