"""Which events can share a call. Pure.

Each event is a few steps, each step one kind of call. No step of a contact starts before the one
before it is through: so calls are made in waves, and the order per contact holds whatever is
grouped.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Step(Generic[S]):
    """One step of one event: `kind` says which steps may share a call.

    `in_order`: calls of this kind take their entries one after the other, so that several of one
    contact may stand in one.
    """

    contact: str
    kind: Hashable
    what: S
    in_order: bool = False


@dataclass(slots=True)
class Group(Generic[S]):
    """Steps for one call, all of one kind."""

    kind: Hashable
    steps: list[Step[S]] = field(default_factory=list)


def plan(events: Sequence[Sequence[Step[S]]], most: int) -> list[Group[S]]:
    """The calls, in the order in which they must be made; at most `most` steps in each.

    `events` are in order, the steps of each as well. A step joins the first call that comes late
    enough for its contact; only if there is none does it open another.
    """
    waves: list[list[Group[S]]] = []
    last: dict[str, tuple[int, Group[S]]] = {}
    for steps in events:
        for step in steps:
            last[step.contact] = _place(waves, step, last.get(step.contact), most)
    return [group for wave in waves for group in wave]


def _place(
    waves: list[list[Group[S]]], step: Step[S], last: tuple[int, Group[S]] | None, most: int
) -> tuple[int, Group[S]]:
    earliest = 0 if last is None else last[0] + 1
    if last is not None and step.in_order and _takes(last[1], step, most):
        last[1].steps.append(step)
        return last
    for number in range(earliest, len(waves)):
        for group in waves[number]:
            if _takes(group, step, most):
                group.steps.append(step)
                return number, group
    if earliest == len(waves):
        waves.append([])
    group = Group(step.kind, [step])
    waves[earliest].append(group)
    return earliest, group


def _takes(group: Group[S], step: Step[S], most: int) -> bool:
    return group.kind == step.kind and len(group.steps) < most
