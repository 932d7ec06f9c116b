"""A basket of 30 lines against 500 offers: in process, and over HTTP while four tills are busy."""

from __future__ import annotations

import itertools
import os
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import orjson

from store_agent import app
from store_agent.api.pos.bodies import LineBody
from store_agent.clock import SystemClock
from store_agent.config import parse
from store_agent.domain.basket import Basket
from store_agent.domain.customer import Customer
from store_agent.domain.offer import Offer, Voucher
from store_agent.domain.rights import Standing
from store_agent.offers import OfferBook
from store_agent.offers.arithmetic import percent_of, wares_of
from store_agent.offers.candidates import Case
from store_agent.offers.evaluating import evaluate
from store_agent.offers.occasion import AT_TILL
from store_agent.storage import changes, codec
from tests.bench import tills
from tests.bench.load import Load, post, press
from tests.bench.places import KEPT
from tests.bench.processes import agent, serving, write_config
from tests.bench.report import Result, at_most, percentile

STORE_ID = "bench-till"
PEOPLE = 100
BASKETS = 300
ROUNDS = 3  # absolute rows count the best of three
IN_PROCESS_MS, OVER_HTTP_MS = 25.0, 100.0
TILLS = 4
ROUND_S = 8.0
MS = 1000.0
P95 = 0.95


async def measure() -> list[Result]:
    """p95 of both, in milliseconds."""
    return [_in_process(), await _over_http()]


@dataclass(frozen=True, slots=True)
class _Round:
    """Milliseconds of each evaluation, and of the plain loop over the same basket and offers."""

    ours: list[float]
    plain: list[float]
    complete: int


def _in_process() -> Result:
    best = min((_round() for _ in range(ROUNDS)), key=lambda one: percentile(one.ours, P95))
    note = (
        f"best of {ROUNDS} times {BASKETS} baskets; p50 {percentile(best.ours, 0.5):.1f} ms; deals "
        f"proven best {best.complete}; a plain loop that takes a percentage of every offer's "
        f"lines: p95 {percentile(best.plain, P95):.1f} ms"
    )
    value = percentile(best.ours, P95)
    return at_most("evaluate, in process: p95", "ms", value, IN_PROCESS_MS, note)


def _round() -> _Round:
    book = OfferBook(codec.check(Offer, doc) for doc in tills.offers())
    people = [codec.check(Customer, doc) for doc in tills.customers(PEOPLE)]
    rights = [codec.check(Voucher, doc) for doc in tills.vouchers(PEOPLE, STORE_ID)]
    rng, ours, plain = Random(2), [], []
    complete = 0
    for number in range(BASKETS):
        basket = Basket(f"t-{number}", 1, "EUR", tuple(_lines(rng)))
        case = _case(book, people[number % PEOPLE], rights[number % PEOPLE])
        began = time.perf_counter()
        found = evaluate(basket, case)
        ours.append((time.perf_counter() - began) * MS)
        complete += found.is_complete
        began = time.perf_counter()
        _plain(basket, book)
        plain.append((time.perf_counter() - began) * MS)
    return _Round(ours, plain, complete)


def _case(book: OfferBook, person: Customer, right: Voucher) -> Case:
    return Case(
        customer=person,
        book=book,
        vouchers=(right,),
        standing=Standing(points=person.points),
        occasion=AT_TILL,
        at=SystemClock().now(),
        zone=ZoneInfo("Europe/Berlin"),
        language="de",
        store_id=STORE_ID,
        is_online=True,
    )


def _plain(basket: Basket, book: OfferBook) -> int:
    """No audience, no hours, no stacking, no reasons: each offer by itself."""
    total, wares = 0, wares_of(basket)
    for offer in book.offers:
        scope = [
            ware
            for ware in wares
            if not (offer.skus or offer.categories)
            or ware.line.sku in offer.skus
            or set(offer.categories).intersection(ware.line.categories)
        ]
        total += percent_of(sum(ware.value_minor for ware in scope), 10)
    return total


def _lines(rng: Random) -> Iterator[object]:
    return (LineBody.model_validate(doc).line() for doc in tills.lines(rng))


async def _over_http() -> Result:
    folder = await _shop()
    platform = (
        sys.executable,
        "-m",
        "sync.reference_platform",
        "--data",
        str(folder / "platform"),
        "--exit-with-parent",
    )
    os.environ["PLATFORM_TOKEN"] = "bench-platform-token"
    latencies: list[float] = []
    async with serving(*platform) as centre:
        config = write_config(folder, STORE_ID, centre.url)
        async with agent(config) as ours:
            sells = _sales(Random(3))
            await press(ours.port, sells, TILLS, 1.0)  # a backlog for the drain, and warm caches
            load = await press(ours.port, _mixed(Random(4), sells), TILLS, ROUND_S)
            latencies = [seconds * MS for seconds in load.latencies_s]
            healthy = await _health(ours.port)
    note = (
        f"{load.rate:.0f} requests/s by {TILLS} tills, every third one a commit, events draining; "
        f"p50 {percentile(latencies, 0.5):.1f} ms; /healthz p95 {healthy:.1f} ms"
    )
    return at_most("evaluate, over HTTP: p95", "ms", percentile(latencies, P95), OVER_HTTP_MS, note)


async def _shop() -> Path:
    """A small shop with 500 offers."""
    folder = KEPT / "till"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    settings = parse({"data": str(folder), "store": {"id": STORE_ID, "lanes": ["till-0"]}})
    storage = app.open_files(settings, SystemClock())
    collections = {
        "offers": tills.offers(),
        "customers": tills.customers(PEOPLE),
        "vouchers": tills.vouchers(PEOPLE, STORE_ID),
    }
    news = [
        changes.Change(name, doc["id"], "upsert", doc)
        for name, docs in collections.items()
        for doc in docs
    ]
    now = SystemClock().now()
    await storage.write_cache(lambda tx: changes.apply(tx, news, "bench", now))
    await storage.close()
    return folder


def _mixed(rng: Random, sells: Iterator[bytes]) -> Iterator[bytes]:
    for number in itertools.count():
        if number % 3 == 2:
            yield next(sells)
        else:
            body = {
                "revision": 1,
                "currency": "EUR",
                "customer_ref": f"c-{number % PEOPLE:04}",
                "lines": tills.lines(rng),
            }
            yield post(f"/pos/v1/baskets/e-{number}/evaluate", orjson.dumps(body))


def _sales(rng: Random) -> Iterator[bytes]:
    for number in itertools.count():
        bought = tills.lines(rng)
        body = {
            "currency": "EUR",
            "customer_ref": f"c-{number % PEOPLE:04}",
            "lines": bought,
            "receipt": {"number": str(number), "business_date": "2026-11-21", "till": "till-0"},
            "totals": {"gross": 10_000},
            "tenders": [{"kind": "card", "amount": 10_000}],
        }
        request = post(f"/pos/v1/baskets/s-{number}/commit", orjson.dumps(body))
        yield request.replace(b"\r\n\r\n", b"\r\nIdempotency-Key: k-%d\r\n\r\n" % number, 1)


async def _health(port: int) -> float:
    request = post("/healthz", b"").replace(b"POST", b"GET", 1)
    load: Load = await press(port, itertools.repeat(request), TILLS, 1.0)
    return percentile([seconds * MS for seconds in load.latencies_s], P95)
