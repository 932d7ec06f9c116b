"""Milestones, the next best article and the next deed: what is proposed, and what never is."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.insight.insight_builders import (
    CATEGORIES,
    NOW,
    TODAY,
    back,
    bought,
    buyer,
    line,
    past,
    purchases,
    shelf,
)

from store_agent.domain.catalog import Purchase
from store_agent.domain.customer import (
    CaseKind,
    Fact,
    LeftBasket,
    LeftLine,
    OpenOrder,
    Origin,
    PersonState,
    ServiceCase,
    Tier,
)
from store_agent.domain.money import Money
from store_agent.domain.offer import Benefit, BenefitKind, Voucher
from store_agent.insight.action import Action, Deed, next_action
from store_agent.insight.milestones import Milestone, MilestoneKind, milestones
from store_agent.insight.next_best import Goods, ProductReason, suggestions
from store_agent.insight.peers import Peers
from store_agent.insight.picture import picture

EVERY_WAY = dict.fromkeys(CATEGORIES, CATEGORIES)
SHELVES = {
    sku: shelf(sku, category)
    for sku, category in zip(("s-1", "s-2", "s-3", "s-4", "s-9"), CATEGORIES * 2, strict=False)
}


def kinds(found: tuple[Milestone, ...]) -> list[MilestoneKind]:
    return [one.kind for one in found]


def voucher(**fields: Any) -> Voucher:
    return Voucher("v-1", "c-1", {"de": "10 €"}, Benefit(BenefitKind.AMOUNT, 1000), **fields)


def test_the_next_two_weeks_hold_birthday_voucher_and_anniversary_in_order() -> None:
    person = buyer(
        birthday=date(1990, 11, 30),
        first_purchase_at=NOW.replace(year=2023, month=12, day=1),
        tier=Tier("Gold", "Platin", 1800, 0.9),
    )
    found = milestones(person, past(), [voucher(valid_until=NOW + timedelta(days=2))], TODAY)
    assert kinds(found) == [
        MilestoneKind.VOUCHER_ENDS,
        MilestoneKind.BIRTHDAY,
        MilestoneKind.ANNIVERSARY,
        MilestoneKind.NEXT_TIER,
    ]
    assert found[2].years == 3
    assert found[3].missing == Money(1800)


@pytest.mark.parametrize(
    "fields",
    [
        {"birthday": date(1990, 12, 10)},
        {"birthday": date(1990, 11, 19)},
        {"first_purchase_at": NOW},
        {"tier": Tier("Gold", "Platin", 1800, 0.5)},
        {"tier": Tier("Platin")},
    ],
)
def test_what_is_far_off_or_over_is_no_milestone(fields: dict[str, Any]) -> None:
    used = voucher(valid_until=NOW, redeemed_at=NOW)
    assert milestones(buyer(**fields), past(), [used, voucher()], TODAY) == ()


def test_an_article_bought_again_and_again_is_due_by_its_own_interval() -> None:
    cream = past(*(bought(days) for days in (95, 65, 35)))
    assert milestones(buyer(), cream, [], TODAY) == (
        Milestone(MilestoneKind.REORDER_DUE, TODAY - timedelta(days=5), "s-1"),
    )
    assert milestones(buyer(), past(bought(65), bought(35)), [], TODAY) == ()
    returned = past(*(bought(days) for days in (95, 65, 35)), back(30))
    assert milestones(buyer(), returned, [], TODAY) == ()


def test_a_wish_that_lies_here_comes_before_the_basket_and_before_what_goes_with_it() -> None:
    person = buyer(
        wish_list=("s-9",), basket=LeftBasket(NOW, (LeftLine("s-4", "s-4", 9900),)), viewed=("s-3",)
    )
    goods = Goods(SHELVES, {"Strick": ("Schuhe",)})
    found = suggestions(person, past(bought(30)), {"s-1"}, goods, 4)
    assert [(one.product.sku, one.reason) for one in found] == [
        ("s-9", ProductReason.WISHED),
        ("s-4", ProductReason.IN_BASKET),
        ("s-2", ProductReason.GOES_WITH),
        ("s-3", ProductReason.VIEWED),
    ]
    assert found[2].because == "s-1"


def test_only_the_customers_own_size_is_suggested_where_it_is_known() -> None:
    person = buyer(wish_list=("s-9",), facts=(Fact("size.top", "40", Origin.TOLD, NOW),))
    assert suggestions(person, past(), set(), Goods(SHELVES, {})) == ()
    wide = {"s-9": shelf("s-9", here=("38", "40"))}
    assert suggestions(person, past(), set(), Goods(wide, {}))[0].size == "40"
    assert suggestions(buyer(wish_list=("s-9",)), past(), set(), Goods(SHELVES, {}))[0].size == ""


def test_what_goes_together_is_one_idea_a_category() -> None:
    goods = Goods(
        {sku: shelf(sku, here=("38", "40")) for sku in ("a-1", "a-2")}, {"Strick": ("Schuhe",)}
    )
    found = suggestions(buyer(), past(bought(30)), {"s-1"}, goods)
    assert [one.product.sku for one in found] == ["a-1"]


def test_an_article_for_everybody_is_in_nobodys_size() -> None:
    one_size = shelf("s-9", here=("uni",))
    scarf = replace(one_size, product=replace(one_size.product, sizes=("uni",)))
    worn = past(bought(30, line("s-1", category="Schuhe", size="uni")))
    found = suggestions(buyer(wish_list=("s-9",)), worn, (), Goods({"s-9": scarf}, {}))
    assert [one.size for one in found] == [""]


@given(purchases(), st.sets(st.sampled_from(sorted(SHELVES))), st.lists(st.sampled_from("1234")))
def test_what_somebody_owns_is_never_suggested(
    made: list[Purchase], owned: set[str], wished: list[str]
) -> None:
    wishes = tuple(f"s-{number}" for number in wished)
    person = buyer(wish_list=wishes, viewed=wishes)
    found = suggestions(person, past(*made), owned, Goods(SHELVES, EVERY_WAY))
    assert owned.isdisjoint(one.product.sku for one in found)
    assert len({one.product.sku for one in found}) == len(found) <= 3


CASE = ServiceCase("case-1", CaseKind.COMPLAINT, "Naht", NOW)


def deed(person: Any, *marks: Milestone, made: tuple[Purchase, ...] = ()) -> Action | None:
    shown = suggestions(person, past(*made), (), Goods(SHELVES, EVERY_WAY))
    return next_action(person, picture(person, past(*made), Peers(), TODAY), marks, shown)


def test_a_case_and_an_order_that_waits_come_before_any_sale() -> None:
    ready = OpenOrder("o-1", "pickup", "Mantel", NOW)
    person = buyer(cases=(CASE,), open_orders=(ready,), wish_list=("s-9",))
    assert deed(person) == Action(Deed.SETTLE_CASE, "Naht")
    assert deed(replace(person, cases=())) == Action(Deed.HAND_OVER, "Mantel")
    found = deed(replace(person, cases=(), open_orders=()))
    assert found is not None
    assert found.deed is Deed.SHOW_ARTICLE


def test_a_right_that_ends_comes_before_an_article() -> None:
    ends = Milestone(MilestoneKind.VOUCHER_ENDS, TODAY)
    found = deed(buyer(wish_list=("s-9",)), ends)
    assert found == Action(Deed.USE_VOUCHER, milestone=ends)


def test_who_slips_away_is_kept_in_touch_with_when_nothing_else_is_there() -> None:
    monthly = tuple(map(bought, (170, 140, 110, 80)))
    person = buyer()
    shown = picture(person, past(*monthly), Peers(), TODAY)
    assert next_action(person, shown, (), ()) == Action(Deed.KEEP_IN_TOUCH)
    assert next_action(person, picture(person, past(), Peers(), TODAY), (), ()) is None


@pytest.mark.parametrize("state", PersonState)
def test_states_leave_no_sale(state: PersonState) -> None:
    person = buyer(states=(state,), wish_list=("s-9",))
    assert deed(person, Milestone(MilestoneKind.VOUCHER_ENDS, TODAY)) is None


def test_beside_a_gift_no_title_is_named() -> None:
    ready = OpenOrder("o-1", "pickup", "Mantel", NOW)
    gift = buyer(states=(PersonState.GIFT,), open_orders=(ready,))
    assert deed(gift) == Action(Deed.HAND_OVER)
    assert deed(replace(gift, cases=(CASE,))) is None
