"""Intakes become `consent.changed` events; what is delivered becomes lines of `masuk.jsonl`.

Rules:

- only the consent leaves: whose (a reference), what was agreed, by whom, with which proof; the rest of an intake
  stays until somebody refers the person on purpose;
- what a tick box cannot say is not made up: scopes and prompts come from the agency's settings, or are absent;
- for a child, or where the age is not known, the form says who consented, and for a child what the child says; a
  guardian in conflict speaks for nobody, and the basis becomes vital interest with the child's best interest
  (UU 27/2022 Art. 20(2)(d), 25);
- a box that is not ticked is a withdrawal only where the form says so: it is never guessed, and never passed over.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from adapters.contract import Mapped, Ordinary, Received, Reject, offer
from adapters.ngo.native import Delivered, Intake
from broker.names import length_prefixed
from broker.stages import Origin

SYSTEM: Final = "kobo"
TYPE: Final = "id.simpul.consent.changed.v1"
PERSON_LABEL: Final = b"simpul/kobo-person/v1"
CLOCK: Final = timedelta(hours=72)
"""3 × 24 hours: UU 27/2022 Arts. 40 and 41."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
QUARTER_HOUR: Final = timedelta(minutes=15)
_ADULT_YEARS: Final = 18
_BEST_INTEREST: Final = "social_worker_child_best_interest"
_GIVING = frozenset({"granted", "narrowed"})
_OWN_GUARDIANS = frozenset({"parent", "guardian"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the agency's settings say about every event of this adapter."""

    status: str
    tlp: str
    pap: str
    priority: str
    audience: str
    scopes: tuple[Mapping[str, str], ...]
    """What the agency's consent form asks for: purpose, recipientRole and dataClass of each."""
    scope_days: int
    """For how long, in days; 0 where the form sets no end."""
    form_version: str
    medium: str
    prompts: tuple[str, ...]


def mapped(intake: Intake, *, terms: Terms) -> Mapped:
    """Map one intake.

    Args:
        intake: the submission.
        terms: the agency's settings.

    Returns:
        An offer; or that nothing was to be said; or what the form left unclear.
    """
    change = _change(intake)
    if change is None:
        return Reject(file="", row=intake.row, field="con_Consent", code="adapter.consent-unclear")
    if change == "none":
        return Ordinary(row=intake.row)
    if change == "narrowed" and "sim_Scopes" not in intake.fields:
        return Reject(file="", row=intake.row, field="sim_Scopes", code="adapter.value-missing")
    given_by = intake.fields.get("sim_GivenBy")
    conflict = intake.fields.get("sim_GuardianConflict")
    # Whoever takes a consent back is never asked for more: only giving needs somebody who may give it.
    if change in _GIVING and not _may_give(intake, given_by, conflict):
        return Reject(file="", row=intake.row, field="sim_GivenBy", code="adapter.consent-child")
    if change in _GIVING and _is_adult(intake) is False and "sim_Assent" not in intake.fields:
        return Reject(file="", row=intake.row, field="sim_Assent", code="adapter.value-missing")
    speaks = _BEST_INTEREST if conflict and given_by in _OWN_GUARDIANS else given_by or "self"
    body = _body(intake, change=change, given_by=str(speaks), conflict=conflict is True, terms=terms)
    return offer(intake.row, _origin(intake), body)


def _change(intake: Intake) -> str | None:
    """Return what happened to the consent; None where box and words do not agree."""
    ticked, said = intake.fields["con_Consent"], intake.fields.get("sim_ConsentChange")
    if ticked:
        return str(said or "granted") if said in {None, "granted", "narrowed"} else None
    return str(said) if said in {"withdrawn", "expired", "none"} else None


def _may_give(intake: Intake, given_by: object, conflict: object) -> bool:
    """Say whether the form says who consented, well enough for this person's age."""
    adult = _is_adult(intake)
    if adult:
        return True
    if given_by is None or (given_by == "self" and adult is False):
        return False
    return given_by not in _OWN_GUARDIANS or conflict is not None


def _is_adult(intake: Intake) -> bool | None:
    """Say whether the person was of age at the interview; None where the form does not know."""
    born = intake.fields.get("prs_Birthdate")
    if not isinstance(born, date):
        return None
    on = intake.recorded_at.date()
    return (on.year - born.year - ((on.month, on.day) < (born.month, born.day))) >= _ADULT_YEARS


def _body(intake: Intake, *, change: str, given_by: str, conflict: bool, terms: Terms) -> dict[str, Any]:
    granted = change in _GIVING
    instead = granted and conflict and _is_adult(intake) is not True
    opened: dict[str, Any] = {"change": change}
    if change != "granted":
        opened["deadline"] = _moment(_quarter_hour(intake.recorded_at) + CLOCK)
    basis = "pdp20-2-a" if granted else "pdp20-2-c"
    return {
        "specversion": "1.0",
        "type": TYPE,
        "time": _moment(intake.recorded_at),
        "subject": intake.fields.get("sim_Case", intake.uuid),
        "datacontenttype": "application/json",
        "audience": terms.audience,
        "purpose": "protection",
        "basis": "pdp20-2-d" if instead else basis,
        "lawref": "uu27-2022-25" if _is_adult(intake) is False else "uu27-2022-40",
        "tlp": terms.tlp,
        "pap": terms.pap,
        "priority": terms.priority,
        "status": terms.status,
        "data": {
            "open": opened,
            "identity": _identity(intake),
            "narrative": _narrative(intake, granted=granted, given_by=given_by, conflict=conflict, terms=terms),
        },
    }


def _identity(intake: Intake) -> dict[str, Any]:
    """Name the person; say of a child that it is one, so that the stricter rules hold, and of nobody else their age."""
    identity: dict[str, Any] = {"personRef": intake.fields.get("sim_PersonRef", _person_ref(intake.uuid))}
    return {**identity, "isMinor": True} if _is_adult(intake) is False else identity


def _narrative(intake: Intake, *, granted: bool, given_by: str, conflict: bool, terms: Terms) -> dict[str, Any]:
    narrative: dict[str, Any] = {"givenBy": given_by, "guardianConflict": conflict, "evidence": _proof(intake, terms)}
    if granted:
        until = intake.recorded_at + timedelta(days=terms.scope_days)
        end = {"until": _moment(until)} if terms.scope_days else {}
        said = intake.fields.get("sim_Scopes")
        scopes = scopes_of(said) if isinstance(said, tuple) else terms.scopes
        narrative["scopes"] = [{**scope, **end} for scope in scopes]
        narrative["promptsCovered"] = list(terms.prompts)
    if granted and conflict and _is_adult(intake) is not True:
        narrative["alternativeBasis"] = "pdp20-2-d"
    if "sim_Assent" in intake.fields:
        narrative["assent"] = intake.fields["sim_Assent"]
    withheld = intake.fields.get("sim_WithheldFrom")
    if granted and isinstance(withheld, tuple):  # consent that ends, every holder must learn of
        reason = intake.fields.get("sim_WithheldReason", "other")
        narrative["withheldFrom"] = [{"who": agency, "reason": reason} for agency in withheld]
    return narrative


def scopes_of(words: Sequence[str]) -> tuple[Mapping[str, str], ...]:
    """Read words `purpose:role:compartment+compartment`, whose form was checked, one scope for each compartment."""
    scopes: list[Mapping[str, str]] = []
    for word in words:
        purpose, role, parts = word.split(":")
        scopes += [{"purpose": purpose, "recipientRole": role, "dataClass": part} for part in parts.split("+")]
    return tuple(scopes)


def _proof(intake: Intake, terms: Terms) -> dict[str, Any]:
    """Name the record that proves the consent, by a hash: it holds a random uuid, so nobody can guess it."""
    return {
        "form": intake.form,
        "version": terms.form_version,
        "recordedAt": _moment(intake.recorded_at),
        "medium": terms.medium,
        "hash": hashlib.sha256(intake.content).hexdigest(),
    }


def _person_ref(uuid: str) -> str:
    """Name the person by what only somebody who has the submission can know."""
    return "p-" + hashlib.sha256(length_prefixed(PERSON_LABEL, uuid.encode())).hexdigest()[:16]


def _origin(intake: Intake) -> Origin:
    """Know a record by its uuid; an edit, of which Kobo tells nobody, makes another revision."""
    return Origin(system=SYSTEM, record_id=intake.uuid, revision=hashlib.sha256(intake.content).hexdigest())


def _quarter_hour(time: datetime) -> datetime:
    """Round down as the node rounds the time of the event, so that the deadline does not tell what that hides."""
    return time - (time - _EPOCH) % QUARTER_HOUR


def _moment(time: datetime) -> str:
    return time.isoformat()


def delivered(event: Received) -> Delivered:
    """Map a delivered event to a line of `masuk.jsonl`."""
    said: Mapping[str, str] = event.attributes
    return Delivered(
        id=event.event_id,
        source=event.source,
        type=event.type,
        time=said["time"],
        subject=said.get("subject", ""),
        priority=said["priority"],
        status=said["status"],
        tlp=said["tlp"],
        answers=said.get("causationid", ""),
        open=" ".join(event.parts),
        closed=" ".join(event.closed),
        parts=event.parts,
    )
