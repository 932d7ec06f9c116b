"""From a request's cookies to the device and the person at it."""

from __future__ import annotations

from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import Headers

from kiosk_ui.cookies import Cookie, read_cookie
from kiosk_ui.language import choose_language
from store_agent.api.callers import NOBODY, Caller
from store_agent.api.guard import NO_TABLET, TabletVisitor
from store_agent.config import Audience
from store_agent.tablet.access import TabletAccess


class CookieReader:
    """What the guard asks for every request that bears no token."""

    def __init__(self, access: TabletAccess) -> None:
        """Look cookies up with `access`."""
        self._access = access

    async def __call__(self, headers: Headers, scheme: str) -> TabletVisitor:
        """The caller, and `device` and `viewer` for the pages."""
        cookies = _parse(headers.get("cookie", ""))
        token = read_cookie(cookies, Cookie.DEVICE, scheme)
        device = await self._access.device(token) if token else None
        if device is None:
            return TabletVisitor(NOBODY, NO_TABLET)
        if await self._access.is_turned(device):  # whatever else its cookies say
            return TabletVisitor(
                Caller(Audience.TURNED, device.id), {"device": device, "viewer": None}
            )
        session = read_cookie(cookies, Cookie.STAFF, scheme)
        language = choose_language(
            read_cookie(cookies, Cookie.LANGUAGE, scheme), headers.get("accept-language")
        )
        viewer = await self._access.viewer(device, session, language) if session else None
        state = {"device": device, "viewer": viewer}
        if viewer is None:
            return TabletVisitor(Caller(Audience.DEVICE, device.id), state)
        return TabletVisitor(Caller(Audience.STAFF, device.id, viewer.staff_id), state)


def _parse(header: str) -> dict[str, str]:
    try:
        return {name: morsel.value for name, morsel in SimpleCookie(header).items()}
    except CookieError:
        return {}
