"""The doors of the till hook. Identify and evaluate fail open: a till never waits for offers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Annotated, Any, TypeVar

import orjson
import structlog
from fastapi import APIRouter, Path, Request, Response
from pydantic import ValidationError

from store_agent.api.metrics import Metrics
from store_agent.api.pos import bundle, proposals
from store_agent.api.pos.bodies import (
    BasketBody,
    Body,
    CommitBody,
    IdentifyBody,
    JournalBody,
    JournalItem,
    ReserveBody,
    ReturnBody,
    VoidBody,
)
from store_agent.api.pos.documented import EVALUATION, IDENTITY, PROBLEMS, RESERVATION, example
from store_agent.api.pos.reading import (
    DeadlineMs,
    IdempotencyKey,
    deadline_s,
    key_of,
    language_of,
    till_of,
)
from store_agent.api.pos.warnings import text_of
from store_agent.checkout import answers
from store_agent.checkout.answers import Answer
from store_agent.checkout.bundle import BundleSigner
from store_agent.checkout.identify import NOBODY, Identify, Shown
from store_agent.checkout.once import Key
from store_agent.checkout.verbs import Asker, Checkout, Paid
from store_agent.clock import Clock
from store_agent.config import StoreSettings
from store_agent.domain.errors import AgentError, InvalidInput
from store_agent.domain.sale import Sale, SaleLine, Tender
from store_agent.redemption.committing import Claimed
from store_agent.redemption.returning import ReturnLine, ReturnRequest
from store_agent.storage import Connection, Storage, sales
from store_agent.till_board import TillBoard

TxnId = Annotated[str, Path(min_length=1, max_length=128)]
T = TypeVar("T", bound=Body)
log = structlog.get_logger(__name__)


class _Hook:
    """What all doors share."""

    def __init__(
        self, checkout: Checkout, identify: Identify, store: StoreSettings, clock: Clock
    ) -> None:
        self.checkout = checkout
        self.identify = identify
        self.store = store
        self.clock = clock

    def asker(self, request: Request, customer_ref: str | None = None, said: str = "") -> Asker:
        language = language_of(request, self.store.language)
        return Asker(till_of(request, said), customer_ref, language)

    def key(self, door: str, till: str, header: str | None, body: bytes) -> Key:
        return Key.of(f"{door}/{till}", key_of(header), body, self.clock.now())

    async def commit(self, txn_id: str, body: CommitBody, asker: Asker, key: Key) -> bytes:
        till = asker.till or body.receipt.till
        paid = Paid(
            _sale(txn_id, body, till, self.clock),
            tuple(line.line() for line in body.lines),
            tuple(Claimed(one.offer_id, one.amount) for one in body.applied),
        )
        return await self.checkout.commit(paid, asker, key)

    async def take_back(self, body: ReturnBody, asker: Asker, key: Key) -> bytes:
        def find(tx: Connection) -> ReturnRequest:
            lines = tuple(
                ReturnLine(
                    one.original_line_id,
                    one.sku or one.gtin,
                    Decimal(one.qty),
                    one.refund_amount,
                )
                for one in body.lines
            )
            return ReturnRequest(body.return_txn_id, asker.till, _original(tx, body), lines)

        return await self.checkout.take_back(find, lambda code: text_of(code, asker.language), key)


def router(  # noqa: PLR0913, PLR0917  wired once
    checkout: Checkout,
    identify: Identify,
    store: StoreSettings,
    clock: Clock,
    metrics: Metrics,
    board: TillBoard,
    storage: Storage,
    signer: BundleSigner,
) -> APIRouter:
    """All doors of `/pos/v1`."""
    hook = _Hook(checkout, identify, store, clock)
    routes = APIRouter(prefix="/pos/v1", tags=["till"], responses=PROBLEMS)
    _before_the_sale(routes, hook, board)
    _the_sale(routes, hook, metrics)
    _afterwards(routes, hook, metrics)
    proposals.add(routes, board, store, clock)
    bundle.add(routes, storage, signer, store, clock)
    return routes


def _before_the_sale(routes: APIRouter, hook: _Hook, board: TillBoard) -> None:
    @routes.post("/identify", response_class=Response, responses=example(IDENTITY))
    async def identify(
        body: IdentifyBody, request: Request, deadline_ms: DeadlineMs = None
    ) -> Response:
        """Who stands here. Unknown is an answer, and looks like every other refusal."""
        language = language_of(request, hook.store.language)
        shown = Shown(body.token.kind, body.token.value, body.txn_id, language)
        found = await _in_time(lambda: hook.identify(shown), deadline_ms)
        return _json(NOBODY if found is None else found)

    @routes.post(
        "/baskets/{txn_id}/evaluate", response_class=Response, responses=example(EVALUATION)
    )
    async def evaluate(
        txn_id: TxnId, body: BasketBody, request: Request, deadline_ms: DeadlineMs = None
    ) -> Response:
        """What the offers make of this basket, and what a tablet proposes; nothing is written."""
        asker = hook.asker(request, body.customer_ref)
        found = await _in_time(
            lambda: hook.checkout.evaluate(body.basket(txn_id), asker), deadline_ms
        )
        if found is None:
            return _json(answers.degraded(body.revision))
        waiting = board.waiting(asker.till, hook.clock.now())
        messages = [proposals.message(one, asker.language) for one in waiting]
        return _json(answers.evaluation(found[0], messages))

    @routes.post(
        "/baskets/{txn_id}/reserve", response_class=Response, responses=example(RESERVATION)
    )
    async def reserve(
        txn_id: TxnId,
        body: ReserveBody,
        request: Request,
        idempotency_key: IdempotencyKey = None,
    ) -> Response:
        """Hold rights for 15 minutes; asking again renews. 409 for an older revision."""
        asker = hook.asker(request, body.customer_ref)
        key = hook.key(f"reserve/{txn_id}", asker.till, idempotency_key, await request.body())
        told = await hook.checkout.reserve(body.basket(txn_id), asker, body.offers, key)
        return Response(told, media_type="application/json")


def _the_sale(routes: APIRouter, hook: _Hook, metrics: Metrics) -> None:
    @routes.post("/baskets/{txn_id}/commit", response_class=Response)
    async def commit(
        txn_id: TxnId,
        body: CommitBody,
        request: Request,
        idempotency_key: IdempotencyKey = None,
    ) -> Response:
        """The basket was paid: always taken, durable once answered."""
        asker = hook.asker(request, body.customer_ref, body.receipt.till)
        key = hook.key("commit", asker.till, idempotency_key, await request.body())
        told = await hook.commit(txn_id, body, asker, key)
        metrics.sales.inc()
        return Response(told, media_type="application/json")

    @routes.post("/baskets/{txn_id}/void", response_class=Response)
    async def void(
        txn_id: TxnId,
        body: VoidBody,
        request: Request,
        idempotency_key: IdempotencyKey = None,
    ) -> Response:
        """Before the commit a release, after it a reversal, before everything a tombstone."""
        asker = hook.asker(request)
        key = hook.key(f"void/{txn_id}", asker.till, idempotency_key, await request.body())
        told = await hook.checkout.void(txn_id, asker, body.reason, key)
        return Response(told, media_type="application/json")


def _afterwards(routes: APIRouter, hook: _Hook, metrics: Metrics) -> None:
    @routes.post("/returns", response_class=Response)
    async def take_back(
        body: ReturnBody, request: Request, idempotency_key: IdempotencyKey = None
    ) -> Response:
        """Articles come back; the same `return_txn_id` again changes nothing."""
        asker = hook.asker(request)
        key = hook.key("returns", asker.till, idempotency_key, await request.body())
        told = await hook.take_back(body, asker, key)
        return Response(told, media_type="application/json")

    @routes.post("/journal", response_class=Response)
    async def journal(
        body: JournalBody, request: Request, idempotency_key: IdempotencyKey = None
    ) -> Response:
        """What a till has kept while it was cut off, in any order, each under its own key."""
        asker = hook.asker(request)
        key = hook.key("journal", asker.till, idempotency_key, await request.body())
        told = await hook.checkout.told_before(key)
        if told is None:
            results = [await _journal_item(hook, item, asker, metrics) for item in body.items]
            told = orjson.dumps({"results": results})
            await hook.checkout.remember(key, told)
        return Response(told, media_type="application/json")


async def _journal_item(hook: _Hook, item: JournalItem, asker: Asker, metrics: Metrics) -> Answer:
    """One item as its own door would take it; its fault stops no other."""
    try:
        told = await _replay(hook, item, asker)
    except AgentError as error:
        if not error.permanent:
            raise  # nothing can be made durable now: the till sends the whole journal again
        return {
            "idempotency_key": item.idempotency_key,
            "status": "rejected",
            "code": error.code or "invalid",
            "detail": str(error),
        }
    if item.kind == "commit":
        metrics.sales.inc()
    return {
        "idempotency_key": item.idempotency_key,
        "status": "done",
        "answer": orjson.Fragment(told),
    }


async def _replay(hook: _Hook, item: JournalItem, asker: Asker) -> bytes:
    # The same bytes as at the door itself cannot be known here: a canonical form stands for them.
    content = json.dumps(item.body, sort_keys=True).encode()  # orjson refuses huge integers
    if item.kind == "returns":
        body = _checked(ReturnBody, item.body)
        key = hook.key("journal/returns", asker.till, item.idempotency_key, content)
        return await hook.take_back(body, asker, key)
    if item.txn_id is None:
        raise InvalidInput("this item needs its txn_id", field="txn_id")
    if item.kind == "void":
        void = _checked(VoidBody, item.body)
        key = hook.key(f"journal/void/{item.txn_id}", asker.till, item.idempotency_key, content)
        return await hook.checkout.void(item.txn_id, asker, void.reason, key)
    paid = _checked(CommitBody, item.body)
    key = hook.key("journal/commit", asker.till, item.idempotency_key, content)
    asker = Asker(asker.till or paid.receipt.till, paid.customer_ref, asker.language)
    return await hook.commit(item.txn_id, paid, asker, key)


def _checked(shape: type[T], body: dict[str, object]) -> T:
    try:
        return shape.model_validate(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise InvalidInput(str(first["msg"]), field=field) from None


async def _in_time(work: Callable[[], Awaitable[Any]], deadline_ms: int | None) -> Any:
    """What `work` answers, or None when it takes too long or fails: the till goes on selling."""
    try:
        async with asyncio.timeout(deadline_s(deadline_ms)):
            return await work()
    except TimeoutError:
        return None
    except InvalidInput:
        raise
    except Exception as error:  # noqa: BLE001  fail open; the log names the kind of error only
        log.error("till answer degraded", error=type(error).__name__)  # noqa: TRY400  no trace with data
        return None


def _original(tx: Connection, body: ReturnBody) -> Sale | None:
    original = body.original
    if original is None:
        return None
    if original.txn_id is not None:
        return sales.get(tx, original.txn_id)
    if original.business_date is None or not original.receipt_number:
        return None
    return sales.by_receipt(tx, original.till, original.business_date, original.receipt_number)


def _sale(txn_id: str, body: CommitBody, till: str, clock: Clock) -> Sale:
    return Sale(
        txn_id=txn_id,
        till=till,
        currency=body.currency,
        total=body.totals.gross,
        lines=tuple(SaleLine(x.line_id, x.sku, x.qty, x.unit_price) for x in body.lines),
        tenders=tuple(Tender(x.kind, x.amount) for x in body.tenders),
        receipt_number=body.receipt.number,
        business_date=body.receipt.business_date,
        received_at=clock.now(),
        customer_ref=body.customer_ref,
    )


def _json(answer: Answer) -> Response:
    return Response(orjson.dumps(answer, option=orjson.OPT_UTC_Z), media_type="application/json")
