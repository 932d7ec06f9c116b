"""Whatever comes back, in whatever parts and order: never more than was sold, and all of it ends
where it began."""

from dataclasses import dataclass
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from redemption_desk import DAY, Desk

from store_agent.domain.basket import Allocation
from store_agent.domain.offer import BudgetUnit, RestorePolicy
from store_agent.domain.rights import RedemptionState, VoucherAction, Want
from store_agent.domain.sale import Sale, SaleLine
from store_agent.offers.arithmetic import share
from store_agent.redemption.committing import Claimed, CommitRequest, commit
from store_agent.redemption.returning import ReturnLine, ReturnRequest, take_back
from store_agent.storage import redemptions, returns, sales

QUANTITIES = ("1", "2", "3", "0.5", "1.250")
PARTS = ("1", "0.5", "0.125", "2", "7")


@dataclass(frozen=True)
class Story:
    """A sale with a voucher, points paid with and earned; then returns of (line, quantity)."""

    lines: tuple[SaleLine, ...]
    discount: int
    burnt: int
    earned: int
    parts: tuple[tuple[str, Decimal], ...]


@st.composite
def stories(draw) -> Story:
    lines = tuple(
        SaleLine(f"l{n}", "A", draw(st.sampled_from(QUANTITIES)), draw(st.integers(0, 9_999)))
        for n in range(draw(st.integers(1, 4)))
    )
    worth = sum(values(lines).values())
    part = st.tuples(
        st.sampled_from([line.line_id for line in lines]), st.sampled_from(PARTS).map(Decimal)
    )
    return Story(
        lines,
        draw(st.integers(0, worth)),
        draw(st.integers(0, worth)),
        draw(st.integers(0, 500)),
        tuple(draw(st.lists(part, max_size=8))),
    )


def values(lines) -> dict[str, int]:
    return {line.line_id: int(Decimal(line.qty) * line.unit_price) for line in lines}


def spread(amount, lines) -> tuple[Allocation, ...]:
    shares = share(amount, values(lines))
    return tuple(Allocation(name, part) for name, part in sorted(shares.items()) if part)


def sell(story: Story, policy=RestorePolicy.FULL) -> Desk:
    desk = Desk(balance=100_000)
    desk.grant(amount=1_000_000, unit=BudgetUnit.MINOR)
    wants = [
        Want("o-v", story.discount, spread(story.discount, story.lines), "v-1", restore=policy),
        Want("points", story.burnt, spread(story.burnt, story.lines), points=story.burnt),
        Want("o-1", 7, spread(7, story.lines), budget=BudgetUnit.MINOR),
    ]
    sale = Sale("t", "till-1", "EUR", 0, story.lines, (), "r", DAY, desk.now, "c-1")
    claimed = tuple(Claimed(one.voucher_id or one.offer_id, one.amount_minor) for one in wants)
    judged = {one.voucher_id or one.offer_id: one for one in wants}
    desk.run(
        lambda act: commit(
            act,
            CommitRequest(
                sale, desk.asked(act, "t", "c-1"), claimed, judged, earned_points=story.earned
            ),
            act.new_id(),
        )
    )
    return desk


def bring_back(desk, name, parts):
    lines = tuple(ReturnLine(line_id, "A", qty, 0) for line_id, qty in parts)
    return desk.run(
        lambda act: take_back(act, ReturnRequest(name, "till-1", sales.get(act.tx, "t"), lines))
    )


def everything(story):
    return [(line.line_id, Decimal(line.qty)) for line in story.lines]


@settings(max_examples=80, deadline=None)
@given(stories())
def test_partial_returns_never_exceed_the_sale(story):
    desk = sell(story)
    clawed = restored = 0
    for n, part in enumerate(story.parts):
        done = bring_back(desk, f"r{n}", [part])
        assert done.clawback_points >= 0
        assert done.restored_points >= 0
        assert all(effect.amount_minor >= 0 for effect in done.effects)
        clawed, restored = clawed + done.clawback_points, restored + done.restored_points
        assert clawed <= story.earned
        assert restored <= story.burnt
        back = returns.returned(desk.db, "t")
        assert all(back.get(i, 0) <= int(qty * 1000) for i, qty in everything(story))
        for one in redemptions.of_txn(desk.db, "t"):
            assert 0 <= one.returned_minor <= one.amount_minor
    assert desk.points() == story.earned - clawed - story.burnt + restored


@settings(max_examples=80, deadline=None)
@given(stories())
def test_a_full_return_in_any_parts_restores_to_the_unit(story):
    desk = sell(story)
    done = [bring_back(desk, f"r{n}", [part]) for n, part in enumerate(story.parts)]
    done.append(bring_back(desk, "rest", everything(story)))
    assert sum(one.clawback_points for one in done) == story.earned
    assert sum(one.restored_points for one in done) == story.burnt
    given_back = [e for one in done for e in one.effects if e.voucher_id == "v-1"]
    assert sum(one.amount_minor for one in given_back) == story.discount
    assert [one.action for one in given_back].count(VoucherAction.RESTORE) == 1
    assert {one.state for one in redemptions.of_txn(desk.db, "t")} == {RedemptionState.RESTORED}
    assert (desk.points(), desk.left()) == (0, 1_000_000)
    assert bring_back(desk, "again", everything(story)).effects == ()
    assert desk.points() == 0


@settings(max_examples=40, deadline=None)
@given(stories(), st.randoms(use_true_random=False))
def test_the_order_of_returns_makes_no_difference_in_the_end(story, random):
    shuffled = list(story.parts)
    random.shuffle(shuffled)
    ends = []
    for parts in (story.parts, shuffled):
        desk = sell(story)
        for n, part in enumerate(parts):
            bring_back(desk, f"r{n}", [part])
        rows = redemptions.of_txn(desk.db, "t")
        ends.append((desk.points(), desk.left(), [(o.state, o.returned_minor) for o in rows]))
    assert ends[0] == ends[1]


@settings(max_examples=40, deadline=None)
@given(stories())
def test_a_void_after_any_returns_ends_where_it_began(story):
    desk = sell(story)
    for n, part in enumerate(story.parts):
        bring_back(desk, f"r{n}", [part])
    desk.void("t")
    assert (desk.points(), desk.left()) == (0, 1_000_000)
    assert bring_back(desk, "after", everything(story)).warnings == ("sale_was_voided",)


@pytest.mark.parametrize("policy", RestorePolicy)
def test_what_a_policy_never_gives_back_stays_spent(policy):
    story = Story((SaleLine("l0", "A", "2", 2000),), 1000, 0, 10, ())
    desk = sell(story, policy)
    bring_back(desk, "r", everything(story))
    assert redemptions.is_redeemed(desk.db, "v-1") is (policy is RestorePolicy.NEVER)
