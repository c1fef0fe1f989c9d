"""`simpul findings`: what was found, of events and of keys, for people in their language and for programs."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from broker.assembly import open_store
from broker.federation.insecure_folder import load_agency, write_folder
from broker.founding import NewAgency, new_node
from broker.names import AgencyId, Topic
from broker.policy import default_agreements
from broker.ports import Finding, ReceivedKeys, Taken
from tests.commands import simpul_here

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
POL = AgencyId("polres-contoh")


def finding(code: str, topic: str, minutes: int) -> Finding:
    """A finding of that minute."""
    at = NOW + timedelta(minutes=minutes)
    return Finding(code=code, source="x", topic=Topic(topic), offset=7, at=at, detail="\x1b[2J", evidence=(b"\1\2",))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A node that never ran."""
    folder = tmp_path / "node"
    agency = NewAgency(id=POL, role="police", name_id="a", name_en="b")
    federation, valid = tmp_path / "federation", (NOW, NOW + timedelta(days=1))
    listed = load_agency(new_node(folder, agency, kafka_bootstrap="127.0.0.1:1", federation=federation, valid=valid))
    write_folder(federation, [listed], default_agreements(), {}, created=NOW)
    return folder


def test_none(folder: Path) -> None:
    """A node without findings says so, and a program reads nothing."""
    assert "Tidak ada temuan." in simpul_here("findings", "--node", folder).out
    assert simpul_here("findings", "--node", folder, "--json").rows == []


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        pytest.param("id", ("dua rekaman berbeda", "Yang dapat dilakukan"), id="Indonesian"),
        pytest.param("en", ("two different records", "What to do"), id="English"),
    ],
)
def test_findings(folder: Path, lang: str, said: tuple[str, ...]) -> None:
    """Those of both stores, the oldest first; nothing in them steers the terminal."""
    of_events, of_keys = finding("stream.fork", "simpul.alert", 2), finding("inbound.not-ours", "simpul.keys.a.b", 1)
    with open_store(folder) as store:
        store.inbox.commit(Taken(at=NOW, findings=[of_events]))
        store.keys.commit(
            ReceivedKeys(
                data_keys=(),
                wrapping_keys=(),
                waiting=(),
                done_waiting=(),
                heads={},
                offsets={},
                findings=[of_keys],
            )
        )
    rows = simpul_here("findings", "--node", folder, "--json").rows
    assert [row["code"] for row in rows] == ["inbound.not-ours", "stream.fork"]
    assert (rows[1]["topic"], rows[1]["offset"], rows[1]["evidence"]) == ("simpul.alert", 7, ["0102"])
    told = simpul_here("findings", "--node", folder, SIMPUL_LANG=lang)
    assert told.code == 0
    assert all(sentence in told.out for sentence in said)
    assert "\x1b" not in told.out
