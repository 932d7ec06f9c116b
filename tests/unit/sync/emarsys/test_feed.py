"""Contacts, segments, points and vouchers, pulled and sent as differences."""

from datetime import timedelta

import httpx
import orjson
import pytest
from emarsys_audience import LIST, LOYALTY, EmarsysAudience, loyal, voucher
from emarsys_shop import ANNA, BEN

from sync.emarsys_feed import people
from sync.emarsys_feed.audience import Audience
from sync.errors import CursorLostError, PostponedError, TransportError
from sync.fake_emarsys import Fault, LineFault, Segment
from sync.feed import ChangeOp
from sync.transports.emarsys.kind import build_api
from sync.transports.emarsys.times import ServerTime

pytestmark = pytest.mark.asyncio

HOUR_S = 3600.0
CARLA = "c-carla"


async def test_a_first_copy_holds_everybody_of_the_list():
    audience = EmarsysAudience()
    audience.shop.account.create({audience.shop.key: CARLA})  # not in the list
    pulled = await audience.pulled()
    assert set(pulled.documents) == {("customers", ANNA), ("customers", BEN)}
    assert pulled.customer(ANNA) == {
        "id": ANNA,
        "display_name": "Anna Adler",
        "first_name": "Anna",
        "last_name": "Adler",
        "as_of": "2026-11-21T10:00:00Z",
        "origin": "emarsys",
        "consents": [
            {
                "purpose": "marketing.email",
                "state": "granted",
                "decided_at": "1970-01-01T00:00:00Z",
                "how": "emarsys",
            }
        ],
    }


async def test_a_long_list_comes_in_pages_of_a_thousand():
    audience = EmarsysAudience()
    for number in range(2500):
        audience.shop.account.create({audience.shop.key: f"p{number}"})
    audience.list_all()
    pulled = await audience.pulled()
    assert len(pulled.documents) == 2502
    asked = audience.shop.account.requests
    assert sum("getdata" in one for one in asked) == 3
    assert sum("contactIds" in one for one in asked) == 3


async def test_nothing_is_sent_while_nothing_changes():
    audience = EmarsysAudience()
    pulled = await audience.pulled()
    audience.shop.clock.pass_s(HOUR_S)
    assert await pulled.pull() == []
    assert any(page.up_to_date for page in pulled.pages)


async def test_a_round_is_made_only_when_it_is_due():
    audience = EmarsysAudience()
    pulled = await audience.pulled()
    asked = len(audience.shop.account.requests)
    await pulled.pull()
    assert len(audience.shop.account.requests) == asked
    assert not any(page.up_to_date for page in pulled.pages)


async def test_what_changed_what_is_new_and_what_is_gone_is_sent():
    audience = EmarsysAudience()
    pulled = await audience.pulled()
    audience.contact(ANNA).fields["2"] = "Amsel"
    audience.shop.account.create({audience.shop.key: CARLA})
    audience.list_all()
    audience.shop.account.lists[LIST].remove(audience.contact(BEN).id)
    audience.shop.clock.pass_s(HOUR_S)
    changes = await pulled.pull()
    assert [(one.op, one.key) for one in changes] == [
        (ChangeOp.UPSERT, ANNA),
        (ChangeOp.UPSERT, CARLA),
        (ChangeOp.DELETE, BEN),
    ]
    assert pulled.customer(ANNA)["display_name"] == "Anna Amsel"
    assert pulled.customer(ANNA)["as_of"] == "2026-11-21T11:00:00Z"
    audience.shop.clock.pass_s(HOUR_S)
    assert await pulled.pull() == []


async def test_what_stays_the_same_is_sent_once_a_day_with_its_new_age():
    audience = EmarsysAudience()
    pulled = await audience.pulled()
    audience.shop.clock.pass_s(24 * HOUR_S)
    assert len(await pulled.pull()) == 2
    assert pulled.customer(ANNA)["as_of"] == "2026-11-22T10:00:00Z"


