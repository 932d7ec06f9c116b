"""Segment's dialect: what a call says, what fits into a batch, and what these receivers hide."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import httpx
import orjson
import pytest
from contract.transport_rigs.segment import RudderStackRig, SegmentRig
from pydantic import ValidationError

from sync.errors import TransportError
from sync.outbox import OutboxRow
from sync.transports.base import ResultStatus
from sync.transports.http import HttpLine
from sync.transports.segment import Settings
from sync.transports.segment.dialect import Dialect
from sync.transports.segment.fake import FakeReceiver, Product, create_app
from sync.transports.segment.transport import MEANING, Limits, SegmentTransport

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
KEY = "write-key-of-the-shop"
DIALECT = Dialect("koeln-01", "epoch1", "Europe/Berlin", "EUR", "1.0", {})
LIMITS = Limits(event_bytes=32_000, batch_bytes=500_000, requests_per_s=1000.0)
SALE = {
    "txn_id": "t-1",
    "till": "till-0",
    "currency": "EUR",
    "total": 5980,
    "lines": [{"line_id": "1", "sku": "4711", "qty": "2", "unit_price": 2990}],
    "tenders": [{"kind": "card", "amount": 5980}],
    "receipt_number": "R-1",
    "business_date": "2026-11-21",
}


def row(
    number: int = 1,
    kind: str = "store.scan.recorded",
    data: dict | None = None,
    subject: str | None = "c-1",
    offset_s: float | None = None,
) -> OutboxRow:
    text = orjson.dumps({"lane": "till-0"} if data is None else data)
    at = "2026-11-21T10:00:00.000000Z"
    return OutboxRow(number, f"e{number:04}", kind, subject, at, text, offset_s=offset_s)


def call(one: OutboxRow, dialect: Dialect = DIALECT) -> dict:
    return orjson.loads(dialect.payload(one))


class Desk:
    """A transport and the shipped receiver, without sockets."""

    def __init__(self, receiver: FakeReceiver, limits: Limits = LIMITS, **settings) -> None:
        self.receiver = receiver
        line = httpx.ASGITransport(create_app(receiver))
        options = {"skip_nobody": False, "monotonic": lambda: 0.0} | settings
        self.transport = SegmentTransport(
            HttpLine("http://receiver", None, lambda: NOW, line, meaning=MEANING),
            KEY,
            DIALECT,
            limits,
            **options,
        )

    async def deliver(self, rows: Sequence[OutboxRow]) -> list:
        results: list = []
        while len(results) < len(rows):
            results += await self.transport.send(rows[len(results) :])
        return results


def receiver(**settings) -> FakeReceiver:
    return FakeReceiver(KEY, lambda: NOW, **settings)


def test_an_event_is_a_track_call_under_its_own_type():
    said = call(row())
    assert said["type"] == "track"
    assert said["event"] == "store.scan.recorded"
    assert said["userId"] == "c-1"
    assert said["messageId"] == "e0001"
    assert said["timestamp"] == "2026-11-21T10:00:00.000Z"
    assert said["properties"] == {"store_id": "koeln-01", "lane": "till-0"}
    assert said["context"]["timezone"] == "Europe/Berlin"
    assert said["context"]["store"] == {
        "id": "koeln-01",
        "epoch": "epoch1",
        "sequence": "00000000000000000001",
    }
    assert "sentAt" not in said


def test_a_late_event_has_its_true_time():
    in_1970 = row(offset_s=3600.0)
    assert call(in_1970)["timestamp"] == "2026-11-21T11:00:00.000Z"


def test_an_event_about_nobody_has_the_shop_as_its_anonymous_id():
    said = call(row(subject=None))
    assert said["anonymousId"] == "store-koeln-01"
    assert "userId" not in said


def test_a_consent_identifies_the_person_with_its_proof_in_flat_traits():
    answer = {
        "purpose": "marketing.email",
        "state": "withdrawn",
        "how": "tablet",
        "text_version": "v3",
        "language": "de",
    }
    said = call(row(kind="store.consent.changed", data=answer))
    assert said["type"] == "identify"
    assert said["messageId"] == "e0001"
    assert said["traits"] == {
        "consent_marketing_email": "withdrawn",
        "consent_marketing_email_how": "tablet",
        "consent_marketing_email_text_version": "v3",
        "consent_marketing_email_language": "de",
        "consent_marketing_email_at": "2026-11-21T10:00:00.000Z",
    }


def test_a_lasting_state_is_a_trait_and_one_of_a_visit_is_an_event():
    lasting = row(kind="store.person.changed", data={"state": "do_not_approach", "on": True})
    assert call(lasting)["traits"] == {"state_do_not_approach": True}
    passing = {"state": "not_this_person", "on": True, "visit_id": "v-1"}
    assert call(row(kind="store.person.changed", data=passing))["type"] == "track"


def test_a_sale_is_an_order_in_decimals():
    said = call(row(kind="store.sale.recorded", data=SALE))
    assert said["event"] == "Order Completed"
    assert said["properties"] == {
        "store_id": "koeln-01",
        "order_id": "t-1",
        "total": 59.8,
        "currency": "EUR",
        "products": [{"sku": "4711", "product_id": "4711", "quantity": 2.0, "price": 29.9}],
        "payment_methods": ["card"],
        "receipt_number": "R-1",
        "till": "till-0",
        "business_date": "2026-11-21",
    }


def test_yen_have_no_decimals():
    said = call(row(kind="store.sale.recorded", data=SALE | {"currency": "JPY"}))
    assert said["properties"]["total"] == 5980


def test_voids_and_returns_speak_of_the_same_order():
    void = call(row(kind="store.sale.voided", data={"txn_id": "t-1", "till": "x", "reason": "r"}))
    assert (void["event"], void["properties"]["order_id"]) == ("Order Cancelled", "t-1")
    lines = [{"line_id": "1", "qty": "1", "refund_amount": 2990}]
    data = {"return_txn_id": "t-2", "txn_id": "t-1", "lines": lines, "till": "x", "clawback": 0}
    back = call(row(kind="store.return.recorded", data=data))
    assert (back["event"], back["properties"]["total"]) == ("Order Refunded", 29.9)


def test_a_shop_may_name_events_its_own_way():
    named = Dialect("s", "e", "UTC", "EUR", "1", {"store.scan.recorded": "Pass Scanned"})
    assert call(row(), named)["event"] == "Pass Scanned"


@pytest.mark.asyncio
async def test_an_event_too_large_for_the_receiver_is_refused_by_itself():
    desk = Desk(receiver())
    rows = [row(1), row(2, data={"pad": "x" * 32_000}), row(3)]
    results = await desk.deliver(rows)
    assert [result.delivered for result in results] == [True, False, True]
    assert (results[1].code, results[1].permanent) == ("too_large", True)
    assert [said["messageId"] for said in desk.receiver.calls] == ["e0001", "e0003"]


@pytest.mark.asyncio
async def test_a_batch_stays_below_the_bytes_of_the_receiver():
    desk = Desk(receiver(), Limits(32_000, 500_000, 1000.0))
    rows = [row(n, data={"pad": "x" * 20_000}) for n in range(40)]
    await desk.deliver(rows)
    assert len(desk.receiver.calls) == 40
    assert max(desk.receiver.batch_sizes) == 24  # of 20,300 bytes each


@pytest.mark.asyncio
async def test_data_nested_too_deep_is_refused_by_itself():
    deep: dict = {}
    for _ in range(250):
        deep = {"deeper": deep}
    desk = Desk(receiver(product=Product.RUDDERSTACK))
    results = await desk.deliver([row(1), row(2, data=deep), row(3)])
    assert [result.code for result in results] == ["", "too_deep", ""]


@pytest.mark.asyncio
async def test_as_deep_as_the_receiver_takes_is_taken():
    deep: dict = {}
    for _ in range(197):  # and the call itself, its properties and the innermost
        deep = {"deeper": deep}
    desk = Desk(receiver(product=Product.RUDDERSTACK))
    (result,) = await desk.deliver([row(1, data=deep)])
    assert result.delivered
    assert len(desk.receiver.calls) == 1


@pytest.mark.asyncio
async def test_wide_data_is_not_taken_for_deep():
    desk = Desk(receiver())
    (result,) = await desk.deliver([row(data={"many": [{}] * 1000})])
    assert result.delivered


@pytest.mark.asyncio
async def test_events_about_nobody_can_be_left_out():
    desk = Desk(receiver(), skip_nobody=True)
    results = await desk.deliver([row(1, subject=None), row(2)])
    assert [result.status for result in results] == [ResultStatus.SKIPPED, ResultStatus.ACCEPTED]
    assert [said["messageId"] for said in desk.receiver.calls] == ["e0002"]


@pytest.mark.asyncio
async def test_a_batch_of_nobody_needs_no_request():
    desk = Desk(receiver(), skip_nobody=True)
    results = await desk.deliver([row(n, subject=None) for n in range(5)])
    assert {result.status for result in results} == {ResultStatus.SKIPPED}
    assert desk.receiver.batch_sizes == []


@pytest.mark.asyncio
@pytest.mark.parametrize("product", Product)
async def test_a_repetition_within_a_day_is_known_by_its_message_id(product):
    now = [NOW]
    desk = Desk(FakeReceiver(KEY, lambda: now[0], product))
    await desk.deliver([row(1)])
    now[0] += timedelta(hours=23)
    await desk.deliver([row(1)])
    assert len(desk.receiver.calls) == 1
    assert desk.receiver.repeated == ["e0001"]


@pytest.mark.asyncio
async def test_segment_hides_a_wrong_key_and_rudderstack_says_so():
    silent = Desk(receiver())
    silent.receiver.write_key = "another"
    await silent.deliver([row(1)])
    assert silent.receiver.calls == []
    assert len(silent.receiver.dropped) == 1
    open_about_it = Desk(receiver(product=Product.RUDDERSTACK))
    open_about_it.receiver.write_key = "another"
    with pytest.raises(TransportError) as caught:
        await open_about_it.deliver([row(1)])
    assert caught.value.permanent
    assert "write_key" in caught.value.hint


@pytest.mark.asyncio
async def test_patience_is_asked_for_without_a_time():
    desk = Desk(receiver(product=Product.RUDDERSTACK, patience=1))
    with pytest.raises(TransportError) as caught:
        await desk.deliver([row(1)])
    assert caught.value.retry_after_s is None
    assert not caught.value.permanent
    assert len(await desk.deliver([row(1)])) == 1


@pytest.mark.asyncio
@pytest.mark.parametrize("body", [b"<html>log in</html>", b"", b"null", b'{"success": false}'])
async def test_a_200_that_is_none_of_a_receiver_delivers_nothing(body):
    answer = httpx.MockTransport(lambda _: httpx.Response(200, content=body))
    transport = SegmentTransport(
        HttpLine("http://receiver", None, lambda: NOW, answer, meaning=MEANING),
        KEY,
        DIALECT,
        LIMITS,
        skip_nobody=False,
        monotonic=lambda: 0.0,
    )
    with pytest.raises(TransportError, match="none of a receiver"):
        await transport.send([row(1)])


@pytest.mark.asyncio
async def test_the_pace_stays_below_what_a_workspace_may(monkeypatch):
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr("sync.transports.segment.transport.asyncio.sleep", sleep)
    desk = Desk(receiver(), Limits(32_000, 500_000, requests_per_s=10.0))
    for number in range(20):
        await desk.deliver([row(number)])
    assert sum(waited) >= sum(n / 10 for n in range(17))


def test_settings_keep_the_key_to_themselves_and_an_event_below_a_batch():
    read = Settings(url="https://api.segment.io", write_key=KEY)
    assert KEY not in repr(read)
    with pytest.raises(ValidationError, match="batch_bytes"):
        Settings(url="https://x", write_key=KEY, batch_bytes=1000)


class ForgetsItsIds(Dialect):
    """Known bad: leaves the id to the receiver, which assigns another one to each attempt."""

    def payload(self, row: OutboxRow) -> bytes:
        said = orjson.loads(super().payload(row))
        del said["messageId"]
        return orjson.dumps(said)


@pytest.mark.asyncio
@pytest.mark.parametrize("rig_type", [SegmentRig, RudderStackRig])
async def test_without_an_id_of_its_own_an_event_would_arrive_twice(rig_type, tmp_path):
    rig = rig_type(tmp_path)
    async with rig.opened() as transport:
        transport._dialect = ForgetsItsIds("s", "e", "UTC", "EUR", "1", {})
        await transport.send([rig.row(1)])
        await transport.send([rig.row(1)])
    assert len(rig.accepted()) == 2
