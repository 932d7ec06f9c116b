"""The account's own numbers, found by name."""

import pytest
from emarsys_shop import ANNA, KEY, EmarsysShop, consent, deliver, row
from pydantic import ValidationError

from sync.errors import TransportError
from sync.fake_emarsys import events
from sync.transports import table
from sync.transports.emarsys import kind
from sync.transports.probe import Reach


@pytest.mark.asyncio
async def test_the_key_is_found_by_name_whatever_its_number():
    shop = EmarsysShop()
    await deliver(shop.transport(key=KEY.upper()), [row(1)])
    assert len(shop.account.triggered) == 1


@pytest.mark.asyncio
async def test_the_key_can_be_a_number_an_id_or_the_e_mail():
    shop = EmarsysShop()
    anna = shop.account.find(shop.key, ANNA)[0]
    anna.fields["3"] = "anna@example.com"
    keys = {shop.key: ANNA, "uid": anna.uid, "id": str(anna.id), "3": "anna@example.com"}
    for number, (key, customer) in enumerate(keys.items()):
        await deliver(shop.transport(key=key), [row(number, subject=customer)])
    assert len(shop.account.triggered) == 4


@pytest.mark.asyncio
async def test_a_field_that_is_missing_or_there_twice_is_an_alarm_that_names_it():
    shop = EmarsysShop()
    for name in ("Shoe size", "Twice"):
        if name == "Twice":
            shop.account.add_field("Twice")
            shop.account.add_field("twice")
        with pytest.raises(TransportError) as caught:
            await shop.transport(key=name).send([row(1)])
        assert caught.value.permanent
        assert name in str(caught.value)


@pytest.mark.asyncio
async def test_external_events_are_made_once_and_found_afterwards():
    shop = EmarsysShop()
    await deliver(shop.transport(), [row(1)])
    made = len(shop.account.events)
    await deliver(shop.transport(), [row(2)])
    assert len(shop.account.events) == made == len(shop.settings().event_names)


@pytest.mark.asyncio
async def test_an_event_that_another_shop_made_in_the_same_moment_is_found(monkeypatch):
    shop = EmarsysShop()
    create = events.create

    def both(account, asked):
        account.add_event(asked["name"])
        return create(account, asked)

    monkeypatch.setattr(events, "create", both)
    await deliver(shop.transport(), [row(1)])
    assert [one[0] for one in shop.effects()] == ["store_scan"]


@pytest.mark.asyncio
async def test_nothing_is_asked_twice_while_it_runs():
    shop = EmarsysShop()
    transport = shop.transport()
    await deliver(transport, [row(1)])
    asked = len(shop.account.requests)
    await deliver(transport, [row(2), consent(3, "granted")])
    assert len(shop.account.requests) - asked == 2


def test_secrets_are_in_no_text():
    settings = EmarsysShop().settings(
        client_secret="s3cret", sales={"merchant_id": "m", "token": "t0ken"}
    )
    assert "s3cret" not in repr(settings)
    assert "t0ken" not in repr(settings)
    with pytest.raises(ValidationError) as caught:
        EmarsysShop().settings(client_secret="s3cret", keyy="x")
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    "bad",
    [
        {"key": "uid", "create_contacts": True},
        {"proof": "table"},
        {"proof": "fields"},
        {"requests_per_minute": 0},
        {"requests_per_minute": 5000},
        {"nonsense": 1},
        {"consents": {"marketing.email": {"field": "31", "granted": "1", "withdrawn": "1"}}},
    ],
)
def test_settings_that_cannot_work_are_refused(bad):
    with pytest.raises(ValidationError):
        EmarsysShop().settings(**bad)


def test_the_table_knows_the_kind():
    shop = EmarsysShop()
    assert table.transport_settings("emarsys") is kind.Settings
    assert table.build_transport("emarsys", shop.settings(), shop.around())
    assert table.stale_after_s("emarsys") == kind.STALE_AFTER_S


def test_an_address_that_is_none_is_refused_at_once():
    shop = EmarsysShop()
    with pytest.raises(TransportError) as caught:
        shop.transport(api_url="emarsys")
    assert caught.value.permanent


@pytest.mark.asyncio
async def test_an_installer_learns_whether_the_credentials_are_good(monkeypatch):
    shop = EmarsysShop()
    build = kind.HttpLine
    monkeypatch.setattr(
        kind,
        "HttpLine",
        lambda url, token, now, **rest: build(url, token, now, shop.wire(), **rest),
    )
    good = await kind.probe(shop.settings(), shop.clock.now)
    assert (good.reach, good.clock_offset_s) == (Reach.THERE, 0)
    bad = await kind.probe(shop.settings(client_secret="wrong"), shop.clock.now)
    assert bad.reach is Reach.REFUSED
    assert "secret" in bad.remedy
    alive = await kind.probe(shop.settings(wsse=True), shop.clock.now)
    assert alive.reach is Reach.THERE
    assert shop.account.requests[-1] == "GET /healthcheck"
