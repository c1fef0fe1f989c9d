"""The pages are current, whole, safe and say what the catalogue and the agreements say."""

import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

from broker.policy.conditions import FACTS
from broker.policy.document import ConditionRow, default_agreements, read_document
from broker.publication import __main__ as publication
from broker.publication import page
from broker.publication.entries import Entry, entries
from broker.publication.rights import agreed
from broker.publication.words import Words, joined, known
from schemas.base import COMPARTMENTS
from schemas.catalogue import KINDS
from schemas.codelists import listing
from schemas.vocabulary import Basis, Purpose

_ROOT = Path(__file__).resolve().parents[3]
_HTML = (_ROOT / "docs" / "catalogue" / "index.html").read_text(encoding="utf-8")
_MARKDOWN = (_ROOT / "docs" / "catalogue" / "README.md").read_text(encoding="utf-8")
_VOID = {"meta", "input", "link", "br", "img"}


class _Reader(HTMLParser):
    """Notes every element, and that each is closed where it should be."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def told() -> tuple[Entry, ...]:
    """Every type, as the pages tell it."""
    return entries(agreed())


@pytest.fixture(scope="module")
def elements() -> list[tuple[str, dict[str, str | None]]]:
    """The elements of the page."""
    reader = _Reader()
    reader.feed(_HTML)
    assert reader.open == []
    return reader.seen


def test_what_is_published_is_current() -> None:
    """Whoever changes a model, a code list or an agreement publishes again: python -m broker.publication."""
    assert publication.main(["--check"]) == 0


def test_check_finds_what_is_stale(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A missing and a changed file each fail the check; publishing mends both."""
    assert publication.main([], root=tmp_path) == 0
    assert publication.main(["--check"], root=tmp_path) == 0
    (tmp_path / "docs/catalogue/index.html").unlink()
    (tmp_path / "docs/catalogue/asyncapi.json").write_text("{}")
    assert publication.main(["--check"], root=tmp_path) == 1
    assert capsys.readouterr().err.splitlines() == [
        "stale: docs/catalogue/asyncapi.json",
        "stale: docs/catalogue/index.html",
    ]
    assert publication.main([], root=tmp_path) == 0
    assert publication.main(["--check"], root=tmp_path) == 0


def test_the_page_needs_nothing_but_itself(elements: list[tuple[str, dict[str, str | None]]]) -> None:
    """No script, no frame, no picture, nothing from elsewhere, and a policy that would forbid it."""
    assert {tag for tag, _ in elements}.isdisjoint({"script", "iframe", "img", "link", "object", "form", "base"})
    for _, attributes in elements:
        assert not attributes.keys() & {"src", "srcset", "style", "onclick", "action"}
        assert (attributes.get("href") or "#").startswith("#")
    assert "default-src 'none'" in _HTML
    assert not re.search(r"url\(|@import", _HTML)


def test_every_link_leads_somewhere(elements: list[tuple[str, dict[str, str | None]]]) -> None:
    """Each target is there, once."""
    ids = [attributes["id"] for _, attributes in elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {str(one["href"])[1:] for _, one in elements if "href" in one} <= set(ids)
    targets = re.findall(r'<a id="([^"]+)">', _MARKDOWN)
    assert set(re.findall(r"\]\(#([^)]+)\)", _MARKDOWN)) <= set(targets)


def test_the_page_can_be_read_aloud(elements: list[tuple[str, dict[str, str | None]]]) -> None:
    """It names its language, labels its inputs, heads its columns, and skips no level of heading."""
    assert ("html", {"lang": "id"}) in elements
    labelled = {one["for"] for tag, one in elements if tag == "label"}
    assert {one["id"] for tag, one in elements if tag == "input"} == labelled
    assert all("scope" in one for tag, one in elements if tag == "th")
    levels = [int(tag[1]) for tag, _ in elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert _HTML.count('class="id"') == _HTML.count('class="en" lang="en"')


def test_every_type_is_told(told: tuple[Entry, ...]) -> None:
    """What it is for, its agreements, each of its fields and its example stand on both pages."""
    assert [entry.kind.number for entry in told] == [kind.number for kind in KINDS]
    for entry in told:
        for said in (entry.about.id, entry.about.en, *(right.text.id for right in entry.rights)):
            assert said in _MARKDOWN
        section = _HTML.partition(f'id="{entry.kind.number}"')[2].partition("</section>")[0]
        for row in entry.fields:
            assert f"<code>{row.name}{'?' if row.optional else ''}</code>" in section
        assert entry.example.strip() in _MARKDOWN


def test_what_is_unverified_is_marked() -> None:
    """A law that research could not confirm is marked on both pages, wherever it is named."""
    laws = {law for entry in entries(agreed()) for right in entry.rights for law in right.laws if law.unverified}
    assert all(listing("law-references").find(law.code) for law in laws)
    for law in laws:
        named = [
            line for line in _MARKDOWN.splitlines() if f"`{law.code}`" in line and line.startswith("- Dasar hukum")
        ]
        assert named
        assert all("belum diverifikasi" in line for line in named)


def test_what_stands_in_a_text_stays_text() -> None:
    """A value that looks like markup is escaped."""
    document = agreed()
    row = document.agreement[0].model_copy(update={"text_id": "<script>x</script>"})
    spoilt = document.model_copy(update={"agreement": [row, *document.agreement[1:]]})
    assert b"<script>" not in page.html(entries(spoilt), spoilt)


def test_every_code_has_words() -> None:
    """Whatever a condition, a purpose, a basis, a compartment or an area can be, people read it in words."""
    assert known("facts") >= FACTS.keys()
    assert known("purposes") == set(Purpose)
    assert known("bases") == set(Basis)
    assert known("compartments") == {"open", *COMPARTMENTS}
    assert known("areas") == {kind.area for kind in KINDS}
    said_otherwise = {"fact", "field", "attribute", "judged_by", "is_"}
    assert known("conditions") >= (ConditionRow.model_fields.keys() - said_otherwise) | {"is", "sender"}
    assert {row.answers for row in read_document(default_agreements()).agreement if row.answers} <= known("answers") | {
        kind.type for kind in KINDS
    }


@pytest.mark.parametrize(
    ("count", "conjunction", "expected"),
    [
        pytest.param(1, "and", "a", id="one"),
        pytest.param(2, "or", "a or b", id="two"),
        pytest.param(3, "and", "a, b; and c", id="three"),
        pytest.param(3, "", "a, b, c", id="a list"),
    ],
)
def test_words_are_joined(count: int, conjunction: str, expected: str) -> None:
    """As a sentence joins them."""
    assert joined([Words(id=one, en=one) for one in "abc"[:count]], conjunction).en == expected
