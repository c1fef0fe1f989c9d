"""Immigration: crossings to events, events to rows."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import orjson
import pytest

from adapters.contract import Mapped, Offer, Ordinary, Reject, received
from adapters.immigration import adapter, mapping, mrz, native
from adapters.immigration.countries import ALPHA_2
from adapters.immigration.source import source as crossing_source
from broker.errors import InvalidEventError, MisconfiguredError, StorageError
from broker.ports import Delivery
from schemas import catalogue
from schemas.codelists import listing

Read = Callable[..., list[Mapped]]

NIK = "1709015403100000"


@pytest.fixture
def export(samples: Path) -> str:
    """The sample export."""
    return (samples / "02_bcm_apk.csv").read_text(encoding="utf-8")


@pytest.fixture
def register(samples: Path) -> str:
    """The sample register."""
    return (samples / "02_register.csv").read_text(encoding="utf-8")


@pytest.fixture
def read(tmp_path: Path, register: str) -> Read:
    """Map an export beside a register; give everything that comes of it."""

    def run(text: str | bytes, *, register: str | None = register, **settings: str) -> list[Mapped]:
        folder = tmp_path / "drop"
        folder.mkdir(exist_ok=True)
        for old in folder.iterdir():
            old.unlink()
        if register is not None:
            (folder / "02_register.csv").write_text(register, encoding="utf-8")
        if "needs" in settings:
            settings["register"] = settings.pop("needs")
        content = text if isinstance(text, bytes) else text.encode()
        return list(crossing_source(tmp_path, settings).read("02_bcm_apk.csv", content).mapped)

    return run


def bodies(mapped: Iterable[Mapped]) -> list[dict[str, Any]]:
    """The events that were offered."""
    return [orjson.loads(one.draft.body) for one in mapped if isinstance(one, Offer)]


def flags(body: dict[str, Any]) -> list[str]:
    """The flags of an event."""
    return [flag["code"] for flag in body["data"]["narrative"]["flags"]]


def test_the_sample_gives_two_events_that_the_catalogue_accepts(read: Read, export: str) -> None:
    """Both deferred crossings become drafts of E03 that the catalogue reads."""
    mapped = read(export, status="Exercise", area="17.71")
    assert [type(one) for one in mapped] == [Offer, Offer]
    for one in mapped:
        assert isinstance(one, Offer)
        catalogue.find(mapping.TYPE).draft.validate_json(one.draft.body)
    first, second = bodies(mapped)
    assert first["time"] == "2026-08-07T05:42:17+07:00"
    assert first["status"] == "Exercise"
    assert first["audience"] == "role:police role:migrant-workers"
    assert first["data"]["open"] == {
        "direction": "departure",
        "tpi": "BKS-UDARA",
        "bcmStatus": "orange",
        "decision": "deferred",
        "groupSize": 4,
        "nexus": "none",
    }
    assert first["data"]["identity"]["person"]["citizenship"] == ["ID"]
    assert flags(first) == ["AGE_DOCUMENT_MISMATCH", "DEST_CHANGED", "ESCORT_SHARED"]
    assert flags(second) == ["TICKET_THIRD_PARTY"]
    assert (first["priority"], second["priority"]) == ("P0", "P1")
    assert "isMinor" not in first["data"]["identity"]["person"]
    assert second["data"]["identity"]["person"]["isMinor"] is False


def test_a_traveller_is_named_alike_at_each_reading_and_no_two_are(read: Read, export: str) -> None:
    """By digits that a changed record keeps, that no other crossing has, and that docs/adapters.md works out."""
    first, second = (body["data"]["identity"]["person"]["personRef"] for body in bodies(read(export)))
    assert first == mapping.person_ref("BKS-20260807-000231") == "p-72907581a07529a9bb9a83badf516f10"
    assert second == mapping.person_ref("BKS-20260807-000232") != first
    edited = bodies(read(export.replace("tujuan berubah saat wawancara", "tujuan diubah")))
    assert edited[0]["data"]["identity"]["person"]["personRef"] == first


def test_the_nik_never_leaves(read: Read, export: str) -> None:
    """Neither the NIK nor its birth date is in any draft, reject or repr, even where the officer typed it."""
    spelled = export.replace(
        "tiket dibeli pihak ketiga", "tiket dibeli pihak ketiga, NIK 1709 0154 0310 0000 dan 1709.0167.0903.0000"
    )
    broken = export.replace("8;ORANGE", "7;ORANGE", 1).replace("BKS-20260807-000231", NIK)
    everything = [
        *read(spelled),
        *read(broken),
        *read(export, register=f"NO_PASPOR;NIK;NAMA;TGL_TERBIT\nX0000017;{NIK}9;A;B\n"),
    ]
    assert any(isinstance(one, Reject) for one in everything)
    said = " ".join(repr(one) for one in everything)
    said += " ".join(one.draft.body.decode() for one in everything if isinstance(one, Offer))
    for value in (NIK, "1709016709030000", "0154 0310", "2010-03-14", "100314", "140310"):
        assert value not in said
    assert mapping.BLANKED in bodies(read(spelled))[1]["data"]["narrative"]["interviewNote"]


def test_a_corrected_birth_date_removes_the_age_flag(read: Read, export: str, register: str) -> None:
    """When the register agrees with the passport, the flag is gone, and the event is another revision."""
    before = read(export)[0]
    after = read(export, register=register.replace(NIK, "1709015403070000"))[0]
    assert isinstance(before, Offer)
    assert isinstance(after, Offer)
    assert "AGE_DOCUMENT_MISMATCH" in flags(bodies([before])[0])
    assert "AGE_DOCUMENT_MISMATCH" not in flags(bodies([after])[0])
    assert bodies([after])[0]["data"]["identity"]["person"]["isMinor"] is False
    assert before.draft.origin.record_id == after.draft.origin.record_id
    assert before.draft.origin.revision != after.draft.origin.revision


def test_reading_again_gives_the_same_origins_and_bodies(read: Read, export: str) -> None:
    """A source that is read again gives the same drafts, so that nothing is added."""
    assert read(export) == read(export)
    assert read(export.replace("PTG-0417", "PTG-0999")) == read(export)


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        pytest.param("X0000017<9", "X0000017<8", "adapter.mrz-check-number", id="number"),
        pytest.param("IDN0703149", "IDN0703148", "adapter.mrz-check-birth", id="birth"),
        pytest.param("F2908111<<<<<<<<<<<<<<<8", "F2908112<<<<<<<<<<<<<<<8", "adapter.mrz-check-expiry", id="expiry"),
        pytest.param("1<<<<<<<<<<<<<<<8", "1<<<<<<<<<<<<<<48", "adapter.mrz-check-optional", id="optional"),
        pytest.param("<<<8;ORANGE", "<<<7;ORANGE", "adapter.mrz-check-composite", id="composite"),
    ],
)
def test_a_wrong_check_digit_rejects_the_row_and_says_which(
    read: Read, export: str, old: str, new: str, code: str
) -> None:
    """One wrong digit rejects its row, named; the other row goes on."""
    first, second = read(export.replace(old, new, 1))
    assert first == Reject(file="02_bcm_apk.csv", row=2, field="MRZ2", code=code)
    assert isinstance(second, Offer)


def test_each_wrong_digit_of_a_row_is_named(read: Read, export: str) -> None:
    """Two wrong digits are two rejects, so that a row is mended once."""
    text = export.replace("X0000017<9IDN0703149", "X0000017<8IDN0703148", 1)
    codes = [one.code for one in read(text) if isinstance(one, Reject)]
    assert codes == ["adapter.mrz-check-number", "adapter.mrz-check-birth"]


def test_ordinary_crossings_never_travel(read: Read, export: str) -> None:
    """Green and admitted is counted; green but refused, or red but admitted, is an exception."""
    green = export.replace(";ORANGE;", ";GREEN;").replace(";TUNDA;", ";IZIN;")
    assert read(green) == [Ordinary(row=2), Ordinary(row=3)]
    refused = bodies(read(export.replace(";ORANGE;", ";GREEN;").replace(";TUNDA;", ";TOLAK;")))
    assert [body["data"]["open"]["decision"] for body in refused] == ["refused", "refused"]
    leaving = bodies(read(export.replace(";ORANGE;", ";RED;").replace(";TUNDA;", ";IZIN;")))
    assert {body["priority"] for body in leaving} == {"P0"}
    assert {body["audience"] for body in leaving} == {"role:police"}


@pytest.mark.parametrize(
    ("column", "old", "new", "code"),
    [
        pytest.param("ARAH", ";KELUAR;", ";PERGI;", "adapter.value-unknown", id="direction"),
        pytest.param("STATUS_BCM", ";ORANGE;", ";BIRU;", "adapter.value-unknown", id="colour"),
        pytest.param("KEPUTUSAN", ";TUNDA;", ";;", "adapter.value-unknown", id="no decision"),
        pytest.param("CEKAL", ";ORANGE;TIDAK", ";ORANGE;?", "adapter.value-unknown", id="listing"),
        pytest.param("WAKTU_PERIKSA", "2026-08-07 05:42:17", "07/08/2026", "adapter.value-form", id="time"),
        pytest.param("TPI", ";BKS-UDARA;", ";bengkulu;", "adapter.value-form", id="checkpoint"),
        pytest.param("TUJUAN_TRANSIT", ";SG>KH;", ";Kamboja;", "adapter.value-form", id="itinerary"),
        pytest.param("KODE_ANGKUT", ";XX-000;", ";=1+1;", "adapter.value-form", id="carrier"),
        pytest.param("MRZ1", "P<IDNCONTOHDUA<<SARI<", "P<IDNCONTOHDUA<<SARI", "adapter.mrz-form", id="short line"),
        pytest.param("MRZ1", "P<IDNCONTOHDUA", "I<IDNCONTOHDUA", "adapter.mrz-form", id="no passport"),
        pytest.param("MRZ2", "9F2908111", "9X2908111", "adapter.mrz-form", id="sex"),
    ],
)
def test_a_bad_value_is_rejected_with_row_field_and_code(
    read: Read, export: str, column: str, old: str, new: str, code: str
) -> None:
    """What a row has wrong is named by column and code; the next row goes on."""
    found = read(export.replace(old, new, 1))
    assert Reject(file="02_bcm_apk.csv", row=2, field=column, code=code) in found
    assert [one.row for one in found if isinstance(one, Offer)] == [3]


def test_a_flagged_crossing_without_a_known_ground_is_rejected(read: Read, export: str) -> None:
    """Rather than published without a reason, or with one that nobody gave."""
    text = export.replace("tiket dibeli pihak ketiga", "perlu pemeriksaan")
    assert read(text)[1] == Reject(file="02_bcm_apk.csv", row=3, field="ALASAN", code="adapter.reason-uncoded")


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        pytest.param("tujuan berubah saat wawancara", {"DEST_CHANGED"}, id="said"),
        pytest.param("tujuan tidak berubah", set(), id="denied within"),
        pytest.param("bukan tiket dibeli orang lain", set(), id="denied before"),
        pytest.param("tidak didampingi penjemput yang sama", set(), id="denied one word before"),
        pytest.param("tidak membawa uang; TUJUAN BERUBAH", {"NO_FUNDS", "DEST_CHANGED"}, id="denial of another clause"),
        pytest.param("setujuan berubahlah", set(), id="within other words"),
        pytest.param("tiket dibeli pihak ketiga, pernah ditunda", {"TICKET_THIRD_PARTY", "PRIOR_DEFERRAL"}, id="two"),
    ],
)
def test_flags_are_read_conservatively(reason: str, expected: set[str]) -> None:
    """Only words that can mean nothing else set a flag."""
    assert mapping.flags_of(reason) == expected


def test_every_flag_is_one_of_the_catalogues() -> None:
    """The words of the code list itself are understood, each as its own code."""
    for entry in listing("border-flags").codes:
        assert entry.code in mapping.flags_of(entry.id), entry.code


def test_groups_are_counted_on_the_same_flight_within_the_window(read: Read, export: str) -> None:
    """Without the officer's word, flagged crossings of one flight close in time make the group; later ones do not."""
    plain = export.replace(" dgn 3 penumpang lain", "")
    assert [body["data"]["open"]["groupSize"] for body in bodies(read(plain))] == [2, 2]
    apart = plain.replace("05:44:51", "06:44:51")
    assert [body["data"]["open"]["groupSize"] for body in bodies(read(apart))] == [1, 1]
    other = plain.replace("XX-000", "YY-111", 1)
    assert [body["data"]["open"]["groupSize"] for body in bodies(read(other))] == [1, 1]


