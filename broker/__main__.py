"""`simpul` on the command line."""

from __future__ import annotations

from broker.cli.app import run


def main() -> None:
    """Run the command line and leave with its exit code."""
    raise SystemExit(run())


if __name__ == "__main__":
    main()
