"""One pair of figures in a process of its own: `python -m bench.line raw_send raw_getmany --mix ordinary …`."""

from __future__ import annotations

import argparse
import asyncio
import secrets
from pathlib import Path

import orjson
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from bench import node, ours, peers
from bench.meter import Meter


async def _create_topic(bootstrap: str, topic: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, 1, 1)])
    finally:
        await admin.close()


async def _measure(out: str, mix: str, bootstrap: str, folder: Path, meters: tuple[Meter, Meter], count: int) -> None:
    if out == "sealed":
        await ours.measure(mix, bootstrap, folder, count, *meters)
    elif out == "node_out":
        await node.measure(mix, bootstrap, folder, count, *meters)
    else:
        topic = f"bench.{out.replace('_', '-')}.{secrets.token_hex(4)}"
        await _create_topic(bootstrap, topic)
        if out == "handbuilt_publish":
            await peers.handbuilt(bootstrap, topic, count, *meters)
        elif out == "raw_send":
            await peers.raw_send(bootstrap, topic, count, meters[0])
            await peers.raw_getmany(bootstrap, topic, count, meters[1])
        else:
            await peers.faststream_publish(bootstrap, topic, count, meters[0])
            await peers.faststream_consume(bootstrap, topic, count, meters[1])


def main() -> None:
    """Measure one pair and print it as a line of JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("out")
    parser.add_argument("into")
    parser.add_argument("--mix", required=True)
    parser.add_argument("--bootstrap", required=True)
    parser.add_argument("--events", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    options = parser.parse_args()
    meters = (Meter(options.events), Meter(options.events))
    asyncio.run(_measure(options.out, options.mix, options.bootstrap, options.folder, meters, options.events))
    print(orjson.dumps({options.out: meters[0].result(), options.into: meters[1].result()}).decode())


if __name__ == "__main__":
    main()