def test_optional_data_is_blanked_and_the_composite_digit_made_anew(read: Read, export: str) -> None:
    """Digits in the optional field, and what the composite digit tells of them, do not leave."""
    optional = "17090154031000"
    line = f"X0000017<9IDN0703149F2908111{optional}{mrz.check_digit(optional)}"
    line += mrz.check_digit(line[0:10] + line[13:20] + line[21:43])
    body = bodies(read(export.replace("X0000017<9IDN0703149F2908111<<<<<<<<<<<<<<<8", line)))[0]
    assert body["data"]["identity"]["doc"]["mrz"][1] == "X0000017<9IDN0703149F2908111<<<<<<<<<<<<<<<8"
    assert optional not in str(body)


def test_an_empty_optional_field_may_have_either_check_digit(read: Read, export: str) -> None:
    """`<` and `0` are both right where there are no optional data (Doc 9303-4 §4.2.2.2)."""
    line = "X0000017<9IDN0703149F2908111<<<<<<<<<<<<<<0"
    line += mrz.check_digit(line[0:10] + line[13:20] + line[21:43])
    assert all(
        isinstance(one, Offer) for one in read(export.replace("X0000017<9IDN0703149F2908111<<<<<<<<<<<<<<<8", line))
    )


@pytest.mark.parametrize(
    ("nik", "digits"),
    [
        pytest.param("1709015403100000", "100314", id="a woman's day has forty added"),
        pytest.param("1709011403100000", "100314", id="a man's has not"),
        pytest.param("1709016902080000", "080229", id="29 February"),
        pytest.param("1709013002080000", None, id="30 February"),
        pytest.param("1709017203100000", None, id="day 72"),
        pytest.param("1709010003100000", None, id="day 0"),
        pytest.param("170901540310000", None, id="fifteen digits"),
        pytest.param("١٧٠٩٠١٥٤٠٣١٠٠٠٠٠", None, id="digits of another script"),
    ],
)
def test_the_birth_date_in_a_nik(nik: str, digits: str | None) -> None:
    """DDMMYY after the six digits of the place; forty more on a woman's day."""
    assert native.birth_digits(nik) == digits


