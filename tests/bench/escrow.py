"""Two shops and a platform: tills that redeem the same budget and the same vouchers on both sides.

Used by the bench row `escrow` in full and by a test in small. Everything is counted from the tills'
own answers, and compared with what the platform says in the end.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import httpx

from store_agent.storage import keys, ledger
from store_agent.storage.connection import LEDGER_READER, open_connection
from sync.reference_platform.store import FILE_NAME, PlatformStore
from tests.bench.processes import TILL_TOKEN, Running, agent, serving, write_config

STORES = ("escrow-a", "escrow-b")
PLATFORM_TOKEN = "bench-platform-token"
OFFER = "o-budget"
TILLS = 4  # in each shop
DRAINED_S = 90.0


@dataclass(frozen=True, slots=True)
class Scale:
    """How much of everything; seconds with the line up, then cut."""

    budget: int
    vouchers: int
    online_s: float
    cut_s: float


@dataclass(slots=True)
class Outcome:
    """What the tills were told, and what the platform says after the line was healed."""

    accepted: Counter[str] = field(default_factory=Counter)  # by voucher id, or the offer
    conflicts: int = 0
    refused: int = 0
    commits: int = 0
    seconds: float = 0.0
    platform: Counter[str] = field(default_factory=Counter)
    ledgers: Counter[str] = field(default_factory=Counter)
    budget: dict[str, Any] = field(default_factory=dict)

    def faults(self, scale: Scale) -> list[str]:
        """Every promise that was broken; [] when all hold."""
        twice = [one for one, times in self.accepted.items() if one != OFFER and times > 1]
        kept = self.budget
        parts = kept["free"] + kept["open"] + kept["settled"] + kept["written_off"]
        found = {
            "more was redeemed than the budget": self.accepted[OFFER] > scale.budget,
            f"redeemed twice: {twice[:5]}": bool(twice),
            "tills and platform count differently": self.accepted != self.platform,
            "tills and ledgers count differently": self.accepted != self.ledgers,
            "the budget's parts do not add up": parts != scale.budget or kept["free"] < 0,
            "nothing was redeemed": not self.accepted,
        }
        return [text for text, broken in found.items() if broken]


async def run(folder: Path, scale: Scale) -> Outcome:
    """Play the whole story in `folder`: together, apart, healed."""
    shutil.rmtree(folder, ignore_errors=True)
    _seed(folder, scale)
    outcome = Outcome()
    async with (
        _platform(folder) as centre,
        agent(_config(folder, STORES[0], centre.url)) as one,
        agent(_config(folder, STORES[1], centre.url)) as two,
    ):
        shops = (one, two)
        await _until(lambda: _has_lots(shops), 40)
        began = time.perf_counter()
        await _sell(shops, scale, outcome, scale.online_s, seed=1)
        await _line(centre, up=False)
        await _sell(shops, scale, outcome, scale.cut_s, seed=2)
        outcome.seconds = time.perf_counter() - began
        await _line(centre, up=True)
        await _until(lambda: _is_drained(centre, outcome), DRAINED_S)
    _read_platform(folder, outcome)
    for store_id in STORES:
        outcome.ledgers.update(_redeemed_in(folder / store_id))
    return outcome


def _seed(folder: Path, scale: Scale) -> None:
    """One budget over both shops, and vouchers that belong to either."""
    store = _open_platform(folder)
    title = {"de": "Kaffee", "en": "Coffee"}
    offer = {
        "id": OFFER,
        "title": title,
        "detail": {},
        "benefit": {"kind": "amount", "value": 100},
        "offline": "lot",
    }
    store.put("offers", OFFER, offer)
    budget = {"offer_id": OFFER, "unit": "use", "budget": scale.budget, "free": scale.budget}
    store.put("budgets", OFFER, budget)
    person = {"id": "c-1", "display_name": "Erika Erfunden", "as_of": "2026-01-01T00:00:00Z"}
    rows = (
        {
            "id": f"v-{number:05}",
            "customer_id": f"c-v-{number:05}",  # each has an owner of its own
            "title": title,
            "benefit": {"kind": "amount", "value": 200},
            "owner_store": STORES[number % 2],
        }
        for number in range(scale.vouchers)
    )
    store.put_many("vouchers", ((row["id"], row) for row in rows))
    store.put_many(
        "customers",
        (
            (f"c-v-{number:05}", person | {"id": f"c-v-{number:05}"})
            for number in range(scale.vouchers)
        ),
    )
    store.close()


def _open_platform(folder: Path) -> PlatformStore:
    (folder / "platform").mkdir(parents=True, exist_ok=True)
    return PlatformStore(folder / "platform" / FILE_NAME)


@asynccontextmanager
async def _platform(folder: Path) -> AsyncIterator[Running]:
    os.environ["PLATFORM_TOKEN"] = PLATFORM_TOKEN
    command = (sys.executable, "-m", "sync.reference_platform", "--data", str(folder / "platform"))
    rules = ("--rules", "store_agent.demo.rules:DemoRules", "--exit-with-parent")
    async with serving(*command, *rules) as running:
        yield running


def _config(folder: Path, store_id: str, platform_url: str) -> Path:
    data = folder / store_id
    data.mkdir(parents=True, exist_ok=True)
    return write_config(data, store_id, platform_url)


# -- the tills ---------------------------------------------------------------------------------


async def _sell(
    shops: tuple[Running, ...], scale: Scale, outcome: Outcome, seconds: float, seed: int
) -> None:
    """Four tills a shop, each basket asks for the budget and for some voucher of either shop."""
    until = time.perf_counter() + seconds
    async with asyncio.TaskGroup() as group:
        for place, shop in enumerate(shops):
            for till in range(TILLS):
                rng = Random(f"{seed}/{place}/{till}")
                name = f"{seed}-{place}-{till}"
                group.create_task(_till(shop, name, rng, scale, outcome, until))


async def _till(  # noqa: PLR0917  one till's whole day
    shop: Running, name: str, rng: Random, scale: Scale, outcome: Outcome, until: float
) -> None:
    async with httpx.AsyncClient(
        base_url=shop.url, headers={"Authorization": f"Bearer {TILL_TOKEN}"}, timeout=30
    ) as client:
        for number in itertools.count():
            if time.perf_counter() > until:
                return
            voucher = f"v-{rng.randrange(scale.vouchers):05}"
            await _basket(client, f"{name}-{number}", voucher, rng, outcome)


async def _basket(
    client: httpx.AsyncClient, txn: str, voucher: str, rng: Random, outcome: Outcome
) -> None:
    """Reserve and commit; some commit without a reservation, some send it twice."""
    wanted = [voucher, OFFER] if rng.random() < 0.5 else [voucher]
    basket = {
        "revision": 1,
        "currency": "EUR",
        "customer_ref": f"c-{voucher}",
        "lines": [{"line_id": "1", "sku": "A", "qty": "1", "unit_price": 1000}],
    }
    claimed = wanted
    if rng.random() < 0.8:
        held = await _post(client, f"{txn}/reserve", basket | {"offers": wanted}, f"{txn}-r")
        claimed = held["granted"]
        outcome.refused += len(held["refused"])
    amounts = {voucher: 200, OFFER: 100}
    applied = [{"offer_id": one, "amount": amounts[one]} for one in claimed]
    gross = 1000 - sum(one["amount"] for one in applied)
    sale = {
        "currency": "EUR",
        "customer_ref": f"c-{voucher}",
        "lines": basket["lines"],
        "receipt": {"number": txn, "business_date": "2026-11-21", "till": "till-0"},
        "totals": {"gross": gross},
        "applied": applied,
    }
    told = await _post(client, f"{txn}/commit", sale, f"{txn}-c")
    if rng.random() < 0.1:  # the answer was lost: the till sends it again
        assert await _post(client, f"{txn}/commit", sale, f"{txn}-c") == told
    outcome.commits += 1
    for one in told["redemptions"]:
        if one["state"] == "redeemed":
            outcome.accepted[one["voucher_id"] or OFFER] += 1
        else:
            outcome.conflicts += 1


async def _post(client: httpx.AsyncClient, path: str, body: Any, key: str) -> dict[str, Any]:
    response = await client.post(
        f"/pos/v1/baskets/{path}", json=body, headers={"Idempotency-Key": key}
    )
    response.raise_for_status()
    return dict(response.json())


# -- waiting and looking -----------------------------------------------------------------------


async def _has_lots(shops: tuple[Running, ...]) -> bool:
    """Both shops were handed their first allotment."""
    body = {
        "revision": 1,
        "currency": "EUR",
        "lines": [{"line_id": "1", "sku": "A", "qty": "1", "unit_price": 1000}],
    }
    for shop in shops:
        async with httpx.AsyncClient(
            base_url=shop.url, headers={"Authorization": f"Bearer {TILL_TOKEN}"}
        ) as client:
            told = await client.post("/pos/v1/baskets/probe/evaluate", json=body)
            if OFFER not in {one["offer_id"] for one in told.json()["offers"]}:
                return False
    return True


async def _is_drained(centre: Running, outcome: Outcome) -> bool:
    """The platform has the event of every basket."""
    events = 0
    async with _at(centre) as client:
        for store in STORES:
            after = ""
            while True:
                page = await client.get(
                    f"/v1/stores/{store}/events", params={"after": after, "limit": 500}
                )
                told = page.json()
                events += sum(one["type"] == "store.sale.recorded" for one in told["events"])
                if not told["events"]:
                    break
                after = told["next"]
    return events >= outcome.commits


async def _line(centre: Running, *, up: bool) -> None:
    async with _at(centre) as client:
        (await client.post("/v1/demo/line", json={"up": up})).raise_for_status()


def _at(centre: Running) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        base_url=centre.url, headers={"Authorization": f"Bearer {PLATFORM_TOKEN}"}, timeout=30
    )


async def _until(check: Callable[[], Any], seconds: float) -> None:
    async with asyncio.timeout(seconds):
        while not await check():
            await asyncio.sleep(0.5)


def _redeemed_in(data: Path) -> Counter[str]:
    """What a shop's own ledger holds as redeemed, after the shop has closed."""
    key = keys.load_or_create_key(data / "keys" / "db.key")
    reader = open_connection(data / ledger.FILE, key, LEDGER_READER)
    rows = reader.execute("SELECT voucher_id FROM redemptions WHERE state = 'redeemed'").fetchall()
    reader.close()
    return Counter(row[0] or OFFER for row in rows)


def _read_platform(folder: Path, outcome: Outcome) -> None:
    """What the platform has accepted, from its own events, and its budget."""
    store = _open_platform(folder)
    outcome.budget = {
        "free": 0,
        "open": 0,
        "settled": 0,
        "written_off": 0,
        **(store.get("budgets", OFFER) or {}),
    }
    with store.transaction() as tx:
        rows = tx.execute(
            "SELECT json_extract(body, '$.data.voucher_id') FROM events"
            " WHERE json_extract(body, '$.type') = 'store.redemption.recorded'"
            " AND json_extract(body, '$.data.state') = 'redeemed'"
        ).fetchall()
    outcome.platform = Counter(row[0] or OFFER for row in rows)
    store.close()
