"""The reader and events that another release of the catalogue wrote: only what the federation lists comes in."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from broker.names import COVER
from broker.pipeline.reading import plain_parts
from broker.stages import Cleared, ClearedPart
from schemas.catalogue import find
from tests.unit.pipeline.receiving import ALERT, FORCE, Source, kafka, listed, put, reading
from tests.unit.pipeline.sending import alert

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.asyncio

TYPE = "id.simpul.alert.issued.v1"
NEWER = "urn:simpul:schema:sha256:" + "ab" * 32
SCHEMAS = {**FORCE.federation.dataschemas, TYPE: frozenset({find(TYPE).dataschema, NEWER})}
LISTED = listed(dataschemas=SCHEMAS)


def newer(cleared: Cleared, more: Any = "\u202e", dataschema: str = NEWER) -> Cleared:
    """Let an event be of a release that knows one field more in the open part and in the narrative."""

    def rewritten(part: ClearedPart) -> ClearedPart:
        content = orjson.loads(part.content)
        if part.name == COVER:
            content["dataschema"] = dataschema
            content["data"]["open"]["more"] = more
        elif part.name == "narrative":
            content["more"] = more
        return replace(part, content=orjson.dumps(content))

    copies = [replace(copy, parts=tuple(map(rewritten, copy.parts))) for copy in cleared.copies]
    return replace(cleared, copies=tuple(copies))


async def test_a_newer_schema_that_the_federation_lists_is_admitted(tmp_path: Path) -> None:
    """What this release does not know is left out of what consumers get, and stays in the record."""
    cloud, police = kafka(), Source()
    plain = police.clear(alert(1))
    sent = police.seal(newer(plain))
    put(cloud, sent.keys, sent.events)
    async with reading(tmp_path, cloud, force=lambda: LISTED) as node:
        await node.drain()
        (event,) = await node.opened()
        assert event.read_tolerantly
        assert b"more" in event.cover
        assert all(b"more" in part.content for name, part in event.parts.items() if name == "narrative")
        assert "more" not in str(plain_parts(event))
        assert plain_parts(event)["narrative"]["headline"]
        assert (await node.codes(), await node.quarantined()) == ([], [])


async def test_a_schema_that_the_federation_does_not_list_is_refused(tmp_path: Path) -> None:
    """Tolerance never lets in what the catalogue in force does not have; nor is our own schema read tolerantly."""
    cloud, police = kafka(), Source()
    sent = police.seal(newer(police.clear(alert(1))), newer(police.clear(alert(2)), dataschema=find(TYPE).dataschema))
    put(cloud, sent.keys, sent.events)
    async with reading(tmp_path, cloud) as node:
        await node.drain()
        assert await node.entries() == []
        assert set(await node.quarantined()) == {("forbidden.dataschema", ALERT, 0), ("invalid.cover", ALERT, 1)}


@pytest.mark.parametrize(
    ("more", "quarantined"),
    [
        pytest.param(["x", 1], [], id="the same"),
        pytest.param(["x", True], [("inbound.contradicts", ALERT, 1)], id="other, though equal in Python"),
        pytest.param(None, [("inbound.contradicts", ALERT, 1)], id="other"),
    ],
)
async def test_what_is_dropped_may_not_differ_either(
    tmp_path: Path, more: Any, quarantined: list[tuple[str, str, int]]
) -> None:
    """A source that tells two stories in a field that this release does not know is found out."""
    cloud, police = kafka(), Source()
    cleared = police.clear(alert(1))
    first, second = police.seal(newer(cleared, ["x", 1])), police.seal(newer(cleared, more))
    put(cloud, first.keys, second.keys, first.events, second.events)
    async with reading(tmp_path, cloud, force=lambda: LISTED) as node:
        await node.drain()
        assert len(await node.entries()) == 1
        assert await node.quarantined() == quarantined
