"""A process settles its memory once."""

import subprocess
import sys

_SETTLED = """
import gc
from broker.process import settle
settle()
assert gc.get_freeze_count() > 0
assert gc.get_threshold() == (50_000, 20, 20)
assert gc.isenabled()
"""


def test_what_was_there_is_collected_no_more_and_what_comes_still_is() -> None:
    """In a process of its own: frozen, with a higher threshold, and still on."""
    assert subprocess.run([sys.executable, "-c", _SETTLED], check=False, timeout=30).returncode == 0
