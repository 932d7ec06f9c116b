"""Sales data: the lines, each receipt once, and what is done when an answer is lost."""

from dataclasses import replace

import pytest
from emarsys_shop import ANNA, BEN, COLUMNS, EmarsysShop, deliver, row, sale
from pydantic import ValidationError

from sync import outbox
from sync.errors import TransportError, UnreachableError
from sync.fake_emarsys import LineFault
from sync.fake_emarsys.sales import turnover
from sync.transports.base import DELIVERY_UNKNOWN, Transport
from sync.transports.emarsys import kind, sales_desk, sent_sales
from sync.transports.emarsys.sales import exponent, major
from sync.transports.emarsys.sent_sales import State

ONLY_SALES = {"store.sale.recorded": ""}
NEGATIVE = COLUMNS | {"returns": "negative"}


def selling(shop: EmarsysShop, **more: object) -> Transport:
    return shop.transport(**({"sales": COLUMNS, "events": ONLY_SALES} | more))


def void(number: int, order: str):
    return row(number, "store.sale.voided", None, txn_id=order, till="t", reason="r")


def back(number: int, order: str | None, *lines: tuple[str, str, int]):
    given = [{"line_id": a, "qty": b, "refund_amount": c} for a, b, c in lines]
    return row(
        number, "store.return.recorded", None,
        return_txn_id=f"r{number}", txn_id=order, till="t", lines=given, clawback=0,
    )  # fmt: skip


def state(shop: EmarsysShop, order: str) -> State | None:
    known = sent_sales.find(shop.ledger.connection, "merchant", order)
    return known.state if known else None


@pytest.mark.asyncio
async def test_a_sale_becomes_one_line_per_article_in_the_agreed_order():
    shop = EmarsysShop()
    columns = ["order", "item", "quantity", "price", "timestamp", "customer", "s_store"]
    more = COLUMNS | {"columns": columns, "custom": {"s_store": "store"}}
    results = await deliver(selling(shop, sales=more), [sale(1, offset_s=60.0)])
    assert results[0].status == "accepted"
    assert [list(one) for one in shop.account.sales] == [columns] * 2
    assert shop.account.sales[0] == {
        "order": "t1",
        "item": "sock",
        "quantity": "2",
        "price": "10.00",
        "timestamp": "2026-11-21T09:42:00Z",
        "customer": ANNA,
        "s_store": "s1",
    }


@pytest.mark.asyncio
async def test_a_sale_can_be_an_event_and_sales_data():
    shop = EmarsysShop()
    await deliver(shop.transport(sales=COLUMNS), [sale(1)])
    assert [one[0] for one in shop.effects()] == ["store_sale"]
    assert turnover(shop.account) == {"t1": 49.9}


@pytest.mark.asyncio
async def test_what_was_paid_is_what_counts():
    shop = EmarsysShop()
    await deliver(selling(shop), [sale(1, total=3333)])
    assert [one["price"] for one in shop.account.sales] == ["6.67", "26.66"]
    assert turnover(shop.account) == {"t1": 33.33}


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (1990, "EUR", "19.90"),
        (5, "EUR", "0.05"),
        (1990, "JPY", "1990"),
        (1990, "KWD", "1.990"),
        (-1990, "CHF", "-19.90"),
        (0, "ISK", "0"),
        (19901, "CLF", "1.9901"),
    ],
)
def test_amounts_are_in_major_units_of_their_currency(amount, currency, text):
    assert major(amount, currency) == text


def test_the_digits_of_currencies_are_those_of_the_language_library():
    from babel.numbers import get_currency_precision

    # CLDR counts some currencies without the coins nobody uses any more; ISO 4217 keeps these.
    for code in ("EUR", "USD", "JPY", "KRW", "KWD", "BHD", "CHF", "CLP", "TND", "VND", "UYW"):
        assert exponent(code) == get_currency_precision(code)


@pytest.mark.asyncio
async def test_anonymous_sales_and_empty_ones_are_left_out():
    shop = EmarsysShop()
    rows = [sale(1, None), sale(2, lines=[]), sale(3)]
    results = await deliver(selling(shop), rows)
    assert [one.status for one in results] == ["skipped", "skipped", "accepted"]
    assert list(turnover(shop.account)) == ["t3"]


@pytest.mark.asyncio
@pytest.mark.parametrize("qty", ["x", "NaN", "1e9", "Infinity", None])
async def test_an_unreadable_sale_is_put_aside_alone(qty):
    shop = EmarsysShop()
    lines = [{"line_id": "1", "sku": "a", "qty": qty, "unit_price": 1}]
    results = await deliver(selling(shop), [sale(1, lines=lines), sale(2)])
    assert [one.code for one in results] == ["unreadable", ""]


