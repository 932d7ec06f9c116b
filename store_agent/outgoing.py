"""The way out: an event becomes a row of the outbox, in the transaction of what happened."""

from __future__ import annotations

import orjson

from store_agent.domain.events import Event
from store_agent.storage import Connection
from sync import outbox


def emit(tx: Connection, event: Event) -> None:
    """Put `event` into the outbox; it is there if and only if `tx` commits."""
    outbox.put(
        tx,
        outbox.OutboxEvent(
            id=event.id,
            type=event.type,
            subject=event.subject,
            occurred_at=event.occurred_at,
            data=orjson.dumps(event.data, option=orjson.OPT_UTC_Z),
        ),
    )
