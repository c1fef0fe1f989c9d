"""`python -m adapters.<name>`: each starts its own adapter's node, and no other."""

import runpy
import sys
from pathlib import Path

import pytest

from broker.cli.terminal import Exit

NAMES = ("bnpt", "hotline", "immigration", "ngo", "police")


def started(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    """Start a node as `python -m` does, and return the exit code."""
    monkeypatch.setattr(sys, "argv", ["adapters", "--node", str(folder)])
    with pytest.raises(SystemExit) as left:
        runpy.run_module(f"adapters.{name}", run_name="__main__")
    return left.value.code


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a node whose keys are not there."""
    (tmp_path / "node.toml").write_text(
        'agency = "bnpt"\nkafka_bootstrap = "127.0.0.1:1"\nnode_key = "file:node.key"\n'
        'signing_key = "file:signing.key"\nreceiving_keys = ["file:receiving.key"]\n'
    )
    return tmp_path


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("named", ["none", "other"])
def test_a_node_that_runs_another_adapter_is_not_started(
    name: str, named: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nor one that runs none; the code says why, before anything is opened."""
    if named == "other":
        with (folder / "node.toml").open("a") as file:
            file.write(f'adapter = "{NAMES[NAMES.index(name) - 1]}"\n')
    assert started(name, folder, monkeypatch) == Exit.MISCONFIGURED
    assert "config.other-adapter" in capsys.readouterr().err


@pytest.mark.parametrize("name", NAMES)
def test_its_own_node_is_started(
    name: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It comes as far as the keys, which are not there."""
    with (folder / "node.toml").open("a") as file:
        file.write(f'adapter = "{name}"\n')
    assert started(name, folder, monkeypatch) == Exit.MISCONFIGURED
    assert capsys.readouterr().err.startswith("config.node-key")