@pytest.mark.asyncio
async def test_many_receipts_share_a_call_and_are_confirmed():
    shop = EmarsysShop()
    rows = [sale(n, ANNA if n % 2 else BEN) for n in range(1, 31)]
    await deliver(selling(shop), rows)
    assert sum("sales-data" in one for one in shop.account.requests) == 1
    assert len(turnover(shop.account)) == 30
    assert state(shop, "t30") is State.CONFIRMED


@pytest.mark.asyncio
async def test_the_same_receipt_again_is_not_sent_again():
    shop = EmarsysShop()
    await deliver(selling(shop), [sale(1)])
    again = [sale(1), sale(2, txn_id="t1")]
    results = await deliver(selling(shop), again)  # after a restart, and reported twice by a till
    assert all(one.delivered for one in results)
    assert turnover(shop.account) == {"t1": 49.9}


@pytest.mark.asyncio
@pytest.mark.parametrize("fault", [LineFault.LOST_ANSWER, LineFault.TOO_SLOW])
async def test_a_lost_answer_holds_the_receipt_for_somebody_to_look(fault):
    shop = EmarsysShop()
    transport = selling(shop)
    await deliver(transport, [sale(1)])
    shop.line.append(fault)
    with pytest.raises(UnreachableError):
        await transport.send([sale(2), sale(3, BEN)])
    results = await deliver(transport, [sale(2), sale(3, BEN), sale(4)])
    assert [one.code for one in results] == [DELIVERY_UNKNOWN, DELIVERY_UNKNOWN, ""]
    assert results[0].permanent
    assert ANNA not in results[0].reason
    assert turnover(shop.account) == {f"t{n}": 49.9 for n in (1, 2, 3, 4)}


@pytest.mark.asyncio
async def test_a_request_that_never_left_is_simply_made_again():
    shop = EmarsysShop()
    transport = selling(shop)
    await deliver(transport, [sale(1)])
    shop.line.append(LineFault.LOST_REQUEST)
    with pytest.raises(UnreachableError):
        await transport.send([sale(2)])
    assert state(shop, "t2") is State.PREPARED
    results = await deliver(transport, [sale(2)])
    assert results[0].delivered
    assert turnover(shop.account) == {"t1": 49.9, "t2": 49.9}


@pytest.mark.asyncio
async def test_a_crash_between_the_note_and_the_answer_sends_nothing_twice():
    shop = EmarsysShop()
    order = sent_sales.Order("t1", "e1", 1, b"{}")
    shop.ledger.transact(lambda tx: sent_sales.prepare(tx, "merchant", [order]))
    shop.ledger.transact(lambda tx: sent_sales.mark(tx, "merchant", ["t1"], State.SENT))
    results = await deliver(selling(shop), [sale(1)])
    assert results[0].code == DELIVERY_UNKNOWN
    assert shop.account.sales == []


@pytest.mark.asyncio
async def test_after_a_damaged_ledger_a_later_number_proves_nothing():
    shop = EmarsysShop()
    transport = selling(shop)
    await deliver(transport, [sale(1)])
    shop.line.append(LineFault.LOST_ANSWER)
    with pytest.raises(TransportError):
        await transport.send([sale(2)])
    # What could be read was carried into a fresh file: the same events, counted anew.
    fresh = kind.build(
        shop.settings(sales=COLUMNS, events=ONLY_SALES),
        replace(shop.around(), epoch="e2"),
        shop.wire,
    )
    rescued = sale(2)._replace(seq=77)
    assert (await deliver(fresh, [rescued]))[0].code == DELIVERY_UNKNOWN
    assert (await deliver(fresh, [rescued]))[0].code == DELIVERY_UNKNOWN
    assert turnover(shop.account) == {"t1": 49.9, "t2": 49.9}
    shop.account.sales = [one for one in shop.account.sales if one["order"] == "t1"]
    assert (await deliver(fresh, [rescued._replace(seq=78)]))[0].delivered
    assert turnover(shop.account) == {"t1": 49.9, "t2": 49.9}


@pytest.mark.asyncio
async def test_what_somebody_puts_back_into_the_queue_is_sent_once_more():
    shop = EmarsysShop()
    transport = selling(shop)
    await deliver(transport, [sale(1)])
    shop.line.append(LineFault.LOST_ANSWER)
    with pytest.raises(TransportError):
        await transport.send([sale(2)])
    shop.account.sales = [one for one in shop.account.sales if one["order"] == "t1"]
    held = (await deliver(transport, [sale(2)]))[0]
    assert held.code == DELIVERY_UNKNOWN
    # Through the real quarantine: a retry comes back under a later number.
    event = sale(2)

    def put_back(tx: outbox.Connection) -> outbox.OutboxRow:
        outbox.quarantine(tx, event, outbox.PLATFORM, held.code, held.reason, shop.clock.now())
        for _ in range(3):
            tx.execute("UPDATE sqlite_sequence SET seq = seq + 1 WHERE name = 'outbox'")
        tx.execute("INSERT OR IGNORE INTO sqlite_sequence (name, seq) VALUES ('outbox', 5)")
        assert outbox.retry(tx, event.id)
        return next(one for one in outbox.page(tx) if one.id == event.id)

    again = shop.ledger.transact(put_back)
    assert again.seq > event.seq
    assert (await deliver(transport, [again]))[0].delivered
    assert turnover(shop.account) == {"t1": 49.9, "t2": 49.9}


