"""Starts the hotline's node and nothing more: `python -m adapters.hotline --node FOLDER`."""

from __future__ import annotations

from adapters.start import start

if __name__ == "__main__":
    raise SystemExit(start("hotline"))
