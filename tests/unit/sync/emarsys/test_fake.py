"""The fake has the quirks that were recorded of the real one."""

import base64
from datetime import timedelta

import httpx
import pytest
from emarsys_shop import ANNA, AT, BEN, EmarsysShop

from sync.fake_emarsys import Fault, LineFault, Segment
from sync.transports.emarsys.signing import wsse_header

pytestmark = pytest.mark.asyncio

TIME = "2026-11-21T10:00:00.000Z"


class Caller:
    """Calls the fake as a stranger would, without our client."""

    def __init__(self) -> None:
        self.shop = EmarsysShop()
        self.account = self.shop.account
        self.http = httpx.AsyncClient(transport=self.shop.wire(), base_url="http://emarsys")
        self.event = self.account.add_event("e")

    async def login(self) -> None:
        form = {"grant_type": "client_credentials"}
        answer = await self.http.post("/oauth2/token", data=form, auth=("shop", "secret"))
        token = answer.json()["access_token"]
        self.http.headers["authorization"] = f"Bearer {token}"
        self.http.headers["content-type"] = "application/json"

    async def call(self, method: str, path: str, body: object = None) -> tuple[int, dict]:
        content = None if body is None else httpx.Request("POST", "http://x", json=body).content
        answer = await self.http.request(method, f"/api{path}", content=content)
        return answer.status_code, answer.json()

    async def trigger(self, *entries: dict, event: int | None = None) -> tuple[int, dict]:
        body = {"key_id": self.shop.key, "contacts": list(entries)}
        return await self.call("POST", f"/v3/event/{event or self.event}/trigger", body)

    def entry(self, contact: str = ANNA, number: int = 1, **more) -> dict:
        given = {"external_id": contact, "trigger_id": f"t{number}", "event_time": TIME, "data": {}}
        return given | more


async def ready() -> Caller:
    made = Caller()
    await made.login()
    return made


async def test_a_failure_may_come_as_a_200():
    c = await ready()
    status, reply = await c.call("POST", "/v3/contact/getdata", {"keyId": "99", "keyValues": ["x"]})
    assert (status, reply["replyCode"], reply["data"]) == (200, 2004, "")


async def test_a_batch_succeeds_in_part_and_names_who_failed():
    c = await ready()
    status, reply = await c.trigger(c.entry(), c.entry("nobody", 2))
    assert (status, reply["replyCode"]) == (200, 0)
    assert list(reply["data"]["errors"]) == ["nobody"]
    assert "2008" in reply["data"]["errors"]["nobody"]
    assert len(c.account.triggered) == 1


async def test_getdata_of_nobody_but_strangers_is_false_and_no_list():
    c = await ready()
    body = {"keyId": c.shop.key, "keyValues": ["x", "y"], "fields": ["1"]}
    _, reply = await c.call("POST", "/v3/contact/getdata", body)
    assert reply["data"]["result"] is False
    assert [one["errorCode"] for one in reply["data"]["errors"]] == ["2008", "2008"]
    _, reply = await c.call("POST", "/v3/contact/getdata", body | {"keyValues": [ANNA, "x"]})
    assert len(reply["data"]["result"]) == 1


async def test_ids_are_text_for_known_contacts_and_numbers_for_new_ones():
    c = await ready()
    body = {"key_id": c.shop.key, "contacts": [{c.shop.key: ANNA}, {c.shop.key: "new"}]}
    _, reply = await c.call("PUT", "/v3/contact/?create_if_not_exists=1", body)
    assert [type(one) for one in reply["data"]["ids"]] == [str, int]


async def test_two_upserts_of_one_contact_collide_once():
    c = await ready()
    c.account.racing.add("new")
    body = {"key_id": c.shop.key, "contacts": [{c.shop.key: "new"}]}
    _, reply = await c.call("PUT", "/v3/contact/?create_if_not_exists=1", body)
    assert "2006" in reply["data"]["errors"]["new"]
    assert c.account.find(c.shop.key, "new") == []
    _, reply = await c.call("PUT", "/v3/contact/?create_if_not_exists=1", body)
    assert len(reply["data"]["ids"]) == 1


@pytest.mark.parametrize("value", [True, "true", "0", "3", "on"])
async def test_the_opt_in_takes_one_two_and_null(value):
    c = await ready()
    for good in ("1", "2", None):
        body = {"key_id": c.shop.key, "contacts": [{c.shop.key: ANNA, "31": good}]}
        assert "errors" not in (await c.call("PUT", "/v3/contact/", body))[1]["data"]
    body = {"key_id": c.shop.key, "contacts": [{c.shop.key: ANNA, "31": value}]}
    assert "2005" in (await c.call("PUT", "/v3/contact/", body))[1]["data"]["errors"][ANNA]


async def test_a_trigger_is_ignored_when_it_comes_again():
    c = await ready()
    for _ in range(3):
        assert (await c.trigger(c.entry()))[0] == 200
    await c.trigger(c.entry(BEN, 1))
    assert len(c.account.triggered) == 2


