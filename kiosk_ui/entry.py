"""Getting in: pairing a tablet, signing in, locking, choosing the language."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from kiosk_ui.cookies import DEVICE_MAX_AGE_S, LANGUAGE_MAX_AGE_S, Cookie, read_cookie, set_cookie
from kiosk_ui.errors import LoginReason, LoginRefused, PairingRefused
from kiosk_ui.language import LANGUAGES
from kiosk_ui.live import Hub
from kiosk_ui.model import Device
from kiosk_ui.pages import Pages
from kiosk_ui.ports import Access
from kiosk_ui.requests import SEE_OTHER, KioskRoute, language_of, require_device
from kiosk_ui.views import Formats

TOO_MANY = 429
UNAUTHORIZED = 401
PLACES = ("/login", "/pair", "/status")  # where the language switch stands

AsDevice = Annotated[Device, Depends(require_device)]
Field = Annotated[str, Form(max_length=200)]


def build_entry_router(access: Access, hub: Hub, pages: Pages) -> APIRouter:
    """/pair, /login, /lock, /language."""
    router = APIRouter(include_in_schema=False, route_class=KioskRoute)
    _add_pairing(router, access, pages)
    _add_login(router, access, hub, pages)

    @router.post("/language")
    async def choose(request: Request, language: Field, back: Field = "/login") -> Response:
        response = RedirectResponse(back if back in PLACES else "/login", SEE_OTHER)
        if language in LANGUAGES:
            scheme = request.url.scheme
            set_cookie(response, Cookie.LANGUAGE, language, scheme, LANGUAGE_MAX_AGE_S)
        return response

    return router


def _add_pairing(router: APIRouter, access: Access, pages: Pages) -> None:
    @router.get("/pair")
    async def ask(
        request: Request, code: Annotated[str, Query(max_length=32)] = ""
    ) -> HTMLResponse:
        return pages.pair(language_of(request), code=code)

    @router.post("/pair")
    async def pair(request: Request, code: Field, name: Field) -> Response:
        language = language_of(request)
        try:
            token = await access.pair(code.strip(), name.strip())
        except PairingRefused:
            gettext = pages.printer.formats(language).gettext
            error = gettext("This code is not valid. Please ask for a new one.")
            return pages.pair(language, code=code, name=name, error=error, status=UNAUTHORIZED)
        response = RedirectResponse("/login", SEE_OTHER)
        set_cookie(response, Cookie.DEVICE, token, request.url.scheme, DEVICE_MAX_AGE_S)
        return response


def _add_login(router: APIRouter, access: Access, hub: Hub, pages: Pages) -> None:
    @router.get("/login")
    async def ask(request: Request, device: AsDevice) -> HTMLResponse:
        return pages.login(device, await access.staff_choices(device), language_of(request))

    @router.post("/login")
    async def login(
        request: Request, device: AsDevice, pin: Field, staff_id: Field = ""
    ) -> Response:
        scheme = request.url.scheme
        try:
            token = await access.login(device, staff_id, pin)
        except LoginRefused as refusal:
            language = language_of(request)
            return pages.login(
                device,
                await access.staff_choices(device),
                language,
                chosen=staff_id,
                error=refusal_text(refusal, pages.printer.formats(language)),
                status=TOO_MANY if refusal.reason is LoginReason.LOCKED else UNAUTHORIZED,
            )
        response = RedirectResponse("/", SEE_OTHER)
        set_cookie(response, Cookie.STAFF, token, scheme)
        device_token = read_cookie(request.cookies, Cookie.DEVICE, scheme)
        if device_token:  # renewed at use, so that a tablet in use never has to be paired again
            set_cookie(response, Cookie.DEVICE, device_token, scheme, DEVICE_MAX_AGE_S)
        return response

    @router.post("/lock")
    async def lock(request: Request, device: AsDevice) -> Response:
        token = read_cookie(request.cookies, Cookie.STAFF, request.url.scheme)
        if token:
            await access.lock(device, token)
        hub.lock(device.id)
        response = RedirectResponse("/login", SEE_OTHER)
        set_cookie(response, Cookie.STAFF, "", request.url.scheme, 0)
        return response


def refusal_text(refusal: LoginRefused, formats: Formats) -> str:
    """Why nobody got in, for whoever stands there."""
    if refusal.reason is LoginReason.LOCKED and refusal.until:
        text = formats.gettext("Too many wrong PINs. Try again at %(when)s.")
        return text % {"when": formats.clock(refusal.until)}
    if refusal.reason is LoginReason.LOCKED:
        return formats.gettext("Too many wrong PINs. Please wait a little.")
    if refusal.reason is LoginReason.NO_PIN:
        return formats.gettext("There is no PIN for this name yet. The management sets it.")
    return formats.gettext("That PIN does not fit this name.")
