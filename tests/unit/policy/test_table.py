"""The table in docs/agreements.md is that of the file."""

from __future__ import annotations

from pathlib import Path

import pytest

from broker.policy.compilation import compile_agreements
from broker.policy.conditions import FACTS
from broker.policy.document import default_agreements
from broker.policy.table import BEGIN, END, main, table, with_table
from tests.unit.policy.federations import agreements_without

DOCUMENT = Path(__file__).parents[3] / "docs" / "agreements.md"


def test_document_is_current() -> None:
    """Whoever changes the agreements runs `python -m broker.policy.table docs/agreements.md`."""
    text = DOCUMENT.read_text(encoding="utf-8")
    assert with_table(text, table(compile_agreements(default_agreements()))) == text


def test_another_file_gives_another_table() -> None:
    """The table says what the file says."""
    shorter = table(compile_agreements(agreements_without("E15")))
    assert "| E15 |" not in shorter
    assert "| E16 |" in shorter


def test_every_word_of_the_vocabulary_is_explained() -> None:
    """A condition that the document does not explain cannot be read by a lawyer."""
    text = DOCUMENT.read_text(encoding="utf-8")
    assert [name for name in FACTS if f'fact = "{name}"' not in text] == []


def test_command_writes_the_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Given a document it replaces the table there; given none it prints it."""
    path = tmp_path / "document.md"
    path.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n", encoding="utf-8")
    main([str(path)])
    main([])
    printed = capsys.readouterr().out
    assert path.read_text(encoding="utf-8") == f"before\n{BEGIN}\n\n{printed}\n{END}\nafter\n"
    with pytest.raises(ValueError, match="no place"):
        with_table("nothing", printed)
