"""`simpul catalogue show` and `codes`: one type, the envelope, and the code lists, for a person at the terminal.

Beside the words of every role, purpose, basis and law stands its code: it is the code that a draft needs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from broker.cli.naming import compartment_names
from broker.cli.terminal import say, table, word
from broker.publication.envelope import Coded, attributes, coded
from broker.publication.forms import form
from broker.publication.rights import role_words
from broker.publication.words import Words, joined, words_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from broker.policy.document import Document
    from broker.publication.entries import Entry
    from broker.publication.rights import Right
    from schemas.codelists import Listing
    from schemas.fields import FieldRow


def tell_type(told: Entry, document: Document) -> None:
    """Tell a type: what it is for, who may send and open what, its fields and rules."""
    compartments = compartment_names(told.kind)
    say(f"{told.kind.number} {_in(told.title)}", style="bold")
    say(told.kind.type)
    say(_in(told.about))
    say(word(f"Kompartemen: {compartments}", f"Compartments: {compartments}"))
    for right in told.rights:
        _right(right, document)
    if not told.rights:
        say(word("Belum ada kesepakatan: tidak seorang pun boleh mengirimnya.", "No agreement: nobody may send it."))
    _fields(told)
    _marks()
    if told.rules:
        say(word("Juga ditolak, dengan alasan:", "Also refused, for the reason:"))
    for rule in told.rules:
        say(f"• {_in(rule.text)} ({rule.code})")


def tell_envelope(document: Document) -> None:
    """Tell the attributes of a draft, with their codes and the roles of the agreements."""
    columns = (word("Atribut", "Attribute"), word("Bentuk", "Form"), word("Arti", "Meaning"))
    rows = [
        (
            f"{one.row.name}{'?' if one.row.optional else ''}",
            ": ".join(part for part in (_form(one.row), _coded(one.codes)) if part),
            "; ".join(_in(words) for words in (one.about, one.derived) if words is not None),
        )
        for one in attributes()
    ]
    say()
    table(word("Amplop: di sekeliling data", "The envelope: around data"), columns, rows, whole=columns[0])
    roles = "; ".join(f"role:{name} = {_in(role_words(name, document))}" for name in document.roles)
    say(word(f"Peran untuk audience: {roles}", f"Roles for audience: {roles}"))


def tell_list(told: Listing) -> None:
    """Tell the codes of a list, in both languages."""
    title = words_of("lists", told.name)
    columns = (word("Kode", "Code"), "Bahasa Indonesia", "English")
    mark = word(" (belum diverifikasi)", " (unverified)")
    rows = [(one.code, one.id + (mark if one.unverified else ""), one.en) for one in told.codes]
    table(f"{_in(title)} – {told.name} {told.version}, {told.date}", columns, rows, whole=columns[0])
    say(told.source)


def tell_lists(several: Sequence[Listing]) -> None:
    """Tell which code lists there are."""
    columns = (word("Daftar", "List"), word("Isi", "What of"), word("Versi", "Version"), word("Kode", "Codes"))
    rows = [(one.name, _in(words_of("lists", one.name)), one.version, str(len(one.codes))) for one in several]
    table(word("Daftar kode", "Code lists"), columns, rows, whole=columns[0])


def _in(words: Words) -> str:
    return word(words.id, words.en)


def _coded(several: Iterable[Coded]) -> str:
    return "; ".join(f"{one.code} = {_in(one.words)}" for one in several)


def _right(right: Right, document: Document) -> None:
    def given(conditions: Sequence[Words]) -> str:
        return f" [{_in(joined(conditions, 'and'))}]" if conditions else ""

    def roles(names: Iterable[str]) -> str:
        return _coded(Coded(code=name, words=role_words(name, document)) for name in names)

    say()
    say(word(f"Kesepakatan {right.agreement}", f"Agreement {right.agreement}") + given(right.applies), style="bold")
    say(_in(right.text))
    for sender in right.senders:
        say(f"  {word('pengirim', 'senders')}: {roles(sender.roles)}{given(sender.conditions)}")
    for one in right.recipients:
        opens = ", ".join(one.compartments) or word("bagian terbuka saja", "the open part alone")
        way = word("topik", "topic") if one.on_topic else word("kotak surat", "mailbox")
        say(f"  → {roles(one.roles)} ({way}): {opens}{given(one.conditions)}")
    say(f"  {word('tujuan', 'purpose')}: {_coded(coded('purposes', right.purposes))}")
    say(f"  {word('dasar', 'basis')}: {_coded(coded('bases', right.bases))}")
    for law in right.laws:
        mark = word(" (belum diverifikasi)", " (unverified)") if law.unverified else ""
        say(f"  § {law.code} = {_in(law.text)}{mark}")


def _fields(told: Entry) -> None:
    columns = (word("Isian", "Field"), word("Bentuk", "Form"), word("Asal", "Source"))
    for part in told.parts:
        rows = [
            (
                f"{row.name}{'?' if row.optional else ''}",
                ": ".join(one for one in (_form(row), ", ".join(row.codes)) if one),
                row.source,
            )
            for row in told.of_part(part)
        ]
        absent = "" if part == "open" or part in told.kind.required else word(" (boleh tidak ada)", " (may be absent)")
        say()
        table(f"{part}{absent} – {_in(words_of('compartments', part))}", columns, rows, whole=columns[0])


def _form(row: FieldRow) -> str:
    if not row.code_lists:
        return _in(form(row))
    names = ", ".join(name.partition(" ")[0] for name in row.code_lists)
    return f"{_in(form(row))}: {word('daftar', 'list')} {names}"


def _marks() -> None:
    say(
        word(
            "? boleh tidak ada; [] daftar; {} peta. Isi daftar kode: simpul catalogue codes DAFTAR",
            "? may be absent; [] a list; {} a map. The codes of a list: simpul catalogue codes LIST",
        )
    )
