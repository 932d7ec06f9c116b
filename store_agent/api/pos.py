"""The till hook, first form: `commit` records a finished basket. It is never refused."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import orjson
from fastapi import APIRouter, Header, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from store_agent.api.callers import caller_of
from store_agent.api.metrics import Metrics
from store_agent.clienteling import Clienteling
from store_agent.clock import Clock
from store_agent.domain.errors import InvalidInput
from store_agent.domain.sale import Sale, SaleLine, Tender

Name = Annotated[str, StringConstraints(min_length=1, max_length=128)]
MinorUnits = Annotated[int, Field(ge=-(10**12), le=10**12)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="ignore")


class LineBody(_Body):
    """One basket line; `qty` is a decimal string, `unit_price` minor units."""

    line_id: Name
    sku: Name
    qty: Annotated[str, StringConstraints(pattern=r"^-?\d{1,6}(\.\d{1,3})?$")]
    unit_price: MinorUnits


class ReceiptBody(_Body):
    """What the till printed."""

    number: Name
    business_date: date
    till: Name
    seq: int | None = None


class TotalsBody(_Body):
    """`gross` in minor units, tax included."""

    gross: MinorUnits


class TenderBody(_Body):
    """One payment."""

    kind: Name
    amount: MinorUnits


class CommitBody(_Body):
    """A finished basket."""

    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
    lines: Annotated[list[LineBody], Field(max_length=1000)]
    receipt: ReceiptBody
    totals: TotalsBody
    tenders: Annotated[list[TenderBody], Field(max_length=50)] = []
    customer_ref: Name | None = None


def router(clienteling: Clienteling, clock: Clock, metrics: Metrics) -> APIRouter:
    """The hook's doors that exist so far."""
    routes = APIRouter()

    @routes.post("/pos/v1/baskets/{txn_id}/commit", response_class=Response)
    async def commit(
        txn_id: Annotated[str, Path(min_length=1, max_length=128)],
        body: CommitBody,
        request: Request,
        idempotency_key: Annotated[str | None, Header(max_length=255)] = None,
    ) -> Response:
        """Durable once answered; the same key and body give the same answer."""
        key = (idempotency_key or "").strip().strip('"')
        if not key:
            raise InvalidInput(
                "the Idempotency-Key header is missing",
                hint="Send one key per sale and the same on every retry.",
                field="Idempotency-Key",
            )
        sale = _sale(txn_id, body, caller_of(request).name, clock)
        answer = orjson.dumps({"status": "committed", "redemptions": []})
        told = await clienteling.on_sale(sale, key, await request.body(), answer)
        metrics.sales.inc()
        return Response(told, media_type="application/json")

    return routes


def _sale(txn_id: str, body: CommitBody, till: str, clock: Clock) -> Sale:
    return Sale(
        txn_id=txn_id,
        till=till or body.receipt.till,
        currency=body.currency,
        total=body.totals.gross,
        lines=tuple(SaleLine(x.line_id, x.sku, x.qty, x.unit_price) for x in body.lines),
        tenders=tuple(Tender(x.kind, x.amount) for x in body.tenders),
        receipt_number=body.receipt.number,
        business_date=body.receipt.business_date,
        received_at=clock.now(),
        customer_ref=body.customer_ref,
    )
