"""Accepting events: a batch is validated, deduplicated on (source, id), settled and answered."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from typing import Any

import orjson
import zstandard

from sync.reference_platform.rules import EventRefusedError, PlatformEvent, Rules
from sync.reference_platform.store import PlatformStore

MAX_BATCH_BYTES = 16 * 1024 * 1024  # decompressed; a batch of 500 events is about 0.2 MB
MAX_ZSTD_WINDOW_BYTES = 8 * 1024 * 1024  # what RFC 8878 asks every decoder to support
READ_LIMIT = 500
BEHIND_A_DEFERRED_EVENT = ("behind_deferred", "an earlier event of this batch is wanted later")


class BatchTooLargeError(Exception):
    """More bytes or events than this platform takes at once."""


class BadBatchError(Exception):
    """Not a CloudEvents batch."""


def parse_batch(body: bytes, encoding: str, max_events: int) -> list[Any]:
    """The elements of a batch body; each may still be invalid. Raises the two errors above."""
    try:
        batch = orjson.loads(_decompress(body) if encoding == "zstd" else body)
    except orjson.JSONDecodeError as error:
        raise BadBatchError("the body is not JSON") from error
    if not isinstance(batch, list):
        raise BadBatchError("the body is not a JSON array")
    if len(batch) > max_events:
        raise BatchTooLargeError(f"at most {max_events} events at once")
    return batch


def accept(
    store: PlatformStore, rules: Rules, store_id: str, batch: list[Any]
) -> list[dict[str, Any]]:
    """Take a whole batch in one durable transaction; one result per element, in order.

    Behind an event that is wanted later, everything is wanted later: a source keeps its order.
    """
    results: list[dict[str, Any]] = []
    waiting = False
    with store.transaction() as tx:
        for element in batch:
            if waiting:
                result = _rejected(_id_of(element), *BEHIND_A_DEFERRED_EVENT, permanent=False)
            else:
                result = _accept_one(tx, store, rules, store_id, element)
                waiting = result.get("permanent") is False
            results.append(result)
    return results


def read_events(
    store: PlatformStore, store_id: str, after: str, limit: int = READ_LIMIT
) -> tuple[list[orjson.Fragment], str]:
    """Accepted events behind `after` ("" = the start), in the order of acceptance, and the next."""
    start = int(after) if after.isascii() and after.isdigit() else 0
    with store.transaction() as tx:
        rows = tx.execute(
            "SELECT seq, body FROM events WHERE store_id = ? AND seq > ? ORDER BY seq LIMIT ?",
            (store_id, start, max(1, min(limit, READ_LIMIT))),
        ).fetchall()
    return [orjson.Fragment(body) for _, body in rows], str(rows[-1][0]) if rows else after


def _decompress(body: bytes) -> bytes:
    decompressor = zstandard.ZstdDecompressor(max_window_size=MAX_ZSTD_WINDOW_BYTES)
    try:
        with decompressor.stream_reader(body) as reader:
            text = reader.read(MAX_BATCH_BYTES + 1)
    except zstandard.ZstdError as error:
        raise BadBatchError("the body is not zstd") from error
    if len(text) > MAX_BATCH_BYTES:
        raise BatchTooLargeError(f"at most {MAX_BATCH_BYTES} bytes at once")
    return text


def _accept_one(
    tx: sqlite3.Connection, store: PlatformStore, rules: Rules, store_id: str, element: Any
) -> dict[str, Any]:
    fault = _fault(element, store_id)
    if fault:
        return _rejected(_id_of(element), "invalid_event", fault, permanent=True)
    tx.execute("SAVEPOINT one_event")
    try:
        cursor = tx.execute(
            "INSERT INTO events (store_id, source, id, body) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (source, id) DO NOTHING",
            (store_id, element["source"], element["id"], orjson.dumps(element)),
        )
        if cursor.rowcount:
            rules.apply(_event(element, store_id), store)
    except EventRefusedError as refused:
        tx.execute("ROLLBACK TO one_event")
        return _rejected(element["id"], refused.code, str(refused), permanent=refused.permanent)
    finally:
        tx.execute("RELEASE one_event")
    return {"id": element["id"], "status": "accepted" if cursor.rowcount else "duplicate"}


def _id_of(element: Any) -> str | None:
    event_id = element.get("id") if isinstance(element, dict) else None
    return event_id if isinstance(event_id, str) else None


def _rejected(event_id: str | None, code: str, reason: str, *, permanent: bool) -> dict[str, Any]:
    return {
        "id": event_id,
        "status": "rejected",
        "code": code,
        "reason": reason,
        "permanent": permanent,
    }


def _event(element: dict[str, Any], store_id: str) -> PlatformEvent:
    return PlatformEvent(
        id=element["id"],
        source=element["source"],
        store_id=store_id,
        type=element["type"],
        data=element.get("data") or {},
        subject=element.get("subject"),
        time=element.get("time"),
    )


def _fault(element: Any, store_id: str) -> str:
    """What is wrong with a CloudEvent, or an empty text."""
    if not isinstance(element, dict):
        return "an event is a JSON object"
    if element.get("specversion") != "1.0":
        return "specversion must be 1.0"
    for name in ("id", "source", "type"):
        if not (isinstance(element.get(name), str) and element[name]):
            return f"{name} must be a non-empty text"
    if not element["source"].startswith(f"/stores/{store_id}/"):
        return f"source must start with /stores/{store_id}/"
    return _optional_fault(element)


def _optional_fault(element: dict[str, Any]) -> str:
    if not isinstance(element.get("subject"), str | None):
        return "subject must be a text"
    if not isinstance(element.get("data"), dict | None):
        return "data must be a JSON object"
    sequence = element.get("sequence", "0" * 20)
    if not (isinstance(sequence, str) and len(sequence) == 20 and sequence.isdigit()):
        return "sequence must have 20 digits"
    return "" if _is_time(element.get("time")) else "time must be RFC 3339"


def _is_time(value: Any) -> bool:
    if value is None:
        return True
    try:
        return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False