@pytest.mark.parametrize(
    "text", ["2026-11-21T10:00:00+00:00", "2026-11-21T10:00:00.123Z", "2026-11-21 10:00:00", "1"]
)
async def test_an_event_time_in_another_form_is_refused(text):
    c = await ready()
    assert (await c.trigger(c.entry(event_time="2026-11-21T10:00:00Z")))[0] == 200
    status, reply = await c.trigger(c.entry(number=2, event_time=text))
    assert (status, reply["replyCode"]) == (400, 5010)


@pytest.mark.parametrize(
    ("more", "code"), [({"data": []}, 5009), ({"data": {"ems_event_time": 1}}, 5011)]
)
async def test_data_that_is_none_spoils_the_whole_call(more, code):
    c = await ready()
    status, reply = await c.trigger(c.entry(), c.entry(BEN, 2, **more))
    assert (status, reply["replyCode"]) == (400, code)
    assert c.account.triggered == []


async def test_an_unknown_event_and_an_event_without_anything_attached():
    c = await ready()
    assert (await c.trigger(c.entry(), event=77))[1]["replyCode"] == 5001
    c.account.unattached.add(c.event)
    assert (await c.trigger(c.entry()))[1]["replyCode"] == 5005
    assert len(c.account.triggered) == 1


async def test_more_than_a_thousand_is_too_many():
    c = await ready()
    status, reply = await c.trigger(*[c.entry(number=n) for n in range(1001)])
    assert (status, reply["replyCode"]) == (400, 1000)


async def test_too_many_requests_come_with_a_reset_and_without_retry_after():
    c = await ready()
    c.account.per_minute = 2
    for _ in range(2):
        await c.trigger(c.entry())
    answer = await c.http.get("/api/v3/event/")
    assert answer.status_code == 429
    assert "retry-after" not in answer.headers
    assert int(answer.headers["x-ratelimit-reset"]) == int(AT.timestamp()) + 60


async def test_a_token_ends():
    c = await ready()
    c.shop.clock.pass_s(3601)
    assert (await c.trigger(c.entry()))[0] == 401


async def test_every_request_needs_its_content_type():
    c = await ready()
    del c.http.headers["content-type"]
    assert (await c.call("GET", "/v3/event/"))[0] == 400


async def test_a_segment_is_evaluated_first_and_one_at_a_time():
    c = await ready()
    anna = c.account.find(c.shop.key, ANNA)[0].id
    c.account.segments = {70: Segment({anna}), 71: Segment(set(), looks_left=-1)}
    assert (await c.call("GET", "/v3/filter/70/contacts"))[1]["replyCode"] == 10003
    c.account.segments[71].looks_left = 0
    assert (await c.call("GET", "/v3/filter/70/contacts"))[1]["replyCode"] == 10001
    assert (await c.call("GET", "/v3/filter/70/contacts"))[1]["data"] == [str(anna)]
    assert (await c.call("GET", f"/v3/filter/70/contacts/{anna}"))[1]["data"] is True


async def test_sales_data_counts_every_line_it_gets():
    c = await ready()
    csv = "item,price,order,timestamp,customer,quantity\nsock,5.00,o1,2026-11-21T10:00:00Z,a,1\n"
    headers = {"authorization": "bearer sales-token", "content-type": "text/csv"}
    for _ in range(2):
        path = "/hapi/merchant/merchant/sales-data/api"
        assert (await c.http.post(path, content=csv, headers=headers)).status_code == 200
    assert len(c.account.sales) == 2


async def test_the_old_way_wants_the_text_of_the_digest_a_right_clock_and_a_new_nonce():
    c = await ready()
    nonce = "ab" * 16
    good = wsse_header("shop", "secret", nonce, AT)
    raw = good.replace(good.split('"')[3], base64.b64encode(b"x" * 20).decode())
    late = wsse_header("shop", "secret", "cd" * 16, AT - timedelta(minutes=6))
    statuses = []
    for header in (raw, late, good, good):
        c.http.headers["x-wsse"] = header
        statuses.append((await c.call("GET", "/v2/event/"))[0])
    assert statuses == [401, 401, 200, 401]


@pytest.mark.parametrize(("fault", "status"), [(Fault.BROKEN, 500), (Fault.BAD_GATEWAY, 502)])
async def test_faults_do_nothing(fault, status):
    c = await ready()
    c.account.faults.append(fault)
    answer = await c.http.post(f"/api/v3/event/{c.event}/trigger", json={})
    assert answer.status_code == status
    assert c.account.triggered == []


async def test_a_lost_answer_is_a_thing_done():
    c = await ready()
    wire = c.http._transport
    wire.faults.append(LineFault.LOST_ANSWER)
    with pytest.raises(httpx.ReadError):
        await c.trigger(c.entry())
    assert len(c.account.triggered) == 1
