"""Notes: a section of the customer page, and the sheet on which one is written.

The sheet lies outside everything that is live, so that no push takes away what is being typed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import HTMLResponse

from kiosk_ui.advice.forms import (
    MAX_ID,
    UNPROCESSABLE,
    CustomerId,
    Key,
    Warned,
    found,
    gone_to,
    one_line,
    part_after,
)
from kiosk_ui.advice.port import MAX_TEXT, Advice
from kiosk_ui.advice.words import NEVER_KEPT, SENSITIVE
from kiosk_ui.areas import Area, Column, Kit
from kiosk_ui.model import Viewer
from kiosk_ui.pages import answer, customer_url, wants_fragment
from kiosk_ui.requests import KioskRoute
from kiosk_ui.router import AsViewer

NAME = "notes"
PATH = "/notes"


@dataclass(frozen=True, slots=True)
class NotesSection:
    """`areas.Section`: all notes on one customer."""

    advice: Advice
    name: str = NAME
    column: Column = Column.MAIN

    async def context(self, customer_id: str, viewer: Viewer) -> Mapping[str, object]:
        """See `areas.Section`."""
        del viewer
        return {"notes": await self.advice.notes(customer_id)}


@dataclass(frozen=True, slots=True)
class _Draft:
    """A note that is being written. `warned`: the codes its author has read a warning about."""

    key: str
    customer_id: str
    text: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def is_refused(self) -> bool:
        return not NEVER_KEPT.isdisjoint(self.warnings)


@dataclass(frozen=True, slots=True)
class _NotesRoom:
    """The routes below /notes."""

    advice: Advice

    def build(self, kit: Kit) -> APIRouter:
        router = APIRouter(include_in_schema=False, route_class=KioskRoute)
        self._add_writing(router, kit)

        @router.post(f"{PATH}/{{note_id}}/remove")
        async def remove(
            request: Request, note_id: str, viewer: AsViewer, customer_id: CustomerId
        ) -> Response:
            await found(self.advice.remove_note(note_id, customer_id, viewer))
            return await part_after(request, kit, viewer, customer_id, NAME)

        @router.post(f"{PATH}/{{note_id}}/restore")
        async def restore(
            request: Request, note_id: str, viewer: AsViewer, customer_id: CustomerId
        ) -> Response:
            await found(self.advice.restore_note(note_id, customer_id, viewer))
            return await part_after(request, kit, viewer, customer_id, NAME)

        return router

    def _add_writing(self, router: APIRouter, kit: Kit) -> None:
        @router.get(f"{PATH}/new")
        async def blank(
            viewer: AsViewer, customer_id: Annotated[str, Query(max_length=MAX_ID)]
        ) -> HTMLResponse:
            return await self._sheet(kit, viewer, _Draft(str(uuid4()), customer_id))

        @router.post(PATH)
        async def record(  # noqa: PLR0913, PLR0917  the fields of one form
            request: Request,
            viewer: AsViewer,
            key: Key,
            customer_id: CustomerId,
            text: Annotated[str, Form(max_length=2 * MAX_TEXT)] = "",
            warned: Warned = "",
        ) -> Response:
            text = one_line(text, MAX_TEXT)
            draft = _Draft(str(key), customer_id, text, self.advice.warnings(text))
            is_read = set(draft.warnings) <= set(warned.split())
            if not text or draft.is_refused or not is_read:
                return await self._again(request, kit, viewer, draft)
            await found(self.advice.record_note(draft.key, customer_id, text, viewer))
            return gone_to(request, customer_url(customer_id))

    async def _again(self, request: Request, kit: Kit, viewer: Viewer, draft: _Draft) -> Response:
        """The form with what it holds and what to think about; nothing was saved."""
        if wants_fragment(request):
            return answer(self._form(kit, viewer, draft))
        return await self._sheet(kit, viewer, draft, UNPROCESSABLE)

    async def _sheet(
        self, kit: Kit, viewer: Viewer, draft: _Draft, status: int = 200
    ) -> HTMLResponse:
        name = await found(self.advice.name(draft.customer_id))
        page = await kit.pages.area(
            viewer,
            "advice/note.html",
            NAME,
            (),
            form=self._form(kit, viewer, draft),
            name=name,
            back=customer_url(draft.customer_id),
        )
        page.status_code = status
        return page

    def _form(self, kit: Kit, viewer: Viewer, draft: _Draft) -> str:
        return kit.printer.page(
            "advice/note_form.html",
            viewer.language,
            kit.now(),
            draft=draft,
            sensitive=SENSITIVE,
            max_text=MAX_TEXT,
            back=customer_url(draft.customer_id),
        )


def notes_area(advice: Advice) -> Area:
    """The room, as `build_router` takes it."""
    return Area(NAME, _NotesRoom(advice).build, sections=(NotesSection(advice),))
