"""What nodes tell each other about the exchange itself (area `control`): ids, digests, codes and times, no words.

All of it stands in the open part: there is nothing here that one reader of a copy may see and another may not.
"""

from enum import StrEnum
from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from schemas.base import Envelope, EventData, Fact, Maybe, Model, OpenPart, Source, refuse
from schemas.envelope import CompartmentName, Notice
from schemas.scalars import AGENCY, AgencyId, Moment, RoleName, Sha256, Unique, Uuid, Yes

_NO_LEAF = "0" * 64
_Hex32 = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$", max_length=32)]
_Count = Annotated[int, Field(ge=0, le=2**53 - 1)]
_Federation = Annotated[int, Field(ge=1, le=2**53 - 1), Source("version of the federation")]
_TopicName = Annotated[
    str,
    Field(pattern=rf"^simpul\.([a-z]{{1,32}}|(mail|keys)\.{AGENCY}\.{AGENCY})$", max_length=140),
    Source("docs/wire.md §2"),
]


class NoticeServedOpen(OpenPart):
    """That the secrecy notice was shown and accepted, by a role and never by a name."""

    rules = ("notice_other_event",)

    for_event: Uuid
    notice_version: Notice
    accepted_by_role: RoleName
    at: Moment
    opened_compartments: Annotated[tuple[CompartmentName, ...], Field(min_length=1, max_length=7), Unique()]

    def is_answer(self) -> bool:
        """It answers the event whose compartments were opened."""
        return True

    def check_envelope(self, envelope: Envelope) -> None:
        """`forEvent` is the event that `causationid` names."""
        if self.for_event != envelope.causationid:
            refuse("notice_other_event", "The event that the notice was for is the one that is answered.")


class NoticeServed(EventData):
    """E08: whoever opened an identity was told that it is secret (UU 21/2007 Art. 24 and 44)."""

    fact: ClassVar[Fact] = Fact(
        number="E08",
        area="control",
        name="participant.notice-served.v1",
        title_id="Pemberitahuan kerahasiaan diterima",
        title_en="Secrecy notice served",
        about_id="Membuktikan bahwa penerima diberi tahu tentang kewajiban merahasiakan identitas sebelum membukanya.",
        about_en="Proves that a recipient was told of the duty of secrecy before it opened an identity.",
    )
    open: NoticeServedOpen


class ReceiptOutcome(StrEnum):
    """What became of a record: own list."""

    RECEIVED = "received"
    OPENED = "opened"
    REFUSED = "refused"
    ACTED = "acted"


class RefusalCode(StrEnum):
    """Why, so coarsely that it tells nothing of a person: own list, after the kinds of refusal that a node knows."""

    INVALID = "invalid"
    DENIED = "denied"
    SUSPECT = "suspect"
    REPLAYED = "replayed"


class Receipt(Model):
    """What became of one record, which its leaf names."""

    rules = ("receipt_code",)

    leaf: Annotated[Sha256, Source("docs/wire.md §6")]
    outcome: ReceiptOutcome
    code: Maybe[RefusalCode] = None

    @model_validator(mode="after")
    def _rules(self) -> Self:
        if (self.code is None) is (self.outcome is ReceiptOutcome.REFUSED):
            refuse("receipt_code", "A refusal, and nothing else, has a code.")
        return self


class ReceiptGivenOpen(OpenPart):
    """Receipts for records of one sender, who alone reads them."""

    receipts: Annotated[tuple[Receipt, ...], Field(min_length=1, max_length=256), Unique(by=("leaf", "outcome"))]
    at: Moment


class ReceiptGiven(EventData):
    """C01: what became of records that their sender sent."""

    fact: ClassVar[Fact] = Fact(
        number="C01",
        area="control",
        name="control.receipt-given.v1",
        title_id="Tanda terima diberikan",
        title_en="Receipt given",
        about_id="Memberi tahu pengirim apa yang terjadi dengan rekamannya.",
        about_en="Tells a sender what became of its records.",
    )
    open: ReceiptGivenOpen


class HeartbeatSentOpen(OpenPart):
    """Where a stream stands, so that what is withheld shows."""

    rules = ("heartbeat_head",)

    topic: _TopicName
    period_seconds: Annotated[int, Field(ge=1, le=86_400)]
    counter: Annotated[_Count, Field(ge=1)]
    sequence: Annotated[_Count, Source("docs/wire.md §8, of the head; 0 before the first record")]
    head: Annotated[Sha256, Source("docs/wire.md §6, the leaf before this heartbeat; zeros before the first record")]
    federation: _Federation

    def check(self) -> None:
        """A stream without records has no head, and any other has one."""
        if (self.sequence == 0) is not (self.head == _NO_LEAF):
            refuse("heartbeat_head", "A stream without records has no head, and any other has one.")


class HeartbeatSent(EventData):
    """C02: a node lives, and this is its head on this topic."""

    fact: ClassVar[Fact] = Fact(
        number="C02",
        area="control",
        name="control.heartbeat-sent.v1",
        title_id="Denyut dikirim",
        title_en="Heartbeat sent",
        about_id="Menunjukkan bahwa simpul hidup dan tidak ada rekaman yang hilang di jalan.",
        about_en="Shows that a node lives, and that no record was lost on the way.",
    )
    open: HeartbeatSentOpen


