"""What the tablet is told: floor, card, search, and the taps."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from builders import STORE, Shop, customer, offer, shop, wallet_pass

from kiosk_ui.model import Answered, Outcome, PersonMark, Profile, ProposalState, Role, Viewer
from store_agent.storage import scope

VIEWER = Viewer("d-1", "Schuhe", "s-bea", "Bea Beispiel", Role.ASSOCIATE, "de")


def tablet(running: Shop):
    return running.agent.tablet


def voucher(**fields):
    doc = {
        "id": "v-1",
        "customer_id": "c-1",
        "title": {"de": "10 € ab 50 €"},
        "benefit": {"kind": "amount", "value": 1000},
    }
    return "vouchers", "v-1", doc | fields


@pytest.mark.asyncio
async def test_who_was_scanned_is_on_the_floor_and_opens_by_itself(tmp_path):
    async with shop(tmp_path) as running:
        assert (await tablet(running).floor(VIEWER)).rows == ()
        await running.scan()
        floor = await tablet(running).floor(VIEWER)
        assert [row.name for row in floor.rows] == ["Mira Musterfrau"]
        assert floor.arrival.customer_id == "c-1"
        running.clock.advance(180)
        assert (await tablet(running).floor(VIEWER)).arrival is None


@pytest.mark.asyncio
async def test_who_must_not_be_approached_is_on_the_floor_quietly(tmp_path):
    person = customer(states=["do_not_approach"])
    async with shop(tmp_path, [person, wallet_pass(), offer()]) as running:
        await running.scan()
        floor = await tablet(running).floor(VIEWER)
        assert floor.rows[0].mark is PersonMark.DO_NOT_APPROACH
        assert (floor.rows[0].needs_someone, floor.rows[0].reason) == (False, "")
        assert floor.arrival is None
        page = await tablet(running).refresh("c-1", VIEWER)
        assert (page.sentence, page.offers) == (None, ())


@pytest.mark.asyncio
async def test_a_scan_without_a_name_is_a_guest_for_a_few_minutes(tmp_path):
    async with shop(tmp_path, [customer(consents=[]), wallet_pass()]) as running:
        await running.scan()
        floor = await tablet(running).floor(VIEWER)
        assert ([g.reason for g in floor.guests], floor.rows) == (["no_consent"], ())
        assert "Musterfrau" not in str(floor)
        running.clock.advance(600)
        assert (await tablet(running).floor(VIEWER)).guests == ()


@pytest.mark.asyncio
async def test_the_card_is_the_counter_view(tmp_path):
    bought = {
        "id": "b-1",
        "customer_id": "c-1",
        "at": "2026-10-01T10:00:00Z",
        "channel": "store",
        "place": "Köln",
        "total_minor": 24900,
        "lines": [{"sku": "s", "title": "Mantel", "quantity": 1, "amount_minor": 24900}],
    }
    present = bought | {"id": "b-2", "gift": True}
    documents = [
        customer(points=2340),
        wallet_pass(),
        voucher(),
        ("purchases", "b-1", bought),
        ("purchases", "b-2", present),
    ]
    async with shop(tmp_path, documents) as running:
        page = await tablet(running).customer("c-1", VIEWER)
        assert (page.points.balance, page.points.value.amount_minor) == (2340, 2340)
        assert [row.title for row in page.purchases] == ["Mantel"]
        assert [(o.is_voucher, o.worth.amount_minor) for o in page.offers] == [(True, 1000)]


@pytest.mark.asyncio
async def test_whoever_buys_for_somebody_else_is_not_given_away(tmp_path):
    wish = {"id": "o-9", "kind": "pickup", "title": "Geheimer Mantel"}
    person = customer(states=["gift"], open_orders=[wish])
    async with shop(tmp_path, [person, wallet_pass()]) as running:
        await running.scan()
        page = await tablet(running).refresh("c-1", VIEWER)
        floor = await tablet(running).floor(VIEWER)
        assert "Geheim" not in str(page) + str(floor)


@pytest.mark.asyncio
async def test_said_is_gone_on_all_tablets_and_can_be_taken_back(tmp_path):
    async with shop(tmp_path, [customer(), wallet_pass(), voucher()]) as running:
        visit_id = (await running.scan()).json()["visit_id"]
        assert (await tablet(running).floor(VIEWER)).rows[0].reason
        topic = (await tablet(running).refresh("c-1", VIEWER)).sentence.topic
        assert topic == "right:v-1"
        await tablet(running).note_answer(visit_id, topic, Outcome.SAID, VIEWER)
        page = await tablet(running).refresh("c-1", VIEWER)
        assert (page.said, page.answered) == (True, Answered(topic, Outcome.SAID))
        assert (await tablet(running).floor(VIEWER)).rows[0].reason == ""
        await tablet(running).take_back_answer(visit_id, topic, VIEWER)
        page = await tablet(running).refresh("c-1", VIEWER)
        assert (page.said, page.answered, page.sentence.topic) == (False, None, topic)
        answers = [
            data["outcome"] for kind, _, data in await running.events() if "sentence" in kind
        ]
        assert answers == ["said", None]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("outcome", "next_time"),
    [(Outcome.NOT_NOW, "right:v-1"), (Outcome.NOT_INTERESTED, "right:o-1")],
)
async def test_what_is_declined_makes_room_for_the_next_thing(tmp_path, outcome, next_time):
    documents = [customer(), wallet_pass(), voucher(), offer()]
    async with shop(tmp_path, documents) as running:
        visit_id = (await running.scan()).json()["visit_id"]
        await tablet(running).note_answer(visit_id, "right:v-1", outcome, VIEWER)
        page = await tablet(running).refresh("c-1", VIEWER)
        assert (page.said, page.sentence.topic) == (False, "right:o-1")
        running.clock.advance(3 * 3600)
        await running.agent.clienteling.end_idle_visits(timedelta(hours=1))
        await running.scan()
        page = await tablet(running).refresh("c-1", VIEWER)
        assert (page.answered, page.sentence.topic) == (None, next_time)


@pytest.mark.asyncio
async def test_not_this_person_takes_the_name_off_every_tablet(tmp_path):
    async with shop(tmp_path) as running:
        visit_id = (await running.scan()).json()["visit_id"]
        await tablet(running).mark_not_this_person(visit_id, VIEWER)
        floor = await tablet(running).floor(VIEWER)
        assert (floor.rows, floor.arrival) == ((), None)
        await tablet(running).undo_not_this_person(visit_id, VIEWER)
        assert (await tablet(running).floor(VIEWER)).rows[0].customer_id == "c-1"


@pytest.mark.asyncio
async def test_an_unknown_visit_is_a_lookup_error(tmp_path):
    async with shop(tmp_path) as running:
        with pytest.raises(LookupError):
            await tablet(running).note_answer("v-0", "birthday", Outcome.SAID, VIEWER)


@pytest.mark.asyncio
async def test_search_finds_by_name_digits_mail_and_number_but_only_who_may_be_named(tmp_path):
    person = customer(
        last_name="Müller",
        display_name="Mira Müller",
        phone="+49 30 23125001",
        email="mira@example.com",
        member_number="2900000000017",
    )
    hidden = customer("c-2", display_name="Nora Müller", last_name="Müller", consents=[])
    async with shop(tmp_path, [person, hidden]) as running:
        for query in ("mueller", "Müller", "mir", "03023125001", "125001", "mira@ex", "29000000"):
            hits = await tablet(running).search(query, VIEWER)
            assert [hit.customer_id for hit in hits] == ["c-1"], query
        assert await tablet(running).search("   ", VIEWER) == ()


@pytest.mark.asyncio
async def test_a_scan_at_the_tablet_opens_the_card_and_marks_the_lane(tmp_path):
    async with shop(tmp_path) as running:
        assert (await tablet(running).scan("]Q1MEMBER-1", VIEWER)).customer_id == "c-1"
        assert (await tablet(running).scan("NOBODY", VIEWER)).reason == "unknown_pass"
        (row,) = (await tablet(running).floor(VIEWER)).rows
        assert row.lane == "Schuhe"


@pytest.mark.asyncio
async def test_the_reader_reads_its_own_language_and_the_customer_hears_theirs(tmp_path):
    english = {"title": {"de": "20 % auf Schals", "en": "20 % off scarves"}}
    person = customer(language="en", last_visit_at="2026-11-20T10:00:00Z")
    async with shop(tmp_path, [person, wallet_pass(), offer(**english)]) as running:
        page = await tablet(running).refresh("c-1", VIEWER)
        assert page.offers[0].title == "20 % auf Schals"
        assert page.sentence is None or "auf Schals" not in page.sentence.text
        page = await tablet(running).refresh("c-1", replace(VIEWER, language="en"))
        assert page.offers[0].title == "20 % off scarves"


OWN = {"owner_store": STORE, "min_basket_minor": 5000}
MANAGER = replace(VIEWER, staff_id="s-max", role=Role.MANAGER)


def basket(price: int, txn: str = "txn-1", revision: int = 1):
    line = {"line_id": "1", "sku": "A", "qty": "1", "unit_price": price}
    return f"/pos/v1/baskets/{txn}/evaluate", {
        "revision": revision,
        "currency": "EUR",
        "customer_ref": "c-1",
        "lines": [line],
    }


async def card_offer(running, viewer=VIEWER):
    page = await tablet(running).refresh("c-1", viewer)
    return page, next(one for one in page.offers if one.id == "v-1")


@pytest.mark.asyncio
async def test_the_card_says_what_an_offer_gives_for_the_basket_or_why_not(tmp_path):
    async with shop(tmp_path, [customer(), wallet_pass(), voucher(**OWN)]) as running:
        assert (await card_offer(running))[1].in_basket is None
        await running.post(*basket(3000))
        page, found = await card_offer(running, replace(VIEWER, language="en"))
        assert (page.basket.till, page.basket.total.amount_minor) == ("till-0", 3000)
        assert found.in_basket.why_not == "The basket is still EUR 20.00 short of it."
        await running.post(*basket(6000, revision=2))
        _, found = await card_offer(running)
        assert (found.in_basket.worth.amount_minor, found.in_basket.why_not) == (1000, "")
        assert found.reason == "issued_right"


@pytest.mark.asyncio
async def test_only_what_gives_something_can_be_offered_to_the_till(tmp_path):
    async with shop(tmp_path, [customer(), wallet_pass(), voucher(**OWN)]) as running:
        for path_and_body in (None, basket(3000)):
            if path_and_body is not None:
                await running.post(*path_and_body)
            with pytest.raises(LookupError):
                await tablet(running).propose("c-1", "v-1", VIEWER)
        with pytest.raises(LookupError):
            await tablet(running).propose("c-9", "v-1", VIEWER)


@pytest.mark.asyncio
async def test_what_the_last_purchase_was_offered_is_not_shown_at_the_next(tmp_path):
    async with shop(tmp_path, [customer(), wallet_pass(), voucher(**OWN)]) as running:
        await running.post(*basket(6000))
        await tablet(running).propose("c-1", "v-1", VIEWER)
        assert (await card_offer(running))[1].proposal.state is ProposalState.WAITING
        assert not (await card_offer(running))[1].can_be_proposed
        void = {"Idempotency-Key": '"k"'}
        await running.post("/pos/v1/baskets/txn-1/void", {"reason": ""}, **void)
        assert (await card_offer(running))[1].proposal.state is ProposalState.UNANSWERED
        await running.post(*basket(6000, txn="txn-2"))
        assert (await card_offer(running))[1].proposal is None


@pytest.mark.asyncio
async def test_conflicts_are_for_managers_until_they_are_seen(tmp_path):
    async with shop(tmp_path, [customer(), wallet_pass(), voucher(**OWN)]) as running:
        for txn in ("txn-1", "txn-2"):
            path, body = basket(6000, txn)
            body |= {
                "receipt": {"number": txn, "business_date": "2026-11-21", "till": "", "seq": 1},
                "totals": {"gross": 5000},
                "applied": [{"offer_id": "v-1", "amount": 1000}],
                "tenders": [{"kind": "card", "amount": 5000}],
            }
            key = {"Idempotency-Key": f'"{txn}"'}
            await running.post(path.replace("evaluate", "commit"), body, **key)
        (row,) = await tablet(running).conflicts(MANAGER)
        assert (row.till, row.title, row.amount.amount_minor) == ("till-0", "10 € ab 50 €", 1000)
        assert row.why == "Dieser Gutschein wurde schon eingelöst."
        assert await tablet(running).conflicts(VIEWER) == ()
        with pytest.raises(LookupError):
            await tablet(running).conflict_seen(row.id, VIEWER)
        await tablet(running).conflict_seen(row.id, MANAGER)
        assert await tablet(running).conflicts(MANAGER) == ()
        with pytest.raises(LookupError):
            await tablet(running).conflict_seen("nothing", MANAGER)


STUB = ("customers", "c-1", scope.stub_of(customer()[2]))


@pytest.mark.asyncio
async def test_of_a_stub_the_card_says_that_the_profile_is_elsewhere_and_claims_nothing(tmp_path):
    async with shop(tmp_path, [STUB, wallet_pass(), offer()]) as running:
        (hit,) = await tablet(running).search("Musterfrau", VIEWER)
        assert (hit.is_elsewhere, hit.hint) == (True, "")
        page = await tablet(running).customer("c-1", VIEWER)
        assert page.profile is Profile.ELSEWHERE
        assert (page.points, page.tier, page.purchases) == (None, None, ())
        assert [card.id for card in page.offers] == ["o-1"]


@pytest.mark.asyncio
async def test_whoever_opens_a_stub_sees_that_the_profile_is_being_fetched(tmp_path, monkeypatch):
    async with shop(tmp_path, [STUB]) as running:
        asked = []
        monkeypatch.setattr(
            type(running.agent.clienteling),
            "fetch_profile",
            lambda _, who: asked.append(who) or True,
        )
        assert (await tablet(running).refresh("c-1", VIEWER)).profile is Profile.FETCHING
        await running.learn(customer())
        assert (await tablet(running).refresh("c-1", VIEWER)).profile is Profile.WHOLE
        assert asked == ["c-1"]
