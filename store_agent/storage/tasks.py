"""Tasks made or changed in this shop, until the feed has them; and those of the feed."""

from __future__ import annotations

from datetime import datetime

from store_agent.domain.task import Task
from store_agent.storage import codec
from store_agent.storage.connection import Connection, Parameters
from store_agent.storage.times import to_text


def put(tx: Connection, task: Task, event_id: str) -> None:
    """Keep a task as it is now; the feed confirms `event_id`, the last word on it."""
    tx.execute(
        "INSERT OR REPLACE INTO tasks (id, customer_id, changed_at, doc, event_id, confirmed)"
        " VALUES (?, ?, ?, ?, ?, 0)",
        (task.id, task.customer_id, to_text(task.changed_at), codec.dump(task), event_id),
    )


def get(ledger: Connection, task_id: str) -> Task | None:
    """A task that was made or changed here and may not have come back yet."""
    found = _read(ledger, "SELECT doc FROM tasks WHERE id = ?", (task_id,))
    return next(iter(found), None)


def local(ledger: Connection, changed_after: datetime, *customer_ids: str) -> list[Task]:
    """What overlays the feed's tasks, of these customers or (without any) of all.

    What was changed after `changed_after` is in it also when the feed has it.
    """
    marks = ", ".join("?" * len(customer_ids))
    only = f" AND customer_id IN ({marks})" if customer_ids else ""
    sql = f"SELECT doc FROM tasks WHERE (confirmed = 0 OR changed_at > ?){only}"  # noqa: S608  marks
    return _read(ledger, sql, (to_text(changed_after), *customer_ids))


def confirm(tx: Connection, event_id: str) -> None:
    """The feed contains this now; unknown ids are ignored."""
    tx.execute("UPDATE tasks SET confirmed = 1 WHERE event_id = ?", (event_id,))


def tidy(tx: Connection, changed_before: datetime) -> None:
    """Let go of what the feed has and nobody will take back."""
    tx.execute(
        "DELETE FROM tasks WHERE confirmed = 1 AND changed_at <= ?", (to_text(changed_before),)
    )


def open_in(cache: Connection, store: str) -> list[Task]:
    """The feed's open tasks of one store."""
    sql = "SELECT doc FROM tasks WHERE store = ? AND state = 'open'"
    return _read(cache, sql, (store,))


def open_of(cache: Connection, customer_id: str) -> list[Task]:
    """The feed's open tasks for one customer, in any store."""
    sql = "SELECT doc FROM tasks WHERE customer_id = ? AND state = 'open'"
    return _read(cache, sql, (customer_id,))


def get_cached(cache: Connection, task_id: str) -> Task | None:
    """One task of the feed, in any state."""
    return next(iter(_read(cache, "SELECT doc FROM tasks WHERE id = ?", (task_id,))), None)


def _read(connection: Connection, sql: str, parameters: Parameters) -> list[Task]:
    rows = connection.execute(sql, parameters).fetchall()
    return [codec.read(Task, row[0]) for row in rows]