async def test_a_page_that_did_not_arrive_is_given_again():
    audience = EmarsysAudience()
    pulled = await audience.pulled()
    audience.contact(ANNA).fields["2"] = "Amsel"
    audience.shop.clock.pass_s(HOUR_S)
    first = await pulled.feed.changes(pulled.cursor, 0)
    again = await pulled.feed.changes(pulled.cursor, 0)
    assert first == again
    assert len(first.changes) == 1
    after = await pulled.feed.changes(first.cursor, 0)
    assert after.changes == ()
    with pytest.raises(CursorLostError):
        await pulled.feed.changes(pulled.cursor, 0)  # the one before is over


async def test_trouble_in_the_middle_of_a_round_loses_nothing():
    audience = EmarsysAudience()
    for number in range(1500):
        audience.shop.account.create({audience.shop.key: f"p{number}"})
    audience.list_all()
    pulled = await audience.pulled()
    for one in audience.shop.account.contacts:
        one.fields["2"] = "Neu"
    audience.shop.clock.pass_s(HOUR_S)
    for fault in (Fault.BROKEN, LineFault.LOST_ANSWER, Fault.BUSY, LineFault.LOST_REQUEST):
        audience.shop.line[:] = [LineFault.NONE, LineFault.NONE, LineFault.NONE, fault]
        try:
            await pulled.pull()
        except TransportError:
            audience.shop.clock.pass_s(61)
    audience.shop.line.clear()
    await pulled.pull()
    assert {doc["last_name"] for doc in pulled.documents.values()} == {"Neu"}
    assert len(pulled.documents) == 1502


async def test_after_a_restart_the_shop_takes_a_new_copy():
    audience = EmarsysAudience()
    pulled = await audience.pulled()
    again = audience.feed()
    with pytest.raises(CursorLostError):
        await again.feed.changes(pulled.cursor, 0)


async def test_a_restart_without_a_line_does_not_look_like_an_answer():
    audience = EmarsysAudience()
    pulled = await audience.pulled()
    audience.shop.line.append(LineFault.LOST_REQUEST)
    with pytest.raises(TransportError) as caught:
        await audience.feed().feed.changes(pulled.cursor, 0)
    assert not isinstance(caught.value, PostponedError)


@pytest.mark.parametrize("slip", ["empty list", "no such list", "wrong key"])
async def test_a_slip_in_the_settings_takes_nobody_away(slip):
    audience = EmarsysAudience()
    if slip == "empty list":
        audience.shop.account.lists[LIST] = []
    elif slip == "no such list":
        audience.shop.account.lists.clear()
    else:
        for one in audience.shop.account.contacts:
            one.fields.pop(audience.shop.key)
    with pytest.raises(TransportError) as caught:
        await audience.pulled()
    assert caught.value.permanent
    assert caught.value.hint


async def test_a_list_that_empties_at_once_is_an_alarm_and_no_deletion():
    audience = EmarsysAudience()
    for number in range(300):
        audience.shop.account.create({audience.shop.key: f"p{number}"})
    audience.list_all()
    pulled = await audience.pulled()
    audience.shop.account.lists[LIST] = audience.shop.account.lists[LIST][:10]
    audience.shop.clock.pass_s(HOUR_S)
    with pytest.raises(TransportError) as caught:
        await pulled.pull()
    assert caught.value.permanent
    assert await pulled.pull() == []
    assert len(pulled.documents) == 302


async def test_two_contacts_with_one_customer_id_do_not_take_turns():
    audience = EmarsysAudience()
    twin = audience.shop.account.create({audience.shop.key: ANNA, "2": "Zwilling"})
    audience.shop.account.lists[LIST].append(twin.id)
    pulled = await audience.pulled()
    audience.shop.clock.pass_s(HOUR_S)
    assert await pulled.pull() == []
    assert pulled.customer(ANNA)["last_name"] == "Adler"


async def test_somebody_who_left_may_come_back_as_another_contact():
    audience = EmarsysAudience()
    pulled = await audience.pulled()
    audience.shop.account.lists[LIST].remove(audience.contact(BEN).id)
    audience.shop.clock.pass_s(HOUR_S)
    await pulled.pull()
    again = audience.shop.account.create({audience.shop.key: BEN, "2": "Neu"})
    audience.shop.account.lists[LIST].append(again.id)
    audience.shop.clock.pass_s(HOUR_S)
    await pulled.pull()
    assert pulled.customer(BEN)["last_name"] == "Neu"


