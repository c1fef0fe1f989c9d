"""Validation: a Draft becomes a Checked, or is refused with the path of every field at fault.

- Limits and JSON traps come before parsing, the catalogue before everything else.
- What the node can derive it derives: ids, case, erasure unit, notice, schema. Reading a source again adds
  nothing. A case is derived from the agency's own reference alone, so that its systems name it alike.
- No value of an event appears in an error, and none is kept in one: foreign errors are dropped, not chained.
"""

from broker.validation.drafts import check

__all__ = ["check"]
