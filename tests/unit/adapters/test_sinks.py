"""Every sink: what it writes reads back equal, once, durable, for its owner alone."""

import os
from collections.abc import Callable, Iterable
from dataclasses import replace
from importlib.metadata import entry_points
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from adapters import bnpt, hotline, immigration, ngo, police
from adapters.bnpt import mapping as bnpt_mapping
from adapters.bnpt import native as bnpt_native
from adapters.contract import Adapter, received
from adapters.hotline import mapping as hotline_mapping
from adapters.hotline import native as hotline_native
from adapters.immigration import mapping as immigration_mapping
from adapters.immigration import native as immigration_native
from adapters.ngo import mapping as ngo_mapping
from adapters.ngo import native as ngo_native
from adapters.police import mapping as police_mapping
from adapters.police import native as police_native
from broker.errors import StorageError
from broker.names import KeyId, PartName
from broker.ports import Delivery

TYPES = sorted(
    path.name.removeprefix("id.simpul.").removesuffix(".json")
    for path in (files("schemas") / "examples").iterdir()
    if path.name.endswith(".json")
)
ADAPTERS: tuple[Adapter, ...] = (immigration.adapter, police.adapter, ngo.adapter, bnpt.adapter, hotline.adapter)
MAPPINGS: dict[str, Callable[[Any], Any]] = {
    "immigration": immigration_mapping.delivered,
    "police": police_mapping.delivered,
    "ngo": ngo_mapping.delivered,
    "bnpt": bnpt_mapping.delivered,
    "hotline": hotline_mapping.delivered,
}
LINES: dict[str, tuple[str, str, Callable[[str], Any]]] = {
    "immigration": ("masuk.csv", immigration_native.DELIVERED_HEADER, immigration_native.read_delivered),
    "police": ("terima.csv", police_native.DELIVERED_HEADER, police_native.read_delivered),
    "ngo": ("masuk.jsonl", "", ngo_native.read_delivered),
    "hotline": ("masuk.jsonl", "", hotline_native.read_delivered),
}


def read_back(adapter: Adapter, folder: Path) -> list[Any]:
    """Read with the adapter's own native.py what its sink has written."""
    if adapter.name == "bnpt":
        # Files have no order but that of their names, in which what came later may stand earlier.
        found = [bnpt_native.read_delivered(path.read_bytes()) for path in (folder / "delivered").iterdir()]
        return sorted(found, key=lambda one: (one.id, len(one.open)))
    name, header, read = LINES[adapter.name]
    lines = (folder / "delivered" / name).read_text(encoding="utf-8").split("\n")
    assert lines.pop() == ""
    if header:
        assert lines.pop(0) == header
    return [read(line) for line in lines]


def plain(adapter: Adapter, events: Iterable[Delivery]) -> list[Any]:
    """What the adapter's mapping makes of events."""
    return [MAPPINGS[adapter.name](received(event.event.opened)) for event in events]


def numbered(number: int) -> str:
    """An event id."""
    return f"00000000-0000-8000-8000-{number:012d}"


@pytest.fixture(params=ADAPTERS, ids=[adapter.name for adapter in ADAPTERS])
def adapter(request: pytest.FixtureRequest) -> Adapter:
    """Each adapter."""
    chosen: Adapter = request.param
    return chosen


@pytest.mark.asyncio
async def test_every_type_reads_back_equal(adapter: Adapter, tmp_path: Path, deliver: Callable[..., Delivery]) -> None:
    """Whatever of the catalogue an agency may be sent, with all its parts or with the open one alone."""
    events = [deliver(name, event_id=numbered(place)) for place, name in enumerate(TYPES)]
    events += [deliver(name, event_id=numbered(100 + place), parts=()) for place, name in enumerate(TYPES)]
    await adapter.sink(tmp_path, {}).deliver(events)
    found, expected = read_back(adapter, tmp_path), plain(adapter, events)
    assert len(found) == len(expected)
    assert all(one in found for one in expected)


@pytest.mark.asyncio
async def test_codes_and_fields_of_a_newer_catalogue_do_no_harm(
    adapter: Adapter, tmp_path: Path, deliver: Callable[..., Delivery]
) -> None:
    """A code that no list here has is written as it is; a field that nothing here knows is not written at all."""
    newer = {"attributes": {"dataschema": "urn:simpul:schema:sha256:" + "ab" * 32}}
    codes = {
        "border.crossing-flagged.v1": {"narrative": {"flags": [{"code": "NEW_FLAG", "weight": "S", "more": "\u202e"}]}},
        "referral.requested.v1": {"open": {"service": "new_service", "more": {"x": "\u202e"}}},
    }
    events = [
        deliver(name, event_id=numbered(place), said=said, **newer) for place, (name, said) in enumerate(codes.items())
    ]
    await adapter.sink(tmp_path, {}).deliver(events)
    await adapter.sink(tmp_path, {}).deliver(events)
    assert read_back(adapter, tmp_path) == plain(adapter, events)
    written = "".join(path.read_text(encoding="utf-8") for path in (tmp_path / "delivered").iterdir())
    assert all(code in written for code in ("NEW_FLAG", "new_service"))
    assert "more" not in written