async def test_a_contact_that_changes_its_customer_id_moves():
    audience = EmarsysAudience()
    pulled = await audience.pulled()
    audience.contact(BEN).fields[audience.shop.key] = "c-new"
    audience.shop.clock.pass_s(HOUR_S)
    changes = await pulled.pull()
    assert {(one.op, one.key) for one in changes} == {
        (ChangeOp.UPSERT, "c-new"),
        (ChangeOp.DELETE, BEN),
    }


async def test_choices_are_read_by_their_labels_in_the_shops_language():
    audience = EmarsysAudience()
    audience.shop.account.choices["46"] = {"1": "Herr", "2": "Frau"}
    audience.contact(ANNA).fields["46"] = "2"
    pulled = await audience.pulled(labels_in="de")
    assert pulled.customer(ANNA)["salutation"] == "Frau"
    assert any("46/choice/translate/de" in one for one in audience.shop.account.requests)


async def test_a_field_that_is_made_after_an_alarm_is_found_without_a_restart():
    audience = EmarsysAudience()
    pulled = audience.feed(facts={"size.shoes": {"field": "Shoe size"}})
    with pytest.raises(TransportError):
        await pulled.snapshot()
    audience.contact(ANNA).fields[audience.shop.account.add_field("Shoe size")] = "39"
    await pulled.snapshot()
    fact = {"label": "size.shoes", "value": "39", "origin": "told", "as_of": "2026-11-21T10:00:00Z"}
    assert pulled.customer(ANNA)["facts"] == [fact]


async def test_after_an_alarm_the_accounts_numbers_are_asked_for_again():
    audience = EmarsysAudience()
    pulled = await audience.pulled()
    kept = audience.shop.account.lists.pop(LIST)
    audience.shop.clock.pass_s(HOUR_S)
    with pytest.raises(TransportError):
        await pulled.pull()
    audience.shop.account.lists[LIST] = kept
    audience.shop.account.requests.clear()
    await pulled.pull()
    assert "GET /api/v3/field/translate/en" in audience.shop.account.requests


async def answering(audience: EmarsysAudience, data: object) -> Audience:
    """The account, which answers everything with `data`."""
    body = orjson.dumps({"replyCode": 0, "replyText": "OK", "data": data})

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/oauth2/token":
            return httpx.Response(200, json={"access_token": "t", "expires_in": 60})
        return httpx.Response(200, content=body)

    settings, around = audience.settings(key="1001"), audience.shop.around()
    api = build_api(settings, around, lambda: httpx.MockTransport(answer))
    return Audience(api, settings, ServerTime(around.now, around.monotonic))


async def test_no_list_but_false_is_nobody():
    one = await answering(EmarsysAudience(), {"errors": [], "result": False})
    assert await one.contacts([1, 2]) == []


@pytest.mark.parametrize("link", ["/x?$skiptoken=0", "/x?$skiptoken=-1", "/x", "http://evil/?a=1"])
async def test_a_next_page_that_leads_nowhere_is_an_error_and_no_endless_round(link):
    one = await answering(EmarsysAudience(), {"value": [1], "next": link})
    with pytest.raises(TransportError):
        await one.ids(0)


# --- segments


async def test_segments_are_evaluated_over_there_and_named_here():
    audience = EmarsysAudience()
    audience.shop.account.segments[70] = Segment({audience.contact(ANNA).id}, looks_left=2)
    pulled = await audience.pulled(segments={"vip": 70})
    assert pulled.customer(ANNA)["segments"] == ["vip"]
    assert "segments" not in pulled.customer(BEN)


async def test_a_segment_that_takes_long_comes_after_the_first_copy():
    audience = EmarsysAudience()
    audience.shop.account.segments[70] = Segment({audience.contact(ANNA).id}, looks_left=6)
    pulled = await audience.pulled(segments={"vip": 70})
    assert "segments" not in pulled.customer(ANNA)
    for _ in range(4):
        audience.shop.clock.pass_s(15)
        await pulled.pull()
    assert pulled.customer(ANNA)["segments"] == ["vip"]


