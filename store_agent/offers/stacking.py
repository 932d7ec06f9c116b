"""The best deal among offers that may not all stand together. Pure and deterministic.

Everything outside groups and not exclusive is applied. Of each group one is, and an exclusive offer
competes with all the rest. Choices are tried exactly while there are few, else group by group until
nothing gets better: bounded in steps, never in time, so that the same basket gets the same answer.

A choice is judged by what it changes: offers on lines that it does not reach keep what they give.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle, product
from math import prod

from store_agent.offers.arithmetic import Ware
from store_agent.offers.benefits import BY_HAND, EARNING, NOTHING, Given, give
from store_agent.offers.candidates import Candidate

MAX_EXACT = 64  # combinations tried one by one: a few milliseconds for 30 lines
MAX_SWAPS = 36  # tried where there are more combinations than that
CLOSE_CALLS = 6  # candidates of one group that are looked at again beside the others


@dataclass(frozen=True, slots=True)
class Deal:
    """What is applied, in order of application. `is_complete`: nothing better was left untried."""

    chosen: tuple[tuple[Candidate, Given], ...]
    worth_minor: int  # what the customer has of it
    is_complete: bool = True


def best_deal(candidates: Sequence[Candidate], wares: tuple[Ware, ...]) -> Deal:
    """The allowed set with the largest worth; of equal ones the higher priority, then the id."""
    ordered = sorted(candidates, key=_order)
    alone = _alone(ordered, wares)
    together = _best_together([one for one in ordered if not one.stacking.exclusive], wares, alone)
    exclusive = [one for one in ordered if one.stacking.exclusive]
    first = max(exclusive, key=lambda one: alone[one.id], default=None)  # the first of equal ones
    if first is None or alone[first.id] <= together.worth_minor:
        return together
    best = apply((first,), wares)
    return Deal(best.chosen, best.worth_minor, together.is_complete)


def apply(candidates: Sequence[Candidate], wares: tuple[Ware, ...]) -> Deal:
    """Apply all of them, one after the other, to what is left of each line."""
    left = _full(wares)
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


def _full(wares: tuple[Ware, ...]) -> dict[str, int]:
    return {ware.line_id: ware.value_minor for ware in wares}


def _alone(candidates: Iterable[Candidate], wares: tuple[Ware, ...]) -> dict[str, int]:
    """What each would be worth by itself."""
    full = _full(wares)
    return {one.id: give(one.benefit, one.scope, full).worth_minor for one in candidates}


def _best_together(
    candidates: list[Candidate], wares: tuple[Ware, ...], alone: Mapping[str, int]
) -> Deal:
    free = [one for one in candidates if not one.stacking.group]
    groups: dict[str, list[Candidate]] = {}
    for one in candidates:
        if one.stacking.group:
            groups.setdefault(one.stacking.group, []).append(one)
    choices = [_by_worth(groups[name], alone) for name in sorted(groups)]
    if prod(len(group) for group in choices) <= MAX_EXACT:
        return _exact(free, choices, wares)
    return _improved(free, [group[:CLOSE_CALLS] for group in choices], wares, alone)


def _by_worth(group: list[Candidate], alone: Mapping[str, int]) -> list[Candidate]:
    """A group's candidates, what gives most by itself first."""
    return sorted(group, key=lambda one: (-alone[one.id], _order(one)))


def _exact(free: list[Candidate], choices: list[list[Candidate]], wares: tuple[Ware, ...]) -> Deal:
    deals = (apply((*free, *picked), wares) for picked in product(*choices))
    return max(deals, key=lambda deal: deal.worth_minor)


def _improved(
    free: list[Candidate],
    choices: list[list[Candidate]],
    wares: tuple[Ware, ...],
    alone: Mapping[str, int],
) -> Deal:
    """Group by group, try whoever alone gives more than the group's pick does beside the others.

    Ends when a whole round brings nothing, or after `MAX_SWAPS`.
    """
    picked = [group[0] for group in choices]
    best = LineUp(apply((*free, *picked), wares), wares)
    swaps, idle = 0, 0
    for place in cycle(range(len(choices))):
        out, given = picked[place], best.worth_of(picked[place])
        others = [one for one in choices[place] if one is not out and alone[one.id] > given]
        gains = [(best.gain(out, one), -number) for number, one in enumerate(others)]
        gain, number = max(gains, default=(0, 0))
        swaps, idle = swaps + len(gains), idle + 1
        if gain > 0:
            picked[place], idle = others[-number], 0
            best = LineUp(apply((*free, *picked), wares), wares)
        if idle == len(choices) or swaps >= MAX_SWAPS:
            break
    return Deal(best.deal.chosen, best.deal.worth_minor, is_complete=False)


@dataclass(frozen=True, slots=True)
class _Step:
    """One offer of a deal, and what every line was still worth when its turn came."""

    candidate: Candidate
    given: Given
    left: Mapping[str, int]
    lines: frozenset[str]


class LineUp:
    """A deal, ready to be asked what a swap would bring."""

    __slots__ = ("_order", "_steps", "_wares_left", "deal")

    def __init__(self, deal: Deal, wares: tuple[Ware, ...]) -> None:
        """Go through the deal once and remember what was left at each step."""
        self.deal = deal
        self._steps: list[_Step] = []
        left = _full(wares)
        for candidate, given in deal.chosen:
            self._steps.append(_Step(candidate, given, left, _lines(candidate)))
            if given.shares:
                left = dict(left)
                for line_id, part in given.shares.items():
                    left[line_id] -= part
        self._wares_left = left
        self._order = [_order(candidate) for candidate, _ in deal.chosen]

    def worth_of(self, candidate: Candidate) -> int:
        """What it gives in this deal."""
        return self._steps[self._place(candidate)].given.worth_minor

    def gain(self, out: Candidate, into: Candidate) -> int:
        """How much more the deal would be worth with `into` instead of `out`."""
        leaves, enters = self._place(out), self._place(into)
        steps = self._steps[min(leaves, enters) :]
        steps.insert(max(0, enters - leaves), self._entering(into))
        gain = 0
        changed: dict[str, int] = {}  # line id -> how much more is left of it than in this deal
        for step in steps:
            if step.candidate is out:
                new = NOTHING
            elif step.candidate is into or not step.lines.isdisjoint(changed):
                new = _again(step, changed)
            else:
                continue
            gain += new.worth_minor - step.given.worth_minor
            _note(changed, step.given, new)
        return gain

    def _entering(self, candidate: Candidate) -> _Step:
        place = self._place(candidate)
        left = self._steps[place].left if place < len(self._steps) else self._wares_left
        return _Step(candidate, NOTHING, left, _lines(candidate))

    def _place(self, candidate: Candidate) -> int:
        return bisect_left(self._order, _order(candidate))


def _again(step: _Step, changed: Mapping[str, int]) -> Given:
    """What a step gives when so much more is left."""
    left = dict(step.left)
    for line_id, more in changed.items():
        left[line_id] += more
    return give(step.candidate.benefit, step.candidate.scope, left)


def _lines(candidate: Candidate) -> frozenset[str]:
    return frozenset(ware.line_id for ware in candidate.scope)


def _note(changed: dict[str, int], old: Given, new: Given) -> None:
    """Add what lies between two effects of one offer; lines that come out even are dropped."""
    for line_id in {*old.shares, *new.shares}:
        more = changed.get(line_id, 0) + old.shares.get(line_id, 0) - new.shares.get(line_id, 0)
        if more:
            changed[line_id] = more
        else:
            changed.pop(line_id, None)
