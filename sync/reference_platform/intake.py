"""Accepting events: a batch is validated, deduplicated on (source, id), settled and answered."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from typing import Any

import orjson
import zstandard

from sync.reference_platform.limits import Limits
from sync.reference_platform.rules import EventRefusedError, PlatformEvent, Rules
from sync.reference_platform.sources import SourceNews
from sync.reference_platform.store import PlatformStore

MAX_ZSTD_WINDOW_BYTES = 8 * 1024 * 1024  # what RFC 8878 asks every decoder to support
READ_LIMIT = 500
BATCH_TYPE = "application/cloudevents-batch+json"
EVENT_TYPE = "application/cloudevents+json"
BEHIND_A_DEFERRED_EVENT = ("behind_deferred", "an earlier event of this batch is wanted later")
FORKED = ("sequence_fork", "another event has this place in the sequence: a copy of the box")


class BatchTooLargeError(Exception):
    """More bytes or events than this platform takes at once."""


class BadBatchError(Exception):
    """Not a CloudEvents batch."""


class UnreadFormError(Exception):
    """A media type or encoding that this platform does not read."""


def parse(body: bytes, media_type: str, encoding: str, limits: Limits) -> list[Any]:
    """The elements of a body; each may still be invalid. Raises the three errors above."""
    is_batch = media_type == BATCH_TYPE
    if not (media_type == EVENT_TYPE or (is_batch and limits.batches)):
        raise UnreadFormError(f"send {BATCH_TYPE if limits.batches else EVENT_TYPE}")
    if (encoding or "identity") not in limits.encodings:
        raise UnreadFormError(f"this platform reads: {', '.join(limits.encodings)}")
    try:
        text = _decompress(body, limits.max_decompressed_bytes) if encoding == "zstd" else body
        batch = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise BadBatchError("the body is not JSON") from error
    if not is_batch:
        batch = [batch]
    if not isinstance(batch, list):
        raise BadBatchError("the body is not a JSON array")
    if len(batch) > limits.max_events:
        raise BatchTooLargeError(f"at most {limits.max_events} events at once")
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
        desk = _Desk(tx, store, rules, store_id)
        for element in batch:
            if waiting:
                result = _rejected(_id_of(element), *BEHIND_A_DEFERRED_EVENT, permanent=False)
            else:
                result = desk.accept(element)
                waiting = result.get("permanent") is False
            results.append(result)
        desk.news.write(tx, store_id)
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


def _decompress(body: bytes, max_bytes: int) -> bytes:
    decompressor = zstandard.ZstdDecompressor(max_window_size=MAX_ZSTD_WINDOW_BYTES)
    try:
        with decompressor.stream_reader(body) as reader:
            text = reader.read(max_bytes + 1)
    except zstandard.ZstdError as error:
        raise BadBatchError("the body is not zstd") from error
    if len(text) > max_bytes:
        raise BatchTooLargeError(f"at most {max_bytes} bytes at once")
    return text


class _Desk:
    """Takes the events of one batch, in its transaction."""

    def __init__(
        self, tx: sqlite3.Connection, store: PlatformStore, rules: Rules, store_id: str
    ) -> None:
        self._tx = tx
        self._store = store
        self._rules = rules
        self._store_id = store_id
        self.news = SourceNews.none()

    def accept(self, element: Any) -> dict[str, Any]:
        """The result for one element of the batch."""
        fault = _fault(element, self._store_id)
        if fault:
            return _rejected(_id_of(element), "invalid_event", fault, permanent=True)
        self._tx.execute("SAVEPOINT one_event")
        try:
            return self._settle(element)
        except EventRefusedError as refused:
            self._tx.execute("ROLLBACK TO one_event")
            return _rejected(element["id"], refused.code, str(refused), permanent=refused.permanent)
        finally:
            self._tx.execute("RELEASE one_event")

    def _settle(self, element: dict[str, Any]) -> dict[str, Any]:
        try:
            number = self._insert(element)
        except sqlite3.IntegrityError:
            self.news.fork(element["source"])
            return _rejected(element["id"], *FORKED, permanent=True)
        if number is None:
            return {"id": element["id"], "status": "duplicate"}
        self._rules.apply(_event(element, self._store_id), self._store)
        self.news.accept(element["source"], number)
        return {"id": element["id"], "status": "accepted"}

    def _insert(self, element: dict[str, Any]) -> int | None:
        """The number of a new event; None when it was here before."""
        source, sequence = element["source"], element.get("sequence")
        cursor = self._tx.execute(
            "INSERT INTO events (store_id, source, id, sequence, body) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (source, id) DO NOTHING",
            (self._store_id, source, element["id"], sequence, orjson.dumps(element)),
        )
        return cursor.lastrowid if cursor.rowcount else None


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
