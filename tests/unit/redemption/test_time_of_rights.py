"""By which clock rights end, when the box's own is wrong."""

from datetime import timedelta

import pytest
from builders import shop
from redemption_desk import Desk, offer_want, voucher_want

from store_agent.app.feed import SyncCache
from store_agent.clock import boot_id
from store_agent.domain.offer import BudgetUnit
from store_agent.domain.rights import CommitStatus, LotClass
from store_agent.redemption import lots, moment
from store_agent.redemption.moment import PlatformTime, effective_now

LOT = offer_want(budget=BudgetUnit.USE)
OTHER = offer_want("o-2", budget=BudgetUnit.USE)
HOUR = timedelta(hours=1)


def a_desk_with_an_hour_left(**more) -> Desk:
    desk = Desk()
    desk.grant("short", amount=2, spend_until=desk.now + HOUR, **more)
    desk.grant("long", "o-2", amount=2)
    return desk


def tell(desk, at, boot=None):
    told = PlatformTime(at, boot_id() if boot is None else boot)
    desk.run(lambda act: moment.trust(act.tx, told))
    return told


def test_a_jump_years_ahead_stops_what_ends_by_time_until_the_platform_tells_the_time():
    desk = a_desk_with_an_hour_left()
    right = desk.now
    desk.later(days=4000)
    desk.commit("a", OTHER)
    desk.now = right
    assert desk.left() == 0
    tell(desk, right)
    assert desk.left() == 2


def test_a_clock_that_lags_cannot_spend_what_has_ended_by_the_platforms():
    desk = a_desk_with_an_hour_left()
    tell(desk, desk.now + 2 * HOUR)
    assert desk.left() == 0


def test_after_a_reboot_nothing_at_bounded_risk_is_spent_before_the_platform_tells_the_time():
    desk = a_desk_with_an_hour_left(lot_class=LotClass.BOUNDED_RISK)
    tell(desk, desk.now, boot="the boot before")
    assert desk.left("o-1") == 0
    assert desk.left("o-2") == 2  # nobody takes a strict lot back by time
    tell(desk, desk.now)
    assert desk.left("o-1") == 2


def test_a_held_unit_at_bounded_risk_is_a_conflict_after_a_reboot():
    desk = a_desk_with_an_hour_left(lot_class=LotClass.BOUNDED_RISK)
    desk.reserve("a", LOT)
    tell(desk, desk.now, boot="the boot before")
    assert desk.commit("a", LOT).redemptions[0].lot_id is None


def test_most_pages_of_the_feed_are_no_reason_to_write():
    desk = Desk()
    told = tell(desk, desk.now)
    assert not moment.is_news(desk.db, told, desk.now)
    assert not moment.is_news(desk.db, told, desk.now + 9 * HOUR)  # the wall clock is not kept
    assert moment.is_news(desk.db, PlatformTime(desk.now + HOUR, boot_id()), desk.now)
    assert moment.is_news(desk.db, PlatformTime(desk.now - HOUR, boot_id()), desk.now)
    assert moment.is_news(desk.db, PlatformTime(desk.now, "another boot"), desk.now)


def test_a_lot_that_ended_is_closed_with_a_statement():
    desk = a_desk_with_an_hour_left()
    desk.commit("a", LOT)
    desk.later(hours=1)
    assert desk.run(lambda act: lots.close_ended(act.tx, (), act.now, act.new_id)) == 1
    assert desk.events("lot.closed") == ["store.lot.closed"]


@pytest.mark.asyncio
async def test_a_page_of_the_feed_brings_the_platforms_time(tmp_path):
    async with shop(tmp_path) as running:
        storage, now = running.agent.storage, running.clock.now()

        async def nothing(*_):
            return None

        async def acted_on():
            return await storage.read(lambda view: effective_now(view.ledger, now))

        cache = SyncCache(storage, running.clock, lambda _: None, nothing, nothing)
        await cache.apply([], "2", now + HOUR)
        assert await acted_on() == now + HOUR
        await cache.apply([], "3", now)
        assert await acted_on() == now
        await cache.apply([], "4")
        assert await acted_on() == now


def test_a_clock_set_back_does_not_revive_a_hold_that_had_ended():
    desk, voucher = Desk(), voucher_want()
    desk.reserve("a", voucher)
    desk.later(minutes=70)
    desk.reserve("b", voucher)
    desk.later(minutes=-70)
    assert desk.commit("b", voucher).status is CommitStatus.COMMITTED


def test_the_way_back_from_a_jump_revives_no_hold_and_leaves_none_for_years():
    desk, voucher, other = Desk(), voucher_want(), voucher_want("v-2")
    right = desk.now
    desk.reserve("a", voucher)
    desk.later(days=4000)
    desk.reserve("b", voucher)
    desk.reserve("c", other)
    desk.now = right
    tell(desk, right)
    assert desk.commit("b", voucher).status is CommitStatus.COMMITTED
    desk.later(minutes=16)
    assert desk.reserve("d", other).refused == ()
