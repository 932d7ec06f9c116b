"""The shop's fences: the platform's, unless they were drawn anew here and the feed lags behind."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import orjson

from store_agent.storage import catalog
from store_agent.storage.connection import Connection
from store_agent.storage.times import to_text
from store_agent.storage.view import View

Stamp = tuple[int, int]  # which fences these are: the cache's version and the last edit


def stamp(view: View) -> Stamp:
    """Changes whenever `document` may."""
    rows = view.ledger.execute("SELECT max(n) FROM fence_edits WHERE confirmed = 0").fetchall()
    return catalog.version(view.cache, "fences"), int(rows[0][0] or 0)


def document(view: View) -> dict[str, Any]:
    """All fences as one GeoJSON FeatureCollection, unchecked."""
    rows = view.ledger.execute(
        "SELECT doc FROM fence_edits WHERE confirmed = 0 ORDER BY n DESC LIMIT 1"
    ).fetchall()
    if rows:
        return collection([orjson.loads(rows[0][0])])
    return collection(catalog.fences(view.cache))


def collection(documents: Iterable[Any]) -> dict[str, Any]:
    """All features of several GeoJSON documents, collections or single ones, unchecked."""
    features: list[Any] = []
    for one in documents:
        several = one.get("features") if isinstance(one, dict) else None
        features += several if isinstance(several, list) else [one]
    return {"type": "FeatureCollection", "features": features}


def edit(tx: Connection, doc: bytes, event_id: str, at: datetime) -> None:
    """Fences drawn in this shop act at once."""
    tx.execute(
        "INSERT INTO fence_edits (event_id, doc, at) VALUES (?, ?, ?)", (event_id, doc, to_text(at))
    )


def confirm(tx: Connection, event_id: str) -> None:
    """The feed has this edit, and with it every earlier one; unknown ids are ignored."""
    tx.execute(
        "UPDATE fence_edits SET confirmed = 1 WHERE n <="
        " (SELECT n FROM fence_edits WHERE event_id = ?)",
        (event_id,),
    )
