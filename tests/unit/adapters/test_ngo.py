"""The NGO: HTCDS intakes and their defects, to consent events."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import orjson
import pytest

from adapters.contract import Mapped, Offer, Ordinary, Reject
from adapters.ngo import adapter, htcds, mapping, native
from broker.errors import InvalidEventError, MisconfiguredError
from schemas import catalogue
from schemas.consent import Prompt

Read = Callable[..., list[Mapped]]
SETTINGS = {
    "status": "Exercise",
    "scopes": "protection:social-services:identity+narrative protection:witness-protection:identity",
}
BIRTH_OF_A_CHILD = "2010-03-14"


@pytest.fixture
def intake(samples: Path) -> dict[str, Any]:
    """The sample submission."""
    value: dict[str, Any] = orjson.loads((samples / "05_kobo.json").read_bytes())
    return value


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Map submissions; give everything that comes of them."""

    def run(value: object, **settings: str) -> list[Mapped]:
        source = adapter.source(tmp_path, {**SETTINGS, **settings})
        return list(source.read("05_kobo.json", orjson.dumps(value)).mapped)

    return run


def only(mapped: list[Mapped]) -> dict[str, Any]:
    """The one event that was offered, accepted by the catalogue."""
    (one,) = mapped
    assert isinstance(one, Offer)
    catalogue.find(mapping.TYPE).draft.validate_json(one.draft.body)
    body: dict[str, Any] = orjson.loads(one.draft.body)
    return body


def fields(value: dict[str, Any]) -> dict[str, htcds.Value]:
    """The fields of a submission, by the standard's names."""
    found = native.intake(1, value)
    assert isinstance(found, native.Intake), found
    return dict(found.fields)


def test_no_other_ngo_is_told_whose_consent_changed_unless_it_is_named(read: Read, intake: dict[str, Any]) -> None:
    """The agreements let every NGO know that may hold the data; which of them does, only the sender can say."""
    audience = only(read(intake))["audience"].split()
    assert audience
    assert "role:ngo" not in audience


def test_the_sample_gives_an_event_that_the_catalogue_accepts(read: Read, intake: dict[str, Any]) -> None:
    """A ticked box is a consent granted, with its scopes from the settings and its proof by hash."""
    body = only(read(intake))
    assert body["time"] == "2026-08-07T11:20:43+07:00"
    assert (body["basis"], body["lawref"], body["priority"]) == ("pdp20-2-a", "uu27-2022-40", "P2")
    assert body["data"]["open"] == {"change": "granted"}
    assert body["data"]["identity"].keys() == {"personRef"}
    narrative = body["data"]["narrative"]
    assert (narrative["givenBy"], narrative["guardianConflict"]) == ("self", False)
    assert narrative["scopes"] == [
        {"purpose": "protection", "recipientRole": "social-services", "dataClass": "identity"},
        {"purpose": "protection", "recipientRole": "social-services", "dataClass": "narrative"},
        {"purpose": "protection", "recipientRole": "witness-protection", "dataClass": "identity"},
    ]
    assert narrative["evidence"]["form"] == "aHTCDSdemo"
    assert narrative["promptsCovered"] == []


def test_only_the_consent_leaves(read: Read, intake: dict[str, Any]) -> None:
    """No name, birth date, phone, place, or anything of the victim's context (defect 9: places are free text)."""
    body = only(read(intake))
    said = str(body)
    for value in (
        "Rini",
        "Contohtiga",
        "2003",
        "+628000000002",
        "LPK",
        "ForcedLabour",
        "DebtBondage",
        "Kantor Imigrasi",
    ):
        assert value not in said
    assert set(body["data"]["identity"]) == {"personRef"}


