"""The hotline: tips to events."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import orjson
import pytest
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from adapters.contract import Mapped, Offer, Reject
from adapters.hotline import adapter, mapping, native
from broker.errors import InvalidEventError, MisconfiguredError
from schemas import catalogue
from schemas.codelists import listing
from schemas.tip import Channel

Read = Callable[..., list[Mapped]]
TICKET = "BT-7Q4K-M2XD"


@pytest.fixture
def tip(samples: Path) -> dict[str, Any]:
    """The sample tip."""
    value: dict[str, Any] = orjson.loads((samples / "01_tip_web.json").read_bytes())
    return value


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Map tips; give everything that comes of them."""

    def run(value: object, **settings: str) -> list[Mapped]:
        return list(adapter.source(tmp_path, settings).read("01_tip_web.json", orjson.dumps(value)).mapped)

    return run


def only(mapped: list[Mapped]) -> dict[str, Any]:
    """The one event that was offered, accepted by the catalogue."""
    (one,) = mapped
    assert isinstance(one, Offer)
    catalogue.find(mapping.TYPE).draft.validate_json(one.draft.body)
    body: dict[str, Any] = orjson.loads(one.draft.body)
    return body


def test_the_sample_gives_an_event_that_the_catalogue_accepts(read: Read, tip: dict[str, Any]) -> None:
    """Signs as codes, danger as P0, the place as a code, and the area no finer than the regency."""
    body = only(read(tip, status="Exercise"))
    assert (body["priority"], body["status"], body["area"]) == ("P0", "Exercise", "17.09")
    assert body["data"]["open"] == {"channel": "web", "dangerNow": True, "mayInvolveChild": True}
    narrative = body["data"]["narrative"]
    assert narrative["signs"] == ["documents_held", "cannot_leave", "job_abroad_promise", "child_suspected"]
    assert narrative["language"] == "ind"
    assert narrative["placeCode"] == "17.09.03"
    assert narrative["wantsReply"] is True
    assert "safe_contact" not in body["data"]


def test_the_reporters_code_never_leaves(read: Read, tip: dict[str, Any]) -> None:
    """An event and its origin hold a slow hash under a label of its own, never the code."""
    (one,) = read(tip)
    assert isinstance(one, Offer)
    assert TICKET not in one.draft.body.decode() + one.draft.origin.record_id + repr(one)
    body = only([one])
    expected = Scrypt(salt=b"simpul/tracking/v1", length=32, n=16384, r=8, p=1).derive(TICKET.encode()).hex()
    assert body["data"]["narrative"]["trackingHash"] == expected == one.draft.origin.record_id == body["subject"]
    assert hashlib.sha256(TICKET.encode()).hexdigest() not in str(body)


def test_files_are_counted_and_never_named(read: Read, tip: dict[str, Any]) -> None:
    """A file without pointer and hash is a number; one with them, stripped, travels as pointer and hash."""
    tip["lampiran"] = [
        {"nama": "wajah-rina.jpg", "ukuran": 1},
        {"nama": "b.jpg", "ukuran": 2, "sha256": "0" * 64, "penunjuk": "simpul-file:1", "metadata_dihapus": True},
        {"nama": "c.jpg", "ukuran": 3, "sha256": "1" * 64, "penunjuk": "simpul-file:2"},
    ]
    body = only(read(tip))
    narrative = body["data"]["narrative"]
    assert narrative["attachments"] == [{"hash": "0" * 64, "pointer": "simpul-file:1", "strippedMetadata": True}]
    assert narrative["whatText"].endswith("[lampiran yang belum diserahkan: 2]")
    assert ".jpg" not in str(body)


def test_a_safe_contact_is_a_compartment_of_its_own(read: Read, tip: dict[str, Any]) -> None:
    """It is in no other part."""
    tip["kontak_aman"] = "lewat warung"
    data = only(read(tip))["data"]
    assert data["safe_contact"] == {"safeContact": "lewat warung"}
    assert "warung" not in str(data["narrative"])


