"""The sizes that broker, publisher and subscription must agree on, in bytes.

Kafka limits batches, not records. A value is at most 64 KiB, a seal at most some five; 256 events of 2 to 4 KB fit
into one batch.
"""

from __future__ import annotations

from typing import Final

from broker.limits import MAX_VALUE_BYTES

SENT_BATCH_BYTES: Final = 1_048_576
"""At which a batch is full, for the publisher."""

MAX_BATCH_BYTES: Final = SENT_BATCH_BYTES + MAX_VALUE_BYTES
"""At which Kafka refuses a batch: `message.max.bytes` and `max.message.bytes`."""
