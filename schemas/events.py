"""Every event type of the catalogue, in the catalogue's order."""

from types import NoneType
from typing import cast, get_args

from schemas.alert import AlertIssued
from schemas.base import COMPARTMENTS, Compartment, EventData, OpenPart
from schemas.border import ApplicationDeferred, CrossingFlagged, DocumentStatusReported
from schemas.case import CaseProgressed, CaseRegistered
from schemas.consent import ConsentChanged
from schemas.control import (
    HeartbeatSent,
    KeysChanged,
    NoticeServed,
    ParticipantChanged,
    PolicyChanged,
    ReceiptGiven,
)
from schemas.intel import BundleShared
from schemas.linkage import LinkageDetected
from schemas.outreach import FeedbackReceived, OutreachPublished
from schemas.referral import ReferralRequested, ReferralResponded
from schemas.rights import DutyRaised
from schemas.safety import RiskRaised
from schemas.screening import ScreeningCompleted
from schemas.service import CapacityReported, ReintegrationFollowedUp, ServiceProgressed
from schemas.stats import StatsPublished
from schemas.tip import TipReceived, TipTriaged
from schemas.victim import ProtectionNotified, VictimStatusDetermined
from schemas.watch import WatchRequested

EVENTS: tuple[type[EventData], ...] = (
    TipReceived,
    TipTriaged,
    CrossingFlagged,
    DocumentStatusReported,
    ApplicationDeferred,
    WatchRequested,
    AlertIssued,
    NoticeServed,
    ScreeningCompleted,
    VictimStatusDetermined,
    ProtectionNotified,
    CaseRegistered,
    CaseProgressed,
    BundleShared,
    LinkageDetected,
    ConsentChanged,
    ReferralRequested,
    ReferralResponded,
    ServiceProgressed,
    RiskRaised,
    ReintegrationFollowedUp,
    CapacityReported,
    OutreachPublished,
    FeedbackReceived,
    StatsPublished,
    DutyRaised,
    ReceiptGiven,
    HeartbeatSent,
    KeysChanged,
    PolicyChanged,
    ParticipantChanged,
)


def open_part_of(data: type[EventData]) -> type[OpenPart]:
    """Say which model is the open part of a type.

    Args:
        data: the type's data model.

    Returns:
        The model of its field `open`.
    """
    return cast("type[OpenPart]", data.model_fields["open"].annotation)


def compartments_of(data: type[EventData]) -> dict[str, type[Compartment]]:
    """Say which compartments a type may have.

    Args:
        data: the type's data model.

    Returns:
        The model of each, by name, in catalogue order.

    Raises:
        TypeError: the model has a field that is neither `open` nor a compartment.
    """
    fields = data.model_fields
    if not fields.keys() <= {"open", *COMPARTMENTS}:
        message = f"{data.__name__} has a field that is no compartment"
        raise TypeError(message)
    return {name: _model_in(fields[name].annotation) for name in COMPARTMENTS if name in fields}


def _model_in(annotation: object) -> type[Compartment]:
    models = [one for one in (annotation, *get_args(annotation)) if isinstance(one, type) and one is not NoneType]
    return cast("type[Compartment]", models[0])
