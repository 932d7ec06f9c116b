"""Who plays which part: fixed roles by customer number, so that every demo has all of them.

The first `LEADS` customers can be shown to anybody: reachable, consented, in no special state.
After them, roles come back every `ROUND` customers.
"""

from __future__ import annotations

from bisect import bisect_right

VOUCHER_OWNERS = 20  # the first ones, each with exactly one voucher for any basket from 50 EUR
ROTATING_OWNERS = 16  # the next ones carry a rotating pass
LEADS = 60
ROUND = 200
_COLLECTS_EVERY = 3  # of the leads without such a voucher: 14 who come by car for an order

LIFECYCLES = ("lead", "first_time", "active", "lapsing", "lapsed", "won_back")
_LIFECYCLE_SHARES = (0.08, 0.20, 0.62, 0.76, 0.92)  # cumulated; the rest won back
# The cast's own order, so that the first scans of a demo show every tone.
_LEADS_LIFECYCLES = ("active", "lapsed", "lead", "active", "first_time", "won_back", "lapsing")

_STATES = {
    17: "not_this_person",
    41: "do_not_approach",
    67: "gift",
    93: "under_16",
    119: "deceased",
    143: "colleague",
}
_PASS_FAULTS = {29: "voided", 71: "expired", 113: "not_yet_valid"}
_BIRTHDAYS = {3: 0, 8: 2, 14: 5}  # round position -> days until the birthday
_COMPLAINS = 45  # of the leads: an open complaint
_BASKET_EVERY = 3  # of the leads


def lifecycle(index: int, share: float) -> str:
    """The stage of customer `index`; beyond the cast by chance."""
    if index < LEADS:
        return _LEADS_LIFECYCLES[index % len(_LEADS_LIFECYCLES)]
    return LIFECYCLES[bisect_right(_LIFECYCLE_SHARES, share)]


def state(index: int) -> str | None:
    """The special state (capability A11) of customer `index`, if any."""
    return _STATES.get(index % ROUND) if index >= LEADS else None


def pass_fault(index: int) -> str | None:
    """What is wrong with the pass of customer `index`, if anything."""
    return _PASS_FAULTS.get(index % ROUND) if index >= LEADS else None


def days_to_birthday(index: int) -> int | None:
    """Days until the birthday where the cast says so: in every round some today or this week."""
    return _BIRTHDAYS.get(index % ROUND)


def collects(index: int) -> bool:
    """Whether customer `index` has an order ready and lets the shop notice them on the way."""
    return VOUCHER_OWNERS <= index < LEADS and index % _COLLECTS_EVERY == 2


def complains(index: int) -> bool:
    """Whether customer `index` waits for an answer to a complaint."""
    return index == _COMPLAINS


def left_a_basket(index: int) -> bool:
    """Whether customer `index` left a basket online, beside those who do so by chance."""
    return index < LEADS and index % _BASKET_EVERY == 0
