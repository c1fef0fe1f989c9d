"""Keys are held and looked up by (source, key id): one source's key never serves for another's."""

from broker.names import AgencyId, KeyId
from broker.ports import DataKey
from broker.sealing.keyring import Keyring
from tests.vector_builder.world import IMMIGRATION, POLICE, key

KEY, OTHER = key("one"), key("another")


class Store:
    """What the key store holds, and how often it was asked."""

    def __init__(self) -> None:
        self.keys: dict[tuple[AgencyId, KeyId], bytes] = {}
        self.asked = 0

    def load(self, source: AgencyId, key_id: KeyId) -> bytes | None:
        """Look a key up."""
        self.asked += 1
        return self.keys.get((source, key_id))

    def put(self, source: AgencyId, each: DataKey) -> None:
        """Take a key."""
        self.keys[source, each.key_id] = each.key


def test_a_key_serves_its_source_alone() -> None:
    """The same id from another source is not held, whether the store or `put` brought it."""
    store = Store()
    store.put(POLICE, KEY)
    ring = Keyring(store.load)
    assert ring.get(POLICE, KEY.key_id) is not None
    assert ring.get(IMMIGRATION, KEY.key_id) is None
    ring.put(IMMIGRATION, OTHER)
    assert ring.get(POLICE, OTHER.key_id) is None


def test_what_is_not_held_is_asked_for_again_each_time() -> None:
    """A key that comes late is found as soon as the store has it; then the store is left in peace."""
    store = Store()
    ring = Keyring(store.load)
    assert ring.get(POLICE, KEY.key_id) is None
    store.put(POLICE, KEY)
    assert ring.get(POLICE, KEY.key_id) is ring.get(POLICE, KEY.key_id)
    assert store.asked == 2


def test_no_more_ciphers_are_kept_than_allowed() -> None:
    """The oldest goes first; it is loaded again when it is needed."""
    store = Store()
    keys = [key(f"number {at}") for at in range(3)]
    for each in keys:
        store.put(POLICE, each)
    ring = Keyring(store.load, capacity=2)
    for each in keys:
        assert ring.get(POLICE, each.key_id) is not None
    assert ring.get(POLICE, keys[0].key_id) is not None
    assert store.asked == 4


def test_a_keyring_does_not_show_its_keys() -> None:
    """Nor does one of its ciphers."""
    ring = Keyring(Store().load)
    shown = repr(ring) + repr(ring.put(POLICE, KEY))
    assert KEY.key.hex() not in shown
    assert repr(KEY.key)[2:-1] not in shown
