"""Whole pages: what a request sees before the stream takes over."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

import segno
from fastapi import Request
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from kiosk_ui.areas import Area, Column, Print
from kiosk_ui.board import ARRIVAL, Board
from kiosk_ui.model import CustomerPage, Device, Role, StaffChoice, Viewer
from kiosk_ui.ports import Shop
from kiosk_ui.printer import Printer
from kiosk_ui.settings import KioskSettings
from kiosk_ui.words import SCAN_REASONS, UNKNOWN_REASON

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; worker-src 'self'; manifest-src 'self'; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
FORBIDDEN = 403
PAGE_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Cache-Control": "no-store",
    "Vary": "HX-Request",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}


@dataclass(frozen=True, slots=True)
class Pages:
    """Puts prints and templates together into answers."""

    shop: Shop
    board: Board
    printer: Printer
    settings: KioskSettings
    now: Callable[[], datetime]
    areas: Sequence[Area] = ()

    async def floor(self, request: Request, viewer: Viewer, reason: str = "") -> HTMLResponse:
        """The floor with an empty panel, or with the reason why a scan names nobody."""
        text = SCAN_REASONS.get(reason, UNKNOWN_REASON) if reason else ""
        panel = await self._nobody_panel("empty_panel.html", viewer, reason=text)
        title = self.printer.formats(viewer.language).gettext("Shop")
        return await self._in_shop(request, viewer, panel, "floor", title)

    async def customer(
        self, request: Request, viewer: Viewer, customer_id: str, *, push_url: bool = False
    ) -> HTMLResponse:
        """One customer beside the floor; 404 when there is nobody who may be named."""
        try:
            page = await self.shop.customer(customer_id, viewer)
        except LookupError:
            panel = await self._nobody_panel("missing.html", viewer)
            return await self._in_shop(request, viewer, panel, "floor", "", status=404)
        panel = await self._customer_panel(page, viewer)
        response = await self._in_shop(
            request, viewer, panel, f"customer:{page.customer_id}", page.name
        )
        if push_url:
            response.headers["HX-Push-Url"] = customer_url(page.customer_id)
        return response

    async def search(self, request: Request, viewer: Viewer, query: str) -> HTMLResponse:
        """The hits alone for htmx, else the floor with them."""
        hits = await self.shop.search(query, viewer) if query else ()
        html = self._print("hits.html", viewer, hits=hits, query=query)
        if wants_fragment(request):
            return answer(html)
        panel = await self._nobody_panel("empty_panel.html", viewer, reason="")
        title = self.printer.formats(viewer.language).gettext("Shop")
        return await self._in_shop(request, viewer, panel, "floor", title, hits=html, query=query)

    async def status(self, viewer: Viewer) -> HTMLResponse:
        """How the box is doing."""
        parts = await self.board.line(viewer) + await self.board.components(viewer)
        shell = self._shell(viewer, parts, "status", "status")
        return answer(self._print("status.html", viewer, back="/status", **shell))

    async def conflicts(self, viewer: Viewer) -> HTMLResponse:
        """What was given without a right; 403 but for managers."""
        if viewer.role is not Role.MANAGER:
            return await self.forbidden(viewer)
        parts = await self.board.line(viewer) + await self.board.conflicts(viewer)
        shell = self._shell(viewer, parts, "conflicts", "conflicts")
        return answer(self._print("conflicts.html", viewer, **shell))

    async def forbidden(self, viewer: Viewer) -> HTMLResponse:
        """A page for managers, asked for by somebody else."""
        shell = self._shell(viewer, await self.board.line(viewer), "status", "")
        return answer(self._print("forbidden.html", viewer, **shell), FORBIDDEN)

    async def conflict_list(self, viewer: Viewer) -> HTMLResponse:
        """The list alone, after one was seen."""
        (listed,) = await self.board.conflicts(viewer)
        return answer(listed.inline)

    async def plan(self, request: Request, viewer: Viewer) -> HTMLResponse:
        """The shop from above with who is where, beside the list."""
        (drawn,) = await self.board.plan(viewer)
        panel = self._print("plan.html", viewer, plan=drawn.inline)
        title = self.printer.formats(viewer.language).gettext("Plan")
        return await self._in_shop(request, viewer, panel, "plan", title, area="plan")

    async def part(self, viewer: Viewer, customer_id: str, part: str) -> HTMLResponse:
        """One part of a customer's page after something was done to it."""
        page = await self.shop.refresh(customer_id, viewer)
        parts = await self.board.customer(page, viewer)
        return answer(next(one.inline for one in parts if one.id.endswith(f"-{part}")))

    async def not_this_person(
        self, viewer: Viewer, visit_id: str, customer_id: str
    ) -> HTMLResponse:
        """The panel after "Not this person", with the way back."""
        panel = await self._nobody_panel(
            "undone.html", viewer, visit_id=visit_id, customer_id=customer_id
        )
        return answer(panel)

    def login(  # noqa: PLR0913 - one template, one call
        self,
        device: Device,
        choices: tuple[StaffChoice, ...],
        language: str,
        *,
        chosen: str = "",
        error: str = "",
        status: int = 200,
    ) -> HTMLResponse:
        """Names and one PIN field."""
        html = self.printer.page(
            "login.html",
            language,
            self.now(),
            device=device,
            choices=choices,
            chosen=chosen,
            error=error,
            back="/login",
        )
        return answer(html, status)

    def pair(
        self, language: str, *, code: str = "", name: str = "", error: str = "", status: int = 200
    ) -> HTMLResponse:
        """Pairing code, name, and how to trust the certificate."""
        html = self.printer.page(
            "pair.html",
            language,
            self.now(),
            code=code,
            name=name,
            error=error,
            back="/pair",
            lan_qr=qr(self.settings.lan_url),
            ca_qr=qr(self.settings.ca_url),
        )
        return answer(html, status)

    async def area(
        self, viewer: Viewer, template: str, area: str, parts: Print, key: str = "", **more: object
    ) -> HTMLResponse:
        """A page of an area: `template` extends shell.html and prints `parts` by their ids.

        `key` says what it shows, for the stream; see `areas.Area`.
        """
        page = f"area:{area}:{key}" if key else f"area:{area}"
        shell = self._shell(viewer, await self.board.line(viewer) + parts, page, area)
        return answer(self._print(template, viewer, **shell, **more))

    async def _customer_panel(self, page: CustomerPage, viewer: Viewer) -> Markup:
        parts = await self.board.customer(page, viewer)
        inline = {part.id.rsplit("-", 1)[1]: part.inline for part in parts}
        columns = {
            column: [inline[one.name] for one in self.board.sections if one.column is column]
            for column in Column
        }
        return self._print("customer.html", viewer, c=page, parts=inline, columns=columns)

    async def _nobody_panel(self, template: str, viewer: Viewer, **context: object) -> Markup:
        """The panel while nobody is open: a notice, if any, and whoever was scanned last."""
        parts = {part.id: part.inline for part in await self.board.floor(viewer)}
        return self._print(template, viewer, arrival=parts[ARRIVAL], **context)

    async def _in_shop(  # noqa: PLR0913 - one place for panel and page
        self,
        request: Request,
        viewer: Viewer,
        panel: Markup,
        page: str,
        title: str,
        *,
        status: int = 200,
        hits: Markup | str = "",
        query: str = "",
        area: str = "floor",
    ) -> HTMLResponse:
        if wants_fragment(request):
            return answer(panel, status)
        parts = await self.board.line(viewer) + await self.board.floor(viewer)
        shell = self._shell(viewer, parts, page, area)
        html = self._print(
            "floor.html",
            viewer,
            panel=panel,
            title=title,
            hits=hits,
            query=query,
            **shell,
        )
        return answer(html, status)

    def _shell(self, viewer: Viewer, parts: Print, page: str, area: str) -> dict[str, object]:
        inline = {part.id: part.inline for part in (*parts, self.board.clock(viewer))}
        live = self._print("live.html", viewer, page=page)
        ways = [
            (one.name, one.rail) for one in self.areas if one.rail and viewer.role in one.rail.roles
        ]
        return {"parts": inline, "area": area, "live": live, "ways": ways}

    def _print(self, template: str, viewer: Viewer, **context: object) -> Markup:
        return self.printer.page(template, viewer.language, self.now(), viewer=viewer, **context)


def answer(html: str, status: int = 200) -> HTMLResponse:
    """A page or fragment with the headers every page carries."""
    return HTMLResponse(html, status, PAGE_HEADERS)


def customer_url(customer_id: str) -> str:
    """Where one customer's page is."""
    return f"/customers/{quote(customer_id, safe='')}"


def wants_fragment(request: Request) -> bool:
    """Whether htmx asks for the panel only (not when it restores a page from history)."""
    headers = request.headers
    return "hx-request" in headers and "hx-history-restore-request" not in headers


def qr(text: str) -> Markup | str:
    """A QR code as inline SVG; nothing for an empty text."""
    if not text:
        return ""
    code = segno.make(text, error="m", micro=False)
    drawing = code.svg_inline(scale=5, border=2, svgclass="qr", lineclass=None, omitsize=True)
    return Markup(drawing)  # noqa: S704 - segno's own SVG: modules only, no text of ours
