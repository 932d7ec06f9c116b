"""Hold, spend, void, return: what each step leaves in the ledger."""

import pytest
from redemption_desk import DAY, Desk, offer_want, voucher_want

from store_agent.domain.greeting import OfferReason
from store_agent.domain.offer import BudgetUnit, Caps, RestorePolicy
from store_agent.domain.rights import CommitStatus, RedemptionState, VoucherAction, Want
from store_agent.redemption import conflicts, lots
from store_agent.redemption.reserving import BasketClosed, StaleRevision
from store_agent.storage import redemptions, sales

VOUCHER = voucher_want()
REDEEMED, CONFLICT = RedemptionState.REDEEMED, RedemptionState.CONFLICT


def reasons(reserved):
    return [one.reason for one in reserved.refused]


def states(desk, txn):
    return [one.state for one in redemptions.of_txn(desk.db, txn)]


def test_one_of_two_tills_gets_the_voucher():
    desk = Desk()
    assert desk.reserve("a", VOUCHER).refused == ()
    assert reasons(desk.reserve("b", VOUCHER)) == [OfferReason.RESERVED_ELSEWHERE]
    assert desk.commit("a", VOUCHER).status is CommitStatus.COMMITTED
    late = desk.commit("b", VOUCHER)
    assert (late.status, late.redemptions[0].reason) == (
        CommitStatus.CONFLICT,
        OfferReason.ALREADY_REDEEMED,
    )
    assert states(desk, "b") == [CONFLICT]


def test_a_hold_ends_by_itself_and_is_renewed_by_asking_again():
    desk = Desk()
    desk.reserve("a", VOUCHER)
    desk.later(minutes=14)
    desk.reserve("a", VOUCHER, revision=2)
    desk.later(minutes=14)
    assert reasons(desk.reserve("b", VOUCHER)) == [OfferReason.RESERVED_ELSEWHERE]
    desk.later(minutes=2)
    assert desk.reserve("b", VOUCHER).refused == ()


def test_a_sale_after_its_hold_ended_is_late_and_still_gets_what_is_free():
    desk = Desk()
    desk.reserve("a", VOUCHER)
    desk.later(hours=3)
    assert desk.commit("a", VOUCHER).status is CommitStatus.COMMITTED_LATE
    assert states(desk, "a") == [REDEEMED]


def test_a_sale_without_any_reservation_is_taken():
    assert Desk().commit("a", VOUCHER).status is CommitStatus.COMMITTED_LATE
    assert Desk().commit("a").status is CommitStatus.COMMITTED


def test_an_older_revision_holds_nothing_and_a_closed_basket_neither():
    desk = Desk()
    desk.reserve("a", VOUCHER, revision=5)
    with pytest.raises(StaleRevision):
        desk.reserve("a", VOUCHER, revision=4)
    desk.commit("a", VOUCHER)
    with pytest.raises(BasketClosed):
        desk.reserve("a", VOUCHER, revision=6)


def test_the_same_sale_under_another_key_has_no_second_effect():
    desk = Desk()
    first = desk.commit("a", VOUCHER, earned=50)
    again = desk.commit("a", VOUCHER, earned=50)
    assert (again.is_new, again.redemptions) == (False, first.redemptions)
    assert desk.points() == 50
    assert len(desk.events("redemption")) == 1


def test_an_offer_nobody_knows_is_a_conflict_not_a_refusal():
    done = Desk().commit("a", Want("no-such", 300))
    assert done.status is CommitStatus.COMMITTED_LATE  # the caller judged it to be right
    desk = Desk()
    desk.reserve("b", VOUCHER)
    (conflict,) = desk.commit("a", VOUCHER).redemptions
    assert conflict.reason is OfferReason.RESERVED_ELSEWHERE


def test_a_void_before_the_commit_lets_go_and_turns_the_commit_into_a_conflict():
    desk = Desk()
    desk.reserve("a", VOUCHER)
    assert desk.void("a").was == "open"
    assert desk.void("a").was == "voided"
    late = desk.commit("a", VOUCHER, earned=50)
    assert late.redemptions[0].reason is OfferReason.BASKET_VOIDED
    assert desk.points() == 0
    assert desk.commit("b", VOUCHER).status is CommitStatus.COMMITTED_LATE


