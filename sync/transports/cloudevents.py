"""Events as CloudEvents 1.0 in JSON: one, or a batch. `data` goes in as stored, without parsing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from sync.outbox import OutboxRow

BATCH_TYPE = "application/cloudevents-batch+json"
EVENT_TYPE = "application/cloudevents+json"


def encode_batch(rows: Sequence[OutboxRow], source: str) -> bytes:
    """A JSON array of events in the order of `rows`."""
    return orjson.dumps([_cloud_event(row, source) for row in rows])


def encode_event(row: OutboxRow, source: str) -> bytes:
    """One event in structured mode."""
    return orjson.dumps(_cloud_event(row, source))


def _cloud_event(row: OutboxRow, source: str) -> dict[str, Any]:
    event: dict[str, Any] = {
        "specversion": "1.0",
        "id": row.id,
        "source": source,
        "type": row.type,
        "time": row.occurred_at,
        "sequence": row.sequence,
        "datacontenttype": "application/json",
        "data": orjson.Fragment(row.data),
    }
    if row.subject is not None:
        event["subject"] = row.subject
    return event
