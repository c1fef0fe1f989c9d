"""Refuses what does not fit on a few screens: files over 400 lines, functions over 50.

A function is counted from its `def` to its last line, docstring included, decorators not.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 50


def find_oversized(path: Path) -> Iterator[str]:
    """Yield one sentence for each thing in a file that is too long.

    Args:
        path: A Python source file.
    """
    source = path.read_text(encoding="utf-8")
    count = len(source.splitlines())
    if count > MAX_FILE_LINES:
        yield f"{path}: {count} lines, at most {MAX_FILE_LINES}"
    for node in ast.walk(ast.parse(source, filename=str(path))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None:
            count = node.end_lineno - node.lineno + 1
            if count > MAX_FUNCTION_LINES:
                yield f"{path}:{node.lineno}: {node.name} has {count} lines, at most {MAX_FUNCTION_LINES}"


def main(folders: list[str]) -> int:
    """Check every Python file under some folders.

    Args:
        folders: Paths of folders.

    Returns:
        The exit code: 0 if everything fits.
    """
    paths = sorted(path for folder in folders for path in Path(folder).rglob("*.py"))
    findings = [finding for path in paths for finding in find_oversized(path)]
    for finding in findings:
        print(finding)
    print(f"{len(paths)} files, {len(findings)} too long")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
