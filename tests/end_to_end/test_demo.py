"""The demo as a user runs it: real processes, a real Kafka, and a table of its own of who must open what."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from broker.kafka import jars
from broker.kafka.running import Running
from tests.kafka_fixture import fresh_cache

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

SAMPLES = Path(__file__).parents[1] / "samples"
SECONDS = 180.0

POLICE, SOCIAL, NGO = "polres-bengkulu-tengah", "uptd-ppa-bengkulu-tengah", "yayasan-contoh"
IMMIGRATION, BNPT, LPSK, BP3MI = "imigrasi-bengkulu", "bnpt", "lpsk", "bp3mi-bengkulu"
TASK_FORCE = "gugus-tugas-tppo"
EVERYBODY = {POLICE, SOCIAL, NGO, IMMIGRATION, BNPT, LPSK, BP3MI, TASK_FORCE}
WITHHELD = {"narrative": "withheld.agreement"}


def mail(source: str, *recipients: str) -> set[str]:
    """Name the mailboxes from a source to its recipients."""
    return {f"simpul.mail.{source}.{recipient}" for recipient in recipients}


# AGREEMENTS.md by hand: type, source, topics, who opens which compartments, and what stays closed to whom.
Travelled = tuple[str, str, set[str], dict[str, set[str]], dict[str, dict[str, str]]]
CROSSING: Travelled = (
    "border.crossing-flagged",
    IMMIGRATION,
    mail(IMMIGRATION, POLICE, BP3MI),
    {POLICE: {"identity", "narrative"}, BP3MI: {"identity"}},
    {BP3MI: WITHHELD},
)
SCREENING: Travelled = (
    "screening.completed",
    IMMIGRATION,
    mail(IMMIGRATION, SOCIAL),
    {SOCIAL: {"identity", "narrative"}},
    {},
)
EXPECTED: list[Travelled] = [
    ("tip.received", SOCIAL, mail(SOCIAL, POLICE), {POLICE: {"narrative"}}, {}),
    ("tip.triaged", SOCIAL, mail(SOCIAL, POLICE, BP3MI), {POLICE: {"narrative"}, BP3MI: {"narrative"}}, {}),
    ("intel.bundle-shared", BNPT, {"simpul.intel"}, {POLICE: {"network"}, IMMIGRATION: {"network"}}, {}),
    (
        "passport.application-deferred",
        IMMIGRATION,
        mail(IMMIGRATION, BP3MI),
        {BP3MI: {"identity", "narrative"}},
        {},
    ),
    (
        "linkage.detected",
        POLICE,
        mail(POLICE, SOCIAL, BNPT),
        {SOCIAL: {"narrative"}, BNPT: {"narrative"}},
        {},
    ),
    (
        "alert.issued",
        POLICE,
        {"simpul.alert"} | mail(POLICE, SOCIAL),
        {agency: {"narrative", "place"} for agency in (IMMIGRATION, BP3MI, SOCIAL)},
        {},
    ),
    ("alert.issued", IMMIGRATION, mail(IMMIGRATION, POLICE), {POLICE: {"narrative"}}, {}),
    ("watch.requested", POLICE, mail(POLICE, IMMIGRATION), {IMMIGRATION: {"identity", "narrative"}}, {}),
    CROSSING,
    CROSSING,
    SCREENING,
    SCREENING,
    (
        "referral.requested",
        IMMIGRATION,
        mail(IMMIGRATION, SOCIAL),
        {SOCIAL: {"identity", "narrative", "place", "safe_contact"}},
        {},
    ),
    ("referral.responded", SOCIAL, mail(SOCIAL, IMMIGRATION), {IMMIGRATION: set()}, {IMMIGRATION: WITHHELD}),
    (
        "consent.changed",
        NGO,
        mail(NGO, SOCIAL, LPSK),
        {SOCIAL: {"identity", "narrative"}, LPSK: {"identity", "narrative"}},
        {},
    ),
    (
        "case.registered",
        POLICE,
        mail(POLICE, LPSK, SOCIAL, IMMIGRATION, TASK_FORCE),
        {LPSK: {"narrative"}, SOCIAL: set(), IMMIGRATION: set(), TASK_FORCE: set()},
        {SOCIAL: WITHHELD, IMMIGRATION: WITHHELD, TASK_FORCE: WITHHELD},
    ),
    (
        "victim.status-determined",
        SOCIAL,
        mail(SOCIAL, LPSK, BP3MI),
        {LPSK: {"identity", "narrative"}, BP3MI: {"identity", "narrative"}},
        {},
    ),
    ("victim.protection-notified", SOCIAL, mail(SOCIAL, IMMIGRATION), {IMMIGRATION: {"identity"}}, {}),
    (
        "traveldoc.status-reported",
        IMMIGRATION,
        mail(IMMIGRATION, POLICE),
        {POLICE: {"identity", "narrative"}},
        {},
    ),
    (
        "safety.risk-raised",
        NGO,
        mail(NGO, SOCIAL, LPSK),
        {SOCIAL: {"narrative", "place"}, LPSK: {"narrative", "place"}},
        {},
    ),
    ("referral.requested", NGO, mail(NGO, LPSK), {LPSK: {"identity", "narrative", "safe_contact"}}, {}),
    (
        "case.progressed",
        POLICE,
        mail(POLICE, LPSK, SOCIAL),
        {LPSK: {"narrative"}, SOCIAL: set()},
        {SOCIAL: WITHHELD},
    ),
    (
        "consent.changed",
        NGO,
        mail(NGO, SOCIAL, LPSK),
        {SOCIAL: {"identity", "narrative"}, LPSK: {"identity", "narrative"}},
        {},
    ),
    (
        "stats.published",
        TASK_FORCE,
        {"simpul.outreach"},
        {agency: set() for agency in EVERYBODY - {TASK_FORCE}},
        {},
    ),
    (
        "outreach.published",
        IMMIGRATION,
        {"simpul.outreach"},
        {agency: set() for agency in EVERYBODY - {IMMIGRATION}},
        {},
    ),
]
REFUSALS = [
    ("forged-signature", SOCIAL, "untrusted.signature"),
    ("flipped-byte", SOCIAL, "untrusted.path"),
    ("moved-topic", SOCIAL, "untrusted.payload"),
    ("foreign-mailbox", IMMIGRATION, "untrusted.topic"),
]


class Demo:
    """`simpul demo` in a process of its own, with a cache of its own."""

    def __init__(self, folder: Path, *arguments: str, **environment: str) -> None:
        self.report_file = folder / "report.json"
        self.output = folder / "output.txt"
        self.cache = folder / "cache"
        self.cache.mkdir(exist_ok=True)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SIMPUL_")}
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "broker", "demo", "--report", str(self.report_file), *arguments],
                env=kept | {"SIMPUL_CACHE": str(self.cache), "COLUMNS": "100"} | environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def told(self) -> str:
        """Return what it has said so far."""
        return self.output.read_text(encoding="utf-8")

    def until(self, seen: Callable[[], bool]) -> None:
        """Wait until something is to be seen, while it runs."""
        deadline = time.monotonic() + SECONDS
        while not seen():
            assert time.monotonic() < deadline, self.told()
            assert self.process.poll() is None, self.told()
            time.sleep(0.05)

    def ends(self) -> int:
        """Wait until it has ended and return its exit code."""
        return self.process.wait(SECONDS)

    def report(self) -> dict[str, Any]:
        """Return its report."""
        loaded: dict[str, Any] = json.loads(self.report_file.read_bytes())
        return loaded

    def left_running(self) -> list[str]:
        """Return the command lines of processes that were started from its cache folder."""
        listing = subprocess.run(["ps", "-ww", "-eo", "args"], capture_output=True, text=True, check=True, timeout=20)
        return [line for line in listing.stdout.splitlines() if str(self.cache) in line]

    def stop(self) -> None:
        """End it, if it has not ended."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(60)
            finally:
                self.process.kill()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Return a run as `make demo` makes it, which starts a Kafka of its own, for programs."""
    folder = tmp_path_factory.mktemp("whole")
    (folder / "cache").mkdir()
    fresh_cache(folder / "cache")
    demo = Demo(folder, "--headless")
    try:
        assert demo.ends() == 0, demo.told()
        yield demo
    finally:
        demo.stop()


@pytest.mark.kafka
def test_every_event_goes_where_the_agreements_say_and_opens_to_those_alone(whole: Demo) -> None:
    """The report agrees with a table that was written by hand from the agreements."""
    said = [
        (
            event["type"].removeprefix("id.simpul.").rpartition(".")[0],
            event["source"],
            set(event["topics"]),
            {agency: set(parts) for agency, parts in event["opened"].items()},
            {agency: closed for agency, closed in event["closed"].items() if closed},
        )
        for event in whole.report()["events"]
    ]
    assert said == EXPECTED


@pytest.mark.kafka
def test_every_attack_is_refused_with_its_own_code(whole: Demo) -> None:
    """Four attacks, each refused where it was made and for the reason that it was made for."""
    assert [(one["attempt"], one["at"], one["code"]) for one in whole.report()["refusals"]] == REFUSALS


@pytest.mark.kafka
def test_the_report_has_the_times_and_the_kafka(whole: Demo) -> None:
    """Whoever opens an event has it delivered; times are measured; a program is told nothing else."""
    report = whole.report()
    assert report["ok"] is True
    assert report["kafka"]["kind"] == ("kafka" if jars.find_java() else "embedded")
    assert report["kafka"]["brokers"] == 1
    for event in report["events"]:
        assert event["delivered"].keys() == event["opened"].keys() == event["closed"].keys()
        assert all(0 <= milliseconds < 60_000 for milliseconds in event["delivered"].values())
    seconds = report["seconds"]
    assert 0 < seconds["kafka"] < seconds["first_delivery"] < seconds["total"]
    assert 0 < seconds["setup"] < seconds["first_delivery"]
    if report["kafka"]["kind"] == "kafka":
        assert whole.told() == ""


@pytest.mark.kafka
def test_nothing_stays_behind(whole: Demo) -> None:
    """Neither a process nor a working folder outlives a run that held."""
    assert whole.left_running() == []
    assert list((whole.cache / "demo").glob("run-*")) == []


@pytest.mark.kafka
def test_other_samples_lead_to_another_result(durable_kafka: Running, tmp_path: Path) -> None:
    """On a Kafka of others, with a birth date that fits and an MRZ that does not: no age flag, and one row refused.

    Left running, it can be looked into until Ctrl-C, which ends every process and keeps the folder.
    """
    samples = tmp_path / "samples"
    samples.mkdir()
    register = (SAMPLES / "02_register.csv").read_text(encoding="utf-8")
    (samples / "02_register.csv").write_text(register.replace("1709015403100000", "1709015403070000"), encoding="utf-8")
    crossings = (SAMPLES / "02_bcm_apk.csv").read_text(encoding="utf-8")
    (samples / "02_bcm_apk.csv").write_text(crossings.replace("X0000025<0IDN", "X0000025<1IDN"), encoding="utf-8")
    arguments = ("--lang", "en", "--keep", "--samples", str(samples))
    demo = Demo(tmp_path, *arguments, SIMPUL_KAFKA_BOOTSTRAP=durable_kafka.bootstrap)
    try:
        demo.until(lambda: "Ctrl-C stops everything" in demo.told())
        told, report = demo.told(), demo.report()
        assert "flags DEST_CHANGED, ESCORT_SHARED" in told
        assert "flags AGE_DOCUMENT_MISMATCH" not in told
        assert re.search(r"Row 3, MRZ2: .*adapter\.mrz", told, re.DOTALL)
        crossings_sent = [event for event in report["events"] if "crossing" in event["type"]]
        assert len(crossings_sent) == 1
        assert "Immigration does not hold its key [closed.no-key]" in " ".join(told.split())
        assert report["kafka"]["kind"] == "external"
        assert len(demo.left_running()) == len(EVERYBODY)
        demo.process.send_signal(signal.SIGINT)
        assert demo.ends() == 0
        assert demo.left_running() == []
        (kept,) = (demo.cache / "demo").glob("run-*")
        assert (kept / "nodes" / LPSK / "node.toml").is_file()
    finally:
        demo.stop()


def test_a_node_that_dies_makes_the_demo_fail_with_a_sentence(tmp_path: Path) -> None:
    """With Python alone; the sentence names the agency and its log, and the report says that it did not hold."""
    demo = Demo(tmp_path, "--lang", "en", SIMPUL_KAFKA="embedded")
    try:
        demo.until(lambda: "received by" in demo.told())
        (pid,) = re.findall(r"^ *LPSK .* ([0-9]+)\s*$", demo.told(), re.MULTILINE)
        os.kill(int(pid), signal.SIGKILL)
        assert demo.ends() == 1
        assert "The demo failed. A node ended" in demo.told()
        assert f"{LPSK}.log" in demo.told()
        assert "this is the embedded server" in " ".join(demo.told().split())
        assert demo.report()["ok"] is False
        assert demo.left_running() == []
    finally:
        demo.stop()


def test_the_next_run_clears_away_what_a_killed_one_left(tmp_path: Path) -> None:
    """Nothing can end its nodes when the demo itself is killed; the next run does, and knows them by their folder."""
    killed = Demo(tmp_path, "--lang", "en", SIMPUL_KAFKA="embedded")
    killed.until(lambda: "Somebody reports" in killed.told())
    (folder,) = (killed.cache / "demo").glob("run-*")
    killed.process.kill()
    killed.ends()
    left = [line for line in killed.left_running() if str(folder) in line]
    following = Demo(tmp_path, "--lang", "en", SIMPUL_KAFKA="embedded")
    try:
        following.until(lambda: "Kafka: " in following.told())
        assert len(left) == len(EVERYBODY) + 1  # the nodes and the server
        assert not folder.exists()
        assert [line for line in following.left_running() if str(folder) in line] == []
    finally:
        following.stop()
    assert following.left_running() == []
