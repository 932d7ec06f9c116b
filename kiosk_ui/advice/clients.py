"""Clients: whom somebody looks after, by need; and on the customer page how they may be reached."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated
from uuid import NAMESPACE_URL, uuid5

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import HTMLResponse

from kiosk_ui.advice.forms import CustomerId, Key, found, part_after
from kiosk_ui.advice.model import ClientRow, ContactCard, ContactChannel
from kiosk_ui.advice.port import Advice
from kiosk_ui.advice.words import CHANNELS, REASONS, TOUCHED, WHY_NOT
from kiosk_ui.areas import Area, Column, Kit, Print, RailEntry
from kiosk_ui.model import Viewer
from kiosk_ui.requests import KioskRoute
from kiosk_ui.router import AsViewer
from kiosk_ui.words import msg

NAME = "clients"
SECTION = "contact"
PATH = "/mine"
LIST = "clientlist"  # the element that is live on the page
UNDO = timedelta(minutes=10)
SHOWN = 50  # of a group; nobody gets through more in a day
FRESH_FOR_S = 10  # as the floor: days pass, and tasks become due, without a change being told


@dataclass(frozen=True, slots=True)
class ContactSection:
    """`areas.Section`: who looks after a customer, and how they may be reached."""

    advice: Advice
    name: str = SECTION
    column: Column = Column.SIDE

    async def context(self, customer_id: str, viewer: Viewer) -> Mapping[str, object]:
        """See `areas.Section`."""
        del viewer
        card = await self.advice.contact(customer_id)
        keys = {channel.value: next_key(customer_id, card, channel) for channel in ContactChannel}
        return {
            "contact": card,
            "keys": keys,
            "undo": UNDO,
            "channels": CHANNELS,
            "touched": TOUCHED,
            "why_not": WHY_NOT,
        }


def next_key(customer_id: str, card: ContactCard, channel: ContactChannel) -> str:
    """The key of the next contact: on every tablet the same, so that two taps are one contact."""
    last = card.last.id if card.last else ""
    return str(uuid5(NAMESPACE_URL, f"{customer_id} {channel} {last}"))


@dataclass(eq=False, slots=True)
class _ClientsRoom:
    """The page and the deeds. Nothing is printed before `build`."""

    advice: Advice
    kit: Kit | None = None
    kept: dict[str, tuple[tuple[int, int], tuple[ClientRow, ...]]] = field(default_factory=dict)

    def build(self, kit: Kit) -> APIRouter:
        self.kit = kit
        router = APIRouter(include_in_schema=False, route_class=KioskRoute)

        @router.get(PATH)
        async def page(viewer: AsViewer) -> HTMLResponse:
            return await kit.pages.area(
                viewer, "advice/mine.html", NAME, await self.current("", viewer)
            )

        @router.post("/clients")
        async def look_after(
            request: Request,
            viewer: AsViewer,
            customer_id: CustomerId,
            let_go: Annotated[bool, Form()] = False,
        ) -> Response:
            staff_id = "" if let_go else viewer.staff_id
            await found(self.advice.look_after(customer_id, staff_id))
            return await part_after(request, kit, viewer, customer_id, SECTION)

        @router.post("/touches")
        async def touch(
            request: Request,
            viewer: AsViewer,
            key: Key,
            customer_id: CustomerId,
            channel: Annotated[ContactChannel, Form()],
        ) -> Response:
            await found(self.advice.touch(str(key), customer_id, channel, viewer))
            return await part_after(request, kit, viewer, customer_id, SECTION)

        @router.post("/touches/{touch_id}/take-back")
        async def take_back(
            request: Request, touch_id: str, viewer: AsViewer, customer_id: CustomerId
        ) -> Response:
            await found(self.advice.take_touch_back(touch_id, customer_id))
            return await part_after(request, kit, viewer, customer_id, SECTION)

        return router

    async def current(self, key: str, viewer: Viewer) -> Print:
        """The list as it is for this viewer."""
        del key
        if self.kit is None:
            return ()
        rows = await self._rows(self.kit, viewer)
        wanting = [row for row in rows if row.reasons]
        others = [row for row in rows if not row.reasons]
        return (
            self.kit.printer.fragment(
                "clientlist.html",
                LIST,
                viewer.language,
                self.kit.now(),
                groups=(
                    (msg("Now"), wanting[:SHOWN], len(wanting)),
                    (msg("All well"), others[:SHOWN], len(others)),
                ),
                reasons=REASONS,
                channels=CHANNELS,
                why_not=WHY_NOT,
            ),
        )

    async def _rows(self, kit: Kit, viewer: Viewer) -> tuple[ClientRow, ...]:
        """Once per state of the customers: a floor where people come and go changes nothing."""
        moment = int(kit.now().timestamp()) // FRESH_FOR_S
        version = (kit.hub.customer_version, moment)
        kept = self.kept.get(viewer.staff_id)
        if kept is None or kept[0] != version:
            kept = self.kept[viewer.staff_id] = (version, await self.advice.clients(viewer))
        return kept[1]


def clients_area(advice: Advice) -> Area:
    """The room, as `build_router` takes it."""
    room = _ClientsRoom(advice)
    rail = RailEntry(PATH, "people", msg("Mine"))
    return Area(NAME, room.build, rail, (ContactSection(advice),), room.current)