def test_the_form_s_names_are_the_standard_s(intake: dict[str, Any]) -> None:
    """Defect 1: prs_First_Name, prs_Second_Name and vic_Methods_of_Control are aliases, in groups too."""
    found = fields(intake)
    assert (found["prs_FirstName"], found["prs_SecondName"]) == ("Rini", "Contohtiga")
    assert found["vic_MethodsOfControl"] == ("FalsePromises", "DebtBondage", "WithholdsDocuments")
    grouped = {f"orang/{name}" if name.startswith("prs_") else name: value for name, value in intake.items()}
    assert fields(grouped) == found


def test_choices_are_trimmed_and_separated_by_spaces(intake: dict[str, Any]) -> None:
    """Defect 2: `DebtBondage ` has a trailing space, and multi-selects are separated by spaces anyway."""
    intake["vic_Methods_of_Control"] = "DebtBondage  FalsePromises "
    intake["vic_RelationshipToTrafficker"] = "Familial "
    found = fields(intake)
    assert found["vic_MethodsOfControl"] == ("DebtBondage", "FalsePromises")
    assert found["vic_RelationshipToTrafficker"] == "Familial"


@pytest.mark.parametrize("code", ["RestrictsMovement", "UsesChildren", "ThreatensChildrenFamily"])
def test_control_methods_that_are_defined_or_selectable_are_both_read(intake: dict[str, Any], code: str) -> None:
    """Defect 3: two are defined and cannot be selected, one can be selected and is not defined."""
    intake["vic_Methods_of_Control"] = code
    assert fields(intake)["vic_MethodsOfControl"] == (code,)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("PsychoactiveSubstances", "PsychoactiveSubstance"),
        ("ThreatOfLawEnforcement", "ThreatsLawEnforcement"),
        ("Threats", "PhysicalThreats"),
    ],
)
def test_names_that_drifted_become_the_list_s(intake: dict[str, Any], written: str, meant: str) -> None:
    """Defect 4."""
    intake["vic_Methods_of_Control"] = f"{written} {meant}"
    assert fields(intake)["vic_MethodsOfControl"] == (meant,)


@pytest.mark.parametrize("written", ["Unaquainted", "Unacquainted"])
def test_the_misspelt_value_is_read_both_ways_and_kept_as_the_standard_has_it(
    intake: dict[str, Any], written: str
) -> None:
    """Defect 5."""
    intake["vic_RelationshipToTrafficker"] = written
    assert fields(intake)["vic_RelationshipToTrafficker"] == "Unaquainted"


@pytest.mark.parametrize(
    ("written", "read_as"),
    [("NA", ("NA",)), ("ID NA", ("ID", "NA")), (["NA"], ("NA",)), ("ID", ("ID",))],
)
def test_na_is_namibia_and_citizenship_may_be_several(
    intake: dict[str, Any], written: object, read_as: tuple[str, ...]
) -> None:
    """Defect 6: never null, single or several."""
    intake["prs_Citizenship"] = written
    assert fields(intake)["prs_Citizenship"] == read_as


@pytest.mark.parametrize(
    ("field", "value"), [("prs_Title", "Contohtiga"), ("cas_ReasonForIncomingReferral", "dirujuk karena takut")]
)
def test_a_title_is_a_title_and_a_reason_of_the_list(
    read: Read, intake: dict[str, Any], field: str, value: str
) -> None:
    """Defect 7: the form labels Title "Second Name", and has the reason as free text."""
    intake[field] = value
    assert read(intake) == [Reject(file="05_kobo.json", row=1, field=field, code="adapter.value-unknown")]
    assert fields({**intake, field: ""}).get(field) is None


def test_the_guidance_s_list_of_migrants_is_no_field(read: Read, intake: dict[str, Any]) -> None:
    """Defect 8: not adopted; whoever adds it to a form is told."""
    intake["vic_MigrantCategory"] = "FamilyMigrant"
    assert read(intake) == [Reject(file="05_kobo.json", row=1, field="?", code="adapter.field-unknown")]


