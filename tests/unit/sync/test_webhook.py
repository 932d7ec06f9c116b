"""Signed webhooks: the published vector, another implementation, and what a receiver may answer."""

from __future__ import annotations

import asyncio
from base64 import b64decode, b64encode
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import httpx
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from standardwebhooks import Webhook, WebhookVerificationError

from sync.errors import TransportError
from sync.outbox import OutboxRow
from sync.transports.http import HttpLine
from sync.transports.webhook import Settings
from sync.transports.webhook.fake import FakeReceiver, create_app
from sync.transports.webhook.signing import (
    ID,
    SIGNATURE,
    TIMESTAMP,
    checking_key,
    headers,
    is_genuine,
    signing_key,
)
from sync.transports.webhook.transport import MEANING, WebhookTransport

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_" + b64encode(bytes(range(64))).decode()
PRIVATE = "whsk_" + b64encode(bytes(range(32))).decode()
URL = "http://receiver/hook"
BODIES = st.dictionaries(st.text(), st.integers(-(2**53), 2**53))
KEYS = st.binary(min_size=24, max_size=64)


def row(number: int, subject: str | None = "c-1", offset_s: float | None = None) -> OutboxRow:
    at = "2026-11-21T10:00:00.000000Z"
    kind = "store.scan.recorded"
    return OutboxRow(number, f"e{number:04}", kind, subject, at, b'{"n":1}', offset_s=offset_s)


class Desk:
    """A transport and the shipped receiver, without sockets. `secrets` are the sender's."""

    def __init__(
        self, secrets: Sequence[str] = (SECRET,), *, window: int = 8, pause_s: float = 0.0
    ) -> None:
        self.now = NOW
        self.receiver = FakeReceiver([checking_key(SECRET)], lambda: self.now)
        self.under_way: list[str] = []
        self.most_at_once = 0
        self.pause_s = pause_s
        self._door = httpx.ASGITransport(create_app(self.receiver))
        self.transport = WebhookTransport(
            HttpLine(URL, None, lambda: self.now, httpx.MockTransport(self._pass), meaning=MEANING),
            URL,
            "/stores/s1/epoch1",
            [signing_key(secret) for secret in secrets],
            window=window,
            now=lambda: self.now,
        )

    async def _pass(self, request: httpx.Request) -> httpx.Response:
        subject = orjson.loads(request.content).get("subject", "")
        assert subject not in self.under_way, "never two of one customer at once"
        self.under_way.append(subject)
        self.most_at_once = max(self.most_at_once, len(self.under_way))
        await asyncio.sleep(self.pause_s)
        answer = await self._door.handle_async_request(request)
        self.under_way.remove(subject)
        return answer

    async def deliver(self, rows: Sequence[OutboxRow]) -> list:
        results: list = []
        while len(results) < len(rows):
            results += await self.transport.send(rows[len(results) :])
        return results

    def taken(self) -> list[str]:
        return [event["id"] for event in self.receiver.events]


def test_the_published_vector():
    signed = headers(
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
        [signing_key(SECRET)],
    )
    assert signed == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


@given(body=BODIES, key=KEYS)
def test_another_implementation_verifies_ours(body, key):
    secret = "whsec_" + b64encode(key).decode()
    text = orjson.dumps(body)
    at_s = int(datetime.now(UTC).timestamp())
    signed = headers("msg_1", at_s, text, [signing_key(PRIVATE), signing_key(secret)])
    assert Webhook(secret).verify(text, signed) == body
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(text + b" ", signed)


@given(body=BODIES, key=KEYS)
def test_ours_verifies_another_implementation(body, key):
    secret = "whsec_" + b64encode(key).decode()
    text = orjson.dumps(body)
    sent = {
        ID: "msg_1",
        TIMESTAMP: str(int(NOW.timestamp())),
        SIGNATURE: Webhook(secret).sign("msg_1", NOW, text.decode()),
    }
    keys = [checking_key(secret)]
    assert is_genuine(sent, text, keys, NOW.timestamp())
    assert not is_genuine(sent, text + b" ", keys, NOW.timestamp())


def test_one_of_several_signatures_is_enough_and_none_of_a_stranger():
    body = b"{}"
    signed = headers("m", int(NOW.timestamp()), body, [signing_key(OTHER), signing_key(PRIVATE)])
    public = signing_key(PRIVATE).public
    for key in (OTHER, public):
        assert is_genuine(signed, body, [checking_key(key)], NOW.timestamp())
    assert not is_genuine(signed, body, [checking_key(SECRET)], NOW.timestamp())
    stranger = signing_key("whsk_" + b64encode(bytes(32)).decode())
    assert not is_genuine(signed, body, [checking_key(stranger.public)], NOW.timestamp())


