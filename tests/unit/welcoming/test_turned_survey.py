"""The survey: one number, told once, and somebody sees to the low ones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from builders import shop
from hypothesis import given
from hypothesis import strategies as st
from unit.welcoming.lent_tablet import PEOPLE, PIN, tablet

from store_agent.domain.survey import ASKED_AGAIN_AFTER, may_be_asked

ASYNC = pytest.mark.asyncio
NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)


@ASYNC
@pytest.mark.parametrize(
    ("score", "said", "tasks"), [(0, "sorry", 1), (6, "sorry", 1), (7, "thanks", 0), (9, "glad", 0)]
)
async def test_a_score_is_told_and_a_low_one_becomes_a_task(tmp_path, score, said, tasks):
    async with shop(tmp_path, PEOPLE) as running:
        one = await tablet(running)
        await one.turn(kind="survey")
        key = str(uuid4())
        for _ in range(2):
            answer = await one.post("/turned/survey", key=key, score=score, sentence="Zu  laut ")
            assert answer.headers["location"] == f"/turned?said={said}"
        (sent,) = [e for e in await running.events() if e[0] == "store.survey.answered"]
        assert (sent[1], sent[2]["score"], sent[2]["sentence"]) == ("c-1", score, "Zu laut")
        opened = [e for e in await running.events() if e[0] == "store.task.changed"]
        assert len(opened) == tasks
        if opened:
            assert opened[0][2]["kind"] == "service"
            assert f"{score} von 10" in opened[0][2]["text"]


@ASYNC
async def test_nobody_is_asked_twice_within_ninety_days(tmp_path):
    async with shop(tmp_path, PEOPLE) as running:
        one = await tablet(running)
        assert "Fragen, wie es war" in (await one.get("/customers/c-1")).text
        await one.turn(kind="survey")
        await one.post("/turned/survey", key=str(uuid4()), score=8)
        again = await one.post("/turned/survey", key=str(uuid4()), score=10)
        assert again.status_code == 422
        await one.post("/turned/back", staff_id="s-bea", pin=PIN)
        assert "Fragen, wie es war" not in (await one.get("/customers/c-1")).text
        assert (await running.types()).count("store.survey.answered") == 1


@ASYNC
@pytest.mark.parametrize(
    "fields", [{"score": 11}, {"score": -1}, {}, {"score": 5, "sentence": "4111 1111 1111 1111"}]
)
async def test_what_is_no_answer_changes_nothing(tmp_path, fields):
    async with shop(tmp_path, PEOPLE) as running:
        one = await tablet(running)
        await one.turn(kind="survey")
        answer = await one.post("/turned/survey", key=str(uuid4()), **fields)
        assert answer.status_code == 422
        assert await running.types() == []


@given(st.integers(0, 400))
def test_ninety_days_are_ninety_days(days):
    asked = may_be_asked(NOW - timedelta(days=days), NOW)
    assert asked == (timedelta(days=days) >= ASKED_AGAIN_AFTER)
    assert may_be_asked(None, NOW)
