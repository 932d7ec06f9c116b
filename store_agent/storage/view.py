"""What a reader sees: the ledger and the cache, at rest."""

from __future__ import annotations

from store_agent.offers import OfferBook
from store_agent.storage import catalog
from store_agent.storage.connection import Connection


class View:
    """Two read-only connections of one reader thread, and what it has already decoded."""

    __slots__ = ("_offers", "_offers_version", "cache", "ledger")

    def __init__(self, ledger: Connection, cache: Connection) -> None:
        """Take over two open connections."""
        self.ledger = ledger
        self.cache = cache
        self._offers = OfferBook(())
        self._offers_version = -1

    def offers(self) -> OfferBook:
        """All offers; decoded again only after the platform has changed one."""
        version = catalog.version(self.cache, "offers")
        if version != self._offers_version:
            self._offers = OfferBook(catalog.offers(self.cache))
            self._offers_version = version
        return self._offers

    def close(self) -> None:
        """Close both connections."""
        self.ledger.close()
        self.cache.close()
