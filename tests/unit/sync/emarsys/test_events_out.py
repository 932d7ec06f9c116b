"""External events: what is sent, in which form, in which order, and what becomes of errors."""

from datetime import datetime

import orjson
import pytest
from emarsys_shop import ANNA, BEN, NOBODY, EmarsysShop, deliver, row

from sync.delivery import Stale
from sync.errors import PostponedError, TransportError
from sync.fake_emarsys import Fault, LineFault
from sync.transports.base import ResultStatus
from sync.transports.emarsys.kind import STALE_AFTER_S

pytestmark = pytest.mark.asyncio

ZONE = "store.zone.entered"


def triggers(shop: EmarsysShop) -> int:
    return sum(one.endswith("/trigger") for one in shop.account.requests)


async def test_a_scan_becomes_an_external_event_of_the_contact():
    shop = EmarsysShop()
    results = await shop.transport().send([row(1, lane="till-0")])
    assert [one.status for one in results] == [ResultStatus.ACCEPTED]
    one = shop.account.triggered[0]
    assert (one.event, one.contact, one.trigger_id) == ("store_scan", ANNA, "e0001")
    assert one.event_time == "2026-11-21T09:41:00.000Z"
    assert one.data == {
        "lane": "till-0",
        "store": "s1",
        "event_id": "e0001",
        "event_type": "store.scan.recorded",
        "occurred_at": "2026-11-21T09:41:00.000Z",
    }


async def test_the_time_of_an_event_is_put_right_where_the_boxs_clock_was_wrong():
    shop = EmarsysShop()
    await deliver(shop.transport(), [row(1, offset_s=3600.0)])
    assert shop.account.triggered[0].event_time == "2026-11-21T10:41:00.000Z"


async def test_what_concerns_nobody_and_what_nobody_asked_for_is_left_out():
    shop = EmarsysShop()
    rows = [row(1, subject=None), row(2, "store.fences.changed"), row(3)]
    results = await deliver(shop.transport(), rows)
    assert [one.status for one in results] == ["skipped", "skipped", "accepted"]
    assert [one[2] for one in shop.effects()] == ["e0003"]


async def test_events_can_be_named_left_out_and_pointed_at_by_id():
    shop = EmarsysShop()
    number = shop.account.add_event("an old one")
    events = {"store.scan.recorded": number, "store.visit.ended": "bye", ZONE: ""}
    transport = shop.transport(events=events)
    await deliver(transport, [row(1), row(2, "store.visit.ended"), row(3, ZONE)])
    assert [one[0] for one in shop.effects()] == ["an old one", "bye"]


async def test_an_event_that_is_missing_in_the_account_is_an_alarm_until_somebody_makes_it():
    shop = EmarsysShop()
    transport = shop.transport(create_events=False, events={})
    with pytest.raises(TransportError) as caught:
        await transport.send([row(1)])
    assert caught.value.permanent
    assert "store_scan" in str(caught.value)
    for name in shop.settings().event_names.values():
        shop.account.add_event(str(name))
    await deliver(transport, [row(1)])
    assert len(shop.account.triggered) == 1


async def test_many_contacts_share_a_call():
    shop = EmarsysShop()
    people = [f"p{n}" for n in range(200)]
    for one in people:
        shop.account.create({shop.key: one})
    rows = [row(n, subject=one) for n, one in enumerate(people)]
    await deliver(shop.transport(), rows)
    assert len(shop.account.triggered) == 200
    assert triggers(shop) == 1


async def test_events_of_one_contact_keep_their_order_across_calls():
    shop = EmarsysShop()
    kinds = ["store.visit.started", "store.scan.recorded", ZONE, "store.scan.recorded"]
    rows = [
        row(10 * n + who, kind, subject)
        for n, kind in enumerate(kinds)
        for who, subject in enumerate((ANNA, BEN))
    ]
    await deliver(shop.transport(), rows)
    for subject in (ANNA, BEN):
        sent = [one.trigger_id for one in shop.account.triggered if one.contact == subject]
        assert sent == [one.id for one in rows if one.subject == subject]
    assert triggers(shop) == 4


