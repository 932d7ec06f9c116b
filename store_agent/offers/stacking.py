"""The best deal among offers that may not all stand together. Pure and deterministic.

Everything outside groups and not exclusive is applied. Of each group one is, and an exclusive offer
competes with all the rest. Choices are tried exactly while there are few, else group by group until
nothing gets better: bounded in steps, never in time, so that the same basket gets the same answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod

from store_agent.offers.arithmetic import Ware
from store_agent.offers.benefits import BY_HAND, EARNING, Given, give
from store_agent.offers.candidates import Candidate

MAX_EXACT = 64  # combinations tried one by one: a few milliseconds for 30 lines
MAX_ROUNDS = 2  # of improving group by group
CLOSE_CALLS = 4  # candidates of one group that are looked at again beside the others


@dataclass(frozen=True, slots=True)
class Deal:
    """What is applied, in order of application. `is_complete`: nothing better was left untried."""

    chosen: tuple[tuple[Candidate, Given], ...]
    worth_minor: int  # what the customer has of it
    is_complete: bool = True


def best_deal(candidates: Sequence[Candidate], wares: tuple[Ware, ...]) -> Deal:
    """The allowed set with the largest worth; of equal ones the higher priority, then the id."""
    ordered = sorted(candidates, key=_order)
    exclusive = [one for one in ordered if one.stacking.exclusive]
    together = _best_together([one for one in ordered if not one.stacking.exclusive], wares)
    deals = [together, *(apply((one,), wares) for one in exclusive)]
    best = max(deals, key=lambda deal: deal.worth_minor)  # the first of equal ones
    return Deal(best.chosen, best.worth_minor, together.is_complete)


def apply(candidates: Sequence[Candidate], wares: tuple[Ware, ...]) -> Deal:
    """Apply all of them, one after the other, to what is left of each line."""
    left = {ware.line_id: ware.value_minor for ware in wares}
    chosen, worth = [], 0
    for candidate in sorted(candidates, key=_order):
        given = give(candidate.benefit, candidate.scope, left)
        for line_id, part in given.shares.items():
            left[line_id] -= part
        chosen.append((candidate, given))
        worth += given.worth_minor
    return Deal(tuple(chosen), worth)


def has_effect(candidate: Candidate, given: Given) -> bool:
    """Something is taken off, earned, or handed over."""
    return given.worth_minor > 0 or candidate.benefit.kind in BY_HAND


def _order(candidate: Candidate) -> tuple[bool, bool, int, str]:
    """Points are earned on what is paid in the end; articles come before the whole basket."""
    late = candidate.benefit.kind in EARNING
    return (late, candidate.whole_basket, -candidate.priority, candidate.id)


def _best_together(candidates: list[Candidate], wares: tuple[Ware, ...]) -> Deal:
    free = [one for one in candidates if not one.stacking.group]
    groups: dict[str, list[Candidate]] = {}
    for one in candidates:
        if one.stacking.group:
            groups.setdefault(one.stacking.group, []).append(one)
    alone = _alone((one for group in groups.values() for one in group), wares)
    choices = [_by_worth(groups[name], alone) for name in sorted(groups)]
    if prod(len(group) for group in choices) <= MAX_EXACT:
        return _exact(free, choices, wares)
    return _improved(free, [group[:CLOSE_CALLS] for group in choices], wares, alone)


def _by_worth(group: list[Candidate], alone: Mapping[str, int]) -> list[Candidate]:
    """A group's candidates, what gives most by itself first."""
    return sorted(group, key=lambda one: (-alone[one.id], _order(one)))


def _alone(candidates: Iterable[Candidate], wares: tuple[Ware, ...]) -> dict[str, int]:
    """What each would be worth by itself."""
    full = {ware.line_id: ware.value_minor for ware in wares}
    return {one.id: give(one.benefit, one.scope, full).worth_minor for one in candidates}


def _exact(free: list[Candidate], choices: list[list[Candidate]], wares: tuple[Ware, ...]) -> Deal:
    deals = (apply((*free, *picked), wares) for picked in product(*choices))
    return max(deals, key=lambda deal: deal.worth_minor)


def _improved(
    free: list[Candidate],
    choices: list[list[Candidate]],
    wares: tuple[Ware, ...],
    alone: Mapping[str, int],
) -> Deal:
    """Group by group, try whoever alone gives more than the group's pick does beside the others."""
    picked = [group[0] for group in choices]
    best = apply((*free, *picked), wares)
    for _ in range(MAX_ROUNDS):
        before = best.worth_minor
        for place, group in enumerate(choices):
            given = {one.id: part.worth_minor for one, part in best.chosen}
            for one in group:
                if one is picked[place] or alone[one.id] <= given[picked[place].id]:
                    continue
                tried = [*picked[:place], one, *picked[place + 1 :]]
                deal = apply((*free, *tried), wares)
                if deal.worth_minor > best.worth_minor:
                    best, picked = deal, tried
                    break
        if best.worth_minor == before:
            break
    return Deal(best.chosen, best.worth_minor, is_complete=False)
