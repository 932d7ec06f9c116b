"""The live stream over a real uvicorn: headers, full state, endings, and how soon they come."""

import time
from contextlib import contextmanager

import httpx
import pytest
from kiosk_rig import running_kiosk

from kiosk_ui.fake_app import DEVICE_TOKEN, SESSION_TOKEN

SIGNED_IN = {"device": DEVICE_TOKEN, "staff": SESSION_TOKEN, "language": "de"}


@pytest.fixture
def rig():
    with running_kiosk() as rig:
        yield rig


@contextmanager
def stream(rig, page="floor", cookies=None):
    chosen = SIGNED_IN if cookies is None else cookies
    with (
        httpx.Client(base_url=rig.url, cookies=chosen, timeout=10) as client,
        client.stream("GET", "/events", params={"page": page}) as response,
    ):
        yield response, response.iter_lines()


def read_event(lines):
    """One message as (event name, HTML)."""
    name, data = "", []
    for line in lines:
        if line.startswith("event: "):
            name = line[7:]
        elif line.startswith("data: "):
            data.append(line[6:])
        elif not line and name:
            return name, "\n".join(data)
    return "", ""


def test_it_answers_with_the_full_state_uncompressed_and_unstored(rig):
    with stream(rig) as (response, lines):
        assert response.headers["content-type"].startswith("text/event-stream")
        assert response.headers["cache-control"] == "no-store"
        assert "content-encoding" not in response.headers
        assert next(lines) == "retry: 1000"
        name, html = read_event(lines)
        assert name == "state"
        parts = ("line", "floor-head", "people", "arrival", "clock")
        for part in parts:
            assert f'id="{part}"' in html
        assert html.count('hx-swap-oob="true"') == len(parts)


def test_a_change_arrives_on_every_stream(rig):
    with stream(rig) as (_, one), stream(rig, "customer:mira") as (_, two):
        read_event(one)
        read_event(two)
        rig.do(lambda kiosk: kiosk.shop.arrive("ruth"))
        assert "Ruth Kunstname" in read_event(one)[1]
        assert "Ruth Kunstname" in read_event(two)[1]


def test_without_a_session_it_answers_200_with_the_lock_and_no_names(rig):
    with stream(rig, cookies={"device": DEVICE_TOKEN, "language": "de"}) as (response, lines):
        assert response.status_code == 200
        name, html = read_event(lines)
        assert name == "state"
        assert "Dieses Tablet ist gesperrt" in html
        assert "sse-connect" not in html
        assert "Musterfrau" not in html


def test_the_fifth_page_of_a_device_ends_the_first(rig):
    with stream(rig) as (_, first):
        read_event(first)
        with stream(rig), stream(rig), stream(rig), stream(rig) as (_, fifth):
            read_event(fifth)
            assert "zu viele Seiten" in read_event(first)[1]
            assert read_event(first) == ("", "")


def test_closing_ends_streams_at_once(rig):
    with stream(rig) as (_, lines):
        read_event(lines)
        started = time.perf_counter()
        rig.do(lambda kiosk: kiosk.hub.close())
        assert read_event(lines) == ("", "")
        assert time.perf_counter() - started < 2


def test_an_unknown_page_is_refused(rig):
    answer = httpx.get(rig.url + "/events", params={"page": "cellar"}, cookies=SIGNED_IN)
    assert answer.status_code == 422


@pytest.mark.parametrize("path", ["/", "/customers/mira", "/status", "/login", "/pair", "/offline"])
def test_every_page_carries_the_strict_policy_and_is_not_stored(rig, path):
    with httpx.Client(base_url=rig.url, cookies=SIGNED_IN) as client:
        answer = client.get(path)
    assert answer.status_code == 200
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"


def test_strangers_are_sent_to_pair_and_tablets_to_login(rig):
    assert httpx.get(rig.url + "/").headers["location"] == "/pair"
    cookies = {"device": DEVICE_TOKEN}
    assert httpx.get(rig.url + "/", cookies=cookies).headers["location"] == "/login"
    asked = httpx.get(rig.url + "/", headers={"HX-Request": "true"})
    assert asked.headers["hx-redirect"] == "/pair"


def test_looking_changes_nothing(rig):
    with httpx.Client(base_url=rig.url, cookies=SIGNED_IN) as client:
        for path in ("/scan", "/lock", "/language", "/visits/visit-mira/answer"):
            assert client.get(path).status_code == 405


def test_pairing_sets_a_cookie_no_script_can_read(rig):
    form = {"code": "MUSTER-7", "name": "Kasse"}
    answer = httpx.post(rig.url + "/pair", data=form)
    cookie = answer.headers["set-cookie"]
    assert answer.headers["location"] == "/login"
    for word in ("device=", "HttpOnly", "SameSite=strict", "Path=/", "Max-Age=34560000"):
        assert word in cookie
    assert httpx.post(rig.url + "/pair", data={**form, "code": "X"}).status_code == 401


def test_too_many_wrong_pins_lock_the_name_for_a_while(rig):
    cookies = {"device": DEVICE_TOKEN, "language": "en"}
    form = {"staff_id": "bea", "pin": "0000"}
    answers = [httpx.post(rig.url + "/login", data=form, cookies=cookies) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [401] * 5 + [429]
    assert "Try again at 14:28" in answers[-1].text


def test_only_the_current_version_of_a_file_is_served_and_kept(rig):
    worker = httpx.get(rig.url + "/sw.js")
    assert worker.headers["cache-control"] == "no-cache"
    assert "/offline" in worker.text
    url = next(part for part in worker.text.split('"') if part.endswith("/app.css"))
    assert "immutable" in httpx.get(rig.url + url).headers["cache-control"]
    assert httpx.get(rig.url + "/static/0123/app.css").status_code == 404
    manifest = httpx.get(rig.url + "/manifest.webmanifest").json()
    assert manifest["scope"] == "/"
