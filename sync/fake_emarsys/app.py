"""The fake's HTTP doors: token, API, relational data, sales data and loyalty on one host."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable
from datetime import timedelta
from secrets import token_hex
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from sync.fake_emarsys import audiences, contacts, events, loyalty, sales
from sync.fake_emarsys.account import Account
from sync.fake_emarsys.door import Refused, body, dated, enter, envelope

Answer = Callable[[Account, Request], Awaitable[Any]]


def create_app(account: Account) -> Starlette:
    """The ASGI application over one account."""

    def door(answer: Answer) -> Callable[[Request], Awaitable[Response]]:
        async def handle(request: Request) -> Response:
            if (kept_out := enter(account, request)) is not None:
                return kept_out
            try:
                return envelope(account, data=await answer(account, request))
            except Refused as refusal:
                return envelope(account, *refusal.answer)

        return handle

    def plain(answer: Answer) -> Callable[[Request], Awaitable[Response]]:
        async def handle(request: Request) -> Response:
            kept_out = enter(account, request)
            return kept_out or await answer(account, request)

        return handle

    api = "/api/{generation}"
    app = Starlette(
        routes=[
            Route("/healthcheck", plain(_health)),
            Route("/oauth2/token", plain(_token), methods=["POST"]),
            Route(f"{api}/contact/getdata", door(_getdata), methods=["POST"]),
            Route(f"{api}/contact/", door(_update), methods=["PUT"]),
            Route(f"{api}/field/translate/{{language}}", door(_fields)),
            Route(f"{api}/field/{{field}}/choice/translate/{{language}}", door(_choices)),
            Route(f"{api}/event/", door(_events)),
            Route(f"{api}/event", door(_create_event), methods=["POST"]),
            Route(f"{api}/event/{{event:int}}/trigger", door(_trigger), methods=["POST"]),
            Route(f"{api}/email/unsubscribe", door(_unsubscribe), methods=["POST"]),
            Route(f"{api}/contactlist/{{list:int}}/contactIds", door(_contact_ids)),
            Route(f"{api}/filter/{{segment:int}}/contacts/{{contact:int}}", door(_is_member)),
            Route(f"{api}/filter/{{segment:int}}/contacts", door(_members)),
            Route(
                "/api/rds/v1/connections/{connection}/tables/{table}/records/upsert",
                door(_upsert),
                methods=["POST"],
            ),
            Route("/hapi/merchant/{merchant}/sales-data/api", plain(_sales), methods=["POST"]),
            Route("/api/v4/contact", plain(_loyal)),
            Route("/api/v4/contact/vouchers", plain(_vouchers)),
        ]
    )
    app.state.calls = {}
    return app


async def _health(account: Account, request: Request) -> Response:
    del request
    return dated(account, PlainTextResponse("OK"))


async def _token(account: Account, request: Request) -> Response:
    pair = f"{account.client_id}:{account.client_secret}".encode()
    if request.headers.get("authorization") != f"Basic {base64.b64encode(pair).decode()}":
        return dated(account, Response('{"error":"invalid_client"}', 401))
    if await request.body() != b"grant_type=client_credentials":
        return dated(account, Response('{"error":"unsupported_grant_type"}', 400))
    token = token_hex(16)
    account.tokens[token] = account.now() + timedelta(seconds=account.token_life_s)
    document = {"access_token": token, "token_type": "bearer", "expires_in": account.token_life_s}
    return dated(account, Response(orjson.dumps(document), media_type="application/json"))


async def _getdata(account: Account, request: Request) -> Any:
    return contacts.getdata(account, await _object(request))


async def _update(account: Account, request: Request) -> Any:
    asked = await _object(request, contacts.MAX_PUT_BYTES)
    create = request.query_params.get("create_if_not_exists") == "1"
    return contacts.update(account, asked, create=create)


async def _fields(account: Account, request: Request) -> Any:
    del request
    return contacts.fields(account)


async def _choices(account: Account, request: Request) -> Any:
    return contacts.choices(account, request.path_params["field"])


async def _events(account: Account, request: Request) -> Any:
    del request
    return events.listed(account)


async def _create_event(account: Account, request: Request) -> Any:
    return events.create(account, await _object(request))


async def _trigger(account: Account, request: Request) -> Any:
    return events.trigger(account, request.path_params["event"], await _object(request))


async def _unsubscribe(account: Account, request: Request) -> Any:
    return contacts.unsubscribe(account, await _object(request))


async def _contact_ids(account: Account, request: Request) -> Any:
    asked = request.query_params
    skip, top = int(asked.get("$skiptoken", 0)), int(asked.get("$top", audiences.PAGE))
    return audiences.contact_ids(account, request.path_params["list"], skip, top)


async def _is_member(account: Account, request: Request) -> Any:
    path = request.path_params
    return audiences.is_member(account, path["segment"], path["contact"])


async def _members(account: Account, request: Request) -> Any:
    asked = request.query_params
    offset, limit = int(asked.get("offset", 0)), int(asked.get("limit", 10_000))
    return audiences.members(account, request.path_params["segment"], offset, limit)


async def _upsert(account: Account, request: Request) -> Any:
    records = await body(request)
    if not isinstance(records, list) or len(records) > contacts.MAX_CONTACTS:
        raise Refused(400, 1, "an array of at most 1000 records")
    table = account.tables.setdefault(request.path_params["table"], {})
    table.update({str(record["event_id"]): record for record in records})
    return ""


async def _sales(account: Account, request: Request) -> Response:
    return await sales.receive(account, request.path_params["merchant"], request)


async def _loyal(account: Account, request: Request) -> Response:
    return loyalty.contact(account, request)


async def _vouchers(account: Account, request: Request) -> Response:
    return loyalty.vouchers(account, request)


async def _object(request: Request, limit: int = 10_000_000) -> dict[str, Any]:
    value = await body(request, limit)
    if not isinstance(value, dict):
        raise Refused(400, 1010, "an object is expected")
    return value
