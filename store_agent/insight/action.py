"""The one thing to do for a customer next, and why: a proposal, in no one's words yet. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from store_agent.domain.customer import Customer, PersonState, ServiceCase
from store_agent.insight.milestones import Milestone, MilestoneKind
from store_agent.insight.next_best import Suggestion
from store_agent.insight.picture import Picture
from store_agent.insight.rhythm import Drift

NOBODY_SELLS_TO = frozenset({PersonState.UNDER_16, PersonState.COLLEAGUE})
LEFT_ALONE = frozenset(
    {PersonState.DO_NOT_APPROACH, PersonState.DECEASED, PersonState.NOT_THIS_PERSON}
)
DRIFTING = frozenset({Drift.SLIPPING, Drift.GONE})


class Deed(StrEnum):
    """What to do; the order is that of needs."""

    SETTLE_CASE = "settle_case"
    HAND_OVER = "hand_over"
    USE_VOUCHER = "use_voucher"
    REORDER = "reorder"
    SHOW_ARTICLE = "show_article"
    KEEP_IN_TOUCH = "keep_in_touch"


@dataclass(frozen=True, slots=True)
class Action:
    """What to do; of `milestone`, `suggestion` or `title` the one that gives the reason."""

    deed: Deed
    title: str = ""
    milestone: Milestone | None = None
    suggestion: Suggestion | None = None


def next_action(
    customer: Customer,
    worked_out: Picture,
    marks: Iterable[Milestone],
    shown: Iterable[Suggestion],
) -> Action | None:
    """The first deed that applies, or None: nothing rather than something weak."""
    states = frozenset(customer.states)
    if states & LEFT_ALONE:
        return None
    is_gift = PersonState.GIFT in states
    case = min((one for one in customer.cases if one.is_open), key=_age, default=None)
    if case is not None:
        return None if is_gift else Action(Deed.SETTLE_CASE, case.title)
    ready = [one for one in customer.open_orders if one.kind == "pickup" and one.ready_since]
    if ready:
        return Action(Deed.HAND_OVER, "" if is_gift else ready[0].title)
    if is_gift or states & NOBODY_SELLS_TO:
        return None
    return _sale(worked_out, tuple(marks), tuple(shown))


def _sale(
    worked_out: Picture, marks: tuple[Milestone, ...], shown: tuple[Suggestion, ...]
) -> Action | None:
    for kind, deed in (
        (MilestoneKind.VOUCHER_ENDS, Deed.USE_VOUCHER),
        (MilestoneKind.REORDER_DUE, Deed.REORDER),
    ):
        mark = next((one for one in marks if one.kind is kind), None)
        if mark is not None:
            return Action(deed, mark.title, milestone=mark)
    if shown:
        return Action(Deed.SHOW_ARTICLE, shown[0].product.title, suggestion=shown[0])
    return Action(Deed.KEEP_IN_TOUCH) if worked_out.drift in DRIFTING else None


def _age(case: ServiceCase) -> tuple[datetime, str]:
    return case.since, case.id
