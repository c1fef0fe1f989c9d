"""Writes what is published of the catalogue and the agreements: `python -m broker.publication [--check]`.

The AsyncAPI document, the page and its Markdown, all in `docs/catalogue`. `--check` exits 1 if one of them is stale.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Final

from broker.publication import asyncapi, page
from broker.publication.entries import entries
from broker.publication.rights import agreed

FOLDER: Final = Path("docs") / "catalogue"
_ROOT: Final = Path(__file__).resolve().parent.parent.parent


def rendered() -> dict[Path, bytes]:
    """Render every published file.

    Returns:
        The bytes of each file, by path from the root of the repository.
    """
    document = agreed()
    told = entries(document)
    return {
        FOLDER / "README.md": page.markdown(told, document),
        FOLDER / "asyncapi.json": asyncapi.rendered(told, document),
        FOLDER / "index.html": page.html(told, document),
    }


def main(arguments: list[str] | None = None, *, root: Path = _ROOT) -> int:
    """Write the files, or check them.

    Args:
        arguments: those of the command line, without the program's name.
        root: root of the repository.

    Returns:
        0, or 1 if `--check` found a stale file.
    """
    parser = argparse.ArgumentParser(prog="python -m broker.publication", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 if a file is stale")
    asked = parser.parse_args(arguments)
    stale = {path: text for path, text in rendered().items() if not _holds(root / path, text)}
    for path, text in stale.items():
        if asked.check:
            sys.stderr.write(f"stale: {path.as_posix()}; run: python -m broker.publication\n")
            continue
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(text)
    return 1 if stale and asked.check else 0


def _holds(path: Path, text: bytes) -> bool:
    return path.is_file() and path.read_bytes() == text


if __name__ == "__main__":
    sys.exit(main())
