"""The AsyncAPI project's own parser reads what we publish. It runs on Node, and is installed on first use."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

_ROOT = Path(__file__).resolve().parents[3]
_SOURCES = _ROOT / "deploy" / "asyncapi"
_HOME = _ROOT / ".cache" / "asyncapi"
_DOCUMENT = _ROOT / "docs" / "catalogue" / "asyncapi.json"
_NEWER_VERSION = "asyncapi-latest-version"
"""The parser recommends whatever version of AsyncAPI is newest; we name the one that we mean."""


@pytest.fixture(scope="module")
def parser() -> Path:
    """The folder in which the parser is installed, as the lock says."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("NOT SHOWN: the AsyncAPI parser needs Node.js and npm, and one of them is not there")
    wanted = {name: (_SOURCES / name).read_bytes() for name in ("package-lock.json", "package.json", ".npmrc")}
    stamp = _HOME / "installed"
    if not stamp.is_file() or stamp.read_bytes() != b"".join(wanted.values()):
        _HOME.mkdir(parents=True, exist_ok=True)
        for name, text in wanted.items():
            (_HOME / name).write_bytes(text)
        done = subprocess.run([npm, "ci", "--ignore-scripts"], cwd=_HOME, capture_output=True, check=False, timeout=300)
        if done.returncode:
            pytest.skip("NOT SHOWN: the AsyncAPI parser could not be installed; is a package registry within reach?")
        stamp.write_bytes(b"".join(wanted.values()))
    shutil.copy(_SOURCES / "validate.mjs", _HOME)
    return _HOME


def _found(parser: Path, document: Any) -> list[tuple[str, str]]:
    done = subprocess.run(
        ["node", "validate.mjs"], input=json.dumps(document).encode(), cwd=parser, capture_output=True, check=False
    )
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert (done.returncode == 0) is all(row["severity"] for row in rows), done.stderr
    return [(row["code"], row["path"]) for row in rows if row["code"] != _NEWER_VERSION]


@pytest.mark.slow
@pytest.mark.timeout(360)
def test_the_parser_finds_nothing(parser: Path) -> None:
    """Neither an error nor a warning nor a hint."""
    assert _found(parser, json.loads(_DOCUMENT.read_bytes())) == []


@pytest.mark.slow
@pytest.mark.timeout(360)
@pytest.mark.parametrize(
    ("way", "value", "expected"),
    [
        pytest.param(
            ("channels", "mail", "messages", "sealedRecord", "$ref"), "#/nowhere", "invalid-ref", id="reference"
        ),
        pytest.param(("channels", "mail", "adress"), "x", "asyncapi-document-resolved", id="misspelt"),
        pytest.param(
            ("components", "schemas", "draft", "required"), "all", "asyncapi-document-resolved", id="no schema"
        ),
    ],
)
def test_the_parser_would_find_a_fault(parser: Path, way: tuple[str, ...], value: str, expected: str) -> None:
    """It is no formality: a dangling reference, a misspelt name and a broken schema are found."""
    document = inner = json.loads(_DOCUMENT.read_bytes())
    for step in way[:-1]:
        inner = inner[step]
    inner[way[-1]] = value
    assert expected in {code for code, _ in _found(parser, document)}
