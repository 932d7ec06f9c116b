"""In front of every API call: faults, rate limit, who calls, and what they may."""

from __future__ import annotations

import base64
import hashlib
import re
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from sync.fake_emarsys.account import Account, Fault

MAX_BODY_BYTES = 10_000_000
WSSE_SKEW = timedelta(minutes=5)
WSSE_LAST_DAY = date(2026, 12, 31)
WSSE = re.compile(
    r'UsernameToken Username="(?P<user>[^"]*)", PasswordDigest="(?P<digest>[^"]*)",'
    r' Created="(?P<created>[^"]*)", nonce="(?P<nonce>[^"]*)"'
)
STATUS_OF = {
    Fault.BUSY: (429, 7003, "Too many requests"),
    Fault.BROKEN: (500, 1, "Internal error"),
    Fault.BAD_GATEWAY: (502, None, ""),
    Fault.UNAVAILABLE: (503, None, ""),
    Fault.TOKEN_LOST: (401, 1, "Unauthorized"),
}


class Refused(Exception):
    """The call ends here, with this answer."""

    def __init__(self, status: int, code: int, text: str, data: Any = "") -> None:
        """`data` is "" on most errors."""
        super().__init__(text)
        self.answer = (status, code, text, data)


def enter(account: Account, request: Request) -> Response | None:
    """The answer that keeps a request out, or None."""
    path = request.url.path
    account.requests.append(f"{request.method} {path}")
    if account.faults:
        return fault(account, account.faults.pop(0))
    if path.startswith("/api/v4"):
        known = request.headers.get("x-api-key") == account.loyalty_key
        return None if known else dated(account, Response(status_code=401))
    return _enter_api(account, request) if path.startswith("/api/") else None


def _enter_api(account: Account, request: Request) -> Response | None:
    if _is_over_limit(account, request):
        return fault(account, Fault.BUSY)
    if not _is_known(account, request):
        return envelope(account, 401, 1, "Unauthorized")
    asked = request.url.path.split("/", 3)[3]
    if any(asked.startswith(one) for one in account.forbidden):
        return envelope(account, 403, 1, "Forbidden")
    if request.headers.get("content-type") != "application/json":
        return envelope(account, 400, 1001, "Send application/json, also with GET")
    return None


def fault(account: Account, one: Fault) -> Response:
    """The answer of a fault."""
    status, code, text = STATUS_OF[one]
    if code is None:
        return dated(account, Response("<html>", status, media_type="text/html"))
    answer = envelope(account, status, code, text)
    if one is Fault.BUSY:
        reset = int(account.now().timestamp()) // 60 * 60 + 60
        answer.headers["X-RateLimit-Limit"] = str(account.per_minute)
        answer.headers["X-Ratelimit-Remaining"] = "0"
        answer.headers["X-RateLimit-Reset"] = str(reset)
    return answer


def envelope(
    account: Account, status: int = 200, code: int = 0, text: str = "OK", data: Any = ""
) -> Response:
    """The form of all replies."""
    body = orjson.dumps({"replyCode": code, "replyText": text, "data": data})
    return dated(account, Response(body, status, media_type="application/json"))


def dated(account: Account, answer: Response) -> Response:
    """With Emarsys' clock in the Date header, as every HTTP server sends it."""
    answer.headers["date"] = format_datetime(account.now().astimezone(UTC), usegmt=True)
    return answer


async def body(request: Request, limit: int = MAX_BODY_BYTES) -> Any:
    """The JSON of a request. Raises Refused."""
    raw = await request.body()
    if len(raw) > limit:
        raise Refused(413, 1, "Request entity too large")
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise Refused(400, 1010, "Invalid JSON") from error


def _is_over_limit(account: Account, request: Request) -> bool:
    minute: dict[int, int] = request.app.state.calls
    now = int(account.now().timestamp()) // 60
    minute[now] = minute.get(now, 0) + 1
    return minute[now] > account.per_minute


def _is_known(account: Account, request: Request) -> bool:
    generation = request.url.path.split("/")[2]
    bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
    ends = account.tokens.get(bearer)
    has_token = ends is not None and account.now() < ends
    if "/contactlist/" in request.url.path or generation == "rds":
        return has_token or _is_signed(account, request)
    return has_token if generation == "v3" else _is_signed(account, request)


def _is_signed(account: Account, request: Request) -> bool:
    """WSSE: the digest is base64 of the hexadecimal text, and Emarsys looks at the clock."""
    found = WSSE.fullmatch(request.headers.get("x-wsse", ""))
    now = account.now().astimezone(UTC)
    if found is None or now.date() > WSSE_LAST_DAY or found["nonce"] in account.nonces:
        return False
    signed = found["nonce"] + found["created"] + account.client_secret
    text = hashlib.sha1(signed.encode(), usedforsecurity=False).hexdigest()
    if found["user"] != account.client_id or len(found["nonce"]) != 32:
        return False
    if base64.b64encode(text.encode()).decode() != found["digest"]:
        return False
    account.nonces.add(found["nonce"])
    return abs(datetime.fromisoformat(found["created"]) - now) <= WSSE_SKEW
