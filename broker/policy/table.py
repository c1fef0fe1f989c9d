"""Writes the agreements as a table for people; `python -m broker.policy.table docs/agreements.md` keeps it current."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from broker.policy.compilation import compile_agreements
from broker.policy.document import default_agreements

if TYPE_CHECKING:
    from collections.abc import Iterable

    from broker.policy.agreement import Agreement, Clause
    from broker.policy.compilation import Agreements
    from broker.policy.conditions import Condition

BEGIN: Final = "<!-- table: written by python -m broker.policy.table -->"
END: Final = "<!-- end of table -->"

_NOBODY: Final = "–"
_HEAD: Final = """| agreement | event | senders | readers of the topic | others, in their mailbox |
|---|---|---|---|---|
"""
_GROUNDS: Final = """| agreement | purposes | bases | laws | until |
|---|---|---|---|---|
"""
_AREAS: Final = """| topic | readers | writers |
|---|---|---|
"""


def table(agreements: Agreements) -> str:
    """Return the rights, the grounds and the topics as Markdown."""
    rows = [one for several in agreements.by_type.values() for one in several]
    every = frozenset(agreements.roles)
    rights = "".join(f"{_rights(one, every)}\n" for one in rows)
    grounds = "".join(f"{_grounds(one)}\n" for one in rows)
    areas = "".join(
        f"| `simpul.{name}` | {_roles(area.readers, every)} | {_roles(area.writers, every)} |\n"
        for name, area in agreements.areas.items()
    )
    return f"{_HEAD}{rights}\n{_GROUNDS}{grounds}\n{_AREAS}{areas}"


def with_table(document: str, written: str) -> str:
    """Return a document with the table between its two marks replaced.

    Raises:
        ValueError: a mark is missing.
    """
    head, _, rest = document.partition(BEGIN)
    _, mark, tail = rest.partition(END)
    if not mark:
        msg = "the document has no place for the table"
        raise ValueError(msg)
    return f"{head}{BEGIN}\n\n{written}\n{END}{tail}"


def _rights(one: Agreement, every: frozenset[str]) -> str:
    senders = "; ".join(f"{_roles(clause.roles, every)}{_when(clause.conditions)}" for clause in one.senders)
    on_topic = [clause for clause in one.recipients if clause.on_topic]
    others = [clause for clause in one.recipients if not clause.on_topic]
    event = f"`{one.type.removeprefix('id.simpul.')}`{_when(one.applies)}"
    return f"| {one.id} | {event} | {senders} | {_clauses(on_topic, every)} | {_clauses(others, every)} |"


def _clauses(clauses: Iterable[Clause], every: frozenset[str]) -> str:
    written = [
        f"{_roles(clause.roles, every)}{_when(clause.conditions)}: {_list(clause.compartments) or 'open part alone'}"
        for clause in clauses
    ]
    return "; ".join(written) or _NOBODY


def _when(conditions: Iterable[Condition]) -> str:
    clauses = [f"{condition.clause}{'†' if condition.sender_only else ''}" for condition in conditions]
    return f" [{', '.join(clauses)}]" if clauses else ""


def _grounds(one: Agreement) -> str:
    return f"| {one.id} | {_list(one.purposes)} | {_list(one.bases)} | {_list(one.lawrefs)} | {one.valid_until} |"


def _roles(roles: frozenset[str], every: frozenset[str]) -> str:
    """Say who is left out where that is shorter than to say who is not."""
    others = every - roles
    if len(others) > 1:
        return _list(roles)
    return "all roles" + "".join(f" but {one}" for one in others)


def _list(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))


def main(paths: list[str]) -> None:
    """Bring the table of each document up to date, or write it to standard output."""
    written = table(compile_agreements(default_agreements()))
    if not paths:
        sys.stdout.write(written)
    for name in paths:
        path = Path(name)
        path.write_text(with_table(path.read_text(encoding="utf-8"), written), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
