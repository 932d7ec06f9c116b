"""Answers of customers: the opt-in field, unsubscribes, and the proof."""

from typing import Any

import pytest
from emarsys_shop import ANNA, BEN, NOBODY, EmarsysShop, consent, deliver, row
from pydantic import ValidationError

from sync.errors import TransportError
from sync.fake_emarsys import LineFault
from sync.transports.emarsys.directory import FieldIds
from sync.transports.emarsys.wishes import Account, Kind, Update, steps

OPT_IN = "31"


def opt_in(shop: EmarsysShop, customer: str = ANNA) -> str | None:
    return shop.account.find(shop.key, customer)[0].fields.get(OPT_IN)


@pytest.mark.asyncio
async def test_a_yes_and_a_no_reach_the_opt_in_field():
    shop = EmarsysShop()
    rows = [consent(1, "granted"), consent(2, "withdrawn", subject=BEN)]
    results = await deliver(shop.transport(), rows)
    assert all(one.delivered for one in results)
    assert (opt_in(shop), opt_in(shop, BEN)) == ("1", "2")


@pytest.mark.asyncio
async def test_a_withdrawal_also_goes_to_unsubscribe_and_last():
    shop = EmarsysShop()
    await deliver(shop.transport(), [consent(1, "withdrawn")])
    assert shop.account.unsubscribed == [ANNA]
    writes = [one for one in shop.account.requests if "contact/" in one or "unsub" in one]
    assert writes == ["PUT /api/v3/contact/", "POST /api/v3/email/unsubscribe"]


@pytest.mark.asyncio
async def test_a_yes_after_a_no_stays_a_yes_and_the_other_way_round():
    shop = EmarsysShop()
    answers = ["granted", "withdrawn", "granted", "withdrawn", "granted"]
    rows = [consent(n, state) for n, state in enumerate(answers)]
    await deliver(shop.transport(), rows)
    assert opt_in(shop) == "1"
    assert shop.account.unsubscribed == [ANNA, ANNA]


@pytest.mark.asyncio
async def test_other_channels_need_a_field_of_their_own_and_are_left_out_without():
    shop = EmarsysShop()
    sms = shop.account.add_field("SMS opt-in")
    consents = {"marketing.sms": {"field": "sms OPT-in", "granted": "10", "withdrawn": "11"}}
    transport = shop.transport(consents=consents)
    rows = [consent(1, "withdrawn", "marketing.sms"), consent(2, "granted", "clienteling")]
    results = await deliver(transport, rows)
    assert [one.status for one in results] == ["accepted", "skipped"]
    assert shop.account.find(shop.key, ANNA)[0].fields[sms] == "11"
    assert opt_in(shop) is None
    assert shop.account.unsubscribed == []


@pytest.mark.asyncio
async def test_an_empty_opt_in_is_sent_as_null():
    shop = EmarsysShop()
    consents = {"marketing.email": {"field": OPT_IN, "granted": "1", "withdrawn": "null"}}
    transport = shop.transport(consents=consents)
    await deliver(transport, [consent(1, "granted")])
    await deliver(transport, [consent(2, "withdrawn")])
    assert opt_in(shop) is None


@pytest.mark.parametrize("value", ["true", "yes", "0", "3", "on"])
def test_the_opt_in_field_takes_nothing_else(value):
    with pytest.raises(ValidationError, match="opt-in"):
        EmarsysShop().settings(consents={"marketing.email": {"field": OPT_IN, "granted": value}})


def test_no_boolean_gets_through_the_settings():
    with pytest.raises(ValidationError):
        EmarsysShop().settings(consents={"marketing.email": {"field": OPT_IN, "granted": True}})


@pytest.mark.asyncio
async def test_the_fake_sees_booleans_in_the_opt_in(monkeypatch):
    monkeypatch.setattr("sync.transports.emarsys.wishes._value", lambda rule, is_withdrawn: True)
    shop = EmarsysShop()
    results = await deliver(shop.transport(), [consent(1, "granted")])
    assert (results[0].permanent, results[0].code) == (True, "emarsys_2005")


@pytest.mark.asyncio
async def test_an_account_that_counts_the_other_way_round_is_an_alarm():
    shop = EmarsysShop()
    shop.account.choices[OPT_IN] = {"1": "False", "2": "True"}
    with pytest.raises(TransportError) as caught:
        await shop.transport().send([consent(1, "withdrawn")])
    assert caught.value.permanent
    assert opt_in(shop) is None
    turned = {"marketing.email": {"field": OPT_IN, "granted": "2", "withdrawn": "1"}}
    await deliver(shop.transport(consents=turned), [consent(1, "withdrawn")])
    assert opt_in(shop) == "1"


@pytest.mark.asyncio
async def test_the_race_of_two_upserts_is_asked_once_more():
    shop = EmarsysShop()
    shop.account.racing.add(ANNA)
    results = await deliver(
        shop.transport(), [consent(1, "granted"), consent(2, "granted", subject=BEN)]
    )
    assert [one.status for one in results] == ["accepted", "accepted"]
    assert opt_in(shop) == "1"