@pytest.mark.asyncio
async def test_a_repeated_delivery_adds_nothing(
    adapter: Adapter, tmp_path: Path, deliver: Callable[..., Delivery]
) -> None:
    """Neither from the same sink, nor from one that was started after a crash before the cursor moved."""
    events = [deliver("alert.issued.v1", event_id=numbered(place)) for place in range(3)]
    sink = adapter.sink(tmp_path, {})
    await sink.deliver(events[:2])
    before = {path: path.stat().st_ino for path in (tmp_path / "delivered").iterdir()}
    await sink.deliver(events[:2])
    assert {path: path.stat().st_ino for path in (tmp_path / "delivered").iterdir()} == before
    await adapter.sink(tmp_path, {}).deliver(events)
    assert read_back(adapter, tmp_path) == plain(adapter, events)


@pytest.mark.asyncio
async def test_the_same_id_of_another_source_is_another_event(
    adapter: Adapter, tmp_path: Path, deliver: Callable[..., Delivery]
) -> None:
    """An event is known by (source, id)."""
    events = [deliver("alert.issued.v1", source=source) for source in ("bnpt", "polres-bengkulu-tengah")]
    await adapter.sink(tmp_path, {}).deliver(events)
    assert len(read_back(adapter, tmp_path)) == 2


@pytest.mark.asyncio
async def test_parts_that_came_late_are_written_after_the_first_form(
    adapter: Adapter, tmp_path: Path, deliver: Callable[..., Delivery]
) -> None:
    """Both forms are there, and each once."""
    early, late = deliver("alert.issued.v1", parts=("narrative",)), deliver("alert.issued.v1")
    sink = adapter.sink(tmp_path, {})
    await sink.deliver([early])
    await sink.deliver([late, early])
    assert read_back(adapter, tmp_path) == plain(adapter, [early, late])


@pytest.mark.asyncio
async def test_deliveries_are_readable_by_their_owner_alone(
    adapter: Adapter, tmp_path: Path, deliver: Callable[..., Delivery]
) -> None:
    """Files 0600 in a folder 0700, whatever the umask."""
    before = os.umask(0)
    try:
        await adapter.sink(tmp_path, {}).deliver([deliver("alert.issued.v1")])
    finally:
        os.umask(before)
    folder = tmp_path / "delivered"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


@pytest.mark.asyncio
async def test_it_is_on_the_disk_before_deliver_returns(
    adapter: Adapter, tmp_path: Path, deliver: Callable[..., Delivery], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each file, and the folder that names it, is synced."""
    synced: list[str] = []
    fsync = os.fsync

    def note(handle: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{handle}").readlink()))
        fsync(handle)

    monkeypatch.setattr(os, "fsync", note)
    await adapter.sink(tmp_path, {}).deliver([deliver("alert.issued.v1")])
    folder = str(tmp_path / "delivered")
    assert folder in synced
    assert any(path.startswith(f"{folder}/") for path in synced)


@pytest.mark.asyncio
async def test_a_place_that_cannot_be_written_is_a_storage_error(
    adapter: Adapter, tmp_path: Path, deliver: Callable[..., Delivery]
) -> None:
    """To be tried again; and it is, once the place is there."""
    (tmp_path / "delivered").write_text("in the way")
    sink = adapter.sink(tmp_path, {})
    with pytest.raises(StorageError) as caught:
        await sink.deliver([deliver("alert.issued.v1")])
    assert caught.value.code == "adapter.delivery-store"
    (tmp_path / "delivered").unlink()
    await sink.deliver([deliver("alert.issued.v1")])
    assert len(read_back(adapter, tmp_path)) == 1


def test_what_stays_closed_is_named_with_its_code(deliver: Callable[..., Delivery]) -> None:
    """A part without a key, and one that was withheld."""
    opened = replace(
        deliver("alert.issued.v1", parts=()).event.opened,
        missing={PartName("place"): KeyId(bytes(16))},
        withheld={PartName("narrative"): "withheld.agreement"},
    )
    assert received(opened).closed == {"place": "closed.no-key", "narrative": "withheld.agreement"}


def test_what_is_received_does_not_show_itself(deliver: Callable[..., Delivery]) -> None:
    """No field of an event is in the repr of its plain values, nor of what each adapter makes of them."""
    for name, values in {"tip.received.v1": ("ruko", "9f86d081884c"), "case.registered.v1": ("LP/A/17",)}.items():
        event = received(deliver(name).event.opened)
        for shown in (repr(event), *(repr(mapping(event)) for mapping in MAPPINGS.values())):
            assert not [value for value in values if value in shown]


def test_every_adapter_is_found_by_its_entry_point() -> None:
    """Under its own name."""
    found = {entry.name: entry for entry in entry_points(group="simpul.adapters")}
    for one in ADAPTERS:
        assert found[one.name].load() is one