def test_a_bad_register_row_is_rejected_and_the_crossing_goes_on(read: Read, export: str, register: str) -> None:
    """The crossing is published without the age check, and the register's row is in the rejects."""
    found = read(export, register=register.replace(NIK, "17090154031000"))
    assert found[0] == Reject(file="02_register.csv", row=2, field="NIK", code="adapter.nik-form")
    assert "AGE_DOCUMENT_MISMATCH" not in flags(bodies(found)[0])


def test_without_a_register_the_export_waits_unless_settings_do_without(read: Read, export: str) -> None:
    """The age check is not skipped silently."""
    with pytest.raises(StorageError) as caught:
        read(export, register=None)
    assert caught.value.code == "adapter.register-missing"
    assert len(bodies(read(export, register=None, needs="none"))) == 2


def test_unknown_settings_are_refused(tmp_path: Path) -> None:
    """A setting that is misspelt stops the start."""
    for settings in ({"stats": "Exercise"}, {"status": "Real"}, {"utc_offset": "7"}, {"group_minutes": "-1"}):
        with pytest.raises(MisconfiguredError):
            adapter.source(tmp_path, settings)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        pytest.param(lambda text: text.replace("ALASAN", "CATATAN").encode(), "adapter.columns-missing", id="missing"),
        pytest.param(
            lambda text: text.replace("TRX_ID;", "TRX_ID;LAIN;", 1).encode(), "adapter.columns-extra", id="extra"
        ),
        pytest.param(
            lambda text: text.replace("TRX_ID;", "TRX_ID;TPI;", 1).encode(), "adapter.columns-twice", id="twice"
        ),
        pytest.param(lambda text: text.replace(";", ",").encode(), "adapter.columns-missing", id="commas"),
        pytest.param(lambda text: text.encode("utf-16"), "adapter.file-bom", id="UTF-16"),
        pytest.param(lambda text: text.encode() + b"\xff", "adapter.file-encoding", id="not UTF-8"),
        pytest.param(lambda _: b"", "adapter.columns-missing", id="empty"),
    ],
)
def test_a_file_that_is_no_export_is_refused_with_a_code(
    read: Read, export: str, change: Callable[[str], bytes], code: str
) -> None:
    """Encoding, mark and header have a code each."""
    with pytest.raises(InvalidEventError) as caught:
        read(change(export))
    assert caught.value.code == code


