"""A shop that knows its customers from an Emarsys contact list: the feed, played by hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson
import zstandard
from emarsys_shop import ANNA, BEN, KEY, EmarsysShop

from sync.emarsys_feed import kind, people
from sync.emarsys_feed.feed import EmarsysFeed
from sync.emarsys_feed.lookups import EmarsysLookups
from sync.emarsys_feed.settings import Settings
from sync.fake_emarsys.account import Loyal
from sync.feed import Change, ChangeOp, ChangesPage

LIST = 7
LOYALTY = {"api_key": "loyalty-key", "url": "http://emarsys/api/v4", "requests_per_minute": 1000}
Documents = dict[tuple[str, str], Any]


def loyal(points: int, tier: str = "Silber", *vouchers: dict[str, Any]) -> Loyal:
    """A member, as the loyalty API shows them."""
    contact = {
        "tier": {"id": 2, "name": tier, "points": 500},
        "nextTier": {"id": 3, "name": "Gold"},
        "points": {"balance": points, "pending": 0, "status": 1},
    }
    return Loyal(contact, list(vouchers))


def voucher(number: int, **more: Any) -> dict[str, Any]:
    """A voucher, as the loyalty API shows it."""
    given = {
        "id": number,
        "voucherType": "reward",
        "title": "10 € Geburtstag",
        "code": f"CODE{number}",
        "isRedeemed": False,
        "validUntil": "2026-12-31T22:59:59Z",
    }
    return given | more


@dataclass(slots=True)
class Pulled:
    """A shop's copy, filled by a feed: `documents` as the shop has them."""

    shop: EmarsysShop
    settings: Settings
    feed: EmarsysFeed
    documents: Documents = field(default_factory=dict)
    cursor: str = ""
    pages: list[ChangesPage] = field(default_factory=list)

    async def snapshot(self) -> None:
        text = b""
        decompressor = zstandard.ZstdDecompressor().decompressobj()
        async for piece in self.feed.snapshot():
            text += decompressor.decompress(piece.data)
        head, *lines, tail = [orjson.loads(line) for line in text.splitlines()]
        assert set(head["snapshot"]) == {"total", "as_of"}
        assert tail["count"] == len(lines)
        self.documents = {(one["collection"], one["key"]): one["doc"] for one in lines}
        self.cursor = tail["cursor"]

    async def pull(self, most: int = 50) -> list[Change]:
        """Everything that is different now."""
        found: list[Change] = []
        for _ in range(most):
            page = await self.feed.changes(self.cursor, 0)
            self.pages.append(page)
            found += page.changes
            self._apply(page)
            if not page.changes and self._rests():
                return found
        return found

    def _rests(self) -> bool:
        state = self.feed._state
        return state is None or (state.skip is None and not state.queue)

    def _apply(self, page: ChangesPage) -> None:
        for change in page.changes:
            if change.op is ChangeOp.DELETE:
                self.documents.pop((change.collection, change.key), None)
            else:
                self.documents[change.collection, change.key] = change.doc
        self.cursor = page.cursor

    def customer(self, customer: str) -> Any:
        return self.documents.get(("customers", customer))


@dataclass(slots=True)
class EmarsysAudience:
    """The account with its list: Anna and Ben, and whoever the test adds."""

    shop: EmarsysShop = field(default_factory=EmarsysShop)

    def __post_init__(self) -> None:
        for _, script in people.MIGRATIONS:
            self.shop.ledger.connection.executescript(script)
        names = {ANNA: ("Anna", "Adler"), BEN: ("Ben", "Bär")}
        for customer, (first, last) in names.items():
            self.contact(customer).fields |= {"1": first, "2": last, "31": "1"}
        self.list_all()

    def contact(self, customer: str) -> Any:
        return self.shop.account.find(self.shop.key, customer)[0]

    def list_all(self) -> None:
        self.shop.account.lists[LIST] = [one.id for one in self.shop.account.contacts]

    def settings(self, **more: Any) -> Settings:
        given = {
            "client_id": "shop",
            "client_secret": "secret",
            "api_url": "http://emarsys",
            "token_url": "http://emarsys/oauth2/token",
            "requests_per_minute": 1000,
            "key": KEY,
            "contact_list": LIST,
        }
        return Settings.model_validate(given | more)

    def feed(self, **more: Any) -> Pulled:
        settings = self.settings(**more)
        feed = kind.build(settings, self.shop.around(), self.shop.wire)
        feed._look_again_s = 0.0
        return Pulled(self.shop, settings, feed)

    async def pulled(self, **more: Any) -> Pulled:
        """A shop with a first copy."""
        pulled = self.feed(**more)
        await pulled.snapshot()
        return pulled

    def lookups(self, **more: Any) -> EmarsysLookups:
        return kind.build_lookups(self.settings(**more), self.shop.around(), self.shop.wire)
