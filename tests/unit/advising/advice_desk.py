"""The verbs of advice and what the tablet sees of them, over a running test shop."""

from __future__ import annotations

from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from builders import Shop

from kiosk_ui.model import Role, Viewer
from store_agent.advising.author import Author
from store_agent.advising.clients import Clients
from store_agent.advising.notes import Notes
from store_agent.advising.tasks import Tasks
from store_agent.tablet.advice import TabletAdvice
from store_agent.tablet.clients import ClientDesk
from sync.feed import Change, ChangeOp

ZONE = ZoneInfo("Europe/Berlin")
BEA = Author("s-bea", "Bea Beispiel")
EMIL = Author("s-emil", "Emil Entwurf")
VIEWER = Viewer("d-1", "Schuhe", "s-bea", "Bea Beispiel", Role.ASSOCIATE, "de")


@dataclass
class Desk:
    """One shop's advice; `told` are the customers whose pages changed."""

    running: Shop
    told: list[str] = field(default_factory=list)

    def __post_init__(self):
        storage, clock = self.running.agent.storage, self.running.clock
        self.notes = Notes(storage, clock, self.told.append)
        self.tasks = Tasks(storage, ZONE, clock, self.told.append)
        self.clients = Clients(storage, 2, clock, self.told.append)
        desk = ClientDesk(storage, ZONE, clock, self.clients, 2)
        self.tablet = TabletAdvice(storage, ZONE, clock, self.notes, self.tasks, desk)

    async def texts(self, customer_id="c-1"):
        rows = await self.tablet.notes(customer_id)
        return [row.text for row in rows if not row.removed]

    async def hear(self, collection, key, doc=None, confirms=None):
        """One change of the feed, as sync hands it over."""
        op = ChangeOp.DELETE if doc is None else ChangeOp.UPSERT
        cache = self.running.agent.cache
        cursor = await cache.cursor()
        await cache.apply([Change(collection, key, op, doc, confirms)], f"{cursor}+")

    async def last_event_id(self):
        sql = "SELECT id FROM outbox ORDER BY seq DESC LIMIT 1"
        rows = await self.running.agent.storage.read(lambda v: v.ledger.execute(sql).fetchall())
        return rows[0][0]