def test_forced_criminality_is_an_extension_code(intake: dict[str, Any]) -> None:
    """Defect 10: scam compounds."""
    intake["vic_TypeOfExploitation"] = "ForcedLabour ForcedCriminality"
    assert fields(intake)["vic_TypeOfExploitation"] == ("ForcedLabour", "ForcedCriminality")


def test_the_table_has_the_standard_s_fields() -> None:
    """83 fields of ten sections, of which con_Consent is one; the rest is our extension."""
    ours = [name for name in htcds.FIELDS if name.startswith("sim_")]
    assert len(htcds.FIELDS) - len(ours) == 83
    assert ours


@pytest.mark.parametrize("ticked", ["TRUE", "true", True, "OK"])
def test_a_ticked_box_is_written_in_many_ways(read: Read, intake: dict[str, Any], ticked: object) -> None:
    """`"TRUE"` as text above all."""
    intake["con_Consent"] = ticked
    assert only(read(intake))["data"]["open"]["change"] == "granted"


def test_a_box_without_a_tick_is_never_guessed(read: Read, intake: dict[str, Any]) -> None:
    """It is a withdrawal where the form says so, nothing where it says so, and else unclear."""
    intake["con_Consent"] = "FALSE"
    unclear = Reject(file="05_kobo.json", row=1, field="con_Consent", code="adapter.consent-unclear")
    assert read(intake) == [unclear]
    assert read({**intake, "sim_ConsentChange": "none"}) == [Ordinary(row=1)]
    assert read({**intake, "con_Consent": "TRUE", "sim_ConsentChange": "withdrawn"}) == [unclear]
    body = only(read({**intake, "sim_ConsentChange": "withdrawn"}))
    assert body["data"]["open"] == {"change": "withdrawn", "deadline": "2026-08-10T11:15:00+07:00"}
    assert body["basis"] == "pdp20-2-c"
    assert "scopes" not in body["data"]["narrative"]


def test_narrowed_says_what_is_left(read: Read, intake: dict[str, Any]) -> None:
    """The settings' scopes are what a full consent means; a narrowed one has its own."""
    intake["sim_ConsentChange"] = "narrowed"
    missing = Reject(file="05_kobo.json", row=1, field="sim_Scopes", code="adapter.value-missing")
    assert read(intake) == [missing]
    intake["sim_Scopes"] = "protection:social-services:identity"
    body = only(read(intake))
    assert [scope["dataClass"] for scope in body["data"]["narrative"]["scopes"]] == ["identity"]
    assert "deadline" in body["data"]["open"]


@pytest.mark.parametrize(
    ("said", "given_by"),
    [
        pytest.param({}, None, id="nothing said"),
        pytest.param({"sim_GivenBy": "self"}, None, id="a child alone"),
        pytest.param({"sim_GivenBy": "guardian"}, None, id="a guardian of whom nothing is known"),
        pytest.param({"sim_GivenBy": "guardian", "sim_GuardianConflict": "FALSE"}, "guardian", id="a guardian"),
        pytest.param(
            {"sim_GivenBy": "guardian", "sim_GuardianConflict": "TRUE"},
            "social_worker_child_best_interest",
            id="a guardian in conflict",
        ),
        pytest.param({"sim_GivenBy": "court"}, "court", id="a court"),
    ],
)
def test_for_a_child_the_form_says_who_consented(
    read: Read, intake: dict[str, Any], said: dict[str, str], given_by: str | None
) -> None:
    """A guardian in conflict speaks for nobody: the basis becomes vital interest."""
    found = read({**intake, "prs_Birthdate": BIRTH_OF_A_CHILD, "sim_Assent": "TRUE", **said})
    if given_by is None:
        assert found == [Reject(file="05_kobo.json", row=1, field="sim_GivenBy", code="adapter.consent-child")]
        return
    body = only(found)
    narrative = body["data"]["narrative"]
    conflict = said.get("sim_GuardianConflict") == "TRUE"
    assert narrative["givenBy"] == given_by
    assert narrative["guardianConflict"] is conflict
    assert body["basis"] == ("pdp20-2-d" if conflict else "pdp20-2-a")
    assert narrative.get("alternativeBasis") == ("pdp20-2-d" if conflict else None)
    assert body["lawref"] == "uu27-2022-25"
    assert body["data"]["identity"]["isMinor"] is True


