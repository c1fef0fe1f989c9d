"""The catalogue for people: one HTML page that needs nothing but itself, and the same as Markdown."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from broker.publication.entries import Entry, form, roles
from broker.publication.words import Words, joined, words_of
from schemas.base import COMPARTMENTS
from schemas.codelists import listings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from broker.policy.document import Document


def html(entries: Sequence[Entry], document: Document) -> bytes:
    """Write the page: no script, no external resource, both languages, Indonesian unless the reader asks.

    Args:
        entries: every type of the catalogue.
        document: the agreements.

    Returns:
        HTML 5 in UTF-8.
    """
    return _rendered("catalogue.html.jinja", entries, document, autoescape=True)


def markdown(entries: Sequence[Entry], document: Document) -> bytes:
    """Write the same as Markdown, Indonesian first.

    Args:
        entries: every type of the catalogue.
        document: the agreements.

    Returns:
        Markdown in UTF-8.
    """
    return _rendered("catalogue.md.jinja", entries, document, autoescape=False)


def _rendered(template: str, entries: Sequence[Entry], document: Document, *, autoescape: bool) -> bytes:
    # Markdown knows no characters that must not stand in it; the page for browsers escapes every value.
    environment = Environment(
        loader=PackageLoader("broker.publication"),
        autoescape=autoescape,  # noqa: S701 - said above
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"form": form, "all_of": _all_of}
    environment.globals |= {
        "roles": lambda names: roles(names, document),
        "words": words_of,
        "word": lambda group, codes: joined([words_of(group, code) for code in codes], "or"),
    }
    return environment.get_template(template).render(**_told(entries, document)).encode()


def _told(entries: Sequence[Entry], document: Document) -> dict[str, Any]:
    areas: dict[str, list[Entry]] = {}
    for entry in entries:
        areas.setdefault(entry.kind.area, []).append(entry)
    return {
        "entries": entries,
        "areas": areas,
        "compartments": COMPARTMENTS,
        "topics": document.areas,
        "lists": listings(),
        "by_type": {entry.kind.type: entry for entry in entries},
        "version": version("simpul"),
    }


def _all_of(conditions: Sequence[Words]) -> Words:
    return joined(conditions, "and")
