"""The wheel alone is enough: nothing that a user needs stays behind in the checkout."""

import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NEEDED = [
    "broker/kafka/deploy/pom.xml",
    "broker/policy/agreements.toml",
    "broker/publication/words.toml",
    "adapters/demo/samples/",
    "schemas/counterexamples/",
    "schemas/examples/",
]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the wheel, built from this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True, timeout=50)
    (wheel,) = folder.glob("*.whl")
    return wheel


@pytest.mark.parametrize("path", NEEDED)
def test_the_wheel_holds_what_commands_need_at_run_time(wheel: Path, path: str) -> None:
    """A file that a command reads is in the wheel too."""
    assert any(name.startswith(path) for name in zipfile.ZipFile(wheel).namelist())


def test_the_wheel_leaves_out_what_writes_the_pages(wheel: Path) -> None:
    """They are written where the checkout is, with a library that no user needs."""
    held = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("broker/publication/")}
    assert held == {
        f"broker/publication/{name}" for name in ("__init__.py", "entries.py", "rights.py", "words.py", "words.toml")
    }


def test_the_catalogue_is_told_from_the_wheel(wheel: Path, tmp_path: Path) -> None:
    """What a type is for, who may and which fields: without what writes the pages."""
    assert "Kesepakatan E07-ack" in _shown(wheel, tmp_path, "catalogue", "show", "E07")


@pytest.mark.parametrize("command", [[], ["demo"], ["kafka"]], ids=["simpul", "demo", "kafka"])
def test_commands_run_from_the_wheel(wheel: Path, tmp_path: Path, command: list[str]) -> None:
    """Every command explains itself with the wheel in the place of the checkout."""
    assert "Usage" in _shown(wheel, tmp_path, *command, "--help")


def _shown(wheel: Path, tmp_path: Path, *command: str) -> str:
    zipfile.ZipFile(wheel).extractall(tmp_path)
    # -S leaves out the .pth file through which an editable install finds the checkout.
    run = [sys.executable, "-S", "-m", "broker", *command]
    path = os.pathsep.join([str(tmp_path), sysconfig.get_path("purelib")])
    return subprocess.run(
        run, cwd=tmp_path, env={"PYTHONPATH": path}, check=True, capture_output=True, text=True, timeout=50
    ).stdout