@pytest.mark.asyncio
async def test_a_race_that_does_not_end_is_wanted_later(monkeypatch):
    class Stubborn(set[str]):
        def discard(self, key: str) -> None:
            pass

    shop = EmarsysShop()
    shop.account.racing = Stubborn({ANNA})
    rows = [consent(1, "granted"), row(2), row(3, subject=BEN)]
    results = await shop.transport().send(rows)
    assert [(one.delivered, one.permanent) for one in results] == [(False, False)]
    assert [one[1] for one in shop.effects()] == [BEN]  # and nothing of Anna behind it


@pytest.mark.asyncio
async def test_a_stranger_is_put_aside_or_created_as_the_settings_say():
    shop = EmarsysShop()
    results = await deliver(shop.transport(), [consent(1, "withdrawn", subject=NOBODY)])
    assert (results[0].permanent, results[0].code) == (True, "emarsys_2008")
    transport = shop.transport(create_contacts=True)
    await deliver(transport, [consent(1, "withdrawn", subject=NOBODY)])
    assert opt_in(shop, NOBODY) == "2"


@pytest.mark.asyncio
async def test_a_refused_unsubscribe_is_seen_although_the_opt_in_is_out():
    shop = EmarsysShop()
    shop.account.asks_for_launch = True
    results = await deliver(shop.transport(), [consent(1, "withdrawn")])
    assert (results[0].permanent, results[0].code) == (True, "emarsys_1006")
    assert opt_in(shop) == "2"
    campaign = {"launch_id": 7, "email_id": 8}
    results = await deliver(shop.transport(unsubscribe=campaign), [consent(1, "withdrawn")])
    assert results[0].delivered
    results = await deliver(
        shop.transport(unsubscribe={"enabled": False}), [consent(1, "withdrawn")]
    )
    assert results[0].delivered


@pytest.mark.asyncio
async def test_the_proof_goes_into_a_table_once_per_answer():
    shop = EmarsysShop()
    table = {"connection": "shop", "table": "consents"}
    transport = shop.transport(proof="table", proof_table=table)
    rows = [consent(1, "granted"), consent(2, "withdrawn", offset_s=60.0), consent(1, "granted")]
    await deliver(transport, rows)
    records = shop.account.tables["consents"]
    assert set(records) == {"e0001", "e0002"}
    assert records["e0002"] == {
        "event_id": "e0002",
        "customer": ANNA,
        "store": "s1",
        "purpose": "marketing.email",
        "state": "withdrawn",
        "how": "tablet",
        "text_version": "v3",
        "language": "de",
        "decided_at": "2026-11-21 09:42:00",
    }


@pytest.mark.asyncio
async def test_the_proof_of_purposes_without_a_field_is_kept_too():
    shop = EmarsysShop()
    table = {"connection": "shop", "table": "consents"}
    transport = shop.transport(proof="table", proof_table=table)
    results = await deliver(transport, [consent(1, "withdrawn", "location")])
    assert results[0].status == "accepted"
    assert shop.account.tables["consents"]["e0001"]["purpose"] == "location"


@pytest.mark.asyncio
async def test_the_proof_goes_into_contact_fields():
    shop = EmarsysShop()
    how, at = shop.account.add_field("Consent how"), shop.account.add_field("Consent at")
    fields = {"how": "Consent how", "at": at}
    await deliver(shop.transport(proof="fields", proof_fields=fields), [consent(1, "granted")])
    anna = shop.account.find(shop.key, ANNA)[0].fields
    assert (anna[how], anna[at]) == ("tablet", "2026-11-21T09:41:00.000Z")


@pytest.mark.asyncio
async def test_a_voucher_field_is_refused_before_anything_is_written():
    shop = EmarsysShop()
    shop.account.add_field("Birthday voucher", is_voucher=True)
    fields = {"how": "Birthday voucher"}
    with pytest.raises(TransportError) as caught:
        await shop.transport(proof="fields", proof_fields=fields).send([consent(1, "granted")])
    assert caught.value.permanent
    assert "voucher" in str(caught.value)


@pytest.mark.asyncio
@pytest.mark.parametrize("lost", range(3))
async def test_whatever_answer_is_lost_the_customer_ends_up_out(lost):
    shop = EmarsysShop()
    table = {"connection": "shop", "table": "consents"}
    transport = shop.transport(proof="table", proof_table=table)
    await deliver(transport, [row(1)])
    shop.line += [LineFault.NONE] * lost + [LineFault.LOST_ANSWER]
    with pytest.raises(TransportError):
        await transport.send([consent(2, "withdrawn")])
    await deliver(transport, [consent(2, "withdrawn")])
    assert opt_in(shop) == "2"
    assert ANNA in shop.account.unsubscribed
    assert len(shop.account.tables["consents"]) == 1


def test_a_purpose_without_a_field_asks_for_nothing():
    account = Account("s1", EmarsysShop().settings(), FieldIds({OPT_IN: OPT_IN}), {})
    assert steps(consent(1, "granted", "location"), account) == []
    step = steps(consent(1, "granted"), account)[0]
    wanted: Any = step.what.wanted
    assert (step.kind, wanted) == (Kind.UPDATE, Update({OPT_IN: "1"}))