def test_a_private_key_is_read_with_and_without_its_public_half():
    seed, public = bytes(range(32)), b64decode(signing_key(PRIVATE).public.removeprefix("whpk_"))
    both = signing_key("whsk_" + b64encode(seed + public).decode())
    assert both.sign(b"x") == signing_key(PRIVATE).sign(b"x")


@pytest.mark.parametrize("age_s", [301, -301, 86_400])
def test_what_is_more_than_five_minutes_off_is_not_genuine(age_s):
    signed = headers("m", int(NOW.timestamp()), b"{}", [signing_key(SECRET)])
    keys = [checking_key(SECRET)]
    assert is_genuine(signed, b"{}", keys, NOW.timestamp() + 300)
    assert not is_genuine(signed, b"{}", keys, NOW.timestamp() + age_s)


@pytest.mark.parametrize(
    "spoiled",
    [
        {SIGNATURE: ""},
        {SIGNATURE: "v1"},
        {SIGNATURE: "v1,"},
        {SIGNATURE: "v1a,AAAA v2,AAAA"},
        {SIGNATURE: "v1,é"},
        {TIMESTAMP: ""},
        {TIMESTAMP: "-1"},
        {TIMESTAMP: "²"},
        {ID: ""},
        {ID: "another"},
    ],
)
def test_nonsense_in_a_header_is_not_genuine(spoiled):
    signed = headers("m", int(NOW.timestamp()), b"{}", [signing_key(SECRET)])
    keys = [checking_key(SECRET), checking_key(signing_key(PRIVATE).public)]
    assert not is_genuine(signed | spoiled, b"{}", keys, NOW.timestamp())


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "s3cret",
        "whsec_",
        "whsec_" + b64encode(bytes(23)).decode(),
        "whsec_" + b64encode(bytes(65)).decode(),
        "whsec_not base64 at all, and quite long too",
        "whsk_" + b64encode(bytes(24)).decode(),
        "whpk_" + b64encode(bytes(32)).decode(),
    ],
)
def test_a_secret_that_cannot_be_one_is_refused_without_being_told(secret):
    with pytest.raises(ValidationError) as caught:
        Settings(url=URL, secrets=[SECRET, secret])
    first = caught.value.errors()[0]
    assert first["loc"] == ("secrets",)
    told = secret.removeprefix("whsec_").removeprefix("whsk_")
    assert not told or told not in first["msg"]


def test_secrets_do_not_show():
    assert SECRET not in repr(Settings(url=URL, secrets=[SECRET]))


@pytest.mark.asyncio
async def test_each_event_is_a_cloudevent_of_its_own():
    desk = Desk()
    await desk.deliver([row(1), row(2, offset_s=-3600.0)])
    assert [event["id"] for event in desk.receiver.events] == ["e0001", "e0002"]
    assert desk.receiver.events[0]["source"] == "/stores/s1/epoch1"
    assert desk.receiver.events[0]["data"] == {"n": 1}
    assert desk.receiver.events[1]["time"] == "2026-11-21T09:00:00.000000Z"


@pytest.mark.asyncio
async def test_customers_are_served_side_by_side_and_each_in_order():
    desk = Desk(window=4, pause_s=0.001)
    await desk.deliver([row(0)])
    rows = [row(n, subject=f"c-{n % 5}") for n in range(1, 100)]
    await desk.deliver(rows)
    assert desk.most_at_once == 4
    for customer in range(5):
        mine = [one.id for one in rows if one.subject == f"c-{customer}"]
        assert [id_ for id_ in desk.taken() if id_ in mine] == mine


@pytest.mark.asyncio
async def test_what_ran_ahead_of_a_failure_is_not_sent_again():
    desk = Desk(window=4)
    await desk.deliver([row(0)])
    desk.receiver.unwanted["e0002"] = 500
    rows = [row(n, subject=f"c-{n}") for n in range(1, 5)]
    (first,) = await desk.transport.send(rows)
    assert first.id == "e0001"
    with pytest.raises(TransportError):
        await desk.transport.send(rows[1:])
    attempts = desk.receiver.attempts
    desk.receiver.unwanted.clear()
    results = await desk.deliver(rows[1:])
    assert all(result.delivered for result in results)
    assert sorted(desk.taken()) == [f"e{n:04}" for n in range(5)]
    assert desk.receiver.repeated == []
    assert desk.receiver.attempts - attempts <= 3


@pytest.mark.asyncio
async def test_the_id_is_constant_and_each_attempt_has_its_own_time():
    desk = Desk()
    desk.receiver.answers = [500]
    with pytest.raises(TransportError):
        await desk.deliver([row(1)])
    desk.now += timedelta(hours=30)  # a signature of the first attempt would be a replay now
    await desk.deliver([row(1)])
    assert desk.taken() == ["e0001"]


