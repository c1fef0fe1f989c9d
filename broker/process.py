"""How a process that runs for long treats its memory: what makes each event dearer than it need be, and nothing else.

- The collector does not walk what was there at the start: thousands of live models, which no event makes garbage.
- What a batch has freed stays with the C library for the next one. Else its pages go back to the system and are
  faulted in again, batch after batch, which costs about a tenth of the line.
"""

from __future__ import annotations

import ctypes
import gc
from typing import Final

_M_TRIM_THRESHOLD: Final = -1
_M_TOP_PAD: Final = -2
_KEPT_BYTES: Final = 64 * 1024 * 1024
_STEP_BYTES: Final = 16 * 1024 * 1024


def settle() -> None:
    """Treat memory so from now on; call it once all is loaded."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # of the GNU C library; others have none, and do without
    if mallopt is not None:
        mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)
        mallopt(_M_TOP_PAD, _STEP_BYTES)