class KeysChange(StrEnum):
    """What happens to keys: own list."""

    ROTATED = "rotated"
    REVOKED = "revoked"
    ERASED = "erased"


class KeyKind(StrEnum):
    """Which keys: docs/wire.md §7 and §9."""

    SIGNING = "signing"
    RECEIVING = "receiving"
    DATA = "data"


class LastHead(Model):
    """How far a revoked signing key is believed on one topic."""

    topic: _TopicName
    lane: _Hex32
    sequence: Annotated[_Count, Field(ge=1)]
    head: Annotated[Sha256, Source("docs/wire.md §6, the last leaf that still counts")]


class KeysChangedOpen(OpenPart):
    """Keys that are no longer to be used. New ones stand in the federation.

    An erasure is an order to destroy data keys and never to take them again; with `confirms` it says that its sender
    has done so, in answer to the order. For a revoked signing key `heads` names the last record of each topic that
    still counts; on a topic that is not named, none does.
    """

    rules = ("keys_confirms", "keys_heads", "keys_kind")

    change: KeysChange
    kind: KeyKind
    key_ids: Annotated[tuple[_Hex32, ...], Field(min_length=1, max_length=256), Unique(), Source("docs/wire.md §4")]
    heads: Maybe[Annotated[tuple[LastHead, ...], Field(max_length=64), Unique(by=("topic",))]] = None
    confirms: Maybe[Yes] = None

    def is_answer(self) -> bool:
        """A confirmation answers the order."""
        return self.confirms is not None

    def check(self) -> None:
        """Data keys are erased, and no others; that is confirmed; a revoked signing key says how far it counted."""
        erased = self.change is KeysChange.ERASED
        if erased is not (self.kind is KeyKind.DATA):
            refuse("keys_kind", "Data keys are erased; signing and receiving keys are rotated or revoked.")
        if self.confirms is not None and not erased:
            refuse("keys_confirms", "Only an erasure is confirmed.")
        cut = self.change is KeysChange.REVOKED and self.kind is KeyKind.SIGNING
        if (self.heads is None) is cut:
            refuse("keys_heads", "A revoked signing key, and nothing else, says how far it counted.")


class KeysChanged(EventData):
    """C03: keys were rotated or revoked, or are to be destroyed."""

    fact: ClassVar[Fact] = Fact(
        number="C03",
        area="control",
        name="control.keys-changed.v1",
        title_id="Kunci berubah",
        title_en="Keys changed",
        about_id="Mengganti atau mencabut kunci, memerintahkan pemusnahan kunci data, dan mengukuhkannya.",
        about_en="Rotates or revokes keys, orders that data keys be destroyed, and confirms it.",
    )
    open: KeysChangedOpen


class PolicyChangedOpen(OpenPart):
    """Which agreements come into force, and who signed them."""

    rules = ("policy_version",)

    from_version: _Federation
    to_version: _Federation
    agreements: Annotated[Sha256, Source("of agreements.toml, as the federation carries it")]
    signed_by: Annotated[
        tuple[AgencyId, ...],
        Field(min_length=2, max_length=32),
        Unique(),
        Source("own; two agencies at the least"),
    ]
    effective_from: Moment

    def check(self) -> None:
        """Versions go up."""
        if self.to_version <= self.from_version:
            refuse("policy_version", "A new policy has a higher version.")


class PolicyChanged(EventData):
    """C04: the agreements changed."""

    fact: ClassVar[Fact] = Fact(
        number="C04",
        area="control",
        name="control.policy-changed.v1",
        title_id="Kesepakatan berubah",
        title_en="Policy changed",
        about_id="Mengumumkan kesepakatan baru dan siapa yang menandatanganinya.",
        about_en="Announces new agreements, and who signed them.",
    )
    open: PolicyChangedOpen


class ParticipantChange(StrEnum):
    """What happens to an agency on the exchange: own list."""

    JOINED = "joined"
    LEFT = "left"
    CHANGED = "changed"


class ParticipantChangedOpen(OpenPart):
    """Which agency, and from when; its names and keys stand in the federation."""

    rules = ("participant_role",)

    change: ParticipantChange
    agency: AgencyId
    role: Maybe[RoleName] = None
    effective_from: Moment

    def check(self) -> None:
        """An agency that joins has a role, and one that leaves has none."""
        joined, left = self.change is ParticipantChange.JOINED, self.change is ParticipantChange.LEFT
        if (joined and self.role is None) or (left and self.role is not None):
            refuse("participant_role", "An agency that joins has a role, and one that leaves has none.")


class ParticipantChanged(EventData):
    """C05: an agency joined, left or changed."""

    fact: ClassVar[Fact] = Fact(
        number="C05",
        area="control",
        name="control.participant-changed.v1",
        title_id="Peserta berubah",
        title_en="Participant changed",
        about_id="Mengumumkan instansi yang bergabung, keluar, atau berubah.",
        about_en="Announces an agency that joins, leaves or changes.",
    )
    open: ParticipantChangedOpen
