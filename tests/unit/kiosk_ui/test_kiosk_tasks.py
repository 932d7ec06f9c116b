"""Tasks on the tablet: groups, one tap, the way back, handing over, and the number in the rail."""

from __future__ import annotations

from datetime import date
from uuid import uuid4

import pytest
from unit.kiosk_ui.test_kiosk_notes import FRAGMENT, MIRA, tablet

from kiosk_ui.advice.model import Due, TaskKind, TaskRow
from kiosk_ui.advice.tasks import grouped, waiting

ROWS = (
    TaskRow("late", TaskKind.OTHER, "a", Due.OVERDUE, assignee="bea"),
    TaskRow("handed", TaskKind.OTHER, "b", Due.LATER, assignee="bea", handed_by="Emil"),
    TaskRow("today", TaskKind.OTHER, "c", Due.TODAY),
    TaskRow("some-day", TaskKind.OTHER, "d", Due.OPEN, assignee="bea"),
    TaskRow("theirs", TaskKind.OTHER, "e", Due.OVERDUE, assignee="emil"),
    TaskRow("done", TaskKind.OTHER, "f", Due.TODAY, done=True),
)


def test_each_task_stands_in_one_group():
    groups = {g.heading: [row.id for row in g.rows] for g in grouped(ROWS, "bea")}
    assert groups == {
        "Overdue": ["late"],
        "Handed over to you": ["handed"],
        "Today": ["today", "done"],
        "Later": ["some-day"],
        "With colleagues": ["theirs"],
    }


def test_the_number_counts_what_is_due_and_not_done():
    assert waiting(ROWS, "bea") == 2
    assert waiting(ROWS, "emil") == 2
    assert waiting(ROWS, "noor") == 1


def filled(**fields):
    form = {"key": str(uuid4()), "kind": "follow_up", "customer_id": MIRA, "text": "Anrufen"}
    return form | fields


@pytest.mark.asyncio
async def test_the_page_and_the_number_in_the_rail():
    async with tablet() as (browser, _):
        text = (await browser.get("/tasks")).text
        for words in ("Overdue", "Handed over to you", "With colleagues", "Kabine 3"):
            assert words in text
        assert 'id="badge-tasks"' in text
        assert "3 waiting" in text
        assert "3 waiting" in (await browser.get("/")).text


@pytest.mark.asyncio
async def test_one_tap_is_done_and_one_more_is_not():
    async with tablet() as (browser, advice):
        answer = await browser.post("/tasks/task-1/done", headers=FRAGMENT)
        assert answer.text.startswith('<div class="tasklist" id="tasklist"')
        assert "tap again to undo" in answer.text
        assert advice.rows["task-1"].done
        answer = await browser.post(
            "/tasks/task-1/open", data={"customer_id": MIRA}, headers=FRAGMENT
        )
        assert 'class="card tasks"' in answer.text
        assert not advice.rows["task-1"].done
        assert (await browser.post("/tasks/task-1/done")).headers["location"] == "/tasks"
        assert (await browser.post("/tasks/nothing/done")).status_code == 404


@pytest.mark.asyncio
async def test_a_task_is_made_on_a_sheet():
    async with tablet() as (browser, advice):
        sheet = await browser.get(f"/tasks/new?customer_id={MIRA}")
        assert "Task for Mira Musterfrau" in sheet.text
        form = filled(due_on="2026-11-24", due_time="15:30", assignee="emil")
        for _ in range(2):
            answer = await browser.post("/tasks", data=form)
            assert (answer.status_code, answer.headers["location"]) == (303, f"/customers/{MIRA}")
        row = advice.rows[form["key"]]
        assert (row.due_on, row.due_at.hour, row.assignee) == (date(2026, 11, 24), 15, "emil")
        assert "Tue 24 Nov, 15:30" in (await browser.get("/tasks")).text


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"text": "", "kind": "service"}, "Please say what is to be done."),
        ({"due_on": "tomorrow"}, "look at the day"),
        ({"due_time": "15:30"}, "A time needs its day."),
        ({"text": "krank"}, "Save all the same"),
        ({"text": "4111", "warned": "payment_card"}, "payment card"),
    ],
)
async def test_nothing_is_saved_before_it_makes_sense_and_nothing_typed_is_lost(fields, words):
    async with tablet() as (browser, advice):
        before = dict(advice.rows)
        form = filled(assignee="emil", **{"due_on": "2026-11-24"} | fields)
        if fields.keys() == {"due_time"}:
            form["due_on"] = ""
        answer = await browser.post("/tasks", data=form, headers=FRAGMENT)
        assert answer.status_code == 200
        assert words in answer.text
        assert 'value="emil" selected' in answer.text
        assert advice.rows == before
        assert (await browser.post("/tasks", data=form)).status_code == 422


@pytest.mark.asyncio
async def test_a_task_is_handed_over_with_a_word():
    async with tablet() as (browser, advice):
        sheet = (await browser.get("/tasks/task-1/hand-over")).text
        assert "Emil Entwurf" in sheet
        assert 'value="bea"' not in sheet
        answer = await browser.post(
            "/tasks/task-1/hand-over", data={"assignee": "emil", "text": "Kommt um fünf"}
        )
        assert answer.headers["location"] == "/tasks"
        row = advice.rows["task-1"]
        assert (row.assignee, row.handed_by, row.handed_text) == (
            "emil",
            "Bea Beispiel",
            "Kommt um fünf",
        )
        assert (await browser.get("/tasks/nothing/hand-over")).status_code == 404