@pytest.mark.asyncio
@pytest.mark.parametrize("status", ["500", "502", "503"])
async def test_a_fault_of_the_service_is_no_proof_that_nothing_arrived(status, monkeypatch):
    shop = EmarsysShop()
    transport = selling(shop)
    await deliver(transport, [sale(1)])
    monkeypatch.setattr(shop.account, "faults", [])
    from sync.fake_emarsys import Fault

    faults = {"500": Fault.BROKEN, "502": Fault.BAD_GATEWAY, "503": Fault.UNAVAILABLE}
    shop.account.faults.append(faults[status])
    with pytest.raises(TransportError):
        await transport.send([sale(2)])
    assert (await deliver(transport, [sale(2)]))[0].code == DELIVERY_UNKNOWN


@pytest.mark.asyncio
async def test_after_a_lost_answer_one_receipt_at_a_time_is_risked():
    shop = EmarsysShop()
    transport = selling(shop)
    await deliver(transport, [sale(1)])
    shop.line += [LineFault.LOST_ANSWER, LineFault.LOST_ANSWER]
    rows = [sale(n) for n in range(2, 12)]
    with pytest.raises(TransportError):
        await transport.send(rows[:5])
    held = await transport.send(rows)  # five are held, and the sixth loses its answer
    assert [one.code for one in held] == [DELIVERY_UNKNOWN] * 5
    rest = await deliver(transport, rows[5:])
    assert [one.code for one in rest] == [DELIVERY_UNKNOWN, "", "", "", ""]
    assert set(turnover(shop.account).values()) == {49.9}


@pytest.mark.asyncio
async def test_one_bad_receipt_among_many_is_found():
    shop = EmarsysShop()
    shop.account.refused["t7"] = 1
    results = await deliver(selling(shop), [sale(n) for n in range(1, 13)])
    assert [one.id for one in results if not one.delivered] == ["e0007"]
    assert results[6].code == "refused_sale"
    assert len(turnover(shop.account)) == 11
    assert set(turnover(shop.account).values()) == {49.9}


@pytest.mark.asyncio
async def test_a_wrong_token_stops_and_nothing_counts_as_sent():
    shop = EmarsysShop()
    shop.account.sales_token = "another"
    transport = selling(shop)
    with pytest.raises(TransportError) as caught:
        await transport.send([sale(1)])
    assert caught.value.permanent
    assert caught.value.hint
    assert state(shop, "t1") is State.PREPARED
    shop.account.sales_token = "sales-token"
    assert (await deliver(transport, [sale(1)]))[0].delivered


@pytest.mark.asyncio
async def test_trouble_with_the_sales_data_holds_up_no_event_of_others():
    shop = EmarsysShop()
    shop.account.sales_token = "another"
    transport = selling(shop)
    rows = [row(1), sale(2), row(3), row(4, subject=BEN)]
    assert [one.id for one in await transport.send(rows)] == ["e0001"]
    assert [one[2] for one in shop.effects()] == ["e0001", "e0004"]  # Anna's next scan waits
    with pytest.raises(TransportError):
        await transport.send(rows[1:])
    shop.account.sales_token = "sales-token"
    await deliver(transport, rows[1:])
    assert [one[2] for one in shop.effects()] == ["e0001", "e0004", "e0003"]


@pytest.mark.asyncio
async def test_retrying_a_lost_answer_blindly_would_double_the_turnover(monkeypatch):
    """The test can see: without the ledger's word the fake counts twice."""
    monkeypatch.setattr(
        sales_desk.sent_sales,
        "prepare",
        lambda tx, merchant, orders: {one.id: sent_sales.Claim.SEND for one in orders},
    )
    shop = EmarsysShop()
    transport = selling(shop)
    await deliver(transport, [sale(1)])
    shop.line.append(LineFault.LOST_ANSWER)
    with pytest.raises(TransportError):
        await transport.send([sale(2)])
    await deliver(transport, [sale(2)])
    assert turnover(shop.account) == {"t1": 49.9, "t2": 99.8}


