"""The guard in front of every route: audience, body size, cross-site requests, host names.

Pure ASGI, so that streams pass through untouched. Nothing but public doors answers without a
token or a paired tablet.
"""

from __future__ import annotations

import traceback
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from store_agent.api.callers import NOBODY, Caller, Tokens
from store_agent.api.doors import BODY_LIMIT, Door, DoorTable
from store_agent.api.problems import problem
from store_agent.config import Audience

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
SECURITY_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
)
TURNED_PAGE = "/turned"
NO_TABLET: dict[str, Any] = {"device": None, "viewer": None}
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class TabletVisitor:
    """What the cookies of a request say; `state` becomes `request.state` for the pages."""

    caller: Caller
    state: dict[str, Any] = field(default_factory=dict)


CookieReader = Callable[[Headers, str], Awaitable[TabletVisitor]]


class Guard:
    """ASGI middleware; `hosts` are the names under which cookies are accepted."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        doors: DoorTable,
        tokens: Tokens,
        read_cookies: CookieReader,
        hosts: Collection[str],
    ) -> None:
        """Wrap `app`."""
        self._app = app
        self._doors = doors
        self._tokens = tokens
        self._read_cookies = read_cookies
        self._hosts = frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or let the request through with its caller attached."""
        if scope["type"] != "http":
            return
        refusal = await self._refuse(scope)
        answered = _Answered(send)
        if refusal is not None:
            await refusal(scope, receive, answered)
            return
        door: Door | None = scope["door"]
        limit = door.body_limit if door else BODY_LIMIT
        try:
            await self._app(scope, _limited(receive, limit), answered)
        except Exception as error:  # noqa: BLE001  the last boundary: logged once, without data
            _log_failure(scope, error)

    async def _refuse(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        door = self._doors.find(scope["method"], scope["path"])
        scope["door"] = door
        authorization = headers.get("authorization")
        if authorization is not None:
            found = self._tokens.caller(authorization.encode("latin-1"))
            if found is None:
                return _unauthorised("this token is not known here")
            caller = found
            scope.setdefault("state", {}).update(NO_TABLET)
        else:
            refusal = self._cross_site(scope, headers)
            if refusal is not None:
                return refusal
            visitor = await self._read_cookies(headers, scope["scheme"])
            scope.setdefault("state", {}).update(visitor.state)
            caller = visitor.caller
        scope["caller"] = caller
        return _audience(door, caller, scope, headers) or _declared_size(door, headers)

    def _cross_site(self, scope: Scope, headers: Headers) -> Response | None:
        """Cookies count only from our own pages under our own names (CSRF, DNS rebinding)."""
        host = headers.get("host", "")
        if _host_name(host) not in self._hosts:
            return problem(
                421, "this agent does not serve that host name", hint="Add it to http.names."
            )
        if scope["method"] in SAFE_METHODS:
            return None
        site = headers.get("sec-fetch-site")
        if site is not None:
            same = site in {"same-origin", "none"}
        else:
            same = headers.get("origin") == f"{scope['scheme']}://{host}"
        if not same and headers.get("cookie"):
            return problem(403, "cross-site request refused", hint="Use the tablet's own page.")
        return None


class _Answered:
    """A `send` that adds the security headers and remembers that the answer began."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.started = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            headers = list(message.get("headers", ()))
            present = {name.lower() for name, _ in headers}
            message["headers"] = headers + [h for h in SECURITY_HEADERS if h[0] not in present]
        await self._send(message)


def _limited(receive: Receive, limit: int) -> Receive:
    seen = 0

    async def counted() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > limit:
            raise HTTPException(413, _too_large_text(limit))
        return message

    return counted


def _audience(door: Door | None, caller: Caller, scope: Scope, headers: Headers) -> Response | None:
    if caller.audience is Audience.TURNED:
        return _turned_away(door, scope, headers)
    if door is None:
        return None if caller is not NOBODY else _unauthorised("who are you?")
    if Audience.PUBLIC in door.audiences or caller.audience in door.audiences:
        return None
    if caller.audience is Audience.PUBLIC or caller.audience is Audience.DEVICE:
        return _way_in(caller, headers)
    return problem(403, "this token is for another audience", hint="See docs/configuration.md.")


def _way_in(caller: Caller, headers: Headers) -> Response:
    """A browser is led to the page that lets it in; a machine is told what it lacks."""
    target = "/login" if caller.audience is Audience.DEVICE else "/pair"
    if headers.get("hx-request"):
        return Response(status_code=401, headers={"HX-Redirect": target})
    if "text/html" in headers.get("accept", ""):
        return RedirectResponse(target, 303)
    return _unauthorised("this door needs a token or a paired tablet")


def _turned_away(door: Door | None, scope: Scope, headers: Headers) -> Response | None:
    """A tablet in a customer's hands has one page: whatever else is asked for leads there."""
    if door is not None and Audience.TURNED in door.audiences:
        return None
    if headers.get("hx-request"):
        return Response(status_code=401, headers={"HX-Redirect": TURNED_PAGE})
    if scope["method"] == "GET" and "text/html" in headers.get("accept", ""):
        return RedirectResponse(TURNED_PAGE, 303)
    return problem(403, "this tablet is turned to a customer", hint="Turn it back with your PIN.")


def _declared_size(door: Door | None, headers: Headers) -> Response | None:
    limit = door.body_limit if door else BODY_LIMIT
    declared = headers.get("content-length", "0")
    return _too_large(limit) if declared.isdigit() and int(declared) > limit else None


def _unauthorised(detail: str) -> Response:
    return problem(
        401,
        detail,
        hint="Send Authorization: Bearer <token>, or pair this tablet at /pair.",
        headers={"WWW-Authenticate": "Bearer"},
    )


def _too_large(limit: int) -> Response:
    return problem(413, _too_large_text(limit), hint="Send less, or in several requests.")


def _too_large_text(limit: int) -> str:
    return f"the body is larger than {limit} bytes"


def _host_name(host: str) -> str:
    name = host.rsplit("]", 1)[0] + "]" if host.startswith("[") else host.split(":", 1)[0]
    return name.lower()


def _log_failure(scope: Scope, error: Exception) -> None:
    """Where it failed and what kind of error it was; its text may hold a customer's data."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "unknown"
    door: Door | None = scope.get("door")
    log.error(
        "request failed",
        route=door.path if door else "unmatched",
        error=type(error).__name__,
        where=where,
    )
