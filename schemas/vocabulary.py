"""Codes that events share, each once, each with the standard and clause that it comes from."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from schemas.base import Source


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
    """How fast: P0 danger to life, P1 same day, P2 a legal or service clock, P3 batch (CAP 1.2 §3.2.2)."""

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


# grading, screening, people


class Weight(StrEnum):
    """How much a sign counts, strong, medium or weak: ILO/EC Delphi indicators (2009)."""

    STRONG = "S"
    MEDIUM = "M"
    WEAK = "W"


class Reliability(StrEnum):
    """How far the source is trusted, g for deceptive: Admiralty scale, MISP taxonomy version 5."""

    A = "a"
    B = "b"
    C = "c"
    D = "d"
    E = "e"
    F = "f"
    G = "g"


class Gender(StrEnum):
    """Gender as the person says it: HTCDS 2.0 `prs_Gender`."""

    FEMININE = "Feminine"
    MASCULINE = "Masculine"
    TRANSGENDER_FEMININE = "TransgenderFeminine"
    TRANSGENDER_MASCULINE = "TransgenderMasculine"
    NON_CONFORMING = "NonConforming"
    UNKNOWN = "NonSpecifiedUnknown"


class AgeBand(StrEnum):
    """Age where a birth date would say too much: CTDC global dataset `ageBroad`."""

    TO_8 = "0-8"
    TO_17 = "9-17"
    TO_20 = "18-20"
    TO_23 = "21-23"
    TO_26 = "24-26"
    TO_29 = "27-29"
    TO_38 = "30-38"
    TO_47 = "39-47"
    FROM_48 = "48+"


class MaritalStatus(StrEnum):
    """HTCDS 2.0 `prs_MaritalStatus`."""

    SINGLE = "Single"
    MARRIED = "Married"
    WIDOWED = "Widowed"
    DIVORCED = "Divorced"
    SEPARATED = "Separated"
    REGISTERED_PARTNERSHIP = "RegisteredPartnership"


class Education(StrEnum):
    """Highest level reached: HTCDS 2.0 `prs_HighestLevelOfEducation`, after ISCED 2011."""

    EARLY_CHILDHOOD = "EarlyChildhoodEducation"
    PRIMARY = "PrimaryEducation"
    LOWER_SECONDARY = "LowerSecondaryEducation"
    UPPER_SECONDARY = "UpperSecondaryEducation"
    POST_SECONDARY = "PostSecondaryNonTertiaryEducation"
    SHORT_CYCLE = "ShortCycleTertiaryEducation"
    BACHELOR = "BachelorsOrEquivalentLevel"
    MASTER = "MastersOrEquivalentLevel"
    DOCTOR = "DoctoralOrEquivalentLevel"


class App(StrEnum):
    """Where people are recruited online: HTCDS 2.0 `vic_RecruitmentWebsitesAndApps`."""

    FACEBOOK = "Facebook"
    INSTAGRAM = "Instagram"
    WHATSAPP = "WhatsApp"
    TELEGRAM = "Telegram"
    MESSENGER = "FacebookMessenger"
    VIBER = "Viber"
    SNAPCHAT = "SnapChat"
    LINE = "Line"
    FOR_SALE = "4Sale"
    WECHAT = "WeChat"
    QQ = "QQ"
    QZONE = "QZone"
    TIKTOK = "TikTok"
    TWITTER = "Twitter"
    OTHER = "Other"


# the elements of the crime


class Act(StrEnum):
    """What is done, *proses*: UU 21/2007 Art. 1(1)."""

    RECRUIT = "act.recruit"
    TRANSPORT = "act.transport"
    HARBOUR = "act.harbour"
    SEND = "act.send"
    TRANSFER = "act.transfer"
    RECEIVE = "act.receive"


class Means(StrEnum):
    """How it is done, *cara*: UU 21/2007 Art. 1(1); substances from national practice."""

    THREAT = "means.threat"
    FORCE = "means.force"
    ABDUCT = "means.abduct"
    CONFINE = "means.confine"
    FORGE = "means.forge"
    FRAUD = "means.fraud"
    ABUSE_POWER = "means.abuse_power"
    DEBT = "means.debt"
    PAYMENT = "means.payment"
    SUBSTANCES = "means.substances"


class ExploitationPurpose(StrEnum):
    """What it is done for, *tujuan*: UU 21/2007 Art. 1(7); begging, marriage and crime from practice."""

    SEXUAL = "purpose.sexual"
    FORCED_LABOUR = "purpose.forced_labour"
    SLAVERY = "purpose.slavery"
    EXTORT = "purpose.extort"
    ORGAN = "purpose.organ"
    PHYSICAL = "purpose.physical"
    BEGGING = "purpose.begging"
    MARRIAGE = "purpose.marriage"
    CRIME = "purpose.crime"


Alpha2 = Annotated[str, Field(pattern=r"^[A-Z]{2}$", max_length=2), Source("ISO 3166-1 alpha-2")]
Alpha3 = Annotated[str, Field(pattern=r"^[A-Z]{3}$", max_length=3), Source("ISO 3166-1 alpha-3")]
Language = Annotated[str, Field(pattern=r"^[a-z]{3}$", max_length=3), Source("ISO 639-3")]
Phone = Annotated[str, Field(pattern=r"^\+[1-9][0-9]{6,14}$", max_length=16), Source("ITU-T E.164")]
