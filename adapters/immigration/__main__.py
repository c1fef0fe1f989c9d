"""Starts immigration's node and nothing more: `python -m adapters.immigration --node FOLDER`."""

from __future__ import annotations

from adapters.start import start

if __name__ == "__main__":
    raise SystemExit(start("immigration"))
