"""Builders for storage tests: a shop's data folder, documents, snapshots. Everything invented."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import zstandard

from store_agent.storage import Lodger, Storage, StorageSettings, open_storage
from store_agent.storage.connection import Connect, connect_sqlcipher
from store_agent.storage.space import SpaceSettings
from sync.snapshots import SnapshotPiece

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
KEY = bytes(range(32))
OTHER_KEY = bytes(range(1, 33))
NO_BALLAST = SpaceSettings(ballast_bytes=0)  # thousands of test folders would fill a disk


def at_noon() -> datetime:
    """A clock that stands still."""
    return NOON


def a_storage(folder: Path, **changes: Any) -> Storage:
    """An open storage; `changes` are fields of StorageSettings or arguments of open_storage."""
    connect: Connect = changes.pop("connect", connect_sqlcipher)
    lodger = changes.pop("lodger", Lodger(changes.pop("extra_migrations", ())))
    now = changes.pop("now", at_noon)
    plain = {"directory": folder, "store_id": "store-1", "key": KEY, "space": NO_BALLAST}
    settings = StorageSettings(**plain | changes)
    return open_storage(settings, now=now, lodger=lodger, connect=connect)


def customer(
    customer_id: str = "c-1", name: str = "Erika Musterfrau", **fields: Any
) -> dict[str, Any]:
    """A customer document."""
    first, _, last = name.partition(" ")
    return {
        "id": customer_id,
        "display_name": name,
        "first_name": first,
        "last_name": last,
        "as_of": NOON.isoformat(),
    } | fields


def line(collection: str, doc: dict[str, Any], key: str | None = None) -> dict[str, Any]:
    """A snapshot line."""
    return {"collection": collection, "key": key or doc["id"], "doc": doc}


def snapshot_bytes(
    lines: Iterable[dict[str, Any]], cursor: str = "cursor-1", count: int | None = None
) -> bytes:
    """A whole snapshot as it comes over the wire."""
    middle = list(lines)
    total = len(middle) if count is None else count
    first = {"snapshot": {"total": len(middle), "as_of": NOON.isoformat()}}
    last = {"cursor": cursor, "count": total}
    text = b"\n".join(orjson.dumps(part) for part in (first, *middle, last)) + b"\n"
    return zstandard.ZstdCompressor(level=1).compress(text)


async def in_pieces(
    data: bytes, size: int = 1000, *, tag: str | None = None, start: int = 0
) -> AsyncIterator[SnapshotPiece]:
    """`data` as it trickles in, from `start` on."""
    for offset in range(start, len(data), size):
        yield SnapshotPiece(data[offset : offset + size], offset, tag)


def ignore_progress(_done: int, _total: int) -> None:
    """Nobody looks at the progress."""
