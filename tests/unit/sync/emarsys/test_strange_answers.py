"""Whatever comes back, nothing but a TransportError leaves these lines, and no event is lost."""

import asyncio
import os
from contextlib import suppress
from random import Random
from typing import Any

import httpx
import orjson
import pytest
from emarsys_audience import LOYALTY, EmarsysAudience
from emarsys_shop import ANNA, BEN, COLUMNS, EmarsysShop, consent, row, sale

from sync.emarsys_feed import kind as feed_kind
from sync.errors import TransportError
from sync.lookup import Wanted, WantedKind
from sync.transports.emarsys import kind

WORDS = (
    *("replyCode", "replyText", "data", "errors", "result", "id", "name", "value", "next", "ids"),
    *(ANNA, "access_token", "expires_in", "points", "vouchers", "tier", "key", "errorCode"),
)
SCALARS = (None, True, False, -3, 0, 17, 2008, 20_000, "", "0", "31", "1001", "x", 1.5)
CODES = (0, 0, 0, 1, 2004, 2006, 2008, 2010, 5005, 10001)
STATUSES = (200, 200, 200, 200, 201, 202, 302, 400, 401, 404, 413, 423, 429, 500, 502)
SEEDS = 400 if os.environ.get("SOAK") == "1" else 40


def value(dice: Random, depth: int = 3) -> Any:
    """Anything JSON can hold, made of words that mean something to somebody."""
    sort = dice.randrange(4) if depth else 0
    if sort == 1:
        return [value(dice, depth - 1) for _ in range(dice.randrange(4))]
    if sort == 2:
        return {dice.choice(WORDS): value(dice, depth - 1) for _ in range(dice.randrange(5))}
    return dice.choice(SCALARS)


def body(dice: Random) -> bytes:
    sort = dice.randrange(8)
    if sort == 0:
        return dice.randbytes(dice.randrange(9))
    if sort == 1:
        return orjson.dumps(value(dice))
    code = dice.choice(CODES)
    reply = {"replyCode": code, "replyText": "already exists", "data": value(dice)}
    return orjson.dumps(reply)


def strange(seed: int) -> list[tuple[int, bytes]]:
    dice = Random(seed)
    return [(dice.choice(STATUSES), body(dice)) for _ in range(dice.randrange(30))]


class Strange(httpx.AsyncBaseTransport):
    """Answers from a list, then honestly."""

    def __init__(self, queued: list[tuple[int, bytes]], honest: httpx.AsyncBaseTransport) -> None:
        self.queued = queued
        self.honest = honest

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if not self.queued or request.url.path == "/oauth2/token":
            return await self.honest.handle_async_request(request)
        status, body = self.queued.pop(0)
        return httpx.Response(status, content=body)


async def out(queued: list[tuple[int, bytes]]) -> None:
    shop = EmarsysShop()
    table = {"connection": "c", "table": "t"}
    more = {"sales": COLUMNS, "proof": "table", "proof_table": table, "create_contacts": True}
    transport = kind.build(
        shop.settings(**more), shop.around(), lambda: Strange(queued, shop.wire())
    )
    rows = [row(1), consent(2, "withdrawn"), sale(3), row(4, subject=BEN), consent(5, "granted")]
    results = []
    for _ in range(200):
        if len(results) == len(rows):
            break
        shop.clock.pass_s(61)
        with suppress(TransportError):
            step = await transport.send(rows[len(results) :])
            assert step
            results += [one for one in step if one.delivered or one.permanent]
    assert [one.id for one in results] == [one.id for one in rows]


async def back(queued: list[tuple[int, bytes]]) -> None:
    audience = EmarsysAudience()
    given_settings = audience.settings(loyalty=LOYALTY, segments={})
    wire = lambda: Strange(queued, audience.shop.wire())  # noqa: E731
    feed = feed_kind.build(given_settings, audience.shop.around(), wire)
    for _ in range(200):
        with suppress(TransportError):
            pieces = [piece async for piece in feed.snapshot()]
            assert pieces[-1].offset
            break
        audience.shop.clock.pass_s(61)
    cursor = feed._state.cursor
    for _ in range(60):
        audience.shop.clock.pass_s(601)
        with suppress(TransportError):
            cursor = (await feed.changes(cursor, 0)).cursor
    lookups = feed_kind.build_lookups(given_settings, audience.shop.around(), wire)
    for _ in range(5):
        with suppress(TransportError):
            await lookups.find(Wanted(WantedKind.CUSTOMER_ID, ANNA))


@pytest.mark.timeout(60)
def test_events_survive_any_answers():
    for seed in range(SEEDS):
        asyncio.run(out(strange(seed)))


@pytest.mark.timeout(60)
def test_the_feed_survives_any_answers():
    for seed in range(SEEDS):
        asyncio.run(back(strange(seed)))
