"""Police: case rows to events."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from adapters.contract import Mapped, Offer, Reject
from adapters.police import adapter, articles, mapping, native
from broker.errors import InvalidEventError, MisconfiguredError
from schemas import catalogue
from schemas.codelists import listing

Read = Callable[..., list[Mapped]]


@pytest.fixture
def export(samples: Path) -> str:
    """The sample export."""
    return (samples / "04_emp_row.csv").read_text(encoding="utf-8")


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Map an export; give everything that comes of it."""

    def run(text: str, **settings: str) -> list[Mapped]:
        return list(adapter.source(tmp_path, settings).read("04_emp_row.csv", text.encode()).mapped)

    return run


def only(mapped: list[Mapped]) -> dict[str, Any]:
    """The one event that was offered, accepted by the catalogue."""
    (one,) = mapped
    assert isinstance(one, Offer)
    catalogue.find(mapping.TYPE).draft.validate_json(one.draft.body)
    body: dict[str, Any] = orjson.loads(one.draft.body)
    return body


def test_the_sample_gives_an_event_that_the_catalogue_accepts(read: Read, export: str) -> None:
    """With the number in both forms, the charges from the versioned list, and counts."""
    body = only(read(export, status="Exercise"))
    assert body["status"] == "Exercise"
    assert body["time"] == "2026-08-07T00:00:00+07:00"
    assert body["area"] == "17.09"
    assert body["data"]["open"] == {
        "reportModel": "A",
        "unitCode": "SATRESKRIM POLRES BENGKULU TENGAH",
        "offenceGroup": "tppo",
        "nexus": "none",
    }
    narrative = body["data"]["narrative"]
    assert narrative["lpNumber"] == {
        "canonical": "LP/A/17/VIII/2026/SPKT/POLRESBENGKULUTENGAH/POLDABENGKULU",
        "original": "LP/A/17/VIII/2026/SPKT/POLRES BENGKULU TENGAH/POLDA BENGKULU",
    }
    assert narrative["articles"] == [
        {"law": "uu21-2007", "article": "2", "version": "2026.1"},
        {"law": "uu21-2007", "article": "17", "version": "2026.1"},
    ]
    assert narrative["victimCounts"] == {"womenAdult": 3, "womenChild": 1, "menAdult": 0, "menChild": 0}
    assert narrative["modus"] == ["PMI/PRT"]


def test_no_name_leaves(read: Read, export: str) -> None:
    """Suspects become numbers, whatever was written; the investigator's number stays."""
    text = export.replace("TERLAPOR-1 (lidik)", "BUDI CONTOHSATU; SITI CONTOHLIMA").replace("00000000", "98765432")
    body = only(read(text))
    assert body["data"]["narrative"]["suspectRefs"] == ["TERLAPOR-1", "TERLAPOR-2"]
    for value in ("BUDI", "CONTOHSATU", "SITI", "98765432"):
        assert value not in str(body)


@pytest.mark.parametrize(
    ("written", "canonical", "model"),
    [
        pytest.param(
            "LP/B/2811/IX/2024/SPKT/Polres Metro Jaksel/ Polda Metro Jaya",
            "LP/B/2811/IX/2024/SPKT/POLRESMETROJAKSEL/POLDAMETROJAYA",
            "B",
            id="mixed case",
        ),
        pytest.param(
            "LP / B/ 2232/IX/2022/SPKT/Polres Metro Jakarta Pusat/Polda metro Jaya",
            "LP/B/2232/IX/2022/SPKT/POLRESMETROJAKARTAPUSAT/POLDAMETROJAYA",
            "B",
            id="spaces at slashes",
        ),
        pytest.param("LP/A/142/IX/2026/SPKT/POLRESTA SMD", "LP/A/142/IX/2026/SPKT/POLRESTASMD", "A", id="no Polda"),
        pytest.param("LP/450/VIII/2026/SPKT/POLRES X", "LP/450/VIII/2026/SPKT/POLRESX", "", id="no letter"),
        pytest.param("dumas/B/01/I/2026/SPKT/POLRES X", "DUMAS/B/01/I/2026/SPKT/POLRESX", "DUMAS", id="complaint"),
        pytest.param(
            "LP/A/1/II/2026/SPKT.SATRESKRIM/POLRES X", "LP/A/1/II/2026/SPKT.SATRESKRIM/POLRESX", "A", id="unit of SPKT"
        ),
    ],
)
def test_numbers_are_parsed_tolerantly_and_the_original_is_kept(written: str, canonical: str, model: str) -> None:
    """Spacing and case vary in practice."""
    assert native.lp_number(written) == native.LpNumber(canonical=canonical, original=written, model=model)


@pytest.mark.parametrize(
    "written",
    [
        pytest.param("LP/A/17/VIIII/2026/SPKT/X", id="no Roman month"),
        pytest.param("LP/A/17/8/2026/SPKT/X", id="Arabic month"),
        pytest.param("LP/A/17/VIII/26/SPKT/X", id="two-digit year"),
        pytest.param("LP/D/17/VIII/2026/SPKT/X", id="letter D"),
        pytest.param("LP/A/17/VIII/2026", id="no unit"),
        pytest.param("SKTLK/1/XII/2024/SPKT/X", id="another document"),
        pytest.param("", id="empty"),
        pytest.param("LP/A/17/VIII/2026/SPKT/" + "X" * 200, id="too long"),
    ],
)
def test_what_is_no_number_is_refused(written: str) -> None:
    """Tolerant is not careless."""
    assert native.lp_number(written) is None


