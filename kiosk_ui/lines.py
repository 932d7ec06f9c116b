"""The lines page: what waits for which receiver, and what was refused; for managers.

A room of the tablet: it is handed to `build_router` as an area. No customer stands on it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse, StreamingResponse

from kiosk_ui.areas import Area, Kit, Print, RailEntry
from kiosk_ui.model import Role, Viewer
from kiosk_ui.pages import answer, wants_fragment
from kiosk_ui.requests import KioskRoute
from kiosk_ui.router import AsManager, AsViewer
from kiosk_ui.words import msg

NAME = "lines"
PATH = "/lines"
SEE_OTHER = 303
EXPORT_NAME = "refused-events.jsonl"
EXPORT_HEADERS = {
    "Content-Disposition": f'attachment; filename="{EXPORT_NAME}"',
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}


class LineState(StrEnum):
    """Whether a receiver can be reached."""

    STARTING = "starting"
    ONLINE = "online"
    OFFLINE = "offline"


@dataclass(frozen=True, slots=True)
class LineRow:
    """One receiver. `reason` and `hint` are for whoever mends it, in English.

    `passed_over` were too old to be worth sending, `dropped` had to go for want of room.
    """

    name: str
    state: LineState
    since: datetime
    waiting: int = 0
    oldest_at: datetime | None = None
    last_success_at: datetime | None = None
    refused: int = 0
    passed_over: int = 0
    dropped: int = 0
    reason: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """One event that a receiver does not want; nothing about whom it concerns."""

    id: str
    line: str
    kind: str
    refused_at: datetime
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class LinesView:
    """All lines, and the oldest refused events; there may be more of these."""

    lines: tuple[LineRow, ...] = ()
    refused: tuple[RefusedRow, ...] = ()

    @property
    def refused_in_all(self) -> int:
        """Also those that are not listed."""
        return sum(line.refused for line in self.lines)


class Lines(Protocol):
    """What the page needs from the agent. Any method may raise ShopUnavailable."""

    async def look(self) -> LinesView:
        """The lines now; cheap, called about every 10 s."""

    async def retry(self, line: str, event_id: str, viewer: Viewer) -> None:
        """Send one refused event again. LookupError when it is not refused (any more)."""

    async def retry_all(self, line: str, viewer: Viewer) -> None:
        """Send all that this line refused again. LookupError when there is no such line.

        Not what it may have already ("delivery_unknown"): somebody has to look there first.
        """

    def export(self, viewer: Viewer) -> AsyncIterator[bytes]:
        """Everything refused, in full, as JSON lines. Who took it is kept."""


STATES: Mapping[str, str] = {
    "starting": msg("Not tried yet"),
    "online": msg("Connected"),
    "offline": msg("Not reachable"),
}
KINDS: Mapping[str, str] = {
    "store.scan.recorded": msg("Scan"),
    "store.visit.started": msg("Begin of a visit"),
    "store.visit.ended": msg("End of a visit"),
    "store.offer.exposed": msg("Offers shown"),
    "store.consent.changed": msg("Consent"),
    "store.person.changed": msg("State of a person"),
    "store.sale.recorded": msg("Sale"),
    "store.sale.voided": msg("Voided sale"),
    "store.return.recorded": msg("Return"),
    "store.redemption.recorded": msg("Redemption"),
    "store.redemption.voided": msg("Voided redemption"),
    "store.redemption.restored": msg("Restored right"),
    "store.points.entered": msg("Points"),
    "store.zone.entered": msg("Zone entered"),
    "store.zone.left": msg("Zone left"),
    "store.zone.dwelled": msg("Stay in a zone"),
    "store.approach.changed": msg("On the way"),
    "store.footfall.counted": msg("Count of people"),
    "store.fences.changed": msg("Zones drawn"),
    "store.note.recorded": msg("Note on a customer"),
    "store.task.changed": msg("Task"),
    "store.sentence.answered": msg("Answer of a customer"),
    "store.touch.recorded": msg("Contact with a customer"),
    "store.client.changed": msg("Change of advisor"),
    "store.survey.answered": msg("Answer to the survey"),
    "store.preference.changed": msg("Wishes of a customer"),
    "store.events.dropped": msg("Note of dropped events"),
}
REASONS: Mapping[str, str] = {
    "too_large": msg("It is larger than this receiver takes."),
    "unreadable": msg("The receiver cannot read it."),
    "delivery_unknown": msg(
        "Nobody knows whether it arrived. Look there first: sent again, it may be there twice."
    ),
}


class LinesRoom:
    """The page, its deeds, and what is live on it."""

    def __init__(self, lines: Lines) -> None:
        """Nothing is printed before `build`."""
        self._lines = lines
        self._kit: Kit | None = None

    def build(self, kit: Kit) -> APIRouter:
        """The routes below /lines."""
        self._kit = kit
        router = APIRouter(include_in_schema=False, route_class=KioskRoute)

        @router.get(PATH)
        async def page(viewer: AsViewer) -> HTMLResponse:
            if viewer.role is not Role.MANAGER:
                return await kit.pages.forbidden(viewer)
            return await kit.pages.area(viewer, "lines.html", NAME, await self.current("", viewer))

        @router.get(f"{PATH}/{EXPORT_NAME}")
        async def export(viewer: AsManager) -> StreamingResponse:
            body = self._lines.export(viewer)
            return StreamingResponse(body, 200, EXPORT_HEADERS, "application/x-ndjson")

        @router.post(f"{PATH}/{{line}}/retry")
        async def retry_all(request: Request, line: str, viewer: AsManager) -> Response:
            try:
                await self._lines.retry_all(line, viewer)
            except LookupError as error:
                raise HTTPException(404, "no such line") from error
            return await self._done(kit, request, viewer)

        @router.post(f"{PATH}/{{line}}/events/{{event_id}}/retry")
        async def retry(request: Request, line: str, event_id: str, viewer: AsManager) -> Response:
            try:
                await self._lines.retry(line, event_id, viewer)
            except LookupError as error:
                raise HTTPException(404, "it is not refused any more") from error
            return await self._done(kit, request, viewer)

        return router

    async def current(self, key: str, viewer: Viewer) -> Print:
        """The whole page in one piece; nothing but for managers."""
        del key
        if self._kit is None or viewer.role is not Role.MANAGER:
            return ()
        kit, view = self._kit, await self._lines.look()
        return (
            kit.printer.fragment(
                "lines.html",
                NAME,
                viewer.language,
                kit.now(),
                view=view,
                states=STATES,
                kinds=KINDS,
                reasons=REASONS,
                export=f"{PATH}/{EXPORT_NAME}",
            ),
        )

    async def _done(self, kit: Kit, request: Request, viewer: Viewer) -> Response:
        kit.hub.status_changed()  # the numbers on every tablet
        if not wants_fragment(request):
            return RedirectResponse(PATH, SEE_OTHER)
        (listed,) = await self.current("", viewer)
        return answer(listed.inline)


def lines_area(lines: Lines) -> Area:
    """The room, as `build_router` takes it."""
    room = LinesRoom(lines)
    rail = RailEntry(PATH, "cloud", msg("Lines"), frozenset({Role.MANAGER}))
    return Area(NAME, room.build, rail, current=room.current)
