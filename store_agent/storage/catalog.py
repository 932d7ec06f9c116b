"""What the platform tells the shop besides customers and passes; all reads are of the cache."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, TypeVar

import orjson

from store_agent.domain.catalog import Product, Purchase, StaffMember, Stock, Transmitter, Weather
from store_agent.domain.offer import Offer, Voucher
from store_agent.domain.rights import LotGrant
from store_agent.storage import codec
from store_agent.storage.connection import Connection, Parameters

T = TypeVar("T")


def version(cache: Connection, collection: str) -> int:
    """A number that grows with each change of a collection; 0 when it was never filled."""
    rows = cache.execute(
        "SELECT version FROM versions WHERE collection = ?", (collection,)
    ).fetchall()
    return int(rows[0][0]) if rows else 0


def offers(cache: Connection) -> tuple[Offer, ...]:
    """All offers. Decodes each: readers use `View.offers()`, which remembers them."""
    return tuple(_read(cache, Offer, "SELECT doc FROM offers ORDER BY id"))


def vouchers_of(cache: Connection, customer_id: str) -> tuple[Voucher, ...]:
    """The customer's vouchers, used and expired ones too."""
    sql = "SELECT doc FROM vouchers WHERE customer_id = ? ORDER BY id"
    return tuple(_read(cache, Voucher, sql, (customer_id,)))


def vouchers_by_code(cache: Connection, code: str) -> tuple[Voucher, ...]:
    """Whose code or id this is, whoever they belong to."""
    sql = "SELECT doc FROM vouchers WHERE id = ? UNION SELECT doc FROM vouchers WHERE code = ?"
    return tuple(_read(cache, Voucher, sql, (code, code)))


def recalled_vouchers(cache: Connection) -> tuple[Voucher, ...]:
    """Vouchers the platform wants back from whoever owns them."""
    sql = "SELECT doc FROM vouchers WHERE recalled = 1"
    return tuple(_read(cache, Voucher, sql))


def purchases_of(cache: Connection, customer_id: str, limit: int) -> tuple[Purchase, ...]:
    """The customer's latest purchases, the newest first."""
    sql = "SELECT doc FROM purchases WHERE customer_id = ? ORDER BY at DESC LIMIT ?"
    return tuple(_read(cache, Purchase, sql, (customer_id, limit)))


def owned_skus(cache: Connection, customer_id: str) -> frozenset[str]:
    """What the customer has bought for themselves and not brought back, as far as we know."""
    rows = cache.execute(
        "SELECT doc FROM purchases WHERE customer_id = ? AND NOT gift", (customer_id,)
    ).fetchall()
    kept: Counter[str] = Counter()
    for row in rows:
        # Only two fields of each line count: reading them as values would take twice as long.
        for line in orjson.loads(row[0])["lines"]:
            kept[line["sku"]] += int(line["quantity"])
    return frozenset(sku for sku, quantity in kept.items() if quantity > 0)


def products(cache: Connection, skus: Iterable[str]) -> dict[str, Product]:
    """The known ones among `skus`, by sku."""
    found: dict[str, Product] = {}
    for sku in dict.fromkeys(skus):
        for product in _read(cache, Product, "SELECT doc FROM products WHERE id = ?", (sku,)):
            found[sku] = product
    return found


def stock_of(cache: Connection, sku: str) -> tuple[Stock, ...]:
    """How much of an article lies where."""
    return tuple(_read(cache, Stock, "SELECT doc FROM stock WHERE sku = ? ORDER BY id", (sku,)))


def staff(cache: Connection) -> tuple[StaffMember, ...]:
    """Everybody who may use the tablet."""
    return tuple(_read(cache, StaffMember, "SELECT doc FROM staff ORDER BY id"))


def fences(cache: Connection) -> list[dict[str, Any]]:
    """The zones as GeoJSON features, as the platform sent them."""
    rows = cache.execute("SELECT doc FROM fences ORDER BY id")
    return [orjson.loads(row[0]) for row in rows]


def beacons(cache: Connection) -> tuple[Transmitter, ...]:
    """Every beacon somebody carries or that is fixed in the shop."""
    return tuple(_read(cache, Transmitter, "SELECT doc FROM beacons ORDER BY id"))


def lots_of(cache: Connection, store_id: str) -> tuple[LotGrant, ...]:
    """Every lot the platform has handed to this store and not forgotten yet."""
    sql = "SELECT doc FROM lots WHERE store_id = ? ORDER BY id"
    return tuple(_read(cache, LotGrant, sql, (store_id,)))


def weather(cache: Connection, store_id: str) -> Weather | None:
    """The last word about the weather here; the caller looks at its age."""
    found = _read(cache, Weather, "SELECT doc FROM weather WHERE id = ?", (store_id,))
    return next(iter(found), None)


def _read(cache: Connection, shape: type[T], sql: str, params: Parameters = ()) -> Iterable[T]:
    return (codec.read(shape, row[0]) for row in cache.execute(sql, params).fetchall())
