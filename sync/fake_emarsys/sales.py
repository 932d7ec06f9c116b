"""Sales data: lines are added, and added again when they are sent again."""

from __future__ import annotations

import csv
import io

from starlette.requests import Request
from starlette.responses import Response

from sync.fake_emarsys.account import Account
from sync.fake_emarsys.door import dated

REQUIRED = {"item", "price", "order", "timestamp", "quantity"}


async def receive(account: Account, merchant_id: str, request: Request) -> Response:
    """`POST /hapi/merchant/{id}/sales-data/api`."""
    given = request.headers.get("authorization", "")
    if merchant_id != account.merchant_id or given != f"bearer {account.sales_token}":
        return dated(account, Response("Unauthorized", 401))
    if request.headers.get("content-type") != "text/csv":
        return dated(account, Response("text/csv expected", 415))
    text = (await request.body()).decode()
    rows = list(csv.DictReader(io.StringIO(text)))
    columns = set(rows[0]) if rows else set()
    if not columns >= REQUIRED or len(columns & {"customer", "email"}) != 1:
        return dated(account, Response("missing columns", 400))
    if any(row["order"] in account.refused for row in rows):
        return dated(account, Response("bad line", 400))
    account.sales += rows
    return dated(account, Response("OK"))


def turnover(account: Account) -> dict[str, float]:
    """What counts, by order."""
    sums: dict[str, float] = {}
    for row in account.sales:
        sums[row["order"]] = round(sums.get(row["order"], 0.0) + float(row["price"]), 4)
    return sums