def test_for_a_child_the_form_says_what_the_child_says(read: Read, intake: dict[str, Any]) -> None:
    """Without it the form is rejected; a child that does not agree is no obstacle, but is never left out."""
    intake |= {"prs_Birthdate": BIRTH_OF_A_CHILD, "sim_GivenBy": "court"}
    missing = Reject(file="05_kobo.json", row=1, field="sim_Assent", code="adapter.value-missing")
    assert read(intake) == [missing]
    assert only(read({**intake, "sim_Assent": "FALSE"}))["data"]["narrative"]["assent"] is False


def test_an_unknown_age_is_no_adult(read: Read, intake: dict[str, Any]) -> None:
    """Without a birth date the form must say who consented; then it may be the person."""
    del intake["prs_Birthdate"]
    assert [type(one) for one in read(intake)] == [Reject]
    assert only(read({**intake, "sim_GivenBy": "self"}))["data"]["narrative"]["givenBy"] == "self"


def test_whoever_takes_a_consent_back_is_asked_for_nothing_more(read: Read, intake: dict[str, Any]) -> None:
    """A child's withdrawal goes out although the form names no guardian."""
    intake |= {"prs_Birthdate": BIRTH_OF_A_CHILD, "con_Consent": "FALSE", "sim_ConsentChange": "withdrawn"}
    assert only(read(intake))["data"]["open"]["change"] == "withdrawn"


def test_an_edited_record_is_a_new_revision_and_a_supervisor_s_note_is_not(read: Read, intake: dict[str, Any]) -> None:
    """Kobo never pushes an edit; the next poll finds it, by the same uuid and other content."""
    (first,), (noted,) = read(intake), read({**intake, "_notes": ["cek"], "_validation_status": {"uid": "ok"}})
    (edited,) = read({**intake, "prs_MobilePhone": "+628000000003"})
    assert isinstance(first, Offer)
    assert isinstance(noted, Offer)
    assert isinstance(edited, Offer)
    assert first.draft.origin == noted.draft.origin
    assert first.draft.origin.record_id == edited.draft.origin.record_id
    assert first.draft.origin.revision != edited.draft.origin.revision


@pytest.mark.parametrize(
    "wrap",
    [
        pytest.param(lambda one: one, id="one"),
        pytest.param(lambda one: [one], id="a list"),
        pytest.param(lambda one: {"count": 1, "results": [one]}, id="an answer"),
    ],
)
def test_one_a_list_or_an_answer_with_results(read: Read, intake: dict[str, Any], wrap: Callable[[Any], Any]) -> None:
    """All three ways in which Kobo gives records."""
    assert only(read(wrap(intake)))["subject"] == intake["_uuid"]


def test_case_person_and_agencies_kept_out_may_be_named(read: Read, intake: dict[str, Any]) -> None:
    """So that a consent joins the case that a referral began, and a survivor's wish travels with it."""
    case = "urn:simpul:case:00000000-0000-8000-8000-000000000001"
    intake |= {
        "sim_Case": case,
        "sim_PersonRef": "p-000232",
        "sim_WithheldFrom": "imigrasi-bengkulu",
        "sim_WithheldReason": "fear_of_harm",
    }
    body = only(read(intake))
    assert body["subject"] == case
    assert body["data"]["identity"]["personRef"] == "p-000232"
    withheld = body["data"]["narrative"]["withheldFrom"]
    assert withheld == [{"who": "imigrasi-bengkulu", "reason": "fear_of_harm"}]
    ended = only(read({**intake, "con_Consent": "FALSE", "sim_ConsentChange": "withdrawn"}))
    assert "withheldFrom" not in ended["data"]["narrative"]


