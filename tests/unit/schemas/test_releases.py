"""What was released cannot be broken without anybody noticing."""

import hashlib
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from schemas import publish
from schemas.catalogue import KINDS, find, listed_schemas
from schemas.releases import FOLDER, freeze, released_digests, released_schema

ALERT = "alert.issued.v1"
DAY = "2026-12-01"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A tree in which the present catalogue was published and released."""
    assert publish.main([], root=tmp_path) == 0
    assert publish.main(["--release", DAY], root=tmp_path) == 0
    return tmp_path


def _release_as_it_was(tree: Path, change: Callable[[dict[str, Any]], None], name: str = ALERT) -> None:
    """Let the last release have said something else, so that the present is what changed."""
    path = tree / FOLDER / f"{name}.json"
    schema = json.loads(path.read_bytes())
    change(schema)
    path.write_text(json.dumps(schema))


def _narrative(schema: dict[str, Any]) -> dict[str, Any]:
    part: dict[str, Any] = schema["$defs"]["AlertIssuedNarrative"]["properties"]
    return part


def test_a_release_keeps_the_files_and_lists_the_digests(tree: Path) -> None:
    """What is released is what is published, byte for byte; the check has nothing to say."""
    index = json.loads((tree / FOLDER / "index.json").read_bytes())
    assert index.keys() == {kind.type for kind in KINDS}
    for kind in KINDS:
        name = f"{kind.type.removeprefix('id.simpul.')}.json"
        text = (tree / FOLDER / name).read_bytes()
        assert text == (tree / "schemas" / "published" / name).read_bytes()
        assert index[kind.type] == [{"date": DAY, "sha256": hashlib.sha256(text).hexdigest()}]
    assert publish.main(["--check"], root=tree) == 0


def test_what_was_released_can_be_read_again(tree: Path) -> None:
    """The schema and the digests of each type; nothing of a type that never was."""
    for kind in KINDS:
        name = kind.type.removeprefix("id.simpul.")
        assert released_schema(name, root=tree) == json.loads((tree / FOLDER / f"{name}.json").read_bytes())
        assert released_digests(root=tree)[kind.type] == [kind.dataschema.rpartition(":")[2]]
    assert released_schema("never.was.v1", root=tree) is None


def test_a_further_release_adds_only_what_is_new(tree: Path) -> None:
    """The digest of a type that did not change stays once, under its first day."""
    texts = {"alert.issued.v1": b'{"x-simpul-type": "id.simpul.alert.issued.v1"}'}
    before = json.loads((tree / FOLDER / "index.json").read_bytes())
    freeze(tree, texts, date(2027, 1, 1))
    freeze(tree, texts, date(2027, 2, 1))
    after = json.loads((tree / FOLDER / "index.json").read_bytes())
    first, second = after.pop("id.simpul.alert.issued.v1")
    assert first == before.pop("id.simpul.alert.issued.v1")[0]
    assert second["date"] == "2027-01-01"
    assert after == before


BREAKS = [
    pytest.param(
        lambda schema: _narrative(schema).update(sender={"type": "string"}),
        "breaks backward: alert.issued.v1: narrative.sender field_removed",
        id="field removed",
    ),
    pytest.param(
        lambda schema: schema["$defs"]["AlertIssuedOpen"]["required"].remove("urgency"),
        "breaks backward: alert.issued.v1: open.urgency became_required",
        id="field became required",
    ),
    pytest.param(
        lambda schema: _narrative(schema)["contact"].update(maxLength=100),
        "breaks forward: alert.issued.v1: narrative.contact limit_widened maxLength 100 to 200",
        id="limit widened",
    ),
    pytest.param(
        lambda schema: schema["$defs"]["AckState"]["enum"].append("asleep"),
        'breaks backward: alert.issued.v1: narrative.ackState enum_value_removed "asleep"',
        id="value of a closed choice removed",
    ),
]


@pytest.mark.parametrize(("change", "line"), BREAKS)
def test_the_check_fails_on_a_breaking_change_and_names_it(
    tree: Path, capsys: pytest.CaptureFixture[str], change: Callable[[dict[str, Any]], None], line: str
) -> None:
    """`make check` and so the CI: whom it breaks, the type, the field, the code; and it cannot be released."""
    _release_as_it_was(tree, change)
    kept = (tree / FOLDER / f"{ALERT}.json").read_bytes()
    for asked in (["--check"], ["--release", "2027-01-01"]):
        assert publish.main(asked, root=tree) == 1
        assert capsys.readouterr().err.splitlines() == [line]
    assert (tree / FOLDER / f"{ALERT}.json").read_bytes() == kept


def test_a_compatible_change_passes_and_can_be_released(tree: Path) -> None:
    """A field that the last release did not have, and may be absent."""
    _release_as_it_was(tree, lambda schema: _narrative(schema).pop("instruction"))
    assert publish.main(["--check"], root=tree) == 0
    assert publish.main(["--release", "2027-01-01"], root=tree) == 0
    assert b'"instruction"' in (tree / FOLDER / f"{ALERT}.json").read_bytes()


def test_a_type_that_is_gone_breaks_and_a_new_one_does_not(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A type is retired by hand, by deleting its released file."""
    (tree / FOLDER / f"{ALERT}.json").rename(tree / FOLDER / "fruit.picked.v1.json")
    assert publish.main(["--check"], root=tree) == 1
    assert capsys.readouterr().err == "breaks backward forward: fruit.picked.v1: type_removed\n"
    (tree / FOLDER / "fruit.picked.v1.json").unlink()
    assert publish.main(["--check"], root=tree) == 0


def test_what_is_stale_is_not_released(tmp_path: Path) -> None:
    """Publish first, and look at it."""
    assert publish.main(["--release", DAY], root=tmp_path) == 1
    assert not (tmp_path / FOLDER).exists()


def test_every_release_is_listed_and_this_one_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A federation that knows only the newest schema would refuse whoever has not upgraded yet."""
    alert = find("id.simpul.alert.issued.v1")
    present = alert.dataschema.rpartition(":")[2]
    digests = [{"sha256": digest, "date": DAY} for digest in ("ab" * 32, present)]
    (tmp_path / FOLDER).mkdir(parents=True)
    (tmp_path / FOLDER / "index.json").write_text(json.dumps({alert.type: digests}))
    monkeypatch.setattr("schemas.catalogue.released_digests", lambda: released_digests(root=tmp_path))
    listed = listed_schemas()
    assert listed.pop(alert.type) == [f"urn:simpul:schema:sha256:{'ab' * 32}", alert.dataschema]
    assert listed == {kind.type: [kind.dataschema] for kind in KINDS if kind is not alert}