def test_nothing_is_guessed_from_words(read: Read, tip: dict[str, Any]) -> None:
    """How many and whether a child is said only where the form asked."""
    tip["tanda"] = []
    tip["bahaya_segera"] = "tidak_tahu"
    body = only(read(tip))
    assert body["data"]["open"]["mayInvolveChild"] is False
    assert body["priority"] == "P1"
    assert "victimCountBand" not in body["data"]["narrative"]
    tip["jumlah_korban"] = "2-5"
    assert only(read(tip))["data"]["narrative"]["victimCountBand"] == "2-5"


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        pytest.param({"nama_pelapor": "Rina"}, "?", "adapter.field-unknown", id="a field for who reports"),
        pytest.param({"tanda": ["lari"]}, "tanda.0", "adapter.value-unknown", id="sign"),
        pytest.param({"kanal": "radio"}, "kanal", "adapter.value-unknown", id="channel"),
        pytest.param({"bahaya_segera": True}, "bahaya_segera", "adapter.value-unknown", id="danger"),
        pytest.param({"apa": ""}, "apa", "adapter.value-form", id="nothing said"),
        pytest.param({"diterima": "2026-08-03T21:14:00"}, "diterima", "adapter.value-form", id="no offset"),
        pytest.param({"lokasi_kode": "Pondok Kelapa"}, "lokasi_kode", "adapter.value-form", id="place"),
        pytest.param({"tiket": "rina-1990"}, "tiket", "adapter.value-form", id="a code that is none"),
        pytest.param({"bahasa": "xx"}, "bahasa", "adapter.value-form", id="language"),
    ],
)
def test_a_bad_tip_is_rejected_with_row_field_and_code(
    read: Read, tip: dict[str, Any], change: dict[str, Any], field: str, code: str
) -> None:
    """And the next one goes on."""
    first, second = read([{**tip, **change}, tip])
    assert first == Reject(file="01_tip_web.json", row=1, field=field, code=code)
    assert "Rina" not in repr(first)
    assert isinstance(second, Offer)


@pytest.mark.parametrize("missing", ["tiket", "kanal", "diterima", "apa", "bahaya_segera", "minta_kontak_balik"])
def test_what_a_tip_needs_is_named(read: Read, tip: dict[str, Any], missing: str) -> None:
    """By the field."""
    del tip[missing]
    assert read(tip) == [Reject(file="01_tip_web.json", row=1, field=missing, code="adapter.value-missing")]


def test_every_sign_and_channel_of_the_form_is_one_of_the_catalogues() -> None:
    """Both ways: nothing of the form is unknown, nothing of the catalogue cannot be said."""
    assert set(mapping.SIGNS) == set(get_args(native.Sign))
    assert set(mapping.SIGNS.values()) == {entry.code for entry in listing("signs").codes}
    assert set(mapping.CHANNELS) == set(get_args(native.Channel))
    assert set(mapping.CHANNELS.values()) == {*Channel}


def test_a_tip_that_is_read_again_is_the_same(read: Read, tip: dict[str, Any]) -> None:
    """And one that was changed is another revision of it."""
    (first,), (again,), (changed,) = read(tip), read(tip), read({**tip, "kapan": "kemarin"})
    assert isinstance(first, Offer)
    assert isinstance(changed, Offer)
    assert first == again
    assert first.draft.origin.record_id == changed.draft.origin.record_id
    assert first.draft.origin.revision != changed.draft.origin.revision


@pytest.mark.parametrize(
    ("content", "code"),
    [
        pytest.param(b"{", "adapter.json-broken", id="torn"),
        pytest.param(b'"tip"', "adapter.record-shape", id="a word"),
        pytest.param(b"\xff\xfe{\x00", "adapter.file-bom", id="UTF-16"),
        pytest.param(b'{"a": NaN}', "adapter.json-broken", id="NaN"),
        pytest.param(b'[{"a": {"b": 1, "b": 1}}]', "adapter.json-name-twice", id="a name twice"),
    ],
)
def test_a_file_that_is_no_json_is_refused(tmp_path: Path, content: bytes, code: str) -> None:
    """As a whole, with its code; and the error holds nothing of it."""
    with pytest.raises(InvalidEventError) as caught:
        adapter.source(tmp_path, {}).read("a.json", content)
    assert caught.value.code == code
    assert caught.value.__context__ is None


def test_unknown_settings_are_refused(tmp_path: Path) -> None:
    """A setting that is misspelt stops the start."""
    with pytest.raises(MisconfiguredError):
        adapter.source(tmp_path, {"audiences": "role:police"})
