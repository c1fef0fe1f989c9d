"""Code lists are data, with their origin."""

import tomllib
from datetime import date
from importlib.resources import files

import pytest

from schemas.codelists import listing, listings
from schemas.vocabulary import Basis, Tlp

_NAMES = [one.name for one in listings()]


def test_the_lists_are_those_expected() -> None:
    """Thirteen lists."""
    assert _NAMES == [
        "border-flags",
        "case-stages",
        "ctdc",
        "ic-tip",
        "ilo-indicators",
        "law-references",
        "modus",
        "regions",
        "roles",
        "services",
        "signs",
        "sp2hp",
        "stix-types",
    ]


@pytest.mark.parametrize("name", _NAMES)
def test_a_list_states_source_date_and_version(name: str) -> None:
    """Each list can be traced, and its codes are unique and worded in both languages."""
    found = listing(name)
    assert found.name == name
    assert found.source
    assert found.version
    assert date.fromisoformat(found.date).isoformat() == found.date
    codes = [entry.code for entry in found.codes]
    assert len(set(codes)) == len(codes)
    assert all(entry.id and entry.en for entry in found.codes)
    assert {entry.parent for entry in found.codes if entry.parent} <= set(codes)


def test_what_is_not_verified_says_so() -> None:
    """The codes that research could not confirm are marked, and stay data; of the ILO's and IC-TIP's, every one."""
    unverified = {(name, entry.code) for name in _NAMES for entry in listing(name).codes if entry.unverified}
    whole = {(name, entry.code) for name in ("ic-tip", "ilo-indicators") for entry in listing(name).codes}
    four = {("modus", "ABK"), ("law-references", "uu1-2023-455"), ("sp2hp", "A4"), ("sp2hp", "A5")}
    assert unverified == four | whole


def test_a_code_is_found_or_not() -> None:
    """A look-up gives the entry, or nothing."""
    shelter = listing("services").find("shelter")
    assert shelter is not None
    assert shelter.parent == "social"
    assert listing("services").find("detention") is None


def test_the_regency_has_its_eleven_districts() -> None:
    """The list of regions holds the province, its ten regencies and the districts of Bengkulu Tengah."""
    codes = [entry.code for entry in listing("regions").codes]
    assert sum(code.startswith("17.09.") for code in codes) == 11
    assert sum(code.count(".") == 1 for code in codes) == 10


def test_an_unknown_list_is_an_error_of_ours() -> None:
    """There is no such file."""
    with pytest.raises(FileNotFoundError):
        listing("gods")


def test_legal_bases_are_six_and_tlp_has_five_levels() -> None:
    """PDP Art. 20(2) a to f; TLP 2.0."""
    assert [basis.value for basis in Basis] == [f"pdp20-2-{letter}" for letter in "abcdef"]
    assert [level.value for level in Tlp] == ["clear", "green", "amber", "amber+strict", "red"]


def test_roles_are_those_of_the_agreements() -> None:
    """The same roles, in the same words, as the default agreements name them."""
    agreements = tomllib.loads((files("broker.policy") / "agreements.toml").read_text(encoding="utf-8"))
    named = {role.code: {"id": role.id, "en": role.en} for role in listing("roles").codes}
    assert named == agreements["roles"]
