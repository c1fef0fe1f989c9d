"""Key records: a source gives its keys to one recipient, and to nobody else."""

from dataclasses import replace

import pytest

from broker.errors import UntrustedError
from broker.names import AgencyId, KeyId, keys_topic
from broker.ports import DataKey, Unwrapper, WrappingKey
from broker.sealing.keyrecords import (
    RECORD_KEY,
    is_wrap,
    new_wrapping_key,
    open_unit,
    open_wrap,
    unit_record,
    wrap_record,
)
from broker.sealing.parts import key_id_of
from broker.sealing.private_keys import HeldReceivingKeys
from broker.sealing.unseal import Verifier
from broker.stages import Unsealed, Verified
from tests.vector_builder.world import (
    IMMIGRATION,
    MIGRANT_WORKERS,
    POLICE,
    Draws,
    derived,
    federation,
    key,
    receiver,
    receiving_key,
    signing_key,
)
from tests.vector_builder.writing import Writer

SECRET = derived("secret")
DATA = key("data")


def made(recipient: AgencyId = IMMIGRATION, label: str = "wrapping") -> WrappingKey:
    """A new wrapping key of the police for a recipient."""
    return new_wrapping_key(Draws(label), source=POLICE, receiving=receiving_key(recipient))


def verified(record: Unsealed, *, recipient: AgencyId = IMMIGRATION) -> Verified:
    """The record as its recipient has verified it."""
    (fetched,) = Writer("key records", topic=keys_topic(POLICE, recipient)).seal(record)
    return Verifier(recipient).verify(fetched, federation(signing_key(POLICE)))


def unwrapper(agency: AgencyId = IMMIGRATION) -> Unwrapper:
    """An agency's receiving key."""
    return HeldReceivingKeys([receiver(agency)])


def unit(wrapping: WrappingKey, *, number: int = 1) -> Unsealed:
    """A data key under a wrapping key."""
    return unit_record(SECRET, DATA, wrapping, source=POLICE, pair_unit=bytes(16), number=number, random=Draws("nonce"))


@pytest.mark.parametrize("recipient", [IMMIGRATION, POLICE], ids=["another", "the source itself"])
def test_a_recipient_opens_its_wrapping_key_and_what_lies_under_it(recipient: AgencyId) -> None:
    """From the new key to the data key in the recipient's hands."""
    wrapping = made(recipient)
    seen = verified(wrap_record(SECRET, wrapping, source=POLICE), recipient=recipient)
    assert is_wrap(seen)
    assert open_wrap(seen, reader=recipient, unwrapper=unwrapper(recipient)) == (wrapping.key_id, wrapping.key)
    given = verified(unit(wrapping), recipient=recipient)
    assert not is_wrap(given)
    assert open_unit(given, lambda _source, _key_id: wrapping.key) == DATA


def test_a_wrapping_key_is_bound_to_source_recipient_and_ids() -> None:
    """Nobody else opens it: not under another reader's name, nor with another receiving key."""
    seen = verified(wrap_record(SECRET, made(), source=POLICE))
    assert refused_wrap(seen, reader=MIGRANT_WORKERS) == "untrusted.wrap"
    assert refused_wrap(seen, holder=MIGRANT_WORKERS) == "untrusted.wrap"
    assert refused_wrap(replace(seen, source=MIGRANT_WORKERS)) == "untrusted.wrap"


def test_a_wrapping_key_under_another_name_is_refused() -> None:
    """The record key, the id in the value and the id of the key itself are one."""
    wrapping, other = made(), made(label="other")
    record = wrap_record(SECRET, wrapping, source=POLICE)
    named = wrap_record(SECRET, other, source=POLICE)
    assert refused_wrap(verified(replace(record, key=named.key))) == "untrusted.key-record"
    lying = new_wrapping_key(lambda _: wrapping.key, source=POLICE, receiving=receiving_key(IMMIGRATION))
    assert lying.key_id == wrapping.key_id
    assert (
        refused_wrap(verified(wrap_record(SECRET, replace(lying, key_id=other.key_id), source=POLICE)))
        == "untrusted.wrap"
    )


def refused_wrap(seen: Verified, *, reader: AgencyId = IMMIGRATION, holder: AgencyId = IMMIGRATION) -> str:
    """Return the code with which it is refused; it must be."""
    with pytest.raises(UntrustedError) as caught:
        open_wrap(seen, reader=reader, unwrapper=unwrapper(holder))
    return caught.value.code


