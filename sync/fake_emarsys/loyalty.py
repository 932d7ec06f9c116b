"""The loyalty contact API v4: arguments travel in headers; 404 = unknown, 410 = bad request."""

from __future__ import annotations

import orjson
from starlette.requests import Request
from starlette.responses import Response

from sync.fake_emarsys.account import Account, Loyal
from sync.fake_emarsys.door import dated


def contact(account: Account, request: Request) -> Response:
    """`GET /contact`."""
    found = _find(account, request)
    return found if isinstance(found, Response) else _json(account, found.contact)


def vouchers(account: Account, request: Request) -> Response:
    """`GET /contact/vouchers`."""
    found = _find(account, request)
    if isinstance(found, Response):
        return found
    return _json(account, {"vouchers": found.vouchers})


def _find(account: Account, request: Request) -> Loyal | Response:
    wanted = request.headers.get("x-contact-id")
    if not wanted:
        return dated(account, Response(status_code=410))
    if wanted in account.broken_members:
        return dated(account, Response(status_code=500))
    return account.loyal.get(wanted) or dated(account, Response(status_code=404))


def _json(account: Account, value: object) -> Response:
    return dated(account, Response(orjson.dumps(value), media_type="application/json"))
