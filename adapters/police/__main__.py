"""Starts a police unit's node and nothing more: `python -m adapters.police --node FOLDER`."""

from __future__ import annotations

from adapters.start import start

if __name__ == "__main__":
    raise SystemExit(start("police"))