async def test_an_unknown_contact_is_put_aside_and_holds_nobody_up():
    shop = EmarsysShop()
    results = await deliver(shop.transport(), [row(1, subject=NOBODY), row(2), row(3)])
    assert [one.delivered for one in results] == [False, True, True]
    assert (results[0].permanent, results[0].code) == (True, "emarsys_2008")
    assert NOBODY not in results[0].reason


async def test_an_unknown_contact_is_created_where_the_settings_say_so():
    shop = EmarsysShop()
    rows = [row(1, subject=NOBODY), row(2), row(3, subject=NOBODY)]
    results = await deliver(shop.transport(create_contacts=True), rows)
    assert all(one.delivered for one in results)
    assert len(shop.account.find(shop.key, NOBODY)) == 1
    assert len(shop.account.triggered) == 3


async def test_several_contacts_for_one_customer_need_a_person():
    shop = EmarsysShop()
    shop.account.create({shop.key: ANNA})
    results = await deliver(shop.transport(create_contacts=True), [row(1)])
    assert (results[0].permanent, results[0].code) == (True, "emarsys_2010")


async def test_one_entry_that_spoils_the_whole_call_is_found():
    shop = EmarsysShop()
    people = [f"p{n}" for n in range(40)]
    for one in people:
        shop.account.create({shop.key: one})
    shop.account.refused["e0017"] = 5011
    rows = [row(n, subject=one) for n, one in enumerate(people)]
    results = await deliver(shop.transport(), rows)
    assert [one.id for one in results if not one.delivered] == ["e0017"]
    assert len(shop.account.triggered) == 39


async def test_names_that_mean_something_else_over_there_are_renamed():
    shop = EmarsysShop()
    await deliver(shop.transport(), [row(1, ems_event_time="x", store="y", lane="z")])
    data = shop.account.triggered[0].data
    assert (data["shop_ems_event_time"], data["shop_store"], data["lane"]) == ("x", "y", "z")
    assert "ems_event_time" not in data
    assert data["store"] == "s1"


async def test_an_event_with_nothing_attached_is_delivered_with_a_warning(caplog):
    shop = EmarsysShop()
    shop.account.unattached.add(shop.account.add_event("store_scan"))
    results = await deliver(shop.transport(), [row(1)])
    assert results[0].delivered
    assert "nothing attached" in caplog.text
    assert ANNA not in caplog.text


async def test_what_is_not_json_is_put_aside():
    shop = EmarsysShop()
    rows = [row(1)._replace(data=b"{torn"), row(2)._replace(data=b"[]"), row(3)]
    results = await deliver(shop.transport(), rows)
    assert [one.code for one in results] == ["unreadable", "unreadable", ""]


async def test_more_than_a_megabyte_is_never_sent():
    shop = EmarsysShop()
    long = row(1)._replace(data=orjson.dumps({"x": "y" * 1_100_000}))
    results = await deliver(shop.transport(), [long, row(2)])
    assert [one.code for one in results] == ["too_large", ""]


async def test_a_missing_permission_stops_and_names_itself():
    shop = EmarsysShop()
    transport = shop.transport()
    await deliver(transport, [row(1)])
    shop.account.forbidden.add("event/")
    with pytest.raises(TransportError) as caught:
        await transport.send([row(2)])
    assert caught.value.permanent
    assert "POST /event/…/trigger" in caught.value.hint


@pytest.mark.parametrize("fault", [Fault.BROKEN, Fault.BAD_GATEWAY, Fault.UNAVAILABLE, Fault.BUSY])
async def test_after_a_fault_the_same_comes_again_and_acts_once(fault):
    shop = EmarsysShop()
    transport = shop.transport()
    await deliver(transport, [row(1)])
    shop.account.faults = [fault]
    with pytest.raises(TransportError) as caught:
        await transport.send([row(2)])
    assert not caught.value.permanent
    shop.clock.pass_s(60)
    await deliver(transport, [row(2)])
    assert [one[2] for one in shop.effects()] == ["e0001", "e0002"]


