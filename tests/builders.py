"""A shop for tests: the real agent on real files, no sockets, a clock that stands still."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import orjson

from store_agent import app
from store_agent.app.doorway import LOOPBACK
from store_agent.clock import ManualClock
from store_agent.config import Settings, parse
from store_agent.storage import changes

STORE = "koeln-01"
MACHINES = ("till", "relay", "satellite", "display", "monitor", "admin")
TOKENS = {name: f"{name}-token" for name in MACHINES}


def settings(folder: Path, **sections: Any) -> Settings:
    """Settings of a test shop; `sections` replace whole sections."""
    document: dict[str, Any] = {
        "data": str(folder / "agent"),
        "store": {"id": STORE, "name": "Modehaus Muster", "lanes": ["till-0", "till-1", "door"]},
        "tokens": [
            {"audience": kind, "name": "till-0" if kind == "till" else "", "sha256": sha(token)}
            for kind, token in TOKENS.items()
        ],
        "tablets": {"pairing_code": "PAIRCODE"},
        "storage": {"ballast_mb": 0},  # thousands of test shops would fill a disk
    }
    return parse(document | sections)


def sha(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def grant(purpose: str = "clienteling", at: str = "2026-01-01T00:00:00Z", state: str = "granted"):
    return {"purpose": purpose, "state": state, "decided_at": at}


def customer(customer_id: str = "c-1", **fields: Any) -> tuple[str, str, dict[str, Any]]:
    doc = {
        "id": customer_id,
        "display_name": "Mira Musterfrau",
        "first_name": "Mira",
        "last_name": "Musterfrau",
        "as_of": "2026-11-21T08:00:00Z",
        "last_visit_at": "2026-11-01T10:00:00Z",
        "last_purchase_at": "2026-11-01T10:00:00Z",
        "purchase_count": 3,
        "lifecycle": "active",
        "tier": {"name": "Gold"},
        "consents": [grant()],
    }
    return "customers", customer_id, doc | fields


def wallet_pass(
    customer_id: str = "c-1", message: str = "MEMBER-1", **fields: Any
) -> tuple[str, str, dict[str, Any]]:
    pass_id = f"p-{message}"
    doc = {"id": pass_id, "customer_id": customer_id, "message": message}
    return "passes", pass_id, doc | fields


def offer(offer_id: str = "o-1", **fields: Any) -> tuple[str, str, dict[str, Any]]:
    doc = {
        "id": offer_id,
        "title": {"de": "20 % auf Accessoires", "en": "20 % off accessories"},
        "detail": {},
        "benefit": {"kind": "percent", "value": 20},
    }
    return "offers", offer_id, doc | fields


def staff(staff_id: str = "s-bea", name: str = "Bea Beispiel", role: str = "associate"):
    return "staff", staff_id, {"id": staff_id, "name": name, "role": role}


@dataclass(slots=True)
class Shop:
    """One running test shop."""

    agent: app.Agent
    clock: ManualClock
    client: httpx.AsyncClient

    async def learn(self, *documents: tuple[str, str, dict[str, Any]], cursor: str = "1") -> None:
        """Fill the cache as the platform's feed would."""
        news = [changes.Change(kind, key, "upsert", doc) for kind, key, doc in documents]
        now = self.clock.now()
        await self.agent.storage.write_cache(lambda tx: changes.apply(tx, news, cursor, now))

    async def scan(self, data: str = "MEMBER-1", *, lane: str = "till-0", **fields: Any):
        """One scan through the till's door."""
        body = {"lane": lane, "data": data} | fields
        return await self.post("/api/v1/scans", body)

    async def post(self, path: str, body: Any, *, token: str = "till", **headers: str):
        """A JSON request as a machine."""
        content = body if isinstance(body, bytes) else orjson.dumps(body)
        return await self.client.post(path, content=content, headers=bearer(token) | headers)

    async def get(self, path: str, *, token: str = "admin"):
        """A request as a machine."""
        return await self.client.get(path, headers=bearer(token))

    async def events(self) -> list[tuple[str, str | None, dict[str, Any]]]:
        """Type, subject and data of every event in the outbox, in order."""
        sql = "SELECT type, subject, data FROM outbox ORDER BY seq"
        rows = await self.agent.storage.read(lambda view: view.ledger.execute(sql).fetchall())
        return [(row[0], row[1], orjson.loads(row[2])) for row in rows]

    async def types(self) -> list[str]:
        """The types of all events, in order."""
        return [kind for kind, _, _ in await self.events()]


def bearer(token: str) -> dict[str, str]:
    return {
        "Authorization": f"Bearer {TOKENS.get(token, token)}",
        "Content-Type": "application/json",
    }


@asynccontextmanager
async def shop(
    folder: Path,
    documents: Iterable[tuple[str, str, dict[str, Any]]] | None = None,
    clock: ManualClock | None = None,
    **sections: Any,
) -> AsyncIterator[Shop]:
    """The real agent in process; by default it knows Mira and her pass."""
    clock = clock or ManualClock()
    addresses = app.Addresses(
        "http://127.0.0.1", "https://kasse.store.test", folder / "ca.crt", frozenset(LOOPBACK)
    )
    agent = app.build(settings(folder, **sections), clock, addresses)
    transport = httpx.ASGITransport(agent.web, raise_app_exceptions=False)
    try:
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            running = Shop(agent, clock, client)
            known = [customer(), wallet_pass()] if documents is None else documents
            await running.learn(*known)
            yield running
    finally:
        await agent.storage.close()
