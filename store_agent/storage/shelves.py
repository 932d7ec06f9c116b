"""What lies where, and whose purchases teach a shop: further reads of the cache."""

from __future__ import annotations

from collections.abc import Collection

from store_agent.domain.catalog import Product, Stock
from store_agent.storage import codec
from store_agent.storage.connection import Connection

# The documents are stored as text in a BLOB; newer SQLites would take a BLOB for binary JSON.
_LYING = """
    SELECT products.doc, stock.doc FROM stock JOIN products ON products.id = stock.sku
    WHERE stock.id >= ? AND stock.id < ?
    AND json_extract(CAST(products.doc AS TEXT), '$.category') IN ({marks})
    AND json_extract(CAST(stock.doc AS TEXT), '$.quantity') > 0
    ORDER BY stock.id LIMIT ?
"""


def lying_here(
    cache: Connection, store: str, categories: Collection[str], limit: int
) -> tuple[tuple[Product, Stock], ...]:
    """What of these categories lies in `store`: article and size, `limit` rows at most."""
    sql = _LYING.format(marks=", ".join("?" * len(categories)))
    params = (f"{store}/", f"{store}0", *sorted(categories), limit)  # "0" follows "/"
    return tuple(
        (codec.read(Product, product), codec.read(Stock, stock))
        for product, stock in cache.execute(sql, params).fetchall()
    )


def some_customers(cache: Connection, limit: int) -> tuple[str, ...]:
    """Up to `limit` customers, evenly spread over the order in which they came into the cache."""
    rows = cache.execute("SELECT min(n), max(n) FROM customers").fetchall()
    first, last = rows[0]
    if first is None:
        return ()
    step = max(1, (last - first + 1) // limit)
    found: list[str] = []
    for at in range(first, last + 1, step):
        row = cache.execute("SELECT id FROM customers WHERE n >= ? LIMIT 1", (at,)).fetchall()
        found.extend(one[0] for one in row)
    return tuple(dict.fromkeys(found))[:limit]
