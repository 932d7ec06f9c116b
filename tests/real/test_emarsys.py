"""A whole shop whose only line is an Emarsys account: over loopback, with its own clock."""

import asyncio
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime

import httpx
import orjson
import pytest
import uvicorn
from builders import shop as agent_of

from store_agent.clock import SystemClock
from store_agent.domain.consent import ConsentDecision, ConsentState
from sync.fake_emarsys import Account, Segment, create_app
from sync.fake_emarsys.account import Loyal
from sync.fake_emarsys.sales import turnover

ANNA, BARCODE, LIST, SEGMENT = "c-anna", "4711-0815", 7, 70
SCAN_S, SALE_S = 10.0, 60.0  # how fresh a scan and a sale must be over there
NO_WAIT_S = 0.05


def account() -> Account:
    made = Account(lambda: datetime.now(UTC))
    key, barcode = made.add_field("Customer number"), made.add_field("Wallet barcode")
    named, home = made.add_field("By name"), made.add_field("Home store")
    anna = {key: ANNA, barcode: BARCODE, named: "1", home: "koeln-01", "1": "Anna", "2": "Adler"}
    made.create(anna | {"31": "1"})
    made.lists[LIST] = [one.id for one in made.contacts]
    made.segments[SEGMENT] = Segment(set(made.lists[LIST]), looks_left=0)
    voucher = {"id": 5, "title": "Zehn Euro", "code": "TEN", "voucherType": "birthday"}
    contact = {"tier": {"name": "Gold"}, "points": {"balance": 340}}
    made.loyal[ANNA] = Loyal(contact, [voucher])
    return made


@asynccontextmanager
async def served(made: Account) -> AsyncIterator[str]:
    """The fake on a free port."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(create_app(made), log_level="critical", ws="none"))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving


def sections(url: str) -> dict:
    access = {
        "client_id": "shop",
        "client_secret": "secret",
        "api_url": url,
        "token_url": f"{url}/oauth2/token",
        "key": "Customer number",
    }
    feed = {
        "kind": "emarsys",
        "contact_list": LIST,
        "pass_field": "Wallet barcode",
        "segments": {"vip": SEGMENT},
        "profile": {"home_store": "Home store"},
        "consents": {
            "clienteling": {"field": "By name"},
            "marketing.email": {"field": "31"},
        },
        "loyalty": {
            "api_key": "loyalty-key",
            "url": f"{url}/api/v4",
            "benefits": {"birthday": {"kind": "amount", "value": 1000}},
        },
    }
    out = {
        "name": "emarsys",
        "kind": "emarsys",
        "create_events": True,
        "sales": {"merchant_id": "merchant", "token": "sales-token", "url": url},
    }
    return {"feed": feed | access, "transports": [out | access]}


@asynccontextmanager
async def running(folder, url: str):
    async with agent_of(folder, (), SystemClock(), **sections(url)) as shop:
        # As a shop on its first day: without a place in any feed.
        await shop.agent.storage.write_cache(lambda tx: tx.execute("DELETE FROM meta"))
        work = asyncio.create_task(shop.agent.sync.run())
        try:
            yield shop
        finally:
            work.cancel()
            with suppress(asyncio.CancelledError):
                await work


async def until(holds: Callable[[], Awaitable[bool] | bool], within_s: float) -> float:
    """How long it took."""
    began_s = time.monotonic()
    while True:
        found = holds()
        if found if isinstance(found, bool) else await found:
            return time.monotonic() - began_s
        assert time.monotonic() - began_s < within_s, "too late"
        await asyncio.sleep(NO_WAIT_S)


def test_the_fake_runs_as_a_program_to_try_settings_on():
    command = [sys.executable, "-m", "sync.fake_emarsys", "--port", "0", "--contacts", "3"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        try:
            url = program.stdout.readline().strip()
            assert "client_secret" in program.stdout.readline()
            line = httpx.HTTPTransport(retries=20)
            with httpx.Client(base_url=url, transport=line) as client:
                assert client.get("/healthcheck").status_code == 200
                credentials = {"grant_type": "client_credentials"}
                answer = client.post("/oauth2/token", data=credentials, auth=("shop", "secret"))
                token = {"authorization": f"Bearer {answer.json()['access_token']}"}
                headers = token | {"content-type": "application/json"}
                listed = client.get("/api/v2/contactlist/7/contactIds", headers=headers).json()
                assert len(listed["data"]["value"]) == 3
        finally:
            program.terminate()


@pytest.mark.asyncio
async def test_a_shop_lives_on_an_emarsys_account_alone(tmp_path):
    made = account()
    async with served(made) as url, running(tmp_path, url) as shop:

        async def knows_points() -> bool:
            answer = await shop.get(f"/api/v1/customers/{ANNA}")
            return answer.status_code == 200 and answer.json().get("points") == 340

        await until(knows_points, 20)
        profile = (await shop.get(f"/api/v1/customers/{ANNA}")).json()
        assert profile["display_name"] == "Anna Adler"
        assert profile["segments"] == ["vip"]

        answer = (await shop.scan(BARCODE)).json()
        assert answer["customer"]["id"] == ANNA
        shop.agent.sync.nudge()
        scans = lambda: any(one.event == "store_scan" for one in made.triggered)  # noqa: E731
        assert await until(scans, SCAN_S) < SCAN_S
        assert {one.contact for one in made.triggered} == {ANNA}

        basket = {
            "currency": "EUR",
            "customer_ref": ANNA,
            "lines": [{"line_id": "1", "sku": "shirt", "qty": "1", "unit_price": 3990}],
            "receipt": {"number": "R1", "business_date": "2026-11-21", "till": "till-0", "seq": 1},
            "totals": {"gross": 3990},
            "tenders": [{"kind": "card", "amount": 3990}],
        }
        path = "/pos/v1/baskets/txn-1/commit"
        for _ in range(2):  # a till that did not hear the answer
            sold = await shop.post(path, orjson.dumps(basket), **{"Idempotency-Key": '"k"'})
            assert sold.status_code == 200, sold.text
        shop.agent.sync.nudge()
        await until(lambda: turnover(made) == {"txn-1": 39.9}, SALE_S)

        no = ConsentDecision(
            "marketing.email", ConsentState.WITHDRAWN, datetime.now(UTC), how="tablet"
        )
        await shop.agent.clienteling.on_consent(ANNA, no, "d-1")
        shop.agent.sync.nudge()
        await until(lambda: made.unsubscribed == [ANNA], SCAN_S)
        assert made.contacts[0].fields["31"] == "2"
        ready = (await shop.get("/readyz", token="monitor")).json()
        assert ready["status"] == "ok", ready
        assert turnover(made) == {"txn-1": 39.9}
