"""The demo: eight agencies exchange one case over a Kafka that can read none of it, and four attacks are refused.

It joins the `simpul` command by its entry point, as any third-party command does, and uses nothing that others could
not use: `simpul serve` and `simpul send` as processes, the nodes' own stores for whatever it tells.
"""

from __future__ import annotations

from adapters.demo.cli import demo as command

__all__ = ["command"]
