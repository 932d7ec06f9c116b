"""One batch of events: planned into calls, made in order per contact, answered event by event."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sync.errors import TransportError
from sync.outbox import OutboxRow
from sync.transports.base import EventResult, ResultStatus
from sync.transports.emarsys.batches import MAX_CONTACTS, TAKEN, Entry, Outcome
from sync.transports.emarsys.calls import Calls
from sync.transports.emarsys.replies import Verdict, explain
from sync.transports.emarsys.sales_desk import SalesDesk, Sold
from sync.transports.emarsys.waves import Group, Step, plan
from sync.transports.emarsys.wishes import (
    Account,
    Job,
    Kind,
    Proof,
    Sell,
    TakeBack,
    Trigger,
    UnusableEventError,
    Update,
    steps,
)

NOT_NOW = frozenset({Verdict.LATER, Verdict.EXISTS})
OF_SALES = frozenset({Kind.SALE, Kind.TAKE_BACK})

# By event: its result, or None when this step is through and the next one may go.
Fates = dict[str, EventResult | None]


@dataclass(frozen=True, slots=True)
class Desk:
    """Where the steps are done. `key` is the id of the account's key field."""

    account: Account
    key: str
    calls: Calls
    sales: SalesDesk | None

    async def do(self, group: Group[Job], fates: Fates) -> None:
        """Make the call of one group. Fills `fates`; those missing after an error are open."""
        if group.kind in OF_SALES:
            await self._sell(group, fates)
            return
        outcomes: dict[str, Outcome] = {}
        try:
            await self._ask(group, outcomes)
        finally:
            for step in group.steps:
                if step.contact in outcomes:
                    event_id = step.what.row.id
                    fates[event_id] = _fate(event_id, outcomes[step.contact])

    async def _ask(self, group: Group[Job], outcomes: dict[str, Outcome]) -> None:
        entries = [Entry(step.contact, self._item(step)) for step in group.steps]
        if group.kind is Kind.UPDATE:
            await self.calls.update(entries, outcomes)
        elif group.kind is Kind.PROOF and self.account.settings.proof_table is not None:
            await self.calls.upsert(self.account.settings.proof_table, entries, outcomes)
        elif group.kind is Kind.UNSUBSCRIBE:
            for step in group.steps:
                outcomes[step.contact] = await self.calls.unsubscribe(
                    step.contact, self.account.settings.unsubscribe
                )
        elif isinstance(group.kind, int):
            await self.calls.trigger(group.kind, entries, outcomes)

    def _item(self, step: Step[Job]) -> Mapping[str, object]:
        wanted = step.what.wanted
        if isinstance(wanted, Update):
            return {self.key: step.contact, **wanted.fields}
        if isinstance(wanted, Trigger):
            return wanted.item
        return wanted.record if isinstance(wanted, Proof) else {}

    async def _sell(self, group: Group[Job], fates: Fates) -> None:
        if self.sales is None:
            return
        sold: dict[str, Sold] = {}
        jobs = [step.what for step in group.steps]
        try:
            if group.kind is Kind.SALE:
                await self.sales.sell(jobs, sold)
            else:
                await self.sales.take_back(jobs, sold)
        finally:
            for event_id, one in sold.items():
                fates[event_id] = (
                    None if one.delivered else _rejected(event_id, one.code, one.reason)
                )


@dataclass(slots=True)
class Work:
    """What is done with one batch. Fills `answered` by event id.

    `_waiting` are the contacts of which nothing more may be sent before something else is; `_left`
    counts the steps an event still needs.
    """

    desk: Desk
    answered: dict[str, EventResult]
    _waiting: set[str] = field(default_factory=set)
    _left: dict[str, int] = field(default_factory=dict)
    _troubles: dict[bool, TransportError] = field(default_factory=dict)

    async def through(self, rows: Sequence[OutboxRow]) -> TransportError | None:
        """Do what can be done; the first trouble on the way.

        Trouble with the sales data is none of the API's, and the other way round.
        """
        for group in plan(self._planned(rows), MAX_CONTACTS):
            due = [step for step in group.steps if self._may_go(step)]
            fates: Fates = {}
            is_sale = group.kind in OF_SALES
            if due and is_sale not in self._troubles:
                try:
                    await self.desk.do(Group(group.kind, due), fates)
                except TransportError as error:
                    self._troubles[is_sale] = error
            self._note(due, fates)
        return next(iter(self._troubles.values()), None)

    def _planned(self, rows: Iterable[OutboxRow]) -> list[list[Step[Job]]]:
        """The steps of all rows. What has none, or can never be sent, is answered here."""
        planned: list[list[Step[Job]]] = []
        buyers: dict[str, str] = {}
        for row in rows:
            try:
                found = steps(row, self.desk.account)
            except UnusableEventError as error:
                self.answered[row.id] = _rejected(row.id, error.code, str(error))
                continue
            if found:
                planned.append([_behind_its_sale(step, buyers) for step in found])
                self._left[row.id] = len(found)
            else:
                self.answered[row.id] = EventResult(row.id, ResultStatus.SKIPPED)
        return planned

    def _may_go(self, step: Step[Job]) -> bool:
        return step.contact not in self._waiting and step.what.row.id not in self.answered

    def _note(self, due: Sequence[Step[Job]], fates: Fates) -> None:
        for step in due:
            event_id = step.what.row.id
            if event_id not in fates:
                self._waiting.add(step.contact)
                continue
            result = fates[event_id]
            if result is None:
                self._left[event_id] -= 1
                if self._left[event_id] == 0:
                    self.answered[event_id] = EventResult(event_id, ResultStatus.ACCEPTED)
                continue
            self.answered[event_id] = result
            if not result.permanent:
                self._waiting.add(step.contact)


def _behind_its_sale(step: Step[Job], buyers: dict[str, str]) -> Step[Job]:
    """What takes a sale back waits for that sale: it goes under the buyer's name."""
    wanted = step.what.wanted
    if isinstance(wanted, Sell):
        buyers[wanted.receipt.order] = step.contact
    if isinstance(wanted, TakeBack) and wanted.order in buyers:
        return replace(step, contact=buyers[wanted.order])
    return step


def _fate(event_id: str, outcome: Outcome) -> EventResult | None:
    if outcome.verdict in TAKEN:
        return None
    code = f"emarsys_{outcome.code}" if outcome.code else "emarsys_refused"
    reason = explain(outcome.code)
    return _rejected(event_id, code, reason, permanent=outcome.verdict not in NOT_NOW)


def _rejected(event_id: str, code: str, reason: str, *, permanent: bool = True) -> EventResult:
    return EventResult(event_id, ResultStatus.REJECTED, code, reason, permanent)