@pytest.mark.asyncio
async def test_returns_are_ignored_unless_the_account_takes_them():
    shop = EmarsysShop()
    rows = [sale(1), back(2, "t1", ("1", "1", 500)), void(3, "t1"), back(4, None)]
    results = await deliver(selling(shop), rows)
    assert all(one.delivered for one in results)
    assert turnover(shop.account) == {"t1": 49.9}


@pytest.mark.asyncio
async def test_returns_come_as_negative_lines_of_their_sale_once():
    shop = EmarsysShop()
    transport = selling(shop, sales=NEGATIVE)
    rows = [sale(1), back(2, "t1", ("1", "1", 500), ("9", "1", 1)), back(3, "elsewhere")]
    await deliver(transport, rows)
    await deliver(selling(shop, sales=NEGATIVE), rows)  # again, after a restart
    assert turnover(shop.account) == {"t1": 44.9}
    assert shop.account.sales[-1] | {"timestamp": ""} == {
        "item": "sock",
        "price": "-5.00",
        "order": "t1",
        "timestamp": "",
        "customer": ANNA,
        "quantity": "-1",
    }


@pytest.mark.asyncio
async def test_a_void_takes_the_whole_sale_back_also_in_the_same_batch():
    shop = EmarsysShop()
    await deliver(selling(shop, sales=NEGATIVE), [sale(1), void(2, "t1")])
    assert turnover(shop.account) == {"t1": 0.0}


@pytest.mark.asyncio
async def test_what_comes_back_waits_for_its_sale_in_the_same_batch():
    shop = EmarsysShop()
    rows = [row(1), sale(2), back(3, "t2", ("1", "2", 1000))]
    await deliver(shop.transport(sales=NEGATIVE), rows)
    assert turnover(shop.account) == {"t2": 39.9}


@pytest.mark.asyncio
async def test_a_void_that_comes_first_keeps_its_sale_from_ever_being_sent():
    shop = EmarsysShop()
    results = await deliver(selling(shop), [void(1, "t2"), sale(2), sale(3)])
    assert all(one.delivered for one in results)
    assert turnover(shop.account) == {"t3": 49.9}


@pytest.mark.asyncio
async def test_what_comes_back_of_a_sale_nobody_is_sure_of_is_held_too():
    shop = EmarsysShop()
    transport = selling(shop, sales=NEGATIVE)
    await deliver(transport, [sale(1)])
    shop.line.append(LineFault.LOST_ANSWER)
    with pytest.raises(TransportError):
        await transport.send([sale(2)])
    results = await deliver(transport, [sale(2), back(3, "t2", ("1", "1", 500))])
    assert [one.code for one in results] == [DELIVERY_UNKNOWN, DELIVERY_UNKNOWN]
    assert turnover(shop.account)["t2"] == 49.9


@pytest.mark.asyncio
async def test_returned_pieces_inside_a_sale_are_left_out_or_negative():
    lines = [
        {"line_id": "1", "sku": "a", "qty": "1", "unit_price": 1000},
        {"line_id": "2", "sku": "b", "qty": "-1", "unit_price": 300},
    ]
    shop = EmarsysShop()
    await deliver(selling(shop), [sale(1, lines=lines, total=700)])
    assert turnover(shop.account) == {"t1": 10.0}
    shop = EmarsysShop()
    await deliver(selling(shop, sales=NEGATIVE), [sale(1, lines=lines, total=700)])
    assert turnover(shop.account) == {"t1": 7.0}


def test_the_ledger_stays_small_and_forgets_nothing_that_is_open():
    shop = EmarsysShop()
    db = shop.ledger.connection
    for n in range(30):
        sent_sales.prepare(db, "m", [sent_sales.Order(f"o{n}", "e1", n, b"")])
        sent_sales.mark(db, "m", [f"o{n}"], State.SENT if n == 3 else State.CONFIRMED)
    sent_sales.forget(db, kept=10)
    left = {row[0] for row in db.execute("SELECT order_id FROM emarsys_sales").fetchall()}
    assert left == {"o3", *(f"o{n}" for n in range(20, 30))}


@pytest.mark.parametrize(
    "bad",
    [
        {"columns": ["item", "price", "order", "timestamp", "quantity"]},
        {"columns": ["item", "price", "order", "timestamp", "quantity", "customer", "email"]},
        {"columns": ["item", "price", "order", "timestamp", "customer"]},
        {"columns": ["item", "item", "price", "order", "timestamp", "customer", "quantity"]},
        {"custom": {"s_store": "store"}},
        {
            "columns": ["item", "price", "order", "timestamp", "customer", "quantity", "store"],
            "custom": {"store": "store"},
        },
    ],
)
def test_columns_that_nobody_could_read_are_refused(bad):
    with pytest.raises(ValidationError):
        EmarsysShop().settings(sales=COLUMNS | bad)