async def test_who_comes_and_who_leaves_a_segment_is_pulled_at_once():
    audience = EmarsysAudience()
    anna, ben = audience.contact(ANNA).id, audience.contact(BEN).id
    audience.shop.account.segments[70] = Segment({anna})
    pulled = await audience.pulled(segments={"vip": 70})
    audience.shop.account.segments[70] = Segment({ben, 999_999})
    audience.shop.clock.pass_s(900)
    await pulled.pull()  # evaluation begins
    audience.shop.clock.pass_s(15)
    changes = await pulled.pull()
    assert {one.key for one in changes} == {ANNA, BEN}
    assert "segments" not in pulled.customer(ANNA)
    assert pulled.customer(BEN)["segments"] == ["vip"]


async def test_a_segment_that_thousands_join_is_pulled_in_pages():
    audience = EmarsysAudience()
    for number in range(1500):
        audience.shop.account.create({audience.shop.key: f"p{number}"})
    audience.list_all()
    audience.shop.account.segments[70] = Segment(set(), looks_left=0)
    pulled = await audience.pulled(segments={"vip": 70})
    everybody = set(audience.shop.account.lists[LIST])
    audience.shop.account.segments[70] = Segment(everybody, looks_left=0)
    audience.shop.clock.pass_s(900)
    assert len(await pulled.pull()) == 1502
    assert all(doc["segments"] == ["vip"] for doc in pulled.documents.values())


async def test_an_unknown_segment_is_an_alarm():
    audience = EmarsysAudience()
    with pytest.raises(TransportError) as caught:
        await audience.pulled(segments={"vip": 99})
    assert caught.value.permanent


# --- the loyalty programme


async def test_points_tier_and_vouchers_follow_the_first_copy_with_their_age():
    audience = EmarsysAudience()
    audience.shop.account.loyal[ANNA] = loyal(340, "Gold", voucher(5))
    pulled = await audience.pulled(loyalty=LOYALTY)
    audience.shop.clock.pass_s(60)
    await pulled.pull()
    anna = pulled.customer(ANNA)
    assert anna["tier"] == {"name": "Gold", "next_name": "Gold"}
    assert (anna["points"], anna["points_as_of"]) == (340, "2026-11-21T10:01:00Z")
    assert "points" not in pulled.customer(BEN)
    one = pulled.documents["vouchers", "emarsys:5"]
    assert (one["customer_id"], one["code"]) == (ANNA, "CODE5")
    assert (one["as_of"], one["origin"]) == ("2026-11-21T10:01:00Z", "emarsys")


async def test_a_round_of_the_programme_begins_anew_when_it_is_due():
    audience = EmarsysAudience()
    audience.shop.account.loyal[ANNA] = loyal(340)
    pulled = await audience.pulled(loyalty=LOYALTY, contacts_every_s=10**6)
    await pulled.pull()
    audience.shop.account.loyal[ANNA] = loyal(20, "Silber", voucher(6))
    audience.shop.clock.pass_s(HOUR_S)
    assert await pulled.pull() == []
    audience.shop.clock.pass_s(3 * HOUR_S)
    await pulled.pull()
    assert pulled.customer(ANNA)["points"] == 20
    assert ("vouchers", "emarsys:6") in pulled.documents
    audience.shop.account.loyal[ANNA] = loyal(20)
    audience.shop.clock.pass_s(4 * HOUR_S)
    await pulled.pull()
    assert ("vouchers", "emarsys:6") not in pulled.documents


