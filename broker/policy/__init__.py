"""Policy: who may send what to whom. Checked becomes Cleared, Opened becomes Admitted, or an agreement said no.

- Agreements are data (`agreements.toml`), compiled once for each federation version. What they do not allow is denied.
- One engine judges on both sides; decisions are pure, total, and explained in both languages.
- A refusal names the agreement that came closest and the clause that failed, and no value of the event.
"""

from broker.policy.document import default_agreements
from broker.policy.explanation import Decision, explain
from broker.policy.incoming import admit
from broker.policy.outgoing import clear, recipients_of
from broker.policy.rules import Rules, compile_rules
from broker.policy.twins import reduced

__all__ = [
    "Decision",
    "Rules",
    "admit",
    "clear",
    "compile_rules",
    "default_agreements",
    "explain",
    "recipients_of",
    "reduced",
]
