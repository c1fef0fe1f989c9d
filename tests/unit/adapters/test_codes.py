"""The codes of the adapters: each is registered, each is used."""

import re
from pathlib import Path

import adapters
from broker.codes import registry

ROOM = Path(adapters.__file__).parent
USED = re.compile(r'"((?:adapter|config)\.[a-z0-9-]+)"')


def test_every_code_is_registered_and_none_is_dead() -> None:
    """What an adapter raises or rejects with has its sentences, and no sentence is left over."""
    text = "".join(
        path.read_text(encoding="utf-8") for path in ROOM.rglob("*.py") if "demo" not in path.relative_to(ROOM).parts
    )
    used = set(USED.findall(text))
    registered = {code for code in registry() if code.startswith("adapter.")}
    assert used - {code for code in used if code.startswith("config.")} == registered
    assert used <= set(registry())
