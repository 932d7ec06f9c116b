"""Whatever happens on the line and over there, each effect comes once and in order."""

import asyncio
import os
from collections.abc import Sequence
from enum import Enum

import httpx
import pytest
from emarsys_shop import ANNA, BEN, COLUMNS, EmarsysShop, consent, row, sale
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.errors import TransportError
from sync.fake_emarsys import Fault, LineFault
from sync.fake_emarsys.sales import turnover
from sync.outbox import OutboxRow
from sync.transports.base import DELIVERY_UNKNOWN, EventResult, Transport
from sync.transports.emarsys import kind

PEOPLE = (ANNA, BEN)
ZONE = "store.zone.entered"
PAID = 49.9
SOAK = os.environ.get("SOAK") == "1"


class Death(Enum):
    """The process ends with a request."""

    BEFORE = "before it left"
    AFTER = "after it arrived"


class KilledError(BaseException):
    """Nothing catches this."""


class DeadlyWire(httpx.AsyncBaseTransport):
    """The shop's wire, on which the process may end. `death`: requests until then, and how."""

    def __init__(self, shop: EmarsysShop, death: list[tuple[int, Death]]) -> None:
        self.inner = shop.wire()
        self.death = death

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        left, how = self.death.pop() if self.death else (99, Death.BEFORE)
        if left == 0 and how is Death.BEFORE:
            raise KilledError
        answer = await self.inner.handle_async_request(request)
        if left == 0:
            raise KilledError
        self.death.append((left - 1, how))
        return answer


kinds = st.sampled_from(["store.scan.recorded", ZONE, "sale", "granted", "withdrawn"])
happenings = st.lists(st.tuples(kinds, st.sampled_from(PEOPLE)), min_size=1, max_size=12)
# Before each attempt: how many requests go well, and what befalls the next one.
trouble = st.one_of(
    st.sampled_from(list(LineFault)), st.sampled_from(list(Fault)), st.sampled_from(list(Death))
)
troubles = st.lists(st.tuples(st.integers(0, 6), trouble), max_size=25)
Troubles = list[tuple[int, LineFault | Fault | Death]]


def rows_of(happened: Sequence[tuple[str, str]]) -> list[OutboxRow]:
    rows = []
    for number, (happening, person) in enumerate(happened, 1):
        if happening == "sale":
            rows.append(sale(number, person))
        elif happening in {"granted", "withdrawn"}:
            rows.append(consent(number, happening, subject=person))
        else:
            rows.append(row(number, happening, person))
    return rows


async def push(
    shop: EmarsysShop, rows: list[OutboxRow], troubles: Troubles, restarts: set[int]
) -> list[EventResult]:
    """As the worker does: again after every trouble, with a new transport after a crash."""
    results: list[EventResult] = []
    tries = 0
    death: list[tuple[int, Death]] = []

    def started() -> Transport:
        settings = shop.settings(sales=COLUMNS)
        return kind.build(settings, shop.around(), lambda: DeadlyWire(shop, death))

    transport = started()
    while len(results) < len(rows):
        tries += 1
        assert tries < 300
        if tries in restarts:
            transport = started()
        shop.clock.pass_s(61)
        skipped, trouble = troubles.pop(0) if troubles else (0, LineFault.NONE)
        is_death = isinstance(trouble, Death)
        shop.line[:] = [] if is_death else [*[LineFault.NONE] * skipped, trouble]
        death[:] = [(skipped, trouble)] if is_death else []
        try:
            step = await transport.send(rows[len(results) :])
        except TransportError:
            continue
        except KilledError:
            transport = started()
            continue
        assert step
        assert [one.id for one in step] == [
            one.id for one in rows[len(results) : len(results) + len(step)]
        ]
        results += [one for one in step if one.delivered or one.permanent]
    return results


@pytest.mark.timeout(60)  # a second on a quiet machine
@settings(deadline=None, max_examples=1500 if SOAK else 80)
@given(happenings, troubles, st.sets(st.integers(1, 40), max_size=4))
def test_every_event_acts_once_and_no_sale_counts_twice(happened, troubles, restarts):
    shop = EmarsysShop()
    rows = rows_of(happened)
    results = asyncio.run(push(shop, rows, list(troubles), restarts))
    held = {one.id for one in results if not one.delivered}
    for one in results:
        assert one.delivered or (one.permanent and one.code == DELIVERY_UNKNOWN)
    sales = {one.id: f"t{one.seq}" for one in rows if one.type == "store.sale.recorded"}
    assert held <= set(sales)
    counted = turnover(shop.account)
    assert set(counted.values()) <= {PAID}
    assert {sales[one] for one in sales if one not in held} <= set(counted)
    _check_events(shop, rows)
    _check_consents(shop, rows)
    shop.ledger.close()


def _check_events(shop: EmarsysShop, rows: list[OutboxRow]) -> None:
    triggered = [one.trigger_id for one in shop.account.triggered]
    expected = [one for one in rows if one.type in shop.settings().event_names]
    assert sorted(triggered) == sorted(one.id for one in expected)
    for person in PEOPLE:
        sent = [one.trigger_id for one in shop.account.triggered if one.contact == person]
        assert sent == [one.id for one in expected if one.subject == person]


def _check_consents(shop: EmarsysShop, rows: list[OutboxRow]) -> None:
    for person in PEOPLE:
        answers = [
            "2" if b"withdrawn" in one.data else "1"
            for one in rows
            if one.type == "store.consent.changed" and one.subject == person
        ]
        contact = shop.account.find(shop.key, person)[0]
        assert contact.fields.get("31") == (answers[-1] if answers else None)