def test_a_void_after_the_commit_reverses_everything():
    desk = Desk(balance=1000)
    desk.grant(amount=2)
    burn = Want("points:200", 200, points=200, restore=RestorePolicy.ALWAYS)
    lot = offer_want(budget=BudgetUnit.USE)
    desk.commit("a", VOUCHER, burn, lot, earned=48)
    assert (desk.points(), desk.left()) == (48 - 200, 1)
    assert desk.void("a").was == "committed"
    assert (desk.points(), desk.left()) == (0, 2)
    assert desk.reserve("b", VOUCHER).refused == ()


def test_an_unknown_void_is_a_tombstone():
    desk = Desk()
    assert desk.void("later").was == "unknown"
    assert desk.commit("later", VOUCHER).status is CommitStatus.CONFLICT


def test_a_lot_is_spent_once_and_the_next_sale_is_a_conflict():
    desk = Desk()
    desk.grant(amount=1)
    lot = offer_want(budget=BudgetUnit.USE)
    assert desk.commit("a", lot).status is CommitStatus.COMMITTED_LATE
    assert desk.commit("b", lot).redemptions[0].reason is OfferReason.BUDGET_USED_UP
    assert desk.left() == 0


def test_a_held_unit_is_not_given_to_another_basket():
    desk = Desk()
    desk.grant(amount=1)
    lot = offer_want(budget=BudgetUnit.USE)
    desk.reserve("a", lot)
    assert reasons(desk.reserve("b", lot)) == [OfferReason.BUDGET_USED_UP]
    assert desk.commit("a", lot).status is CommitStatus.COMMITTED


def test_money_out_of_two_lots_is_two_redemptions_that_add_up():
    desk = Desk()
    desk.grant("lot-1", amount=300, unit=BudgetUnit.MINOR)
    desk.grant("lot-2", amount=300, unit=BudgetUnit.MINOR)
    done = desk.commit("a", offer_want(amount=500, budget=BudgetUnit.MINOR))
    assert sorted((one.lot_id, one.units) for one in done.redemptions) == [
        ("lot-1", 300),
        ("lot-2", 200),
    ]
    assert sum(one.amount_minor for one in done.redemptions) == 500
    assert desk.left() == 100


def test_a_lot_never_comes_back_after_its_close():
    desk = Desk()
    desk.grant(amount=3)
    assert desk.close("lot-1")
    assert not desk.close("lot-1")
    assert desk.grant(amount=3) == 0
    assert desk.left() == 0
    assert desk.events("lot.closed") == ["store.lot.closed"]


def test_a_lot_of_another_store_or_epoch_is_void_here():
    desk = Desk()
    assert desk.grant(store_epoch="e0") == 0
    assert desk.grant(store_id="s2") == 0


def test_a_clock_set_back_does_not_revive_an_ended_lot():
    desk = Desk()
    desk.grant("short", amount=1, spend_until=desk.now.replace(hour=12))
    desk.grant("long", "o-2", amount=1)
    desk.later(hours=2)
    desk.commit("a", offer_want("o-2", budget=BudgetUnit.USE))
    desk.later(hours=-2)
    assert desk.left("o-1") == 0


def test_the_platform_is_asked_once_for_more():
    desk = Desk()

    def ask():
        return desk.run(
            lambda act: lots.ask_for_more(act.tx, "o-1", BudgetUnit.USE, act.now, act.new_id)
        )

    assert ask()
    assert not ask()
    desk.grant(amount=4)
    assert not ask()
    for txn in "abc":
        desk.commit(txn, offer_want(budget=BudgetUnit.USE))
    assert len(desk.events("lot.wanted")) == 2  # the sale that left a quarter has asked
    assert not ask()


