"""What stands on the tills, and how a proposal of a tablet fares there."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import timedelta

import pytest
from basket_builders import NOON, basket, line

from store_agent.domain.basket import Evaluation
from store_agent.domain.errors import NotFound
from store_agent.till_board import ProposalState, TillBoard

NOTHING = Evaluation(1, (), ())
MINUTE = timedelta(minutes=1)


@pytest.fixture
def board():
    ids = itertools.count(1)
    made = TillBoard(lambda: f"p-{next(ids)}")
    stand(made)
    return made


def stand(board, *, till="till-1", customer_id="c-1", at=NOON, txn="t-1", revision=1, **more):
    shown = replace(basket(line(unit_price=3000)), txn_id=txn, revision=revision, **more)
    board.evaluated(till, shown, customer_id, NOTHING, at)


def propose(board, till="till-1", at=NOON, customer_id="c-1", offer_id="v-1"):
    return board.propose(till, offer_id, "10 € ab 50 €", customer_id, "s-bea", at)


def answer(board, one, *, till="till-1", accepted=True, total=None, at=NOON):
    return board.answer(one.id, till, accepted=accepted, total_minor=total, now=at)


def test_the_customers_basket_is_found_on_its_till(board):
    found = board.basket_of("c-1", NOON)
    assert (found.till, found.txn_id, found.total_minor) == ("till-1", "t-1", 3000)
    assert board.basket_of("c-2", NOON) is None


def test_what_is_brought_back_lowers_the_total(board):
    lines = (line("1", 5000), line("2", 2000, is_return=True))
    stand(board, revision=2, lines=lines)
    assert board.basket_of("c-1", NOON).total_minor == 3000


def test_an_evaluation_that_comes_late_does_not_put_an_older_basket_on_the_till(board):
    stand(board, revision=3)
    stand(board, revision=2)
    assert board.basket_of("c-1", NOON).revision == 3


def test_an_evaluation_after_the_sale_opens_no_basket(board):
    board.closed("t-1")
    stand(board)
    assert board.tills(NOON) == ()


def test_another_sale_closes_nothing_here(board):
    board.closed("t-2")
    assert board.basket_of("c-1", NOON) is not None


def test_a_parked_basket_stands_only_where_it_goes_on(board):
    propose(board)
    stand(board, till="till-2", revision=2)
    assert [one.till for one in board.tills(NOON)] == ["till-2"]
    assert board.waiting("till-1", NOON) == ()
    board.closed("t-1")
    assert board.basket_of("c-1", NOON) is None


def test_a_till_that_went_silent_has_no_basket(board):
    assert board.tills(NOON + 30 * MINUTE) == ()


def test_without_the_name_of_the_till_nothing_stands_anywhere(board):
    stand(board, till="", customer_id="c-9")
    assert board.basket_of("c-9", NOON) is None


def test_a_proposal_waits_at_its_till_only(board):
    made = propose(board)
    assert board.waiting("till-1", NOON) == (made,)
    assert board.waiting("till-2", NOON) == ()


def test_a_second_tap_is_the_same_proposal(board):
    assert propose(board) == propose(board, at=NOON + MINUTE)
    assert len(board.waiting("till-1", NOON)) == 1


@pytest.mark.parametrize(("till", "customer_id"), [("till-2", "c-1"), ("till-1", "c-2")])
def test_nothing_is_proposed_to_somebody_elses_basket(board, till, customer_id):
    with pytest.raises(NotFound):
        propose(board, till, customer_id=customer_id)


@pytest.mark.parametrize(
    ("accepted", "state"), [(True, ProposalState.ACCEPTED), (False, ProposalState.DECLINED)]
)
def test_the_first_answer_stands(board, accepted, state):
    made = propose(board)
    first = answer(board, made, accepted=accepted, total=4990)
    assert (first.state, first.total_minor) == (state, 4990)
    later = NOON + 10 * MINUTE
    assert answer(board, made, accepted=not accepted, total=1, at=later) == first
    assert board.waiting("till-1", NOON) == ()
    assert board.latest("c-1", "v-1", NOON) == first


def test_no_answer_within_five_minutes_is_none(board):
    made = propose(board)
    assert board.waiting("till-1", NOON + 5 * MINUTE) == ()
    late = board.latest("c-1", "v-1", NOON + 5 * MINUTE)
    assert late.state_at(NOON + 5 * MINUTE) is ProposalState.UNANSWERED
    with pytest.raises(NotFound):
        answer(board, made, at=NOON + 5 * MINUTE)
    assert propose(board, at=NOON + 6 * MINUTE).id != made.id


def test_another_till_cannot_answer(board):
    with pytest.raises(NotFound):
        answer(board, propose(board), till="till-2")


def test_a_sale_that_is_over_ends_what_waits(board):
    made = propose(board)
    board.closed("t-1")
    assert board.latest("c-1", "v-1", NOON).state is ProposalState.UNANSWERED
    with pytest.raises(NotFound):
        answer(board, made)


def test_what_waits_does_not_reach_the_next_customer_of_the_till(board):
    propose(board)
    stand(board, customer_id="c-2", txn="t-2")
    assert board.waiting("till-1", NOON) == ()


def test_what_became_of_a_proposal_is_forgotten_after_a_while(board):
    propose(board)
    assert board.latest("c-1", "v-1", NOON + 15 * MINUTE) is None


def test_listeners_hear_of_news_and_only_of_news(board):
    heard = []
    stop = board.subscribe(heard.append)
    stand(board, at=NOON + MINUTE)
    assert heard == []
    made = propose(board)
    answer(board, made)
    answer(board, made)
    board.closed("t-1")
    assert heard == ["c-1"] * 3
    stop()
    stand(board, txn="t-2")
    assert heard == ["c-1"] * 3


def test_proposals_do_not_pile_up(board):
    for number in range(300):
        propose(board, offer_id=f"o-{number}")
    assert len(board.waiting("till-1", NOON)) == 200
