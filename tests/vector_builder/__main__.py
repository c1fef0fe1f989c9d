"""Rebuild the vectors: `python -m tests.vector_builder` writes them, `--check` compares them byte by byte."""

from __future__ import annotations

import sys
from typing import Final

from tests.vector_builder.bad_contents import bad_contents
from tests.vector_builder.bad_headers import bad_headers
from tests.vector_builder.bad_keys import bad_keys, bad_streams
from tests.vector_builder.bad_seals import bad_seals
from tests.vector_builder.good import good_events
from tests.vector_builder.good_streams import good_streams
from tests.vector_builder.once import make_missing
from tests.vector_builder.parts import bad_parts, good_parts
from tests.vector_builder.vector import as_bytes
from tests.vector_builder.writing import FOLDER

CHECK: Final = "--check"


def built() -> dict[str, bytes]:
    """Return every file of `good/` and `bad/`, by its path within the folder."""
    files: dict[str, bytes] = {}
    good = (*good_events(), *good_streams())
    for each in (*good, *bad_headers(), *bad_seals(), *bad_contents(), *bad_keys(), *bad_streams()):
        path = f"{'good' if each.good else 'bad'}/{each.name}.json"
        if path in files:
            msg = f"{path} is made twice"
            raise ValueError(msg)
        files[path] = as_bytes(each.to_json())
    files["good/parts.json"] = as_bytes(good_parts())
    files["bad/parts.json"] = as_bytes(bad_parts())
    return files


def differing() -> list[str]:
    """Return the paths that are missing, left over, or not the same bytes."""
    files = built()
    stored = {str(path.relative_to(FOLDER)): path.read_bytes() for path in FOLDER.glob("*/*.json")}
    return sorted(path for path in files.keys() | stored.keys() if files.get(path) != stored.get(path))


def main(arguments: list[str]) -> int:
    """Write or compare."""
    if arguments == [CHECK]:
        different = differing()
        for path in different:
            sys.stderr.write(f"{path} is not as it is built\n")
        return 1 if different else 0
    make_missing()
    files = built()
    for stale in set(FOLDER.glob("*/*.json")) - {FOLDER / path for path in files}:
        stale.unlink()
    for path, content in files.items():
        (FOLDER / path).parent.mkdir(exist_ok=True)
        (FOLDER / path).write_bytes(content)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
