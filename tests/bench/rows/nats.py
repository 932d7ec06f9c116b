"""Events into a NATS stream that writes every message through to the disk.

Beside it, in the same run and on the same server, plain nats-py: 500 messages under way, an
acknowledgement for each, and no promise of their order when one fails.
"""

from __future__ import annotations

import shutil
import time

import nats
from nats.js.api import DiscardPolicy, StreamConfig

from sync.jetstream.line import NatsLine
from sync.outbox import OutboxRow
from sync.transports.cloudevents import encode_event
from sync.transports.nats import NatsTransport, Settings
from tests.bench.places import KEPT
from tests.bench.report import Result, at_least_share, median
from tests.nats_server import NatsServer

EVENTS = 10_000
PAGE = 500
ROUNDS = 5
BUDGET = 1.0
SOURCE = "/stores/s1/bench"


async def measure() -> list[Result]:
    """Events per second."""
    folder = KEPT / "nats"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    server = NatsServer(folder)
    await server.start()
    plain, ours = [], []
    try:
        for number in range(ROUNDS):
            rows = _rows(number)
            plain.append(await _publish(server.url, f"PLAIN{number}", rows))
            ours.append(await _send(server.url, rows))
    finally:
        server.stop()
        shutil.rmtree(folder)
    note = f"{EVENTS:,} events, {ROUNDS} rounds, sync_interval: always, runs of {PAGE} in one piece"
    value, baseline = EVENTS / median(ours), EVENTS / median(plain)
    return [at_least_share("nats", "events/s", value, baseline, BUDGET, note)]


def _rows(number: int) -> list[OutboxRow]:
    """About as long as a scan."""
    data = (
        b'{"lane":"till-0","door":"http","kind":"static_pass","reason":null,"pass_id":"p-000123"}'
    )
    at = "2026-11-21T10:00:00.000000Z"
    return [
        OutboxRow(
            n, f"01932b1e-7c3a-{number:04}-9d55-{n:012}", "store.scan.recorded", "c-1", at, data
        )
        for n in range(1, EVENTS + 1)
    ]


async def _publish(url: str, stream: str, rows: list[OutboxRow]) -> float:
    client = await nats.connect(url)
    stream_context = client.jetstream(publish_async_max_pending=PAGE)
    subject = stream.lower()
    await stream_context.add_stream(
        StreamConfig(name=stream, subjects=[subject], discard=DiscardPolicy.NEW)
    )
    began = time.perf_counter()
    acknowledgements = [
        await stream_context.publish_async(
            subject, encode_event(row, SOURCE), headers={"Nats-Msg-Id": row.id}
        )
        for row in rows
    ]
    for acknowledgement in acknowledgements:
        await acknowledgement
    took_s = time.perf_counter() - began
    await client.close()
    return took_s


async def _send(url: str, rows: list[OutboxRow]) -> float:
    settings = Settings(servers=(url,), create=True)
    transport = NatsTransport(NatsLine(settings, "s1"), settings, "s1", "bench")
    await transport.prepare()
    began = time.perf_counter()
    done = 0
    while done < EVENTS:
        done += len(await transport.send(rows[done : done + PAGE]))
    took_s = time.perf_counter() - began
    await transport.close()
    return took_s
