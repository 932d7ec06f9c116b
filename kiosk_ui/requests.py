"""What every route asks of a request: who is looking, in which language, and what if it fails."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import HTTPException, Request, Response
from fastapi.routing import APIRoute

from kiosk_ui.cookies import Cookie, read_cookie
from kiosk_ui.errors import ShopUnavailable
from kiosk_ui.language import choose_language
from kiosk_ui.model import Device, Role, Viewer

SEE_OTHER = 303
FORBIDDEN = 403
UNAVAILABLE = 503


def language_of(request: Request) -> str:
    """The language of a page nobody is signed in to; the middleware uses it for `Viewer` too."""
    chosen = read_cookie(request.cookies, Cookie.LANGUAGE, request.url.scheme)
    return choose_language(chosen, request.headers.get("accept-language"))


def require_device(request: Request) -> Device:
    """The paired tablet; others are sent to /pair."""
    device: Device | None = request.state.device
    if device is None:
        raise _elsewhere(request, "/pair")
    return device


def require_viewer(request: Request) -> Viewer:
    """Who is signed in; others are sent to /login, or to /pair."""
    require_device(request)
    viewer: Viewer | None = request.state.viewer
    if viewer is None:
        raise _elsewhere(request, "/login")
    return viewer


def require_manager(request: Request) -> Viewer:
    """The manager who is signed in; 403 for everybody else at a tablet."""
    viewer = require_viewer(request)
    if viewer.role is not Role.MANAGER:
        raise HTTPException(FORBIDDEN, "for the store management only")
    return viewer


class KioskRoute(APIRoute):
    """A route that answers 503 with Retry-After when the agent cannot; the page says so."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the usual handler."""
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                return await handler(request)
            except ShopUnavailable as error:
                after = {"Retry-After": str(error.retry_after_s)}
                raise HTTPException(UNAVAILABLE, error.hint or str(error), after) from error

        return handle


def _elsewhere(request: Request, path: str) -> HTTPException:
    if "hx-request" in request.headers:
        return HTTPException(401, "sign in first", {"HX-Redirect": path})
    return HTTPException(SEE_OTHER, "sign in first", {"Location": path})
