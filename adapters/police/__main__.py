"""Starts a police unit's node and nothing more: `python -m adapters.police --node FOLDER`."""

from __future__ import annotations

import sys

from broker.__main__ import main

if __name__ == "__main__":
    sys.argv.insert(1, "serve")
    main()
