"""External events: what is sent, in which form, in which order, and what becomes of errors."""

import pytest
from emarsys_shop import ANNA, BEN, NOBODY, EmarsysShop, deliver, row

from sync.errors import TransportError
from sync.transports.base import ResultStatus

pytestmark = pytest.mark.asyncio


async def test_a_scan_becomes_an_external_event_of_the_contact():
    shop = EmarsysShop()
    results = await shop.transport().send([row(1, lane="till-0")])
    assert [one.status for one in results] == [ResultStatus.ACCEPTED]
    one = shop.account.triggered[0]
    assert (one.event, one.contact, one.trigger_id) == ("store_scan", ANNA, "e0001")
    assert one.data == {
        "lane": "till-0",
        "store": "s1",
        "event_id": "e0001",
        "event_type": "store.scan.recorded",
        "occurred_at": "2026-11-21T09:41:00.000Z",
    }
