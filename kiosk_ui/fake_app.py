"""The fake shop as a running app: what tests and screenshots open in a browser.

Its middleware is the shortest one that fills `request.state`; the agent's own checks far more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from fastapi import FastAPI, Request
from starlette.types import ASGIApp, Receive, Scope, Send

from kiosk_ui.areas import Area
from kiosk_ui.cookies import Cookie, read_cookie
from kiosk_ui.fake import FakeAccess, FakeShop, default_staff
from kiosk_ui.fake_cast import sample_shop
from kiosk_ui.live import Hub
from kiosk_ui.model import Device
from kiosk_ui.requests import language_of
from kiosk_ui.router import build_router
from kiosk_ui.settings import KioskSettings

DEVICE_TOKEN = "token-of-the-first-tablet"
SESSION_TOKEN = "session-of-bea"


@dataclass(frozen=True, slots=True)
class FakeKiosk:
    """The app and the levers to move what it shows."""

    app: FastAPI
    hub: Hub
    shop: FakeShop
    access: FakeAccess


@dataclass(frozen=True, slots=True)
class Identify:
    """Fills `request.state` from the cookies, as an ASGI middleware that leaves streams alone."""

    app: ASGIApp
    access: FakeAccess

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Who is asking?"""
        if scope["type"] == "http":
            request = Request(scope)
            scheme = request.url.scheme
            device_token = read_cookie(request.cookies, Cookie.DEVICE, scheme) or ""
            staff_token = read_cookie(request.cookies, Cookie.STAFF, scheme) or ""
            device = await self.access.device(device_token)
            request.state.device = device
            request.state.viewer = device and await self.access.viewer(
                device, staff_token, language_of(request)
            )
        await self.app(scope, receive, send)


def build_fake_kiosk(
    now: Callable[[], datetime],
    monotonic: Callable[[], float],
    areas: Callable[[Hub], Sequence[Area]] = lambda hub: (),
) -> FakeKiosk:
    """An app with one paired tablet at which Bea may sign in (or is, with `SESSION_TOKEN`)."""
    hub = Hub()
    shop = sample_shop(hub, now)
    access = FakeAccess(default_staff(), now)
    access.devices[DEVICE_TOKEN] = Device("tablet-1", "Damen, EG")
    access.sessions[SESSION_TOKEN] = ("tablet-1", "bea")
    settings = KioskSettings(
        "Modehaus Muster · Köln",
        ZoneInfo("Europe/Berlin"),
        lan_url="https://box.example.com:8443/",
        ca_url="http://box.example.com:8080/ca.crt",
    )
    app = FastAPI(openapi_url=None)
    app.include_router(
        build_router(shop, access, hub, settings, now=now, monotonic=monotonic, areas=areas(hub))
    )

    app.add_middleware(Identify, access=access)
    return FakeKiosk(app, hub, shop, access)