def test_caps_count_what_was_redeemed_and_what_others_hold():
    desk = Desk()
    capped = offer_want(caps=Caps(per_person=2, per_store_day=3))
    desk.commit("a", capped)
    desk.reserve("b", capped)
    assert reasons(desk.reserve("c", capped)) == [OfferReason.LIMIT_PERSON]
    assert desk.reserve("d", capped, customer="c-2").refused == ()
    assert reasons(desk.reserve("e", capped, customer="c-3")) == [OfferReason.LIMIT_STORE]


def test_points_are_held_spent_and_never_below_zero():
    desk = Desk(balance=300)
    burn = Want("points:200", 200, points=200)
    desk.reserve("a", burn)
    assert reasons(desk.reserve("b", burn)) == [OfferReason.NOT_ENOUGH_POINTS]
    desk.commit("a", burn)
    assert reasons(desk.reserve("b", burn)) == [OfferReason.NOT_ENOUGH_POINTS]
    assert desk.points() == -200


@pytest.mark.parametrize(
    ("policy", "actions"),
    [
        (RestorePolicy.FULL, [VoucherAction.KEEP, VoucherAction.RESTORE]),
        (RestorePolicy.ALWAYS, [VoucherAction.PARTIAL, VoucherAction.RESTORE]),
        (RestorePolicy.NEVER, [VoucherAction.KEEP, VoucherAction.KEEP]),
    ],
)
def test_a_return_gives_back_by_the_policy_of_the_programme(policy, actions):
    desk = Desk()
    desk.commit("a", voucher_want(restore=policy), qty=2, earned=40)
    first, second = desk.take_back("r1", "a", 1), desk.take_back("r2", "a", 1)
    assert [one.effects[0].action for one in (first, second)] == actions
    assert [one.effects[0].amount_minor for one in (first, second)] == [500, 500]
    assert (first.clawback_points, second.clawback_points) == (20, 20)
    free = desk.reserve("b", VOUCHER).refused == ()
    assert free is (policy is not RestorePolicy.NEVER)


def test_no_more_comes_back_than_was_sold():
    desk = Desk()
    desk.commit("a", VOUCHER, qty=2, earned=41)
    assert desk.take_back("r1", "a", 5).warnings == ("more_than_sold:1",)
    again = desk.take_back("r2", "a", 1)
    assert (again.clawback_points, again.effects) == (0, ())
    assert desk.points() == 0


def test_the_same_return_twice_is_answered_alike():
    desk = Desk()
    desk.commit("a", VOUCHER, qty=2, earned=41)
    assert desk.take_back("r1", "a", 1) == desk.take_back("r1", "a", 1)
    assert desk.points() == 21


def test_a_blind_return_gives_nothing_back():
    assert Desk().take_back("r1", "never-sold", 1).warnings == ("unknown_sale",)


def test_a_return_and_then_a_void_end_at_zero():
    desk = Desk()
    desk.commit("a", VOUCHER, qty=3, earned=41)
    desk.take_back("r1", "a", 1)
    desk.void("a")
    assert desk.points() == 0


def test_the_manager_sees_a_conflict_until_somebody_has_looked():
    desk = Desk()
    desk.commit("a", VOUCHER)
    desk.commit("b", VOUCHER)
    (one,) = conflicts.open_ones(desk.db)
    assert (one.txn_id, one.reason) == ("b", OfferReason.ALREADY_REDEEMED)
    assert conflicts.mark_seen(desk.db, one.id, desk.now)
    assert conflicts.open_ones(desk.db) == []
    assert not conflicts.mark_seen(desk.db, "no-such", desk.now)


def test_a_receipt_leads_to_its_sale():
    desk = Desk()
    desk.commit("a", VOUCHER)
    assert sales.by_receipt(desk.db, "till-1", DAY, "r-a").txn_id == "a"
    assert sales.by_receipt(desk.db, "till-2", DAY, "r-a") is None


def test_a_crash_before_the_commit_leaves_nothing():
    desk = Desk()
    desk.commit("a", VOUCHER, crash=True)
    assert desk.events() == []
    assert desk.reserve("b", VOUCHER).refused == ()