@pytest.mark.asyncio
async def test_while_a_secret_is_replaced_both_sides_need_not_do_it_at_once():
    desk = Desk(secrets=[OTHER, SECRET])
    await desk.deliver([row(1)])
    desk.receiver.keys = [checking_key(OTHER)]
    await desk.deliver([row(2)])
    assert desk.taken() == ["e0001", "e0002"]


@pytest.mark.asyncio
async def test_a_wrong_secret_empties_nothing_into_quarantine():
    desk = Desk(secrets=[OTHER])
    with pytest.raises(TransportError) as caught:
        await desk.transport.send([row(n, subject=f"c-{n}") for n in range(50)])
    assert caught.value.permanent
    assert "secrets" in caught.value.hint


@pytest.mark.asyncio
async def test_a_receiver_that_says_400_to_everything_empties_nothing_into_quarantine():
    desk = Desk()
    desk.receiver.answers = [400] * 100
    for _ in range(10):
        with pytest.raises(TransportError) as caught:
            await desk.transport.send([row(n, subject=f"c-{n}") for n in range(50)])
    assert caught.value.permanent
    assert "400" in str(caught.value)


@pytest.mark.asyncio
async def test_a_400_to_one_event_is_believed_once_another_one_was_taken():
    desk = Desk()
    desk.receiver.unwanted["e0001"] = 400
    results = await desk.deliver([row(1), row(2)])
    assert [result.delivered for result in results] == [False, True]
    assert (results[0].permanent, results[0].code) == (True, "http_400")


@pytest.mark.asyncio
async def test_410_ends_it_until_a_restart():
    desk = Desk()
    desk.receiver.answers = [410]
    for _ in range(3):
        with pytest.raises(TransportError) as caught:
            await desk.transport.send([row(1)])
        assert caught.value.permanent
        assert "closed" in caught.value.hint
    assert desk.receiver.attempts == 1


@pytest.mark.asyncio
@pytest.mark.parametrize("status", [429, 502, 504])
async def test_a_receiver_out_of_breath_gets_one_at_a_time_and_slowly_more_again(status):
    desk = Desk(window=4, pause_s=0.001)
    await desk.deliver([row(0)])
    desk.receiver.answers = [status]
    rows = [row(n, subject=f"c-{n}") for n in range(1, 9)]
    with pytest.raises(TransportError):
        await desk.transport.send(rows[:1])
    desk.most_at_once = 0
    await desk.transport.send(rows[:3])
    assert desk.most_at_once == 1
    await desk.deliver([row(n, subject=f"c-{n}") for n in range(10, 60)])
    assert desk.most_at_once == 4


@pytest.mark.asyncio
async def test_a_web_page_is_no_receiver():
    page = httpx.MockTransport(lambda _: httpx.Response(200, html=" <!DOCTYPE html><p>log in"))
    transport = WebhookTransport(
        HttpLine(URL, None, lambda: NOW, page, meaning=MEANING),
        URL,
        "/stores/s1/epoch1",
        [signing_key(SECRET)],
        window=1,
        now=lambda: NOW,
    )
    with pytest.raises(TransportError, match="web page"):
        await transport.send([row(1)])


@pytest.mark.asyncio
@pytest.mark.parametrize("url", ["http://receiver/hook?tenant=7", "http://receiver/a/b/"])
async def test_the_address_is_used_as_it_was_given(url):
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(204)

    line = HttpLine(url, None, lambda: NOW, httpx.MockTransport(answer), meaning=MEANING)
    transport = WebhookTransport(
        line, url, "/stores/s1/e", [signing_key(SECRET)], window=1, now=lambda: NOW
    )
    await transport.send([row(1)])
    assert asked == [url]


def test_a_signature_over_a_body_written_anew_is_refused():
    """Known bad: the receiver gets other bytes than those that were signed."""
    sent = b'{"b":1, "a":2}'
    anew = orjson.dumps(orjson.loads(sent), option=orjson.OPT_SORT_KEYS)
    signed = headers("m", int(NOW.timestamp()), anew, [signing_key(SECRET)])
    keys = [checking_key(SECRET)]
    assert is_genuine(signed, anew, keys, NOW.timestamp())
    assert not is_genuine(signed, sent, keys, NOW.timestamp())


class SignsAnew:
    """Known bad: signs what it parsed and wrote again."""

    def sign(self, content: bytes) -> str:
        message_id, timestamp, body = content.split(b".", 2)
        event = orjson.loads(body) | {"specversion": "1.0"}
        anew = orjson.dumps(event, option=orjson.OPT_SORT_KEYS)
        return signing_key(SECRET).sign(b".".join([message_id, timestamp, anew]))


@pytest.mark.asyncio
async def test_the_receiver_would_notice_a_signature_over_other_bytes():
    desk = Desk()
    desk.transport._keys = [SignsAnew()]
    with pytest.raises(TransportError):
        await desk.deliver([row(1)])
    assert desk.taken() == []
