"""What is on the pages now: asks the shop once per audience and shares the print among tablets."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from markupsafe import Markup

from kiosk_ui.areas import Area, Print, Section
from kiosk_ui.live import Ending, Hub, Page, PageKind
from kiosk_ui.model import CustomerPage, Floor, Role, Status, Viewer
from kiosk_ui.plan import draw
from kiosk_ui.ports import Shop
from kiosk_ui.printer import Fragment, Printer, short_key
from kiosk_ui.rows import RowPrinter
from kiosk_ui.views import recent_guests

FRESH_FOR_S = 10  # "7 min" and the outbox length may lag by this much without a change being told
KEPT_PRINTS = 64  # audiences x open customers, with room; older prints are rendered again
ARRIVAL = "arrival"  # the id of the card that opens by itself
CUSTOMER_PARTS = ("who", "with", "say", "offers", "bought", "glance", "leanings")
ARRIVAL_PARTS = ("who", "with", "say", "offers", "glance")  # what two seconds are enough for


class Board:
    """Prints the changing parts of the pages, at most once per state and audience."""

    def __init__(
        self,
        shop: Shop,
        hub: Hub,
        printer: Printer,
        now: Callable[[], datetime],
        areas: Sequence[Area] = (),
    ) -> None:
        """`now` gives aware UTC."""
        self._areas = {area.name: area for area in areas}
        self.sections = tuple(section for area in areas for section in area.sections)
        self._shop = shop
        self._hub = hub
        self._printer = printer
        self._now = now
        self._rows = RowPrinter(printer)
        self._prints: OrderedDict[tuple[object, ...], asyncio.Future[Print]] = OrderedDict()

    async def current(self, page: Page, viewer: Viewer) -> Print:
        """Everything on `page` that can change, as it is now. Raises ShopUnavailable."""
        parts = await self.line(viewer)
        if page.kind is PageKind.STATUS:
            return parts + await self.components(viewer)
        if page.kind is PageKind.CONFLICTS:
            return parts + await self.conflicts(viewer)
        if page.kind is PageKind.AREA:
            return parts + await self._area(page.key, viewer)
        floor = await self.floor(viewer)
        if page.kind is PageKind.FLOOR:
            return parts + floor
        if page.kind is PageKind.PLAN:
            here = tuple(part for part in floor if part.id != ARRIVAL)
            return parts + here + await self.plan(viewer)
        # An open customer keeps the panel: no arrival takes it away.
        parts += tuple(part for part in floor if part.id != ARRIVAL)
        return parts + await self._watched_customer(page.customer_id, viewer)

    async def line(self, viewer: Viewer) -> Print:
        """The top line, what waits in the areas and, for managers, how much there is to check."""
        top = await self._shared("line", self._hub.status_version, viewer, self._print_line)
        for area in self._areas.values():
            if area.has_badge:
                top += await self._badge(area, viewer)
        if viewer.role is not Role.MANAGER:
            return top
        version = self._hub.floor_version
        return top + await self._shared("to-check", version, viewer, self._print_to_check)

    async def conflicts(self, viewer: Viewer) -> Print:
        """What was given without a right."""
        version = self._hub.floor_version
        return await self._shared("conflicts", version, viewer, self._print_conflicts)

    async def components(self, viewer: Viewer) -> Print:
        """The status page's content."""
        version = self._hub.status_version
        return await self._shared("components", version, viewer, self._print_components)

    async def floor(self, viewer: Viewer) -> Print:
        """Headline, list of people, and the card of whoever was scanned last."""
        return await self._shared("floor", self._hub.floor_version, viewer, self._print_floor)

    async def plan(self, viewer: Viewer) -> Print:
        """The shop from above."""
        return await self._shared("plan", self._hub.floor_version, viewer, self._print_plan)

    async def customer(self, page: CustomerPage, viewer: Viewer) -> Print:
        """The parts of one customer's page: the card, then the sections that areas bring."""
        card = self._print_customer(page, viewer)
        return card + tuple([await self._print_section(s, page, viewer) for s in self.sections])

    def clock(self, viewer: Viewer) -> Fragment:
        """The time of the last update."""
        return self._printer.fragment("clock.html", "clock", viewer.language, self._now())

    def farewell(self, ending: Ending, viewer: Viewer) -> Print:
        """What a page shows whose stream has ended for good; nothing when the box restarts."""
        if ending is Ending.LOCKED:
            return self.locked(viewer.language)
        if ending is Ending.CROWDED_OUT:
            return (self._fragment("paused.html", "toast", viewer), self._silence(viewer.language))
        return ()

    def locked(self, language: str) -> Print:
        """The lock screen in place of whatever the page showed."""
        lock = self._printer.fragment("lock.html", "page", language, self._now())
        return (lock, self._silence(language))

    async def _watched_customer(self, customer_id: str, viewer: Viewer) -> Print:
        async def render(viewer: Viewer) -> Print:
            try:
                page = await self._shop.refresh(customer_id, viewer)
            except LookupError:
                return (self._fragment("gone.html", f"c-{short_key(customer_id)}", viewer),)
            return await self.customer(page, viewer)

        version = (customer_id, self._hub.customer_version)
        return await self._shared("customer", version, viewer, render)

    async def _area(self, key: str, viewer: Viewer) -> Print:
        name, _, rest = key.partition(":")
        area = self._areas.get(name)
        return () if area is None else await area.current(rest, viewer)

    async def _shared(
        self,
        kind: str,
        version: object,
        viewer: Viewer,
        render: Callable[[Viewer], Awaitable[Print]],
    ) -> Print:
        """One print for everybody who sees the same thing, also for those who ask meanwhile."""
        moment = int(self._now().timestamp()) // FRESH_FOR_S
        key = (kind, version, moment, viewer.language, viewer.role)
        running = self._prints.get(key)
        if running is None:
            running = self._prints[key] = asyncio.ensure_future(render(viewer))
            while len(self._prints) > KEPT_PRINTS:
                self._prints.popitem(last=False)
        try:
            return await asyncio.shield(running)
        except Exception:
            self._prints.pop(key, None)  # a failure is not a state: the next one asks again
            raise

    async def _print_line(self, viewer: Viewer) -> Print:
        status: Status = await self._shop.status()
        return (self._fragment("line.html", "line", viewer, status=status),)

    async def _badge(self, area: Area, viewer: Viewer) -> Print:
        async def render(viewer: Viewer) -> Print:
            count = await area.badge(viewer)
            return (self._fragment("badge.html", f"badge-{area.name}", viewer, count=count),)

        kind = f"badge {area.name} {viewer.staff_id}"  # each member of staff has their own
        return await self._shared(kind, self._hub.floor_version, viewer, render)

    async def _print_components(self, viewer: Viewer) -> Print:
        status = await self._shop.status()
        return (self._fragment("components.html", "components", viewer, status=status),)

    async def _print_to_check(self, viewer: Viewer) -> Print:
        count = len(await self._shop.conflicts(viewer))
        return (self._fragment("to_check.html", "to-check", viewer, count=count),)

    async def _print_conflicts(self, viewer: Viewer) -> Print:
        rows = await self._shop.conflicts(viewer)
        return (self._fragment("conflicts.html", "conflicts", viewer, rows=rows),)

    async def _print_floor(self, viewer: Viewer) -> Print:
        floor: Floor = await self._shop.floor(viewer)
        now = self._now()
        printed = self._rows.rows(floor.rows, viewer.language, now)
        wanting = [html for row, html in printed.items() if row.needs_someone]
        others = [html for row, html in printed.items() if not row.needs_someone]
        guests = recent_guests(floor, now)
        return (
            self._fragment("floor_head.html", "floor-head", viewer, wanting=wanting, floor=floor),
            self._fragment(
                "people.html",
                "people",
                viewer,
                wanting=wanting,
                others=others,
                guests=guests,
                coming=floor.coming,
            ),
            self._print_arrival(floor.arrival, viewer),
        )

    async def _print_plan(self, viewer: Viewer) -> Print:
        floor = await self._shop.floor(viewer)
        drawing = draw(floor.plan, floor.rows) if floor.plan else None
        return (self._fragment("plan.html", "plan", viewer, drawing=drawing),)

    def _print_arrival(self, arrival: CustomerPage | None, viewer: Viewer) -> Fragment:
        parts: dict[str, Markup] = {}
        if arrival is not None:
            printed = self._print_customer(arrival, viewer, ARRIVAL_PARTS)
            parts = {part.id.rsplit("-", 1)[1]: part.inline for part in printed}
        return self._fragment("arrival.html", ARRIVAL, viewer, c=arrival, parts=parts)

    def _print_customer(
        self, page: CustomerPage, viewer: Viewer, parts: tuple[str, ...] = CUSTOMER_PARTS
    ) -> Print:
        key = short_key(page.customer_id)
        return tuple(
            self._fragment(f"{part}.html", f"c-{key}-{part}", viewer, c=page) for part in parts
        )

    async def _print_section(
        self, section: Section, page: CustomerPage, viewer: Viewer
    ) -> Fragment:
        key = short_key(page.customer_id)
        context = await section.context(page.customer_id, viewer)
        return self._fragment(
            f"{section.name}.html", f"c-{key}-{section.name}", viewer, c=page, **context
        )

    def _silence(self, language: str) -> Fragment:
        return self._printer.fragment("silence.html", "live", language, self._now())

    def _fragment(
        self, template: str, fragment_id: str, viewer: Viewer, **context: object
    ) -> Fragment:
        return self._printer.fragment(
            template, fragment_id, viewer.language, self._now(), **context
        )