def test_without_an_end_the_time_is_kobo_s_in_utc(read: Read, intake: dict[str, Any]) -> None:
    """Kobo writes its submission times in UTC and does not say so."""
    del intake["end"]
    assert only(read(intake))["time"] == "2026-08-07T04:21:02+00:00"


def test_settings_say_what_the_form_asks(read: Read, intake: dict[str, Any]) -> None:
    """Prompts and an end of the scopes are there only where the settings say so."""
    narrative = only(read(intake, prompts="all", scope_days="365", medium="written"))["data"]["narrative"]
    assert narrative["promptsCovered"] == [prompt.value for prompt in Prompt]
    assert {scope["until"] for scope in narrative["scopes"]} == {"2027-08-07T11:20:43+07:00"}
    assert narrative["evidence"]["medium"] == "written"


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        pytest.param({"_uuid": "1"}, "_uuid", "adapter.value-form", id="uuid"),
        pytest.param({"con_Consent": None}, "con_Consent", "adapter.value-missing", id="no consent"),
        pytest.param({"con_Consent": "maybe"}, "con_Consent", "adapter.value-unknown", id="neither"),
        pytest.param({"prs_Gender": "F"}, "prs_Gender", "adapter.value-unknown", id="choice"),
        pytest.param({"prs_Birthdate": "27/09/2003"}, "prs_Birthdate", "adapter.value-form", id="date"),
        pytest.param({"prs_MobilePhone": "0812"}, "prs_MobilePhone", "adapter.value-form", id="phone"),
        pytest.param({"prs_Citizenship": "Indonesia"}, "prs_Citizenship", "adapter.value-unknown", id="country"),
        pytest.param({"end": "kemarin"}, "end", "adapter.value-form", id="time"),
        pytest.param({"prs_FirstName": "Rina"}, "prs_FirstName", "adapter.field-twice", id="two names, two values"),
        pytest.param({"_xform_id_string": None}, "_xform_id_string", "adapter.value-missing", id="form"),
    ],
)
def test_a_bad_record_is_rejected_with_row_field_and_code(
    read: Read, intake: dict[str, Any], change: dict[str, Any], field: str, code: str
) -> None:
    """And the next one goes on."""
    first, second = read([{**intake, **change}, intake])
    assert first == Reject(file="05_kobo.json", row=1, field=field, code=code)
    assert isinstance(second, Offer)


def test_what_is_no_record_is_rejected(read: Read) -> None:
    """A word in a list of records."""
    assert read(["x"]) == [Reject(file="05_kobo.json", row=1, field="", code="adapter.record-shape")]


def test_repr_shows_nothing(intake: dict[str, Any]) -> None:
    """Neither of what was read nor of its fields."""
    found = native.intake(1, intake)
    assert "Rini" not in repr(found)
    assert "19d72997" not in repr(found)
    assert fields(intake)["prs_Birthdate"] == date(2003, 9, 27)


def test_a_file_that_is_no_json_is_refused(tmp_path: Path) -> None:
    """As a whole, with its code."""
    with pytest.raises(InvalidEventError) as caught:
        adapter.source(tmp_path, SETTINGS).read("a.json", b"[")
    assert caught.value.code == "adapter.json-broken"


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param({}, id="no scopes"),
        pytest.param({"scopes": "everything"}, id="scope"),
        pytest.param({"scopes": "protection:sari-contohdua:identity"}, id="scope for a role that there is not"),
        pytest.param({**SETTINGS, "prompts": "some"}, id="prompts"),
        pytest.param({**SETTINGS, "scope_days": "a year"}, id="days"),
        pytest.param({**SETTINGS, "scope": "x"}, id="unknown"),
    ],
)
def test_settings_that_are_missing_or_not_possible_stop_the_start(tmp_path: Path, settings: dict[str, str]) -> None:
    """What people agreed to has no default."""
    with pytest.raises(MisconfiguredError):
        adapter.source(tmp_path, settings)
