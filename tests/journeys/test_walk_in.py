"""A walk-in: key tags come into the shop, the line is cut, the agent dies, nobody enters twice."""

from __future__ import annotations

import time
from collections import Counter
from datetime import UTC, datetime

import pytest
from demo_process import DemoProcess, demo, wait_until

HEARD_S = 8
CARRIERS = 12


def advert(carrier: dict) -> str:
    body = bytes.fromhex("4c000215") + bytes.fromhex(carrier["uuid"].replace("-", ""))
    body += carrier["major"].to_bytes(2, "big") + carrier["minor"].to_bytes(2, "big") + b"\xc5"
    return (bytes([2, 1, 6, len(body) + 1, 0xFF]) + body).hex()


def hear(shop: DemoProcess, carriers: list[dict], seconds: int) -> None:
    """The satellite among the women's clothes hears every tag once a second."""
    for second in range(seconds):
        now = datetime.now(UTC).isoformat()
        sightings = [
            {
                "radio": "sat-women",
                "address": f"C2:00:00:00:00:{number:02X}",
                "rssi_dbm": -62 - second % 3,
                "advert": advert(carrier),
                "seen_at": now,
            }
            for number, carrier in enumerate(carriers)
        ]
        answer = shop.request("POST", "/api/v1/sightings", token="satellite_token", json=sightings)
        assert answer.status_code == 200, answer.text
        time.sleep(1)


def present(shop: DemoProcess) -> dict[str, str]:
    answer = shop.request("GET", "/api/v1/presence", token="admin_token").json()
    return {visit["customer"]["id"]: visit["zone"] for visit in answer["visits"]}


def told(shop: DemoProcess, kind: str) -> Counter:
    found = [event for event in shop.platform_events() if event["type"] == kind]
    return Counter((event["subject"], event["data"].get("fence_id")) for event in found)


@pytest.mark.timeout(150)
def test_tags_come_in_and_a_kill_and_a_cut_line_bring_nobody_in_twice(tmp_path):
    with demo(tmp_path) as shop:
        tags = [one for one in shop.facts["carriers"] if one["kind"] == "ibeacon"][:CARRIERS]
        shop.line(up=False)
        hear(shop, tags, HEARD_S)
        inside = present(shop)
        assert set(inside.values()) == {"women"}
        assert 3 <= len(inside) <= len(tags)
        shop.kill()
        shop.start()
        assert present(shop) == inside
        hear(shop, tags, HEARD_S)
        assert present(shop) == inside
        shop.line(up=True)
        wait_until(lambda: len(told(shop, "store.visit.started")) == len(inside))
        started = told(shop, "store.visit.started")
        assert set(started.values()) == {1}
        entered = told(shop, "store.zone.entered")
        assert set(entered.values()) == {1}
        assert {who for who, _ in entered} >= set(inside)
        assert told(shop, "store.zone.left") == Counter()
        everybody = {one["customer_id"] for one in tags}
        refused = everybody - {who for who, _ in entered}
        assert not refused & set(inside)
        traces = [event for event in shop.platform_events() if event.get("subject") in refused]
        assert traces == []
