"""What this shop knows about me, what I like, and what I may ask for."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from builders import customer, grant, shop
from hypothesis import given
from hypothesis import strategies as st
from unit.welcoming.lent_tablet import PEOPLE, PIN, tablet

from store_agent import briefing
from store_agent.domain.customer import Fact, Origin
from store_agent.domain.preference import QUIZ, Preference, facts_with
from sync.feed import Change, ChangeOp

AT = "2026-11-01T10:00:00Z"
ASYNC = pytest.mark.asyncio
FACTS = [
    {"label": "size.top", "value": "L", "origin": "inferred", "as_of": AT},
    {"label": "fit", "value": "weit", "origin": "observed", "as_of": AT},
]
MIRA = customer(
    facts=FACTS,
    segments=["Stammkundin"],
    viewed=["sku-1", "sku-2"],
    consents=[grant(), grant("marketing.post")],
    affinities=[{"category": "Strick", "share": 0.4}],
)
SHOP = [MIRA, *PEOPLE[1:]]


async def person(running):
    return await running.agent.storage.read(lambda view: briefing.customer(view, "c-1"))


async def facts(running):
    return {f.label: (f.value, f.origin) for f in (await person(running)).facts}


@ASYNC
async def test_the_page_tells_all_kinds_of_data_and_where_they_come_from(tmp_path):
    async with shop(tmp_path, SHOP) as running:
        await running.scan()
        one = await tablet(running)
        await one.get("/customers/c-1")
        await one.turn(kind="known")
        text = (await one.get("/turned")).text
        for word in (
            "Das haben Sie uns gesagt",
            "Das haben wir bemerkt",
            "Das vermuten wir nur",
            "Mira Musterfrau",
            "Stammkundin",
            "Strick 40 %",
            "Artikel, die Sie online angesehen haben",
            "Sie sind hier seit",
            "Sie kaufen regelmäßig",
            "Wie oft hier jemand Ihre Seite geöffnet hat",
            "Brief",  # allowed elsewhere, not asked here
        ):
            assert word in text
        assert "Bea" not in text


@ASYNC
async def test_what_is_assumed_becomes_told_when_it_is_put_right(tmp_path):
    async with shop(tmp_path, SHOP) as running:
        one = await tablet(running)
        await one.turn(kind="known")
        key = str(uuid4())
        for _ in range(2):
            answer = await one.post("/turned/corrections", key=key, label="size.top", value=" M ")
            assert answer.headers["location"] == "/turned?said=corrected"
        await one.post("/turned/corrections", key=str(uuid4()), label="fit", value="")
        assert await facts(running) == {"size.top": ("M", Origin.TOLD)}
        sent = [e for e in await running.events() if e[0] == "store.preference.changed"]
        assert [(e[1], e[2]["changes"][0]["value"]) for e in sent] == [("c-1", "M"), ("c-1", None)]
        unknown = await one.post("/turned/corrections", key=str(uuid4()), label="x", value="y")
        assert unknown.headers["location"] == "/turned"
        too_long = {"key": str(uuid4()), "label": "fit", "value": "x" * 81}
        assert (await one.post("/turned/corrections", **too_long)).status_code == 422


@ASYNC
async def test_what_was_allowed_elsewhere_is_taken_back_with_one_tap(tmp_path):
    async with shop(tmp_path, SHOP) as running:
        one = await tablet(running)
        await one.turn(kind="known")
        versions = await one.hidden("versions")
        fields = {"key": str(uuid4()), "versions": versions, "for-marketing.post": "no"}
        await one.post("/turned/consents", **fields)
        last = (await running.events())[-1]
        assert (last[2]["purpose"], last[2]["state"]) == ("marketing.post", "withdrawn")
        fields = {"key": str(uuid4()), "versions": versions, "for-marketing.post": "yes"}
        assert (await one.post("/turned/consents", **fields)).status_code == 422


@ASYNC
@pytest.mark.parametrize(("what", "word"), [("access", "Auskunft"), ("erasure", "gelöscht")])
async def test_a_right_that_is_asked_for_becomes_a_task_for_today(tmp_path, what, word):
    async with shop(tmp_path, SHOP) as running:
        one = await tablet(running)
        await one.turn(kind="known")
        key = str(uuid4())
        for _ in range(2):
            await one.post("/turned/requests", key=key, what=what)
        (sent,) = [e for e in await running.events() if e[0] == "store.task.changed"]
        assert (sent[1], sent[2]["kind"], sent[2]["state"]) == ("c-1", "service", "open")
        assert word in sent[2]["text"]
        assert sent[2]["due_on"] == "2026-11-21"
        wrong = await one.post("/turned/requests", key=str(uuid4()), what="everything")
        assert wrong.status_code == 422


@ASYNC
async def test_the_quiz_is_kept_in_the_words_of_the_shop_and_as_codes(tmp_path):
    english = customer(language="en", facts=FACTS)
    async with shop(tmp_path, [english, *PEOPLE[1:]]) as running:
        one = await tablet(running)
        await one.turn(kind="preferences")
        assert "How do you like to hear from us?" in (await one.get("/turned")).text
        fields = {
            "for-contact.channel": "email",
            "for-size.top": "M",
            "for-interest": ["", "festive", "shoes"],
        }
        await one.post("/turned/preferences", key=str(uuid4()), **fields)
        known = await facts(running)
        assert known["interest"] == ("Festliches, Schuhe und Taschen", Origin.TOLD)
        assert known["size.top"] == ("M", Origin.TOLD)
        (sent,) = [e for e in await running.events() if e[0] == "store.preference.changed"]
        codes = {change["label"]: change["choices"] for change in sent[2]["changes"]}
        assert codes == {
            "contact.channel": ["email"],
            "size.top": ["M"],
            "interest": ["festive", "shoes"],
        }
        page = (await one.get("/turned")).text
        assert page.count(" checked") == 4
        await one.post("/turned/preferences", key=str(uuid4()), **{"for-interest": ""})
        assert "interest" not in await facts(running)
        wrong = await one.post("/turned/preferences", key=str(uuid4()), **{"for-interest": "x"})
        assert wrong.status_code == 422


@ASYNC
async def test_the_feed_has_the_last_word_once_it_knows(tmp_path):
    async with shop(tmp_path, SHOP) as running:
        one = await tablet(running)
        await one.turn(kind="known")
        await one.post("/turned/corrections", key=str(uuid4()), label="size.top", value="M")
        event_id = await running.agent.storage.read(
            lambda view: view.ledger.execute(
                "SELECT id FROM outbox ORDER BY seq DESC LIMIT 1"
            ).fetchall()[0][0]
        )
        kind, key, doc = customer(facts=[])
        cache = running.agent.cache
        await cache.apply([Change(kind, key, ChangeOp.UPSERT, doc)], "2")
        assert (await facts(running))["size.top"] == ("M", Origin.TOLD)  # not confirmed yet
        await cache.apply([Change(kind, key, ChangeOp.UPSERT, doc, event_id)], "3")
        assert await facts(running) == {}


@ASYNC
async def test_one_page_takes_no_answers_of_another(tmp_path):
    async with shop(tmp_path, SHOP) as running:
        one = await tablet(running)
        await one.turn(kind="consent")
        for path, fields in (
            ("/turned/preferences", {"for-size.top": "M"}),
            ("/turned/corrections", {"label": "fit", "value": "eng"}),
            ("/turned/requests", {"what": "erasure"}),
        ):
            answer = await one.post(path, key=str(uuid4()), **fields)
            assert answer.headers["location"] == "/turned", path
        await one.post("/turned/back", staff_id="s-bea", pin=PIN)
        assert await running.types() == []


def test_every_option_has_words_in_both_languages():
    for question in QUIZ:
        assert set(question.title) == {"de", "en"}
        for language in ("de", "en"):
            words = [option.words[language] for option in question.options]
            assert len(set(words)) == len(words)
            for option in question.options:
                value = question.value([option.code], language)
                assert question.chosen(value) == (option.code,)


labels = st.sampled_from(["size.top", "fit", "interest"])
values = st.sampled_from(["", "M", "L"])
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@given(
    st.lists(st.builds(Fact, labels, values, st.sampled_from(Origin), st.just(NOON)), max_size=4),
    st.lists(st.builds(Preference, labels, values, st.just(NOON)), max_size=5),
)
def test_the_last_word_of_the_customer_counts_and_nothing_else_changes(known, told):
    after = facts_with(known, told)
    said = {one.label: one.value for one in told}
    for label, value in said.items():
        found = [(f.value, f.origin) for f in after if f.label == label]
        assert found == ([(value, Origin.TOLD)] if value else [])
    assert [f for f in after if f.label not in said] == [f for f in known if f.label not in said]
