"""Sections of the customer page about what somebody buys, and the sheet of one article."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from kiosk_ui.areas import Area, Column, Kit
from kiosk_ui.model import Role, Viewer
from kiosk_ui.pages import customer_url
from kiosk_ui.picture import charts, words
from kiosk_ui.picture.port import Insight
from kiosk_ui.requests import KioskRoute
from kiosk_ui.router import AsViewer

NAME = "picture"
PATH = "/articles"
NOT_FOUND = 404
MAX_ID = 200  # characters of a sku or customer id
Context = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class PictureSection:
    """`areas.Section`: one part, filled by `fill(customer_id, viewer)`."""

    name: str
    column: Column
    fill: Callable[[str, Viewer], Awaitable[Context]]

    async def context(self, customer_id: str, viewer: Viewer) -> Context:
        """See `areas.Section`."""
        return await self.fill(customer_id, viewer)


@dataclass(frozen=True, slots=True)
class _PictureRoom:
    insight: Insight

    async def cases(self, customer_id: str, viewer: Viewer) -> Context:
        del viewer
        return {"cases": await self.insight.cases(customer_id), "case_words": words.CASES}

    async def wishes(self, customer_id: str, viewer: Viewer) -> Context:
        del viewer
        return {"wishes": await self.insight.wishes(customer_id), "reasons": words.ARTICLE_REASONS}

    async def ahead(self, customer_id: str, viewer: Viewer) -> Context:
        del viewer
        return {
            "ahead": await self.insight.ahead(customer_id),
            "deeds": words.DEEDS,
            "deed_reasons": words.DEED_REASONS,
            "milestones": words.MILESTONES,
            "reasons": words.ARTICLE_REASONS,
        }

    async def picture(self, customer_id: str, viewer: Viewer) -> Context:
        found = await self.insight.picture(customer_id)
        return {
            "picture": found,
            "is_open": viewer.role is Role.MANAGER,
            "spark": charts.spark(found.amounts) if found else None,
            "window": charts.window,
            "noon": charts.noon,
            "drifts": words.DRIFTS,
            "trends": words.TRENDS,
            "stages": words.STAGES,
            "channels": words.CHANNELS,
        }

    async def timeline(self, customer_id: str, viewer: Viewer) -> Context:
        del viewer
        return {
            "touches": await self.insight.timeline(customer_id),
            "touch_words": words.TOUCHES,
            "channels": words.CHANNELS,
        }

    def build(self, kit: Kit) -> APIRouter:
        """The sheet of an article."""
        router = APIRouter(include_in_schema=False, route_class=KioskRoute)

        @router.get(f"{PATH}/{{sku}}")
        async def sheet(
            sku: str,
            viewer: AsViewer,
            customer_id: Annotated[str, Query(max_length=MAX_ID)] = "",
        ) -> HTMLResponse:
            back = customer_url(customer_id) if customer_id else "/"
            try:
                found = await self.insight.article(sku, customer_id, viewer)
            except LookupError:  # bought long ago, say, and not in the assortment any more
                page = await kit.pages.area(viewer, "picture/unknown.html", NAME, (), back=back)
                page.status_code = NOT_FOUND
                return page
            return await kit.pages.area(
                viewer, "picture/article.html", NAME, (), sheet=found, back=back
            )

        return router


def cases_area(insight: Insight) -> Area:
    """Service cases alone: what the shop owes stands above everything else that areas bring."""
    room = _PictureRoom(insight)
    return Area("cases", sections=(PictureSection("cases", Column.MAIN, room.cases),))


def picture_area(insight: Insight) -> Area:
    """The room, as `build_router` takes it."""
    room = _PictureRoom(insight)
    sections = (
        PictureSection("ahead", Column.MAIN, room.ahead),
        PictureSection("wishes", Column.MAIN, room.wishes),
        PictureSection("timeline", Column.SIDE, room.timeline),
        PictureSection("picture", Column.SIDE, room.picture),
    )
    return Area(NAME, room.build, sections=sections)