def test_a_data_key_waits_for_its_wrapping_key() -> None:
    """The id of the missing one is told; the look-up is by the source that sealed the record."""
    wrapping = made()
    asked: list[tuple[AgencyId, KeyId]] = []

    def look_up(source: AgencyId, key_id: KeyId) -> bytes | None:
        asked.append((source, key_id))
        return None

    assert open_unit(verified(unit(wrapping)), look_up) == wrapping.key_id
    assert asked == [(POLICE, wrapping.key_id)]


def test_a_data_key_under_another_wrapping_key_is_refused() -> None:
    """A key that is held under that id, but is another, opens nothing."""
    with pytest.raises(UntrustedError) as caught:
        open_unit(verified(unit(made())), lambda _source, _key_id: derived("another"))
    assert caught.value.code == "untrusted.part"


def test_a_data_key_in_another_record_is_refused() -> None:
    """Put under another record key, the value belongs to another record and does not open."""
    wrapping = made()
    moved = replace(unit(wrapping, number=2), value=unit(wrapping, number=1).value)
    with pytest.raises(UntrustedError) as caught:
        open_unit(verified(moved), lambda _source, _key_id: wrapping.key)
    assert caught.value.code == "untrusted.part"


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_what_is_no_key_is_refused(size: int) -> None:
    """A data key is 32 bytes."""
    wrapping = made()
    wrong = DataKey(key_id=DATA.key_id, key=bytes(size))
    record = unit_record(SECRET, wrong, wrapping, source=POLICE, pair_unit=bytes(16), number=1, random=Draws("nonce"))
    with pytest.raises(UntrustedError) as caught:
        open_unit(verified(record), lambda _source, _key_id: wrapping.key)
    assert caught.value.code == "untrusted.key-record"


def test_a_data_key_has_the_id_that_the_reader_derives() -> None:
    """Whatever id the source gave it: the reader holds it under the one that follows from the key."""
    wrapping = made()
    lying = DataKey(key_id=KeyId(bytes(16)), key=DATA.key)
    record = unit_record(SECRET, lying, wrapping, source=POLICE, pair_unit=bytes(16), number=1, random=Draws("nonce"))
    found = open_unit(verified(record), lambda _source, _key_id: wrapping.key)
    assert found == DataKey(key_id=key_id_of(DATA.key), key=DATA.key)


@pytest.mark.parametrize("value", [None, b"\0", bytes(40)], ids=["null", "one byte", "no length fits"])
def test_a_value_that_is_none_is_refused(value: bytes | None) -> None:
    """Callers pass by nulls; asked to open one all the same, both functions refuse."""
    wrapped = replace(wrap_record(SECRET, made(), source=POLICE), value=value)
    assert refused_wrap(verified(wrapped)) == "untrusted.value"
    with pytest.raises(UntrustedError) as caught:
        open_unit(verified(replace(unit(made()), value=value)), lambda _source, _key_id: bytes(32))
    assert caught.value.code == "untrusted.value"


def test_record_keys_are_those_of_the_specification() -> None:
    """What is written matches the form; ids are the same each time and differ by pair and key."""
    wrapping = made()
    wrapped, given = wrap_record(SECRET, wrapping, source=POLICE), unit(wrapping, number=999_999_999_999_999)
    assert wrapped.key == b"wrap/" + wrapping.key_id.hex().encode()
    assert given.key == b"unit/" + b"00" * 16 + b"/999999999999999"
    assert RECORD_KEY.fullmatch(wrapped.key)
    assert RECORD_KEY.fullmatch(given.key)
    again = wrap_record(SECRET, wrapping, source=POLICE)
    own = wrap_record(SECRET, replace(wrapping, recipient=POLICE), source=POLICE)
    assert wrapped.record_id == again.record_id != own.record_id


def test_keys_do_not_show_themselves() -> None:
    """Neither wrapping keys nor the records that carry them."""
    wrapping = made()
    shown = repr([wrapping, wrap_record(SECRET, wrapping, source=POLICE), unit(wrapping)])
    assert wrapping.key.hex() not in shown
    assert repr(wrapping.key)[2:-1] not in shown
    assert "hpke" not in shown
