"""Tokens that end, credentials that are refused, and the digest of the old way."""

import base64
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha1 as any_sha1

import pytest
from emarsys_shop import AT, Clock, EmarsysShop, deliver, row

from sync.errors import TransportError
from sync.fake_emarsys import Fault, LineFault
from sync.transports.emarsys import signing
from sync.transports.emarsys.signing import wsse_digest, wsse_header

TOKEN = "POST /oauth2/token"
sha1 = partial(any_sha1, usedforsecurity=False)
SKEWED = timedelta(days=-20_000)  # a box without a real-time clock


def tokens(shop: EmarsysShop) -> int:
    return shop.account.requests.count(TOKEN)


@pytest.mark.asyncio
async def test_one_token_serves_until_it_ends():
    shop = EmarsysShop()
    transport = shop.transport()
    await deliver(transport, [row(1), row(2)])
    assert tokens(shop) == 1
    shop.clock.pass_s(3600 - 29)
    await deliver(transport, [row(3)])
    assert tokens(shop) == 2
    assert len(shop.account.triggered) == 3


@pytest.mark.asyncio
async def test_a_token_that_lives_shorter_than_the_margin_still_works():
    shop = EmarsysShop()
    shop.account.token_life_s = 20
    transport = shop.transport()
    await deliver(transport, [row(1)])
    shop.clock.pass_s(11)
    await deliver(transport, [row(2)])
    assert tokens(shop) == 2


@pytest.mark.asyncio
async def test_a_token_that_was_taken_back_is_fetched_again_once():
    shop = EmarsysShop()
    transport = shop.transport()
    await deliver(transport, [row(1)])
    shop.account.tokens.clear()
    await deliver(transport, [row(2)])
    assert tokens(shop) == 2
    assert len(shop.account.triggered) == 2


@pytest.mark.asyncio
async def test_after_a_second_401_it_stops_and_asks_for_a_person():
    shop = EmarsysShop()
    transport = shop.transport()
    await deliver(transport, [row(1)])
    before = len(shop.account.requests)
    shop.account.tokens.clear()
    shop.account.faults = [Fault.TOKEN_LOST]
    shop.account.token_life_s = -10_000  # every new token is refused as well
    with pytest.raises(TransportError) as caught:
        await transport.send([row(2)])
    assert caught.value.permanent
    assert "secret" in caught.value.hint
    assert caught.value.retry_after_s == signing.ALARM_PAUSE_S
    assert len(shop.account.requests) - before == 3  # call, token, call: and no more


@pytest.mark.asyncio
async def test_wrong_credentials_are_an_alarm_and_not_a_dead_line():
    shop = EmarsysShop()
    with pytest.raises(TransportError) as caught:
        await shop.transport(client_secret="wrong").send([row(1)])
    assert caught.value.permanent
    assert caught.value.hint
    assert "wrong" not in str(caught.value)


@pytest.mark.asyncio
async def test_the_token_url_is_configurable():
    shop = EmarsysShop()
    with pytest.raises(TransportError):
        await shop.transport(token_url="http://emarsys/elsewhere").send([row(1)])
    assert shop.account.requests == []


@pytest.mark.asyncio
async def test_a_busy_token_service_is_asked_again_later():
    shop = EmarsysShop()
    shop.account.faults = [Fault.UNAVAILABLE]
    transport = shop.transport()
    with pytest.raises(TransportError) as caught:
        await transport.send([row(1)])
    assert not caught.value.permanent
    await deliver(transport, [row(1)])


def test_the_digest_is_made_of_the_hexadecimal_text():
    made = wsse_digest("0" * 32, "2026-11-21T10:00:00.000Z", "secret")
    assert len(base64.b64decode(made)) == 40
    assert (
        base64.b64decode(made).decode()
        == sha1(b"0" * 32 + b"2026-11-21T10:00:00.000Z" + b"secret").hexdigest()
    )


def test_the_header_has_the_form_of_the_book():
    header = wsse_header("user", "secret", "ab" * 16, AT)
    assert header.startswith('UsernameToken Username="user", PasswordDigest="')
    assert header.endswith('Created="2026-11-21T10:00:00.000Z", nonce="' + "ab" * 16 + '"')


@pytest.mark.asyncio
async def test_the_old_way_works_while_it_lasts_and_says_so(caplog):
    shop = EmarsysShop()
    await deliver(shop.transport(wsse=True), [row(1)])
    assert len(shop.account.triggered) == 1
    assert all("/v3/" not in one and "oauth2" not in one for one in shop.account.requests)
    assert "2026-12-31" in caplog.text


@pytest.mark.asyncio
async def test_the_digest_of_the_raw_bytes_is_refused(monkeypatch):
    def raw(nonce: str, created: str, secret: str) -> str:
        return base64.b64encode(sha1((nonce + created + secret).encode()).digest()).decode()

    monkeypatch.setattr(signing, "wsse_digest", raw)
    shop = EmarsysShop()
    with pytest.raises(TransportError) as caught:
        await shop.transport(wsse=True).send([row(1)])
    assert caught.value.permanent


@pytest.mark.asyncio
@pytest.mark.parametrize("skew", [SKEWED, timedelta(days=9000), timedelta(minutes=6)])
async def test_a_box_with_a_wrong_clock_signs_with_emarsys_time(skew):
    shop = EmarsysShop(Clock(skew=skew))
    await deliver(shop.transport(wsse=True), [row(1)])
    assert len(shop.account.triggered) == 1


@pytest.mark.asyncio
async def test_after_its_last_day_the_old_way_is_refused_with_a_remedy():
    shop = EmarsysShop(Clock(at=datetime.fromisoformat("2027-01-01T00:10:00Z")))
    transport = shop.transport(wsse=True)
    for _ in range(2):
        with pytest.raises(TransportError) as caught:
            await transport.send([row(1)])
        assert caught.value.permanent
    assert "OAuth2" in caught.value.hint
    asked = len(shop.account.requests)
    with pytest.raises(TransportError):
        await transport.send([row(1)])
    assert len(shop.account.requests) == asked  # and nobody is bothered any more


@pytest.mark.asyncio
async def test_a_wrong_clock_of_2050_does_not_end_the_old_way():
    shop = EmarsysShop(Clock(skew=timedelta(days=8600)))
    await deliver(shop.transport(wsse=True), [row(1)])
    assert len(shop.account.triggered) == 1


@pytest.mark.asyncio
async def test_a_lost_token_answer_is_a_dead_line():
    shop = EmarsysShop(line=[LineFault.LOST_ANSWER])
    transport = shop.transport()
    with pytest.raises(TransportError) as caught:
        await transport.send([row(1)])
    assert not caught.value.permanent
    await deliver(transport, [row(1)])
