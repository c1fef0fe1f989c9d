"""Where Java is, and the jars of Apache Kafka: copied once by Maven from Maven Central, checked against our digests.

The jars lie in a folder named after the list of digests, which appears only when it is complete and right. So a
broken copy is never run, another version never mixes with this one, and a full cache needs neither Maven nor network.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Final

from broker.errors import MisconfiguredError
from broker.kafka.running import Note, Tell, home

KAFKA_VERSION: Final = "4.3.1"
OLDEST_JAVA: Final = 17

_MAVEN_SECONDS: Final = 600.0
_JAVA_SECONDS: Final = 30.0
_SETTING: Final = re.compile(r"^\s*(java\.home|java\.specification\.version) = (.+?)\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Java:
    """A Java runtime that is new enough."""

    program: Path
    version: int


def shipped(name: str) -> Path:
    """Return the path of a file of `deploy/kafka`: inside the wheel, or in the checkout."""
    inside = Path(str(resources.files("broker.kafka"))) / "deploy" / name
    return inside if inside.exists() else Path(__file__).resolve().parents[2] / "deploy" / "kafka" / name


@cache
def find_java() -> Java | None:
    """Return the Java of the search path if there is one and it is at least version 17."""
    found = shutil.which("java")
    if found is None:
        return None
    try:
        # The `java` of a search path may be a switch between versions; what it would run is asked once.
        told = subprocess.run(
            [found, "-XshowSettings:properties", "-version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_JAVA_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    settings = dict(_SETTING.findall(told.stderr))
    version = settings.get("java.specification.version", "0")
    if not version.isdigit() or int(version) < OLDEST_JAVA:
        return None
    return Java(program=Path(settings.get("java.home", "")) / "bin" / "java", version=int(version))


def find_maven() -> str | None:
    """Return the path of Maven if it is installed."""
    return shutil.which("mvn")


def cached(folder: Path) -> Path | None:
    """Return the folder of the jars in a cache folder if they are there."""
    jars = _place(folder)
    return jars if jars.is_dir() else None


def fetch(folder: Path, tell: Tell) -> Path:
    """Return the folder of the jars, copied from Maven Central now if they are not in the cache yet.

    Args:
        folder: the cache folder.
        tell: is told when it takes long.

    Raises:
        MisconfiguredError: Maven is absent, fails, or brings other bytes than those we know.
    """
    jars = cached(folder)
    if jars is not None:
        return jars
    maven = find_maven()
    if maven is None:
        raise MisconfiguredError("kafka.jars-missing", "Maven (mvn) is not installed")
    tell(
        Note(
            id=f"Mengambil Apache Kafka {KAFKA_VERSION} dari Maven Central (43 MB, sekali saja) …",
            en=f"Fetching Apache Kafka {KAFKA_VERSION} from Maven Central (43 MB, once) …",
        )
    )
    with tempfile.TemporaryDirectory(dir=home(folder), prefix="jars-") as part:
        _copy(maven, Path(part) / "jars")
        _check(Path(part) / "jars")
        try:
            (Path(part) / "jars").replace(_place(folder))
        except OSError:
            # Somebody else was quicker; what is there was checked like ours.
            if cached(folder) is None:
                raise
    return _place(folder)


def _place(folder: Path) -> Path:
    digest = hashlib.sha256(shipped("jars.sha256").read_bytes()).hexdigest()
    return home(folder) / f"jars-{KAFKA_VERSION}-{digest[:12]}"


def _copy(maven: str, target: Path) -> None:
    command = [
        maven,
        "--batch-mode",
        "--quiet",
        "--strict-checksums",
        f"--file={shipped('pom.xml')}",
        "dependency:copy-dependencies",
        "-DincludeScope=runtime",
        f"-DoutputDirectory={target}",
    ]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_MAVEN_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise MisconfiguredError("kafka.jars-missing", "Maven did not finish in ten minutes") from error
    except OSError as error:
        raise MisconfiguredError("kafka.jars-missing", "Maven does not run") from error
    if done.returncode != 0:
        complaint = next((line for line in done.stdout.splitlines() if "[ERROR]" in line), "no reason given")
        raise MisconfiguredError("kafka.jars-missing", f"Maven failed: {complaint[:300]}")


def _check(jars: Path) -> None:
    """Compare every jar with the digest that we ship: what runs here is what was reviewed.

    Raises:
        MisconfiguredError: a jar is missing, too many, or another one.
    """
    lines = shipped("jars.sha256").read_text(encoding="ascii").splitlines()
    wanted = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    there = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in jars.iterdir()}
    if there != wanted:
        odd = sorted(name for name, _ in there.items() ^ wanted.items())
        raise MisconfiguredError("kafka.jars-altered", ", ".join(dict.fromkeys(odd)))
