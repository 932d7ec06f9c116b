"""The simulated till: one sale, one key, however often it has to be sent."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from pos_adapters.hook import RETRY_WAITS_S, Refused, TillOffline
from pos_adapters.simulated import BasketLine, SequenceFile, SimulatedTill

# Half an hour before midnight in UTC is the next business day in Köln.
LATE = datetime(2026, 11, 21, 23, 30, tzinfo=UTC)
BASKET = [BasketLine("M1001-CRE", 1, 11990), BasketLine("M1605-GRA", 2, 1990)]
Answer = httpx.Response | Exception


class Agent:
    """Gives the prepared answers one by one, the last one for ever; remembers the requests."""

    def __init__(self, answers: Iterable[Callable[[], Answer]]) -> None:
        self._answers: Iterator[Callable[[], Answer]] = iter(answers)
        self._last: Callable[[], Answer] = ok
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        self._last = next(self._answers, self._last)
        answer = self._last()
        if isinstance(answer, Exception):
            raise answer
        return answer

    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(request.content) for request in self.requests]


def ok() -> Answer:
    return httpx.Response(200, json={"status": "committed", "redemptions": []})


def status(code: int) -> Callable[[], Answer]:
    return lambda: httpx.Response(code, json={"title": "no"})


def broken() -> Answer:
    return httpx.ConnectError("refused")


def half_an_answer() -> Answer:
    return httpx.RemoteProtocolError("peer closed the connection")


def till(agent: Agent, waits: list[float] | None = None, **options: Any) -> SimulatedTill:
    async def sleep(seconds: float) -> None:
        if waits is not None:
            waits.append(seconds)

    return SimulatedTill(
        "http://agent.example",
        "secret",
        "till-2",
        lambda: LATE,
        zone=ZoneInfo("Europe/Berlin"),
        client=partial(httpx.AsyncClient, transport=httpx.MockTransport(agent)),
        sleep=sleep,
        **options,
    )


@pytest.mark.asyncio
async def test_it_reports_a_sale_as_the_hook_wants_it() -> None:
    agent = Agent([ok])
    async with till(agent, new_id=lambda: "txn-1") as cashier:
        answer = await cashier.commit(cashier.ring_up(BASKET, "c-7", "cash"))
    (request,) = agent.requests
    assert answer["status"] == "committed"
    assert request.url == "http://agent.example/pos/v1/baskets/txn-1/commit"
    assert request.headers["authorization"] == "Bearer secret"
    assert agent.bodies() == [
        {
            "currency": "EUR",
            "customer_ref": "c-7",
            "lines": [
                {"line_id": "1", "sku": "M1001-CRE", "qty": "1", "unit_price": 11990},
                {"line_id": "2", "sku": "M1605-GRA", "qty": "2", "unit_price": 1990},
            ],
            "receipt": {
                "number": "till-2-20261122-000001",
                "business_date": "2026-11-22",
                "till": "till-2",
                "seq": 1,
            },
            "totals": {"gross": 15970},
            "applied": [],
            "reservation_id": None,
            "tenders": [{"kind": "cash", "amount": 15970}],
        }
    ]


@pytest.mark.asyncio
@pytest.mark.parametrize("failure", [broken, half_an_answer, status(503), status(500)])
async def test_a_retry_sends_the_same_bytes_under_the_same_key(
    failure: Callable[[], Answer],
) -> None:
    agent = Agent([failure, failure, ok])
    async with till(agent) as cashier:
        await cashier.commit(cashier.ring_up(BASKET))
    assert len(agent.requests) == 3
    assert len({request.headers["idempotency-key"] for request in agent.requests}) == 1
    assert len({request.content for request in agent.requests}) == 1


@pytest.mark.asyncio
async def test_two_sales_have_two_keys_and_two_receipts() -> None:
    agent = Agent([ok])
    async with till(agent) as cashier:
        for _ in range(2):
            await cashier.commit(cashier.ring_up(BASKET))
    assert len({request.headers["idempotency-key"] for request in agent.requests}) == 2
    assert [body["receipt"]["seq"] for body in agent.bodies()] == [1, 2]


@pytest.mark.asyncio
async def test_it_gives_the_sale_back_when_nobody_answers_and_sends_it_again_later() -> None:
    agent = Agent([*[broken] * (len(RETRY_WAITS_S) + 1), ok])
    waits: list[float] = []
    async with till(agent, waits) as cashier:
        sale = cashier.ring_up(BASKET)
        with pytest.raises(TillOffline) as offline:
            await cashier.commit(sale)
        assert not offline.value.permanent
        assert waits == list(RETRY_WAITS_S)
        await cashier.commit(sale)
    assert len({request.headers["idempotency-key"] for request in agent.requests}) == 1


@pytest.mark.asyncio
@pytest.mark.parametrize("code", [400, 401, 409, 422])
async def test_a_refusal_is_final(code: int) -> None:
    agent = Agent([status(code)])
    async with till(agent) as cashier:
        with pytest.raises(Refused) as refused:
            await cashier.commit(cashier.ring_up(BASKET))
    assert refused.value.permanent
    assert refused.value.status == code
    assert len(agent.requests) == 1


@pytest.mark.parametrize("stored", [None, "41"])
def test_the_receipt_counter_goes_on_after_a_restart(tmp_path: Path, stored: str | None) -> None:
    path = tmp_path / "till-2.seq"
    if stored:
        path.write_text(stored)
    before = SequenceFile(path)
    numbers = [before(), before()]
    numbers.append(SequenceFile(path)())
    start = int(stored or 0)
    assert numbers == [start + 1, start + 2, start + 3]


def test_a_return_makes_the_total_smaller() -> None:
    cashier = till(Agent([ok]))
    sale = cashier.ring_up([*BASKET, BasketLine("M1603-ROS", -1, 2990)])
    assert sale.gross == 12980
    assert sale.receipt.business_date == date(2026, 11, 22)
