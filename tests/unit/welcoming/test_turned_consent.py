"""Consent on the turned tablet: the customer's own answer, proven, effective at once."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from builders import customer, grant, shop
from hypothesis import given
from hypothesis import strategies as st
from unit.welcoming.lent_tablet import PEOPLE, PIN, tablet

from store_agent import briefing
from store_agent.domain.consent import ConsentDecision, ConsentState, is_granted
from store_agent.domain.consent_text import BUILT_IN, OLD_AFTER, questions, to_ask

NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)
EMAIL = "marketing.email"
ASYNC = pytest.mark.asyncio


async def consents(running):
    person = await running.agent.storage.read(lambda view: briefing.customer(view, "c-1"))
    return person.consents


@ASYNC
async def test_a_yes_is_kept_with_its_proof_and_told(tmp_path):
    async with shop(tmp_path, PEOPLE) as running:
        one = await tablet(running)
        await one.turn()
        answer = await one.say(marketing_email="yes", location="no")
        assert answer.headers["location"] == "/turned?said=consents"
        assert is_granted(EMAIL, await consents(running))
        sent = [e for e in await running.events() if e[0] == "store.consent.changed"]
        assert {e[2]["purpose"]: e[2]["state"] for e in sent} == {
            EMAIL: "granted",
            "location": "withdrawn",
        }
        assert {e[1] for e in sent} == {"c-1"}
        proof = sent[0][2]
        assert (proof["how"], proof["language"]) == ("turned_tablet", "de")
        assert proof["text_version"] in {text.version for text in BUILT_IN}
        rows = await running.agent.storage.read(
            lambda view: view.ledger.execute("SELECT device_id, staff_id FROM consents").fetchall()
        )
        assert {tuple(row) for row in rows} == {(await one.device_id(), None)}


@ASYNC
async def test_a_withdrawal_counts_at_once(tmp_path):
    async with shop(tmp_path, PEOPLE) as running:
        one = await tablet(running)
        await one.turn()
        assert (await running.scan()).json()["customer"]["id"] == "c-1"
        await one.say(clienteling="no")
        scan = (await running.scan()).json()
        assert (scan["customer"], scan["reason"]) == (None, "no_consent")
        page = (await one.get("/turned")).text  # they may still change their mind, unnamed
        assert "Musterfrau" not in page
        await one.say(clienteling="yes")
        running.clock.advance(1)
        await one.say(clienteling="yes")
        assert (await running.scan()).json()["customer"]["id"] == "c-1"


@ASYNC
async def test_ties_go_to_withdrawal(tmp_path):
    async with shop(tmp_path, PEOPLE) as running:
        one = await tablet(running)
        await one.turn()
        await one.say(marketing_email="no")
        await one.say(marketing_email="yes")  # the clock of this shop stands still
        assert not is_granted(EMAIL, await consents(running))
        running.clock.advance(1)
        await one.say(marketing_email="yes")
        assert is_granted(EMAIL, await consents(running))


@ASYNC
async def test_a_form_that_comes_twice_counts_once(tmp_path):
    async with shop(tmp_path, PEOPLE) as running:
        one = await tablet(running)
        await one.turn()
        key = str(uuid4())
        await one.say(key, marketing_email="yes")
        running.clock.advance(1)
        await one.say(marketing_email="no")
        running.clock.advance(1)
        await one.say(key, marketing_email="yes")  # a late repeat brings no yes back
        assert not is_granted(EMAIL, await consents(running))
        assert (await running.types()).count("store.consent.changed") == 2


@ASYNC
async def test_nobody_on_the_staff_can_answer(tmp_path):
    async with shop(tmp_path, PEOPLE) as running:
        one = await tablet(running)
        await one.turn()
        versions = await one.hidden("versions")
        await one.post("/turned/back", staff_id="s-bea", pin=PIN)
        fields = {"key": str(uuid4()), "versions": versions, f"for-{EMAIL}": "yes"}
        assert (await one.post("/turned/consents", **fields)).status_code == 403
        assert "store.consent.changed" not in await running.types()


@ASYNC
async def test_nothing_is_answered_after_the_end(tmp_path):
    async with shop(tmp_path, PEOPLE) as running:
        one = await tablet(running)
        await one.turn()
        versions = await one.hidden("versions")
        running.clock.advance(121)
        fields = {"key": str(uuid4()), "versions": versions, f"for-{EMAIL}": "yes"}
        assert (await one.post("/turned/consents", **fields)).headers["location"] == "/turned"
        assert "store.consent.changed" not in await running.types()


@ASYNC
async def test_an_answer_to_other_texts_is_not_taken(tmp_path):
    async with shop(tmp_path, PEOPLE) as running:
        one = await tablet(running)
        await one.turn()
        fields = {"key": str(uuid4()), "versions": "older", f"for-{EMAIL}": "yes"}
        assert (await one.post("/turned/consents", **fields)).status_code == 422
        empty = {"key": str(uuid4()), "versions": await one.hidden("versions")}
        assert (await one.post("/turned/consents", **empty)).status_code == 422
        assert "store.consent.changed" not in await running.types()


@ASYNC
async def test_nothing_is_ticked_before_and_yes_and_no_look_alike(tmp_path):
    person = customer(consents=[grant(), grant(EMAIL), grant("location", state="withdrawn")])
    async with shop(tmp_path, [person, *PEOPLE[1:]]) as running:
        one = await tablet(running)
        await one.turn()
        page = (await one.get("/turned")).text
        assert "checked" not in page
        assert page.count("Bisher: Ja") == 2
        assert page.count("Bisher: Nein") == 1
        choices = re.findall(r'<label class="([^"]+)"><input type="radio"[^>]*value="(\w+)"', page)
        assert {style for style, _ in choices} == {"t-choice"}
        assert [value for _, value in choices] == ["yes", "no"] * 4


@ASYNC
async def test_the_questions_are_in_the_customers_language_and_can_be_switched(tmp_path):
    person = customer(language="en")
    async with shop(tmp_path, [person, *PEOPLE[1:]]) as running:
        one = await tablet(running)
        await one.turn()
        assert "May we send you e-mails?" in (await one.get("/turned")).text
        await one.post("/turned/language", language="de")
        assert "Dürfen wir Ihnen E-Mails schreiben?" in (await one.get("/turned")).text
        await one.say(marketing_email="yes")
        assert [e[2]["language"] for e in await running.events() if "consent" in e[0]] == ["de"]


@ASYNC
async def test_the_card_says_how_many_answers_are_missing(tmp_path):
    async with shop(tmp_path, PEOPLE) as running:
        one = await tablet(running)
        page = (await one.get("/customers/c-1")).text
        assert "4 Einwilligungen fehlen" in page  # the one there is names no text
        await one.turn()
        await one.say(clienteling="yes", location="no", marketing_email="no")
        await one.post("/turned/back", staff_id="s-bea", pin=PIN)
        assert "1 Einwilligung fehlt" in (await one.get("/customers/c-1")).text


def test_every_question_stands_in_both_languages_with_what_one_gets():
    for language in ("de", "en"):
        assert [t.purpose for t in questions(language)] == [t.purpose for t in questions("en")]
    assert all(text.what_for and text.benefit and text.version for text in BUILT_IN)
    assert {text.language for text in questions("fr")} == {"en"}


decided = st.builds(
    ConsentDecision,
    st.sampled_from(["clienteling", EMAIL]),
    st.sampled_from(ConsentState),
    st.integers(-1500, 0).map(lambda days: NOW + timedelta(days=days)),
    text_version=st.sampled_from(["", "v"]),
)


@given(st.lists(decided, max_size=6))
def test_who_said_no_is_not_asked_again_and_a_yes_needs_a_young_proof(made):
    asked = to_ask(made, NOW)
    for purpose in ("clienteling", EMAIL):
        mine = [d for d in made if d.purpose == purpose]
        if not mine:
            assert purpose in asked
        elif not is_granted(purpose, made):
            assert purpose not in asked
        elif purpose not in asked:
            newest = max(d.decided_at for d in mine)
            assert NOW - newest < OLD_AFTER
