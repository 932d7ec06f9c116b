"""Clients: whom somebody looks after, who comes first, and who may be contacted how."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from builders import customer, grant, shop, staff
from unit.advising.advice_desk import BEA, VIEWER, Desk

from kiosk_ui.advice.model import ContactChannel
from store_agent.advising.tasks import Wanted
from store_agent.domain.customer import Customer, PersonState, Tier
from store_agent.domain.errors import Conflict, NotFound
from store_agent.domain.task import Task, TaskKind
from store_agent.domain.touch import WINDOW, Channel, Touch, WhyNot, contact
from store_agent.insight.clients import Reason, by_need, client

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
REACHABLE = [grant(), grant("marketing.phone"), grant("marketing.sms")]
PEOPLE = [
    customer(consents=REACHABLE, phone="+49 221 5550123", advisor="s-bea"),
    customer("c-2", display_name="Ayla Fiktiv", advisor="s-emil"),
    staff(),
    staff("s-emil", "Emil Entwurf"),
]


def person(**fields):
    return Customer("c-1", "Mira Musterfrau", NOW, **fields)


def touched(days, channel=Channel.PHONE):
    return Touch("h", "c-1", channel, NOW - timedelta(days=days))


async def ways(desk, customer_id="c-1"):
    card = await desk.tablet.contact(customer_id)
    return {way.channel.value: way.why_not for way in card.ways}


def test_without_consent_no_channel_is_open():
    assert set(contact(person(), [], NOW, 4).values()) == {WhyNot.NO_CONSENT}


def test_contacts_are_counted_in_thirty_days_and_a_talk_in_the_shop_is_none():
    mira = person(consents=tuple(_consents("marketing.phone")))
    enough = [touched(1), touched(29)]
    assert contact(mira, enough, NOW, 2)[Channel.PHONE] is WhyNot.TOO_OFTEN
    assert contact(mira, enough, NOW + WINDOW - timedelta(days=29), 2)[Channel.PHONE] is None
    talks = [touched(1, Channel.IN_PERSON)] * 5
    assert contact(mira, talks, NOW, 2)[Channel.PHONE] is None


@pytest.mark.parametrize("state", [PersonState.DO_NOT_APPROACH, PersonState.UNDER_16])
def test_some_people_are_contacted_by_nobody(state):
    mira = person(states=(state,), consents=tuple(_consents("marketing.phone")))
    assert contact(mira, [], NOW, 2)[Channel.PHONE] is WhyNot.NO_WISH


def _consents(*purposes):
    from store_agent.domain.consent import ConsentDecision, ConsentState

    return [ConsentDecision(one, ConsentState.GRANTED, NOW) for one in purposes]


def reasons(last=None, tasks=(), **fields):
    return client(person(**fields), tasks, last, NOW, NOW.date(), 60).reasons


def task(day):
    return Task("t", TaskKind.FOLLOW_UP, "", NOW, "b", NOW, "s", due_on=day)


def test_each_reason_has_its_own_cause():
    ago = timedelta(days=1)
    assert reasons() == ()
    assert reasons(tasks=[task(date(2026, 11, 20))]) == (Reason.TASK_OVERDUE,)
    assert reasons(tasks=[task(date(2026, 11, 21))]) == (Reason.TASK_DUE,)
    assert reasons(tasks=[task(date(2026, 11, 22))]) == ()
    assert reasons(birthday=date(1990, 11, 28)) == (Reason.BIRTHDAY,)
    assert reasons(birthday=date(1990, 11, 29)) == ()
    assert reasons(first_purchase_at=NOW - 3 * ago) == (Reason.WELCOME,)
    assert reasons(last=NOW - ago, first_purchase_at=NOW - 3 * ago) == ()
    assert reasons(last_purchase_at=NOW - 60 * ago) == (Reason.LAPSING,)
    assert reasons(tier=Tier("Gold", "Platin", 1000, 0.9)) == (Reason.NEAR_TIER,)


def test_need_comes_first_and_spend_never():
    late = client(person(), [task(date(2026, 11, 1))], NOW, NOW, NOW.date(), 60)
    birthday = client(person(birthday=date(1990, 11, 21)), [], None, NOW, NOW.date(), 60)
    quiet = client(person(purchase_count=900), [], None, NOW, NOW.date(), 60)
    assert by_need([quiet, birthday, late]) == (late, birthday, quiet)


@pytest.mark.asyncio
async def test_the_list_has_those_i_look_after_with_what_is_due(tmp_path):
    async with shop(tmp_path, PEOPLE) as running:
        desk = Desk(running)
        wanted = Wanted(TaskKind.FOLLOW_UP, "Anrufen", "c-1", date(2026, 11, 20))
        await desk.tasks.add("t-1", wanted, BEA)
        (row,) = await desk.tablet.clients(VIEWER)
        assert (row.name, row.reasons[0]) == ("Mira Musterfrau", "task_overdue")
        assert (row.days_since_purchase, row.days_since_contact) == (20, None)


@pytest.mark.asyncio
async def test_looking_after_somebody_counts_at_once_and_is_confirmed_by_the_feed(tmp_path):
    async with shop(tmp_path, PEOPLE) as running:
        desk = Desk(running)
        for _ in range(2):
            await desk.tablet.look_after("c-2", "s-bea")
        assert {row.name for row in await desk.tablet.clients(VIEWER)} == {
            "Mira Musterfrau",
            "Ayla Fiktiv",
        }
        assert [(kind, data) for kind, _, data in await running.events()] == [
            ("store.client.changed", {"advisor": "s-bea"})
        ]
        _, _, ayla = customer("c-2", display_name="Ayla Fiktiv", advisor="s-bea")
        await desk.hear("customers", "c-2", ayla, await desk.last_event_id())
        assert (await desk.tablet.contact("c-2")).advisor_name == "Bea Beispiel"
        await desk.tablet.look_after("c-1", "")
        assert [row.name for row in await desk.tablet.clients(VIEWER)] == ["Ayla Fiktiv"]


@pytest.mark.asyncio
async def test_a_contact_is_noted_once_counted_and_can_be_taken_back(tmp_path):
    async with shop(tmp_path, PEOPLE) as running:
        desk = Desk(running)
        assert await ways(desk) == {"phone": "", "email": "no_consent", "message": ""}
        for key in ("h-1", "h-1", "h-2"):
            await desk.tablet.touch(key, "c-1", ContactChannel.PHONE, VIEWER)
        assert (await ways(desk))["phone"] == "too_often"
        with pytest.raises(Conflict):
            await desk.clients.touch("h-3", "c-1", Channel.MESSAGE, BEA)
        with pytest.raises(ValueError, match="contacted"):
            await desk.tablet.touch("h-3", "c-1", ContactChannel.EMAIL, VIEWER)
        await desk.clients.touch("h-4", "c-1", Channel.IN_PERSON, BEA)
        assert (await desk.tablet.contact("c-1")).last.channel == "in_person"
        await desk.tablet.take_touch_back("h-2", "c-1")
        assert (await ways(desk))["phone"] == ""
        removed = [data["removed"] for _, _, data in await running.events()]
        assert removed == [False, False, False, True]


@pytest.mark.asyncio
async def test_contacts_of_other_shops_count_here(tmp_path):
    async with shop(tmp_path, PEOPLE) as running:
        desk = Desk(running)
        for number in range(2):
            doc = {
                "id": f"h-{number}",
                "customer_id": "c-1",
                "channel": "email",
                "at": "2026-11-20T10:00:00Z",
            }
            await desk.hear("touches", doc["id"], doc)
        assert (await ways(desk))["phone"] == "too_often"


@pytest.mark.asyncio
async def test_who_may_not_be_named_is_nobodys_client(tmp_path):
    async with shop(tmp_path, [customer(consents=[], advisor="s-bea"), staff()]) as running:
        desk = Desk(running)
        assert await desk.tablet.clients(VIEWER) == ()
        with pytest.raises(NotFound):
            await desk.clients.look_after("c-1", "s-bea")
        with pytest.raises(LookupError):
            await desk.tablet.contact("c-1")


@pytest.mark.asyncio
async def test_the_feeds_clients_are_found_by_an_index(tmp_path):
    async with shop(tmp_path, PEOPLE) as running:
        plan = await running.agent.storage.read(
            lambda view: view.cache.execute(
                "EXPLAIN QUERY PLAN SELECT id FROM customers"
                " WHERE json_extract(CAST(doc AS TEXT), '$.advisor') = 's-bea' LIMIT 9"
            ).fetchall()
        )
        assert "customers_advisor" in str([row[3] for row in plan])