def test_countries_cover_iso_3166() -> None:
    """All 249 countries, each pair once."""
    assert len(ALPHA_2) == 249
    assert len(set(ALPHA_2.values())) == 249
    assert ALPHA_2["IDN"] == "ID"


@pytest.mark.asyncio
async def test_what_is_delivered_reads_back_equal(tmp_path: Path, deliver: Callable[..., Delivery]) -> None:
    """Alerts, case registrations and referral answers are rows that native.py reads back."""
    events = [
        deliver("alert.issued.v1", event_id="00000000-0000-8000-8000-00000000000a"),
        deliver("case.registered.v1", event_id="00000000-0000-8000-8000-00000000000b", parts=()),
        deliver("referral.responded.v1", event_id="00000000-0000-8000-8000-00000000000c", parts=()),
    ]
    await adapter.sink(tmp_path, {}).deliver(events)
    file = tmp_path / "delivered" / "masuk.csv"
    header, *lines = file.read_text(encoding="utf-8").splitlines()
    assert header == native.DELIVERED_HEADER
    rows = [native.read_delivered(line) for line in lines]
    assert rows == [mapping.delivered(received(event.event.opened)) for event in events]
    assert file.stat().st_mode & 0o777 == 0o600
    assert [row.jenis for row in rows] == ["alert.issued.v1", "case.registered.v1", "referral.responded.v1"]


@pytest.mark.parametrize("kind", ["link", "pipe"])
def test_a_register_that_is_no_plain_file_makes_an_export_wait(tmp_path: Path, export: str, kind: str) -> None:
    """A link could name any file of the node, a pipe would hold the thread for ever."""
    (tmp_path / "drop").mkdir()
    file = tmp_path / "drop" / "02_register.csv"
    if kind == "link":
        file.symlink_to(tmp_path / "other.csv")
        (tmp_path / "other.csv").write_text("NO_PASPOR;NIK;NAMA;TGL_TERBIT\n")
    else:
        os.mkfifo(file)
    with pytest.raises(StorageError) as caught:
        crossing_source(tmp_path, {}).read("02_bcm_apk.csv", export.encode())
    assert caught.value.code == "adapter.drop-folder"
