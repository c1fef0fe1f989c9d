"""What nodes tell each other is exact, small, and without a word."""

from typing import Any

import pytest

from tests.unit.schemas.samples import EVENT, GONE, codes, cover, kind, refused

_LEAF, _OTHER, _NONE = "3f" * 32, "a7" * 32, "0" * 64
_HEAD = {"topic": "simpul.alert", "lane": "9c" * 16, "sequence": 31, "head": _LEAF}
_REVOKED = {"data__open__change": "revoked", "data__open__kind": "signing", "data__open__heads": [_HEAD]}


@pytest.mark.parametrize(
    ("number", "changes"),
    [
        pytest.param("E08", {"data__open__openedCompartments": ["health"]}, id="one compartment"),
        pytest.param("C01", {"data__open__receipts": [{"leaf": _LEAF, "outcome": "acted"}]}, id="acted on"),
        pytest.param("C02", {"data__open__sequence": 0, "data__open__head": _NONE}, id="stream not yet used"),
        pytest.param(
            "C02", {"data__open__topic": "simpul.mail.polres-bengkulu-tengah.imigrasi-bengkulu"}, id="mailbox"
        ),
        pytest.param("C03", {"data__open__confirms": True, "causationid": EVENT}, id="erasure confirmed"),
        pytest.param("C03", _REVOKED, id="signing key revoked"),
        pytest.param("C03", {**_REVOKED, "data__open__heads": []}, id="signing key that never signed"),
        pytest.param(
            "C03", {"data__open__change": "revoked", "data__open__kind": "receiving"}, id="receiving key revoked"
        ),
        pytest.param("C03", {"data__open__change": "rotated", "data__open__kind": "signing"}, id="key rotated"),
        pytest.param("C05", {"data__open__change": "left", "data__open__role": GONE}, id="left"),
        pytest.param("C05", {"data__open__change": "changed"}, id="another role"),
        pytest.param("C05", {"data__open__change": "changed", "data__open__role": GONE}, id="the same role"),
    ],
)
def test_what_control_allows(number: str, changes: dict[str, Any]) -> None:
    """Good variants pass."""
    assert refused(number, **changes) == set()


@pytest.mark.parametrize(
    ("number", "changes", "expected"),
    [
        pytest.param("E08", {"causationid": GONE}, "answer_without_cause", id="notice of nothing"),
        pytest.param("E08", {"causationid": EVENT}, "notice_other_event", id="notice of another event"),
        pytest.param("E08", {"data__open__openedCompartments": []}, "too_short", id="nothing opened"),
        pytest.param("E08", {"data__open__openedCompartments": ["identity", "identity"]}, "repeats", id="opened twice"),
        pytest.param("E08", {"data__open__openedCompartments": ["cover"]}, "literal_error", id="no compartment"),
        pytest.param(
            "E08", {"data__open__acceptedByRole": "Ibu Contoh"}, "string_pattern_mismatch", id="accepted by name"
        ),
        pytest.param("E08", {"data__open__noticeVersion": "idsecret-2"}, "enum", id="unknown notice"),
        pytest.param("C01", {"data__open__receipts": []}, "too_short", id="no receipt"),
        pytest.param(
            "C01", {"data__open__receipts": [{"leaf": _LEAF, "outcome": "opened"}] * 2}, "repeats", id="twice"
        ),
        pytest.param("C01", {"data__open__receipts__2__code": GONE}, "receipt_code", id="refused without code"),
        pytest.param("C01", {"data__open__receipts__0__code": "denied"}, "receipt_code", id="received with code"),
        pytest.param("C01", {"data__open__receipts__2__code": "guardian_conflict"}, "enum", id="a code that tells"),
        pytest.param("C01", {"data__open__receipts__0__note": "x"}, "extra_forbidden", id="words"),
        pytest.param("C02", {"data__open__sequence": 0}, "heartbeat_head", id="head without records"),
        pytest.param("C02", {"data__open__head": _NONE}, "heartbeat_head", id="records without head"),
        pytest.param("C02", {"data__open__topic": "simpul.mail.polres"}, "string_pattern_mismatch", id="no topic"),
        pytest.param("C02", {"data__open__topic": "simpul.alert\n"}, "string_pattern_mismatch", id="line feed"),
        pytest.param("C02", {"data__open__periodSeconds": 0}, "greater_than_equal", id="no period"),
        pytest.param("C02", {"data__open__counter": 0}, "greater_than_equal", id="no count"),
        pytest.param("C02", {"data__open__federation": 0}, "greater_than_equal", id="no federation"),
        pytest.param("C03", {"data__open__confirms": True}, "answer_without_cause", id="confirms no order"),
        pytest.param("C03", {"data__open__confirms": False}, "literal_error", id="confirms nothing"),
        pytest.param("C03", {"data__open__kind": "signing"}, "keys_kind", id="signing key erased"),
        pytest.param("C03", {"data__open__change": "rotated"}, "keys_kind", id="data key rotated"),
        pytest.param(
            "C03", {**_REVOKED, "data__open__confirms": True, "causationid": EVENT}, "keys_confirms", id="revoked, done"
        ),
        pytest.param(
            "C03",
            {"data__open__change": "revoked", "data__open__kind": "signing"},
            "keys_heads",
            id="revoked without heads",
        ),
        pytest.param("C03", {**_REVOKED, "data__open__kind": "receiving"}, "keys_heads", id="heads of another key"),
        pytest.param(
            "C03",
            {**_REVOKED, "data__open__heads": [_HEAD, _HEAD | {"head": _OTHER}]},
            "repeats",
            id="two heads",
        ),
        pytest.param("C03", {"data__open__keyIds": ["9c1e" * 8] * 2}, "repeats", id="key twice"),
        pytest.param("C03", {"data__open__keyIds__0": "9C1E" * 8}, "string_pattern_mismatch", id="upper case key"),
        pytest.param("C04", {"data__open__toVersion": 7}, "policy_version", id="the same version"),
        pytest.param("C04", {"data__open__signedBy": ["gugus-tugas-tppo"]}, "too_short", id="one agency alone"),
        pytest.param("C04", {"data__open__signedBy": ["gugus-tugas-tppo"] * 2}, "repeats", id="one as two"),
        pytest.param("C04", {"data__open__agreements": "v8"}, "string_pattern_mismatch", id="no digest"),
        pytest.param("C05", {"data__open__role": GONE}, "participant_role", id="joined as nothing"),
        pytest.param("C05", {"data__open__change": "left"}, "participant_role", id="left with a role"),
        pytest.param("C05", {"data__open__agency": "BP3MI"}, "string_pattern_mismatch", id="upper case agency"),
    ],
)
def test_what_control_refuses(number: str, changes: dict[str, Any], expected: str) -> None:
    """Each broken rule is found, and named by its code."""
    assert expected in refused(number, **changes)


def test_a_cover_of_a_notice_names_its_event() -> None:
    """A recipient refuses a notice that is about another event than it answers."""
    assert codes(kind("E08").cover, cover("E08")) == set()
    assert codes(kind("E08").cover, cover("E08", causationid=EVENT)) == {"notice_other_event"}


@pytest.mark.parametrize("number", ["E08", "C01", "C02", "C03", "C04", "C05"])
def test_control_has_no_compartments_and_no_words(number: str) -> None:
    """Every field is a code, an id, a digest, a number or a time."""
    assert dict(kind(number).compartments) == {}
    assert "u2028" not in str(kind(number).data.model_json_schema())  # the pattern of every line and text has it
