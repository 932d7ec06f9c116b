"""Two tills, two shops, a platform: crashes, replays, any order. The promises hold at every step.

`SOAK=1` searches longer. A known mistake in the code of the box has a story that ends badly.
"""

import os
import sqlite3
from collections.abc import Callable
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from rights_machine import RightsMachine
from rights_world import STRICT, Request, SampleCentre

from store_agent.redemption import escrow, standing
from store_agent.storage import lots, redemptions, reservations, returns, sales

SOAK = bool(os.environ.get("SOAK"))


def search(machine, examples, steps=50):
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            derandomize=not SOAK,
            database=None,
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.timeout(3600 if SOAK else 30)
def test_no_order_of_events_breaks_a_promise():
    search(RightsMachine, 5000 if SOAK else 120)


class Sampled(RightsMachine):
    """With the rules of the sample platform."""

    make_centre = SampleCentre


@pytest.mark.timeout(3600 if SOAK else 60)
def test_no_order_of_events_breaks_a_promise_of_the_sample_platform():
    search(Sampled, 2000 if SOAK else 60)


class Deaf(RightsMachine):
    """Its platform counts whatever comes, as often as it comes."""

    def __init__(self) -> None:
        super().__init__()
        self.centre.dedupes = False


@pytest.mark.timeout(30)
def test_the_same_search_sees_a_platform_that_does_not_deduplicate():
    with pytest.raises(AssertionError):
        search(Deaf, 100)


def reserve(world, txn, *ids, till="till-1"):
    return world.reserve("s1", till, txn, ids, 1)


def commit(world, txn, *ids, shop="s1"):
    return world.commit(shop, "till-1", txn, ids)


def a_grant_comes_after_its_close(world):
    commit(world, "a", STRICT)
    world.take_a_lot_back(0, by_time=False)
    world.hear_the_feed("s1", 4)
    world.hear_the_feed("s1", 0)
    commit(world, "b", STRICT)


def a_sale_is_told_twice(world):
    world.replay(commit(world, "a", "v-1"), anew=True)


def two_tills_want_one_voucher(world):
    reserve(world, "a", "v-1")
    reserve(world, "b", "v-1", till="till-2")


def two_tills_want_the_last_unit(world):
    reserve(world, "a", STRICT)
    reserve(world, "b", STRICT, till="till-2")


def a_voucher_is_spent_after_it_was_given_back(world):
    world.move_a_voucher("v-1", "s2", is_heard=True)
    commit(world, "a", "v-1")


def a_voucher_is_paid_with_twice(world):
    commit(world, "a", "v-1")
    commit(world, "b", "v-1")


def a_void_comes_before_its_commit(world):
    world.void_what_nobody_knows("s1", "a")
    commit(world, "a", "v-1")


def an_old_grant_reaches_a_new_ledger(world):
    commit(world, "a", STRICT)
    world.lose_the_disk("s1")
    commit(world, "b", STRICT)


def a_voucher_outlives_the_ledger_that_spent_it(world):
    commit(world, "a", "v-1")
    world.lose_the_disk("s1")
    commit(world, "b", "v-1")


def everything_comes_back_piece_by_piece(world):
    sale = commit(world, "a", "v-1")
    for n in (1, 2, 3):
        world.take_back(sale, n)
    shop = world.shops["s1"]
    assert shop.rows("SELECT sum(points) FROM points") == [(0,)], "points were made up"
    assert shop.rows("SELECT state FROM redemptions") == [("restored",)]


def a_till_asks_with_an_old_basket(world):
    reserve(world, "a", "v-1")
    request = Request("reserve", "till-1", "s1-a", (), revision=0)
    assert world.ask("s1", request) == {}, "an old basket let go of what a newer one holds"


def known_while_open(connection, lot_id):
    lot = lots.get(connection, lot_id)
    return lot is not None and lot.state == "active"


def insert_again(tx, grant, at, insert=lots.insert):
    tx.execute("DELETE FROM lots WHERE lot_id = ?", (grant.lot_id,))
    insert(tx, grant, at)


def record_again(tx, sale, event_id, record=sales.record):
    record(tx, sale, event_id)
    return True


def without_revision(connection, txn_id, get=reservations.get):
    found = get(connection, txn_id)
    return None if found is None else type(found)(**{**_fields(found), "revision": 0})


def _fields(one):
    return {name: getattr(one, name) for name in type(one).__dataclass_fields__}


class Mistake(NamedTuple):
    """What is broken on purpose, and the story that shows it."""

    story: Callable[[RightsMachine], None]
    broken: tuple[tuple[object, str, Callable], ...]


MISTAKES = {
    "closed lots are forgotten": Mistake(
        a_grant_comes_after_its_close,
        ((lots, "is_known", known_while_open), (lots, "insert", insert_again)),
    ),
    "a sale is recorded again": Mistake(a_sale_is_told_twice, ((sales, "record", record_again),)),
    "holds of vouchers are ignored": Mistake(
        two_tills_want_one_voucher, ((reservations, "held_vouchers", lambda *_a, **_k: set()),)
    ),
    "holds of lots are ignored": Mistake(
        two_tills_want_the_last_unit, ((lots, "held", lambda *_: 0),)
    ),
    "what was given back is forgotten": Mistake(
        a_voucher_is_spent_after_it_was_given_back,
        ((reservations, "is_released", lambda *_: False),),
    ),
    "what was redeemed is forgotten": Mistake(
        a_voucher_is_paid_with_twice, ((redemptions, "is_redeemed", lambda *_: False),)
    ),
    "tombstones are ignored": Mistake(
        a_void_comes_before_its_commit, ((reservations, "is_void", lambda *_: False),)
    ),
    "lots of any epoch are taken": Mistake(
        an_old_grant_reaches_a_new_ledger,
        ((escrow, "may_take_in", lambda *_, is_known: not is_known),),
    ),
    "vouchers of any epoch are redeemed": Mistake(
        a_voucher_outlives_the_ledger_that_spent_it,
        ((standing, "is_of_this_ledger", lambda *_: True),),
    ),
    "returns forget what came back before": Mistake(
        everything_comes_back_piece_by_piece, ((returns, "returned", lambda *_: {}),)
    ),
    "revisions are ignored": Mistake(
        a_till_asks_with_an_old_basket, ((reservations, "get", without_revision),)
    ),
}


def tell(story):
    world = RightsMachine()
    world.hand_out()
    story(world)
    world.every_promise()
    world.teardown()


@pytest.mark.parametrize("mistake", MISTAKES)
def test_every_story_ends_well(mistake):
    tell(MISTAKES[mistake].story)


@pytest.mark.parametrize("mistake", MISTAKES)
def test_every_known_mistake_is_noticed(mistake, monkeypatch):
    story, broken = MISTAKES[mistake]
    for module, name, wrong in broken:
        monkeypatch.setattr(module, name, wrong)
    # The unique index on accepted redemptions, the last line of defence, raises by itself.
    with pytest.raises((AssertionError, sqlite3.IntegrityError)):
        tell(story)
