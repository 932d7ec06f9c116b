"""The tablet's routes: thin, so that everything worth reading is in pages, board and live.

The agent's middleware authenticates before: `request.state.device` (Device | None) and
`request.state.viewer` (Viewer | None). Who lacks the first is sent to /pair, the second to /login.
No GET changes anything.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form, HTTPException, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse, StreamingResponse

from kiosk_ui.areas import Area, Kit
from kiosk_ui.board import Board
from kiosk_ui.entry import build_entry_router
from kiosk_ui.live import Hub, Page, PageKind, message, messages
from kiosk_ui.model import Outcome, Viewer
from kiosk_ui.pages import Pages, customer_url, wants_fragment
from kiosk_ui.ports import Access, Shop
from kiosk_ui.printer import Printer
from kiosk_ui.requests import KioskRoute, language_of, require_manager, require_viewer
from kiosk_ui.settings import KioskSettings
from kiosk_ui.shelf import build_shelf_router
from kiosk_ui.static_files import StaticFiles

SEE_OTHER = 303
MAX_QUERY = 200  # characters of a search; more is a wedge scan that lost its way
MAX_SCAN = 4096  # characters; the largest QR code holds 4,296 alphanumeric ones

AsViewer = Annotated[Viewer, Depends(require_viewer)]
AsManager = Annotated[Viewer, Depends(require_manager)]
FormText = Annotated[str, Form(max_length=MAX_SCAN)]


def build_router(  # noqa: PLR0913 - the composition root hands everything in
    shop: Shop,
    access: Access,
    hub: Hub,
    settings: KioskSettings,
    *,
    now: Callable[[], datetime],
    monotonic: Callable[[], float],
    areas: Sequence[Area] = (),
) -> APIRouter:
    """All routes of the tablet."""
    static = StaticFiles()
    printer = Printer(settings, static)
    board = Board(shop, hub, printer, now, areas)
    pages = Pages(shop, board, printer, settings, now, areas)
    router = APIRouter(include_in_schema=False, route_class=KioskRoute)
    _add_pages(router, pages)
    for add in (_add_scan, _add_sentence, _add_identity, _add_claim, _add_proposals):
        add(router, pages, shop)
    _add_conflicts(router, pages, shop, hub)
    _add_live(router, board, hub, monotonic)
    kit = Kit(pages, printer, hub, settings, now)
    for area in areas:
        if area.build is not None:
            router.include_router(area.build(kit))
    router.include_router(build_entry_router(access, hub, pages))
    router.include_router(build_shelf_router(printer, static, settings, now))
    return router


def _add_pages(router: APIRouter, pages: Pages) -> None:
    @router.get("/")
    async def floor(
        request: Request, viewer: AsViewer, guest: Annotated[str, Query(max_length=40)] = ""
    ) -> HTMLResponse:
        return await pages.floor(request, viewer, guest)

    @router.get("/plan")
    async def plan(request: Request, viewer: AsViewer) -> HTMLResponse:
        return await pages.plan(request, viewer)

    @router.get("/customers/{customer_id:path}")
    async def customer(request: Request, customer_id: str, viewer: AsViewer) -> HTMLResponse:
        return await pages.customer(request, viewer, customer_id)

    @router.get("/search")
    async def search(
        request: Request, viewer: AsViewer, q: Annotated[str, Query(max_length=MAX_QUERY)] = ""
    ) -> HTMLResponse:
        return await pages.search(request, viewer, q.strip())

    @router.get("/status")
    async def status(viewer: AsViewer) -> HTMLResponse:
        return await pages.status(viewer)


def _add_scan(router: APIRouter, pages: Pages, shop: Shop) -> None:
    @router.post("/scan")
    async def scan(request: Request, viewer: AsViewer, data: FormText = "") -> Response:
        outcome = await shop.scan(data, viewer)
        if not wants_fragment(request):
            return _after_scan(outcome.customer_id, outcome.reason)
        if outcome.customer_id is None:
            return await pages.floor(request, viewer, outcome.reason or "unknown_pass")
        return await pages.customer(request, viewer, outcome.customer_id, push_url=True)


def _add_sentence(router: APIRouter, pages: Pages, shop: Shop) -> None:
    @router.post("/visits/{visit_id}/answer")
    async def answer(  # noqa: PLR0913, PLR0917  the fields of one form
        request: Request,
        visit_id: str,
        viewer: AsViewer,
        customer_id: FormText,
        topic: FormText,
        outcome: Annotated[Outcome, Form()],
    ) -> Response:
        await _done(shop.note_answer(visit_id, topic, outcome, viewer))
        return await _said(request, pages, viewer, customer_id)

    @router.post("/visits/{visit_id}/take-back")
    async def take_back(
        request: Request, visit_id: str, viewer: AsViewer, customer_id: FormText, topic: FormText
    ) -> Response:
        await _done(shop.take_back_answer(visit_id, topic, viewer))
        return await _said(request, pages, viewer, customer_id)


def _add_identity(router: APIRouter, pages: Pages, shop: Shop) -> None:
    @router.post("/visits/{visit_id}/not-this-person")
    async def not_this_person(
        request: Request, visit_id: str, viewer: AsViewer, customer_id: FormText
    ) -> Response:
        await _done(shop.mark_not_this_person(visit_id, viewer))
        if wants_fragment(request):
            return await pages.not_this_person(viewer, visit_id, customer_id)
        return RedirectResponse("/?guest=not_this_person", SEE_OTHER)

    @router.post("/visits/{visit_id}/this-person")
    async def this_person(
        request: Request, visit_id: str, viewer: AsViewer, customer_id: FormText
    ) -> Response:
        await _done(shop.undo_not_this_person(visit_id, viewer))
        if wants_fragment(request):
            return await pages.customer(request, viewer, customer_id, push_url=True)
        return _to_customer(customer_id)


def _add_claim(router: APIRouter, pages: Pages, shop: Shop) -> None:
    @router.post("/visits/{visit_id}/claim")
    async def claim(
        request: Request,
        visit_id: str,
        viewer: AsViewer,
        customer_id: FormText,
        instead_of: FormText = "",
    ) -> Response:
        await _done(shop.claim(visit_id, viewer, instead_of))
        return await _claimed(request, pages, viewer, customer_id)

    @router.post("/visits/{visit_id}/release")
    async def release(
        request: Request, visit_id: str, viewer: AsViewer, customer_id: FormText
    ) -> Response:
        await _done(shop.release(visit_id, viewer))
        return await _claimed(request, pages, viewer, customer_id)


def _add_proposals(router: APIRouter, pages: Pages, shop: Shop) -> None:
    @router.post("/customers/{customer_id:path}/propose")
    async def propose(
        request: Request, customer_id: str, viewer: AsViewer, offer_id: FormText
    ) -> Response:
        try:
            await shop.propose(customer_id, offer_id, viewer)
        except LookupError as error:
            raise HTTPException(404, "no basket of this customer that it fits now") from error
        if not wants_fragment(request):
            return _to_customer(customer_id)
        return await pages.part(viewer, customer_id, "offers")


def _add_conflicts(router: APIRouter, pages: Pages, shop: Shop, hub: Hub) -> None:
    @router.get("/conflicts")
    async def conflicts(viewer: AsViewer) -> HTMLResponse:
        return await pages.conflicts(viewer)

    @router.post("/conflicts/{conflict_id}/seen")
    async def seen(request: Request, conflict_id: str, viewer: AsManager) -> Response:
        try:
            await shop.conflict_seen(conflict_id, viewer)
        except LookupError as error:
            raise HTTPException(404, "no such entry") from error
        hub.floor_changed()  # the number beside "To check" on every manager's page
        if not wants_fragment(request):
            return RedirectResponse("/conflicts", SEE_OTHER)
        return await pages.conflict_list(viewer)


def _add_live(router: APIRouter, board: Board, hub: Hub, monotonic: Callable[[], float]) -> None:
    @router.get("/events")
    async def events(
        request: Request, page: Annotated[str, Query(max_length=300)] = "floor"
    ) -> StreamingResponse:
        viewer: Viewer | None = request.state.viewer
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        if viewer is None:  # 200, so that the page shows the lock instead of retrying for ever
            farewell = message("state", board.locked(language_of(request)))
            return StreamingResponse(iter([farewell]), 200, headers, "text/event-stream")
        stream = hub.open(_parse_page(page), viewer)
        body = messages(stream, hub, board, monotonic)
        return StreamingResponse(body, 200, headers, "text/event-stream")


def _parse_page(text: str) -> Page:
    kind, _, rest = text.partition(":")
    try:
        page = Page(PageKind(kind))
    except ValueError as error:
        raise HTTPException(
            422, "page: floor, plan, status, conflicts, customer:<id> or area:<name>"
        ) from error
    is_customer = page.kind is PageKind.CUSTOMER
    return replace(page, customer_id=rest) if is_customer else replace(page, key=rest)


async def _claimed(request: Request, pages: Pages, viewer: Viewer, customer_id: str) -> Response:
    if not wants_fragment(request):
        return _to_customer(customer_id)
    try:
        return await pages.part(viewer, customer_id, "with")
    except LookupError as error:
        raise HTTPException(404, "nobody who may be named here") from error


async def _said(request: Request, pages: Pages, viewer: Viewer, customer_id: str) -> Response:
    if not wants_fragment(request):
        return _to_customer(customer_id)
    try:
        return await pages.part(viewer, customer_id, "say")
    except LookupError as error:
        raise HTTPException(404, "nobody who may be named here") from error


async def _done(deed: Awaitable[None]) -> None:
    """Wait for a deed; an unknown visit is a 404 that changed nothing."""
    try:
        await deed
    except LookupError as error:
        raise HTTPException(404, "no such visit, or it has ended") from error


def _after_scan(customer_id: str | None, reason: str | None) -> Response:
    if customer_id is None:
        return RedirectResponse(f"/?guest={quote(reason or 'unknown_pass')}", SEE_OTHER)
    return _to_customer(customer_id)


def _to_customer(customer_id: str) -> Response:
    return RedirectResponse(customer_url(customer_id), SEE_OTHER)
