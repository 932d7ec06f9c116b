"""How fast the outbox drains, beside plain httpx posting the same batches, prebuilt. Printed."""

import asyncio
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import httpx
import pytest
import zstandard

from sync import outbox
from sync.delivery import Delivery
from sync.fakes import PlainLedger
from sync.outbox import OutboxEvent
from sync.push import BATCH, Pusher
from sync.status import StatusBoard
from sync.transports.http import HttpLine
from sync.transports.platform_http import HEADERS, PlatformHttpTransport, encode_batch

BATCHES = 60
ROUNDS = 3
BUDGET = 0.5
AT = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
DATA = (
    b'{"lane":"till-0","kind":"static_pass","visit_id":"01932b1e-7c3a-7cc0-9d55-0f2b8c5e6a11",'
    b'"customer_id":"c-000123","pass_id":"p-000123","reason":null,"source":"http","offers":2}'
)

# Reads, decompresses, parses and answers each event: the least a receiver can do.
RECEIVER = """
import asyncio, socket, orjson, uvicorn, zstandard
async def app(scope, receive, send):
    if scope["type"] != "http": return
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"): break
    events = orjson.loads(zstandard.decompress(body))
    answer = orjson.dumps({"results": [{"id": e["id"], "status": "accepted"} for e in events]})
    await send({"type": "http.response.start", "status": 200,
                "headers": [(b"content-length", str(len(answer)).encode())]})
    await send({"type": "http.response.body", "body": answer})
s = socket.socket()
s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1], flush=True)
config = uvicorn.Config(app, log_level="critical", http="httptools", loop="uvloop", ws="none")
asyncio.run(uvicorn.Server(config).serve([s]))
"""


class RealClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


def filled(path: Path) -> PlainLedger:
    ledger = PlainLedger(path)

    def fill(tx: outbox.Connection) -> None:
        for number in range(BATCHES * BATCH):
            event = OutboxEvent(f"01932b1e-{number:08}", "store.scan.recorded", AT, DATA, "c-1")
            outbox.put(tx, event)

    ledger.transact(fill)
    return ledger


async def post_prebuilt(url: str, bodies: list[bytes]) -> float:
    async with httpx.AsyncClient() as client:
        await client.post(url, content=bodies[0], headers=HEADERS)
        began = time.perf_counter()
        for body in bodies:
            answer = await client.post(url, content=body, headers=HEADERS)
            answer.raise_for_status()
        return time.perf_counter() - began


async def drain(url: str, ledger: PlainLedger) -> float:
    line = HttpLine(url, "token", RealClock().now)
    board = StatusBoard(RealClock().now)
    transport = PlatformHttpTransport(line, "s1", "epoch1")
    delivery = Delivery(outbox.PLATFORM, transport)
    pusher = Pusher(delivery, ledger, board, RealClock(), lambda window_s: None, Random(1))
    began = time.perf_counter()
    while outbox.position(ledger.connection) < BATCHES * BATCH:
        await pusher.step()
    took_s = time.perf_counter() - began
    await line.close()
    return took_s


@pytest.mark.asyncio
async def test_a_backlog_drains_completely_and_its_speed_is_printed(tmp_path, capsys):
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", RECEIVER, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout
    url = f"http://127.0.0.1:{int(await process.stdout.readline())}"
    ledger = filled(tmp_path / "ledger.db")
    conn = ledger.connection
    pages = [outbox.page(conn, limit=BATCH, after_seq=n * BATCH) for n in range(BATCHES)]
    bodies = [zstandard.compress(encode_batch(p, "/stores/s1/epoch1"), 1) for p in pages]
    plain_s = drain_s = float("inf")
    try:
        for _ in range(ROUNDS):
            conn.execute("DELETE FROM outbox_cursors")
            outbox.enrol(conn, {outbox.PLATFORM: True})
            plain_s = min(plain_s, await post_prebuilt(f"{url}/v1/stores/s1/events", bodies))
            drain_s = min(drain_s, await drain(url, ledger))
    finally:
        process.terminate()
        await process.wait()
    assert outbox.backlog(ledger.connection).count == 0
    ledger.close()
    events = BATCHES * BATCH
    with capsys.disabled():
        sys.stdout.write(
            f"\ndrain {events / drain_s:,.0f} events/s, prebuilt httpx {events / plain_s:,.0f},"
            f" ratio {plain_s / drain_s:.2f} (budget {BUDGET})\n"
        )
