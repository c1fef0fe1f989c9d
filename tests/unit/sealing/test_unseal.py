"""Verifying and opening: what the vectors do not show, such as what a verifier remembers."""

from dataclasses import replace
from datetime import timedelta

import pytest

from broker.errors import UntrustedError
from broker.names import AgencyId, Topic, mail_topic
from broker.ports import Federation, SigningKey
from broker.sealing import unseal
from broker.sealing.encoding import UnverifiedSeal
from broker.sealing.keyring import Keyring
from broker.sealing.unseal import Verifier, open_record
from broker.stages import Closed, Fetched, Opened, Verified
from tests.vector_builder.bad import HELD, alert, alerts
from tests.vector_builder.forging import Forger, forged, with_header, with_seal
from tests.vector_builder.world import (
    IMMIGRATION,
    MIGRANT_WORKERS,
    NOT_AFTER,
    POLICE,
    SEALED_AT,
    federation,
    key,
    signer,
    signing_key,
)

LISTED = federation(signing_key(POLICE), signing_key(IMMIGRATION))
SECOND = timedelta(seconds=1)


def verify(record: Fetched, *, listed: Federation = LISTED, verifier: Verifier | None = None) -> Verified:
    """Verify for immigration."""
    return (verifier or Verifier(IMMIGRATION)).verify(record, listed)


def refused(record: Fetched, *, listed: Federation = LISTED, verifier: Verifier | None = None) -> str:
    """Return the code with which it is refused; it must be."""
    with pytest.raises(UntrustedError) as caught:
        verify(record, listed=listed, verifier=verifier)
    return caught.value.code


def test_a_signature_is_checked_once_for_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    """One verification serves all records of a batch."""
    checked = []
    real = unseal._verify_signature

    def counting(public: bytes, seal: UnverifiedSeal) -> None:
        checked.append(public)
        real(public, seal)

    monkeypatch.setattr(unseal, "_verify_signature", counting)
    verifier = Verifier(IMMIGRATION)
    for record in alerts(16):
        verify(record, verifier=verifier)
    assert len(checked) == 1


def test_what_was_remembered_frees_from_nothing_but_the_signature() -> None:
    """After a batch was verified its records are still held to everything else."""
    first, second = alerts(2)
    verifier = Verifier(IMMIGRATION)
    verify(first, verifier=verifier)
    assert refused(replace(second, value=(second.value or b"") + b"\0"), verifier=verifier) == "untrusted.path"
    assert refused(with_seal(second, index=0), verifier=verifier) == "untrusted.path"
    assert refused(with_header(second, "ce_lane", b"0" * 32), verifier=verifier) == "untrusted.payload"
    assert refused(with_seal(second, signature=bytes(64)), verifier=verifier) == "untrusted.signature"
    assert refused(replace(second, topic=mail_topic(POLICE, IMMIGRATION)), verifier=verifier) == "untrusted.payload"


def test_a_key_taken_out_of_the_federation_is_refused_at_once() -> None:
    """Also for a batch whose signature was remembered: the newest federation decides each time."""
    first, second = alerts(2)
    verifier = Verifier(IMMIGRATION)
    verify(first, verifier=verifier)
    assert refused(second, listed=federation(signing_key(IMMIGRATION)), verifier=verifier) == "untrusted.key"
    ended = replace(signing_key(POLICE), not_after=SEALED_AT - SECOND)
    assert refused(second, listed=federation(ended), verifier=verifier) == "untrusted.key"
    given_away = replace(signing_key(POLICE), agency=IMMIGRATION)
    assert refused(second, listed=federation(given_away), verifier=verifier) == "untrusted.key"


def test_a_signature_is_remembered_by_the_key_itself() -> None:
    """Should a federation ever list another public key under a known id, what the old one signed is checked anew."""
    first, second = alerts(2)
    verifier = Verifier(IMMIGRATION)
    verify(first, verifier=verifier)
    exchanged = replace(signing_key(POLICE), public=signer(IMMIGRATION).public)
    assert refused(second, listed=federation(exchanged), verifier=verifier) == "untrusted.signature"


def test_a_batch_that_did_not_verify_is_not_remembered() -> None:
    """A forgery that was refused once is refused again."""
    forgery = with_seal(alert(), signature=bytes(64))
    verifier = Verifier(IMMIGRATION)
    for _ in range(3):
        assert refused(forgery, verifier=verifier) == "untrusted.signature"


def test_a_verifier_remembers_a_bounded_number_of_batches() -> None:
    """The oldest goes first, and is verified again when it comes again."""
    verifier = Verifier(IMMIGRATION)
    records = [Forger(version=at).forge(alert()) for at in range(unseal._BATCHES_KEPT + 2)]
    for record in records:
        verify(record, verifier=verifier)
    assert len(verifier._batches) == unseal._BATCHES_KEPT
    assert verify(records[0], verifier=verifier).federation == 0


def test_a_record_is_verified_for_its_reader_alone() -> None:
    """The recipient of a mailbox; an auditor, who reads as nobody, verifies those of every pair."""
    record = alert(mail_topic(POLICE, MIGRANT_WORKERS))
    assert refused(record) == "untrusted.topic"
    for reader in (MIGRANT_WORKERS, None):
        assert Verifier(reader).verify(record, LISTED).source == POLICE
    with pytest.raises(UntrustedError):
        Verifier(None).verify(forged(replace(record, topic=Topic("simpul.mail..x"))), LISTED)


@pytest.mark.parametrize("public", [b"", bytes(31), bytes(32), b"\xff" * 32], ids=["empty", "short", "zeros", "ones"])
def test_a_federation_that_lists_no_key_verifies_nothing(public: bytes) -> None:
    """Whatever stands there in place of a public key."""
    listed = SigningKey(
        key_id=signer(POLICE).key_id, agency=POLICE, public=public, not_before=SEALED_AT, not_after=NOT_AFTER
    )
    assert refused(alert(), listed=federation(listed)) == "untrusted.signature"


def test_facts_are_those_of_the_record() -> None:
    """What is verified says who wrote it, where it stands and by which federation."""
    record = alert()
    seen = verify(record)
    assert (seen.source, seen.sequence, seen.federation) == (POLICE, 1, 7)
    assert seen.signing_key == signer(POLICE).key_id
    assert seen.fetched is record


def test_an_event_opens_with_the_keys_of_its_source_alone() -> None:
    """The same key under another source is none; without the cover's key all stays closed."""
    seen = verify(alert())
    others = Keyring(lambda source, key_id: _key(source, key_id, of=IMMIGRATION))
    assert isinstance(open_record(seen, others), Closed)
    found = open_record(seen, Keyring(lambda source, key_id: _key(source, key_id, of=POLICE)))
    assert isinstance(found, Opened)
    assert found.audience == (IMMIGRATION,)
    assert found.attributes["priority"] == "P0"
    assert "data" not in found.attributes
    assert found.open.is_answer() is False


def _key(source: AgencyId, key_id: bytes, *, of: AgencyId) -> bytes | None:
    held = {each.key_id: each.key for each in HELD}
    return {bytes(name): secret for name, secret in held.items()}.get(bytes(key_id)) if source == of else None


def test_a_key_that_comes_late_opens_what_was_closed() -> None:
    """The same verified record, opened again."""
    seen = verify(alert())
    keys: dict[bytes, bytes] = {}
    ring = Keyring(lambda _source, key_id: keys.get(key_id))
    found = open_record(seen, ring)
    assert isinstance(found, Closed)
    used = key("all readers of a case")
    assert found.key_id == used.key_id
    keys[used.key_id] = used.key
    assert isinstance(open_record(seen, ring), Opened)
