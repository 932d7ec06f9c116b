"""The real agent and the reference platform on loopback: stubs, look-ups, the feed after them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from builders import STORE, Shop, customer, shop, wallet_pass

from store_agent.domain.customer import Customer
from store_agent.storage import catalog, customers
from sync.reference_platform import (
    FILE_NAME,
    Limits,
    PlatformSettings,
    PlatformStore,
    SnapshotScope,
    serve,
)
from sync.status import LineState

TOKEN = "platform-token"
WAIT_S = 20.0


def now() -> datetime:
    return datetime.now(UTC)


MIRA = customer(points=70, home_store="berlin-01", as_of="2026-11-21T08:00:00Z")
VOUCHER = {
    "id": "v-1",
    "customer_id": "c-1",
    "title": {"de": "10 €"},
    "benefit": {"kind": "amount", "value": 1000},
    "owner_store": STORE,
}


@asynccontextmanager
async def platform(folder: Path) -> AsyncIterator[str]:
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    stop = asyncio.Event()
    limits = Limits(scope=SnapshotScope.SHOP)
    settings = PlatformSettings(folder, TOKEN, now, limits=limits)
    task = asyncio.create_task(serve(settings, stop=stop, on_ready=ready.set_result))
    try:
        yield await ready
    finally:
        stop.set()
        await task


def seed(folder: Path, *documents: tuple[str, str, dict[str, Any]]) -> None:
    folder.mkdir(exist_ok=True)
    with closing(PlatformStore(folder / FILE_NAME)) as store:
        for collection, key, doc in documents:
            store.seed(collection, [(key, doc)])


@asynccontextmanager
async def online(folder: Path, url: str) -> AsyncIterator[Shop]:
    """The agent with its sync running, after its first snapshot."""
    line = {"url": url, "token": TOKEN, "reconnect_window_s": 0.5}
    async with shop(folder, [], platform=line) as running:
        sync = running.agent.sync
        assert sync is not None
        task = asyncio.create_task(sync.run())
        try:
            await until(lambda: sync.status().line is LineState.ONLINE)
            yield running
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            if running.agent.desk is not None:
                await running.agent.desk.close()


async def until(condition: Any) -> None:
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < WAIT_S, "waited in vain"
        await asyncio.sleep(0.02)


async def held(running: Shop) -> Customer | None:
    return await running.agent.storage.read(lambda view: customers.get(view.cache, "c-1"))


async def until_known(running: Shop) -> Customer:
    began = time.monotonic()
    while (found := await held(running)) is None:
        assert time.monotonic() - began < WAIT_S, "waited in vain"
        await asyncio.sleep(0.02)
    return found


@pytest.mark.asyncio
async def test_somebody_from_another_shop_is_a_stub_and_whole_at_their_first_scan(tmp_path: Path):
    seed(tmp_path / "platform", MIRA, wallet_pass(), ("vouchers", "v-1", VOUCHER))
    async with platform(tmp_path / "platform") as url, online(tmp_path, url) as running:
        stub = await until_known(running)
        assert (stub.stub, stub.points, stub.display_name) == (True, 0, "Mira Musterfrau")
        scans, answer = 0, {"customer": {"tier": None}}
        while answer["customer"]["tier"] is None:  # once, unless this machine is very busy
            assert scans < 50
            answer = (await running.scan()).json()
            scans += 1
            await asyncio.sleep(0.1)
        assert answer["customer"]["tier"] == "Gold"
        assert [one["voucher_id"] for one in answer["offers"]] == ["v-1"]
        found = await held(running)
        assert found is not None
        assert (found.stub, found.points) == (False, 70)
        assert (await running.types()).count("store.scan.recorded") == scans
        vouchers = await running.agent.storage.read(lambda v: catalog.vouchers_of(v.cache, "c-1"))
        assert [one.id for one in vouchers] == ["v-1"]
        metrics = (await running.get("/metrics", token="monitor")).text
        assert "store_agent_lookups_found 1.0" in metrics


@pytest.mark.asyncio
async def test_nobody_is_an_answer_in_time_and_the_scan_is_recorded(tmp_path: Path):
    seed(tmp_path / "platform", MIRA, wallet_pass())
    async with platform(tmp_path / "platform") as url, online(tmp_path, url) as running:
        await until_known(running)
        began = time.monotonic()
        answer = (await running.scan("MEMBER-9")).json()
        assert time.monotonic() - began < 1.0
        assert (answer["customer"], answer["reason"]) == (None, "unknown_pass")
        assert (await running.types()).count("store.scan.recorded") == 1
