"""One shop, five receivers over loopback: all that can be reached have everything, once each.

The platform is gone the whole time, the webhook refuses one event, the stick comes late.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import uvicorn
from builders import Shop, shop
from starlette.types import ASGIApp

from kiosk_ui.model import Role, Viewer
from store_agent.clock import ManualClock
from store_agent.tablet.lines import TabletLines
from sync.outbox import OutboxEvent, put
from sync.status import LineState
from sync.transports.csv_file.fake import read_day
from sync.transports.segment import fake as segment
from sync.transports.webhook import fake as webhook
from sync.transports.webhook.signing import checking_key

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
MANAGER = Viewer("tablet-1", "Tablet", "s-max", "Max Muster", Role.MANAGER, "de")
EVENTS = 400
WAIT_S = 20.0

pytestmark = pytest.mark.asyncio


class RunningClock(ManualClock):
    """Stands at noon for what is written, and runs for what is waited for."""

    def monotonic(self) -> float:
        return time.monotonic()


@asynccontextmanager
async def served(app: ASGIApp) -> AsyncIterator[str]:
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning"))
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.005)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await task


async def until(condition) -> None:
    began_s = time.monotonic()
    while not condition():
        assert time.monotonic() - began_s < WAIT_S, "waited in vain"
        await asyncio.sleep(0.02)


def write_events(tx, first: int, count: int) -> None:
    for n in range(first, first + count):
        person = f"c-{n % 7}" if n % 5 else None
        put(tx, OutboxEvent(f"e{n:05}", "store.scan.recorded", NOON, b'{"n":1}', person))


def line_of(s: Shop, name: str):
    return next(one for one in s.agent.sync.status().transports if one.name == name)


def ids(first: int, count: int) -> set[str]:
    return {f"e{n:05}" for n in range(first, first + count)}


def in_files(folder: Path) -> list[str]:
    found = []
    for checksum in sorted(folder.glob("*.sha256")):
        file = checksum.with_suffix("")
        rows = read_day(file.read_bytes(), checksum.read_bytes(), file.name)
        found += [row["event_id"] for row in rows]
    return found


async def test_whoever_can_be_reached_has_everything_and_nobody_waits_for_another(tmp_path):
    crm = segment.FakeReceiver("key", lambda: NOON, segment.Product.RUDDERSTACK)
    clock = RunningClock(wall=NOON)
    hook = webhook.FakeReceiver([checking_key(SECRET)], clock.now)
    hook.unwanted["e00013"] = 400
    stick, late = tmp_path / "stick", tmp_path / "late"
    stick.mkdir()
    async with (
        served(segment.create_app(crm)) as crm_url,
        served(webhook.create_app(hook)) as hook_url,
        shop(
            tmp_path,
            clock=clock,
            platform={
                "url": "http://127.0.0.1:9",
                "token": "token-of-the-shop",
                "reconnect_window_s": 1,
            },
            transports=[
                {"name": "crm", "kind": "segment", "url": crm_url, "write_key": "key"},
                {
                    "name": "hook",
                    "kind": "webhook",
                    "url": f"{hook_url}/hook",
                    "secrets": [SECRET],
                },
                {"name": "daily", "kind": "csv", "folder": str(stick), "from": "start"},
                {"name": "late", "kind": "csv", "folder": str(late), "from": "start"},
            ],
        ) as s,
    ):
        working = asyncio.create_task(s.agent.sync.run())
        try:
            await until((stick / ".store-agent-daily").exists)
            await until(lambda: line_of(s, "hook").line is not LineState.OFFLINE)
            await s.agent.storage.write(lambda tx: write_events(tx, 0, EVENTS))
            s.agent.sync.nudge()
            await until(lambda: len(crm.calls) >= EVENTS)
            await until(lambda: len(hook.events) >= EVENTS - 1)
            await until(lambda: line_of(s, "hook").quarantined == 1)
            assert {call["messageId"] for call in crm.calls} == ids(0, EVENTS)
            assert {event["id"] for event in hook.events} == ids(0, EVENTS) - {"e00013"}
            assert crm.repeated == []
            assert hook.repeated == []
            for person in {event.get("subject") for event in hook.events}:
                mine = [e["id"] for e in hook.events if e.get("subject") == person]
                assert mine == sorted(mine)

            await until(lambda: line_of(s, "platform").backlog == EVENTS)
            assert line_of(s, "late").line is LineState.OFFLINE
            assert str(late) in line_of(s, "late").hint

            page = TabletLines(s.agent.storage, s.agent.sync, clock)
            hook.unwanted.clear()
            await page.retry_all("hook", MANAGER)
            await until(lambda: len(hook.events) == EVENTS)
            assert (await page.look()).refused_in_all == 0

            late.mkdir()
            await until(lambda: line_of(s, "late").backlog == 0)
            clock.wall += timedelta(days=1)
            s.agent.sync.nudge()  # or within half a minute
            await until(lambda: len(in_files(stick)) >= EVENTS)
            await until(lambda: len(in_files(late)) >= EVENTS)
            assert sorted(in_files(stick)) == sorted(ids(0, EVENTS))
            assert sorted(in_files(late)) == sorted(ids(0, EVENTS))
        finally:
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)


async def test_what_a_receiver_had_before_a_restart_it_does_not_get_again(tmp_path):
    hook = webhook.FakeReceiver([checking_key(SECRET)], lambda: NOON)
    async with served(webhook.create_app(hook)) as url:
        transports = [
            {
                "name": "hook",
                "kind": "webhook",
                "url": f"{url}/hook",
                "secrets": [SECRET],
                "from": "start",
            }
        ]
        for first in (0, 50):
            clock = RunningClock(wall=NOON)
            async with shop(tmp_path, (), clock, transports=transports) as s:
                await s.agent.storage.write(lambda tx, first=first: write_events(tx, first, 50))
                working = asyncio.create_task(s.agent.sync.run())
                await until(lambda first=first: len(hook.events) == first + 50)
                await until(lambda: line_of(s, "hook").backlog == 0)
                working.cancel()
                await asyncio.gather(working, return_exceptions=True)
    assert hook.attempts == 100
