"""The one table that translates errors of aiokafka (0.14) and of the network into ours.

Every class of `aiokafka.errors` stands in it by name, and a test fails when the library grows another. What the
library says about an error is never passed on: only which class it was.
"""

from __future__ import annotations

from typing import Final

from aiokafka import errors as theirs

from broker.errors import TransportError

TABLE: Final[dict[str, tuple[type[Exception], ...]]] = {
    "kafka.unreachable": (
        theirs.NoBrokersAvailable,
        theirs.NodeNotReadyError,
        theirs.KafkaUnavailableError,
        theirs.KafkaConnectionError,
        theirs.MetadataEmptyBrokerList,
        theirs.BrokerNotAvailableError,
        theirs.ListenerNotFound,
    ),
    "kafka.timeout": (theirs.KafkaTimeoutError, theirs.RequestTimedOutError, TimeoutError),
    "kafka.topic-absent": (theirs.UnknownTopicOrPartitionError, theirs.InvalidTopicError),
    "kafka.offset-out-of-range": (theirs.OffsetOutOfRangeError, theirs.NoOffsetForPartitionError),
    "kafka.too-few-replicas": (theirs.NotEnoughReplicasError, theirs.NotEnoughReplicasAfterAppendError),
    "kafka.moved": (
        theirs.StaleMetadata,
        theirs.LeaderNotAvailableError,
        theirs.NotLeaderForPartitionError,
        theirs.ReplicaNotAvailableError,
        theirs.StaleControllerEpochError,
        theirs.StaleLeaderEpochCodeError,
        theirs.NotControllerError,
        theirs.ReassignmentInProgress,
        theirs.FetchSessionIdNotFound,
        theirs.InvalidFetchSessionEpoch,
    ),
    "kafka.producer-lost": (
        theirs.OutOfOrderSequenceNumber,
        theirs.DuplicateSequenceNumber,
        theirs.InvalidProducerEpoch,
        theirs.InvalidProducerIdMapping,
        theirs.UnknownProducerId,
        theirs.ProducerFenced,
        theirs.ProducerClosed,
        theirs.ConsumerStoppedError,
        theirs.Cancelled,
    ),
    "kafka.too-large": (
        theirs.MessageSizeTooLargeError,
        theirs.RecordListTooLargeError,
        theirs.RecordTooLargeError,
    ),
    "kafka.not-authorised": (
        theirs.TopicAuthorizationFailedError,
        theirs.GroupAuthorizationFailedError,
        theirs.ClusterAuthorizationFailedError,
        theirs.TransactionalIdAuthorizationFailed,
        theirs.DelegationTokenAuthorizationFailed,
    ),
    "kafka.not-authenticated": (
        theirs.AuthenticationMethodNotSupported,
        theirs.AuthenticationFailedError,
        theirs.UnsupportedSaslMechanismError,
        theirs.IllegalSaslStateError,
        theirs.SaslAuthenticationFailed,
        theirs.SecurityDisabled,
        theirs.InvalidPrincipalType,
        theirs.DelegationTokenAuthDisabled,
        theirs.DelegationTokenNotFound,
        theirs.DelegationTokenOwnerMismatch,
        theirs.DelegationTokenRequestNotAllowed,
        theirs.DelegationTokenExpired,
    ),
    "kafka.quota": (theirs.QuotaViolationError,),
    "kafka.disk": (theirs.KafkaStorageError, theirs.LogDirNotFound),
    "kafka.damaged": (theirs.CorruptRecordException, theirs.KafkaProtocolError, theirs.CorrelationIdError),
    "kafka.settings-refused": (
        theirs.TopicAlreadyExistsError,
        theirs.InvalidPartitionsError,
        theirs.InvalidReplicationFactorError,
        theirs.InvalidReplicationAssignmentError,
        theirs.InvalidConfigurationError,
        theirs.PolicyViolationError,
        theirs.InvalidRequiredAcksError,
        theirs.InvalidTimestampError,
        theirs.KafkaConfigurationError,
    ),
    "kafka.other-version": (
        theirs.UnrecognizedBrokerVersion,
        theirs.IncompatibleBrokerVersion,
        theirs.UnsupportedVersionError,
        theirs.UnsupportedForMessageFormatError,
        theirs.UnsupportedCodecError,
    ),
    # What can only come of a fault in the client, in the broker or in this room: groups and transactions among
    # them, which nobody here uses.
    "kafka.unexpected": (
        theirs.KafkaError,
        theirs.BrokerResponseError,
        theirs.NoError,
        theirs.UnknownError,
        theirs.IllegalStateError,
        theirs.IllegalArgumentError,
        theirs.IllegalOperation,
        theirs.TooManyInFlightRequests,
        theirs.InvalidFetchRequestError,
        theirs.InvalidRequestError,
        theirs.OperationNotAttempted,
        theirs.CommitFailedError,
        theirs.OffsetMetadataTooLargeError,
        theirs.GroupLoadInProgressError,
        theirs.GroupCoordinatorNotAvailableError,
        theirs.NotCoordinatorForGroupError,
        theirs.IllegalGenerationError,
        theirs.InconsistentGroupProtocolError,
        theirs.InvalidGroupIdError,
        theirs.UnknownMemberIdError,
        theirs.InvalidSessionTimeoutError,
        theirs.RebalanceInProgressError,
        theirs.InvalidCommitOffsetSizeError,
        theirs.NonEmptyGroup,
        theirs.GroupIdNotFound,
        theirs.MemberIdRequired,
        theirs.InvalidTxnState,
        theirs.InvalidTransactionTimeout,
        theirs.ConcurrentTransactions,
        theirs.TransactionCoordinatorFenced,
    ),
}

_CODES: Final = {foreign: code for code, group in TABLE.items() for foreign in group}

FOREIGN: Final = (
    theirs.KafkaError,
    theirs.ConsumerStoppedError,
    theirs.IllegalOperation,
    OSError,
    TimeoutError,
)
"""What to catch around a call of the client."""


def translated(error: Exception, detail: str = "") -> TransportError:
    """Return our error for one of theirs.

    Args:
        error: what the client raised.
        detail: what we know of the circumstances, such as the topic; never a value.
    """
    name = type(error).__name__
    return TransportError(code_of(type(error)), f"{name}, {detail}" if detail else name)


def code_of(foreign: type[Exception]) -> str:
    """Return the code of a class of theirs, or of the nearest parent that has one."""
    known = (_CODES[parent] for parent in foreign.__mro__ if parent in _CODES)
    # What is no Kafka error at all is an error of the network.
    return next(known, "kafka.unreachable")
