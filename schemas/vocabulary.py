"""Value types that events share, each once, each with the standard and clause that it comes from."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from schemas.base import Source

# --- the envelope -----------------------------------------------------------------------------------------------


class Purpose(StrEnum):
    """What the event may be used for: UU 27/2022 (PDP) Art. 16(2), the declared purpose."""

    PROTECTION = "protection"
    INVESTIGATION = "investigation"
    PREVENTION = "prevention"
    STATISTICS = "statistics"
    PUBLIC = "public"
    RIGHTS = "rights"
    CONTROL = "control"


class Basis(StrEnum):
    """Legal basis of processing: UU 27/2022 (PDP) Art. 20(2) letters a to f."""

    CONSENT = "pdp20-2-a"
    CONTRACT = "pdp20-2-b"
    LEGAL_OBLIGATION = "pdp20-2-c"
    VITAL_INTEREST = "pdp20-2-d"
    PUBLIC_TASK = "pdp20-2-e"
    LEGITIMATE_INTEREST = "pdp20-2-f"


class Tlp(StrEnum):
    """How far it may go: FIRST Traffic Light Protocol 2.0."""

    CLEAR = "clear"
    GREEN = "green"
    AMBER = "amber"
    AMBER_STRICT = "amber+strict"
    RED = "red"


class Pap(StrEnum):
    """What may be done with it: MISP taxonomy PAP version 3."""

    CLEAR = "clear"
    GREEN = "green"
    AMBER = "amber"
    RED = "red"


class Priority(StrEnum):
    """How fast: P0 danger to life, P1 same day, P2 a legal or service clock, P3 batch (CAP 1.2 urgency; Primero)."""

    P0 = "P0"
    P1 = "P1"
    P2 = "P2"
    P3 = "P3"


class Status(StrEnum):
    """Whether it is meant: CAP 1.2 §3.2.1 `status`, without System and Draft."""

    ACTUAL = "Actual"
    EXERCISE = "Exercise"
    TEST = "Test"


AreaCode = Annotated[
    str,
    Field(pattern=r"^[1-9][0-9](\.[0-9]{2})?$", max_length=5),
    Source("Kemendagri region code, regency at the finest"),
]
PlaceCode = Annotated[
    str,
    Field(pattern=r"^[1-9][0-9](\.[0-9]{2}(\.[0-9]{2}(\.[0-9]{4})?)?)?$", max_length=13),
    Source("Kemendagri region code, down to the village"),
]

# --- alerts -----------------------------------------------------------------------------------------------------


class MsgType(StrEnum):
    """What kind of alert: CAP 1.2 §3.2.1 `msgType`."""

    ALERT = "Alert"
    UPDATE = "Update"
    CANCEL = "Cancel"
    ACK = "Ack"
    ERROR = "Error"


class Category(StrEnum):
    """Subject of an alert: CAP 1.2 §3.2.2 `category`, those that trafficking needs."""

    SAFETY = "Safety"
    SECURITY = "Security"
    RESCUE = "Rescue"
    TRANSPORT = "Transport"


class AlertCode(StrEnum):
    """What has happened: CAP 1.2 §3.2.2 `eventCode`, own list."""

    CHILD_AT_RISK = "CHILD_AT_RISK"
    DEPARTURE_IMMINENT = "DEPARTURE_IMMINENT"
    RECRUITER_ACTIVE = "RECRUITER_ACTIVE"
    SHELTER_THREAT = "SHELTER_THREAT"
    DOCUMENT_FRAUD = "DOCUMENT_FRAUD"
    MISSING_PERSON = "MISSING_PERSON"


class Urgency(StrEnum):
    """When to act: CAP 1.2 §3.2.2 `urgency`."""

    IMMEDIATE = "Immediate"
    EXPECTED = "Expected"
    FUTURE = "Future"
    PAST = "Past"
    UNKNOWN = "Unknown"


class Severity(StrEnum):
    """How bad: CAP 1.2 §3.2.2 `severity`."""

    EXTREME = "Extreme"
    SEVERE = "Severe"
    MODERATE = "Moderate"
    MINOR = "Minor"
    UNKNOWN = "Unknown"


class Certainty(StrEnum):
    """How sure: CAP 1.2 §3.2.2 `certainty`."""

    OBSERVED = "Observed"
    LIKELY = "Likely"
    POSSIBLE = "Possible"
    UNLIKELY = "Unlikely"
    UNKNOWN = "Unknown"


class ResponseType(StrEnum):
    """What to do: CAP 1.2 §3.2.2 `responseType`."""

    SHELTER = "Shelter"
    EVACUATE = "Evacuate"
    PREPARE = "Prepare"
    EXECUTE = "Execute"
    AVOID = "Avoid"
    MONITOR = "Monitor"
    ASSESS = "Assess"
    ALL_CLEAR = "AllClear"
    NONE = "None"


class AckState(StrEnum):
    """What the acknowledging agency does: own list, beside CAP 1.2 `msgType` Ack."""

    RECEIVED = "received"
    ACTING = "acting"
    CANNOT_ACT = "cannot_act"


class Nexus(StrEnum):
    """What ties a trafficking event to another crime, and opens it to counter-terrorism: own list."""

    NONE = "none"
    TERROR = "terror"
    DOCUMENT_FRAUD = "document_fraud"