async def test_a_429_without_retry_after_is_waited_for_by_emarsys_clock():
    shop = EmarsysShop()
    shop.clock.pass_s(22)
    transport = shop.transport()
    await deliver(transport, [row(1)])
    shop.account.faults = [Fault.BUSY]
    with pytest.raises(PostponedError) as caught:
        await transport.send([row(2)])
    assert caught.value.retry_after_s == 38
    asked = len(shop.account.requests)
    with pytest.raises(PostponedError):
        await transport.send([row(2)])
    assert len(shop.account.requests) == asked


async def test_the_ceiling_is_kept_without_being_told():
    shop = EmarsysShop()
    transport = shop.transport(requests_per_minute=60)
    await deliver(transport, [row(1)])
    used = len(shop.account.requests) - 1  # the token is not fetched from the API
    await deliver(transport, [row(2 + n) for n in range(60 - used)])
    with pytest.raises(PostponedError) as caught:
        await transport.send([row(98)])
    assert caught.value.retry_after_s == 60
    shop.clock.pass_s(60)
    await deliver(transport, [row(99)])


async def test_a_lost_answer_is_asked_again_and_acts_once():
    shop = EmarsysShop()
    transport = shop.transport()
    await deliver(transport, [row(1)])
    for fault in (LineFault.LOST_ANSWER, LineFault.TOO_SLOW, LineFault.LOST_REQUEST):
        shop.line.append(fault)
        with pytest.raises(TransportError):
            await transport.send([row(2)])
    await deliver(transport, [row(2)])
    assert [one[2] for one in shop.effects()] == ["e0001", "e0002"]


async def test_trouble_in_the_middle_answers_the_head_and_sends_nothing_twice():
    shop = EmarsysShop()
    transport = shop.transport()
    await deliver(transport, [row(1)])
    before = triggers(shop)
    rows = [row(2), row(3, ZONE), row(4, subject=BEN)]
    # The scans of both go in one call; Anna's zone must wait for it, and its call is lost.
    shop.line += [LineFault.NONE, LineFault.LOST_REQUEST]
    head = await transport.send(rows)
    assert [one.id for one in head] == ["e0002"]
    rest = await deliver(transport, rows[1:])
    assert [one.id for one in rest] == ["e0003", "e0004"]
    assert triggers(shop) - before == 2
    assert len(shop.effects()) == 4


class HourOld:
    """Everything happened an hour ago."""

    def least_age_s(self, occurred_at, segment) -> float:
        return 3600.0


async def test_presence_grows_stale_and_facts_do_not():
    shop = EmarsysShop()
    kinds = [ZONE, "store.approach.changed", "store.visit.started", "store.scan.recorded"]
    rows = [
        row(n, kind)._replace(clock=1) for n, kind in enumerate([*kinds, "store.sale.recorded"])
    ]
    old = Stale(STALE_AFTER_S).among(rows, shop.ledger.connection, HourOld())
    assert [one.type for one in rows if one.seq not in old] == [
        "store.scan.recorded",
        "store.sale.recorded",
    ]


async def test_without_that_rule_an_account_would_hear_of_visitors_who_have_left():
    """The fake can see: it knows when an event arrived, and when it happened."""
    shop = EmarsysShop()
    shop.clock.pass_s(3600)
    nothing = Stale().among([row(1, ZONE)._replace(clock=1)], shop.ledger.connection, HourOld())
    assert nothing == frozenset()
    await deliver(shop.transport(), [row(1, ZONE)])
    one = shop.account.triggered[0]
    late_s = (one.arrived_at - datetime.fromisoformat(one.event_time)).total_seconds()
    assert late_s > STALE_AFTER_S["store.zone."]
