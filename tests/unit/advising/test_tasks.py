"""Tasks: made once, ticked off with a way back, handed over, the same in every shop."""

from __future__ import annotations

from datetime import date, time

import pytest
from builders import customer, shop, staff
from unit.advising.advice_desk import BEA, EMIL, VIEWER, Desk

from kiosk_ui.advice.model import Due
from store_agent.advising.tasks import Wanted
from store_agent.domain.errors import InvalidInput, NotFound
from store_agent.domain.task import TaskKind, TaskState

pytestmark = pytest.mark.asyncio
PEOPLE = [customer(), staff(), staff("s-emil", "Emil Entwurf")]
CALL = Wanted(TaskKind.FOLLOW_UP, "Anrufen", "c-1", date(2026, 11, 21), assignee="s-bea")


def document(running, **fields):
    doc = {
        "id": "t-9",
        "kind": "service",
        "text": "Saum heften",
        "created_at": "2026-11-20T10:00:00Z",
        "created_by": "s-x",
        "changed_at": "2026-11-20T10:00:00Z",
        "store": running.agent.storage.store_id,
        "customer_id": "c-1",
    }
    return doc | fields


async def test_a_task_is_on_the_list_on_the_customer_and_on_its_way(tmp_path):
    async with shop(tmp_path, PEOPLE) as running:
        desk = Desk(running)
        for _ in range(2):
            await desk.tasks.add("t-1", CALL, BEA)
        (row,) = await desk.tablet.tasks()
        assert await desk.tablet.tasks_for("c-1") == (row,)
        assert (row.text, row.customer, row.assignee_name) == (
            "Anrufen",
            "Mira Musterfrau",
            "Bea Beispiel",
        )
        ((kind, subject, data),) = await running.events()
        assert (kind, subject, data["state"]) == ("store.task.changed", "c-1", "open")
        assert data["due_on"] == "2026-11-21"
        assert desk.told == ["c-1"]


async def test_it_is_ticked_off_in_one_tap_and_back_in_one(tmp_path):
    async with shop(tmp_path, PEOPLE) as running:
        desk = Desk(running)
        await desk.tasks.add("t-1", CALL, BEA)
        for _ in range(2):
            await desk.tasks.set_state("t-1", TaskState.DONE, EMIL)
        assert [row.done for row in await desk.tablet.tasks()] == [True]
        await desk.tasks.set_state("t-1", TaskState.OPEN, BEA)
        assert [row.done for row in await desk.tablet.tasks()] == [False]
        states = [data["state"] for _, _, data in await running.events()]
        assert states == ["open", "done", "open"]
        await desk.tasks.set_state("t-1", TaskState.DONE, BEA)
        running.clock.advance(601)
        assert await desk.tablet.tasks() == ()
        with pytest.raises(NotFound):
            await desk.tasks.set_state("nothing", TaskState.DONE, BEA)


async def test_a_task_is_handed_over_with_a_word(tmp_path):
    async with shop(tmp_path, PEOPLE) as running:
        desk = Desk(running)
        await desk.tasks.add("t-1", CALL, BEA)
        for _ in range(2):
            await desk.tasks.hand_over("t-1", "s-emil", " Sie kommt um fünf ", BEA)
        (row,) = await desk.tablet.tasks()
        assert (row.assignee, row.handed_by, row.handed_text) == (
            "s-emil",
            "Bea Beispiel",
            "Sie kommt um fünf",
        )
        assert len(await running.events()) == 2


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted(TaskKind.OTHER, " "),
        Wanted(TaskKind.FOLLOW_UP, ""),
        Wanted(TaskKind.OTHER, "x" * 501),
        Wanted(TaskKind.OTHER, "Karte 4111111111111111"),
        Wanted(TaskKind.OTHER, "Um drei", due_time=time(15)),
        Wanted(TaskKind.OTHER, "Für wen?", assignee="s-nobody"),
    ],
)
async def test_what_makes_no_sense_is_refused(tmp_path, wanted):
    async with shop(tmp_path, PEOPLE) as running:
        with pytest.raises(InvalidInput):
            await Desk(running).tasks.add("t-1", wanted, BEA)
        assert await running.events() == []


async def test_a_call_needs_no_words(tmp_path):
    async with shop(tmp_path, PEOPLE) as running:
        desk = Desk(running)
        await desk.tasks.add("t-1", Wanted(TaskKind.FOLLOW_UP, "", "c-1"), BEA)
        assert [row.due for row in await desk.tablet.tasks()] == [Due.OPEN]


@pytest.mark.parametrize(
    ("day", "at", "due"),
    [
        (date(2026, 11, 20), None, Due.OVERDUE),
        (date(2026, 11, 21), None, Due.TODAY),
        (date(2026, 11, 21), time(9), Due.OVERDUE),
        (date(2026, 11, 21), time(23), Due.TODAY),
        (date(2026, 11, 22), time(9), Due.LATER),
    ],
)
async def test_due_is_by_the_clock_on_the_shops_wall(tmp_path, day, at, due):
    async with shop(tmp_path, PEOPLE) as running:
        now = running.clock.now().astimezone(Desk(running).tasks._zone)
        assert (now.date(), now.hour > 9) == (date(2026, 11, 21), True)
        desk = Desk(running)
        await desk.tasks.add("t-1", Wanted(TaskKind.OTHER, "Etwas", None, day, at), BEA)
        assert [row.due for row in await desk.tablet.tasks()] == [due]


async def test_the_feed_confirms_and_the_later_change_counts(tmp_path):
    async with shop(tmp_path, PEOPLE) as running:
        desk = Desk(running)
        await desk.hear("tasks", "t-9", document(running))
        await desk.tasks.set_state("t-9", TaskState.DONE, BEA)
        assert [row.done for row in await desk.tablet.tasks_for("c-1")] == [True]
        done = document(running, state="done", changed_at=running.clock.now().isoformat())
        await desk.hear("tasks", "t-9", done, await desk.last_event_id())
        assert [row.done for row in await desk.tablet.tasks()] == [True]
        running.clock.advance(601)
        assert await desk.tablet.tasks() == ()
        later = running.clock.now().isoformat()
        await desk.hear("tasks", "t-9", document(running, text="Doch noch", changed_at=later))
        assert [row.text for row in await desk.tablet.tasks()] == ["Doch noch"]


async def test_other_shops_tasks_are_on_the_customer_only(tmp_path):
    async with shop(tmp_path, PEOPLE) as running:
        desk = Desk(running)
        await desk.hear("tasks", "t-9", document(running, store="bonn-01"))
        assert await desk.tablet.tasks() == ()
        assert len(await desk.tablet.tasks_for("c-1")) == 1


async def test_who_may_not_be_named_any_more_is_not_named_by_a_task(tmp_path):
    async with shop(tmp_path, PEOPLE) as running:
        desk = Desk(running)
        await desk.tasks.add("t-1", Wanted(TaskKind.SERVICE, "Frau Musterfrau anrufen", "c-1"), BEA)
        await running.learn(customer(consents=[]))
        (row,) = await desk.tablet.tasks()
        assert (row.text, row.customer, row.customer_id) == ("", "", "")
        with pytest.raises(LookupError):
            await desk.tablet.tasks_for("c-1")
        await desk.tablet.tick_task("t-1", VIEWER, done=True)