@pytest.mark.parametrize(
    ("column", "old", "new", "code"),
    [
        pytest.param("NO_LP", "LP/A/17/", "LP/A/", "adapter.lp-form", id="number"),
        pytest.param("JENIS_LP", ",A,", ",B,", "adapter.lp-model", id="letter and kind differ"),
        pytest.param("JENIS_LP", ",A,", ",Z,", "adapter.value-unknown", id="kind"),
        pytest.param("TGL_LP", ",2026-08-07,", ",2026-02-30,", "adapter.value-form", id="day"),
        pytest.param("PASAL", "UU 21/2007 Ps 2", "UU 99/2007 Ps 2", "adapter.value-unknown", id="law"),
        pytest.param("PASAL", "Ps 2 jo", "Ps 200 jo", "adapter.value-unknown", id="article beyond the law"),
        pytest.param("PASAL", "Ps 2 jo", "Ps dua jo", "adapter.value-form", id="article in words"),
        pytest.param("TKP_KODE", "17.09.03", "Pondok Kelapa", "adapter.value-form", id="place"),
        pytest.param("JML_KORBAN_DWS_P", ",3,1,0,0,", ",tiga,1,0,0,", "adapter.value-form", id="count"),
        pytest.param("MODUS", "PMI/PRT", "LAIN", "adapter.value-unknown", id="modus"),
        pytest.param("TAHAP", "PENYELIDIKAN", "SELESAI", "adapter.value-unknown", id="stage"),
        pytest.param("SATKER", "SATRESKRIM POLRES", "SATRESKRIM/POLRES", "adapter.value-form", id="unit"),
        pytest.param(
            "SATKER",
            "SATRESKRIM POLRES BENGKULU TENGAH",
            "SARI CONTOHDUA",
            "adapter.value-form",
            id="person for a unit",
        ),
    ],
)
def test_a_bad_value_is_rejected_with_row_field_and_code(
    read: Read, export: str, column: str, old: str, new: str, code: str
) -> None:
    """What is wrong is named by column and code; the row after it goes on."""
    header, row, *_ = export.splitlines()
    assert old in row
    found = read(f"{header}\n{row.replace(old, new, 1)}\n{row}\n")
    assert found[0] == Reject(file="04_emp_row.csv", row=2, field=column, code=code)
    assert isinstance(found[-1], Offer)


def test_a_case_that_moved_on_is_not_registered_again(read: Read, export: str) -> None:
    """Stage and letter numbers make no revision; another count of victims does."""
    (first,) = read(export)
    (moved,) = read(export.replace("PENYELIDIKAN", "PENYIDIKAN"))
    (counted,) = read(export.replace(",3,1,0,0,", ",4,1,0,0,"))
    assert isinstance(first, Offer)
    assert isinstance(moved, Offer)
    assert isinstance(counted, Offer)
    assert first.draft.origin == moved.draft.origin
    assert first.draft.origin.record_id == counted.draft.origin.record_id
    assert first.draft.origin != counted.draft.origin


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("UU 21/2007 Pasal 2 ayat (1) jo. Pasal 48", ["2(1)", "48"], id="paragraph"),
        pytest.param("uu 21 / 2007 ps. 2(1), ps 10 dan psl 11", ["2(1)", "10", "11"], id="joined"),
        pytest.param("UU 18/2017 Ps 81; UU 21/2007 Ps 4", ["81", "4"], id="two laws"),
        pytest.param("UU 6/2011 Pasal 130 huruf b", ["130b"], id="letter"),
        pytest.param("KUHP 2023 Ps 455; KUHP 2023 (lihat daftar kode)", ["455"], id="the code, named and alone"),
    ],
)
def test_charges_are_read_against_the_list(text: str, expected: list[str]) -> None:
    """As they are written, into the catalogue's form."""
    found, code = articles.charges(text)
    assert code == ""
    assert found is not None
    assert [charge.article for charge in found] == expected


def test_a_law_named_alone_is_a_charge_under_no_law() -> None:
    """Where the list does not know the article yet, and nothing else is charged, the row says so."""
    assert articles.charges("KUHP 2023 (lihat daftar kode)") == (None, "adapter.value-missing")
    assert articles.charges("UU 21/2007") == (None, "adapter.value-form")
    assert articles.charges("") == (None, "adapter.value-missing")


def test_every_modus_of_the_catalogue_can_be_written(read: Read, export: str) -> None:
    """In any case, several separated by semicolons."""
    codes = [entry.code for entry in listing("modus").codes]
    body = only(read(export.replace("PMI/PRT", ";".join(codes).upper())))
    assert body["data"]["narrative"]["modus"] == codes


def test_a_semicolon_file_is_no_police_export(read: Read, export: str) -> None:
    """The delimiter is part of the format."""
    with pytest.raises(InvalidEventError) as caught:
        read(export.replace(",", ";"))
    assert caught.value.code == "adapter.columns-missing"


def test_unknown_settings_are_refused(tmp_path: Path) -> None:
    """A setting that is misspelt stops the start."""
    for settings in ({"stats": "Exercise"}, {"nexus": "maybe"}, {"utc_offset": "WIB"}):
        with pytest.raises(MisconfiguredError):
            adapter.source(tmp_path, settings)