async def test_what_the_programme_said_survives_a_restart_and_contacts_that_change():
    audience = EmarsysAudience()
    audience.shop.account.loyal[ANNA] = loyal(340, "Gold", voucher(5))
    pulled = await audience.pulled(loyalty=LOYALTY)
    await pulled.pull()
    audience.contact(ANNA).fields["2"] = "Amsel"
    audience.shop.clock.pass_s(HOUR_S)
    await pulled.pull()
    assert pulled.customer(ANNA)["points"] == 340
    audience.shop.clock.pass_s(HOUR_S)
    again = await audience.pulled(loyalty=LOYALTY)
    assert again.customer(ANNA)["points"] == 340
    assert again.customer(ANNA)["points_as_of"] == "2026-11-21T10:00:00Z"
    assert ("vouchers", "emarsys:5") in again.documents


async def test_a_silent_programme_holds_up_no_contact():
    audience = EmarsysAudience()
    pulled = await audience.pulled(loyalty=LOYALTY | {"url": "http://emarsys/nowhere"})
    audience.contact(ANNA).fields["2"] = "Amsel"
    audience.shop.clock.pass_s(HOUR_S)
    await pulled.pull()
    assert pulled.customer(ANNA)["last_name"] == "Amsel"


async def test_one_member_whose_answer_is_a_fault_stops_no_round():
    audience = EmarsysAudience()
    audience.shop.account.loyal[BEN] = loyal(7)
    audience.shop.account.broken_members.add(ANNA)
    pulled = await audience.pulled(loyalty=LOYALTY, contacts_every_s=10**6)
    await pulled.pull()
    assert "points" not in pulled.customer(BEN)
    audience.shop.clock.pass_s(60)
    await pulled.pull()
    assert pulled.customer(BEN)["points"] == 7


@pytest.mark.parametrize("customer", ["c-\u00fc", "c\n1", " "])
async def test_a_customer_id_that_no_header_can_hold_is_no_member(customer):
    audience = EmarsysAudience()
    audience.contact(BEN).fields[audience.shop.key] = customer
    pulled = await audience.pulled(loyalty=LOYALTY)
    await pulled.pull()
    assert pulled.customer(customer)["id"] == customer


async def test_a_wrong_key_of_the_programme_is_an_alarm():
    audience = EmarsysAudience()
    pulled = await audience.pulled(loyalty=LOYALTY | {"api_key": "wrong"})
    with pytest.raises(TransportError) as caught:
        await pulled.pull()
    assert caught.value.permanent
    assert "key" in caught.value.hint
    assert await pulled.pull() == []  # and the rest goes on


async def test_the_programmes_ceiling_is_kept():
    audience = EmarsysAudience()
    for number in range(30):
        audience.shop.account.create({audience.shop.key: f"p{number}"})
        audience.shop.account.loyal[f"p{number}"] = loyal(number)
    audience.list_all()
    pulled = await audience.pulled(loyalty=LOYALTY | {"requests_per_minute": 20})
    await pulled.pull()
    asked = sum("/api/v4" in one for one in audience.shop.account.requests)
    assert asked <= 20
    for _ in range(4):
        audience.shop.clock.pass_s(61)
        await pulled.pull()
    assert pulled.customer("p29")["points"] == 29


# --- stubs


async def test_people_can_be_stubs_until_they_are_looked_up():
    audience = EmarsysAudience()
    audience.shop.account.loyal[ANNA] = loyal(340)
    pulled = await audience.pulled(people="stubs", loyalty=LOYALTY)
    await pulled.pull()
    assert pulled.customer(ANNA)["stub"] is True
    assert "first_name" not in pulled.customer(ANNA)
    assert pulled.customer(ANNA)["consents"]
    assert not any("/api/v4" in one for one in audience.shop.account.requests)
    ledger = audience.shop.ledger
    ledger.transact(lambda tx: people.remember(tx, {ANNA: None}))
    await pulled.pull()
    assert "stub" not in pulled.customer(ANNA)
    assert pulled.customer(BEN)["stub"] is True


async def test_the_boxs_clock_shows_in_no_age():
    audience = EmarsysAudience()
    audience.shop.clock.skew = timedelta(days=-20_000)
    pulled = await audience.pulled()
    assert pulled.customer(ANNA)["as_of"] == "2026-11-21T10:00:00Z"
    page = await pulled.feed.changes(pulled.cursor, 0)
    assert page.server_time == audience.shop.clock.at
