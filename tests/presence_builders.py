"""A shop with fences, radios and phones for tests: the sample shop's plan, invented people."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from builders import Shop, customer, grant

from store_agent.demo import place

NOTICED = [grant(), grant("location")]
NEED_ONLY = [grant("location")]
INDOORS = (50.9365, 6.9480)  # the middle of the shop
FAR = (50.9400, 6.9480)  # 390 m to the north
UUID = "0000DE30-0000-4000-8000-0000000000FF"
ZONES = ("women", "men")
RADIOS = {"radios": [{"name": f"sat-{z}", "zone": z, "kind": "satellite"} for z in ZONES]}


def fences() -> tuple[str, str, dict[str, Any]]:
    return "fences", place.STORE_ID, place.fences_document()


def noticed(customer_id: str = "c-1", **fields: Any) -> tuple[str, str, dict[str, Any]]:
    return customer(customer_id, **({"consents": NOTICED} | fields))


def pickup() -> dict[str, Any]:
    return {
        "id": "o-1",
        "kind": "pickup",
        "title": "Mantel Muster",
        "ready_since": "2026-11-20T10:00:00Z",
        "place": "Regal C4",
    }


def tag(customer_id: str = "c-1", minor: int = 1) -> tuple[str, str, dict[str, Any]]:
    doc = {
        "id": f"t-{minor}",
        "kind": "ibeacon",
        "customer_id": customer_id,
        "uuid": UUID,
        "major": 1,
        "minor": minor,
    }
    return "beacons", f"t-{minor}", doc


def advert(minor: int = 1) -> str:
    body = bytes.fromhex("4c000215") + bytes.fromhex(UUID.replace("-", ""))
    body += (1).to_bytes(2, "big") + minor.to_bytes(2, "big") + bytes([197])
    return (bytes([2, 1, 6, len(body) + 1, 0xFF]) + body).hex()


def fix(
    at: datetime, where: tuple[float, float] = INDOORS, *, subject: str = "c-1", **fields: Any
) -> dict[str, Any]:
    doc = {
        "subject": subject,
        "lat": where[0],
        "lon": where[1],
        "accuracy_m": 8.0,
        "accuracy_kind": "android",
        "fixed_at": at.isoformat(),
        "source": "app",
    }
    return doc | fields


async def walk(
    shop: Shop,
    where: tuple[float, float],
    seconds: int,
    *,
    every_s: int = 15,
    subject: str = "c-1",
    **fields: Any,
) -> list[dict[str, Any]]:
    """Time goes on while a phone reports from one place; the answers of the door."""
    told = []
    for _ in range(seconds // every_s):
        shop.clock.advance(every_s)
        body = [fix(shop.clock.now(), where, subject=subject, **fields)]
        answer = await shop.post("/api/v1/locations", body, token="relay")
        assert answer.status_code == 200, answer.text
        told.append(answer.json())
        await shop.agent.presence.watch.sweep()
    return told


async def carry(
    shop: Shop, radio: str, seconds: int, *, rssi_dbm: int = -55, minor: int = 1
) -> None:
    """Time goes on while a satellite hears a tag once a second."""
    for _ in range(seconds):
        shop.clock.advance(1)
        sighting = {
            "radio": radio,
            "address": "C2:00:00:00:00:01",
            "rssi_dbm": rssi_dbm - shop.clock.now().second % 3,
            "advert": advert(minor),
            "seen_at": shop.clock.now().isoformat(),
        }
        answer = await shop.post("/api/v1/sightings", [sighting], token="satellite")
        assert answer.status_code == 200, answer.text
        await shop.agent.presence.watch.hear()


async def pause(shop: Shop, seconds: int) -> None:
    """Time goes on and nobody is heard of."""
    for _ in range(seconds // 10):
        shop.clock.advance(10)
        await shop.agent.presence.watch.hear()
        await shop.agent.presence.watch.sweep()


async def present(shop: Shop) -> list[dict[str, Any]]:
    return (await shop.get("/api/v1/presence")).json()["visits"]


async def arrivals(shop: Shop) -> list[dict[str, Any]]:
    return (await shop.get("/api/v1/presence")).json()["arrivals"]


async def traces(shop: Shop) -> int:
    """Rows that say where anybody is."""
    sql = "SELECT (SELECT count(*) FROM whereabouts) + (SELECT count(*) FROM arrivals)"
    rows = await shop.agent.storage.read(lambda view: view.ledger.execute(sql).fetchall())
    return int(rows[0][0])
