"""All states of a tiny world of lots: the design keeps its promises, and each mistake is found.

`SOAK=1` searches the bigger worlds too.
"""

import os

import pytest
from lot_model import Rules, Size, search

WORLDS = {
    "clocks that lag": Size(budget=1, ticks=2),
    "sales taken back": Size(budget=1, voids=1, ticks=0),
    "sales taken back and a lost disk": Size(budget=1, voids=1, disk_losses=1, ticks=0),
    "a budget of two": Size(budget=2, ticks=0),
    "a budget of two, a sale taken back": Size(budget=2, grants=1, voids=1, ticks=0),
}
BIG_WORLDS = {
    "a budget of two, clocks that lag": Size(budget=2, ticks=1),
    "a budget of two, two grants, a lost disk": Size(budget=2, disk_losses=1, ticks=0),
    "a budget of two, two grants, a sale taken back": Size(budget=2, voids=1, ticks=0),
}
if os.environ.get("SOAK"):
    WORLDS |= BIG_WORLDS
TIME, LOSS = Size(ticks=2), Size(disk_losses=1, ticks=0)
MISTAKES = {
    "reclaims by time": (Rules(reclaims_after=0), TIME, "I1"),
    "reclaims by time with a margin smaller than the lag": (Rules(reclaims_after=1), TIME, "I1"),
    "forgets closed lots": (Rules(remembers_closed_lots=False), Size(ticks=0), "I1"),
    "takes a grant again": (Rules(takes_a_grant_once=False), Size(ticks=0), "I1"),
    "counts a report twice": (Rules(counts_a_report_once=False), Size(ticks=0), "I3"),
    "settles a statement twice": (Rules(settles_a_statement_once=False), Size(ticks=0), "I2"),
    "keeps the epoch of a lost disk": (Rules(new_epoch_after_disk_loss=False), LOSS, "I1"),
    "frees what it wrote off": (Rules(frees_what_was_written_off=True), LOSS, "I1"),
}


@pytest.mark.timeout(600 if os.environ.get("SOAK") else 5)
@pytest.mark.parametrize("world", WORLDS)
def test_no_state_of_the_design_breaks_a_promise(world):
    found = search(Rules(), WORLDS[world])
    assert found.broken is None
    assert found.states > 2_000


@pytest.mark.parametrize("mistake", MISTAKES)
def test_every_known_mistake_is_found(mistake):
    rules, size, promise = MISTAKES[mistake]
    found = search(rules, size, promise)
    assert found.broken == promise
    assert found.depth <= 10


def test_a_lot_at_bounded_risk_loses_at_most_what_was_reclaimed():
    strict, bounded = (
        search(Rules(reclaims_after=1, bounded_risk=is_bounded), Size(grants=1))
        for is_bounded in (False, True)
    )
    assert (strict.broken, bounded.broken) == ("I1", None)
