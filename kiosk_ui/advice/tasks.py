"""Tasks: a section of the customer page, a page of their own, and the sheets to make one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, time
from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from kiosk_ui.advice.forms import (
    MAX_ID,
    SEE_OTHER,
    UNPROCESSABLE,
    Key,
    Warned,
    found,
    gone_to,
    one_line,
    part_after,
)
from kiosk_ui.advice.model import Due, TaskDraft, TaskKind, TaskRow
from kiosk_ui.advice.port import MAX_TASK, Advice
from kiosk_ui.advice.words import NEVER_KEPT, SENSITIVE, TASK_KINDS
from kiosk_ui.areas import Area, Column, Kit, Print, RailEntry
from kiosk_ui.model import Viewer
from kiosk_ui.pages import answer, customer_url, wants_fragment
from kiosk_ui.requests import KioskRoute
from kiosk_ui.router import AsViewer
from kiosk_ui.words import msg

NAME = "tasks"
PATH = "/tasks"
LIST = "tasklist"  # the element that is live on the page
TEXT_NEEDED = frozenset({TaskKind.HAND_OVER, TaskKind.SERVICE, TaskKind.OTHER})

FromCustomer = Annotated[str, Form(max_length=MAX_ID)]  # on whose page it was tapped, "" = the list


@dataclass(frozen=True, slots=True)
class TasksSection:
    """`areas.Section`: what is to be done for one customer."""

    advice: Advice
    name: str = NAME
    column: Column = Column.MAIN

    async def context(self, customer_id: str, viewer: Viewer) -> Mapping[str, object]:
        """See `areas.Section`."""
        del viewer
        return {"tasks": await self.advice.tasks_for(customer_id), "task_kinds": TASK_KINDS}


@dataclass(frozen=True, slots=True)
class Group:
    """Tasks under one heading, marked with `words.msg`."""

    heading: str
    rows: tuple[TaskRow, ...]
    urgent: bool = False


def grouped(rows: Iterable[TaskRow], staff_id: str) -> tuple[Group, ...]:
    """What is to be done as one member of staff sees it; each task stands in one group."""
    every = tuple(rows)
    mine = [row for row in every if row.assignee in {"", staff_id}]
    theirs = [row for row in every if row not in mine]
    late = [row for row in mine if row.due is Due.OVERDUE]
    handed = [row for row in mine if row not in late and row.handed_by and row.assignee]
    rest = [row for row in mine if row not in late and row not in handed]
    groups = (
        Group(msg("Overdue"), tuple(late), urgent=True),
        Group(msg("Handed over to you"), tuple(handed)),
        Group(msg("Today"), tuple(row for row in rest if row.due is Due.TODAY)),
        Group(msg("Later"), tuple(row for row in rest if row.due is not Due.TODAY)),
        Group(msg("With colleagues"), tuple(theirs)),
    )
    return tuple(group for group in groups if group.rows)


def waiting(rows: Iterable[TaskRow], staff_id: str) -> int:
    """How many tasks of one member of staff are due now."""
    due = {Due.OVERDUE, Due.TODAY}
    return sum(not row.done and row.due in due and row.assignee in {"", staff_id} for row in rows)


@dataclass(eq=False, slots=True)
class _TasksRoom:
    """The page, its sheets and deeds. Nothing is printed before `build`."""

    advice: Advice
    kit: Kit | None = None

    def build(self, kit: Kit) -> APIRouter:
        self.kit = kit
        router = APIRouter(include_in_schema=False, route_class=KioskRoute)

        @router.get(PATH)
        async def page(viewer: AsViewer) -> HTMLResponse:
            return await kit.pages.area(
                viewer, "advice/tasks.html", NAME, await self.current("", viewer)
            )

        self._add_making(router, kit)
        self._add_ticking(router, kit)
        self._add_handing(router, kit)
        return router

    async def current(self, key: str, viewer: Viewer) -> Print:
        """The list as it is for this viewer."""
        del key
        if self.kit is None:
            return ()
        groups = grouped(await self.advice.tasks(), viewer.staff_id)
        return (
            self.kit.printer.fragment(
                "tasklist.html",
                LIST,
                viewer.language,
                self.kit.now(),
                groups=groups,
                task_kinds=TASK_KINDS,
                viewer=viewer,
            ),
        )

    async def badge(self, viewer: Viewer) -> int:
        """How many are due."""
        return waiting(await self.advice.tasks(), viewer.staff_id)

    def _add_making(self, router: APIRouter, kit: Kit) -> None:
        @router.get(f"{PATH}/new")
        async def blank(
            viewer: AsViewer, customer_id: Annotated[str, Query(max_length=MAX_ID)] = ""
        ) -> HTMLResponse:
            kind = TaskKind.FOLLOW_UP if customer_id else TaskKind.OTHER
            draft = TaskDraft(kind, customer_id=customer_id, assignee=viewer.staff_id)
            return await self._sheet(kit, viewer, draft, str(uuid4()))

        @router.post(PATH)
        async def add(  # noqa: PLR0913, PLR0917  the fields of one form
            request: Request,
            viewer: AsViewer,
            key: Key,
            kind: Annotated[TaskKind, Form()],
            customer_id: Annotated[str, Form(max_length=MAX_ID)] = "",
            text: Annotated[str, Form(max_length=2 * MAX_TASK)] = "",
            due_on: Annotated[str, Form(max_length=10)] = "",
            due_time: Annotated[str, Form(max_length=8)] = "",
            assignee: Annotated[str, Form(max_length=MAX_ID)] = "",
            warned: Warned = "",
        ) -> Response:
            text = one_line(text, MAX_TASK)
            day, at = _day(due_on), _time(due_time)
            draft = TaskDraft(kind, text, customer_id, day, at, assignee)
            warnings = self.advice.warnings(text)
            faults = _faults(draft, due_on, due_time)
            if faults or not NEVER_KEPT.isdisjoint(warnings) or set(warnings) - {*warned.split()}:
                return await self._again(request, kit, viewer, draft, str(key), warnings, faults)
            await found(self.advice.add_task(str(key), draft, viewer))
            return gone_to(request, customer_url(customer_id) if customer_id else PATH)

    def _add_ticking(self, router: APIRouter, kit: Kit) -> None:
        @router.post(f"{PATH}/{{task_id}}/done")
        async def done(
            request: Request, task_id: str, viewer: AsViewer, customer_id: FromCustomer = ""
        ) -> Response:
            await found(self.advice.tick_task(task_id, viewer, done=True))
            return await self._after(request, kit, viewer, customer_id)

        @router.post(f"{PATH}/{{task_id}}/open")
        async def reopen(
            request: Request, task_id: str, viewer: AsViewer, customer_id: FromCustomer = ""
        ) -> Response:
            await found(self.advice.tick_task(task_id, viewer, done=False))
            return await self._after(request, kit, viewer, customer_id)

    def _add_handing(self, router: APIRouter, kit: Kit) -> None:
        @router.get(f"{PATH}/{{task_id}}/hand-over")
        async def choose(task_id: str, viewer: AsViewer) -> HTMLResponse:
            row = await found(self.advice.task(task_id))
            people = [one for one in await self.advice.colleagues() if one.id != viewer.staff_id]
            return await kit.pages.area(
                viewer,
                "advice/hand_over.html",
                NAME,
                (),
                row=row,
                people=people,
                task_kinds=TASK_KINDS,
                max_text=MAX_TASK,
                back=PATH,
            )

        @router.post(f"{PATH}/{{task_id}}/hand-over")
        async def give(
            request: Request,
            task_id: str,
            viewer: AsViewer,
            assignee: Annotated[str, Form(max_length=MAX_ID)] = "",
            text: Annotated[str, Form(max_length=2 * MAX_TASK)] = "",
        ) -> Response:
            word = one_line(text, MAX_TASK)
            await found(self.advice.hand_task(task_id, assignee, word, viewer))
            return gone_to(request, PATH)

    async def _after(
        self, request: Request, kit: Kit, viewer: Viewer, customer_id: str
    ) -> Response:
        if customer_id:
            return await part_after(request, kit, viewer, customer_id, NAME)
        if not wants_fragment(request):
            return RedirectResponse(PATH, SEE_OTHER)
        (listed,) = await self.current("", viewer)
        return answer(listed.inline)

    async def _again(  # noqa: PLR0913, PLR0917  a form and what to say about it
        self,
        request: Request,
        kit: Kit,
        viewer: Viewer,
        draft: TaskDraft,
        key: str,
        warnings: tuple[str, ...],
        faults: tuple[str, ...],
    ) -> Response:
        """The form with what it holds; nothing was saved."""
        if wants_fragment(request):
            return answer(await self._form(kit, viewer, draft, key, warnings, faults))
        page = await self._sheet(kit, viewer, draft, key, warnings, faults)
        page.status_code = UNPROCESSABLE
        return page

    async def _sheet(  # noqa: PLR0913, PLR0917  as above
        self,
        kit: Kit,
        viewer: Viewer,
        draft: TaskDraft,
        key: str,
        warnings: tuple[str, ...] = (),
        faults: tuple[str, ...] = (),
    ) -> HTMLResponse:
        name = await found(self.advice.name(draft.customer_id)) if draft.customer_id else ""
        form = await self._form(kit, viewer, draft, key, warnings, faults)
        return await kit.pages.area(viewer, "advice/task.html", NAME, (), form=form, name=name)

    async def _form(  # noqa: PLR0913, PLR0917  as above
        self,
        kit: Kit,
        viewer: Viewer,
        draft: TaskDraft,
        key: str,
        warnings: tuple[str, ...],
        faults: tuple[str, ...],
    ) -> str:
        return kit.printer.page(
            "advice/task_form.html",
            viewer.language,
            kit.now(),
            draft=draft,
            key=key,
            warnings=warnings,
            is_refused=not NEVER_KEPT.isdisjoint(warnings),
            faults=faults,
            people=await self.advice.colleagues(),
            viewer=viewer,
            sensitive=SENSITIVE,
            task_kinds=TASK_KINDS,
            max_text=MAX_TASK,
            back=customer_url(draft.customer_id) if draft.customer_id else PATH,
        )


def _faults(draft: TaskDraft, due_on: str, due_time: str) -> tuple[str, ...]:
    """What is missing, in words marked with `msg`."""
    faults = []
    if not draft.text and (draft.kind in TEXT_NEEDED or not draft.customer_id):
        faults.append(msg("Please say what is to be done."))
    if (due_on and draft.due_on is None) or (due_time and draft.due_time is None):
        faults.append(msg("Please look at the day and the time again."))
    elif draft.due_time is not None and draft.due_on is None:
        faults.append(msg("A time needs its day."))
    return tuple(faults)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _time(text: str) -> time | None:
    try:
        at = time.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo is None else None


def tasks_area(advice: Advice) -> Area:
    """The room, as `build_router` takes it."""
    room = _TasksRoom(advice)
    rail = RailEntry(PATH, "tasks", msg("Tasks"))
    sections = (TasksSection(advice),)
    return Area(NAME, room.build, rail, sections, room.current, room.badge)
