"""An offline day: the line is cut, the shop goes on, the agent dies twice, nothing is lost."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from demo_process import DemoProcess, demo, wait_until

from store_agent.domain.events import EventType
from store_agent.outgoing import PLACES
from sync.outbox import Lane

SCANS, SALES = 700, 300
KILL_AT = (250, 600)


def act(shop: DemoProcess, number: int) -> bool:
    """Scan or sell number `number`; False when the agent was just being killed."""
    passes = [entry for entry in shop.facts["passes"] if entry["kind"] in {"static", "signed"}]
    try:
        if number < SCANS:
            data = passes[number % len(passes)]["data"]
            answer = shop.scan(data, scan_id=f"scan-{number}")
        else:
            answer = shop.sell(f"txn-{number}")
    except httpx.TransportError:
        return False
    return answer.status_code == 200


def acted_upon(event: dict) -> str | None:
    """What the platform must hold exactly once per action."""
    if event["type"] == "store.sale.recorded":
        return event["data"]["txn_id"]
    return event["id"] if event["type"] == "store.scan.recorded" else None


@pytest.mark.timeout(180)
def lane_of(event: dict) -> Lane:
    return PLACES[EventType(event["type"])][0]


def test_an_offline_day_with_two_kills_reaches_the_platform_exactly_once(tmp_path):
    with demo(tmp_path) as shop:
        shop.line(up=False)
        todo, rounds = list(range(SCANS + SALES)), 0
        done: set[int] = set()
        while todo:
            batch, todo = todo[:100], todo[100:]
            with ThreadPoolExecutor(8) as pool:
                results = list(pool.map(lambda n: act(shop, n), batch))
            done |= {n for n, ok in zip(batch, results, strict=True) if ok}
            todo += [n for n, ok in zip(batch, results, strict=True) if not ok]
            if rounds < len(KILL_AT) and len(done) >= KILL_AT[rounds]:
                rounds += 1
                with ThreadPoolExecutor(8) as pool:  # killed in the middle of work
                    running = [pool.submit(act, shop, n) for n in todo[:60]]
                    shop.kill()
                    ended = [future.result() for future in running]
                acknowledged = {n for n, ok in zip(todo[:60], ended, strict=True) if ok}
                done |= acknowledged
                todo = [n for n in todo if n not in acknowledged]
                shop.start()
        assert rounds == len(KILL_AT)
        assert done == set(range(SCANS + SALES))
        shop.line(up=True)

        def everything_arrived() -> bool:
            kinds = Counter(event["type"] for event in shop.platform_events())
            return kinds["store.scan.recorded"] >= SCANS and kinds["store.sale.recorded"] >= SALES

        wait_until(everything_arrived)
        events = list(shop.platform_events())
        counted = Counter(acted_upon(event) for event in events if acted_upon(event))
        assert set(counted.values()) == {1}
        kinds = Counter(event["type"] for event in events)
        assert kinds["store.scan.recorded"] == SCANS
        assert kinds["store.sale.recorded"] == SALES
        assert len({(event["source"], event["id"]) for event in events}) == len(events)
        for subject in {event.get("subject") for event in events} - {None}:
            order = [event["sequence"] for event in events if event.get("subject") == subject]
            assert order == sorted(order)
        for lane in Lane:
            order = [
                event["sequence"]
                for event in events
                if lane_of(event) is lane and not event.get("subject")
            ]
            assert order == sorted(order)


def test_it_goes_on_where_it_was_while_the_line_is_cut(tmp_path):
    with demo(tmp_path) as shop:
        entry = shop.facts["passes"][0]
        first = shop.scan(entry["data"]).json()
        shop.line(up=False)
        shop.kill()
        shop.start()
        again = shop.scan(entry["data"]).json()
        assert again["customer"]["id"] == entry["customer_id"]
        assert again["visit_id"] == first["visit_id"]

        def says_offline() -> bool:
            rows = shop.request("GET", "/readyz", token="monitor_token").json()["components"]
            return any(row["name"] == "platform" and row["state"] == "offline" for row in rows)

        wait_until(says_offline, 20)


def test_ctrl_c_ends_it_within_three_seconds_and_leaves_no_child(tmp_path):
    with demo(tmp_path) as shop:
        assert shop.interrupt() < 3
        found = subprocess.run(
            ["pgrep", "-f", f"demo.*{tmp_path}"], capture_output=True, text=True, check=False
        )
        assert found.stdout == ""
        assert not (tmp_path / "demo.json").exists()


def test_a_taken_port_is_one_clear_line(tmp_path):
    with demo(tmp_path) as shop:
        port = shop.facts["url"].rsplit(":", 1)[1]
        command = (sys.executable, "-m", "store_agent", "demo", "--no-traffic")
        other = subprocess.run(
            [*command, "--port", port, "--data", str(tmp_path / "other")],
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
    assert other.returncode == 2
    assert "port" in other.stderr
    assert "Traceback" not in other.stderr
