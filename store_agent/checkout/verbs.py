"""THE VERBS of the till, read top to bottom. One transaction each; answered after the fsync.

Evaluate writes nothing. Commit, void and returns are never refused for what they report: it has
happened.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

import orjson

from store_agent.checkout import answers
from store_agent.checkout.answers import Answer
from store_agent.checkout.cases import CaseFile, Counter, customer_of, open_case
from store_agent.checkout.once import Key, once, remember, told_before
from store_agent.clock import Clock
from store_agent.domain import events
from store_agent.domain.basket import Basket, BasketLine, Effect, Evaluation
from store_agent.domain.customer import Customer
from store_agent.domain.greeting import Evidence, Greeting
from store_agent.domain.ids import NewId, new_id
from store_agent.domain.naming import counts_as_visitor
from store_agent.domain.offer import Voucher
from store_agent.domain.rights import Want
from store_agent.domain.sale import Sale
from store_agent.offers.benefits import earned
from store_agent.offers.candidates import Case
from store_agent.offers.evaluating import evaluate, wants
from store_agent.redemption import upkeep
from store_agent.redemption.act import Act
from store_agent.redemption.committing import Claimed, CommitRequest, commit
from store_agent.redemption.moment import effective_now
from store_agent.redemption.reserving import ReserveRequest, reserve
from store_agent.redemption.returning import ReturnRequest, take_back
from store_agent.redemption.voiding import void
from store_agent.storage import Connection, Storage, View, visits
from store_agent.till_board import TillBoard


@dataclass(frozen=True, slots=True)
class Asker:
    """Which till asks, for which customer, in which language its cashier speaks."""

    till: str
    customer_ref: str | None
    language: str


@dataclass(frozen=True, slots=True)
class Paid:
    """A paid basket as the till reports it."""

    sale: Sale
    lines: tuple[BasketLine, ...]
    claimed: tuple[Claimed, ...]


@dataclass(frozen=True, slots=True)
class _Judged:
    """What the rules said about a basket, before the ledger is written."""

    file: CaseFile
    evaluation: Evaluation
    wants: tuple[Want, ...]


class Checkout:
    """The verbs, over one storage. `changed` is told after each durable change of the floor."""

    def __init__(  # noqa: PLR0913  wired once
        self,
        storage: Storage,
        counter: Counter,
        clock: Clock,
        *,
        is_online: Callable[[], bool],
        changed: Callable[[Greeting | None], None],
        board: TillBoard,
        make_id: NewId = new_id,
    ) -> None:
        """Wire the verbs; nothing happens until one is called."""
        self._storage = storage
        self._counter = counter
        self._clock = clock
        self._is_online = is_online
        self._changed = changed
        self._board = board
        self._new_id = make_id

    # -- before the sale ----------------------------------------------------------------------

    async def evaluate(self, basket: Basket, asker: Asker) -> tuple[Evaluation, str | None]:
        """What the offers make of a basket, and whose it is; nothing is written."""

        def look(view: View) -> tuple[Evaluation, str | None]:
            judged = self._judge(view, basket, asker, None)
            return judged.evaluation, judged.file.asked.customer_id

        found, customer_id = await self._storage.read(look)
        self._board.evaluated(asker.till, basket, customer_id, found, self._clock.now())
        return found, customer_id

    async def reserve(
        self, basket: Basket, asker: Asker, offers: Collection[str], key: Key
    ) -> bytes:
        """Hold the rights behind `offers` for this basket.

        Raises StaleRevision, BasketClosed, IdempotencyMismatch.
        """

        def record(tx: Connection, judged: _Judged) -> bytes:
            act = self._act(tx)
            asked = replace(judged.file.asked, now=act.now)
            request = ReserveRequest(asked, asker.till, basket.revision, judged.wants)

            def hold() -> bytes:
                held = reserve(act, request)
                for voucher in _held_elsewhere(judged.file.case):
                    upkeep.want_voucher(act, voucher)
                return _json(answers.reservation(held, judged.evaluation.refused, asker.language))

            return once(tx, key, hold)[0]

        return await self._storage.decide(
            lambda view: self._judge(view, basket, asker, offers), record
        )

    # -- the sale -----------------------------------------------------------------------------

    async def commit(self, paid: Paid, asker: Asker, key: Key) -> bytes:
        """Record a paid basket and spend its rights; always accepted. Raises
        IdempotencyMismatch."""
        told, is_new = await self._storage.decide(
            lambda view: self._judge_paid(view, paid, asker),
            lambda tx, judged: once(tx, key, lambda: self._commit(tx, judged, paid, asker)),
        )
        self._board.closed(paid.sale.txn_id)
        if is_new:
            self._changed(None)
        return told

    def _judge_paid(self, view: View, paid: Paid, asker: Asker) -> _Judged:
        ids = tuple(one.id for one in paid.claimed)
        basket = Basket(paid.sale.txn_id, 0, paid.sale.currency, paid.lines, codes=ids)
        return self._judge(view, basket, asker, ids)

    def _commit(self, tx: Connection, judged: _Judged, paid: Paid, asker: Asker) -> bytes:
        act = self._act(tx)
        case, asked = judged.file.case, replace(judged.file.asked, now=act.now)
        sale = replace(paid.sale, customer_ref=asked.customer_id)
        points = _earned(judged.evaluation, case.customer, sale)
        event_id = self._new_id()
        by_code = {voucher.code: voucher.id for voucher in case.vouchers if voucher.code}
        request = CommitRequest(
            sale,
            replace(asked, business_date=sale.business_date),
            tuple(replace(one, id=by_code.get(one.id, one.id)) for one in paid.claimed),
            {_id(want): want for want in judged.wants},
            {one.voucher_id or one.offer_id: one.reason for one in judged.evaluation.refused},
            points,
            frozenset(voucher.id for voucher in case.vouchers),
        )
        done = commit(act, request, event_id)
        if done.is_new:
            act.emit(events.sale_recorded(event_id, sale, sale.customer_ref))
            _seen_at_till(tx, sale)
        return _json(answers.commit(done, points, asker.language))

    async def void(self, txn_id: str, asker: Asker, reason: str, key: Key) -> bytes:
        """Release what is held, reverse what was spent, or leave a tombstone. Raises
        IdempotencyMismatch."""

        def record(tx: Connection) -> tuple[bytes, bool]:
            def undo() -> bytes:
                done = void(self._act(tx), txn_id, asker.till, reason)
                undone = [{"redemption_id": one.id} for one in done.redemptions]
                return _json({"status": "voided", "was": done.was, "redemptions": undone})

            return once(tx, key, undo)

        told, is_new = await self._storage.write(record)
        self._board.closed(txn_id)
        if is_new:
            self._changed(None)
        return told

    async def take_back(
        self,
        find: Callable[[Connection], ReturnRequest],
        text_of: Callable[[str], str],
        key: Key,
    ) -> bytes:
        """Book a return; `find` looks the original sale up. Raises IdempotencyMismatch."""

        def record(tx: Connection) -> tuple[bytes, bool]:
            def book() -> bytes:
                return _json(answers.take_back(take_back(self._act(tx), find(tx)), text_of))

            return once(tx, key, book)

        told, is_new = await self._storage.write(record)
        if is_new:
            self._changed(None)
        return told

    async def told_before(self, key: Key) -> bytes | None:
        """The answer of a key that stands for several transactions. Raises IdempotencyMismatch."""
        return await self._storage.read(lambda view: told_before(view.ledger, key))

    async def remember(self, key: Key, answer: bytes) -> None:
        """Keep it, once each of them is durable."""
        await self._storage.write(lambda tx: remember(tx, key, answer))

    # -- inside -------------------------------------------------------------------------------

    def _judge(
        self, view: View, basket: Basket, asker: Asker, only: Collection[str] | None
    ) -> _Judged:
        now = self._clock.now()
        customer = customer_of(view, self._counter, asker.customer_ref, basket.txn_id)
        if only is not None:  # what a till asks to hold or has applied may be named by its code
            basket = replace(basket, codes=(*basket.codes, *only))
        file = open_case(
            view, self._counter, basket, customer, now, asker.language, self._is_online()
        )
        found = evaluate(basket, file.case, only=only)
        return _Judged(file, found, wants(file.case, found))

    def _act(self, tx: Connection) -> Act:
        return Act(tx, effective_now(tx, self._clock.now()), self._new_id)


def _held_elsewhere(case: Case) -> tuple[Voucher, ...]:
    """The customer's open rights that another store or the centre holds: they should come here."""
    if case.customer is None:
        return ()
    return tuple(
        one
        for one in case.vouchers
        if one.owner_store != case.store_id
        and one.customer_id == case.customer.id
        and one.redeemed_at is None
    )


def _earned(found: Evaluation, customer: Customer | None, sale: Sale) -> int:
    """Points for what was paid, and what the applied offers add; colleagues earn none."""
    if customer is None or not counts_as_visitor(customer):
        return 0
    extra = sum(one.points for one in found.applied if one.effect is not Effect.TENDER)
    return earned(sale.total) + extra


def _seen_at_till(tx: Connection, sale: Sale) -> None:
    """A basket of somebody whose visit is open is evidence that they are still here."""
    visit = visits.find_open(tx, sale.customer_ref) if sale.customer_ref else None
    if visit is not None:
        visits.touch(tx, visit.id, sale.received_at, sale.till, Evidence.TILL)


def _id(want: Want) -> str:
    return want.voucher_id or want.offer_id


def _json(answer: Answer) -> bytes:
    return orjson.dumps(answer, option=orjson.OPT_UTC_Z)
